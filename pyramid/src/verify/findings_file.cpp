#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "findings.h"
#include "ome_xml.h"
#include "rules.h"

namespace histoloom::pyramid {
namespace {

constexpr std::int64_t kNeedsPyramid = 4096;  // ASAP's limit for a single level

template <class... Args>
void error(Findings& out, fmt::format_string<Args...> text, Args&&... args) {
  out.push_back({Severity::error, fmt::format(text, std::forward<Args>(args)...)});
}
template <class... Args>
void warning(Findings& out, fmt::format_string<Args...> text, Args&&... args) {
  out.push_back({Severity::warning, fmt::format(text, std::forward<Args>(args)...)});
}

// "level" is `base` shrunk by one whole number, rounded in any way.
bool whole_factor(PixelSize base, PixelSize level) {
  if (level.empty()) return false;
  const double guess = downsample_of(base, level);
  for (const double factor : {std::floor(guess), std::ceil(guess)}) {
    const auto near = [factor](std::int64_t whole, std::int64_t part) {
      return std::abs(static_cast<double>(whole) / factor - static_cast<double>(part)) < 1;
    };
    if (factor >= 1 && near(base.width, level.width) && near(base.height, level.height)) {
      return true;
    }
  }
  return false;
}

bool says(const TiffImage& image, const char* name) {
  return second_line(image.description.value_or("")).starts_with(name);
}

}  // namespace

void check_scale(const TiffFile& file, Findings& out) {
  const TiffImage& first = file.chain[0];
  const auto x = mpp_from(first.x_resolution, first.resolution_unit, 2);
  const auto y = mpp_from(first.y_resolution, first.resolution_unit, 2);
  if (!x || !y) {
    warning(out,
            "no microns per pixel in the resolution tags; ASAP and cuCIM take them from there");
    return;
  }
  if (first.resolution_unit.value_or(2) != 3) {
    warning(out, "ResolutionUnit is inch; ASAP takes it for centimetre and shows a wrong mpp");
  }
  if (*x > 100) {
    warning(out,
            "{:g} microns per pixel are no microscope's; libvips writes 1000 where none is known",
            *x);
  }
  if (std::abs(*x - *y) > 1e-3 * *x) {
    warning(out, "pixels are not square ({:g} and {:g} microns); svs holds one value only", *x, *y);
  }
  const auto mpp = aperio_value(first_description(file), "MPP");
  const auto value = mpp ? parse_number_or_comma(*mpp) : std::nullopt;
  if (value && std::abs(*value - *x) > 0.01 * *x) {
    warning(out, "MPP says {:g}, the resolution tags say {:g} microns per pixel", *value, *x);
  }
}

void check_levels(const TiffFile& file, Findings& out) {
  const TiffImage& first = file.chain[0];
  if (const auto hijack = hijack_of(file)) {
    error(out, "OpenSlide{} takes the file for a {} slide, since {}",
          hijack->only_since_4 ? " 4" : "", hijack->format, hijack->reason);
  }
  if (!first.tiled) error(out, "the first directory is not tiled; OpenSlide refuses it");
  if (const auto same = equally_wide(file)) {
    warning(
        out,
        "OpenLayers shows nothing, since directories {} and {} are both {} px wide; use generic",
        same->first, same->second, file.chain[same->first].size.width);
  }
  std::vector<std::pair<std::string, const TiffImage*>> levels;
  for (std::size_t i = 0; i < file.chain.size(); ++i) {
    if (i == 0 || (file.chain[i].tiled && !is_ome(file) && !is_mask(file.chain[i]))) {
      levels.emplace_back(fmt::format("directory {}", i), &file.chain[i]);
    }
  }
  for (std::size_t i = 0; i < first.children.size(); ++i) {
    levels.emplace_back(fmt::format("SubIFD {}", i), &first.children[i]);
  }
  for (std::size_t i = 1; i < levels.size(); ++i) {
    const PixelSize size = levels[i].second->size;
    const PixelSize last = levels[i - 1].second->size;
    if (first.child_in_main_chain) break;  // every level is there twice
    if (size.width > last.width || size.height > last.height || size == last) {
      error(out, "{} ({}x{}) is not smaller than the level before ({}x{})", levels[i].first,
            size.width, size.height, last.width, last.height);
    } else if (!whole_factor(first.size, size)) {
      warning(out, "{} ({}x{}) is not {}x{} shrunk by a whole number", levels[i].first, size.width,
              size.height, first.size.width, first.size.height);
    }
  }
  if (levels.size() == 1 && std::max(first.size.width, first.size.height) >= kNeedsPyramid) {
    warning(out, "no reduced levels for {}x{} px; viewers will be slow", first.size.width,
            first.size.height);
  }
  for (const auto& [where, image] : levels) {
    if (where.starts_with("SubIFD")) break;  // no level for OpenSlide
    if (openslide3_misreads(*image)) {
      warning(out,
              "{} ({}x{}) is smaller than its tile and no JPEG of three channels; OpenSlide 3.4.1 "
              "with libtiff 4.5.0 shows other pixels",
              where, image->size.width, image->size.height);
    }
  }
  const TiffImage& smallest = *levels.back().second;
  if (smallest.tiled && smallest.pieces.bytes > (5u << 20)) {
    warning(out, "the smallest level has more than 5 MiB; OpenSlide gives no quickhash");
  }
}

namespace {

void check_mask(const TiffImage& image, std::size_t i, Findings& out) {
  if (image.tiled && (image.subfile & 1) != 0) {
    error(out,
          "directory {} is the mask of a reduced level (NewSubfileType {}); OpenSlide takes it for "
          "a level",
          i, image.subfile);
  } else {
    warning(out, "directory {} is a mask (NewSubfileType {}), which cuCIM takes for a level", i,
            image.subfile);
  }
}

}  // namespace

void check_generic(const TiffFile& file, Findings& out) {
  const TiffImage& first = file.chain[0];
  for (const char* word : {"DICOM", "xml", "XML"}) {
    if (first_description(file).find(word) != std::string_view::npos) {
      warning(out, "ImageDescription holds \"{}\"; ASAP's own reader refuses it", word);
      break;
    }
  }
  std::size_t tiled = 0;
  for (std::size_t i = 0; i < file.chain.size(); ++i) {
    const TiffImage& image = file.chain[i];
    tiled += image.tiled ? 1u : 0u;
    if (i == 0) continue;
    if (is_mask(image)) {
      check_mask(image, i, out);
      continue;
    }
    if (image.tiled && (image.subfile & 1) == 0) {
      error(out,
            "directory {} is tiled, but its NewSubfileType is {}, not 1; OpenSlide sees no "
            "level there",
            i, image.subfile);
    }
    if (!image.tiled) {
      warning(out,
              "directory {} is not tiled; cuCIM takes it for a level, ASAP misreads what "
              "follows it",
              i);
    }
  }
  if (first.subfile != 0) {
    error(out, "directory 0 has NewSubfileType {}, not 0; cuCIM refuses it", first.subfile);
  }
  if (file.big && tiled > 1) {
    warning(out,
            "QuPath hands generic BigTIFF to Bio-Formats, which sees one level; use svs or "
            "ome, or choose OpenSlide in QuPath");
  }
  if (name_ends_with(file, ".svs") && file.chain.size() > 1) {
    warning(
        out,
        "called .svs, but ImageDescription doesn't start with \"Aperio\"; Bio-Formats goes by the "
        "name and takes levels for label and macro");
  }
  if (name_ends_with(file, ".ome.tif") || name_ends_with(file, ".ome.tiff")) {
    warning(out,
            "called .ome.tif, but ImageDescription holds no OME-XML; QuPath hands it to "
            "Bio-Formats by its name");
  }
  if (tiled == 1 && !first.children.empty()) {
    warning(out, "all reduced levels are SubIFDs; OpenSlide sees one level");
  }
}

namespace {

void check_svs_text(const TiffFile& file, Findings& out) {
  const std::string_view text = first_description(file);
  if (!text.starts_with("Aperio Image")) {
    warning(out, "ImageDescription should start with \"Aperio Image\" for Bio-Formats, got \"{}\"",
            text.substr(0, text.find_first_of("\r\n")));
  }
  for (const char* key : {"AppMag", "MPP"}) {
    const auto value = aperio_value(text, key);
    if (!value) {
      warning(out, "ImageDescription has no {}", key);
    } else if (key == std::string_view("MPP") && !parse_number(*value) &&
               parse_number_or_comma(*value)) {
      warning(out,
              "MPP has a decimal comma: \"{}\"; OpenSlide and Bio-Formats read it, others don't",
              *value);
    } else if (!parse_number(*value)) {
      error(out, "{} is no number: \"{}\"", key, *value);
    } else if (key == std::string_view("AppMag") && value->find('.') != std::string::npos) {
      warning(out, "AppMag must be an integer for OpenSlide 3.4.1, got {}", *value);
    }
  }
  std::size_t bar = text.find('|');
  while (bar != std::string_view::npos) {
    const std::size_t end = text.find('|', bar + 1);
    const std::string_view piece = text.substr(bar + 1, end - bar - 1);
    if (piece.find('=') == std::string_view::npos) {
      warning(out,
              "ImageDescription holds \"|{}\" without \"=\", which OpenSlide 3.4.1 doesn't "
              "expect",
              piece);
    }
    bar = end;
  }
}

void check_svs_directory(const TiffImage& image, std::size_t i, Findings& out) {
  const bool label = says(image, "label");
  const bool macro = says(image, "macro");
  if (image.tiled && (label || macro || image.subfile == 9)) {
    error(out, "directory {} is label or macro, but tiled; OpenSlide takes it for a level", i);
  } else if (image.tiled && image.subfile != 0) {
    error(out,
          "directory {} is a level, but its NewSubfileType is {}, not 0; tifffile ends the "
          "pyramid there",
          i, image.subfile);
  }
  if (i > 1 && image.tiled && !image.description) {
    error(out,
          "directory {} is a level without ImageDescription; Bio-Formats takes it for the "
          "label",
          i);
  }
  if (image.tiled || i < 2) return;
  const bool known = image.subfile == 1 || image.subfile == 9;
  if (known && !(image.subfile == 1 ? label : macro)) {
    warning(out,
            "directory {} is {} by its NewSubfileType, but not by its description, which "
            "OpenSlide 3.4.1 goes by",
            i, image.subfile == 1 ? "label" : "macro");
  } else if (!known && (label || macro)) {
    warning(out,
            "directory {} is {} by its description, but not by its NewSubfileType, which "
            "OpenSlide 4 goes by",
            i, label ? "label" : "macro");
  }
  if (image.compression != 5 && image.compression != 7) {
    warning(out, "directory {} is neither JPEG nor LZW; cuCIM doesn't show it", i);
  }
}

}  // namespace

void check_svs(const TiffFile& file, Findings& out) {
  check_svs_text(file, out);
  for (std::size_t i = 0; i < file.chain.size(); ++i) {
    check_svs_directory(file.chain[i], i, out);
    if (file.chain[i].depth.value_or(1) != 1) {
      error(out, "directory {} has ImageDepth {}; OpenSlide refuses the file", i,
            *file.chain[i].depth);
    }
  }
  if (file.chain.size() > 1 && file.chain[1].tiled) {
    error(out, "directory 1 is tiled; tifffile takes it for the thumbnail and loses the level");
  }
  if (!name_ends_with(file, ".svs")) {
    warning(out, "an Aperio file should be called .svs; ASAP misreads its levels as .tif");
  }
}

void check_ome(const TiffFile& file, Findings& out) {
  const OmeXml xml = parse_ome_xml(first_description(file));
  const TiffImage& first = file.chain[0];
  if (!xml.complete) error(out, "the OME-XML doesn't end with \"OME>\"; tifffile doesn't see it");
  if (xml.images.empty()) {
    error(out, "the OME-XML names no image");
    return;
  }
  for (std::size_t i = 0; i < xml.images.size(); ++i) {
    const int ifd = std::max(0, xml.images[i].directory);
    if (ifd >= static_cast<int>(file.chain.size())) {
      error(out, "the OME-XML names IFD {}, but the file has {}", ifd, file.chain.size());
      continue;
    }
    const PixelSize size = file.chain[static_cast<std::size_t>(ifd)].size;
    if (xml.images[i].size != size) {
      error(out, "the OME-XML says {}x{} px, directory {} has {}x{}", xml.images[i].size.width,
            xml.images[i].size.height, ifd, size.width, size.height);
    }
  }
  if (!xml.images[0].mpp_x) warning(out, "the OME-XML has no PhysicalSizeX in a unit of length");
  for (std::size_t i = 0; i < first.children.size(); ++i) {
    if (first.children[i].subfile != 1) {
      warning(out, "SubIFD {} has NewSubfileType {}, not 1", i, first.children[i].subfile);
    }
  }
  if (first.child_in_main_chain) {
    warning(out, "SubIFDs stand in the main chain, too, which OME-TIFF forbids");
  }
  if (!first.children.empty() && !first.child_in_main_chain) {
    warning(out, "OpenSlide sees one level of an OME-TIFF; use svs for viewers built on it");
  }
  if (const ReaderView viv = viv_view(file); !viv.opens) {
    warning(out, "Avivator and Vitessce can't open it: {}", viv.how);
  }
  if (!name_ends_with(file, ".ome.tif") && !name_ends_with(file, ".ome.tiff")) {
    warning(out, "OME-TIFF should be called .ome.tif; tiatoolbox goes by the name");
  }
}

}  // namespace histoloom::pyramid
