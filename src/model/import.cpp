#include "histoloom/model/import.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <torch/torch.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/model/bundle.h"
#include "histoloom/model/safetensors.h"
#include "import_parts.h"

namespace histoloom {

namespace fs = std::filesystem;

ImportedBundle bundle_of(const fs::path& out, const nlohmann::ordered_json& model,
                         std::vector<ImportedWeights> weights) {
  const fs::path directory = out.has_filename() ? out : out.parent_path();  // "bundle/"
  const std::string text = model.dump(2) + "\n";
  static_cast<void>(ModelBundle::parse(text, directory));
  return ImportedBundle(std::make_shared<ImportedBundle::Contents>(
      ImportedBundle::Contents{directory, text, std::move(weights)}));
}

const std::string& ImportedBundle::model_json() const { return contents_->model_json; }

void check_out(const fs::path& out) {
  if (fs::exists(out))
    throw UserError(fmt::format("{}: exists; give another name, or remove it", out.string()));
  const fs::path slim = out.has_filename() ? out : out.parent_path();
  const fs::path parent = slim.has_parent_path() ? slim.parent_path() : fs::path(".");
  if (!fs::is_directory(parent))
    throw UserError(fmt::format("{}: the directory '{}' does not exist; make it first",
                                out.string(), parent.string()));
}

// 1. a directory beside the final name   2. the weights, each written aside, synced and renamed
// 3. model.json likewise                 4. the directory's own rename
void ImportedBundle::write() const {
  const fs::path& out = contents_->out;
  const fs::path aside = out.parent_path() / fmt::format(".{}.partial", out.filename().string());
  std::error_code code;
  fs::remove_all(aside, code);  // what a killed import left
  const auto check = [&] {
    if (!code) return;
    const std::string why = code.message();
    fs::remove_all(aside, code);
    throw UserError(fmt::format("{}: can't be written: {}", out.string(), why));
  };
  fs::create_directory(aside, code);
  check();
  try {
    for (const ImportedWeights& weights : contents_->weights)
      write_safetensors(aside / weights.file, weights.tensors, {});
    replace_file(aside / "model.json", contents_->model_json);
  } catch (const UserError&) {
    fs::remove_all(aside, code);
    throw;
  }
  fs::rename(aside, out, code);
  check();
}

}  // namespace histoloom
