#include "agreement.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openslide.h>
#include <vips/vips.h>

#include <algorithm>
#include <memory>
#include <regex>
#include <sstream>
#include <stdexcept>

#include "support.h"

namespace histoloom::pyramid::test {
namespace {

std::string line_of(const std::vector<PixelSize>& levels, const std::string& mpp,
                    const std::string& power, std::vector<std::string> pictures) {
  std::sort(pictures.begin(), pictures.end());
  std::string out = fmt::format("{} levels:", levels.size());
  for (const PixelSize size : levels) out += fmt::format(" {}x{}", size.width, size.height);
  out += fmt::format("; mpp {}; {}x;", mpp, power);
  for (const std::string& name : pictures) out += " " + name;
  return out;
}

std::string number(const std::optional<double>& value) {
  return value ? fmt::format("{:.6g}", *value) : "none";
}

}  // namespace

VerifyReport verify_file(const std::filesystem::path& path) {
  return verify(pyramid::read_tiff(path));
}

const ReaderView& view_of(const VerifyReport& report, const std::string& reader) {
  for (const ReaderView& view : report.readers) {
    if (view.reader == reader) return view;
  }
  throw std::runtime_error("no reader " + reader);
}

std::string summary_of(const ReaderView& view) {
  if (!view.opens) return "doesn't open";
  std::vector<std::string> pictures;
  for (const AssociatedView& picture : view.associated) pictures.push_back(picture.name);
  return line_of(view.levels, number(view.mpp_x), number(view.magnification), pictures);
}

std::string openslide_says(const std::filesystem::path& path) {
  const std::unique_ptr<openslide_t, decltype(&openslide_close)> slide(openslide_open(path.c_str()),
                                                                       openslide_close);
  if (!slide || openslide_get_error(slide.get()) != nullptr) return "doesn't open";
  std::vector<PixelSize> levels;
  for (int i = 0; i < openslide_get_level_count(slide.get()); ++i) {
    std::int64_t w = 0;
    std::int64_t h = 0;
    openslide_get_level_dimensions(slide.get(), i, &w, &h);
    levels.push_back({w, h});
  }
  const auto property = [&](const char* name) {
    const char* text = openslide_get_property_value(slide.get(), name);
    return number(text == nullptr ? std::nullopt : std::optional(std::stod(text)));
  };
  std::vector<std::string> pictures;
  for (const char* const* name = openslide_get_associated_image_names(slide.get());
       *name != nullptr; ++name) {
    pictures.emplace_back(*name);
  }
  return line_of(levels, property("openslide.mpp-x"), property("openslide.objective-power"),
                 pictures);
}

std::string libvips_says(const std::filesystem::path& path) {
  VipsImage* image = nullptr;
  if (vips_tiffload(path.c_str(), &image, nullptr) != 0) {
    vips_error_clear();
    return "doesn't open";
  }
  int pages = 1;
  int children = 0;
  if (vips_image_get_typeof(image, "n-pages") != 0) vips_image_get_int(image, "n-pages", &pages);
  if (vips_image_get_typeof(image, "n-subifds") != 0) {
    vips_image_get_int(image, "n-subifds", &children);
  }
  const std::string out = fmt::format("{} pages, {} SubIFDs, {}x{}, mpp {:.6g}", pages, children,
                                      image->Xsize, image->Ysize, 1000 / image->Xres);
  g_object_unref(image);
  return out;
}

std::string libvips_expected(const VerifyReport& report, const TiffFile& file) {
  const ReaderView& view = view_of(report, "libvips");
  if (!view.opens) return "doesn't open";
  // Where a file gives no unit, libvips takes its numbers for pixels a millimetre.
  const auto unitless = file.chain[0].x_resolution.value_or(1);
  const std::string counts = view.how.substr(view.how.find(' ') + 1);  // after "tiffload: "
  return fmt::format("{}, {}x{}, mpp {:.6g}", counts, view.levels[0].width, view.levels[0].height,
                     view.mpp_x.value_or(1000 / unitless));
}

std::vector<std::string> tifffile_says(const std::vector<std::filesystem::path>& paths) {
  if (shell("/usr/bin/python3 -c 'import tifffile'").rc != 0) return {};
  std::string command =
      "/usr/bin/python3 -W ignore -c 'import tifffile,sys,logging\n"
      "logging.disable(logging.CRITICAL)\n"
      "for p in sys.argv[1:]:\n"
      "  try:\n"
      "    s = tifffile.TiffFile(p).series[0]\n"
      "    xy = [l.axes.index(a) for l in s.levels[:1] for a in \"XY\"]\n"
      "    print(s.kind + \":\", *[\"%dx%d\" % tuple(l.shape[i] for i in xy) for l in s.levels])\n"
      "  except Exception as e: print(\"fails:\", repr(e))'";
  for (const auto& path : paths) command += " " + path.string();
  std::istringstream lines(shell(command).text);
  std::vector<std::string> out;
  for (std::string line; std::getline(lines, line);) out.push_back(line);
  return out;
}

std::string tifffile_expected(const VerifyReport& report) {
  const ReaderView& view = view_of(report, "tifffile");
  std::string out = view.how.substr(3, view.how.find(' ', 3) - 3) + ":";  // "as svs"
  for (const PixelSize size : view.levels) out += fmt::format(" {}x{}", size.width, size.height);
  return out;
}

bool openslide_has_quickhash(const std::filesystem::path& path) {
  const std::unique_ptr<openslide_t, decltype(&openslide_close)> slide(openslide_open(path.c_str()),
                                                                       openslide_close);
  return openslide_get_property_value(slide.get(), "openslide.quickhash-1") != nullptr;
}

namespace {

bool installed(const std::string& command) {
  return shell("command -v " + command + " > /dev/null").rc == 0;
}

// What the groups of `pattern` match, each place joined by "x".
std::vector<std::string> matches(const std::string& text, const char* pattern) {
  std::vector<std::string> out;
  const std::regex regex(pattern);
  for (std::sregex_iterator i(text.begin(), text.end(), regex), end; i != end; ++i) {
    out.push_back((*i)[1].str() + "x" + (*i)[2].str());
  }
  return out;
}

std::string size_text(PixelSize size) { return fmt::format("{}x{}", size.width, size.height); }

// Every directory, SubIFDs included.
std::vector<const TiffImage*> all_images(const TiffFile& file) {
  std::vector<const TiffImage*> images;
  for (const TiffImage& image : file.chain) {
    images.push_back(&image);
    for (const TiffImage& child : image.children) images.push_back(&child);
  }
  return images;
}

}  // namespace

std::string gdal_says(const std::filesystem::path& path) {
  const Output info = shell("gdalinfo " + path.string());
  const std::vector<std::string> size = matches(info.text, "Size is ([0-9]+), ([0-9]+)");
  if (info.rc != 0 || size.empty()) return "doesn't open";
  std::string out = size[0];
  std::smatch line;
  if (std::regex_search(info.text, line, std::regex("Overviews: ([^\n]*)"))) {
    for (const std::string& overview : matches(line[1].str(), "([0-9]+)x([0-9]+)")) {
      out += " " + overview;
    }
  }
  const auto datasets = matches(info.text, "SUBDATASET_([0-9]+)_(NAME)").size();
  return fmt::format("{}; {} datasets", out, std::max<std::size_t>(1, datasets));
}

std::string gdal_expected(const VerifyReport& report) {
  const ReaderView& view = view_of(report, "GDAL");
  if (!view.opens) return "doesn't open";
  std::string out;
  for (const PixelSize size : view.levels) out += (out.empty() ? "" : " ") + size_text(size);
  const std::string counted = view.how.substr(view.how.find(": ") + 2);  // "1 dataset"
  return fmt::format("{}; {} datasets", out, std::stoi(counted));
}

std::set<std::string> tiffinfo_says(const std::filesystem::path& path) {
  const std::string text = shell("(tiffinfo " + path.string() + " 2> /dev/null)").text;
  const std::regex regex(
      "Image Width: ([0-9]+) Image Length: ([0-9]+)\n"
      "(  Tile Width: ([0-9]+) Tile Length: ([0-9]+))?");
  std::set<std::string> out;
  for (std::sregex_iterator i(text.begin(), text.end(), regex), end; i != end; ++i) {
    const std::smatch& m = *i;
    out.insert(fmt::format("{}x{}/{}x{}", m[1].str(), m[2].str(), m[4].str(), m[5].str()));
  }
  return out;
}

std::set<std::string> tiffinfo_expected(const TiffFile& file) {
  std::set<std::string> out;
  for (const TiffImage* image : all_images(file)) {
    out.insert(size_text(image->size) + "/" + (image->tiled ? size_text(image->piece) : "x"));
  }
  return out;
}

std::set<std::string> exiftool_says(const std::filesystem::path& path) {
  const auto ask = [&](const std::string& what) {
    return shell("(exiftool -n -f -a -G1 -s " + what + " " + path.string() + " 2> /dev/null)").text;
  };
  const std::string widths = ask("-ImageWidth");
  const std::string heights = ask("-ImageHeight");
  const std::string facts =
      ask("-p '$IFD0:XResolution $IFD0:ResolutionUnit $IFD0:Compression "
          "$IFD0:PhotometricInterpretation'");
  std::set<std::string> out{facts.substr(0, facts.find('\n'))};
  const std::vector<std::string> w = matches(widths, "IFD[^:]*: ([0-9]+)()");
  const std::vector<std::string> h = matches(heights, "IFD[^:]*: ([0-9]+)()");
  for (std::size_t i = 0; i < std::min(w.size(), h.size()); ++i) {
    out.insert(w[i] + h[i].substr(0, h[i].size() - 1));
  }
  return out;
}

std::set<std::string> exiftool_expected(const TiffFile& file) {
  const TiffImage& first = file.chain[0];
  const auto or_dash = [](const auto& value) {
    return value ? fmt::format("{:g}", double(*value)) : "-";
  };
  std::set<std::string> out{fmt::format("{} {} {} {}", or_dash(first.x_resolution),
                                        or_dash(first.resolution_unit), first.compression,
                                        first.photometric)};
  for (const TiffImage* image : all_images(file)) out.insert(size_text(image->size));
  return out;
}

void expect_readers_agree(const std::vector<std::filesystem::path>& paths) {
  const std::vector<std::string> tifffile = tifffile_says(paths);
  const bool gdal = installed("gdalinfo");
  const bool tiffinfo = installed("tiffinfo");
  const bool exiftool = installed("exiftool");
  for (std::size_t i = 0; i < paths.size(); ++i) {
    SCOPED_TRACE(paths[i].filename());
    const TiffFile file = pyramid::read_tiff(paths[i]);
    const VerifyReport report = verify(file);
    EXPECT_EQ(summary_of(view_of(report, "OpenSlide 3.4.1")), openslide_says(paths[i]));
    EXPECT_EQ(libvips_expected(report, file), libvips_says(paths[i]));
    if (!tifffile.empty()) {
      ASSERT_EQ(tifffile.size(), paths.size());
      EXPECT_EQ(tifffile_expected(report), tifffile[i]);
    }
    if (gdal) {
      EXPECT_EQ(gdal_expected(report), gdal_says(paths[i]));
    }
    if (tiffinfo) {
      EXPECT_EQ(tiffinfo_expected(file), tiffinfo_says(paths[i]));
    }
    if (exiftool) {
      EXPECT_EQ(exiftool_expected(file), exiftool_says(paths[i]));
    }
  }
}

}  // namespace histoloom::pyramid::test
