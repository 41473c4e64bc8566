#include "training_checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>

#include "histoloom/core/error.h"
#include "histoloom/core/sha256.h"
#include "histoloom/core/writable.h"
#include "histoloom/vocabulary/json_text.h"

namespace histoloom {

namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

// The last line of the file: the SHA-256 of all before it. Torch's parser would follow damage to
// wherever it leads, and checks no sums.
constexpr std::string_view kTrailer = "\nhistoloom training checkpoint, SHA-256 ";
constexpr std::size_t kTrailerSize = kTrailer.size() + 64 + 1;

std::string trailer_of(Sha256& sum) { return fmt::format("{}{}\n", kTrailer, sum.hex()); }

// What a training may replace when it is told to start anew: no picture, no weights, no slide. A
// pipe is not read: it may never end.
bool looks_like_checkpoint(const fs::path& file) {
  if (!fs::is_regular_file(file) || fs::file_size(file) < kTrailerSize) return false;
  std::ifstream in(file, std::ios::binary);
  std::string trailer(kTrailer.size(), '\0');
  in.seekg(-static_cast<std::streamoff>(kTrailerSize), std::ios::end);
  in.read(trailer.data(), static_cast<std::streamsize>(trailer.size()));
  return in && trailer == kTrailer;
}
bool looks_like_log(const fs::path& file) {
  return fs::is_regular_file(file) && read_file(file).starts_with("step,loss,");
}
// What a training leaves that ends while it writes its first checkpoint.
bool has_one_row(const fs::path& log) {
  const std::string text = read_file(log);
  return std::count(text.begin(), text.end(), '\n') <= 2;
}

void write_state(torch::serialize::OutputArchive& archive, const TrainingState& state) {
  archive.write("step", c10::IValue(static_cast<std::int64_t>(state.step)));
  archive.write("seconds", c10::IValue(state.seconds));
  archive.write("loss_sum", c10::IValue(state.since_row.sum));
  archive.write("loss_count", c10::IValue(state.since_row.count));
  archive.write("steps", c10::IValue(state.steps));
  archive.write("tail_sum", c10::IValue(state.tail.sum));
  archive.write("tail_count", c10::IValue(state.tail.count));
  archive.write("best_step", c10::IValue(state.best.step));
  archive.write("best_loss", c10::IValue(state.best.loss));
  archive.write("checkpoints_since", c10::IValue(state.best.checkpoints_since));
  archive.write("bundled_before", c10::IValue(state.bundled.before));
  archive.write("bundled_now", c10::IValue(state.bundled.now));
}

// Values that older checkpoints lack stay what they are.
TrainingState read_state(torch::serialize::InputArchive& archive) {
  c10::IValue value;
  const auto number = [&](const char* name, double& to) {
    if (archive.try_read(name, value)) to = value.toDouble();
  };
  const auto count = [&](const char* name, std::int64_t& to) {
    if (archive.try_read(name, value)) to = value.toInt();
  };
  const auto text = [&](const char* name, std::string& to) {
    if (archive.try_read(name, value)) to = value.toStringRef();
  };
  TrainingState state;
  archive.read("step", value);
  state.step = static_cast<int>(value.toInt());
  number("seconds", state.seconds);
  number("loss_sum", state.since_row.sum);
  count("loss_count", state.since_row.count);
  count("steps", state.steps);
  number("tail_sum", state.tail.sum);
  count("tail_count", state.tail.count);
  count("best_step", state.best.step);
  number("best_loss", state.best.loss);
  count("checkpoints_since", state.best.checkpoints_since);
  text("bundled_before", state.bundled.before);
  text("bundled_now", state.bundled.now);
  return state;
}

}  // namespace

std::string describe(Sha256& sum) { return fmt::format("(SHA-256 {})", sum.hex().substr(0, 12)); }

std::string describe(const std::vector<TrainingImage>& images) {
  Sha256 sum;
  for (const TrainingImage& image : images)
    sum.add_part(image.name)
        .add_part(fmt::format("{} {} {}", image.size.width, image.size.height, image.labelled))
        .add_part(image.pixels.data(), image.pixels.size())
        .add_part(image.labels.data(), image.labels.size());
  return fmt::format("{} {}", images.size(), describe(sum));
}

std::vector<TrainingSetting> settings_of(const TrainOptions& o) {
  return {{"--seed", fmt::format("{}", o.seed)},
          {"--dtype", o.dtype == DType::float32 ? "float32" : "bfloat16"},
          {"--ema", fmt::format("{}", o.ema)},
          {"--unconditional", fmt::format("{}", o.unconditional)},
          {"--augment", fmt::format("{}", o.augment)},
          {"--turns", fmt::format("{}", o.turns)},
          {"--decoder-only", o.decoder_only ? "given" : "left out"}};
}

std::vector<TrainingSetting> settings_of(const std::vector<TrainingImage>& training,
                                         const std::vector<TrainingImage>& held_out) {
  return {{"training images:", describe(training)}, {"held-out images:", describe(held_out)}};
}

TrainingCheckpoint::TrainingCheckpoint(fs::path path, std::string kind,
                                       std::vector<TrainingSetting> settings)
    : path_(std::move(path)), kind_(std::move(kind)), settings_(std::move(settings)) {}

void TrainingCheckpoint::claim(bool resume, bool force) {
  require_writable(path_, "--checkpoint");
  lock_.emplace(path_, "--checkpoint");
  require_fitting(resume, force);
}

void TrainingCheckpoint::require_fitting(bool resume, bool force) const {
  for (const char* beside : {".csv", ".png"})
    if (const fs::path file = path_.string() + beside; fs::is_directory(file))
      throw UserError(fmt::format("--checkpoint {}: {} is a directory; give another name",
                                  path_.string(), file.string()));
  const bool exists = file_exists(path_);
  if (resume && !exists)
    throw UserError(
        fmt::format("{}: no checkpoint to resume from; start without --resume", path_.string()));
  if (exists && !resume && !force)
    throw UserError(fmt::format(
        "--checkpoint {}: exists; go on from it with --resume, or start anew with --force",
        path_.string()));
  if (exists && !resume && !looks_like_checkpoint(path_))
    throw UserError(
        fmt::format("--checkpoint {}: exists and is no checkpoint of a training; give another name",
                    path_.string()));
  if (!exists) require_own_log(force);
}

// Beside a checkpoint log and picture are its own; without one they may be anybody's.
void TrainingCheckpoint::require_own_log(bool force) const {
  const fs::path log = path_.string() + ".csv", picture = path_.string() + ".png";
  const bool ours = looks_like_log(log) && (force || has_one_row(log));
  for (const fs::path& file : {log, picture})
    if (file_exists(file) && !ours)
      throw UserError(fmt::format(
          "--checkpoint {}: {} exists without it and would be replaced; give another name, or "
          "--force where it is a training's",
          path_.string(), file.string()));
}

void TrainingCheckpoint::write(const TrainingState& state, const TrainedTensors& trained) {
  torch::serialize::OutputArchive archive, weights, averaged, optimizer;
  archive.write("kind", c10::IValue(kind_));
  ordered_json settings;
  for (const TrainingSetting& s : settings_) settings[s.option] = s.value;
  archive.write("settings", c10::IValue(json_text(settings)));
  write_state(archive, state);
  for (std::size_t i = 0; i < trained.parameters.size(); ++i) {
    // Archives split names at dots.
    weights.write(std::to_string(i), trained.parameters[i].second);
    averaged.write(std::to_string(i), trained.averaged[i]);
  }
  trained.optimizer.save(optimizer);
  archive.write("weights", weights);
  archive.write("averaged", averaged);
  archive.write("optimizer", optimizer);

  aside_ = std::make_unique<FileReplacement>(path_);
  Sha256 sum;
  // No exception may pass through torch's writer: its destructor would end the program.
  std::exception_ptr failure;
  archive.save_to([&](const void* bytes, std::size_t size) {
    try {
      sum.add(bytes, size);
      if (!failure) aside_->write({static_cast<const char*>(bytes), size});
    } catch (...) {
      failure = std::current_exception();
    }
    return size;
  });
  if (!failure) return aside_->write(trailer_of(sum));
  aside_.reset();
  std::rethrow_exception(failure);
}

void TrainingCheckpoint::commit() {
  check_internal(aside_ != nullptr, "a checkpoint is committed that was not written");
  const std::unique_ptr<FileReplacement> written = std::move(aside_);
  written->commit();
}

std::string TrainingCheckpoint::not_ours() const {
  return fmt::format("{}: is not a checkpoint of this network, or is damaged", path_.string());
}

TrainingState TrainingCheckpoint::read(TrainedTensors& trained) const {
  if (!looks_like_checkpoint(path_)) throw UserError(not_ours());
  const std::string bytes = read_file(path_);
  const std::size_t size = bytes.size() - kTrailerSize;
  Sha256 sum;
  sum.add(bytes.data(), size);
  if (std::string_view(bytes).substr(size) != trailer_of(sum)) throw UserError(not_ours());
  try {
    torch::serialize::InputArchive archive;
    archive.load_from(bytes.data(), size);
    return read_archive(archive, trained);
  } catch (const c10::Error&) {
    throw UserError(not_ours());
  }
}

void TrainingCheckpoint::require_same_settings(torch::serialize::InputArchive& archive) const {
  c10::IValue value;
  if (!archive.try_read("settings", value)) return;
  const ordered_json was = ordered_json::parse(value.toStringRef(), nullptr, false);
  if (!was.is_object()) throw UserError(not_ours());
  for (const TrainingSetting& now : settings_) {
    const std::string value_now = as_utf8(now.value);
    const std::string before = was.value(now.option, value_now);
    if (before != value_now)
      throw UserError(fmt::format(
          "{}: was started with {} {}, now {}; go on as it was started, or start anew with --force",
          path_.string(), now.option, before, value_now));
  }
}

TrainingState TrainingCheckpoint::read_archive(torch::serialize::InputArchive& archive,
                                               TrainedTensors& trained) const {
  at::NoGradGuard no_grad;
  torch::serialize::InputArchive weights, averaged, optimizer;
  c10::IValue kind;
  archive.read("kind", kind);
  if (kind.toStringRef() != kind_)
    throw UserError(fmt::format("{}: is a checkpoint of '{}', not of '{}'", path_.string(),
                                kind.toStringRef(), kind_));
  require_same_settings(archive);
  archive.read("weights", weights);
  archive.read("averaged", averaged);
  archive.read("optimizer", optimizer);
  if (weights.keys().size() != trained.parameters.size()) throw UserError(not_ours());
  const auto read = [&](torch::serialize::InputArchive& from, std::size_t i, at::Tensor to) {
    at::Tensor tensor;
    from.read(std::to_string(i), tensor);
    if (tensor.sizes() != to.sizes()) throw UserError(not_ours());
    to.copy_(tensor);
  };
  for (std::size_t i = 0; i < trained.parameters.size(); ++i) {
    read(weights, i, trained.parameters[i].second);
    read(averaged, i, trained.averaged[i]);
  }
  trained.optimizer.load(optimizer);
  return read_state(archive);
}

}  // namespace histoloom
