#include "kinds.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <vips/vips.h>
#include <zlib.h>

#include "histoloom/pictures/vips.h"
#include "scene.h"
#include "support/scratch.h"
#include "support/test_tiff.h"

namespace histoloom::doors {

namespace fs = std::filesystem;

namespace {

const std::string kNoPicture = "-a picture in colour is no mask; see the kinds of masks";
const std::string kNoMask = "-a mask of ids is no picture; see the kinds of pictures";
const std::string kNoScale = "-the door asks for no scale";

std::map<std::string, std::string> pictures(const std::string& all,
                                            std::map<std::string, std::string> others) {
  for (const char* door : {"labels", "mask", "training mask"}) others.try_emplace(door, kNoPicture);
  for (const char* door : {"pyramid", "layout", "inpaint", "images", "slides", "evaluate"})
    others.try_emplace(door, all);
  return others;
}

std::map<std::string, std::string> masks(const std::string& all) {
  std::map<std::string, std::string> out;
  for (const char* door : {"labels", "mask", "training mask"}) out[door] = all;
  for (const char* door : {"pyramid", "layout", "inpaint", "images", "slides", "evaluate"})
    out[door] = kNoMask;
  return out;
}

std::map<std::string, std::string> scales(const std::string& mpp) {
  const std::string known = mpp.empty() ? "tissue, glass" : "tissue, glass, mpp " + mpp;
  auto out = pictures(known, {{"layout", kNoScale}, {"images", kNoScale}});
  return out;
}

TestDirectory picture(std::uint32_t compression = 1) {
  TestDirectory d{test_tags(kSide, kSide, 3, kTile, compression),
                  test_tiles(kSide, kSide, 3, kTile, shown)};
  for (std::string& piece : d.pieces)
    if (compression == 8) piece = deflated(piece);
  return d;
}

TestDirectory mask(int bits = 8) {
  TestDirectory d{
      test_tags(kSide, kSide, 1, kTile),
      test_tiles(kSide, kSide, 1, kTile, [](int x, int y, int) { return id_at(x, y); })};
  if (bits == 8) return d;
  d.tags[258] = {3, {4}};
  for (std::string& piece : d.pieces) {
    std::string half;
    for (std::size_t i = 0; i < piece.size(); i += 2)
      half += static_cast<char>(piece[i] << 4 | piece[i + 1]);
    piece = half;
  }
  return d;
}

std::function<void(const fs::path&)> tiff(TestDirectory d) {
  return [d](const fs::path& path) { write_tiff(path, {d}); };
}
TestDirectory with(TestDirectory d, int number, TestTag tag) {
  d.tags[number] = std::move(tag);
  return d;
}
TestTag text(const std::string& words) { return {2, {}, words}; }

// Through libvips, which knows more formats.
void save(const fs::path& path, const std::vector<std::uint8_t>& samples, int bands) {
  start_vips();
  const VipsPtr<VipsImage> memory(vips_image_new_from_memory(samples.data(), samples.size(), kSide,
                                                             kSide, bands, VIPS_FORMAT_UCHAR));
  VipsImage* copy = nullptr;
  vips_copy(memory.get(), &copy, "interpretation",
            bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB, nullptr);
  const VipsPtr<VipsImage> image(copy);
  ASSERT_EQ(vips_image_write_to_file(copy, path.c_str(), nullptr), 0) << vips_error_buffer();
}

template <class Value>
std::vector<std::uint8_t> samples_of(int bands, Value&& value) {
  std::vector<std::uint8_t> out;
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x)
      for (int c = 0; c < bands; ++c) out.push_back(value(x, y, c));
  return out;
}

void write_transparent(const fs::path& path) {
  save(path,
       samples_of(4,
                  [](int x, int y, int c) -> std::uint8_t {
                    if (c == 3) return is_tissue(x, y) ? 255 : 0;
                    return is_tissue(x, y) ? shown(x, y, c) : 0;
                  }),
       4);
}

TestDirectory with_gaps() {
  TestDirectory d = picture(8);
  d.pieces[1].clear();
  d.pieces[3].clear();
  return d;
}

TestDirectory planes() {
  TestDirectory d = with(picture(), 284, {3, {2}});
  d.pieces.clear();
  for (int c = 0; c < 3; ++c)
    for (const std::string& piece :
         test_tiles(kSide, kSide, 1, kTile, [c](int x, int y, int) { return shown(x, y, c); }))
      d.pieces.push_back(piece);
  return d;
}

// Tags say RGB, each tile is a JFIF file, as Java's ImageIO writes it.
TestDirectory jfif() {
  TestDirectory d = picture();
  d.tags[259] = {3, {7}};
  for (std::string& piece : d.pieces) {
    start_vips();
    const VipsPtr<VipsImage> memory(
        vips_image_new_from_memory(piece.data(), piece.size(), kTile, kTile, 3, VIPS_FORMAT_UCHAR));
    VipsImage* copy = nullptr;
    vips_copy(memory.get(), &copy, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr);
    const VipsPtr<VipsImage> image(copy);
    void* bytes = nullptr;
    std::size_t size = 0;
    vips_jpegsave_buffer(copy, &bytes, &size, "Q", 95, "subsample_mode", VIPS_FOREIGN_SUBSAMPLE_ON,
                         nullptr);
    piece.assign(static_cast<const char*>(bytes), size);
    g_free(bytes);
  }
  return d;
}

TestDirectory resolved(std::uint32_t resolution, std::uint32_t unit) {
  TestDirectory d = picture();
  d.tags[282] = d.tags[283] = {5, {resolution, 1}};
  d.tags[296] = {3, {unit}};
  return d;
}

TestDirectory palette(const std::function<std::uint32_t(std::uint32_t, int)>& entry) {
  TestDirectory d = with(mask(), 262, {3, {3}});
  d.tags[320] = {3, {}};
  for (int c = 0; c < 3; ++c)
    for (std::uint32_t i = 0; i < 256; ++i) d.tags[320].numbers.push_back(entry(i, c));
  return d;
}

// A profile whose header says CMYK.
TestDirectory with_profile() {
  std::string icc(128, '\0');
  icc.replace(0, 4, std::string("\0\0\0\x80", 4));
  icc.replace(12, 8, "prtrCMYK");
  icc.replace(36, 4, "acsp");
  return with(picture(), 34675, {7, {}, icc});
}

constexpr const char* kSquare =
    R"({"type": "Feature", "geometry": {"type": "Polygon", "coordinates":
    [[[0, 0], [128, 0], [128, 128], [0, 128], [0, 0]]]}, "properties":
    {"classification": {"name": "tissue"}}})";

std::map<std::string, std::string> drawn() {
  const std::string none = "-annotations are no picture";
  return {{"pyramid", none},
          {"labels", "-annotations are no picture; mask --mask makes one of them"},
          {"mask", "id 1, id 5"},
          {"layout", none},
          {"inpaint", "128 px wide"},
          {"images", none},
          {"slides", "id 1, id 0"},
          {"training mask", "-a mask of an image is a picture of its size"},
          {"evaluate", none}};
}

std::vector<Kind> picture_kinds() {
  const std::string editable = "!can't be edited: its image of 256x256 px ";
  return {
      {"transparency", "a.png", write_transparent,
       pictures("tissue, glass", {{"inpaint", "!is no TIFF file"},
                                  {"slides", "!is not a slide that OpenSlide reads"}})},
      {"missing tiles", "a.tif", tiff(with_gaps()),
       pictures("tissue, glass", {{"inpaint", "!tile 3 of the directory"}})},
      {"colour planes", "a.tif", tiff(planes()),
       pictures("tissue, glass", {{"inpaint", editable + "stores its colours apart (planar)"}})},
      {"colours of the stream", "a.ome.tif", tiff(jfif()),
       pictures("tissue, glass",
                {{"inpaint", editable + "says RGB, but its JPEG says YCbCr; readers show"}})},
      {"pages", "a.tif",
       [](const fs::path& path) {
         write_tiff(path, {picture(), picture()});
       },
       pictures("!holds 2 images of 256x256 px, such as planes, channels or times", {})},
      {"orientation", "a.tif", tiff(with(picture(), 274, {3, {6}})),
       pictures("!is turned by its orientation tag (6), which some programs follow", {})},
      {"profile of other colours", "a.tif", tiff(with_profile()),
       pictures("-the door takes no profile", {{"pyramid", "tissue, glass, profile left out"},
                                               {"inpaint", "-a copy keeps all tags"}})},
  };
}

std::vector<Kind> scale_kinds() {
  return {
      {"resolution without a unit", "a.tif", tiff(resolved(300, 1)), scales("")},
      {"printing resolution", "a.tif", tiff(resolved(300, 2)), scales("")},
      {"resolution with a unit", "a.tif", tiff(resolved(20000, 3)), scales("0.5")},
      {"ImageJ's unit", "a.tif",
       tiff(with(resolved(2, 1), 270, text("ImageJ=1.53t\nunit=micron\n"))), scales("0.5")},
      {"decimal comma", "a.svs",
       tiff(with(picture(), 270, text("Aperio Image Library\r\nx|MPP = 0,5|AppMag = 20"))),
       scales("0.5")},
      {"OME's unit", "a.ome.tif",
       tiff(with(resolved(72, 2), 270,
                 text("<OME xmlns=\"x\"><Image ID=\"I:0\"><Pixels ID=\"P:0\" SizeX=\"256\" "
                      "SizeY=\"256\" PhysicalSizeX=\"500\" PhysicalSizeXUnit=\"nm\" "
                      "PhysicalSizeY=\"500\" PhysicalSizeYUnit=\"nm\"/></Image></OME>"))),
       scales("0.5")},
      {"name in capitals", "A.TIF", tiff(picture()), pictures("tissue, glass", {})},
  };
}

std::vector<Kind> mask_kinds() {
  return {
      {"few bits", "m.tif", tiff(mask(4)), masks("id 1, id 5")},
      {"polarity", "m.tif", tiff(with(mask(), 262, {3, {0}})), masks("id 1, id 5")},
      {"palette", "m.tif", tiff(palette([](std::uint32_t i, int c) {
         return (i * 7919 + static_cast<std::uint32_t>(c) * 257) % 65536;
       })),
       masks("id 1, id 5")},
      {"palette of greys", "m.tif",
       tiff(palette([](std::uint32_t i, int) { return (255 - i) * 257; })),
       masks("!has a palette whose greys aren't its indices, as programs that make PNGs smaller")},
      {"mask stored with loss", "m.jpg",
       [](const fs::path& path) {
         save(path, samples_of(1, [](int x, int y, int) { return id_at(x, y); }), 1);
       },
       masks("!is stored as JPEG, which invents classes; save it as PNG")},
      {"mask's name in capitals", "M.TIF", tiff(mask()), masks("id 1, id 5")},
  };
}

std::vector<Kind> annotation_kinds() {
  return {
      {"compressed annotations", "a.geojson.gz",
       [](const fs::path& path) {
         const gzFile file = gzopen(path.c_str(), "wb");
         gzputs(file, kSquare);
         gzclose(file);
       },
       drawn()},
      {"annotations in capitals", "A.JSON",
       [](const fs::path& path) { write_bytes(path, kSquare); }, drawn()},
      {"nested annotations", "a.geojson",
       [](const fs::path& path) {
         const std::string outer =
             R"({"type": "Feature", "geometry": {"type": "Polygon", "coordinates":
             [[[0, 0], [120, 0], [120, 120], [0, 120]]]}, "properties": {"classification":
             {"name": "glass"}, "childObjects": [)";
         write_bytes(path, outer + kSquare + "]}}");
       },
       drawn()},
  };
}

}  // namespace

std::vector<Kind> all_kinds() {
  std::vector<Kind> out;
  for (auto&& some : {picture_kinds(), scale_kinds(), mask_kinds(), annotation_kinds()})
    out.insert(out.end(), some.begin(), some.end());
  return out;
}

}  // namespace histoloom::doors
