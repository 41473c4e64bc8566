// The sRGB colour space as an ICC profile, version 2.1 (ICC.1:1998-09), built tag by tag.
#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include "metadata.h"

namespace histoloom::pyramid {
namespace {

using Bytes = std::vector<std::uint8_t>;

void put(Bytes& out, std::uint32_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void put(Bytes& out, std::string_view text) { out.insert(out.end(), text.begin(), text.end()); }

void put_fixed(Bytes& out, double value) {  // s15Fixed16
  put(out, static_cast<std::uint32_t>(static_cast<std::int32_t>(std::lround(value * 65536.0))), 4);
}

Bytes xyz(double x, double y, double z) {
  Bytes out;
  put(out, "XYZ ");
  put(out, 0, 4);
  for (const double v : {x, y, z}) put_fixed(out, v);
  return out;
}

Bytes text(std::string_view words) {
  Bytes out;
  put(out, "text");
  put(out, 0, 4);
  put(out, words);
  put(out, 0, 1);
  return out;
}

// textDescriptionType: ASCII, then empty Unicode and ScriptCode parts.
Bytes description(std::string_view words) {
  Bytes out;
  put(out, "desc");
  put(out, 0, 4);
  put(out, static_cast<std::uint32_t>(words.size() + 1), 4);
  put(out, words);
  put(out, 0, 1);
  out.insert(out.end(), 4 + 4 + 2 + 1 + 67, 0);
  return out;
}

Bytes transfer_curve() {
  constexpr int kEntries = 1024;
  Bytes out;
  put(out, "curv");
  put(out, 0, 4);
  put(out, kEntries, 4);
  for (int i = 0; i < kEntries; ++i) {
    const double v = i / (kEntries - 1.0);
    const double linear = v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
    put(out, static_cast<std::uint32_t>(std::lround(linear * 65535.0)), 2);
  }
  return out;
}

Bytes profile_header(std::uint32_t size) {
  Bytes out;
  put(out, size, 4);
  put(out, 0, 4);           // no preferred engine
  put(out, 0x02100000, 4);  // version 2.1
  put(out, "mntrRGB XYZ ");
  for (const std::uint32_t part : {2000u, 1u, 1u, 0u, 0u, 0u}) put(out, part, 2);  // a constant
  put(out, "acsp");
  out.insert(out.end(), 24, 0);  // platform, flags, maker, model, attributes
  put(out, 0, 4);                // perceptual
  for (const double v : {0.9642, 1.0, 0.8249}) put_fixed(out, v);  // D50
  out.resize(128, 0);
  return out;
}

}  // namespace

std::vector<std::uint8_t> srgb_profile() {
  // The primaries of IEC 61966-2-1, adapted from D65 to D50 with Bradford's matrix.
  const std::array<std::pair<std::string_view, Bytes>, 7> tags{{
      {"desc", description("sRGB IEC61966-2.1")},
      {"cprt", text("No copyright, use freely")},
      {"wtpt", xyz(0.9642, 1.0, 0.8249)},
      {"rXYZ", xyz(0.43607, 0.22249, 0.01392)},
      {"gXYZ", xyz(0.38515, 0.71687, 0.09708)},
      {"bXYZ", xyz(0.14307, 0.06061, 0.71410)},
      {"rTRC", transfer_curve()},
  }};
  // The three channels share one curve: the last tag, under three names.
  constexpr std::array<std::string_view, 3> kCurves{"rTRC", "gTRC", "bTRC"};
  const std::size_t entries = tags.size() - 1 + kCurves.size();
  Bytes table;
  Bytes data;
  put(table, static_cast<std::uint32_t>(entries), 4);
  for (const auto& [name, bytes] : tags) {
    const auto at = static_cast<std::uint32_t>(128 + 4 + 12 * entries + data.size());
    const bool curve = name == kCurves[0];
    for (std::size_t i = 0; i < (curve ? kCurves.size() : 1); ++i) {
      put(table, curve ? kCurves[i] : name);
      put(table, at, 4);
      put(table, static_cast<std::uint32_t>(bytes.size()), 4);
    }
    data.insert(data.end(), bytes.begin(), bytes.end());
    data.resize((data.size() + 3) / 4 * 4, 0);
  }
  Bytes out = profile_header(static_cast<std::uint32_t>(128 + table.size() + data.size()));
  out.insert(out.end(), table.begin(), table.end());
  out.insert(out.end(), data.begin(), data.end());
  return out;
}

}  // namespace histoloom::pyramid
