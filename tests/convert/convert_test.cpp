// histoloom pyramid's work: what a picture brings along arrives in the slide. Slides are read by
// libvips and OpenSlide.
#include <gmock/gmock.h>
#include <openslide.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory>

#include "fixture.h"

namespace histoloom::convert_test {
namespace {

using pyramid::ReaderView;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

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
  // levels and the thumbnail before it), page 3 of the second.
  const Picture label = read(folder_ / "first.svs", 5);
  EXPECT_EQ(label.width, 400);
  EXPECT_EQ(read(ome, 3).pixels, label.pixels);
  EXPECT_EQ(read(svs, 5).pixels, label.pixels);
}

TEST_F(Convert, KeepsThePicturesThatAreAskedFor) {
  ConvertOptions o = options(saved(picture_of(300, 200, 3), "a.png"), "a.ome.tif");
  o.associated = "none";
  EXPECT_EQ(pyramid::read_tiff(convert(o)).chain.size(), 1u);
  o = options(saved(picture_of(300, 200, 3), "b.png"), "b.svs");
  const fs::path svs = convert(o);
  o = options(svs, "c.ome.tif");
  // With its thumbnail, behind two directories of padding.
  EXPECT_EQ(pyramid::read_tiff(convert(o)).chain.size(), 4u);
  o = options(svs, "d.ome.tif");
  o.associated = "label,macro";
  EXPECT_EQ(pyramid::read_tiff(convert(o)).chain.size(), 1u);
  EXPECT_THAT(progress_.warnings, IsEmpty());
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
}  // namespace histoloom::convert_test
