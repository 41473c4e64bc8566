// IIPImage, ImageJ, OpenImageIO and Orthanc's OrthancWSIDicomizer, in Debian 12's versions.
// Sources: TPTImage.cc (iipsrv 1.1), TiffDecoder.java (ImageJ 1.53t), tiffinput.cpp (OpenImageIO),
// HierarchicalTiff.cpp (Orthanc WSI 1.1). All four are run in the tests.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "rules.h"

namespace histoloom::pyramid {
namespace {

bool is_level(const TiffImage& image, const ReaderView& view) {
  return image.tiled && image.size.width < view.levels.back().width;
}

// Why ImageJ refuses a file, at the first tag that it minds; empty where it doesn't.
std::string imagej_refusal(const TiffFile& file) {
  if (file.big) return "reads no BigTIFF";
  for (std::size_t i = 0; i < file.chain.size(); ++i) {
    const TiffImage& image = file.chain[i];
    constexpr std::array kKnown{0, 1, 5, 8, 32773, 32946};
    constexpr std::int64_t kSpotCamera = 500;  // narrower JPEG is a camera's thumbnail
    const bool known = std::find(kKnown.begin(), kKnown.end(), image.compression) != kKnown.end();
    if (!known && !(image.compression == 7 && image.size.width < kSpotCamera))
      return fmt::format("can't decode compression {} (directory {})", image.compression, i);
    if (image.tiled) return "reads no tiles; write one level as a PNG";
  }
  return {};
}

// A directory that OrthancWSIDicomizer copies tile by tile.
bool orthanc_copies(const TiffImage& image) {
  return image.tiled && !image.size.empty() && image.compression == 7 && image.samples == 3 &&
         image.bits_per_sample() == 8 && image.planar == 1 &&
         (image.photometric == 2 || image.photometric == 6);
}

}  // namespace

ReaderView iipimage_view(const TiffFile& whole) {
  const TiffFile file = libtiff_part(whole);
  const TiffImage& first = file.chain[0];
  ReaderView view;
  view.reader = "IIPImage";
  if (!first.tiled || !libtiff_decodes(first.compression)) {
    view.how = first.tiled ? fmt::format("can't decode compression {}", first.compression)
                           : "the first directory is not tiled";
    return view;
  }
  view.opens = true;
  view.how = fmt::format("as {} resolutions, one a directory", file.chain.size());
  std::string pictures;
  for (std::size_t i = 0; i < file.chain.size(); ++i) {
    const TiffImage& image = file.chain[i];
    view.levels.push_back(image.size);
    if (!image.tiled)
      pictures += fmt::format(" {} ({}x{})", i, image.size.width, image.size.height);
    if (image.tiled && (image.samples != first.samples || image.bits != first.bits))
      view.notes.push_back(
          fmt::format("directory {} has other channels than the first; the server "
                      "may end when it is read",
                      i));
  }
  if (!pictures.empty()) {
    view.notes.push_back(
        "directories without tiles are taken for levels; they fail and shift the others, so use "
        "generic:" +
        pictures);
  }
  if (!first.children.empty()) view.notes.push_back("levels in SubIFDs are not looked at");
  view.notes.push_back("no mpp of any TIFF");
  return view;
}

ReaderView imagej_view(const TiffFile& file) {
  ReaderView view;
  view.reader = "ImageJ";
  view.how = imagej_refusal(file);
  if (!view.how.empty()) return view;
  const TiffImage& first = file.chain[0];
  view.opens = true;
  view.how = "as TIFF";
  view.levels.push_back(first.size);
  view.mpp_x = mpp_from(first.x_resolution, first.resolution_unit, 1);
  view.mpp_y = mpp_from(first.y_resolution, first.resolution_unit, 1);
  if (const double unit = imagej_unit(file); unit > 0) {
    view.mpp_x = microns_a_pixel(unit, first.x_resolution);
    view.mpp_y = microns_a_pixel(unit, first.y_resolution);
  }
  if (first.compression == 7) view.notes.push_back("takes JPEG strips for pixels as they are");
  return view;
}

ReaderView openimageio_view(const TiffFile& whole) {
  const TiffFile file = libtiff_part(whole);
  const TiffImage& first = file.chain[0];
  ReaderView view;
  view.reader = "OpenImageIO";
  if (!libtiff_decodes(first.compression) || first.size.empty()) {
    view.how = first.size.empty() ? "the first directory has no size"
                                  : fmt::format("can't decode compression {}", first.compression);
    return view;
  }
  view.opens = true;
  view.how = fmt::format("as {} subimage{}", file.chain.size(), file.chain.size() == 1 ? "" : "s");
  view.levels.push_back(first.size);
  for (const TiffImage& image : file.chain) {
    if (is_level(image, view)) view.levels.push_back(image.size);
  }
  view.mpp_x = mpp_from(first.x_resolution, first.resolution_unit, 1);
  view.mpp_y = mpp_from(first.y_resolution, first.resolution_unit, 1);
  if (view.levels.size() < file.chain.size())
    view.notes.push_back("pictures next to the levels are subimages among them, without a name");
  if (!first.children.empty()) view.notes.push_back("levels in SubIFDs are not looked at");
  return view;
}

ReaderView orthanc_view(const TiffFile& whole) {
  const TiffFile file = libtiff_part(whole);
  ReaderView view;
  view.reader = "Orthanc WSI";
  const TiffImage* first = nullptr;
  for (const TiffImage& image : file.chain) {
    if (!orthanc_copies(image)) continue;
    if (first != nullptr && image.piece != first->piece) {
      view.levels.clear();
      view.how = "the size of the tiles varies from level to level";
      return view;
    }
    if (first == nullptr) first = &image;
    view.levels.push_back(image.size);
  }
  if (first == nullptr) {
    view.how = "copies tiles of JPEG with three channels only; --openslide encodes others anew";
    return view;
  }
  view.opens = true;
  view.how = "as hierarchical TIFF";
  std::stable_sort(view.levels.begin(), view.levels.end(),
                   [](PixelSize a, PixelSize b) { return a.width > b.width; });
  view.notes.push_back("no mpp: 15 mm a side unless --imaged-width and --imaged-height are given");
  if (view.levels.size() < file.chain.size())
    view.notes.push_back("pictures next to the levels are left out");
  if (!file.chain[0].children.empty()) view.notes.push_back("levels in SubIFDs are not looked at");
  return view;
}

}  // namespace histoloom::pyramid
