#include "agreement.h"

#include <fmt/format.h>
#include <openslide.h>
#include <vips/vips.h>

#include <algorithm>
#include <memory>
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

}  // namespace histoloom::pyramid::test
