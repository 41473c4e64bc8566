#include "metadata.h"

#include <fmt/format.h>

#include <cctype>

#include "date.h"
#include "histoloom/core/xml.h"
#include "tile_encoder.h"

namespace histoloom::pyramid {
namespace {

// Text for an svs description, where "|", "=" and line breaks have a meaning.
std::string svs_text(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c == '|' || c == '=' || static_cast<unsigned char>(c) < 0x20) c = '_';
  }
  return out;
}

constexpr std::string_view kAperio = "Aperio Image Library v12.0.0 \n";

// "(256x256) ... JPEG/RGB Q=80", the part between sizes and properties.
std::string svs_codec(const WriterOptions& o) {
  switch (o.compression) {
    case Compression::jpeg:
      return fmt::format("JPEG/RGB Q={}", o.quality);
    case Compression::deflate:
      return "ZIP/RGB";
    case Compression::lzw:
      return "LZW/RGB";
    case Compression::none:
      return "RGB";
  }
  return {};
}

std::string svs_scale(const WriterOptions& o) {
  std::string out;
  if (o.objective_power) out += fmt::format("|AppMag = {}", *o.objective_power);
  if (o.mpp) out += fmt::format("|MPP = {}", *o.mpp);
  return out;
}

std::string ome_pixels(std::string_view id, PixelSize size, int channels, std::string_view scale,
                       std::size_t directory) {
  return fmt::format(
      "<Pixels ID=\"Pixels:{0}\" DimensionOrder=\"XYCZT\" Type=\"uint8\" SizeX=\"{1}\" "
      "SizeY=\"{2}\" SizeZ=\"1\" SizeC=\"{3}\" SizeT=\"1\" BigEndian=\"false\" "
      "Interleaved=\"{4}\"{5}><Channel ID=\"Channel:{0}:0\" SamplesPerPixel=\"{3}\"/>"
      "<TiffData IFD=\"{6}\" PlaneCount=\"1\"/></Pixels>",
      id, size.width, size.height, channels, channels == 3 ? "true" : "false", scale, directory);
}

}  // namespace

std::string xmp_packet(const WriterOptions& o) {
  return fmt::format(
      "<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>"
      "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">"
      "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"
      "<rdf:Description rdf:about=\"\" "
      "xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\" "
      "xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmp:CreatorTool=\"{}\" "
      "Iptc4xmpExt:DigitalSourceType=\"http://cv.iptc.org/newscodes/digitalsourcetype/{}\"/>"
      "</rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>",
      xml_escaped(o.software), xml_escaped(o.digital_source_type));
}

std::size_t ome_directory(const WriterOptions& options, std::size_t associated) {
  if (level_sizes(options).size() == 1) return 1 + associated;
  return static_cast<std::size_t>(options.channels) + 3 * associated;
}

std::string ome_xml(const WriterOptions& o, const std::vector<Associated>& associated) {
  std::string scale;
  if (o.mpp) {
    scale = fmt::format(
        " PhysicalSizeX=\"{0}\" PhysicalSizeXUnit=\"\xC2\xB5m\" PhysicalSizeY=\"{0}\" "
        "PhysicalSizeYUnit=\"\xC2\xB5m\"",
        *o.mpp);
  }
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
      "<OME xmlns=\"http://www.openmicroscopy.org/Schemas/OME/2016-06\" "
      "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
      "xsi:schemaLocation=\"http://www.openmicroscopy.org/Schemas/OME/2016-06 "
      "http://www.openmicroscopy.org/Schemas/OME/2016-06/ome.xsd\" Creator=\"{}\">",
      xml_escaped(o.software));
  if (o.objective_power) {
    out += fmt::format(
        "<Instrument ID=\"Instrument:0\"><Objective ID=\"Objective:0:0\" "
        "NominalMagnification=\"{}\"/></Instrument>",
        *o.objective_power);
  }
  out += fmt::format("<Image ID=\"Image:0\" Name=\"{}\">", xml_escaped(o.title));
  if (!o.date.empty()) {
    out += fmt::format("<AcquisitionDate>{}</AcquisitionDate>", ome_date(parse_date(o.date)));
  }
  if (!o.description.empty()) {
    out += fmt::format("<Description>{}</Description>", xml_escaped(o.description));
  }
  if (o.objective_power) {
    out += "<InstrumentRef ID=\"Instrument:0\"/><ObjectiveSettings ID=\"Objective:0:0\"/>";
  }
  out += ome_pixels("0", o.size, o.channels, scale, 0) + "</Image>";
  for (std::size_t i = 0; i < associated.size(); ++i) {
    const std::string id = fmt::format("{}", i + 1);
    out += fmt::format("<Image ID=\"Image:{}\" Name=\"{}\">", id, xml_escaped(associated[i].name)) +
           ome_pixels(id, associated[i].size, 3, "", ome_directory(o, i)) + "</Image>";
  }
  return out + "</OME>";
}

std::string svs_slide_description(const WriterOptions& o) {
  std::string out = fmt::format("{0}{1}x{2} [0,0 {1}x{2}] ({3}x{3}) {4}", kAperio, o.size.width,
                                o.size.height, o.tile, svs_codec(o));
  out += svs_scale(o);
  out += fmt::format("|Filename = {}", svs_text(o.title));
  if (!o.digital_source_type.empty()) out += "|ScanScope ID = SYNTHETIC";
  if (!o.description.empty()) out += fmt::format("|Title = {}", svs_text(o.description));
  if (!o.date.empty()) {
    const Date date = parse_date(o.date);
    out += fmt::format("|Date = {}|Time = {}", aperio_date(date), aperio_time(date));
  }
  return out;
}

std::string svs_level_description(const WriterOptions& o, PixelSize level) {
  return fmt::format("{0}{1}x{2} [0,0 {1}x{2}] ({3}x{3}) -> {4}x{5} {6}{7}", kAperio, o.size.width,
                     o.size.height, o.tile, level.width, level.height, svs_codec(o), svs_scale(o));
}

std::string svs_thumbnail_description(const WriterOptions& o, PixelSize thumbnail) {
  return fmt::format("{}{}x{} -> {}x{} - {}", kAperio, o.size.width, o.size.height, thumbnail.width,
                     thumbnail.height, svs_scale(o));
}

std::string svs_associated_description(const Associated& image) {
  return fmt::format("{}{} {}x{}", kAperio, image.name, image.size.width, image.size.height);
}

std::string generic_description(const WriterOptions& o) {
  std::string out = o.description;
  if (out.empty() && !o.digital_source_type.empty()) out = "Synthetic image";
  for (const LabelClass& label : o.classes) {
    out += fmt::format("\n{} = {} #{:02x}{:02x}{:02x}", label.id, label.name, label.colour[0],
                       label.colour[1], label.colour[2]);
  }
  return out;
}

}  // namespace histoloom::pyramid
