// Bio-Formats (SVSReader, OMETiffReader, TiffDelegateReader, PyramidTiffReader), and QuPath, which
// chooses between Bio-Formats and OpenSlide.
// Sources: SVSReader.java, OMETiffReader.java, MinimalTiffReader.java; QuPath's
// OpenslideServerBuilder.java, BioFormatsServerBuilder.java, FileFormatInfo.java.
#include <fmt/format.h>

#include <algorithm>

#include "ome_xml.h"
#include "rules.h"

namespace histoloom::pyramid {
namespace {

bool ome_name(const TiffFile& file) {
  for (const char* ending : {".ome.tif", ".ome.tiff", ".ome.tf2", ".ome.tf8", ".ome.btf"}) {
    if (name_ends_with(file, ending)) return true;
  }
  return false;
}

ReaderView bioformats_ome(const TiffFile& file, ReaderView view) {
  const OmeXml xml = parse_ome_xml(first_description(file));
  view.how = "as OME-TIFF";
  if (xml.images.empty()) {
    view.how = "the OME-XML names no image";
    return view;
  }
  for (const OmeImage& image : xml.images) {
    if (image.directory >= static_cast<int>(file.chain.size())) {
      view.how = fmt::format("the OME-XML names IFD {}, but the file has {}", image.directory,
                             file.chain.size());
      return view;
    }
  }
  view.opens = true;
  view.levels.push_back(file.chain[0].size);
  for (const TiffImage& child : file.chain[0].children) view.levels.push_back(child.size);
  view.mpp_x = xml.images[0].mpp_x;
  view.mpp_y = xml.images[0].mpp_y;
  if (xml.images[0].has_objective) view.magnification = xml.magnification;
  if (!view.mpp_x) view.notes.push_back("no mpp, since the OME-XML has no PhysicalSizeX");
  if (!view.magnification) {
    view.notes.push_back("no magnification, since the OME-XML has no Objective with settings");
  }
  for (std::size_t i = 1; i < xml.images.size(); ++i) {
    const int directory = std::max(0, xml.images[i].directory);
    view.associated.push_back(
        {xml.images[i].name, file.chain[static_cast<std::size_t>(directory)].size, directory});
  }
  if (file.chain[0].children.empty() && file.chain.size() > xml.images.size()) {
    view.notes.push_back("one level, since reduced levels must be SubIFDs");
  }
  return view;
}

ReaderView bioformats_svs(const TiffFile& file, ReaderView view) {
  view.opens = true;
  view.how = "as SVS";
  bool label = false;
  bool macro = false;
  for (std::size_t i = 0; i < file.chain.size(); ++i) {
    const TiffImage& image = file.chain[i];
    const std::string text = image.description.value_or("");
    const bool says_label = text.find("label") != std::string::npos;
    const bool says_macro = text.find("macro") != std::string::npos;
    const bool odd = !image.description || image.subfile != 0;
    const auto keep = [&](const char* name, bool& have) {
      have = true;
      view.associated.push_back({name, image.size, static_cast<int>(i)});
    };
    if (i == 0) {
      view.levels.push_back(image.size);
    } else if (i == 1 && !image.tiled) {
      view.associated.push_back({"thumbnail", image.size, 1});
    } else if (says_label || (odd && !says_macro && !label)) {
      keep("label", label);
    } else if (says_macro || (odd && !macro)) {
      keep("macro", macro);
    } else {
      view.levels.push_back(image.size);
    }
    if (i > 0 && image.tiled && odd && !says_label && !says_macro) {
      view.notes.push_back(fmt::format(
          "directory {} ({}x{}) is no level but taken for {}, since it {}", i, image.size.width,
          image.size.height, view.associated.back().name,
          image.description ? "has a NewSubfileType other than 0" : "has no ImageDescription"));
    }
  }
  set_aperio_scale(view, file, /*comma=*/true);
  return view;
}

ReaderView bioformats_plain(const TiffFile& file, ReaderView view) {
  const TiffImage& first = file.chain[0];
  view.opens = true;
  view.how = "as plain TIFF";
  view.levels.push_back(first.size);
  view.mpp_x = mpp_from(first.x_resolution, first.resolution_unit, 2);
  view.mpp_y = mpp_from(first.y_resolution, first.resolution_unit, 2);
  // BaseTiffReader.initMetadataStore(): a unit in the description counts where the tag has none.
  const bool unitless = first.resolution_unit.value_or(1) != 2 && first.resolution_unit != 3;
  if (const double unit = unitless ? imagej_unit(file) : 0; unit > 0) {
    view.mpp_x = microns_a_pixel(unit, first.x_resolution);
    view.mpp_y = microns_a_pixel(unit, first.y_resolution);
  }
  if (first.software.find("Faas") != std::string::npos) {
    view.how = "as PyramidTiff, since Software holds \"Faas\"";
    for (std::size_t i = 1; i < file.chain.size(); ++i) view.levels.push_back(file.chain[i].size);
  } else if (file.chain.size() > 1 || !first.children.empty()) {
    view.notes.push_back("one level of a generic pyramid; use svs or ome");
  }
  return view;
}

}  // namespace

ReaderView bioformats_view(const TiffFile& file) {
  ReaderView view;
  view.reader = "Bio-Formats, OMERO";
  if (is_ome(file)) return bioformats_ome(file, view);
  const bool svs = first_description(file).starts_with("Aperio Image") && file.chain.size() > 1;
  if (name_ends_with(file, ".svs") || svs) return bioformats_svs(file, view);
  return bioformats_plain(file, view);
}

namespace {

struct Support {
  double level = 0;
  std::string why;
};

// What Java's ImageIO tells QuPath, which trusts OpenSlide by it.
Support openslide_support(const TiffFile& file) {
  if (file.big) return {2.5, "Java's ImageIO reads no BigTIFF"};
  std::int64_t largest = 0;
  for (const TiffImage& image : file.chain) largest = std::max(largest, image.size.area());
  const auto same = std::count_if(file.chain.begin(), file.chain.end(),
                                  [&](const TiffImage& i) { return i.size.area() == largest; });
  const TiffImage& first = file.chain[0];
  if (same > 1) return {1, "several images share the largest size"};
  if (first.samples < 3 || first.samples > 4 || first.bits_per_sample() != 8) {
    return {1, "the image is not 8-bit RGB"};
  }
  return {3.5, ""};
}

double bioformats_support(const TiffFile& file, const ReaderView& view) {
  if (is_ome(file) || ome_name(file)) return 5;
  const PixelSize size = file.chain[0].size;
  const bool huge = view.levels.size() == 1 && size.width > 0 &&
                    size.height >= (std::int64_t{1} << 31) / size.width;
  return huge ? 1 : 3;
}

// QuPath ends the list at the first level that is no smaller than the one before.
void cut_levels(ReaderView& view) {
  for (std::size_t i = 1; i < view.levels.size(); ++i) {
    if (downsample_of(view.levels[0], view.levels[i]) <=
        downsample_of(view.levels[0], view.levels[i - 1])) {
      view.notes.push_back(fmt::format("levels from {} on are dropped, as they don't shrink", i));
      view.levels.resize(i);
      return;
    }
  }
}

}  // namespace

ReaderView qupath_view(const TiffFile& file) {
  const ReaderView openslide = openslide4_view(file);
  const ReaderView bioformats = bioformats_view(file);
  const Support support = openslide_support(file);
  const bool by_openslide =
      openslide.opens &&
      (!bioformats.opens || support.level >= bioformats_support(file, bioformats));
  ReaderView view = by_openslide ? openslide : bioformats;
  view.reader = "QuPath";
  if (!view.opens) {
    view.how =
        fmt::format("neither OpenSlide ({}) nor Bio-Formats ({})", openslide.how, bioformats.how);
    return view;
  }
  view.how = fmt::format("through {}, {}", by_openslide ? "OpenSlide" : "Bio-Formats", view.how);
  if (!by_openslide && openslide.levels.size() > view.levels.size()) {
    view.notes.push_back(fmt::format(
        "OpenSlide would see {} levels, but QuPath prefers Bio-Formats here{}; choose OpenSlide in "
        "its import dialog, or use svs or ome",
        openslide.levels.size(), support.why.empty() ? "" : ", since " + support.why));
  }
  cut_levels(view);
  return view;
}

}  // namespace histoloom::pyramid
