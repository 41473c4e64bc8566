#include "histoloom/slide/mask_job.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>

#include "disk.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/core/file_lock.h"
#include "histoloom/slide/version.h"
#include "label_stage.h"
#include "mask_painting.h"
#include "outputs.h"
#include "process_memory.h"
#include "resumable.h"
#include "stopwatch.h"

namespace histoloom {

namespace fs = std::filesystem;

namespace {

// Shares of the labels by their names.
nlohmann::ordered_json shares_of(const LabelField& field, const LabelSet& labels) {
  const LatentSize size = field.size();
  std::array<std::int64_t, 256> cells{};
  std::vector<LabelId> row(static_cast<std::size_t>(size.width));
  for (std::int64_t y = 0; y < size.height; ++y) {
    field.read({0, y, size.width, y + 1}, row.data());
    for (const LabelId id : row) ++cells[id];
  }
  nlohmann::ordered_json out;
  for (const Label& label : labels.labels())
    out[label.name] = static_cast<double>(cells[label.id]) / static_cast<double>(size.area());
  return out;
}

constexpr const char* kLock = "lock";

// A directory of ours for the canvas of painted labels, beside what is made of them. Nobody goes on
// with it: what a killed run left is removed.
class ScratchCanvas {
 public:
  // Writes nothing. \error UserError where something else is in its place.
  explicit ScratchCanvas(const fs::path& beside) : path_(beside.string() + ".work") {
    if (file_exists(path_) && !is_ours())
      throw UserError(fmt::format(
          "{}: is in the way and not ours; remove it, or give what is written another name",
          path_.string()));
  }
  ScratchCanvas(const ScratchCanvas&) = delete;
  ScratchCanvas& operator=(const ScratchCanvas&) = delete;
  ~ScratchCanvas() {
    std::error_code code;
    if (lock_) fs::remove_all(path_, code);
  }

  // Makes it, empty. \error UserError where it can't be made, or another process has it.
  void open() {
    std::error_code code;
    fs::create_directory(path_, code);
    if (code) throw UserError(fmt::format("{}: can't be made: {}", path_.string(), code.message()));
    std::optional<FileLock> lock = FileLock::take(path_ / kLock);
    if (!lock)
      throw UserError(
          fmt::format("{}: another process is working in it; wait for it", path_.string()));
    lock_.emplace(std::move(*lock));
    for (const char* array : kCanvasArrays) fs::remove_all(path_ / array);
  }
  const fs::path& path() const { return path_; }

 private:
  bool is_ours() const {
    std::set<std::string> names(kCanvasArrays.begin(), kCanvasArrays.end());
    names.insert(kLock);
    return holds_only(path_, names);
  }

  fs::path path_;
  std::optional<FileLock> lock_;
};

constexpr std::uint64_t kCanvasCache = std::uint64_t{64} << 20;

}  // namespace

struct MaskJob::State {
  SceneOptions options;
  ModelBundle bundle;
  LabelSet labels;
  std::unique_ptr<MaskPainting> painting;  // where the field's classes are still to be painted
  std::optional<ScratchCanvas> scratch;    // for that
  std::unique_ptr<LabelField> field;
  Stopwatch watch;

  // The canvas is all that is large.
  void check_disk() const {
    const LatentSize cells = latent_size_for(options.size, bundle.downsampling);
    require_space({{"painting labels", existing_directory(directory_of(options.mask_out)),
                    painting->disk(cells), bytes_at(scratch->path()), "-o"}});
  }

  void paint(Progress& progress) {
    scratch->open();
    ChunkCache cache(kCanvasCache);
    DiffusionReport facts;
    field = finished_labels(painting->paint(
        std::move(field), painting->options(options.seed, threads_of(options)), dtype_of(options),
        scratch->path(), /*resumed=*/false, cache, progress, facts));
    scratch.reset();
  }

  std::string report() const {
    const nlohmann::ordered_json json = {{"version", kVersion},
                                         {"seed", options.seed},
                                         {"mask",
                                          {{"path", options.mask_out.string()},
                                           {"width", options.size.width},
                                           {"height", options.size.height},
                                           {"cell", bundle.downsampling},
                                           {"shares", shares_of(*field, labels)}}},
                                         {"model", {{"name", bundle.name}}},
                                         {"threads", threads_of(options)},
                                         {"dtype", name_of(dtype_of(options))},
                                         {"peak_rss_bytes", peak_rss_bytes()},
                                         {"wall_seconds", watch.seconds()}};
    return json.dump(2) + "\n";
  }
};

MaskJob::MaskJob(const SceneOptions& options) : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.options = options;
  validate(options);
  s.bundle = ModelBundle::read(options.model);
  check_label_outputs(options, s.bundle, options.force);
  s.labels = read_label_set(s.bundle);
  s.painting = mask_painting_of(options, s.bundle, s.labels);
  if (s.painting) {
    s.scratch.emplace(options.mask_out);
    s.check_disk();
  }
  s.field = s.painting ? make_open_layout(options, s.bundle, s.labels)
                       : make_labels(options, s.bundle, s.labels);
}

MaskJob::~MaskJob() = default;
MaskJob::MaskJob(MaskJob&&) noexcept = default;

void MaskJob::run(Progress& progress) {
  State& s = *state_;
  run_from_start([&] {
    if (s.painting) s.paint(progress);
    write_labels(s.options, s.bundle, s.labels, *s.field, progress);
    if (!s.options.report.empty()) replace_file(s.options.report, s.report());
  });
}

}  // namespace histoloom
