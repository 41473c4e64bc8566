// Libraries of npm, which run in browsers and in Node.
// Sources: ol/source/GeoTIFF.js and tilegrid/TileGrid.js (ol 10.11.0); @vivjs/loaders/dist/index.mjs
// (0.21.0), which Avivator's createLoader() and Vitessce's OmeTiffLoader call; geotiff's geotiff.js
// and compression/index.js (3.0.5); itkTIFFReaderInternal.cxx and itkTIFFImageIO.cxx (in
// @itk-wasm/image-io 1.6.1); sharp's common.cc (0.35.5); UTIF.js (utif2 4.1.0); tiff_decoder.ts
// (tiff 7.1.3).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "ome_xml.h"
#include "rules.h"

namespace histoloom::pyramid {
namespace {

constexpr std::uint32_t kReduced = 1;

std::string size_of(const TiffImage& image) {
  return fmt::format("{}x{}", image.size.width, image.size.height);
}

// A view that holds the name alone: of a file that the reader doesn't open.
ReaderView view_named(const char* reader) {
  ReaderView view;
  view.reader = reader;
  return view;
}

// Pictures next to the pyramid are in strips; who goes through the chain takes them for levels.
void note_pictures(ReaderView& view, const TiffFile& file, const char* what) {
  for (std::size_t i = 1; i < file.chain.size(); ++i) {
    if (file.chain[i].tiled) continue;
    view.notes.push_back(
        fmt::format("{} {} ({}) is a picture, not a level", what, i, size_of(file.chain[i])));
  }
}

void note_children(ReaderView& view, const TiffFile& file) {
  if (!file.chain[0].children.empty()) {
    view.notes.push_back("levels in SubIFDs are not looked at");
  }
}

// Whether geotiff, from 2.1 to 3.1, decodes the compression.
bool geotiff_decodes(int compression) {
  constexpr std::array kKnown{1, 5, 7, 8, 32773, 32946, 34887, 50000, 50001};
  return std::find(kKnown.begin(), kKnown.end(), compression) != kKnown.end();
}

}  // namespace

std::optional<std::pair<std::size_t, std::size_t>> equally_wide(const TiffFile& file) {
  for (std::size_t i = 0; i < file.chain.size(); ++i) {
    if (is_mask(file.chain[i])) continue;
    for (std::size_t k = i + 1; k < file.chain.size(); ++k) {
      if (is_mask(file.chain[k])) continue;
      if (file.chain[i].size.width == file.chain[k].size.width) return std::pair{i, k};
    }
  }
  return std::nullopt;
}

namespace {

std::vector<const TiffImage*> without_masks(const TiffFile& file) {
  std::vector<const TiffImage*> images;
  for (const TiffImage& image : file.chain) {
    if (!is_mask(image)) images.push_back(&image);
  }
  return images;
}

// Why OpenLayers' source is never ready; empty where it is. Resolutions must fall strictly: the check
// throws where nobody waits for it.
std::string openlayers_refusal(const TiffFile& file) {
  const int compression = file.chain[0].compression;
  if (!geotiff_decodes(compression)) return fmt::format("can't decode compression {}", compression);
  const std::size_t images = without_masks(file).size();
  const std::size_t masks = file.chain.size() - images;
  if (masks > 0 && masks != images) {
    return fmt::format("its source stays \"loading\", since there are {} masks for {} images",
                       masks, images);
  }
  if (const auto same = equally_wide(file)) {
    return fmt::format(
        "its source stays \"loading\", since directories {} and {} are both {} px wide",
        same->first, same->second, file.chain[same->first].size.width);
  }
  return {};
}

}  // namespace

// All directories but masks, sorted by width, are its zoom levels.
ReaderView openlayers_view(const TiffFile& file) {
  ReaderView view = view_named("OpenLayers");
  view.how = openlayers_refusal(file);
  if (!view.how.empty()) return view;
  const TiffImage& first = file.chain[0];
  std::vector<const TiffImage*> images = without_masks(file);
  std::stable_sort(images.begin(), images.end(), [](const TiffImage* a, const TiffImage* b) {
    return a->size.width > b->size.width;
  });
  view.opens = true;
  view.how = "from the main chain, by width";
  for (const TiffImage* image : images) view.levels.push_back(image->size);
  if (images[0] != &first) {
    view.notes.push_back(
        fmt::format("the slide is stretched, since {} is wider", size_of(*images[0])));
  }
  for (std::size_t i = 1; i < file.chain.size(); ++i) {
    if (file.chain[i].tiled) continue;
    view.notes.push_back(fmt::format("directory {} ({}) is a picture, shown stretched as a level",
                                     i, size_of(file.chain[i])));
  }
  note_children(view, file);
  if (first.photometric == 6) view.notes.push_back("needs convertToRGB: \"auto\"");
  return view;
}

namespace {

// The units of OME's schema: a scheme of Viv's refuses others, the Greek letter in place of the micro
// sign too.
bool viv_knows(std::string_view unit) {
  constexpr std::array<std::string_view, 35> kUnits{
      "",          "Ym",      "Zm", "Em", "Pm", "Tm", "Gm", "Mm", "km", "hm",    "dam",
      "m",         "dm",      "cm", "mm", "nm", "pm", "fm", "am", "zm", "ym",    "thou",
      "li",        "in",      "ft", "yd", "mi", "ua", "ly", "pc", "pt", "pixel", "reference frame",
      "\xC2\xB5m", "\xC3\x85"};
  return unit == "&#181;m" || std::find(kUnits.begin(), kUnits.end(), unit) != kUnits.end();
}

// Viv halves the sizes that the OME-XML gives, whatever the directories' are.
void viv_levels(ReaderView& view, const OmeImage& image, const std::vector<TiffImage>& children) {
  view.levels.push_back(image.size);
  for (std::size_t k = 0; k < children.size(); ++k) {
    const int shift = static_cast<int>(std::min<std::size_t>(k + 1, 62));
    const PixelSize size{image.size.width >> shift, image.size.height >> shift};
    view.levels.push_back(size);
    if (std::abs(size.width - children[k].size.width) > 1 ||
        std::abs(size.height - children[k].size.height) > 1) {
      view.notes.push_back(
          fmt::format("the pixels of level {} are wrong, since it is {}, not {}x{}", k + 1,
                      size_of(children[k]), size.width, size.height));
    }
  }
}

}  // namespace

// An Image begins at the directory whose number is the sum of SizeC·SizeZ·SizeT of those before;
// TiffData isn't looked at.
ReaderView viv_view(const TiffFile& file) {
  ReaderView view = view_named("Avivator, Vitessce");
  const OmeXml xml = parse_ome_xml(is_ome(file) ? first_description(file) : std::string_view());
  const std::vector<TiffImage>& children = file.chain[0].children;
  if (xml.images.empty()) {
    view.how = "no OME-XML; use ome";
    return view;
  }
  if (!geotiff_decodes(file.chain[0].compression)) {
    view.how = fmt::format("can't decode compression {}", file.chain[0].compression);
    return view;
  }
  if (children.empty() && xml.images.size() > 1) {
    view.how =
        "takes the Images of the OME-XML for levels, as there are no SubIFDs; write it with "
        "--associated none";
    return view;
  }
  for (const OmeImage& image : xml.images) {
    if (!viv_knows(image.unit)) {
      view.how =
          fmt::format("takes no PhysicalSizeXUnit '{}'; must be of OME's schema", image.unit);
      return view;
    }
  }
  std::int64_t at = 0;
  for (const OmeImage& image : xml.images) {
    if (at >= static_cast<std::int64_t>(file.chain.size())) {
      view.how = fmt::format(
          "looks for {} in directory {}, since an RGB image counts as three; 'histoloom pyramid' "
          "writes it where it is looked for",
          image.name, at);
      return view;
    }
    if (at > 0) {
      const auto directory = static_cast<std::size_t>(at);
      view.associated.push_back(
          {image.name, file.chain[directory].size, static_cast<int>(directory)});
    }
    at += image.planes;
  }
  view.opens = true;
  view.how = "through Viv, as OME-TIFF";
  viv_levels(view, xml.images[0], children);
  if (file.chain[0].samples > 1 && !xml.images[0].interleaved) {
    view.notes.push_back(
        "the colours are wrong, since the OME-XML doesn't say Interleaved=\"true\"");
  }
  if (xml.images[0].mpp_x && xml.images[0].mpp_y) {
    view.mpp_x = xml.images[0].mpp_x;
    view.mpp_y = xml.images[0].mpp_y;
  }
  if (!name_ends_with(file, ".ome.tif") && !name_ends_with(file, ".ome.tiff")) {
    view.notes.push_back("Avivator goes by the name: it needs .ome.tif");
  }
  return view;
}

// getImage() counts the directories of the main chain.
ReaderView geotiffjs_view(const TiffFile& file) {
  ReaderView view = view_named("geotiff.js");
  if (!geotiff_decodes(file.chain[0].compression)) {
    view.how = fmt::format("can't decode compression {}", file.chain[0].compression);
    return view;
  }
  view.opens = true;
  view.how = "images of the main chain";
  for (const TiffImage& image : file.chain) view.levels.push_back(image.size);
  note_pictures(view, file, "image");
  note_children(view, file);
  return view;
}

// Directories that aren't flagged as reduced or as masks are slices of one volume, each as large as
// the first.
ReaderView itk_view(const TiffFile& whole) {
  const TiffFile file = libtiff_part(whole);
  ReaderView view = view_named("ITK (itk-wasm)");
  const TiffImage& first = file.chain[0];
  if (!libtiff_decodes(first.compression) || first.size.empty()) {
    view.how = first.size.empty() ? "the first directory has no size"
                                  : fmt::format("can't decode compression {}", first.compression);
    return view;
  }
  std::size_t slices = 0;
  bool odd = false;
  bool taller = false;
  for (std::size_t i = 0; i < file.chain.size(); ++i) {
    const TiffImage& image = file.chain[i];
    if (is_mask(image) || (image.subfile & kReduced) != 0) continue;
    ++slices;
    odd = odd || image.size != first.size;
    // It writes what is taller than a slice into those before.
    const auto between = static_cast<std::int64_t>(slices) - 2;
    taller = taller ||
             (slices > 1 && image.size.height - first.size.height > between * first.size.height);
    // A tile is looked for where this image has none.
    if (image.tiled &&
        (image.size.width < first.size.width || image.size.height < first.size.height)) {
      view.how = fmt::format(
          "takes directory {} ({}) for a slice of the first, since its NewSubfileType isn't 1; use "
          "generic",
          i, size_of(image));
      return view;
    }
  }
  view.opens = true;
  view.how = slices > 1 ? fmt::format("as a volume of {} slices", slices) : "as an image";
  view.levels.push_back(first.size);
  view.mpp_x = mpp_from(first.x_resolution, first.resolution_unit, 1);
  view.mpp_y = mpp_from(first.y_resolution, first.resolution_unit, 1);
  if (slices > 1) view.notes.push_back("the first slice is the slide, the others are pictures");
  if (taller) {
    view.notes.push_back("the pixels are wrong, as pictures taller than the slide overwrite it");
  } else if (odd) {
    view.notes.push_back("slices of another size are wrong");
  }
  if (first.tiled && first.samples == 1) {
    view.notes.push_back("grey and ids come as RGBA, three times and 255");
  }
  return view;
}

// libvips of its own, which counts pages and SubIFDs; images beyond a limit need an option.
ReaderView sharp_view(const TiffFile& file) {
  constexpr std::int64_t kLimit = 0x3FFF * 0x3FFF;  // pixels
  ReaderView view = libvips_view(file);
  view.reader = "sharp";
  if (!view.opens) return view;
  const TiffFile part = libtiff_part(file);
  view.how = view.how.substr(view.how.find(' ') + 1);  // after "tiffload: "
  view.levels.resize(1);
  for (const TiffImage& child : part.chain[0].children) view.levels.push_back(child.size);
  if (part.chain[0].children.empty()) {
    for (std::size_t i = 1; i < part.chain.size(); ++i) view.levels.push_back(part.chain[i].size);
  }
  note_pictures(view, part, "page");
  if (part.chain[0].size.area() > kLimit) {
    view.notes.push_back("needs limitInputPixels: false, since level 0 has over 268 megapixels");
  }
  return view;
}

ReaderView utif2_view(const TiffFile& file) {
  ReaderView view = view_named("utif2");
  if (file.big) {
    view.how = "no BigTIFF";
    return view;
  }
  view.opens = true;
  view.how = "all directories";
  for (const TiffImage& image : file.chain) {
    view.levels.push_back(image.size);
    for (const TiffImage& child : image.children) view.levels.push_back(child.size);
  }
  note_pictures(view, file, "directory");
  return view;
}

// decode() decodes every directory of the main chain and fails with the first that it can't.
ReaderView imagejs_view(const TiffFile& file) {
  ReaderView view = view_named("tiff (image-js)");
  if (file.big) {
    view.how = "no BigTIFF";
    return view;
  }
  for (std::size_t i = 0; i < file.chain.size(); ++i) {
    const TiffImage& image = file.chain[i];
    if (image.photometric < 0 || image.photometric > 3) {
      view.how = fmt::format("no YCbCr or CMYK: directory {} has photometric interpretation {}", i,
                             image.photometric);
      return view;
    }
    constexpr std::array kKnown{1, 5, 8, 32946};
    if (std::find(kKnown.begin(), kKnown.end(), image.compression) == kKnown.end()) {
      view.how = fmt::format("can't decode compression {} of directory {}", image.compression, i);
      return view;
    }
  }
  view.opens = true;
  view.how = "images of the main chain";
  const TiffImage& first = file.chain[0];
  for (const TiffImage& image : file.chain) view.levels.push_back(image.size);
  if (first.tiled && first.samples > 1) {
    view.notes.push_back("the pixels of tiled colours are wrong; it reads labels alone");
  } else if (first.tiled && first.predictor == 2 && first.size.width > first.piece.width) {
    view.notes.push_back("the pixels are wrong, as it undoes the predictor across tiles");
  }
  note_pictures(view, file, "image");
  note_children(view, file);
  return view;
}

}  // namespace histoloom::pyramid
