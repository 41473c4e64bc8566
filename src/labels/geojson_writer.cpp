// The GeoJSON that QuPath imports: a FeatureCollection of annotations, a line each. The colour is
// part of the class since QuPath refuses a class without one.
#include <fmt/format.h>
#include <glib.h>

#include <array>
#include <nlohmann/json.hpp>

#include "annotation_writers.h"

namespace histoloom {

namespace {

// Of ids made by this program: a random UUID (RFC 9562, version 4), drawn once.
constexpr std::array<guchar, 16> kNamespace{0x5d, 0x1c, 0x0e, 0x7a, 0x93, 0x5f, 0x4b, 0x0e,
                                            0x8e, 0x21, 0x6a, 0xd4, 0x37, 0xc9, 0x52, 0xb8};

// The UUID of a name (RFC 9562, version 5: SHA-1).
std::string uuid_of(std::string_view name) {
  std::array<guint8, 20> digest{};
  gsize length = digest.size();
  GChecksum* sum = g_checksum_new(G_CHECKSUM_SHA1);
  g_checksum_update(sum, kNamespace.data(), kNamespace.size());
  g_checksum_update(sum, reinterpret_cast<const guchar*>(name.data()),
                    static_cast<gssize>(name.size()));
  g_checksum_get_digest(sum, digest.data(), &length);
  g_checksum_free(sum);
  digest[6] = static_cast<guint8>((digest[6] & 0x0f) | 0x50);
  digest[8] = static_cast<guint8>((digest[8] & 0x3f) | 0x80);
  std::string out;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += fmt::format("{:02x}", digest[i]);
  }
  return out;
}

void append_number(std::string& out, std::int64_t half_pixels) {
  fmt::format_to(std::back_inserter(out), "{}{}", half_pixels / 2, half_pixels % 2 ? ".5" : "");
}

void append_point(std::string& out, HalfPixel p) {
  out += '[';
  append_number(out, p.x);
  out += ',';
  append_number(out, p.y);
  out += ']';
}

// [[[x,y],…,[x,y]],…], each ring closed by its first point.
std::string coordinates(const Annotation& annotation) {
  std::string out = "[";
  for (const auto& ring : annotation.rings) {
    out += out.size() > 1 ? ",[" : "[";
    for (const HalfPixel p : ring) {
      append_point(out, p);
      out += ',';
    }
    append_point(out, ring[0]);
    out += ']';
  }
  return out + "]";
}

class GeoJsonWriter final : public AnnotationWriter {
 public:
  explicit GeoJsonWriter(std::string source) : source_(std::move(source)) {}

  std::string begin() const override { return "{\"type\":\"FeatureCollection\",\"features\":["; }

  std::string annotation(const Annotation& annotation) override {
    const std::string polygon = coordinates(annotation);
    const std::string name = nlohmann::json(annotation.label.name).dump();
    const auto& colour = annotation.label.colour;
    std::string out = fmt::format(
        "{}{{\"type\":\"Feature\",\"id\":\"{}\",\"geometry\":{{\"type\":\"Polygon\","
        "\"coordinates\":{}}},\"properties\":{{\"objectType\":\"annotation\",\"name\":{},"
        "\"classification\":{{\"name\":{},\"color\":[{},{},{}]}}}}}}",
        first_ ? "\n" : ",\n", uuid_of(source_ + '\n' + name + '\n' + polygon), polygon, name, name,
        colour[0], colour[1], colour[2]);
    first_ = false;
    return out;
  }

  std::string end() const override { return "\n]}\n"; }

 private:
  std::string source_;
  bool first_ = true;
};

}  // namespace

std::unique_ptr<AnnotationWriter> make_geojson_writer(std::string source) {
  return std::make_unique<GeoJsonWriter>(std::move(source));
}

}  // namespace histoloom
