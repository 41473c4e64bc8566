// The options that `generate` and `mask` share.
#pragma once

#include <string>

#include "histoloom/slide/options.h"
#include "subcommands.h"

namespace histoloom {

// Adds what decides a slide's labels, and what they are written to; `size` is the text of --size.
void add_scene_options(CLI::App& app, SceneOptions& options, std::string& size);

}  // namespace histoloom
