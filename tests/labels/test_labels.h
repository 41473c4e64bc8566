// The label set that the tests of labels use, and files that are gone when the test ends.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

#include "histoloom/core/error.h"
#include "histoloom/labels/label_set.h"

namespace histoloom {

inline constexpr const char* kTissueJson = R"({"labels": [
  {"id": 0, "name": "unknown", "color": [0, 0, 0]},
  {"id": 1, "name": "carcinoma", "color": [200, 0, 0]},
  {"id": 2, "name": "necrosis", "color": [90, 60, 30]},
  {"id": 3, "name": "stroma", "color": [240, 170, 200]},
  {"id": 4, "name": "other", "color": [120, 90, 200]},
  {"id": 5, "name": "glass", "color": [245, 245, 245]}], "unknown": 0, "glass": 5})";

inline LabelSet tissue_labels() { return LabelSet::parse(kTissueJson, "model.json"); }

// What a UserError says; empty where none is thrown.
template <class Work>
std::string message_of(Work&& work) {
  try {
    work();
  } catch (const UserError& error) {
    return error.what();
  }
  return {};
}

class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string name =
        (std::filesystem::temp_directory_path() / "histoloom_labels_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~ScratchDirectory() { std::filesystem::remove_all(path_); }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace histoloom
