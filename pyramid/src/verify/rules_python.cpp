// tifffile (2023.2.3) and what stands on it or beside it in Python: tiatoolbox, wsidicomizer.
// Sources: tifffile.py (_series_svs, _series_ome, _series_generic, pyramidize_series,
// subresolution); tiatoolbox's wsireader.py; opentile's formats.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

#include "ome_xml.h"
#include "rules.h"

namespace histoloom::pyramid {
namespace {

// tifffile takes OME-XML only where the text ends with it.
bool tifffile_is_ome(const TiffFile& file) {
  return is_ome(file) && parse_ome_xml(first_description(file)).complete;
}

ReaderView tifffile_svs(const TiffFile& file, ReaderView view) {
  view.opens = true;
  view.how = "as svs";
  view.levels.push_back(file.chain[0].size);
  const std::size_t count = file.chain.size();
  if (count < 2) return view;
  view.associated.push_back({"Thumbnail", file.chain[1].size, 1});
  if (file.chain[1].tiled) {
    view.notes.push_back("directory 1 is a level but taken for the thumbnail");
  }
  std::size_t i = 2;
  while (i < count && file.chain[i].tiled && (file.chain[i].subfile & 1) == 0) {
    view.levels.push_back(file.chain[i++].size);
  }
  if (i < count && file.chain[i].tiled) {
    view.notes.push_back(
        fmt::format("levels end before directory {}, since its NewSubfileType says reduced", i));
  }
  for (int n = 0; n < 2 && i < count; ++n, ++i) {
    view.associated.push_back(
        {file.chain[i].subfile == 9 ? "Macro" : "Label", file.chain[i].size, static_cast<int>(i)});
  }
  set_aperio_scale(view, file, /*comma=*/false);
  return view;
}

// Images whose size in the XML is not that of their directory are passed over.
ReaderView tifffile_ome(const TiffFile& file, const OmeXml& xml, ReaderView view) {
  view.how = "as ome";
  for (const OmeImage& image : xml.images) {
    const auto directory = static_cast<std::size_t>(std::max(0, image.directory));
    if (directory >= file.chain.size() || file.chain[directory].size != image.size) continue;
    const TiffImage& stored = file.chain[directory];
    if (view.opens) {
      view.associated.push_back({image.name, stored.size, static_cast<int>(directory)});
      continue;
    }
    view.opens = true;
    view.levels.push_back(stored.size);
    for (const TiffImage& child : stored.children) view.levels.push_back(child.size);
    view.mpp_x = image.mpp_x;
    view.mpp_y = image.mpp_y;
    if (image.has_objective) view.magnification = xml.magnification;
  }
  return view;
}

// Pages with the same properties are stacked into one series.
using SeriesKey = std::tuple<std::int64_t, std::int64_t, int, std::int64_t, std::int64_t, int, int,
                             int, int, bool>;
struct Series {
  SeriesKey key;
  const TiffImage* image = nullptr;
  bool child = false;
  std::size_t pages = 1;
};

SeriesKey key_of(const TiffImage& i) {
  return {i.size.width, i.size.height, i.samples,     i.piece.width,       i.piece.height,
          i.predictor,  i.compression, i.photometric, i.bits_per_sample(), i.tiled};
}

std::vector<Series> series_of(const TiffFile& file) {
  std::vector<Series> series;
  const auto add = [&](const TiffImage& image, bool child) {
    const SeriesKey key = key_of(image);
    const auto same =
        std::find_if(series.begin(), series.end(), [&](const Series& s) { return s.key == key; });
    if (same == series.end()) {
      series.push_back({key, &image, child});
    } else if (same->image->at != image.at) {
      ++same->pages;
    }
  };
  for (const TiffImage& image : file.chain) {
    add(image, false);
    for (const TiffImage& child : image.children) add(child, true);
  }
  return series;
}

// How many times `b` is `a` shrunk by `factor`; -1 where it isn't.
int subresolution(const Series& a, const Series& b, int factor) {
  const bool alike = a.pages == b.pages && a.image->samples == b.image->samples &&
                     (a.image->samples == 1 || a.image->planar == b.image->planar) &&
                     a.image->bits_per_sample() == b.image->bits_per_sample() &&
                     a.image->sample_format == b.image->sample_format;
  if (!alike) return -1;
  int level = -1;
  for (const auto& [whole, part] : {std::pair{a.image->size.height, b.image->size.height},
                                    std::pair{a.image->size.width, b.image->size.width}}) {
    const auto fits = [&, w = whole, p = part](int r) {
      const double d = std::pow(factor, r);
      return d <= static_cast<double>(w) &&
             std::abs(static_cast<double>(w) / d - static_cast<double>(p)) < 1;
    };
    if (level >= 0) {
      if (!fits(level)) return -1;
      continue;
    }
    for (int r = 0; r < 16 && level < 0; ++r) {
      if (fits(r)) level = r;
    }
    if (level < 0) return -1;
  }
  return level;
}

ReaderView tifffile_generic(const TiffFile& file, ReaderView view, bool shaped) {
  view.opens = true;
  view.how = shaped ? "as shaped (tifffile's own)" : "as generic";
  const std::vector<Series> series = series_of(file);
  Series last = series[0];
  view.levels.push_back(last.image->size);
  int factor = 0;
  for (std::size_t j = 1; j < series.size(); ++j) {
    if (shaped && (series[j].image->subfile & 1) == 0) continue;
    bool fits = false;
    for (const int f : {2, 3, 4}) {
      if ((factor != 0 && f != factor) || subresolution(last, series[j], f) != 1) continue;
      factor = f;
      fits = true;
      break;
    }
    if (!fits) continue;
    last = series[j];
    view.levels.push_back(last.image->size);
  }
  const TiffImage& first = file.chain[0];
  view.mpp_x = mpp_from(first.x_resolution, first.resolution_unit, 2);
  view.mpp_y = mpp_from(first.y_resolution, first.resolution_unit, 2);
  return view;
}

}  // namespace

ReaderView tifffile_view(const TiffFile& file) {
  ReaderView view;
  view.reader = "tifffile";
  const std::string_view description = first_description(file);
  if (description.starts_with("{\"shape\":")) return tifffile_generic(file, view, true);
  if (tifffile_is_ome(file)) {
    const ReaderView ome = tifffile_ome(file, parse_ome_xml(description), view);
    if (ome.opens) return ome;
  }
  if (description.starts_with("Aperio ") && file.chain[0].tiled) return tifffile_svs(file, view);
  return tifffile_generic(file, view, false);
}

ReaderView tiatoolbox_view(const TiffFile& file) {
  const bool ome = name_ends_with(file, ".ome.tif") || name_ends_with(file, ".ome.tiff");
  ReaderView view = openslide4_view(file);
  const ReaderView by_tifffile = tifffile_view(file);
  if (!ome && view.opens) {
    view.how = "through OpenSlide, " + view.how;
    if (!view.mpp_x) view.mpp_x = by_tifffile.mpp_x;  // it falls back to the resolution tags
    if (!view.mpp_y) view.mpp_y = by_tifffile.mpp_y;
  } else {
    const bool reads = tifffile_is_ome(file) || first_description(file).starts_with("Aperio ") ||
                       (file.chain[0].tiled && (file.big || file.chain.size() == 1));
    const std::string why = view.how;
    view = by_tifffile;
    view.opens = reads;
    view.how = "through tifffile, " + view.how;
    if (!reads) {
      view = {};
      view.how = fmt::format("neither OpenSlide ({}) nor its TIFF reader (unsupported TIFF)", why);
    }
  }
  view.reader = "tiatoolbox";
  return view;
}

ReaderView wsidicomizer_view(const TiffFile& file) {
  ReaderView view = tifffile_view(file);
  view.reader = "wsidicomizer";
  const bool known = view.how == "as svs" || view.how == "as ome";
  if (!known) {
    view = {};
    view.reader = "wsidicomizer";
    view.how = "no plain TIFF; use svs or ome";
    return view;
  }
  for (AssociatedView& picture : view.associated) {
    std::transform(picture.name.begin(), picture.name.end(), picture.name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  }
  return view;
}

}  // namespace histoloom::pyramid
