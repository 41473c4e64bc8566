// What the contract suites of denoisers and autoencoders share.
#pragma once

#include <ATen/ATen.h>
#include <torch/script.h>

#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "histoloom/networks/inference_thread.h"
#include "histoloom/networks/parameters.h"

namespace histoloom {

// Calls work(0) to work(count - 1) at once, each on a thread that may call a network.
inline void call_at_once(int count, const std::function<void(int)>& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i)
    threads.emplace_back([&work, i] {
      const InferenceThread inference;
      work(i);
    });
  for (std::thread& thread : threads) thread.join();
}

// Writes a TorchScript module of these methods.
inline void write_torchscript(const std::filesystem::path& path,
                              const std::vector<std::string>& methods) {
  torch::jit::Module module("Network");
  for (const std::string& method : methods) module.define(method + "\n");
  module.save(path.string());
}

inline bool is_finite_float32(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kFloat && tensor.isfinite().all().item<bool>();
}

inline std::set<std::string> names_of_parameters(const NamedTensors& parameters) {
  std::set<std::string> names;
  for (const auto& [name, parameter] : parameters) names.insert(name);
  return names;
}

}  // namespace histoloom
