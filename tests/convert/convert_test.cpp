// histoloom pyramid's work: what a picture brings along arrives in the slide, and what can't be
// done is refused before a file is made. Pictures are made and slides read by libvips and
// OpenSlide.
#include "histoloom/convert/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openslide.h>
#include <vips/vips.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <memory>

#include "histoloom/pyramid/verify.h"
#include "support/scratch.h"

namespace histoloom {
namespace {

namespace fs = std::filesystem;

using pyramid::ReaderView;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

struct Picture {
  int width = 0, height = 0, bands = 0;
  std::vector<std::uint8_t> pixels;
};

// Smooth waves in colour, or ids of four classes in one band.
Picture picture_of(int width, int height, int bands) {
  Picture p{width, height, bands, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < bands; ++c) {
        const double wave = 140 + 60 * std::sin(x / 61.0 + y / 53.0) + 10 * c;
        p.pixels.push_back(
            static_cast<std::uint8_t>(bands == 1 ? (x / 7 + y / 5) % 4 * 50 : int(wave)));
      }
    }
  }
  return p;
}

class Progress final : public histoloom::Progress {
 public:
  void start_stage(std::string_view, std::int64_t, std::string_view) override {}
  void update(std::int64_t done, std::string_view) override { last = done; }
  void finish() override {}
  void warn(std::string_view message) override { warnings.emplace_back(message); }
  bool stop_requested() const override { return stop; }
  std::int64_t last = 0;
  std::vector<std::string> warnings;
  bool stop = false;
};

class Convert : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(VIPS_INIT("slide_test"), 0); }
  // Saves `p` by libvips; `target` may end in options, as "a.tif[tile]".
  fs::path saved(const Picture& p, const std::string& target,
                 VipsInterpretation space = VIPS_INTERPRETATION_sRGB,
                 VipsBandFormat format = VIPS_FORMAT_UCHAR, double px_per_mm = 1) {
    VipsImage* memory = vips_image_new_from_memory(p.pixels.data(), p.pixels.size(), p.width,
                                                   p.height, p.bands, VIPS_FORMAT_UCHAR);
    VipsImage* cast = nullptr;
    VipsImage* image = nullptr;
    vips_cast(memory, &cast, format, nullptr);
    vips_copy(cast, &image, "interpretation", space, "xres", px_per_mm, "yres", px_per_mm, nullptr);
    EXPECT_EQ(vips_image_write_to_file(image, (folder_ / target).c_str(), nullptr), 0)
        << vips_error_buffer();
    for (VipsImage* i : {image, cast, memory}) g_object_unref(i);
    return folder_ / target.substr(0, target.find('['));
  }

  Picture read(const fs::path& path, int page = 0) {
    VipsImage* image = nullptr;
    EXPECT_EQ(vips_tiffload(path.c_str(), &image, "page", page, nullptr), 0) << vips_error_buffer();
    Picture p{image->Xsize, image->Ysize, image->Bands, {}};
    std::size_t size = 0;
    void* data = vips_image_write_to_memory(image, &size);
    p.pixels.assign(static_cast<std::uint8_t*>(data), static_cast<std::uint8_t*>(data) + size);
    g_free(data);
    g_object_unref(image);
    return p;
  }

  ConvertOptions options(const fs::path& in, const std::string& out) {
    ConvertOptions o;
    o.in = in;
    o.out = folder_ / out;
    o.tile = 64;
    return o;
  }

  fs::path convert(const ConvertOptions& o) {
    Conversion(o).run(progress_);
    return o.out;
  }

  std::string refusal(const ConvertOptions& o) {
    const auto before = folder_.files();
    const std::string message = message_of([&] { Conversion conversion(o); });
    EXPECT_EQ(folder_.files(), before);
    return message;
  }

  static ReaderView view(const fs::path& path, const std::string& reader) {
    for (const ReaderView& v : pyramid::verify(pyramid::read_tiff(path)).readers) {
      if (v.reader == reader) return v;
    }
    return {};
  }

  ScratchDirectory folder_;
  Progress progress_;
};

double difference(const Picture& a, const Picture& b) {
  if (a.pixels.size() != b.pixels.size() || a.width != b.width) return 1e9;
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) sum += std::abs(a.pixels[i] - b.pixels[i]);
  return sum / static_cast<double>(a.pixels.size());
}

TEST_F(Convert, KeepsEveryPixelOfAnyFormatThatLibvipsReads) {
  const Picture p = picture_of(500, 333, 3);
  for (const char* name : {"a.png", "a.tif[compression=lzw]", "b.tif[tile,pyramid]", "a.ppm"}) {
    SCOPED_TRACE(name);
    ConvertOptions o = options(saved(p, name), "out.ome.tif");
    o.compression = "deflate";
    o.force = true;
    const Picture out = read(convert(o));
    EXPECT_EQ(out.pixels, p.pixels);
    EXPECT_EQ(progress_.last, 333);
  }
}

TEST_F(Convert, WritesAnSvsThatOpenSlideReadsWithTheScaleThatIsGiven) {
  const Picture p = picture_of(500, 333, 3);
  ConvertOptions o = options(saved(p, "a.png"), "out.svs");
  o.mpp = 0.25;
  o.magnification = 40;
  o.date = "2026-11-20";
  convert(o);
  openslide_t* slide = openslide_open(o.out.c_str());
  ASSERT_NE(slide, nullptr);
  EXPECT_STREQ(openslide_get_property_value(slide, "openslide.mpp-x"), "0.25");
  EXPECT_STREQ(openslide_get_property_value(slide, "openslide.objective-power"), "40");
  EXPECT_STREQ(openslide_get_property_value(slide, "aperio.Filename"), "a");
  // Not ours: no label is drawn and nothing says synthetic.
  EXPECT_EQ(openslide_get_property_value(slide, "aperio.ScanScope ID"), nullptr);
  EXPECT_STREQ(openslide_get_associated_image_names(slide)[0], "thumbnail");
  EXPECT_EQ(openslide_get_associated_image_names(slide)[1], nullptr);
  EXPECT_EQ(openslide_get_level_count(slide), 4);
  openslide_close(slide);
  EXPECT_LE(difference(read(o.out), p), 2.5);
}

TEST_F(Convert, KeepsScaleMagnificationPicturesAndTheSyntheticMarkBetweenProfiles) {
  const Picture p = picture_of(500, 333, 3);
  pyramid::WriterOptions w;
  w.size = {500, 333};
  w.profile = pyramid::Profile::svs;
  w.tile = 64;
  w.mpp = 0.5;
  w.objective_power = 20;
  w.label_lines = {"seed 7"};
  {
    pyramid::PyramidWriter writer(folder_ / "first.svs", w);
    writer.write_rows({p.pixels.data(), {500, 333}, 3, 1500});
    writer.finish();
  }
  const fs::path ome = convert(options(folder_ / "first.svs", "second.ome.tif"));
  const fs::path svs = convert(options(ome, "third.svs"));
  EXPECT_THAT(progress_.warnings, IsEmpty());
  for (const auto& [path, reader] :
       {std::pair{ome, "Bio-Formats, OMERO"}, std::pair{svs, "OpenSlide 3.4.1"}}) {
    const ReaderView v = view(path, reader);
    EXPECT_EQ(v.mpp_x, 0.5);
    EXPECT_EQ(v.magnification, 20);
    std::vector<std::string> names;
    for (const auto& picture : v.associated) names.push_back(picture.name);
    EXPECT_THAT(names, testing::UnorderedElementsAre("label", "macro", "thumbnail"));
    EXPECT_THAT(pyramid::read_tiff(path).chain[0].xmp, HasSubstr("trainedAlgorithmicMedia"));
    EXPECT_FALSE(pyramid::verify(pyramid::read_tiff(path)).has_errors());
  }
  // The label is stored without loss, so that it stays what it was: page 5 of the first (five
  // levels and the thumbnail before it), page 1 of the second.
  const Picture label = read(folder_ / "first.svs", 5);
  EXPECT_EQ(label.width, 400);
  EXPECT_EQ(read(ome, 1).pixels, label.pixels);
  EXPECT_EQ(read(svs, 5).pixels, label.pixels);
}

TEST_F(Convert, WarnsOfPicturesThatAGenericFileHasNoPlaceFor) {
  const Picture p = picture_of(300, 200, 3);
  const fs::path svs = convert(options(saved(p, "a.png"), "a.svs"));
  convert(options(svs, "b.tif"));
  EXPECT_THAT(progress_.warnings,
              ElementsAre("profile generic has no place for thumbnail; use svs or ome"));
}

TEST_F(Convert, TakesAResolutionForScaleOnlyWhereItIsAMicroscopes) {
  const Picture p = picture_of(300, 200, 3);
  const fs::path fine =
      saved(p, "fine.png", VIPS_INTERPRETATION_sRGB, VIPS_FORMAT_UCHAR, 4000);  // 0.25 microns
  EXPECT_NEAR(*view(convert(options(fine, "f.tif")), "OpenSlide 4.0.1").mpp_x, 0.25, 1e-4);
  const fs::path print =
      saved(p, "print.png", VIPS_INTERPRETATION_sRGB, VIPS_FORMAT_UCHAR, 2.835);  // 72 dpi
  EXPECT_FALSE(view(convert(options(print, "p.tif")), "OpenSlide 4.0.1").mpp_x);
}

TEST_F(Convert, ShrinksLabelsByModeAndKeepsOneChannel) {
  const Picture p = picture_of(300, 200, 1);
  const fs::path in = saved(p, "mask.png", VIPS_INTERPRETATION_B_W);
  ConvertOptions o = options(in, "mask.tif");
  o.labels = true;
  convert(o);
  const pyramid::TiffFile file = pyramid::read_tiff(o.out);
  EXPECT_EQ(file.chain[0].compression, 8);
  EXPECT_EQ(read(o.out).pixels, p.pixels);
  for (int page = 1; page < 4; ++page) {
    for (const int id : read(o.out, page).pixels) ASSERT_TRUE(id % 50 == 0 && id <= 150) << id;
  }
}

TEST_F(Convert, TakesAChannelOfFewValuesForLabelsAndSaysSo) {
  const Picture p = picture_of(300, 200, 1);
  const fs::path in = saved(p, "mask.png", VIPS_INTERPRETATION_B_W);
  const fs::path out = convert(options(in, "mask.tif"));
  EXPECT_EQ(read(out).pixels, p.pixels);
  for (const int id : read(out, 1).pixels) ASSERT_TRUE(id % 50 == 0 && id <= 150) << id;
  EXPECT_THAT(progress_.warnings,
              ElementsAre(in.string() +
                          " has one channel and few values, as a mask of labels: stored without "
                          "loss and shrunk by mode, as with --labels; --compression jpeg stores it "
                          "as a picture"));
  progress_.warnings.clear();
  ConvertOptions jpeg = options(in, "jpeg.tif");
  jpeg.compression = "jpeg";
  convert(jpeg);
  EXPECT_EQ(pyramid::read_tiff(jpeg.out).chain[0].compression, 7);
  EXPECT_THAT(progress_.warnings, IsEmpty());
}

TEST_F(Convert, KeepsTheColoursOfAPaletteOfLabels) {
  Picture p = picture_of(300, 200, 3);
  for (std::size_t i = 0; i < p.pixels.size(); ++i)
    p.pixels[i] = static_cast<std::uint8_t>(i / 3 % 300 / 100 * 90 + i % 3);
  const fs::path in = saved(p, "palette.png[palette]");
  const fs::path out = convert(options(in, "palette.tif"));
  EXPECT_EQ(read(out).pixels, p.pixels);
  EXPECT_THAT(progress_.warnings,
              ElementsAre(in.string() +
                          " has a palette of few colours, as a mask of labels: its colours are "
                          "stored without loss, its ids are not; 'histoloom mask --mask' stores "
                          "ids"));
}

TEST_F(Convert, TakesAPhotographForWhatItIs) {
  Picture p = picture_of(300, 200, 1);
  for (std::size_t i = 0; i < p.pixels.size(); ++i) p.pixels[i] = static_cast<std::uint8_t>(i % 33);
  const fs::path out = convert(options(saved(p, "a.png", VIPS_INTERPRETATION_B_W), "a.tif"));
  EXPECT_EQ(pyramid::read_tiff(out).chain[0].compression, 7);
  EXPECT_THAT(progress_.warnings, IsEmpty());
}

TEST_F(Convert, LeavesAFileThatComesWhileItWrites) {
  const Picture p = picture_of(300, 200, 3);
  const ConvertOptions o = options(saved(p, "a.png"), "a.tif");
  Conversion conversion(o);
  write_bytes(o.out, "years of work");
  EXPECT_EQ(message_of([&] { conversion.run(progress_); }),
            "-o " + o.out.string() +
                ": another program has made it since the job began; move it away and start again");
  EXPECT_EQ(folder_.files(), (std::vector<std::string>{"a.png", "a.tif"}));
}

TEST_F(Convert, LaysAlphaOnWhite) {
  Picture p = picture_of(40, 30, 4);
  for (std::size_t i = 3; i < p.pixels.size(); i += 4) p.pixels[i] = 0;
  ConvertOptions o = options(saved(p, "a.png"), "a.tif");
  o.compression = "none";
  const Picture out = read(convert(o));
  EXPECT_EQ(out.bands, 3);
  EXPECT_THAT(out.pixels, testing::Each(255));
}

TEST_F(Convert, WritesTheSameBytesForAnyNumberOfThreads) {
  const fs::path in = saved(picture_of(700, 500, 3), "a.png");
  const auto bytes = [&](int threads) {
    ConvertOptions o = options(in, "a.svs");
    o.threads = threads;
    o.force = true;
    std::ifstream file(convert(o), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string one = bytes(1);
  EXPECT_EQ(bytes(2), one);
  EXPECT_EQ(bytes(3), one);
}

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

TEST_F(Convert, AnInterruptLeavesTheOldFileAsItWas) {
  const fs::path png = saved(picture_of(500, 400, 3), "a.png");
  std::ofstream(folder_ / "out.svs") << "old";
  const auto before = folder_.files();
  progress_.stop = true;
  ConvertOptions o = options(png, "out.svs");
  o.force = true;
  EXPECT_THROW(convert(o), Interrupted);
  EXPECT_EQ(folder_.files(), before);
  EXPECT_EQ(fs::file_size(folder_ / "out.svs"), 3u);
}

}  // namespace
}  // namespace histoloom
