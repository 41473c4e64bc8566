#include "histoloom/convert/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "histoloom/core/cpu_count.h"
#include "histoloom/core/error.h"
#include "histoloom/core/replaceable.h"
#include "histoloom/core/resumable.h"
#include "histoloom/core/version.h"
#include "histoloom/core/writable.h"
#include "histoloom/pictures/open_picture.h"
#include "histoloom/pyramid/feature.h"

namespace histoloom {

namespace fs = std::filesystem;

namespace {

void check_output(const ConvertOptions& o) {
  require_writable(o.out, "-o");
  std::error_code ignored;
  if (fs::equivalent(o.in, o.out, ignored)) {
    throw UserError(fmt::format("-o {}: is the input itself; give another name", o.out.string()));
  }
  require_new(o.out, o.force, "-o");
}

pyramid::Chroma parse_chroma(const std::string& text) {
  if (text == "auto") return pyramid::Chroma::automatic;
  if (text == "420") return pyramid::Chroma::subsampled;
  if (text == "444") return pyramid::Chroma::full;
  throw UserError(fmt::format("unknown chroma \"{}\"; use auto, 420 or 444", text));
}

}  // namespace

struct Conversion::State {
  ConvertOptions options;
  std::unique_ptr<PictureFile> source;
  PictureFacts facts;
  pyramid::WriterOptions writer;
  std::vector<std::string> warnings;

  explicit State(const ConvertOptions& o);
  void set_scale();
  void set_associated();
  pyramid::WriteSummary write(Progress& progress);
};

Conversion::State::State(const ConvertOptions& o)
    : options(o), source(open_picture(o.in)), facts(source->facts()) {
  check_output(o);
  warnings = facts.warnings;
  writer.size = facts.size;
  writer.channels = facts.channels;
  writer.profile =
      o.profile.empty() ? pyramid::profile_for(o.out) : pyramid::parse_profile(o.profile);
  const char* usual = o.labels ? "deflate" : "jpeg";
  writer.compression = pyramid::parse_compression(o.compression.empty() ? usual : o.compression);
  writer.quality = o.quality;
  writer.chroma = parse_chroma(o.chroma);
  writer.tile = o.tile;
  writer.shrink = o.shrink;
  writer.levels = o.levels;
  writer.reduction = o.labels ? pyramid::Reduction::mode : pyramid::Reduction::mean;
  writer.threads = o.threads == 0 ? usable_cpus() : o.threads;
  writer.software = fmt::format("Histoloom {}", kVersion);
  writer.title = o.in.stem().string();
  // A converted picture has no date of ours unless one is asked for.
  if (!o.date.empty()) with_context("--date", [&] { pyramid::require_date(o.date); });
  writer.date = o.date;
  writer.digital_source_type = facts.digital_source_type;
  writer.icc_profile = facts.icc_profile;
  set_scale();
  set_associated();
  pyramid::validate(writer);
}

void Conversion::State::set_scale() {
  writer.mpp = options.mpp ? options.mpp : facts.mpp;
  writer.objective_power = options.magnification;
  if (options.magnification || !facts.magnification) return;
  const double power = *facts.magnification;
  if (power >= 1 && std::abs(power - std::round(power)) < 1e-6) {
    writer.objective_power = static_cast<int>(std::round(power));
  } else {
    warnings.push_back(fmt::format(
        "the magnification {:g} is no whole number and is left out; --magnification sets one",
        power));
  }
}

// What the profile can hold; the rest is named in a warning.
void Conversion::State::set_associated() {
  using pyramid::Feature;
  writer.draw_missing = !writer.digital_source_type.empty();
  std::string lost;
  for (const pyramid::AssociatedImage& image : facts.associated) {
    pyramid::AssociatedImage kept = image;
    std::transform(kept.name.begin(), kept.name.end(), kept.name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const bool usual = kept.name == "label" || kept.name == "macro" || kept.name == "thumbnail";
    if (pyramid::supports(writer.profile,
                          usual ? Feature::associated_images : Feature::other_associated_images)) {
      writer.associated.push_back(std::move(kept));
    } else {
      lost += (lost.empty() ? "" : ", ") + image.name;
    }
  }
  if (!lost.empty()) {
    warnings.push_back(fmt::format(
        "profile {} has no place for {}; {}", pyramid::name_of(writer.profile), lost,
        pyramid::supports(writer.profile, Feature::associated_images) ? "use ome"
                                                                      : "use svs or ome"));
  }
}

pyramid::WriteSummary Conversion::State::write(Progress& progress) {
  for (const std::string& warning : warnings) progress.warn(warning);
  pyramid::PyramidWriter file(options.out, writer);
  progress.start_stage("writing", writer.size.height, "rows");
  source->read_rows(writer.threads, [&](const PictureView& rows) {
    if (progress.stop_requested())
      throw Interrupted(fmt::format("interrupted; {} was not written", options.out.string()));
    file.write_rows(rows);
    progress.update(file.rows_written());
  });
  pyramid::WriteSummary summary = file.finish();
  progress.finish();
  return summary;
}

Conversion::Conversion(const ConvertOptions& options) : state_(std::make_unique<State>(options)) {}
Conversion::~Conversion() = default;
Conversion::Conversion(Conversion&&) noexcept = default;

pyramid::WriteSummary Conversion::run(Progress& progress) {
  pyramid::WriteSummary summary;
  run_from_start([&] { summary = state_->write(progress); });
  return summary;
}

}  // namespace histoloom
