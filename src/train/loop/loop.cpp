#include "loop.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/nn/utils/clip_grad.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "histoloom/core/ascii.h"
#include "histoloom/core/cpu_count.h"
#include "histoloom/core/disk_full.h"
#include "histoloom/core/error.h"
#include "histoloom/core/sha256.h"
#include "histoloom/core/writable.h"
#include "histoloom/weights/safetensors.h"

namespace histoloom {

namespace {

constexpr int kWarmUp = 200;
constexpr double kMaxGradient = 1.0;
constexpr std::uint64_t kHeldOutBatches = 8;
// After those of any step, and within the 32 bits of a seed that torch's generator keeps.
constexpr std::uint64_t kHeldOutDraws = std::uint64_t{1} << 31;
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

std::string sum_of_weights(const std::string& bytes) {
  return Sha256().add(bytes.data(), bytes.size()).hex();
}

std::vector<TrainingSetting> all_settings(const LoopTask& task, const TrainOptions& options) {
  std::vector<TrainingSetting> out = settings_of(options);
  out.push_back({"--batch", fmt::format("{}", task.batch)});
  out.push_back({"--optimizer", task.optimizer == OptimizerKind::muon ? "muon" : "adamw"});
  out.insert(out.end(), task.settings.begin(), task.settings.end());
  return out;
}

}  // namespace

void use_threads(int threads) { at::set_num_threads(threads_for(threads)); }

TrainingLoop::TrainingLoop(LoopTask task, const TrainOptions& options)
    : kind_(std::move(task.kind)),
      weights_(std::move(task.weights)),
      stated_(std::move(task.stated)),
      options_(options),
      trained_{task.parameters, {}, Optimizer(task.parameters, task.optimizer, options.dtype)},
      checkpoint_(options.checkpoint, kind_, all_settings(task, options)),
      log_(options.checkpoint.string() + ".csv") {
  for (const auto& [name, tensor] : trained_.parameters)
    trained_.averaged.push_back(tensor.detach().clone());
  claim_files();
  if (options.resume) {
    state_ = checkpoint_.read(trained_);
    // The last tenth of other steps says nothing of these.
    if (state_.steps != options_.steps) state_.tail = {};
    seconds_before_ = state_.seconds;
    log_.resume(state_.step);
  }
  state_.steps = options_.steps;
  require_own_weights();
}

void TrainingLoop::claim_files() {
  const std::string ending = ending_of(options_.checkpoint);
  if (ending == ".safetensors" || ending == ".lock" ||
      meant_by(options_.checkpoint) == meant_by(weights_))
    throw UserError(fmt::format(
        "--checkpoint {}: is a name for weights or locks, whose place it would take; give another",
        options_.checkpoint.string()));
  checkpoint_.claim(options_.resume, options_.force);
  if (std::filesystem::is_directory(weights_))
    throw UserError(
        fmt::format("{}: is a directory where the weights go; move it away", weights_.string()));
  require_writable(weights_, "--model");
  weights_lock_.emplace(weights_, "--model");
}

// A training that has no step left to take replaces nothing.
void TrainingLoop::require_own_weights() {
  if (!file_exists(weights_)) return;
  bundle_sum_ = weights_sha256(weights_);
  if (options_.force || made(bundle_sum_)) return;
  foreign_ = is_done();
  if (!foreign_)
    throw UserError(
        fmt::format("{}: holds weights that this training did not make; train a copy of the "
                    "bundle, or replace them with --force",
                    weights_.string()));
}

// Whether the weights of this sum are those of the checkpoint that was resumed, or those in whose
// place it was to put its own. Checkpoints of older versions know no sums.
bool TrainingLoop::made(const std::string& sum) const {
  if (!options_.resume) return false;
  const BundledSums& known = state_.bundled;
  return known.now.empty() || sum == known.now || sum == known.before ||
         sum == sum_of_weights(averaged_weights());
}

int TrainingLoop::last_step() const {
  return options_.stop_after > 0 ? std::min(options_.stop_after, options_.steps) : options_.steps;
}

bool TrainingLoop::is_done() const {
  return state_.step >= last_step() || state_.best.given_up(options_.patience);
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
  const double decay = std::min(options_.ema, (1.0 + state_.step) / (10.0 + state_.step));
  at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < trained_.averaged.size(); ++i)
    trained_.averaged[i].lerp_(trained_.parameters[i].second, 1 - decay);
}

void TrainingLoop::swap_averaged() {
  at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < trained_.averaged.size(); ++i) {
    const at::Tensor own = trained_.parameters[i].second.clone();
    trained_.parameters[i].second.copy_(trained_.averaged[i]);
    trained_.averaged[i].copy_(own);
  }
}

void TrainingLoop::require_finite(double loss, const char* what) const {
  if (std::isfinite(loss)) return;
  throw UserError(
      fmt::format("training {}: the {} at step {} is not finite; lower "
                  "--learning-rate (now {}) and resume from the last checkpoint",
                  kind_, what, state_.step, options_.learning_rate));
}

double TrainingLoop::take_step(const Losses& losses) {
  at::manual_seed(draw_seed(options_.seed, static_cast<std::uint64_t>(state_.step)));
  Optimizer& optimizer = trained_.optimizer;
  optimizer.set_learning_rate(learning_rate(state_.step));
  optimizer.zero_grad();
  at::Tensor loss = losses.training();
  const double value = loss.item<double>();
  require_finite(value, "loss");
  loss.backward();
  // Before the step: what isn't finite would reach every weight, and the next checkpoint.
  require_finite(torch::nn::utils::clip_grad_norm_(tensors_of(trained_.parameters), kMaxGradient),
                 "gradient");
  optimizer.step();
  average();
  state_.since_row.add(value);
  if (state_.step >= options_.steps - std::max(1, options_.steps / 10)) state_.tail.add(value);
  ++state_.step;
  return value;
}

double TrainingLoop::held_out_loss(const Losses& losses) {
  at::NoGradGuard no_grad;
  RunningMean mean;
  swap_averaged();
  for (std::uint64_t batch = 0; batch < kHeldOutBatches; ++batch) {
    at::manual_seed(draw_seed(options_.seed, kHeldOutDraws + batch));
    mean.add(losses.held_out().item<double>());
  }
  swap_averaged();
  require_finite(mean.get(), "held-out loss");
  return mean.get();
}

void TrainingLoop::draw_picture(const Losses& losses, Progress& progress) {
  at::NoGradGuard no_grad;
  std::vector<SampleRow> samples;
  if (losses.samples) {
    swap_averaged();
    at::manual_seed(draw_seed(options_.seed, kSampleDraws));
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
  LogRow row{state_.step, state_.since_row.get(), {}, learning_rate(state_.step - 1), 0};
  if (losses.held_out) row.held_out_loss = held_out_loss(losses);
  row.seconds = seconds();
  state_.since_row = {};
  return row;
}

TrainingSummary TrainingLoop::run(const Losses& losses, Progress& progress) {
  started_ = std::chrono::steady_clock::now();
  progress.start_stage("training " + kind_, options_.steps, "steps");
  try {
    if (options_.resume && bundle_lags()) {
      write_weights_aside();
      put_into_bundle(losses);
    }
    take_steps(losses, progress);
  } catch (const DiskFull& error) {
    throw UserError(
        fmt::format("{}; make room and {}", error.what(),
                    file_exists(checkpoint_.path()) ? "go on with --resume" : "start again"));
  }
  progress.finish();
  return summary();
}

void TrainingLoop::take_steps(const Losses& losses, Progress& progress) {
  double shown = 0;
  bool first = true;
  while (!is_done()) {
    const double value = take_step(losses);
    shown = first ? value : shown + 0.02 * (value - shown);
    first = false;
    progress.update(state_.step, fmt::format("loss {:.4f}{}", shown, held_out_));
    const bool stop = progress.stop_requested();
    if (state_.step % options_.checkpoint_every == 0 || state_.step == options_.steps)
      checkpoint(losses, progress);
    else if (stop || state_.step == last_step())
      checkpoint_between_rows(losses);
    if (stop)
      throw Interrupted(
          fmt::format("training stopped at step {}; go on with --resume", state_.step));
  }
}

// Of the last tenth of the steps; where there is none, since the last row of the log, or of that.
double TrainingLoop::last_loss() const {
  if (state_.step >= options_.steps && state_.tail.count > 0) return state_.tail.get();
  if (state_.since_row.count > 0 || log_.rows().empty()) return state_.since_row.get();
  return log_.rows().back().loss;
}

TrainingSummary TrainingLoop::summary() const {
  const int best = options_.patience > 0 ? static_cast<int>(state_.best.step) : state_.step;
  const TrainingEnd end = state_.step >= options_.steps             ? TrainingEnd::last_step
                          : state_.best.given_up(options_.patience) ? TrainingEnd::no_patience
                                                                    : TrainingEnd::stop_after;
  return {last_loss(), state_.step, best, end};
}

// 1. weights and checkpoint aside, where a full disk shows   2. the row of the log, the picture
// 3. the checkpoint's name                                    4. the bundle's weights
//
// A kill before 3 leaves the checkpoint before, from which the rest is done again. A kill after it
// leaves weights that the checkpoint knows by their sum: a resume puts its own in their place. They
// are never of a later step than the checkpoint.
void TrainingLoop::checkpoint(const Losses& losses, Progress& progress) {
  const LogRow row = next_row(losses);
  if (row.held_out_loss) held_out_ = fmt::format(", held out {:.4f}", *row.held_out_loss);
  bool keep = true;
  if (options_.patience > 0) keep = state_.best.observe(state_.step, row.held_out_loss.value());
  state_.seconds = row.seconds;
  write_aside(keep);
  log_.append(row);
  draw_picture(losses, progress);
  commit(losses);
}

// Nothing is measured, so that the log stays that of an unbroken training.
void TrainingLoop::checkpoint_between_rows(const Losses& losses) {
  state_.seconds = seconds();
  // Until a checkpoint was measured, the last weights are the best.
  write_aside(/*keep=*/options_.patience == 0 || state_.best.step == 0);
  commit(losses);
}

std::string TrainingLoop::averaged_weights() const {
  std::vector<std::pair<std::string, TensorBytes>> half;
  for (std::size_t i = 0; i < trained_.averaged.size(); ++i) {
    const at::Tensor weight = trained_.averaged[i].to(at::kHalf).contiguous();
    if (!at::isfinite(weight).all().item<bool>())
      throw UserError(fmt::format(
          "training {}: the averaged weights at step {} are not finite in float16; the bundle "
          "keeps what it has",
          kind_, state_.step));
    half.emplace_back(trained_.parameters[i].first, bytes_of(weight));
  }
  return safetensors_bytes(half, {{"format", "pt"}});
}

void TrainingLoop::write_weights_aside() {
  const std::string bytes = averaged_weights();
  new_sum_ = sum_of_weights(bytes);
  new_weights_.reset();
  new_weights_ = std::make_unique<FileReplacement>(weights_);
  new_weights_->write(bytes);
}

void TrainingLoop::write_aside(bool keep) {
  if (keep) write_weights_aside();
  state_.bundled = {bundle_sum_, keep ? new_sum_ : bundle_sum_};
  checkpoint_.write(state_, trained_);
}

void TrainingLoop::commit(const Losses& losses) {
  checkpoint_.commit();
  if (new_weights_) put_into_bundle(losses);
}

// With every checkpoint, so that samples can be looked at while training goes on.
void TrainingLoop::put_into_bundle(const Losses& losses) {
  if (stated_) stated_->withdraw();
  std::exchange(new_weights_, nullptr)->commit();
  bundle_sum_ = new_sum_;
  if (losses.bundled) {
    at::NoGradGuard no_grad;
    swap_averaged();
    losses.bundled();
    swap_averaged();
  }
  if (stated_) stated_->state(bundle_sum_, state_.bundled.before);
}

// Whether the bundle lacks what the checkpoint that was resumed was to put there: a kill came
// between them, or the weights of others are to be replaced.
bool TrainingLoop::bundle_lags() const {
  const BundledSums& known = state_.bundled;
  if (bundle_sum_.empty()) return true;
  if (known.now.empty()) return false;
  if (bundle_sum_ != known.now) return options_.force || bundle_sum_ == known.before;
  // Weights of an earlier checkpoint, the best, were stated before this one was written.
  return stated_ && stated_->stated() != bundle_sum_ &&
         bundle_sum_ == sum_of_weights(averaged_weights());
}

void TrainingLoop::use_bundled() {
  if (options_.patience > 0 && state_.best.step > 0 && owns_bundle())
    return load_parameters(trained_.parameters, weights_);
  at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < trained_.averaged.size(); ++i)
    trained_.parameters[i].second.copy_(trained_.averaged[i]);
}

}  // namespace histoloom
