// Slides that can't be edited are refused before any work, in words that name the tile or the list.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "editing.h"
#include "tiff_editor.h"

namespace histoloom::pyramid::test {
namespace {

using testing::HasSubstr;

TEST(TileEditor, RefusesWhatItCanNotKeep) {
  const ScratchDirectory scratch;
  const Picture picture = waves(300, 200, 3);
  WriterOptions options = options_for(picture);
  options.compression = Compression::none;
  write(scratch / "rgb.tif", picture, options);
  const Picture grey = waves(300, 200, 1);
  write(scratch / "grey.tif", grey, options_for(grey));
  const std::string rgb = (scratch / "rgb.tif").string(), in = (scratch / "in.tif").string();
  const auto refusal = [&](const std::string& why) {
    return in + ": can't be edited: its image of 300x200 px " + why +
           "; tiled TIFFs of 8-bit RGB in JPEG, deflate, LZW or uncompressed can, such as "
           "'histoloom pyramid' writes";
  };
  const std::pair<std::string, std::string> cases[] = {
      {"tiffcp -c none -s " + rgb, "is stored in strips"},
      {"tiffcp -c none -p separate -t " + rgb, "stores its colours apart (planar)"},
      {"tiffcp -c zstd -t " + rgb, "has compression 50000"},
      {"cp " + (scratch / "grey.tif").string(), "has 1 samples of 8 bits"}};
  for (const auto& [command, why] : cases) {
    ASSERT_EQ(shell(command + " " + in).rc, 0) << command;
    EXPECT_EQ(message_of([&] { TileEditor{in}; }), refusal(why));
  }
}

TEST(TileEditor, RefusesWhatItsListsCanNotHold) {
  const ScratchDirectory scratch;
  const Picture flat = blank(250, 200, 3, 99);
  WriterOptions options = options_for(flat);
  options.compression = Compression::deflate;
  write(scratch / "in.tif", flat, options);
  // As some writers list byte counts: in two bytes.
  TiffEditor file(scratch / "in.tif");
  file.chain[0].set_short(325, static_cast<std::uint16_t>(file.chain[0].item(325, 0)));
  file.save(scratch / "in.tif");
  const Picture busy = noise(250, 200, 3);
  const PixelRect all = PixelRect::of({250, 200});
  EXPECT_THAT(
      message_of([&] {
        TileEditor(scratch / "in.tif").write(scratch / "out.tif", all, crop(busy, all), mark());
      }),
      testing::MatchesRegex(".*/in.tif: its TileByteCounts are stored in 2 bytes each, but "
                            "a new tile needs the value 1[0-9]{5}; rewrite it first with "
                            "'histoloom pyramid'"));
  EXPECT_EQ(scratch.files(), std::vector<std::string>{"in.tif"});
}

TEST(TileEditor, ADamagedTileIsAnErrorThatNamesIt) {
  const ScratchDirectory scratch;
  const Picture picture = waves(300, 200, 3);
  for (const Compression compression : {Compression::jpeg, Compression::deflate}) {
    WriterOptions options = options_for(picture);
    options.compression = compression;
    options.levels = 1;
    MemoryFile file = write_to_memory(picture, options);
    std::fill(file.bytes.begin() + 16, file.bytes.begin() + 400, std::uint8_t{0});
    write_bytes(scratch / "in.tif", std::string(file.bytes.begin(), file.bytes.end()));
    const TileEditor editor(scratch / "in.tif");
    EXPECT_THAT(message_of([&] {
                  editor.read({0, 0, 9, 9});
                }),
                testing::AllOf(HasSubstr("in.tif: tile 0 of the directory at byte "),
                               HasSubstr(" can't be decoded ("),
                               testing::EndsWith("; the file is damaged")));
  }
}

// A reader takes the step as it is; an encoder divides by it.
TEST(TileEditor, AStepOfQuantisationOfZeroIsRefused) {
  const ScratchDirectory scratch;
  const Picture picture = waves(600, 400, 3);
  MemoryFile file = write_to_memory(picture, options_for(picture));
  std::string bytes(file.bytes.begin(), file.bytes.end());
  const std::string table("\xFF\xDB\0\x43\0", 5);
  const std::size_t at = bytes.find(table);
  ASSERT_NE(at, std::string::npos);
  for (const std::size_t step : {0, 5, 63}) {
    std::string damaged = bytes;
    damaged[at + table.size() + step] = '\0';
    write_bytes(scratch / "in.tif", damaged);
    const TileEditor editor(scratch / "in.tif");
    const std::vector<std::uint8_t> white(static_cast<std::size_t>(3 * kRect.area()), 255);
    EXPECT_THAT(message_of([&] { editor.write(scratch / "out.tif", kRect, white, mark()); }),
                HasSubstr("its JPEG stream states a step of quantisation of 0, or none"));
    EXPECT_FALSE(std::filesystem::exists(scratch / "out.tif"));
  }
}

// Wherever the profile puts it.
TiffEditor::Directory& level_of(TiffEditor& file, std::size_t level) {
  auto& children = file.chain[0].children;
  return level > 0 && !children.empty() ? children.at(level - 1) : file.chain.at(level);
}

TEST(TileEditor, RefusesSizesThatNoLevelHas) {
  const ScratchDirectory scratch;
  const Picture picture = waves(300, 200, 3);
  WriterOptions options = options_for(picture);
  options.levels = 2;
  write(scratch / "whole.tif", picture, options);
  struct Case {
    std::size_t level;
    std::uint16_t tag;
    std::uint32_t value;
    const char* image;
    const char* why;
  };
  const Case cases[] = {
      {0, 256, 0, "0x200", "states tiles of 256x256 px"},
      {0, 322, 0, "300x200", "states tiles of 0x256 px"},
      {0, 322, 0x7ffffff0, "300x200", "states tiles of 2147483632x256 px"},
      {0, 323, 16400, "300x200", "states tiles of 256x16400 px"},
      {1, 322, 0, "150x100", "states tiles of 0x256 px"},
  };
  for (const Case& c : cases) {
    TiffEditor file(scratch / "whole.tif");
    level_of(file, c.level).set_long(c.tag, c.value);
    file.save(scratch / "in.tif");
    EXPECT_THAT(message_of([&] { TileEditor{scratch / "in.tif"}; }),
                HasSubstr(std::string("its image of ") + c.image + " px " + c.why))
        << c.level << ' ' << c.tag;
  }
}

TEST(TileEditor, ALevelLargerThanTheSlideIsRefused) {
  const ScratchDirectory scratch;
  const Picture picture = waves(300, 200, 3);
  WriterOptions options = options_for(picture);
  options.levels = 2;
  write(scratch / "in.tif", picture, options);
  TiffEditor file(scratch / "in.tif");
  level_of(file, 1).set_long(256, 900);
  level_of(file, 1).set_long(257, 600);
  file.save(scratch / "in.tif");
  EXPECT_THAT(message_of([&] { TileEditor{scratch / "in.tif"}; }),
              HasSubstr("its image of 900x600 px is no whole fraction of the slide's size"));
}

TEST(TileEditor, ChecksTheTilesOfEveryLevelBeforeTheyAreChanged) {
  const ScratchDirectory scratch;
  const Picture picture = waves(400, 300, 3);
  for (const Compression compression : {Compression::jpeg, Compression::deflate}) {
    WriterOptions options = options_for(picture);
    options.compression = compression;
    options.levels = 2;
    write(scratch / "whole.tif", picture, options);
    TileEditor(scratch / "whole.tif").check(kRect);
    const TiffEditor whole(scratch / "whole.tif");
    for (const std::size_t level : {0u, 1u}) {
      TiffEditor file = whole;
      const std::uint32_t at = level_of(file, level).item(324, 0);
      const std::uint32_t size = level_of(file, level).item(325, 0);
      std::fill(file.bytes.begin() + at, file.bytes.begin() + at + size / 2, std::uint8_t{0});
      file.save(scratch / "in.tif");
      const TileEditor editor(scratch / "in.tif");
      EXPECT_THAT(message_of([&] { editor.check(kRect); }), HasSubstr("in.tif: tile 0 of "));
      EXPECT_EQ(message_of([&] {
                  editor.check({390, 290, 400, 300});
                }) == "",
                level == 0)
          << "the last tile of level 0 is whole, and the only one of level 1 is not";
    }
  }
}

}  // namespace
}  // namespace histoloom::pyramid::test
