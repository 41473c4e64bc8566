// Every door by which a picture or a label comes in against every kind of file that other programs
// write: a cell of the table is what the door makes of the kind, the refusal that all doors share,
// or the reason why the two don't meet. The files are written by hand after TIFF 6.0, PNG and
// GeoJSON (RFC 7946).
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <vips/vips.h>

#include <functional>
#include <map>

#include "histoloom/convert/convert.h"
#include "histoloom/evaluate/patch_source.h"
#include "histoloom/labels/annotation_file.h"
#include "histoloom/labels/mask_file.h"
#include "histoloom/labels/outline_file.h"
#include "histoloom/labels/pixel_region.h"
#include "histoloom/pictures/open_picture.h"
#include "histoloom/pictures/vips.h"
#include "histoloom/pyramid/tile_editor.h"
#include "histoloom/train/image_set.h"
#include "support/test_tiff.h"

namespace histoloom {
namespace {

namespace fs = std::filesystem;

constexpr int kSide = 256, kTile = 128;  // px

// The left upper tile is tissue, or of id 1; the rest is glass, or of id 5.
bool is_tissue(int x, int y) { return x < kTile && y < kTile; }
std::uint8_t shown(int x, int y, int c) {
  static constexpr int kTissue[] = {200, 90, 150};
  return static_cast<std::uint8_t>(is_tissue(x, y) ? kTissue[c] : 255);
}
std::uint8_t id_at(int x, int y) { return is_tissue(x, y) ? 1 : 5; }

LabelSet labels() {
  return LabelSet::parse(
      R"({"labels": [{"id": 0, "name": "unknown", "color": [0, 0, 0]},
                     {"id": 1, "name": "tissue", "color": [200, 0, 0]},
                     {"id": 5, "name": "glass", "color": [255, 255, 255]}],
          "unknown": 0, "glass": 5})",
      "labels");
}

class Silent final : public Progress {
 public:
  void start_stage(std::string_view, std::int64_t, std::string_view) override {}
  void update(std::int64_t, std::string_view) override {}
  void finish() override {}
  void warn(std::string_view message) override { warnings += std::string(message) + "\n"; }
  bool stop_requested() const override { return false; }
  std::string warnings;
};

std::string colour_of(const std::uint8_t* rgb) {
  const auto near = [&](int r, int g, int b) {
    return std::abs(rgb[0] - r) < 6 && std::abs(rgb[1] - g) < 6 && std::abs(rgb[2] - b) < 6;
  };
  if (near(200, 90, 150)) return "tissue";
  return near(255, 255, 255) ? "glass" : fmt::format("{},{},{}", rgb[0], rgb[1], rgb[2]);
}

// What a door makes of a file, in words: what lies at (20, 20) and at (200, 200), and the scale as
// far as the door has one. What it throws is for the table.
std::string by_pyramid(const fs::path& file) {
  ConvertOptions o;
  o.in = file;
  o.out = file.parent_path() / "out.ome.tif";
  o.force = true;
  o.compression = "deflate";
  o.tile = 64;
  Silent progress;
  Conversion(o).run(progress);
  const auto out = open_picture(o.out);
  const auto at = [&](std::int64_t x) {
    const Picture one = out->region(PixelRect::at({x, x}, {1, 1}));
    return one.channels == 1 ? fmt::format("grey {}", one.samples[0])
                             : colour_of(one.samples.data());
  };
  std::string said = at(20) + ", " + at(200);
  if (out->mpp()) said += fmt::format(", mpp {:.3g}", *out->mpp());
  if (progress.warnings.find("colour profile is left out") != std::string::npos)
    said += ", profile left out";
  return said;
}

std::string by_labels(const fs::path& file) {
  ConvertOptions o;
  o.in = file;
  o.out = file.parent_path() / "labels.tif";
  o.force = o.labels = true;
  o.tile = 64;
  Silent progress;
  Conversion(o).run(progress);
  const auto out = open_mask(o.out);
  return fmt::format("id {}, id {}", out->region(PixelRect::at({20, 20}, {1, 1})).samples[0],
                     out->region(PixelRect::at({200, 200}, {1, 1})).samples[0]);
}

std::string ids_of(const LabelField& field) {
  LabelId first = 0, second = 0;
  field.read({2, 2, 3, 3}, &first);
  field.read({25, 25, 26, 26}, &second);
  return fmt::format("id {}, id {}", first, second);
}

std::string by_mask(const fs::path& file) {
  return ids_of(*read_mask(file, labels(), {kSide, kSide}, 8));
}

std::string by_layout(const fs::path& file) {
  const auto field = read_outline(file, {32, 32}, labels(), {});
  LabelId first = 0, second = 0;
  field->read({2, 2, 3, 3}, &first);
  field->read({25, 25, 26, 26}, &second);
  const auto word = [](LabelId id) { return id == 5 ? "glass" : "tissue"; };
  return fmt::format("{}, {}", word(first), word(second));
}

// The slide as the editor sees it, with the scale that --inpaint asks for.
std::string by_inpaint(const fs::path& file) {
  if (is_annotation_name(file.string()))
    return fmt::format("{} px wide", PixelRegion::read(file).box().width());
  const auto mpp = open_picture(file)->facts().mpp;
  const pyramid::TileEditor slide(file);
  const auto at = [&](std::int64_t x) {
    return colour_of(slide.read(PixelRect::at({x, x}, {1, 1})).data());
  };
  return at(20) + ", " + at(200) + (mpp ? fmt::format(", mpp {:.3g}", *mpp) : "");
}

std::string first_image(const ImageSetOptions& options) {
  const auto images = read_image_set(options, labels());
  const TrainingImage& image = images.at(0);
  const auto at = [&](std::int64_t x) {
    return colour_of(&image.pixels[static_cast<std::size_t>(3 * (x * image.size.width + x))]);
  };
  // A model of 1 micron a pixel.
  const double shrink = kSide / static_cast<double>(image.size.width);
  std::string said = at(std::llround(20 / shrink)) + ", " + at(std::llround(200 / shrink));
  if (shrink > 1) said += fmt::format(", mpp {:.3g}", 1 / shrink);
  return said;
}

// A folder of its own for a training, which takes what lies in it.
fs::path folder_for(const fs::path& file) {
  const fs::path folder = file.parent_path() / "images";
  fs::remove_all(folder);
  fs::create_directory(folder);
  return folder;
}

std::string by_images(const fs::path& file) {
  const fs::path folder = folder_for(file);
  std::string name = file.filename().string();
  fs::create_symlink(file, folder / name);
  ImageSetOptions options;
  options.images = folder;
  return first_image(options);
}

std::string by_slides(const fs::path& file) {
  ImageSetOptions options;
  options.mpp = 1;
  if (!is_annotation_name(file.string())) {
    options.slides = {{file, {}}};
    return first_image(options);
  }
  const auto field = read_annotations(file, labels(), {{kSide, kSide}, {kSide, kSide}, 8});
  return ids_of(*field);
}

fs::path plain_picture(const fs::path& folder, const std::string& name) {
  TestDirectory d{test_tags(kSide, kSide, 3, kTile), test_tiles(kSide, kSide, 3, kTile, shown)};
  write_tiff(folder / name, {d});
  return folder / name;
}

std::string by_training_mask(const fs::path& file) {
  const fs::path folder = folder_for(file);
  const bool capitals = file.filename() == "M.TIF";
  plain_picture(folder, "a.tif");
  fs::create_symlink(file,
                     folder / (capitals ? "a_MASK.TIFF" : "a_mask" + file.extension().string()));
  ImageSetOptions options;
  options.images = folder;
  const auto images = read_image_set(options, labels());
  if (!images.at(0).labelled) return "no mask";
  const auto& ids = images.at(0).labels;
  return fmt::format("id {}, id {}", ids[2 * 32 + 2], ids[25 * 32 + 25]);
}

std::string by_evaluate(const fs::path& file) {
  const auto sources = evaluate::open_patch_sources({file});
  auto& source = *sources.at(0);
  const auto at = [&](std::int64_t x) {
    return colour_of(source.region(PixelRect::at({x, x}, {1, 1})).samples.data());
  };
  const auto mpp = source.mpp();
  return at(20) + ", " + at(200) + (mpp ? fmt::format(", mpp {:.3g}", *mpp) : "");
}

struct Door {
  const char* name;
  std::string (*open)(const fs::path&);
};
constexpr Door kDoors[] = {{"pyramid", by_pyramid},  {"labels", by_labels},
                           {"mask", by_mask},        {"layout", by_layout},
                           {"inpaint", by_inpaint},  {"images", by_images},
                           {"slides", by_slides},    {"training mask", by_training_mask},
                           {"evaluate", by_evaluate}};

// A kind of file: how it is written, and what each door makes of it. A cell that begins with "!" is
// a part of the refusal, with "-" the reason why the door has nothing to do with the kind.
struct Kind {
  const char* name;
  const char* file;
  std::function<void(const fs::path&)> write;
  std::map<std::string, std::string> cells;
};

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

std::vector<Kind> kinds() {
  const std::string editable = "!can't be edited: its image of 256x256 px ";
  std::vector<Kind> out{
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
  return out;
}

struct Cell {
  Kind kind;
  Door door;
};

std::vector<Cell> cells() {
  std::vector<Cell> out;
  for (const Kind& kind : kinds())
    for (const Door& door : kDoors) out.push_back({kind, door});
  return out;
}

class Doors : public testing::TestWithParam<Cell> {};

TEST_P(Doors, MakeOfAKindWhatTheTableSays) {
  const auto& [kind, door] = GetParam();
  const std::string expected = kind.cells.at(door.name);
  ASSERT_FALSE(expected.empty());
  if (expected[0] == '-') {
    RecordProperty("not_applicable", expected.substr(1));
    return;
  }
  const ScratchDirectory folder;
  kind.write(folder / kind.file);
  std::string found;
  const std::string refusal = message_of([&] { found = door.open(folder / kind.file); });
  if (expected[0] == '!')
    EXPECT_THAT(refusal, testing::HasSubstr(expected.substr(1))) << found;
  else
    EXPECT_EQ(refusal + found, expected);
}

std::string name_of(const testing::TestParamInfo<Cell>& info) {
  std::string out = std::string(info.param.kind.name) + " " + info.param.door.name;
  std::erase_if(out, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; });
  return out;
}

INSTANTIATE_TEST_SUITE_P(Table, Doors, testing::ValuesIn(cells()), name_of);

TEST(DoorTable, IsWholeAndSaysHowManyCellsDontApply) {
  std::map<char, int> counts;
  for (const Cell& cell : cells()) {
    const char first = cell.kind.cells.at(cell.door.name).at(0);
    ++counts[first == '-' || first == '!' ? first : '+'];
  }
  EXPECT_EQ(counts['+'] + counts['-'] + counts['!'], 9 * 23);
  EXPECT_EQ(counts['-'], 113) << counts['+'] << " right, " << counts['!'] << " refused";
}

// Folders: what macOS leaves beside pictures is none.
TEST(DoorsOfFolders, PassOverNamesThatBeginWithADot) {
  const ScratchDirectory folder;
  plain_picture(folder.path(), "a.tif");
  for (const char* name : {"._a.tif", ".b.png", "._a_mask.tif", ".c.jpeg", ".DS_Store.png"})
    write_bytes(folder / name, std::string("\0\5\x16\7", 4) + "Mac OS X");
  ImageSetOptions options;
  options.images = folder.path();
  EXPECT_EQ(read_image_set(options, labels()).size(), 1u);
  EXPECT_EQ(evaluate::open_patch_sources({folder.path()}).size(), 1u);
}

}  // namespace
}  // namespace histoloom
