// Which of the files that are there a run may replace. A run that goes on with a job may replace
// what the runs before it were to write, and nothing else in its way.
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "histoloom/core/error.h"

namespace histoloom {

class Replaceable {
 public:
  // Allows everything or nothing, which --force decides; hence no explicit conversion.
  Replaceable(bool all) : all_(all) {}
  // Allows the files of these absolute_name()s.
  explicit Replaceable(std::set<std::string> own) : own_(std::move(own)) {}

  bool may_replace(const std::filesystem::path& file) const;

 private:
  bool all_ = false;
  std::set<std::string> own_;
};

// One name for a file, however it is spelled: its directory absolute and without links. A link in
// the last place is not followed, since what replaces it takes the place of the link.
std::string absolute_name(const std::filesystem::path& file);

// Throws if the file is there and may not be replaced. \error UserError.
void require_new(const std::filesystem::path& path, const Replaceable& replace, const char* option);

// An output's name was free before the work and no longer is. run_resumable() turns it into an error
// that says how to go on.
class OutputAppeared : public UserError {
 public:
  using UserError::UserError;
};
// Throws like require_new(), when the file is about to be written. \error OutputAppeared.
void require_still_new(const std::filesystem::path& path, const Replaceable& replace,
                       const char* option);

}  // namespace histoloom
