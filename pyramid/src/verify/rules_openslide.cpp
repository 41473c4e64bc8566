// OpenSlide's drivers aperio and generic-tiff, in the versions 3.4.1 (Debian 12) and 4.0.1.
// Sources: openslide-vendor-aperio.c, openslide-vendor-generic-tiff.c, openslide-decode-tiff*.c,
// openslide.c.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "rules.h"

namespace histoloom::pyramid {
namespace {

constexpr int kOld = 3;

ReaderView refusal(ReaderView view, std::string why) {
  view.opens = false;
  view.how = std::move(why);
  view.levels.clear();
  view.associated.clear();
  return view;
}

std::string directory_text(std::size_t index) { return fmt::format("directory {}", index); }

// The whole open fails where a directory can't be decoded at all.
std::optional<std::string> unusable(const TiffImage& image, std::size_t index, bool aperio) {
  const bool jpeg2000 = image.compression == 33003 || image.compression == 33005;
  if (!libtiff_decodes(image.compression) && !(aperio && jpeg2000)) {
    return fmt::format("Unsupported TIFF compression: {} ({})", image.compression,
                       directory_text(index));
  }
  if (image.tiled && image.photometric < 0) {
    return fmt::format("{} has no PhotometricInterpretation", directory_text(index));
  }
  if (image.size.empty() || image.piece.empty()) {
    return fmt::format("{} has no size", directory_text(index));
  }
  return std::nullopt;
}

// Levels must not grow finer down the list; checked for every driver.
std::optional<std::string> wrong_order(const std::vector<PixelSize>& levels) {
  double last = 0;
  for (const PixelSize level : levels) {
    const double downsample = downsample_of(levels[0], level);
    if (downsample < last) {
      return fmt::format("Downsampled images not correctly ordered: {:g} < {:g}", downsample, last);
    }
    last = downsample;
  }
  return std::nullopt;
}

std::string associated_name(const TiffImage& image, std::size_t index, int version) {
  if (index == 1) return "thumbnail";
  if (version != kOld) return image.subfile == 1 ? "label" : image.subfile == 9 ? "macro" : "";
  if (!image.description) return "";
  const std::string line = second_line(*image.description);
  return line.substr(0, line.find(' '));
}

void add_aperio_scale(ReaderView& view, const TiffFile& file, int version) {
  set_aperio_scale(view, file, /*comma=*/true);
  const auto power = aperio_value(first_description(file), "AppMag");
  if (!power) {
    view.notes.push_back("no magnification, since the description has no AppMag");
    return;
  }
  if (version == kOld && power->find_first_not_of("+-0123456789") != std::string::npos) {
    view.magnification.reset();
    view.notes.push_back(
        fmt::format("no magnification, since AppMag must be an integer, got {}", *power));
  }
}

ReaderView aperio(const TiffFile& file, ReaderView view, int version) {
  view.how = "as Aperio";
  for (std::size_t i = 0; i < file.chain.size(); ++i) {
    const TiffImage& image = file.chain[i];
    if (const auto why = unusable(image, i, true)) return refusal(view, *why);
    if (image.depth && *image.depth != 1) {
      return refusal(view,
                     fmt::format("Cannot handle ImageDepth={} (directory {})", *image.depth, i));
    }
    if (image.tiled) {
      view.levels.push_back(image.size);
    } else if (const std::string name = associated_name(image, i, version); !name.empty()) {
      view.associated.push_back({name, image.size, static_cast<int>(i)});
    }
  }
  if (const auto why = wrong_order(view.levels)) return refusal(view, *why);
  view.opens = true;
  add_aperio_scale(view, file, version);
  return view;
}

ReaderView generic(const TiffFile& file, ReaderView view, int version) {
  view.how = "as generic TIFF";
  std::size_t unflagged = 0;
  for (std::size_t i = 0; i < file.chain.size(); ++i) {
    const TiffImage& image = file.chain[i];
    if (!image.tiled) continue;
    if (i > 0 && (image.subfile & 1) == 0) {
      ++unflagged;
      continue;
    }
    if (const auto why = unusable(image, i, false)) return refusal(view, *why);
    view.levels.push_back(image.size);
  }
  std::stable_sort(view.levels.begin(), view.levels.end(),
                   [](PixelSize a, PixelSize b) { return a.width > b.width; });
  if (const auto why = wrong_order(view.levels)) return refusal(view, *why);
  view.opens = true;
  const TiffImage& first = file.chain[0];
  if (version == kOld) {
    view.notes.push_back("no mpp and no magnification of generic TIFF; use svs");
  } else {
    const auto x = mpp_from(first.x_resolution, first.resolution_unit, 2);
    const auto y = mpp_from(first.y_resolution, first.resolution_unit, 2);
    if (x && y) {
      view.mpp_x = x;
      view.mpp_y = y;
    }
    view.notes.push_back("no magnification of generic TIFF; use svs");
  }
  if (unflagged > 0) {
    view.notes.push_back(fmt::format(
        "{} tiled directories are no levels, since NewSubfileType doesn't say reduced", unflagged));
  }
  if (!first.children.empty()) {
    view.notes.push_back(
        fmt::format("{} levels in SubIFDs are not looked at", first.children.size()));
  }
  return view;
}

// A piece that quickhash-1 reads when the file is opened lies past the end: the open fails. It
// covers the smallest level, unless that is above 5 MiB.
std::optional<std::string> hash_fails(const TiffFile& file, const ReaderView& view) {
  if (!view.opens) return std::nullopt;
  for (const TiffImage& image : file.chain) {
    if (image.tiled && image.size == view.levels.back() && image.pieces.outside > 0 &&
        image.pieces.bytes <= (5u << 20)) {
      return "the smallest level, which is read on opening, lies past the end of the file";
    }
  }
  return std::nullopt;
}

// openslide-decode-tiff.c (v3.4.1): tiff_tile.is_jpeg, which the fast path asks.
bool decodes_itself(const TiffImage& image) {
  return image.compression == 7 && image.planar == 1 && image.samples == 3 &&
         image.bits_per_sample() == 8 && (image.photometric == 2 || image.photometric == 6);
}

void add_misread_levels(ReaderView& view, const TiffFile& file) {
  for (const TiffImage& image : file.chain) {
    const bool level = !is_mask(image) && std::find(view.levels.begin(), view.levels.end(),
                                                    image.size) != view.levels.end();
    if (level && openslide3_misreads(image)) {
      view.notes.push_back(fmt::format(
          "the level of {}x{} px comes out as other pixels with libtiff 4.5.0, since it "
          "is smaller than a tile and no JPEG of three channels",
          image.size.width, image.size.height));
    }
  }
}

ReaderView openslide(const TiffFile& whole, int version) {
  const TiffFile file = libtiff_part(whole);
  ReaderView view;
  view.reader = version == kOld ? "OpenSlide 3.4.1" : "OpenSlide 4.0.1";
  const auto hijack = hijack_of(file);
  if (hijack && !(version == kOld && hijack->only_since_4)) {
    view.known = false;
    return refusal(view, fmt::format("takes it for a {} slide, since {}; what it then sees is not "
                                     "known here",
                                     hijack->format, hijack->reason));
  }
  if (!file.chain[0].tiled) return refusal(view, "the first directory is not tiled");
  const bool looks_aperio = first_description(file).starts_with("Aperio");
  view = looks_aperio ? aperio(file, view, version) : generic(file, view, version);
  if (const auto why = hash_fails(file, view)) return refusal(view, *why);
  if (view.opens && version == kOld) add_misread_levels(view, file);
  return view;
}

}  // namespace

bool openslide3_misreads(const TiffImage& image) {
  return image.tiled && !decodes_itself(image) &&
         (image.size.width < image.piece.width || image.size.height < image.piece.height);
}

ReaderView openslide3_view(const TiffFile& file) { return openslide(file, kOld); }
ReaderView openslide4_view(const TiffFile& file) { return openslide(file, 4); }

}  // namespace histoloom::pyramid
