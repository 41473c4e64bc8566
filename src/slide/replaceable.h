// Which of the files that are there a run may replace: a run that goes on with a job may replace
// what the runs before it were to write, and nothing else that lies in its way.
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "histoloom/slide/options.h"

namespace histoloom {

class Replaceable {
 public:
  // Everything, or nothing: as --force has it, hence no explicit conversion.
  Replaceable(bool all) : all_(all) {}
  // The files of these absolute_name()s.
  explicit Replaceable(std::set<std::string> own) : own_(std::move(own)) {}

  bool may_replace(const std::filesystem::path& file) const;

 private:
  bool all_ = false;
  std::set<std::string> own_;
};

// One name for a file, however it is spelled: its directory absolute and without links. A link in
// the last place is not followed, since what replaces it takes the place of the link.
std::string absolute_name(const std::filesystem::path& file);

// The absolute names of all the files that a job writes.
std::set<std::string> outputs_of(const GenerateOptions& options);

}  // namespace histoloom
