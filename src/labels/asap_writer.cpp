// The XML of ASAP (computationalpathologygroup/ASAP, annotation/XmlRepository.cpp): polygons, each
// part of a group, and the groups with their colours.
#include <fmt/format.h>

#include "annotation_writers.h"
#include "histoloom/core/xml.h"

namespace histoloom {

namespace {

std::string hex(const std::array<std::uint8_t, 3>& colour) {
  return fmt::format("#{:02x}{:02x}{:02x}", colour[0], colour[1], colour[2]);
}

class AsapWriter final : public AnnotationWriter {
 public:
  explicit AsapWriter(const LabelSet& labels) : labels_(labels) {
    if (labels.glass()) holes_ = *labels.find(*labels.glass());
  }

  std::string begin() const override {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ASAP_Annotations>\n<Annotations>\n";
  }

  std::string annotation(const Annotation& annotation) override {
    std::string out;
    for (std::size_t i = 0; i < annotation.rings.size(); ++i)
      append(out, annotation.rings[i], i == 0 ? annotation.label : holes_);
    return out;
  }

  std::string end() const override {
    std::string out = "</Annotations>\n<AnnotationGroups>\n";
    for (const Label& label : labels_.labels())
      if (label.name != holes_.name) append_group(out, label);
    append_group(out, holes_);
    return out + "</AnnotationGroups>\n</ASAP_Annotations>\n";
  }

 private:
  void append(std::string& out, const std::vector<HalfPixel>& ring, const Label& group) {
    auto to = std::back_inserter(out);
    fmt::format_to(to,
                   "<Annotation Name=\"{} {}\" Type=\"Polygon\" PartOfGroup=\"{}\" "
                   "Color=\"{}\"><Coordinates>\n",
                   xml_escaped(group.name), number_++, xml_escaped(group.name), hex(group.colour));
    for (std::size_t i = 0; i < ring.size(); ++i)
      fmt::format_to(to, "<Coordinate Order=\"{}\" X=\"{}\" Y=\"{}\"/>\n", i,
                     static_cast<double>(ring[i].x) / 2, static_cast<double>(ring[i].y) / 2);
    out += "</Coordinates></Annotation>\n";
  }

  static void append_group(std::string& out, const Label& label) {
    fmt::format_to(std::back_inserter(out),
                   "<Group Name=\"{}\" PartOfGroup=\"None\" Color=\"{}\"><Attributes/></Group>\n",
                   xml_escaped(label.name), hex(label.colour));
  }

  const LabelSet& labels_;
  Label holes_{0, "hole", {255, 255, 255}};
  int number_ = 0;
};

}  // namespace

std::unique_ptr<AnnotationWriter> make_asap_writer(const LabelSet& labels) {
  return std::make_unique<AsapWriter>(labels);
}

}  // namespace histoloom
