// What can't be done is refused before a file is made, and what fails on the way leaves none.
#include <gmock/gmock.h>

#include <fstream>

#include "fixture.h"

namespace histoloom::convert_test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST_F(Convert, RefusesInputBeforeAnyWork) {
  const Picture p = picture_of(60, 40, 3);
  const fs::path good = saved(p, "good.png");
  const auto in = [&](const fs::path& path) { return refusal(options(path, "out.tif")); };
  EXPECT_EQ(in(folder_ / "none.png"), (folder_ / "none.png").string() +
                                          " can't be opened: No such file or directory; check the "
                                          "path");
  EXPECT_EQ(in(folder_.path()),
            folder_.path().string() + " is a directory; give an image or a slide");
  std::ofstream(folder_ / "text.png") << "words";
  EXPECT_THAT(in(folder_ / "text.png"),
              StartsWith((folder_ / "text.png").string() + " can't be read as an image, it may be "
                                                           "damaged ("));
  EXPECT_EQ(in(saved(p, "deep.png", VIPS_INTERPRETATION_RGB16, VIPS_FORMAT_USHORT)),
            (folder_ / "deep.png").string() +
                ": has samples of type ushort, must have 8 bits (uchar); convert it first, as "
                "with 'vips cast'");
  EXPECT_EQ(in(saved(picture_of(60, 40, 5), "five.tif", VIPS_INTERPRETATION_MULTIBAND)),
            (folder_ / "five.tif").string() +
                ": has 5 channels (srgb), must have 1 or 3 (grey or RGB); convert it first");
}

TEST_F(Convert, RefusesATruncatedSlideBeforeAnyWork) {
  const fs::path svs = convert(options(saved(picture_of(500, 400, 3), "a.png"), "a.svs"));
  // libvips' classic TIFF has its directory before the last tiles; ours at the end.
  const fs::path tif = saved(picture_of(500, 400, 3), "b.tif[tile,compression=deflate]");
  for (const fs::path& path : {svs, tif}) {
    const auto size = fs::file_size(path);
    for (const auto part : {size / 4, size / 2, size - 10}) {
      const fs::path cut = folder_ / ("cut" + path.extension().string());
      fs::copy_file(path, cut, fs::copy_options::overwrite_existing);
      fs::resize_file(cut, part);
      EXPECT_THAT(refusal(options(cut, "out.tif")), HasSubstr("truncated")) << part;
    }
  }
}

TEST_F(Convert, RefusesOptionsBeforeAnyWork) {
  const fs::path good = saved(picture_of(60, 40, 3), "good.png");
  const auto with = [&](const auto& change) {
    ConvertOptions o = options(good, "out.svs");
    change(o);
    return refusal(o);
  };
  const std::string out = "-o " + (folder_ / "out.svs").string();
  EXPECT_EQ(with([](auto& o) { o.tile = 100; }), "tile size must be a multiple of 16, got 100");
  EXPECT_EQ(with([](auto& o) { o.quality = 0; }), "quality must be from 1 to 100, got 0");
  EXPECT_EQ(with([](auto& o) { o.shrink = 3; }), "shrink factor must be 2 or 4, got 3");
  EXPECT_EQ(with([](auto& o) { o.chroma = "411"; }),
            "unknown chroma \"411\"; use auto, 420 or 444");
  EXPECT_EQ(with([](auto& o) { o.profile = "dicom"; }),
            "unknown profile \"dicom\"; use generic, svs or ome");
  EXPECT_EQ(with([](auto& o) { o.labels = true; }),
            "mask " + good.string() +
                " has 3 bands; save it with one band of 8 bits whose values are "
                "label ids");
  EXPECT_THAT(with([&](auto& o) { o.out = folder_ / "out.jpg"; }),
              HasSubstr("the name doesn't tell the profile"));
  EXPECT_EQ(with([&](auto& o) { o.out = folder_ / "no/out.svs"; }),
            "-o " + (folder_ / "no/out.svs").string() + ": the directory '" +
                (folder_ / "no").string() + "' does not exist; make it first");
  EXPECT_EQ(with([&](auto& o) { o.out = folder_.path(); }),
            "-o " + folder_.path().string() + ": is a directory; give the name of a file");
  EXPECT_EQ(with([&](auto& o) { o.out = o.in; }),
            "-o " + good.string() + ": is the input itself; give another name");
  std::ofstream(folder_ / "out.svs") << "old";
  EXPECT_EQ(with([](auto&) {}), out + ": exists; give another name, or --force to replace it");
}

TEST_F(Convert, RefusesATruncatedPngOrJpegBeforeAnyWork) {
  for (const char* target : {"a.png", "a.jpg", "progressive.jpg[interlace]"}) {
    const fs::path whole = saved(picture_of(500, 400, 3), target);
    const fs::path cut = folder_ / ("cut" + whole.extension().string());
    const char* format = whole.extension() == ".png" ? "PNG" : "JPEG";
    for (const std::uintmax_t rest : {fs::file_size(whole) / 8, fs::file_size(whole) / 2,
                                      fs::file_size(whole) - 40, fs::file_size(whole) - 1}) {
      SCOPED_TRACE(testing::Message() << target << " cut to " << rest);
      fs::copy_file(whole, cut, fs::copy_options::overwrite_existing);
      fs::resize_file(cut, rest);
      EXPECT_EQ(refusal(options(cut, "out.tif")), cut.string() +
                                                      " is truncated: it has no end as every " +
                                                      format + " has; fetch it again");
    }
  }
}

TEST_F(Convert, TakesAPngOrJpegThatMoreFollowsAfterItsEnd) {
  for (const char* name : {"a.png", "a.jpg"}) {
    const fs::path path = saved(picture_of(500, 400, 3), name);
    std::ofstream(path, std::ios::app) << std::string(3 << 20, 'x');
    EXPECT_EQ(refusal(options(path, "out.tif")), "");
  }
}

TEST_F(Convert, DamageFoundOnTheWayLeavesNothing) {
  const fs::path png = saved(picture_of(500, 400, 3), "a.png");
  {
    std::fstream file(png, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(png) / 2));
    file << "damage";
  }
  const auto before = folder_.files();
  EXPECT_THROW(convert(options(png, "out.svs")), UserError);
  EXPECT_EQ(folder_.files(), before);
}

}  // namespace
}  // namespace histoloom::convert_test
