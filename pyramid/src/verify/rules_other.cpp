// ASAP, cuCIM, libvips, GDAL and OpenSeadragon's GeoTIFFTileSource.
// Sources: TIFFImage.cpp and MultiResolutionImageFactory (ASAP); cuslide/tiff/tiff.cpp (cuCIM);
// tiff2vips.c (libvips 8.14); GTiffDataset::ScanDirectories (GDAL 3.6); geotiff-tilesource's
// main.js.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "rules.h"

namespace histoloom::pyramid {
namespace {

bool one_of(int value, std::initializer_list<int> list) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// Why ASAP's own TIFF reader refuses a file; empty where it doesn't.
std::string asap_refusal(const TiffFile& file) {
  for (const char* word : {"DICOM", "xml", "XML"}) {
    if (first_description(file).find(word) != std::string_view::npos) {
      return fmt::format("ImageDescription holds \"{}\"", word);
    }
  }
  std::int64_t last = 0;
  std::size_t levels = 0;
  for (std::size_t i = 0; i < file.chain.size(); ++i) {
    const TiffImage& image = file.chain[i];
    if (!image.tiled) continue;
    if (!one_of(image.compression, {1, 5, 7, 8, 33005})) {
      return fmt::format("directory {} has compression {}", i, image.compression);
    }
    if (!one_of(image.photometric, {1, 2, 6})) {
      return fmt::format("directory {} has photometric interpretation {}", i, image.photometric);
    }
    if (image.planar != 1 || !one_of(image.bits_per_sample(), {8, 16, 32})) {
      return fmt::format("directory {} has separate planes or {} bits", i, image.bits_per_sample());
    }
    if (levels++ > 0 && image.size.width >= last) {
      return fmt::format("the width of directory {} doesn't decrease", i);
    }
    last = image.size.width;
  }
  if (levels == 0) return "no directory is tiled";
  if (levels == 1 && last >= 4096) return "a single level must be narrower than 4096 px";
  return {};
}

}  // namespace

ReaderView asap_view(const TiffFile& file) {
  ReaderView view;
  const std::string why = asap_refusal(file);
  if (!name_ends_with(file, ".tif") && !name_ends_with(file, ".tiff")) {
    view = openslide4_view(file);
    view.how = "through OpenSlide, " + view.how;
  } else if (!why.empty()) {
    view = openslide4_view(file);
    view.how = fmt::format("through OpenSlide, {}, since {}", view.how, why);
  } else {
    view.opens = true;
    view.how = "as TIFF";
    bool strips_before = false;
    for (const TiffImage& image : file.chain) {
      if (image.tiled) {
        if (strips_before) view.notes.push_back("levels after a directory of strips are misread");
        view.levels.push_back(image.size);
      }
      strips_before = strips_before || !image.tiled;
    }
    const TiffImage& first = file.chain[0];
    view.mpp_x = mpp_from(first.x_resolution, 3, 3);  // whatever the unit says
    view.mpp_y = mpp_from(first.y_resolution, 3, 3);
    if (view.mpp_x && first.resolution_unit.value_or(2) != 3) {
      view.notes.push_back("the mpp is wrong, as it takes every resolution for a centimetre's");
    }
  }
  view.reader = "ASAP";
  return view;
}

ReaderView cucim_view(const TiffFile& file) {
  ReaderView view;
  view.reader = "cuCIM";
  view.how = "as generic TIFF";
  if (!name_ends_with(file, ".tif") && !name_ends_with(file, ".tiff") &&
      !name_ends_with(file, ".svs")) {
    view.how = "takes names with .tif, .tiff or .svs only";
    return view;
  }
  const bool aperio = first_description(file).starts_with("Aperio ");
  std::vector<std::size_t> base;
  for (std::size_t i = 0; i < file.chain.size(); ++i) {
    const TiffImage& image = file.chain[i];
    if (image.subfile == 0) base.push_back(i);
    if (!aperio || image.tiled) {
      view.levels.push_back(image.size);
      continue;
    }
    const char* name = i == 1 && image.subfile == 0 ? "thumbnail"
                       : image.subfile == 1         ? "label"
                       : image.subfile == 9         ? "macro"
                                                    : nullptr;
    if (name == nullptr) continue;
    if (one_of(image.compression, {5, 7})) {
      view.associated.push_back({name, image.size, static_cast<int>(i)});
    } else {
      view.notes.push_back(fmt::format("no {}, since it is neither JPEG nor LZW", name));
    }
  }
  if (!aperio && base.size() != 1) {
    view = {};
    view.reader = "cuCIM";
    view.how =
        fmt::format("needs exactly one directory of NewSubfileType 0, found {}", base.size());
    return view;
  }
  view.opens = true;
  if (aperio) view.how = "as Aperio";
  std::stable_sort(view.levels.begin(), view.levels.end(),
                   [](PixelSize a, PixelSize b) { return a.width > b.width; });
  const TiffImage& first = file.chain[0];
  view.mpp_x = mpp_from(first.x_resolution, first.resolution_unit, 2);
  view.mpp_y = mpp_from(first.y_resolution, first.resolution_unit, 2);
  if (!one_of(first.compression, {1, 5, 7, 8, 33003, 33005}) || first.samples != 3 ||
      first.bits_per_sample() != 8 || !first.tiled) {
    view.notes.push_back("not on its fast path (tiled 8-bit RGB as none, LZW, JPEG or deflate)");
  }
  return view;
}

ReaderView libvips_view(const TiffFile& whole) {
  const TiffFile file = libtiff_part(whole);
  ReaderView view;
  view.reader = "libvips";
  const TiffImage& first = file.chain[0];
  if (!libtiff_decodes(first.compression) && !one_of(first.compression, {33003, 33004, 33005})) {
    view.how = fmt::format("can't decode compression {}", first.compression);
    return view;
  }
  if (first.size.empty()) {
    view.how = "the first directory has no size";
    return view;
  }
  view.opens = true;
  view.how =
      fmt::format("tiffload: {} pages, {} SubIFDs", file.chain.size(), first.children.size());
  view.levels.push_back(first.size);
  for (const TiffImage& child : first.children) view.levels.push_back(child.size);
  for (std::size_t i = 1; first.children.empty() && i < file.chain.size(); ++i) {
    const TiffImage& image = file.chain[i];
    if (image.tiled && image.size.width < view.levels.back().width) {
      view.levels.push_back(image.size);
    }
  }
  view.mpp_x = mpp_from(first.x_resolution, first.resolution_unit, 2);
  view.mpp_y = mpp_from(first.y_resolution, first.resolution_unit, 2);
  if (first.tiled && first.planar == 2 && first.samples > 1)
    view.notes.push_back("doesn't read the pixels, since tiles hold one colour plane each");
  return view;
}

ReaderView gdal_view(const TiffFile& whole) {
  const TiffFile file = libtiff_part(whole);
  ReaderView view;
  view.reader = "GDAL";
  const TiffImage& first = file.chain[0];
  if (!libtiff_decodes(first.compression) || first.size.empty()) {
    view.how = first.size.empty() ? "the first directory has no size"
                                  : fmt::format("can't decode compression {}", first.compression);
    return view;
  }
  view.opens = true;
  view.levels.push_back(first.size);
  const auto overview = [&](const TiffImage& image) {
    constexpr std::uint32_t kReduced = 1;
    if ((image.subfile & kReduced) == 0 || is_mask(image)) return false;
    if (image.samples == first.samples) view.levels.push_back(image.size);
    return true;
  };
  for (const TiffImage& child : first.children) overview(child);
  std::size_t datasets = 1;
  for (std::size_t i = 1; i < file.chain.size(); ++i) {
    if (!overview(file.chain[i]) && !is_mask(file.chain[i])) ++datasets;
  }
  view.how = fmt::format("as GTiff: {} dataset{}", datasets, datasets == 1 ? "" : "s");
  if (datasets > 1) {
    view.notes.push_back(
        "directories that aren't flagged as reduced are datasets of their own, GTIFF_DIR:n:FILE");
  }
  return view;
}

ReaderView geotiff_view(const TiffFile& file) {
  ReaderView view;
  view.reader = "OpenSeadragon GeoTIFF";
  const TiffImage& first = file.chain[0];
  if (!one_of(first.compression, {1, 5, 7, 8, 32773, 32946})) {
    view.how = fmt::format("can't decode compression {}", first.compression);
    return view;
  }
  if (first.size.empty()) {
    view.how = "the first directory has no size";
    return view;
  }
  view.opens = true;
  view.how = "from the main chain";
  const double ratio =
      static_cast<double>(first.size.width) / static_cast<double>(first.size.height);
  struct Candidate {
    PixelSize size;
    bool tiled;
  };
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < file.chain.size(); ++i) {
    const TiffImage& image = file.chain[i];
    if (image.size.empty()) continue;
    const std::string line = second_line(image.description.value_or(""));
    for (const char* name : {"label", "macro"}) {
      if (line.find(name) == std::string::npos) continue;
      view.associated.push_back({name, image.size, static_cast<int>(i)});
    }
    if (!view.associated.empty() && view.associated.back().directory == static_cast<int>(i)) {
      continue;
    }
    // The height that the ratio asks for, to within a pixel, or the ratio itself to 1.5 %.
    const auto width = static_cast<double>(image.size.width);
    const auto height = static_cast<double>(image.size.height);
    if (std::abs(width / height - ratio) <= 0.015 * ratio ||
        std::abs(width / ratio - height) <= 1) {
      candidates.push_back({image.size, image.tiled});
    }
  }
  std::stable_sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
    return a.size.width != b.size.width ? a.size.width > b.size.width : a.tiled && !b.tiled;
  });
  for (const Candidate& c : candidates) {
    if (!view.levels.empty() && c.size.width >= view.levels.back().width) continue;
    view.levels.push_back(c.size);
    if (!c.tiled && view.levels.size() > 1) {
      view.notes.push_back(
          fmt::format("the thumbnail ({}x{}) is taken for a level", c.size.width, c.size.height));
    }
  }
  if (!first.children.empty()) view.notes.push_back("levels in SubIFDs are not looked at");
  return view;
}

}  // namespace histoloom::pyramid
