#include "model_json.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/core/file_lock.h"
#include "histoloom/weights/strict_json.h"

namespace histoloom {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace {

// More than any configuration needs.
constexpr int kModelJsonDepth = 32;

// A lock on the bundle's directory, which leaves no file behind. It is held for milliseconds.
class BundleLock {
 public:
  explicit BundleLock(const fs::path& directory)
      : descriptor_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (descriptor_ < 0)
      throw UserError(
          fmt::format("{}: can't be opened: {}", directory.string(), errno_text(errno)));
    constexpr int kTries = 3000;
    for (int tries = 0; !try_lock(descriptor_); ++tries) {
      if (tries == kTries) {
        ::close(descriptor_);
        throw UserError(
            fmt::format("{}: another process has held it for 30 seconds; end that process",
                        directory.string()));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  ~BundleLock() { ::close(descriptor_); }
  BundleLock(const BundleLock&) = delete;
  BundleLock& operator=(const BundleLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace

std::string read_model_json(const fs::path& directory) {
  const fs::path file = directory / "model.json";
  std::error_code code;
  if (!fs::exists(file, code))
    throw UserError(
        fmt::format("model '{}' has no model.json; give --model a directory that holds one",
                    directory.string()));
  return read_file(file);
}

ordered_json parse_model_json(const std::string& text, const fs::path& directory) {
  const std::string file = (directory / "model.json").string();
  const auto refuse = [&file](const std::string& what) {
    throw UserError(fmt::format("{}: {}", file, what));
  };
  try {
    return ordered_json::parse(text,
                               strict_keys<ordered_json>(kModelJsonDepth, "an object", refuse));
  } catch (const ordered_json::exception&) {
    throw UserError(fmt::format("{}: not valid JSON", file));
  }
}

void edit_model_json(const fs::path& directory, const std::function<void(ordered_json&)>& edit) {
  const BundleLock lock(directory);
  const ordered_json before = parse_model_json(read_model_json(directory), directory);
  ordered_json after = before;
  edit(after);
  if (after != before) replace_file(directory / "model.json", after.dump(2) + "\n");
}

ordered_json& stage_entry(ordered_json& root, const std::string& stage) {
  if (stage.empty()) return root;
  for (ordered_json& entry : root.at("stages"))
    if (entry.at("name") == stage) return entry;
  throw InternalError(fmt::format("model.json has no stage '{}'", stage));
}

ordered_json& network_entry(ordered_json& root, const std::string& key) {
  constexpr std::string_view kStages = "stages.";
  const std::size_t last = key.rfind('.');
  if (last == std::string::npos) return root.at(key);
  const std::string stage = key.substr(kStages.size(), last - kStages.size());
  return stage_entry(root, stage).at(key.substr(last + 1));
}

}  // namespace histoloom
