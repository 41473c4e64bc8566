// Modules under published names. A published name has several parts ("to_out.0.weight"), but a
// torch module's name must not contain a dot: empty modules stand between.
#pragma once

#include <torch/nn/module.h>

#include <string>
#include <vector>

namespace histoloom {

// Registers `child` under the dotted `path` below `parent`, with empty modules on the way where
// there are none yet. Returns `child`.
template <class Child>
Child add_module(torch::nn::Module& parent, const std::string& path, Child child) {
  torch::nn::Module* at = &parent;
  std::size_t begin = 0;
  for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', begin)) {
    const std::string part = path.substr(begin, dot - begin);
    const auto children = at->named_children();
    const auto* found = children.find(part);
    at = found != nullptr ? found->get()
                          : at->register_module(part, std::make_shared<torch::nn::Module>()).get();
    begin = dot + 1;
  }
  return at->register_module(path.substr(begin), child);
}

}  // namespace histoloom
