#include "histoloom/bundle/import.h"

#include <ATen/ATen.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "histoloom/bundle/bundle.h"
#include "histoloom/bundle/weights_sum.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/core/file_lock.h"
#include "histoloom/core/sync.h"
#include "histoloom/vocabulary/json_text.h"
#include "histoloom/weights/safetensors.h"
#include "import_parts.h"

namespace histoloom {

namespace fs = std::filesystem;

ImportedBundle bundle_of(const fs::path& out, const nlohmann::ordered_json& model,
                         const Denoiser& denoiser, std::vector<ImportedWeights> weights) {
  const std::string text = json_text(model, 2) + "\n";
  check_denoiser(ModelBundle::parse(text, out), denoiser);
  return ImportedBundle(std::make_shared<ImportedBundle::Contents>(
      ImportedBundle::Contents{out, text, std::move(weights)}));
}

const std::string& ImportedBundle::model_json() const { return contents_->model_json; }

ImportOptions checked(ImportOptions options) {
  if (!options.out.has_filename()) options.out = options.out.parent_path();  // "bundle/"
  const fs::path& out = options.out;
  if (!out.has_filename() || out == "." || out == "..")
    throw UserError(fmt::format("-o must name a directory to be made, got '{}'", out.string()));
  if (file_exists(out))
    throw UserError(fmt::format("{}: exists; give another name, or remove it", out.string()));
  const fs::path parent = out.has_parent_path() ? out.parent_path() : fs::path(".");
  if (!fs::is_directory(parent))
    throw UserError(fmt::format("{}: the directory '{}' does not exist; make it first",
                                out.string(), parent.string()));
  if (::access(parent.c_str(), W_OK) != 0)
    throw UserError(fmt::format("{}: the directory '{}' can't be written to: {}", out.string(),
                                parent.string(), errno_text(errno)));
  return options;
}

namespace {

// The directory in which a bundle grows: held by one import at a time, gone unless it is kept.
class GrowingDirectory {
 public:
  explicit GrowingDirectory(const fs::path& out)
      : out_(out), path_(out.parent_path() / fmt::format(".{}.partial", out.filename().string())) {
    std::error_code code;
    fs::create_directory(path_, code);
    descriptor_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor_ < 0) fail(errno);
    if (!try_lock(descriptor_)) {
      ::close(descriptor_);
      throw UserError(fmt::format("{}: another import is writing it", out_.string()));
    }
    for (const auto& entry : fs::directory_iterator(path_))  // what a killed import left
      fs::remove_all(entry.path(), code);
  }
  ~GrowingDirectory() {
    std::error_code code;
    if (!committed_) fs::remove_all(path_, code);
    ::close(descriptor_);
  }
  GrowingDirectory(const GrowingDirectory&) = delete;
  GrowingDirectory& operator=(const GrowingDirectory&) = delete;

  const fs::path& path() const { return path_; }
  void keep() {
    if (::rename(path_.c_str(), out_.c_str()) != 0) fail(errno);
    committed_ = true;
    sync_parent_directory(out_);
  }

 private:
  [[noreturn]] void fail(int code) const {
    throw UserError(fmt::format("{}: can't be written: {}", out_.string(), errno_text(code)));
  }

  fs::path out_, path_;
  int descriptor_ = -1;
  bool committed_ = false;
};

}  // namespace

// 1. a directory beside the final name   2. the weights, each written aside, synced and renamed
// 3. model.json with their sums, as them  4. the directory's own rename
void ImportedBundle::write(Progress& progress) const {
  GrowingDirectory directory(contents_->out);
  std::int64_t done = 0;
  auto model = nlohmann::ordered_json::parse(contents_->model_json);
  progress.start_stage("writing weights", std::ssize(contents_->weights), "files");
  with_context(contents_->out.string(), [&] {
    for (const ImportedWeights& weights : contents_->weights) {
      const fs::path file = directory.path() / weights.file;
      write_safetensors(file, weights.tensors, {});
      for (const char* key : {"autoencoder", "denoiser", "mask_denoiser"})
        if (model.contains(key) && model[key]["weights"] == weights.file)
          model[key]["sha256"] = weights_sha256(file);
      if (progress.stop_requested()) throw Interrupted("stopped while importing");
      progress.update(++done);
    }
    replace_file(directory.path() / "model.json", json_text(model, 2) + "\n");
  });
  directory.keep();
  progress.finish();
}

}  // namespace histoloom
