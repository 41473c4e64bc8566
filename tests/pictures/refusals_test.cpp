// What the one door refuses, and in which words: a table of pictures with one defect each. libvips
// makes the pictures.
#include <gmock/gmock.h>

#include <fstream>

#include "histoloom/core/file.h"
#include "histoloom/pictures/open_picture.h"
#include "histoloom/pictures/vips_reader.h"
#include "test_images.h"

namespace histoloom {
namespace {

namespace fs = std::filesystem;

using testing::HasSubstr;
using testing::StartsWith;

class Refusals : public testing::Test {
 protected:
  // What is said of a file in the scratch directory, without its path.
  std::string of(const fs::path& path) {
    return said([&] { open_picture(path); }, path);
  }
  std::string of_whole(const fs::path& path) {
    return said([&] { read_picture(path); }, path);
  }
  template <class Action>
  std::string said(Action&& action, const fs::path& path) {
    testing::internal::CaptureStderr();
    const std::string message = message_of(action);
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "a library printed";
    EXPECT_THAT(message, StartsWith(path.string()));
    return message.substr(std::min(message.size(), path.string().size()));
  }
  fs::path written(const char* name, const std::string& bytes) {
    write_bytes(folder_ / name, bytes);
    return folder_ / name;
  }
  fs::path saved(const std::string& target, int channels = 3, const ImageOnDisk& as = {}) {
    return save_image(folder_, target, noise_picture({200, 160}, channels), as);
  }

  ScratchDirectory folder_;
};

constexpr const char* kDamaged = " can't be read as an image, it may be damaged (";

TEST_F(Refusals, OfWhatIsNoFileNameTheCure) {
  const std::string missing = " can't be opened: No such file or directory; check the path";
  EXPECT_EQ(of(folder_ / "none.png"), missing);
  EXPECT_EQ(of_whole(folder_ / "none.png"), missing);
  EXPECT_EQ(of(folder_.path()), " is a directory; give an image or a slide");
  EXPECT_EQ(of_whole(folder_.path()), " is a directory; give an image");
}

// GLib ends a process that asks for so much memory.
TEST_F(Refusals, OfATileThatNobodyCanHoldComeBeforeAnyLibraryAsksForIt) {
  std::string bytes = read_file(saved("tiled.tif[tile]"));
  const std::string width("\x42\x01", 2);  // tag 322 of a little-endian file
  const std::size_t entry = std::min(bytes.find(width + std::string("\x03\0\x01\0\0\0", 6)),
                                     bytes.find(width + std::string("\x04\0\x01\0\0\0", 6)));
  ASSERT_NE(entry, std::string::npos);
  bytes.replace(entry + 2, 10, std::string("\x04\0\x01\0\0\0\xf0\xff\xff\x7f", 10));
  const fs::path file = written("absurd.tif", bytes);
  const std::string refusal = " is damaged: it states tiles of 2147483632x128 px; fetch it again";
  EXPECT_EQ(of(file), refusal);
  EXPECT_EQ(of_whole(file), refusal);
  EXPECT_EQ(said([&] { VipsReader{file}; }, file), refusal);
}

TEST_F(Refusals, OfWhatIsNoImageHaveOneWording) {
  for (const char* name : {"empty.png", "words.png", "words.svs", "start.jpg"}) {
    SCOPED_TRACE(name);
    const fs::path path = written(name, name[0] == 'e' ? "" : "words, and no image at all");
    EXPECT_THAT(of(path), StartsWith(kDamaged));
    EXPECT_THAT(of_whole(path), StartsWith(kDamaged));
    EXPECT_THAT(said([&] { VipsReader reader(path); }, path), StartsWith(kDamaged));
    EXPECT_FALSE(is_grey(path));
  }
}

TEST_F(Refusals, OfPngAndJpegThatEndEarlyComeBeforeAPixelIsDecoded) {
  for (const char* target : {"a.png", "a.jpg", "progressive.jpg[interlace]"}) {
    const fs::path whole = saved(target);
    const std::string bytes = read_file(whole);
    const char* format = whole.extension() == ".png" ? "PNG" : "JPEG";
    for (const std::size_t length : {bytes.size() / 8, bytes.size() / 2, bytes.size() - 1}) {
      SCOPED_TRACE(testing::Message() << target << " cut to " << length);
      const fs::path cut = written("cut", bytes.substr(0, length));
      const std::string expected =
          std::string(" is truncated: it has no end as every ") + format + " has; fetch it again";
      EXPECT_EQ(of(cut), expected);
      EXPECT_EQ(of_whole(cut), expected);
    }
  }
}

TEST_F(Refusals, OfTiffsThatEndEarlySayTruncated) {
  // The second is read by OpenSlide.
  for (const char* target : {"a.tif", "a.tif[tile,compression=deflate]"}) {
    const std::string bytes = read_file(saved(target));
    for (const std::size_t length : {bytes.size() / 4, bytes.size() / 2, bytes.size() - 10}) {
      SCOPED_TRACE(testing::Message() << target << " cut to " << length);
      EXPECT_THAT(of(written("cut.tif", bytes.substr(0, length))), HasSubstr("truncated"));
    }
  }
}

TEST_F(Refusals, OfSamplesAndColoursThatArentHeldNameWhatWasFound) {
  const fs::path deep =
      saved("deep.png", 3, {.format = VIPS_FORMAT_USHORT, .space = VIPS_INTERPRETATION_RGB16});
  const std::string bits =
      ": has samples of type ushort, must have 8 bits (uchar); convert it first, as with 'vips "
      "cast'";
  EXPECT_EQ(of(deep), bits);
  EXPECT_EQ(of_whole(deep), bits);
  EXPECT_EQ(of(saved("print.jpg", 4, {.space = VIPS_INTERPRETATION_CMYK})),
            ": has 4 channels (cmyk), must have 1 or 3 (grey or RGB); convert it first");
  EXPECT_EQ(of(saved("five.tif", 5, {.space = VIPS_INTERPRETATION_MULTIBAND})),
            ": has 5 channels (srgb), must have 1 or 3 (grey or RGB); convert it first");
}

TEST_F(Refusals, OfDamageInsideComeWhenPixelsAreAskedFor) {
  std::string bytes = read_file(saved("a.png"));
  bytes.replace(bytes.size() / 2, 6, "damage");
  const fs::path path = written("a.png", bytes);
  const auto file = open_picture(path);
  EXPECT_THAT(said([&] { file->region({0, 0, 8, 8}); }, path), StartsWith(kDamaged));
  EXPECT_THAT(said([&] { file->read_rows(1, [](const PictureView&) {}); }, path),
              StartsWith(kDamaged));
  EXPECT_THAT(of_whole(path), StartsWith(kDamaged));
}

TEST_F(Refusals, OfAFileThatWasReplacedBetweenSayIt) {
  const fs::path path = saved("a.png");
  const auto file = open_picture(path);
  save_image(folder_, "a.png", noise_picture({30, 20}, 3));
  EXPECT_EQ(said([&] { file->region({0, 0, 8, 8}); }, path), ": has changed while it was read");
  EXPECT_EQ(said([&] { file->read_rows(1, [](const PictureView&) {}); }, path),
            ": has changed while it was read");
}

}  // namespace
}  // namespace histoloom
