// The options that `generate` and `mask` share.
#pragma once

#include "histoloom/job/arguments.h"
#include "subcommands.h"

namespace histoloom {

// Adds what decides a slide's labels, and what they are written to.
void add_label_options(CLI::App& app, LabelArguments& arguments);
// The same without what lays out a slide whose size and outline are given.
void add_mask_options(CLI::App& app, LabelArguments& arguments);

}  // namespace histoloom
