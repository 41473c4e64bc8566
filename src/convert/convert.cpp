#include "histoloom/convert/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "histoloom/core/cpu_count.h"
#include "histoloom/core/error.h"
#include "histoloom/core/replaceable.h"
#include "histoloom/core/resumable.h"
#include "histoloom/core/version.h"
#include "histoloom/core/writable.h"
#include "histoloom/pictures/open_picture.h"
#include "histoloom/pictures/png_indices.h"
#include "histoloom/pyramid/feature.h"
#include "histoloom/pyramid/tiff_file.h"

namespace histoloom {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostLabels = 32;  // values of a picture that is taken for a mask of labels

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

bool is_indexed(const fs::path& path) {
  constexpr int kPalette = 3;
  if (const std::optional<PngEncoding> png = read_png_encoding(path)) return png->indexed;
  try {
    return pyramid::read_tiff(path).chain[0].photometric == kPalette;
  } catch (const UserError&) {  // no TIFF
    return false;
  }
}

// Whether the picture has no more values than a mask has labels. Reads on only as long as that
// holds: of a photograph a few rows.
bool has_few_values(const PictureFile& picture, int threads) {
  struct TooMany {};
  std::set<std::uint32_t> values;
  const auto add = [&values](const std::uint8_t* pixel, int channels) {
    std::uint32_t value = 0;
    for (int c = 0; c < channels; ++c) value = value << 8 | pixel[c];
    values.insert(value);
    if (values.size() > kMostLabels) throw TooMany();
  };
  try {
    picture.read_rows(threads, [&](const PictureView& rows) {
      for (std::int64_t y = 0; y < rows.size.height; ++y)
        for (std::int64_t x = 0; x < rows.size.width; ++x) add(rows.at(x, y), rows.channels);
    });
  } catch (const TooMany&) {
    return false;
  }
  return true;
}

}  // namespace

struct Conversion::State {
  ConvertOptions options;
  std::unique_ptr<PictureFile> source;
  PictureFacts facts;
  pyramid::WriterOptions writer;
  std::vector<std::string> warnings;

  explicit State(const ConvertOptions& o);
  void set_labels();
  void set_scale();
  void set_associated();
  bool looks_like_labels() const;
  // Returns what the user should know of it.
  std::string store_as_labels();
  pyramid::WriteSummary write(Progress& progress);
};

Conversion::State::State(const ConvertOptions& o)
    : options(o), source(o.labels ? open_mask(o.in) : open_picture(o.in)), facts(source->facts()) {
  check_output(o);
  warnings = facts.warnings;
  writer.size = facts.size;
  writer.channels = facts.channels;
  writer.profile =
      o.profile.empty() ? pyramid::profile_for(o.out) : pyramid::parse_profile(o.profile);
  if (!o.compression.empty()) writer.compression = pyramid::parse_compression(o.compression);
  if (o.labels) set_labels();
  writer.quality = o.quality;
  writer.chroma = parse_chroma(o.chroma);
  writer.tile = o.tile;
  writer.shrink = o.shrink;
  writer.levels = o.levels;
  writer.threads = threads_for(o.threads);
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

void Conversion::State::set_labels() {
  writer.reduction = pyramid::Reduction::mode;
  if (options.compression.empty()) writer.compression = pyramid::Compression::deflate;
}

// A channel, or a palette, of few values, and nobody has said that it is a picture.
bool Conversion::State::looks_like_labels() const {
  if (options.labels || !options.compression.empty()) return false;
  if (writer.channels != 1 && !is_indexed(options.in)) return false;
  pyramid::WriterOptions without_loss = writer;
  without_loss.compression = pyramid::Compression::deflate;
  try {
    pyramid::validate(without_loss);
  } catch (const UserError&) {
    return false;
  }
  return has_few_values(*source, writer.threads);
}

// The ids of a palette have become colours, whose mode nobody takes.
std::string Conversion::State::store_as_labels() {
  if (writer.channels == 1) {
    set_labels();
    return fmt::format(
        "{} has one channel and few values, as a mask of labels: stored without loss and shrunk by "
        "mode, as with --labels; --compression jpeg stores it as a picture",
        options.in.string());
  }
  writer.compression = pyramid::Compression::deflate;
  return fmt::format(
      "{} has a palette of few colours, as a mask of labels: its colours are stored without loss, "
      "its ids are not; 'histoloom mask --mask' stores ids",
      options.in.string());
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
  if (!options.associated.empty())
    writer.associated_images = with_context("--associated", [&] {
      return pyramid::parse_associated(options.associated, writer.profile);
    });
  std::string lost;
  for (const pyramid::AssociatedImage& image : facts.associated) {
    pyramid::AssociatedImage kept = image;
    std::transform(kept.name.begin(), kept.name.end(), kept.name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const bool usual = kept.name == "label" || kept.name == "macro" || kept.name == "thumbnail";
    if (!options.associated.empty() && !(usual && writer.associated_images.holds(kept.name)))
      continue;  // by the user's wish
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
  if (looks_like_labels()) warnings.push_back(store_as_labels());
  for (const std::string& warning : warnings) progress.warn(warning);
  pyramid::PyramidWriter file(options.out, writer);
  progress.start_stage("writing", writer.size.height, "rows");
  source->read_rows(writer.threads, [&](const PictureView& rows) {
    if (progress.stop_requested())
      throw Interrupted(fmt::format("interrupted; {} was not written", options.out.string()));
    file.write_rows(rows);
    progress.update(file.rows_written());
  });
  pyramid::WriteSummary summary = file.complete();
  require_still_new(options.out, Replaceable(options.force), "-o");
  file.publish();
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
