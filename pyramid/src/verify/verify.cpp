#include "histoloom/pyramid/verify.h"

#include <fmt/format.h>

#include <algorithm>

#include "findings.h"
#include "histoloom/core/byte_size.h"
#include "rules.h"

namespace histoloom::pyramid {

bool VerifyReport::has_errors() const {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& f) { return f.severity == Severity::error; });
}

VerifyReport verify(const TiffFile& file) {
  VerifyReport report;
  report.path = file.path.string();
  report.big_tiff = file.big;
  report.bytes = file.bytes;
  for (const auto view :
       {openslide3_view, openslide4_view,   qupath_view,   bioformats_view, asap_view,
        cucim_view,      libvips_view,      gdal_view,     tifffile_view,   geotiff_view,
        tiatoolbox_view, wsidicomizer_view, iipimage_view, imagej_view,     openimageio_view,
        orthanc_view,    openlayers_view,   viv_view,      geotiffjs_view,  itk_view,
        sharp_view,      utif2_view,        imagejs_view}) {
    report.readers.push_back(view(file));
  }
  Findings& out = report.findings;
  for (std::size_t i = 0; i < file.chain.size(); ++i) {
    const AperioPart part = !is_aperio(file) || !file.chain[i].tiled ? AperioPart::none
                            : i == 0                                 ? AperioPart::base
                                                                     : AperioPart::reduced;
    check_directory(file.chain[i], fmt::format("directory {}", i), part, out);
    for (std::size_t k = 0; k < file.chain[i].children.size(); ++k) {
      check_directory(file.chain[i].children[k], fmt::format("SubIFD {} of directory {}", k, i),
                      AperioPart::none, out);
    }
  }
  check_levels(file, out);
  check_scale(file, out);
  if (is_ome(file)) {
    check_ome(file, out);
  } else if (first_description(file).starts_with("Aperio")) {
    check_svs(file, out);
  } else {
    check_generic(file, out);
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Finding& a, const Finding& b) { return a.severity < b.severity; });
  return report;
}

namespace {

std::string describe_view(const ReaderView& view) {
  std::string out = fmt::format("{:<22}", view.reader);
  if (!view.known) return out + view.how + "\n";
  if (!view.opens) return out + "doesn't open it: " + view.how + "\n";
  out += view.how + "\n";
  const std::string indent(22, ' ');
  std::string levels;
  for (const PixelSize size : view.levels) levels += fmt::format(" {}x{}", size.width, size.height);
  out += fmt::format("{}{} level{}:{}\n", indent, view.levels.size(),
                     view.levels.size() == 1 ? "" : "s", levels);
  std::string scale = view.mpp_x ? fmt::format("mpp {:g}", *view.mpp_x) : "no mpp";
  if (view.mpp_x && view.mpp_y && *view.mpp_y != *view.mpp_x) {
    scale += fmt::format(" x {:g}", *view.mpp_y);
  }
  scale += view.magnification ? fmt::format(", {:g}x", *view.magnification) : ", no magnification";
  std::string pictures;
  for (const AssociatedView& picture : view.associated) {
    pictures += (pictures.empty() ? ", with " : " ") + picture.name;
  }
  out += indent + scale + pictures + "\n";
  for (const std::string& note : view.notes) out += indent + "! " + note + "\n";
  return out;
}

}  // namespace

std::string describe(const VerifyReport& report) {
  std::string out =
      fmt::format("{}: {}, {}\n\n", report.path, report.big_tiff ? "BigTIFF" : "classic TIFF",
                  format_byte_size(report.bytes));
  for (const ReaderView& view : report.readers) out += describe_view(view);
  out += "\n";
  for (const Finding& finding : report.findings) {
    out += fmt::format("{}: {}\n", finding.severity == Severity::error ? "error" : "warning",
                       finding.text);
  }
  const auto errors = std::count_if(report.findings.begin(), report.findings.end(),
                                    [](const auto& f) { return f.severity == Severity::error; });
  return out + fmt::format("{} errors, {} warnings\n", errors,
                           static_cast<std::ptrdiff_t>(report.findings.size()) - errors);
}

}  // namespace histoloom::pyramid
