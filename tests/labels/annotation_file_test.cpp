// Annotations under every name and packing that QuPath gives them.
#include "histoloom/labels/annotation_file.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <zlib.h>

#include "histoloom/labels/mask_file.h"
#include "histoloom/labels/pixel_region.h"
#include "labels/test_labels.h"

namespace histoloom {
namespace {

namespace fs = std::filesystem;

using testing::ElementsAre;
using testing::HasSubstr;

// A square of "other" over the left upper 16 px.
constexpr const char* kSquare =
    R"({"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": {"type":
    "Polygon", "coordinates": [[[0, 0], [16, 0], [16, 16], [0, 16], [0, 0]]]}, "properties":
    {"objectType": "annotation", "classification": {"name": "other"}}}]})";

// As gzip writes it (RFC 1952).
std::string packed(const std::string& text) {
  std::string out(compressBound(text.size()) + 32, '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class AnnotationFile : public testing::Test {
 protected:
  fs::path written(const std::string& name, const std::string& bytes) {
    write_bytes(folder_ / name, bytes);
    return folder_ / name;
  }
  // The cells of a slide of 24 × 24 px as each door has them: --mask, and a slide of a training.
  std::vector<std::string> by_mask(const fs::path& path) {
    return drawing_of(*read_mask(path, tissue_labels(), {24, 24}, 8));
  }
  std::vector<std::string> by_training(const fs::path& path) {
    return drawing_of(*read_annotations(path, tissue_labels(), {{24, 24}, {24, 24}, 8}));
  }

  ScratchDirectory folder_;
};

TEST_F(AnnotationFile, AreTakenByEveryNameThatQuPathWrites) {
  for (const char* name : {"a.geojson", "a.GEOJSON", "a.GeoJson", "a.json", "a.JSON",
                           "a.geojson.gz", "a.json.gz", "A.GEOJSON.GZ", "slide.svs.geojson"}) {
    SCOPED_TRACE(name);
    EXPECT_TRUE(is_annotation_name(name));
    const bool gzip = std::string(name).ends_with("z") || std::string(name).ends_with("Z");
    const fs::path path = written(name, gzip ? packed(kSquare) : kSquare);
    EXPECT_THAT(by_mask(path), ElementsAre("445", "445", "555"));
    EXPECT_THAT(by_training(path), ElementsAre("440", "440", "000"));
    EXPECT_EQ(PixelRegion::read(path).box(), (PixelRect{0, 0, 16, 16}));
  }
  for (const char* name : {"a.png", "a.gz", "geojson", "a.geojson.png", "a.jsonl", "a.xml"})
    EXPECT_FALSE(is_annotation_name(name)) << name;
}

TEST_F(AnnotationFile, ArePackedByWhatTheyHoldNotByTheirName) {
  EXPECT_THAT(by_mask(written("packed.geojson", packed(kSquare))),
              ElementsAre("445", "445", "555"));
  EXPECT_THAT(by_mask(written("plain.geojson.gz", kSquare)), ElementsAre("445", "445", "555"));
  // Two members, and a mark of byte order.
  const std::string text = kSquare;
  EXPECT_THAT(by_mask(written("two.json.gz", packed(text.substr(0, 40)) + packed(text.substr(40)))),
              ElementsAre("445", "445", "555"));
  EXPECT_THAT(by_mask(written("marked.json", "\xEF\xBB\xBF" + text)),
              ElementsAre("445", "445", "555"));
}

TEST_F(AnnotationFile, ThatWereCutShortSaySo) {
  const std::string whole = packed(kSquare);
  for (const std::size_t length : {whole.size() - 1, whole.size() - 9, whole.size() / 2}) {
    const fs::path path = written("cut.geojson.gz", whole.substr(0, length));
    const std::string refusal =
        path.string() + " is truncated or damaged: gzip can't unpack it; fetch it again";
    EXPECT_EQ(message_of([&] { by_mask(path); }), refusal) << length;
    EXPECT_EQ(message_of([&] { by_training(path); }), refusal);
    EXPECT_EQ(message_of([&] { PixelRegion::read(path); }), refusal);
  }
  std::string damaged = whole;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
  EXPECT_NE(message_of([&] { by_mask(written("bad.geojson.gz", damaged)); }), "");
  EXPECT_THAT(message_of([&] { by_mask(written("archive.geojson", "PK\x03\x04 zip")); }),
              HasSubstr("is no valid JSON, from byte 1 on"));
}

}  // namespace
}  // namespace histoloom
