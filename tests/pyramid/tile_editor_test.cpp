// A copy of a slide in which some pixels were replaced: those, and nothing else. libtiff, OpenSlide
// and libtiff's tools read it back.
#include "histoloom/pyramid/tile_editor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openslide.h>

#include <string>

#include "editing.h"
#include "tiff_editor.h"

namespace histoloom::pyramid::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// `picture` with a brighter, noisy rectangle.
Picture changed(Picture picture, const PixelRect& rect) {
  for (std::int64_t y = rect.y0; y < rect.y1; ++y)
    for (std::int64_t x = rect.x0; x < rect.x1; ++x)
      for (int c = 0; c < picture.channels; ++c)
        picture.at(x, y, c) = static_cast<std::uint8_t>(picture.at(x, y, c) + 20 + (x * y) % 7);
  return picture;
}

// The levels of a file in order, wherever the profile puts them.
std::vector<ReadDirectory> levels_of(const ReadFile& file) {
  std::vector<ReadDirectory> levels;
  for (const auto* list : {&file.chain, &file.children})
    for (const ReadDirectory& directory : *list)
      if (directory.tiled) levels.push_back(directory);
  return levels;
}

// Where a pixel differs: the smallest rectangle around it.
PixelRect difference(const Picture& a, const Picture& b) {
  PixelRect box{a.width, a.height, 0, 0};
  for (std::int64_t y = 0; y < a.height; ++y)
    for (std::int64_t x = 0; x < a.width; ++x)
      for (int c = 0; c < a.channels; ++c)
        if (a.at(x, y, c) != b.at(x, y, c))
          box = {std::min(box.x0, x), std::min(box.y0, y), std::max(box.x1, x + 1),
                 std::max(box.y1, y + 1)};
  return box;
}

PixelRect shrunk(const PixelRect& rect, std::int64_t factor) {
  return {rect.x0 / factor, rect.y0 / factor, divide_up(rect.x1, factor),
          divide_up(rect.y1, factor)};
}

// Every tile that no changed pixel lies in is where it was.
void expect_other_tiles_untouched(const ReadDirectory& before, const ReadDirectory& after,
                                  const PixelRect& rect, std::int64_t tile) {
  const std::int64_t columns = divide_up(before.picture.width, tile);
  for (std::size_t i = 0; i < before.offsets.size(); ++i) {
    const auto n = static_cast<std::int64_t>(i);
    const PixelRect area =
        PixelRect::at(PixelPoint{n % columns * tile, n / columns * tile}, PixelSize{tile, tile});
    const bool touched = !intersect(area, rect).empty();
    EXPECT_EQ(after.offsets[i] == before.offsets[i], !touched) << "tile " << i;
    EXPECT_TRUE(touched || after.sizes[i] == before.sizes[i]) << "tile " << i;
  }
}

struct Way {
  Profile profile;
  Compression compression;
  Container container = Container::automatic;
};

class Editing : public testing::TestWithParam<Way> {
 protected:
  // Writes the slide, edits it, reads both.
  void edit(const Picture& picture, const Picture& wanted, const PixelRect& rect = kRect) {
    WriterOptions options = full_options(picture, GetParam().profile);
    options.compression = GetParam().compression;
    options.container = GetParam().container;
    options.tile = 128;
    options.levels = 3;
    write(scratch / "in.tif", picture, options);
    const TileEditor editor(scratch / "in.tif");
    EXPECT_EQ(editor.size(), (PixelSize{picture.width, picture.height}));
    summary = editor.write(scratch / "out.tif", rect, crop(wanted, rect), mark());
    before = read_tiff(scratch / "in.tif");
    after = read_tiff(scratch / "out.tif");
    EXPECT_THAT(after.complaints, IsEmpty());
  }
  ScratchDirectory scratch;
  EditSummary summary;
  ReadFile before, after;
};

class EditingLossless : public Editing {};

TEST_P(EditingLossless, ReplacesThePixelsAndNoOthersInEveryLevel) {
  const Picture picture = waves(700, 501, 3), wanted = changed(picture, kRect);
  edit(picture, wanted);
  const auto was = levels_of(before), is = levels_of(after);
  ASSERT_EQ(is.size(), 3u);
  EXPECT_EQ(is[0].picture.pixels, wanted.pixels);
  for (std::size_t k = 1; k < 3; ++k) {
    const int factor = 1 << k;
    const PixelRect windows = shrunk(kRect, factor);
    EXPECT_TRUE(windows.contains(difference(was[k].picture, is[k].picture))) << k;
    const Picture mean = test::shrunk(wanted, factor, Reduction::mean);
    EXPECT_EQ(crop(is[k].picture, windows), crop(mean, windows)) << k;
    expect_other_tiles_untouched(was[k], is[k], windows, 128);
  }
  expect_other_tiles_untouched(was[0], is[0], kRect, 128);
  EXPECT_EQ(summary.levels[0].replaced, 4);
  EXPECT_EQ(summary.levels[0].tiles, 24);
  EXPECT_EQ(summary.bytes, std::filesystem::file_size(scratch / "out.tif"));
}

TEST_P(EditingLossless, SaysSoAndKeepsAllElse) {
  const Picture picture = waves(300, 200, 3);
  edit(picture, changed(picture, kRect));
  ASSERT_EQ(after.chain.size(), before.chain.size());
  EXPECT_EQ(after.big, before.big);
  for (std::size_t i = 1; i < before.chain.size(); ++i) {
    EXPECT_EQ(after.chain[i].description, before.chain[i].description);
    if (before.chain[i].tiled) continue;
    EXPECT_EQ(after.chain[i].picture.pixels, before.chain[i].picture.pixels);
  }
  const ReadDirectory &was = before.chain[0], &is = after.chain[0];
  EXPECT_EQ(
      is.description,
      was.description + (GetParam().profile == Profile::ome ? "" : "|Inpainted = 101,90,150,60"));
  // It was synthetic and is.
  EXPECT_EQ(is.xmp, was.xmp);
  EXPECT_EQ(is.icc_bytes, was.icc_bytes);
  EXPECT_EQ(is.x_resolution, was.x_resolution);
  EXPECT_EQ(is.date, was.date);
}

INSTANTIATE_TEST_SUITE_P(Profiles, EditingLossless,
                         testing::Values(Way{Profile::svs, Compression::deflate},
                                         Way{Profile::generic, Compression::lzw, Container::big},
                                         Way{Profile::ome, Compression::none, Container::big},
                                         Way{Profile::ome, Compression::lzw}));

class EditingJpeg : public Editing {
 protected:
  // Edits what a reader sees of the slide, as a job does, and looks at all levels.
  void expect_only_blocks_change(const Picture& picture) {
    WriterOptions options = full_options(picture, GetParam().profile);
    options.tile = 128;
    write(scratch / "seen.tif", picture, options);
    wanted = changed(levels_of(read_tiff(scratch / "seen.tif"))[0].picture, kRect);
    edit(picture, wanted);
    const auto was = levels_of(before), is = levels_of(after);
    for (std::size_t k = 0; k < 3; ++k) {
      const PixelRect windows = shrunk(kRect, std::int64_t{1} << k);
      // Blocks of 16 px, and one pixel of the reader's smoothing.
      const PixelRect blocks{windows.x0 / 16 * 16 - 1, windows.y0 / 16 * 16 - 1,
                             divide_up(windows.x1, 16) * 16 + 1,
                             divide_up(windows.y1, 16) * 16 + 1};
      EXPECT_TRUE(blocks.contains(difference(was[k].picture, is[k].picture))) << k;
      expect_other_tiles_untouched(was[k], is[k], windows, 128);
    }
  }
  Picture wanted;
};

TEST_P(EditingJpeg, ChangesNoPixelBeyondTheBlocksOfThoseReplaced) {
  expect_only_blocks_change(waves(700, 501, 3));
  const Picture was = levels_of(before)[0].picture, is = levels_of(after)[0].picture;
  EXPECT_LT(mean_difference(is, wanted), 0.3);
  EXPECT_GT(mean_difference(is, was), 0.5) << "the change is there";
}

TEST_P(EditingJpeg, KeepsBlocksThatAnotherEncodingWouldChange) {
  // Decoded noise is clipped to bytes, so its coefficients are lost.
  expect_only_blocks_change(noise(700, 501, 3));
}

INSTANTIATE_TEST_SUITE_P(Profiles, EditingJpeg,
                         testing::Values(Way{Profile::svs, Compression::jpeg},
                                         Way{Profile::generic, Compression::jpeg, Container::big},
                                         Way{Profile::ome, Compression::jpeg}));

TEST(TileEditor, PixelsThatAreEqualTouchNoTile) {
  const ScratchDirectory scratch;
  const Picture picture = waves(300, 200, 3);
  WriterOptions options = options_for(picture);
  options.compression = Compression::deflate;
  write(scratch / "in.tif", picture, options);
  const TileEditor editor(scratch / "in.tif");
  const PixelRect all = PixelRect::of(editor.size());
  EXPECT_EQ(editor.read(all), picture.pixels);
  const EditSummary summary = editor.write(scratch / "out.tif", all, picture.pixels, mark());
  for (const EditedLevel& level : summary.levels) EXPECT_EQ(level.replaced, 0);
}

TEST(TileEditor, ATileSharedByManyEntriesChangesInOne) {
  const ScratchDirectory scratch;
  const Picture glass = blank(512, 384, 3, 240);
  WriterOptions options = options_for(glass);
  options.tile = 128;
  const Picture wanted = changed(glass, {10, 10, 20, 20});
  write(scratch / "in.tif", glass, options);
  const PixelRect rect{10, 10, 20, 20};
  TileEditor(scratch / "in.tif").write(scratch / "out.tif", rect, crop(wanted, rect), mark());
  const Picture seen = read_tiff(scratch / "out.tif").chain[0].picture;
  EXPECT_TRUE((PixelRect{0, 0, 33, 33}).contains(difference(glass, seen)));
}

// Files of other programs: either byte order, classic and Big, other codecs.
class ForeignSlide : public testing::TestWithParam<const char*> {};

TEST_P(ForeignSlide, IsEditedAsItIs) {
  const ScratchDirectory scratch;
  const Picture picture = waves(300, 200, 3), wanted = changed(picture, kRect);
  WriterOptions options = options_for(picture);
  options.compression = Compression::none;
  options.levels = 1;
  options.digital_source_type = "";
  options.description = "a slide";
  write(scratch / "ours.tif", picture, options);
  const std::string in = (scratch / "in.tif").string();
  ASSERT_EQ(shell(std::string("tiffcp ") + GetParam() + " -t -w 64 -l 64 " +
                  (scratch / "ours.tif").string() + " " + in)
                .rc,
            0);
  const ReadFile was = read_tiff(in);
  const TileEditor editor(in);
  const PixelRect all = PixelRect::of(editor.size());
  EXPECT_EQ(editor.read(all), was.chain[0].picture.pixels);
  editor.write(scratch / "out.tif", kRect, crop(wanted, kRect), mark());
  const ReadFile is = read_tiff(scratch / "out.tif");
  EXPECT_THAT(is.complaints, IsEmpty());
  EXPECT_EQ(is.chain[0].photometric, was.chain[0].photometric);
  EXPECT_EQ(is.chain[0].description, "a slide|Inpainted = 101,90,150,60");
  EXPECT_THAT(is.chain[0].xmp, HasSubstr("compositeWithTrainedAlgorithmicMedia"));
  expect_other_tiles_untouched(was.chain[0], is.chain[0], kRect, 64);
  EXPECT_LT(mean_difference(is.chain[0].picture, wanted), 1);
  EXPECT_EQ(shell("tiffinfo -D " + (scratch / "out.tif").string()).rc, 0);
}

INSTANTIATE_TEST_SUITE_P(Tiffcp, ForeignSlide,
                         testing::Values("-c lzw:2 -B", "-c zip:2 -L -8", "-c none -B -8",
                                         "-c jpeg:90", "-c jpeg:r:95 -B"));

TEST(TileEditor, OpenSlideShowsTheChangeAndItsNote) {
  const ScratchDirectory scratch;
  const Picture picture = waves(700, 501, 3), wanted = changed(picture, kRect);
  WriterOptions options = full_options(picture, Profile::svs);
  options.compression = Compression::lzw;
  write(scratch / "in.svs", picture, options);
  TileEditor(scratch / "in.svs").write(scratch / "out.svs", kRect, crop(wanted, kRect), mark());
  const std::unique_ptr<openslide_t, decltype(&openslide_close)> slide(
      openslide_open((scratch / "out.svs").c_str()), openslide_close);
  ASSERT_NE(slide, nullptr);
  ASSERT_EQ(openslide_get_error(slide.get()), nullptr);
  EXPECT_STREQ(openslide_get_property_value(slide.get(), "aperio.Inpainted"), "101,90,150,60");
  std::vector<std::uint32_t> argb(700 * 501);
  openslide_read_region(slide.get(), argb.data(), 0, 0, 0, 700, 501);
  for (std::size_t i = 0; i < argb.size(); ++i)
    for (std::size_t c = 0; c < 3; ++c)
      ASSERT_EQ(argb[i] >> (16 - 8 * c) & 255, wanted.pixels[3 * i + c]) << i;
}

TEST(TileEditor, WritesOverWhatAKilledRunLeft) {
  const ScratchDirectory scratch;
  const Picture picture = waves(300, 200, 3);
  write(scratch / "in.tif", picture, full_options(picture, Profile::generic));
  const TileEditor editor(scratch / "in.tif");
  const auto edit = [&] {
    editor.write(scratch / "out.tif", kRect, crop(changed(picture, kRect), kRect), mark());
    return bytes_of(scratch / "out.tif");
  };
  const auto expected = edit();
  write_bytes(partial_path(scratch / "out.tif"), std::string(2 * expected.size(), 'x'));
  EXPECT_TRUE(edit() == expected);
}

TEST(TileEditor, LeavesNothingBehindWhereAWriteFails) {
  const ScratchDirectory scratch;
  const Picture picture = waves(300, 200, 3), wanted = changed(picture, kRect);
  write(scratch / "in.tif", picture, options_for(picture));
  const TileEditor editor(scratch / "in.tif");
  MemoryFile whole;
  editor.write(sink_to(whole), kRect, crop(wanted, kRect), mark());
  EXPECT_TRUE(whole.committed);
  for (int call = 0; call < whole.calls; ++call) {
    MemoryFile file;
    file.fail_at = call;
    EXPECT_THROW(editor.write(sink_to(file), kRect, crop(wanted, kRect), mark()), UserError);
    EXPECT_TRUE(file.discarded && !file.committed) << call;
  }
}

TEST(EditMark, NotesGoAfterADescriptionThatIsNoXml) {
  EXPECT_EQ(edited_description("", "N"), "N");
  EXPECT_EQ(edited_description("Aperio|MPP = 0.5", "N"), "Aperio|MPP = 0.5|N");
  EXPECT_EQ(edited_description(" <?xml?><OME/>", "N"), " <?xml?><OME/>");
  EXPECT_EQ(edited_description("{\"shape\": [1]}", "N"), "{\"shape\": [1]}");
}

TEST(EditMark, XmpKeepsWhatItSaid) {
  const std::string fresh = edited_xmp("", mark());
  EXPECT_THAT(fresh, HasSubstr("digitalsourcetype/compositeWithTrainedAlgorithmicMedia"));
  EXPECT_EQ(edited_xmp(fresh, mark()), fresh);
  const std::string added = edited_xmp("<a><rdf:RDF><b/></rdf:RDF></a>", mark());
  EXPECT_THAT(added, testing::StartsWith("<a><rdf:RDF><b/><rdf:Description "));
  EXPECT_THAT(added, testing::EndsWith("compositeWithTrainedAlgorithmicMedia\"/></rdf:RDF></a>"));
}

}  // namespace
}  // namespace histoloom::pyramid::test
