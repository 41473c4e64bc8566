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
constexpr std::uint64_t kHeldOutBatches = 8;
constexpr std::uint64_t kHeldOutDraws = std::uint64_t{1} << 40;  // after those of any step
constexpr std::uint64_t kSampleDraws = kHeldOutDraws + kHeldOutBatches;

// The seed of torch's generator for one draw of a job.
std::uint64_t draw_seed(std::uint64_t seed, std::uint64_t draw) {
  return seed * 0x9E3779B97F4A7C15u + draw;
}

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
          torch::optim::AdamWOptions(options.learning_rate).betas({0.9, 0.99}).weight_decay(1e-4)),
      log_(options.checkpoint.string() + ".csv") {
  for (const auto& [name, tensor] : parameters_) averaged_.push_back(tensor.detach().clone());
}

double TrainingLoop::learning_rate(int step) const {
  const double warm = std::min(1.0, (step + 1.0) / kWarmUp);
  const double decay_start = options_.steps * (1 - options_.decay_share);
  if (step < decay_start) return options_.learning_rate * warm;
  const double x = (step - decay_start) / std::max(1.0, options_.steps - decay_start);
  return options_.learning_rate * warm * 0.5 * (1 + std::cos(std::numbers::pi * x));
}

void TrainingLoop::average() {
  // A young average follows quickly, or it would remember the random start.
  const double decay = std::min(options_.ema, (1.0 + step_) / (10.0 + step_));
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < averaged_.size(); ++i)
    averaged_[i].lerp_(parameters_[i].second, 1 - decay);
}

void TrainingLoop::swap_averaged() {
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < averaged_.size(); ++i) {
    const at::Tensor own = parameters_[i].second.clone();
    parameters_[i].second.copy_(averaged_[i]);
    averaged_[i].copy_(own);
  }
}

void TrainingLoop::require_finite(double loss, const char* what) const {
  if (std::isfinite(loss)) return;
  throw UserError(
      fmt::format("training {}: the {} at step {} is not finite; lower "
                  "--learning-rate (now {}) and resume from the last checkpoint",
                  kind_, what, step_, options_.learning_rate));
}

double TrainingLoop::take_step(const Losses& losses) {
  torch::manual_seed(draw_seed(options_.seed, static_cast<std::uint64_t>(step_)));
  for (auto& group : optimizer_.param_groups())
    static_cast<torch::optim::AdamWOptions&>(group.options()).lr(learning_rate(step_));
  optimizer_.zero_grad();
  at::Tensor loss = losses.training();
  loss.backward();
  torch::nn::utils::clip_grad_norm_(tensors_of(parameters_), kMaxGradient);
  optimizer_.step();
  average();
  const double value = loss.item<double>();
  require_finite(value, "loss");
  since_row_.add(value);
  if (step_ >= options_.steps - std::max(1, options_.steps / 10)) tail_.add(value);
  ++step_;
  return value;
}

double TrainingLoop::held_out_loss(const Losses& losses) {
  torch::NoGradGuard no_grad;
  Mean mean;
  swap_averaged();
  for (std::uint64_t batch = 0; batch < kHeldOutBatches; ++batch) {
    torch::manual_seed(draw_seed(options_.seed, kHeldOutDraws + batch));
    mean.add(losses.held_out().item<double>());
  }
  swap_averaged();
  require_finite(mean.get(), "held-out loss");
  return mean.get();
}

void TrainingLoop::draw_picture(const Losses& losses, Progress& progress) {
  torch::NoGradGuard no_grad;
  std::vector<SampleRow> samples;
  if (losses.samples) {
    swap_averaged();
    torch::manual_seed(draw_seed(options_.seed, kSampleDraws));
    samples = losses.samples();
    swap_averaged();
  }
  try {
    write_training_picture(options_.checkpoint.string() + ".png", log_.rows(), samples);
  } catch (const UserError& error) {
    progress.warn(fmt::format("{}; training goes on without the picture", error.what()));
  }
}

double TrainingLoop::seconds() const {
  return seconds_before_ +
         std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
}

LogRow TrainingLoop::next_row(const Losses& losses) {
  LogRow row{step_, since_row_.get(), {}, learning_rate(step_ - 1), 0};
  if (losses.held_out) row.held_out_loss = held_out_loss(losses);
  row.seconds = seconds();
  since_row_ = {};
  return row;
}

TrainingSummary TrainingLoop::run(const Losses& losses, Progress& progress) {
  started_ = std::chrono::steady_clock::now();
  if (options_.resume) load();
  double shown = 0;
  progress.start_stage("training " + kind_, options_.steps, "steps");
  const int last =
      options_.stop_after > 0 ? std::min(options_.stop_after, options_.steps) : options_.steps;
  for (bool first = true; step_ < last && !best_.given_up(options_.patience); first = false) {
    const double value = take_step(losses);
    shown = first ? value : shown + 0.02 * (value - shown);
    progress.update(step_, fmt::format("loss {:.4f}{}", shown, held_out_));
    const bool stop = progress.stop_requested();
    if (step_ % options_.checkpoint_every == 0 || step_ == last) {
      checkpoint(losses, progress);
    } else if (stop) {
      write_checkpoint();
      commit(/*keep=*/options_.patience == 0);
    }
    if (stop)
      throw Interrupted(fmt::format("training stopped at step {}; go on with --resume", step_));
  }
  progress.finish();
  return summary();
}

TrainingSummary TrainingLoop::summary() const {
  const bool whole = step_ >= options_.steps;
  // Stopped before the end, there is no last tenth.
  const double loss = whole || log_.rows().empty() ? tail_.get() : log_.rows().back().loss;
  return {loss, step_, options_.patience > 0 ? static_cast<int>(best_.step) : step_,
          whole                               ? TrainingEnd::last_step
          : best_.given_up(options_.patience) ? TrainingEnd::no_patience
                                              : TrainingEnd::stop_after};
}

// The checkpoint is written first, since it is what a full disk has no room for, and renamed last:
// what a kill leaves half done, the row of the log too, is done again from the checkpoint before.
void TrainingLoop::checkpoint(const Losses& losses, Progress& progress) {
  const LogRow row = next_row(losses);
  if (row.held_out_loss) held_out_ = fmt::format(", held out {:.4f}", *row.held_out_loss);
  bool keep = true;
  if (options_.patience > 0) keep = best_.observe(step_, row.held_out_loss.value());
  write_checkpoint();
  log_.append(row);
  draw_picture(losses, progress);
  commit(keep);
}

void TrainingLoop::commit(bool keep) const {
  // The bundle too, so that samples can be looked at while training goes on.
  if (keep) write_weights();
  std::filesystem::rename(aside(), options_.checkpoint);
}

std::filesystem::path TrainingLoop::aside() const { return options_.checkpoint.string() + ".tmp"; }

void TrainingLoop::write_checkpoint() const {
  torch::serialize::OutputArchive archive, weights, averaged, optimizer;
  archive.write("kind", c10::IValue(kind_));
  archive.write("step", c10::IValue(static_cast<std::int64_t>(step_)));
  archive.write("seconds", c10::IValue(seconds()));
  archive.write("loss_sum", c10::IValue(since_row_.sum));
  archive.write("loss_count", c10::IValue(since_row_.count));
  archive.write("best_step", c10::IValue(best_.step));
  archive.write("best_loss", c10::IValue(best_.loss));
  archive.write("checkpoints_since", c10::IValue(best_.checkpoints_since));
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    // Archives split names at dots.
    weights.write(std::to_string(i), parameters_[i].second);
    averaged.write(std::to_string(i), averaged_[i]);
  }
  optimizer_.save(optimizer);
  archive.write("weights", weights);
  archive.write("averaged", averaged);
  archive.write("optimizer", optimizer);
  try {
    archive.save_to(aside().string());
  } catch (const c10::Error&) {
    throw UserError(fmt::format("{}: the checkpoint can't be written; is the disk full?",
                                options_.checkpoint.string()));
  }
}

void TrainingLoop::write_weights() const {
  NamedTensors half;
  for (std::size_t i = 0; i < averaged_.size(); ++i)
    half.emplace_back(parameters_[i].first, averaged_[i].to(at::kHalf));
  write_safetensors(weights_, half, {{"format", "pt"}});
}

void TrainingLoop::load() {
  const std::string path = options_.checkpoint.string();
  if (!std::filesystem::exists(options_.checkpoint))
    throw UserError(fmt::format("{}: no checkpoint to resume from; start without --resume", path));
  const std::string not_ours =
      fmt::format("{}: is not a checkpoint of this network, or is damaged", path);
  try {
    read_checkpoint(not_ours);
  } catch (const c10::Error&) {
    throw UserError(not_ours);
  }
  log_.resume(step_);
}

void TrainingLoop::read_checkpoint(const std::string& not_ours) {
  const std::string path = options_.checkpoint.string();
  torch::NoGradGuard no_grad;
  torch::serialize::InputArchive archive, weights, averaged, optimizer;
  archive.load_from(path);
  c10::IValue kind, step, value;
  archive.read("kind", kind);
  archive.read("step", step);
  if (kind.toStringRef() != kind_)
    throw UserError(
        fmt::format("{}: is a checkpoint of '{}', not of '{}'", path, kind.toStringRef(), kind_));
  // Missing in checkpoints from before there was a log.
  if (archive.try_read("seconds", value)) seconds_before_ = value.toDouble();
  if (archive.try_read("loss_sum", value)) since_row_.sum = value.toDouble();
  if (archive.try_read("loss_count", value)) since_row_.count = value.toInt();
  if (options_.patience > 0 && archive.try_read("best_step", value)) {
    best_.step = value.toInt();
    archive.read("best_loss", value);
    best_.loss = value.toDouble();
    archive.read("checkpoints_since", value);
    best_.checkpoints_since = value.toInt();
  }
  archive.read("weights", weights);
  archive.read("averaged", averaged);
  archive.read("optimizer", optimizer);
  if (weights.keys().size() != parameters_.size()) throw UserError(not_ours);
  const auto read = [&](torch::serialize::InputArchive& from, std::size_t i, at::Tensor to) {
    at::Tensor tensor;
    from.read(std::to_string(i), tensor);
    if (tensor.sizes() != to.sizes()) throw UserError(not_ours);
    to.copy_(tensor);
  };
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    read(weights, i, parameters_[i].second);
    read(averaged, i, averaged_[i]);
  }
  optimizer_.load(optimizer);
  step_ = static_cast<int>(step.toInt());
}

void TrainingLoop::use_kept() {
  if (options_.patience > 0) return load_parameters(parameters_, weights_);
  torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < averaged_.size(); ++i) parameters_[i].second.copy_(averaged_[i]);
}

}  // namespace histoloom
