// The options that `generate` and `refine` share.
#pragma once

#include "network_commands.h"

namespace histoloom {

// Adds what decides the sampler, how the job runs, and the slide's form.
void add_painting_options(CLI::App& app, GenerateCommand& command);

}  // namespace histoloom
