#include "loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <thread>

#include "histoloom/core/error.h"
#include "histoloom/model/safetensors.h"

namespace histoloom {

namespace {

constexpr int kWarmUp = 200;
constexpr double kMaxGradient = 1.0;

std::vector<at::Tensor> tensors_of(const NamedTensors& named) {
  std::vector<at::Tensor> out;
  for (const auto& [name, tensor] : named) out.push_back(tensor);
  return out;
}

}  // namespace

void use_threads(int threads) {
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  at::set_num_threads(threads > 0 ? threads : static_cast<int>(cores));
}

TrainingLoop::TrainingLoop(std::string kind, NamedTensors parameters, const TrainOptions& options,
                           std::filesystem::path weights)
    : kind_(std::move(kind)),
      weights_(std::move(weights)),
      parameters_(std::move(parameters)),
      options_(options),
      optimizer_(
          tensors_of(parameters_),
          torch::optim::AdamWOptions(options.learning_rate).betas({0.9, 0.99}).weight_decay(1e-4)) {
  for (const auto& [name, tensor] : parameters_) averaged_.push_back(tensor.detach().clone());
}

double TrainingLoop::learning_rate(int step) const {
  const double warm = std::min(1.0, (step + 1.0) / kWarmUp);
  const double decay_start = options_.steps * (1 - options_.decay_share);
  if (step < decay_start) return options_.learning_rate * warm;
  const double x = (step - decay_start) / std::max(1.0, options_.steps - decay_start);
  return options_.learning_rate * warm * 0.5 * (1 + std::cos(std::numbers::pi * x));
}

void TrainingLoop::average(int step) {
  // A young average follows quickly, or it would remember the random start.
  const double decay = std::min(options_.ema, (1.0 + step) / (10.0 + step));
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < averaged_.size(); ++i)
    averaged_[i].lerp_(parameters_[i].second, 1 - decay);
}

double TrainingLoop::run(const std::function<at::Tensor(int step)>& loss_of, Progress& progress) {
  const int start = options_.resume ? load() : 0;
  double tail = 0, shown = 0;
  int tail_count = 0;
  progress.start_stage("training " + kind_, options_.steps, "steps");
  for (int step = start; step < options_.steps; ++step) {
    torch::manual_seed(options_.seed * 0x9E3779B97F4A7C15u + static_cast<std::uint64_t>(step));
    for (auto& group : optimizer_.param_groups())
      static_cast<torch::optim::AdamWOptions&>(group.options()).lr(learning_rate(step));
    optimizer_.zero_grad();
    at::Tensor loss = loss_of(step);
    loss.backward();
    torch::nn::utils::clip_grad_norm_(tensors_of(parameters_), kMaxGradient);
    optimizer_.step();
    average(step);

    const double value = loss.item<double>();
    if (!std::isfinite(value))
      throw UserError(
          fmt::format("training {}: the loss at step {} is not finite; lower "
                      "--learning-rate (now {}) and resume from the last checkpoint",
                      kind_, step, options_.learning_rate));
    shown = step == start ? value : shown + 0.02 * (value - shown);
    if (step >= options_.steps - std::max(1, options_.steps / 10)) {
      tail += value;
      ++tail_count;
    }
    progress.update(step + 1, fmt::format("loss {:.4f}", shown));
    const bool stop = progress.stop_requested();
    if (stop || (step + 1) % options_.checkpoint_every == 0 || step + 1 == options_.steps)
      save(step + 1);
    if (stop)
      throw Interrupted(fmt::format("training stopped at step {}; go on with --resume", step + 1));
  }
  progress.finish();
  return tail_count > 0 ? tail / tail_count : 0;
}

void TrainingLoop::save(int step) const {
  torch::serialize::OutputArchive archive, weights, averaged, optimizer;
  archive.write("kind", c10::IValue(kind_));
  archive.write("step", c10::IValue(static_cast<std::int64_t>(step)));
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    // Archives split names at dots.
    weights.write(std::to_string(i), parameters_[i].second);
    averaged.write(std::to_string(i), averaged_[i]);
  }
  optimizer_.save(optimizer);
  archive.write("weights", weights);
  archive.write("averaged", averaged);
  archive.write("optimizer", optimizer);
  const std::filesystem::path aside = options_.checkpoint.string() + ".tmp";
  try {
    archive.save_to(aside.string());
  } catch (const c10::Error&) {
    throw UserError(fmt::format("{}: the checkpoint can't be written; is the disk full?",
                                options_.checkpoint.string()));
  }
  std::filesystem::rename(aside, options_.checkpoint);

  // The bundle too, so that samples can be looked at while training goes on.
  NamedTensors half;
  for (std::size_t i = 0; i < averaged_.size(); ++i)
    half.emplace_back(parameters_[i].first, averaged_[i].to(at::kHalf));
  write_safetensors(weights_, half, {{"format", "pt"}});
}

int TrainingLoop::load() {
  const std::string path = options_.checkpoint.string();
  if (!std::filesystem::exists(options_.checkpoint))
    throw UserError(fmt::format("{}: no checkpoint to resume from; start without --resume", path));
  const std::string not_ours =
      fmt::format("{}: is not a checkpoint of this network, or is damaged", path);
  torch::NoGradGuard no_grad;
  try {
    torch::serialize::InputArchive archive, weights, averaged, optimizer;
    archive.load_from(path);
    c10::IValue kind, step;
    archive.read("kind", kind);
    archive.read("step", step);
    if (kind.toStringRef() != kind_)
      throw UserError(
          fmt::format("{}: is a checkpoint of '{}', not of '{}'", path, kind.toStringRef(), kind_));
    archive.read("weights", weights);
    archive.read("averaged", averaged);
    archive.read("optimizer", optimizer);
    if (weights.keys().size() != parameters_.size()) throw UserError(not_ours);
    const auto read = [&](torch::serialize::InputArchive& from, std::size_t i, at::Tensor to) {
      at::Tensor value;
      from.read(std::to_string(i), value);
      if (value.sizes() != to.sizes()) throw UserError(not_ours);
      to.copy_(value);
    };
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      read(weights, i, parameters_[i].second);
      read(averaged, i, averaged_[i]);
    }
    optimizer_.load(optimizer);
    return static_cast<int>(step.toInt());
  } catch (const c10::Error&) {
    throw UserError(not_ours);
  }
}

void TrainingLoop::use_averaged() {
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < averaged_.size(); ++i) parameters_[i].second.copy_(averaged_[i]);
}

}  // namespace histoloom
