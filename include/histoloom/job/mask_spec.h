// What `histoloom mask` works by, with no text left to parse.
#pragma once

#include <filesystem>

#include "histoloom/job/arguments.h"
#include "histoloom/job/label_spec.h"
#include "histoloom/job/machine_spec.h"

namespace histoloom {

struct MaskJobSpec {
  std::filesystem::path model, report;
  LabelSpec labels;
  LabelFiles files;
  MachineSpec machine;
  bool force = false;
};

// Checks everything that needs neither model nor disk. What networks compute in and with is left
// to choose_kernels(). \error UserError names option, value and cure.
MaskJobSpec parse(const LabelArguments& arguments);

}  // namespace histoloom
