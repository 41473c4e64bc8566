#include "histoloom/pyramid/options.h"

#include <fmt/format.h>
#include <tbb/global_control.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>

#include "date.h"
#include "histoloom/core/ascii.h"
#include "histoloom/core/error.h"
#include "histoloom/pyramid/feature.h"
#include "plan.h"

namespace histoloom::pyramid {
namespace {

template <class... Args>
void require(bool condition, fmt::format_string<Args...> text, Args&&... args) {
  if (!condition)
    throw UserError(fmt::format(text, std::forward<Args>(args)...), ErrorCode::invalid_option);
}

// For what another profile has a place for.
template <class... Args>
void require_support(const WriterOptions& o, Feature feature, fmt::format_string<Args...> text,
                     Args&&... args) {
  if (!supports(o.profile, feature))
    throw UserError(fmt::format(text, std::forward<Args>(args)...), ErrorCode::unsupported);
}

void validate_geometry(const WriterOptions& o) {
  constexpr std::int64_t kLongestSide = std::numeric_limits<std::int32_t>::max();
  require(o.size.width >= 1 && o.size.height >= 1 && o.size.width <= kLongestSide &&
              o.size.height <= kLongestSide,
          "image size must be from 1x1 to {0}x{0}, got {1}x{2}", kLongestSide, o.size.width,
          o.size.height);
  require(o.tile % 16 == 0, "tile size must be a multiple of 16, got {}", o.tile);
  require(o.tile >= 16 && o.tile <= 4096, "tile size must be from 16 to 4096, got {}", o.tile);
  require(o.shrink == 2 || o.shrink == 4, "shrink factor must be 2 or 4, got {}", o.shrink);
  require(o.levels >= 0 && o.levels <= kMostLevels,
          "number of levels must be from 1 to {}, or 0 for as many as needed, got {}", kMostLevels,
          o.levels);
  require(o.threads >= 0 && o.threads <= 1024,
          "number of threads must be from 1 to 1024, or 0 for all cores, got {}", o.threads);
  const std::uint64_t tiles = tile_count(o);
  require(tiles <= std::numeric_limits<std::uint32_t>::max() / 2,
          "an image of {}x{} has {} tiles of {} px, more than 2147483647; use a larger tile size",
          o.size.width, o.size.height, tiles, o.tile);
}

void validate_pixels(const WriterOptions& o) {
  require(o.channels == 1 || o.channels == 3, "channels must be 1 or 3, got {}", o.channels);
  require(o.quality >= 1 && o.quality <= 100, "quality must be from 1 to 100, got {}", o.quality);
  if (o.reduction == Reduction::mode) {
    require(o.channels == 1, "labels must have 1 channel, got {}", o.channels);
    require(o.compression != Compression::jpeg,
            "labels can't be stored as jpeg, which invents classes; use deflate, lzw or none");
  }
  require(o.classes.empty() || o.channels == 1, "classes need an image of 1 channel, got {}",
          o.channels);
  for (const auto& label : o.classes) {
    require(label.id >= 0 && label.id <= 255, "class id must be from 0 to 255, got {} ({})",
            label.id, label.name);
  }
  if (o.palette) {
    require(o.reduction == Reduction::mode,
            "a colour map needs labels (reduction by mode), not an image reduced by averaging");
    require(!o.classes.empty(), "a colour map needs classes, got none");
    require_support(o, Feature::palette, "a colour map needs profile generic, got {}",
                    name_of(o.profile));
  }
}

constexpr std::int64_t kMaxAssociatedSide = 16384;  // far above any scanner's label or macro

void validate_associated(const WriterOptions& o) {
  if (o.associated.empty()) return;
  constexpr fmt::format_string<std::string_view, std::size_t> kNoPlace =
      "profile {} holds no associated images, got {}; use svs or ome";
  require_support(o, Feature::associated_images, kNoPlace, name_of(o.profile), o.associated.size());
  for (std::size_t i = 0; i < o.associated.size(); ++i) {
    const AssociatedImage& image = o.associated[i];
    if (image.name != "label" && image.name != "macro" && image.name != "thumbnail") {
      constexpr fmt::format_string<const std::string&> kName =
          "an associated image of svs must be label, macro or thumbnail, got \"{}\"";
      require_support(o, Feature::other_associated_images, kName, image.name);
      require(!image.name.empty(), kName, image.name);
    }
    require(o.associated_images.holds(image.name),
            "associated image \"{}\" is handed in, but not one of those that the file holds",
            image.name);
    require(std::none_of(o.associated.begin(), o.associated.begin() + static_cast<long>(i),
                         [&](const AssociatedImage& other) { return other.name == image.name; }),
            "associated image \"{}\" is given twice", image.name);
    require(!image.size.empty() && image.size.width <= kMaxAssociatedSide &&
                image.size.height <= kMaxAssociatedSide,
            "associated image \"{}\" must be from 1x1 to {}x{} px, got {}x{}", image.name,
            kMaxAssociatedSide, kMaxAssociatedSide, image.size.width, image.size.height);
    require(image.pixels.size() == static_cast<std::size_t>(3 * image.size.area()),
            "associated image \"{}\" must be RGB, {} bytes, got {}", image.name,
            3 * image.size.area(), image.pixels.size());
  }
}

AssociatedChoice named_pictures(std::string_view names) {
  AssociatedChoice choice = kNoAssociated;
  if (names == "none") return choice;
  for (std::string_view rest = names;;) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    const std::string_view name = rest.substr(0, end);
    require(name == "label" || name == "macro" || name == "thumbnail",
            "unknown associated image \"{}\"; use none or some of label,macro,thumbnail", name);
    (name == "label" ? choice.label : name == "macro" ? choice.macro : choice.thumbnail) = true;
    if (end == rest.size()) return choice;
    rest.remove_prefix(end + 1);
  }
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

void validate_text(const WriterOptions& o) {
  // Words by which readers would take the file for another format (viewers' own detection rules).
  for (const std::string_view start : {"MedScan", "Philips"}) {
    require(!o.software.starts_with(start), "software can't start with \"{}\", got \"{}\"", start,
            o.software);
  }
  if (o.profile == Profile::generic) {
    require(!o.description.starts_with("Aperio"),
            "description of a generic file can't start with \"Aperio\", got \"{}\"", o.description);
    for (const std::string_view part : {"DICOM", "xml", "XML"}) {
      require(!contains(o.description, part),
              "description of a generic file can't contain \"{}\", got \"{}\"", part,
              o.description);
    }
  }
  if (o.profile == Profile::svs) {
    require(o.description.find_first_of("|\n\r=") == std::string::npos,
            "description of an svs file can't contain \"|\", \"=\" or line breaks, got \"{}\"",
            o.description);
  }
  if (!o.date.empty()) parse_date(o.date);
}

}  // namespace

void require_date(std::string_view text) { static_cast<void>(parse_date(text)); }

void validate(const WriterOptions& o) {
  validate_geometry(o);
  validate_pixels(o);
  validate_text(o);
  validate_associated(o);
  if (o.mpp) {
    require(std::isfinite(*o.mpp) && *o.mpp >= 1e-4 && *o.mpp <= 1e4,
            "microns per pixel must be from 0.0001 to 10000, got {}", *o.mpp);
  }
  if (o.objective_power) {
    require(*o.objective_power >= 1 && *o.objective_power <= 1000,
            "objective power must be from 1 to 1000, got {}", *o.objective_power);
  }
  if (o.channels == 1) {
    require_support(o, Feature::one_channel,
                    "profile svs needs 3 channels (RGB), got {}; use generic or ome", o.channels);
  }
  if (!o.associated_images.thumbnail) {
    require_support(o, Feature::no_associated_images,
                    "profile svs can't do without its thumbnail; use generic or ome");
  }
}

Profile parse_profile(std::string_view name) {
  for (const auto p : {Profile::generic, Profile::svs, Profile::ome}) {
    if (name == name_of(p)) return p;
  }
  throw UserError(fmt::format("unknown profile \"{}\"; use generic, svs or ome", name),
                  ErrorCode::invalid_option);
}

Compression parse_compression(std::string_view name) {
  for (const auto c :
       {Compression::jpeg, Compression::deflate, Compression::lzw, Compression::none}) {
    if (name == name_of(c)) return c;
  }
  throw UserError(fmt::format("unknown compression \"{}\"; use jpeg, deflate, lzw or none", name),
                  ErrorCode::invalid_option);
}

std::string_view name_of(Profile profile) {
  switch (profile) {
    case Profile::generic:
      return "generic";
    case Profile::svs:
      return "svs";
    case Profile::ome:
      return "ome";
  }
  throw InternalError("no such profile");
}

std::string_view name_of(Compression compression) {
  switch (compression) {
    case Compression::jpeg:
      return "jpeg";
    case Compression::deflate:
      return "deflate";
    case Compression::lzw:
      return "lzw";
    case Compression::none:
      return "none";
  }
  throw InternalError("no such compression");
}

bool AssociatedChoice::holds(std::string_view name) const {
  if (name == "label") return label;
  if (name == "macro") return macro;
  return name != "thumbnail" || thumbnail;
}

AssociatedChoice parse_associated(std::string_view names, Profile profile) {
  const AssociatedChoice choice = named_pictures(ascii_lower(names));
  require(choice.thumbnail || supports(profile, Feature::no_associated_images),
          "profile {} can't do without its thumbnail, got {}; name it, too, or use generic or ome",
          name_of(profile), names);
  require(!(choice.label || choice.macro || choice.thumbnail) ||
              supports(profile, Feature::associated_images),
          "profile {} holds no associated images, got {}; use svs or ome", name_of(profile), names);
  return choice;
}

Profile profile_for(const std::filesystem::path& path) {
  const std::string name = ascii_lower(path.filename().string());
  if (name.ends_with(".svs")) return Profile::svs;
  if (name.ends_with(".ome.tif") || name.ends_with(".ome.tiff")) return Profile::ome;
  if (name.ends_with(".tif") || name.ends_with(".tiff")) return Profile::generic;
  throw UserError(
      fmt::format("{}: the name doesn't tell the profile; use .svs, .ome.tif or .tif, or name the "
                  "profile (svs, ome, generic)",
                  path.string()),
      ErrorCode::invalid_option);
}

std::vector<PixelSize> level_sizes(const WriterOptions& o) {
  std::vector<PixelSize> sizes{o.size};
  const auto enough = [&] {
    if (o.levels > 0 && sizes.size() >= static_cast<std::size_t>(o.levels)) return true;
    return std::max(sizes.back().width, sizes.back().height) <= o.tile;
  };
  while (!enough()) {
    const PixelSize last = sizes.back();
    sizes.push_back({divide_up(last.width, o.shrink), divide_up(last.height, o.shrink)});
  }
  return sizes;
}

std::vector<PixelSize> chain_sizes(const WriterOptions& o) {
  std::vector<PixelSize> sizes = level_sizes(o);
  while (!fits_preview(sizes.back())) {
    const PixelSize last = sizes.back();
    sizes.push_back({divide_up(last.width, o.shrink), divide_up(last.height, o.shrink)});
  }
  return sizes;
}

std::uint64_t tile_count(const WriterOptions& o) {
  std::uint64_t tiles = 0;
  for (const PixelSize s : level_sizes(o)) {
    tiles += static_cast<std::uint64_t>(divide_up(s.width, o.tile)) *
             static_cast<std::uint64_t>(divide_up(s.height, o.tile));
  }
  return tiles;
}

std::uint64_t memory_bound(const WriterOptions& o) {
  const auto tile = static_cast<std::uint64_t>(o.tile);
  const auto channels = static_cast<std::uint64_t>(o.channels);
  std::uint64_t strips = 0;
  for (const PixelSize s : chain_sizes(o)) {
    const auto rows = std::min(tile, static_cast<std::uint64_t>(s.height));
    strips += static_cast<std::uint64_t>(s.width) * rows * channels;
  }
  // Level 0 has a second strip.
  strips += static_cast<std::uint64_t>(o.size.width) *
            std::min(tile, static_cast<std::uint64_t>(o.size.height)) * channels;
  const auto threads = static_cast<std::uint64_t>(
      o.threads > 0
          ? o.threads
          : tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism));
  const std::uint64_t queue = 4 * threads * 3 * tile * tile * channels;
  return strips + queue + 56 * tile_count(o) + (std::uint64_t{4} << 20);
}

}  // namespace histoloom::pyramid
