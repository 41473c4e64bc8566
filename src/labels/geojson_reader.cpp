#include "geojson_reader.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "histoloom/core/error.h"

namespace histoloom {

namespace {

using nlohmann::json;

constexpr int kDeepest = 64;
constexpr double kFarthest = 1e7;  // ten times the longest slide

bool is_of_type(const json& value, const char* type) {
  if (!value.is_object()) return false;
  const auto at = value.find("type");
  return at != value.end() && *at == type;
}

// Where in a file something is wrong.
class Place {
 public:
  Place(std::string where, std::int64_t number) : where_(std::move(where)), number_(number) {}
  [[noreturn]] void refuse(const std::string& what) const {
    throw UserError(fmt::format("{}: annotation {} {}", where_, number_, what));
  }

 private:
  std::string where_;
  std::int64_t number_;
};

SlidePoint point_of(const json& value, const Place& place) {
  if (!value.is_array() || value.size() < 2 || !value[0].is_number() || !value[1].is_number())
    place.refuse("has a point that is not [x, y]");
  const SlidePoint p{value[0].get<double>(), value[1].get<double>()};
  for (const double v : {p.x, p.y})
    if (!(std::abs(v) <= kFarthest))
      place.refuse(fmt::format("has the coordinate {:g}; they are pixels, from {:.0f} to {:.0f}", v,
                               -kFarthest, kFarthest));
  return p;
}

SlideRing ring_of(const json& value, const Place& place) {
  if (!value.is_array()) place.refuse("has a ring that is no array of points");
  SlideRing ring;
  for (const json& point : value) ring.push_back(point_of(point, place));
  const auto same = [](SlidePoint a, SlidePoint b) { return a.x == b.x && a.y == b.y; };
  if (ring.size() > 1 && same(ring.front(), ring.back())) ring.pop_back();
  if (ring.size() < 3)
    place.refuse(fmt::format("has a ring of {} points; an area needs at least 3", ring.size()));
  return ring;
}

std::vector<SlideRing> polygon_of(const json& value, const Place& place) {
  if (!value.is_array() || value.empty()) place.refuse("has a polygon without rings");
  std::vector<SlideRing> rings;
  for (const json& ring : value) rings.push_back(ring_of(ring, place));
  return rings;
}

std::vector<std::vector<SlideRing>> polygons_of(const json& feature, const Place& place) {
  const auto geometry = feature.find("geometry");
  if (geometry == feature.end() || !geometry->is_object())
    place.refuse("has no \"geometry\"; give it a Polygon or MultiPolygon");
  const bool many = is_of_type(*geometry, "MultiPolygon");
  if (!many && !is_of_type(*geometry, "Polygon")) {
    const json type = geometry->value("type", json());
    place.refuse(fmt::format("is of type {}, which has no area; draw a Polygon or MultiPolygon",
                             type.is_string() ? type.get<std::string>() : "unknown"));
  }
  const auto coordinates = geometry->find("coordinates");
  if (coordinates == geometry->end() || !coordinates->is_array())
    place.refuse("has no \"coordinates\"");
  if (!many) return {polygon_of(*coordinates, place)};
  std::vector<std::vector<SlideRing>> polygons;
  for (const json& polygon : *coordinates) polygons.push_back(polygon_of(polygon, place));
  return polygons;
}

// A class with its derived ones, as QuPath writes them: "Tumor: Positive".
std::string joined(const json& names) {
  std::string out;
  for (const json& name : names)
    if (name.is_string()) out += (out.empty() ? "" : ": ") + name.get<std::string>();
  return out;
}

std::string text_in(const json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

std::string class_of(const json& feature) {
  const auto properties = feature.find("properties");
  if (properties == feature.end() || !properties->is_object()) return {};
  const auto it = properties->find("classification");
  if (it != properties->end() && it->is_string()) return it->get<std::string>();
  if (it != properties->end() && it->is_object()) {
    if (it->contains("names") && (*it)["names"].is_array()) return joined((*it)["names"]);
    return text_in(*it, "name");
  }
  return text_in(*properties, "name");
}

class Reader {
 public:
  Reader(std::string where, const std::function<void(const DrawnAnnotation&)>& visit)
      : where_(std::move(where)), visit_(visit) {}

  void read(std::istream& in) {
    // A Feature inside a collection or an array is done with, and forgotten, where it ends. The
    // children of a lone one are not: they come after it.
    enum { kArray, kCollection, kOther } root = kArray;
    const auto each = [this, &root](int depth, json::parse_event_t event, json& value) {
      if (depth > kDeepest)
        throw UserError(fmt::format("{}: is nested deeper than {}; it is no annotation file",
                                    where_, kDeepest));
      if (event == json::parse_event_t::key && depth == 1)
        root = value == "features" ? kCollection : kOther;
      const bool ends = event == json::parse_event_t::object_end;
      const bool listed = (depth == 1 && root == kArray) || (depth == 2 && root == kCollection);
      if (!ends || !listed || !is_of_type(value, "Feature")) return true;
      take(value);
      return false;
    };
    finish(parse(in, each));
  }

 private:
  json parse(std::istream& in, const json::parser_callback_t& each) const {
    try {
      return json::parse(in, each);
    } catch (const json::parse_error& error) {
      throw UserError(fmt::format("{}: is no valid JSON, from byte {} on", where_, error.byte));
    } catch (const json::out_of_range&) {
      throw UserError(fmt::format("{}: holds a number that is too large to be read", where_));
    }
  }

  // What is left of the file: the frame around its Features, or a lone one.
  void finish(const json& root) {
    if (is_of_type(root, "Feature")) return take(root);
    const bool collection = is_of_type(root, "FeatureCollection");
    const json features = collection ? root.value("features", json()) : root;
    if (!features.is_array())
      throw UserError(
          fmt::format("{}: holds no annotations; it needs a FeatureCollection, an "
                      "array of Features or a Feature",
                      where_));
    if (!features.empty())
      throw UserError(
          fmt::format("{}: holds something that is no Feature among its Features", where_));
  }

  void take(const json& feature) {
    const Place place(where_, ++count_);
    visit_({count_, class_of(feature), polygons_of(feature, place)});
    take_children(feature);
    if (const auto properties = feature.find("properties"); properties != feature.end())
      take_children(*properties);
  }

  // QuPath writes an annotation's children next to its properties; 0.4 to 0.6 wrote them into these.
  void take_children(const json& of) {
    if (!of.is_object()) return;
    const auto children = of.find("childObjects");
    if (children == of.end() || !children->is_array()) return;
    for (const json& child : *children) take(child);
  }

  std::string where_;
  const std::function<void(const DrawnAnnotation&)>& visit_;
  std::int64_t count_ = 0;
};

}  // namespace

void read_geojson(std::istream& in, const std::string& where,
                  const std::function<void(const DrawnAnnotation&)>& visit) {
  Reader(where, visit).read(in);
}

}  // namespace histoloom
