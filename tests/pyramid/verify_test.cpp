// verify() against the readers that can be run here, on files of three writers.
#include "histoloom/pyramid/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vips/vips.h>

#include <functional>

#include "agreement.h"
#include "histoloom/core/error.h"
#include "support.h"

namespace histoloom::pyramid::test {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> texts(const VerifyReport& report, Severity severity) {
  std::vector<std::string> out;
  for (const Finding& f : report.findings) {
    if (f.severity == severity) out.push_back(f.text);
  }
  return out;
}

class Verify : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(VIPS_INIT("pyramid_test"), 0); }

  std::filesystem::path ours(const std::string& name, Profile profile,
                             const std::function<void(WriterOptions&)>& change = {}) {
    WriterOptions options = full_options(picture_, profile);
    options.tile = 128;
    if (change) change(options);
    write(folder_ / name, picture_, options);
    return folder_ / name;
  }

  // Saves the picture with libvips; `options` as its command line takes them.
  std::filesystem::path by_vips(const std::string& name, const std::string& options,
                                const std::string& description = "") {
    VipsImage* memory =
        vips_image_new_from_memory(picture_.pixels.data(), picture_.pixels.size(),
                                   int(picture_.width), int(picture_.height), 3, VIPS_FORMAT_UCHAR);
    VipsImage* image = nullptr;
    vips_copy(memory, &image, "interpretation", VIPS_INTERPRETATION_sRGB, "xres", 2000.0, "yres",
              2000.0, nullptr);
    if (!description.empty()) {
      vips_image_set_string(image, VIPS_META_IMAGEDESCRIPTION, description.c_str());
    }
    const std::string target = (folder_ / "vips.tif").string() + "[" + options + "]";
    EXPECT_EQ(vips_image_write_to_file(image, target.c_str(), nullptr), 0) << vips_error_buffer();
    g_object_unref(image);
    g_object_unref(memory);
    std::filesystem::rename(folder_ / "vips.tif", folder_ / name);
    return folder_ / name;
  }

  ScratchDirectory folder_;
  Picture picture_ = waves(1500, 1100, 3);
};

TEST_F(Verify, AgreesWithTheReadersOnOurFiles) {
  expect_readers_agree({
      ours("a.tif", Profile::generic),
      ours("a.svs", Profile::svs),
      ours("a.ome.tif", Profile::ome),
      ours("big.tif", Profile::generic, [](auto& o) { o.container = Container::big; }),
      ours("big.svs", Profile::svs, [](auto& o) { o.container = Container::big; }),
      ours("big.ome.tif", Profile::ome, [](auto& o) { o.container = Container::big; }),
      ours("four.tif", Profile::generic, [](auto& o) { o.shrink = 4; }),
      ours("four.svs", Profile::svs, [](auto& o) { o.shrink = 4; }),
      ours("one.tif", Profile::generic, [](auto& o) { o.levels = 1; }),
      ours("one.svs", Profile::svs, [](auto& o) { o.levels = 1; }),
      ours("plain.svs", Profile::svs, [](auto& o) { o.mpp.reset(), o.objective_power.reset(); }),
      ours("lzw.svs", Profile::svs, [](auto& o) { o.compression = Compression::lzw; }),
      ours("none.ome.tif", Profile::ome, [](auto& o) { o.compression = Compression::none; }),
      ours("bare.ome.tif", Profile::ome, [](auto& o) { o.associated_images = kNoAssociated; }),
  });
}

TEST_F(Verify, AgreesWithTheReadersOnFilesOfLibvips) {
  const std::string aperio = "Aperio Image Library v1 \n1500x1100|AppMag = 20|MPP = 0.5";
  expect_readers_agree({
      by_vips("p.tif", "tile,pyramid,compression=jpeg"),
      by_vips("big.tif", "tile,pyramid,compression=jpeg,bigtiff"),
      by_vips("subifd.tif", "tile,pyramid,subifd,compression=deflate"),
      by_vips("lzw.tif", "tile,pyramid,compression=lzw,tile-width=128,tile-height=128"),
      by_vips("flat.tif", "tile,compression=jpeg,Q=95"),
      by_vips("strips.tif", "compression=deflate"),
      by_vips("inch.tif", "tile,pyramid,resunit=inch"),
      by_vips("one.tif", "tile,pyramid,depth=one"),
      by_vips("spoof.svs", "tile,pyramid,compression=jpeg", aperio),
      by_vips("flat.svs", "tile,compression=jpeg", aperio),
  });
}

TEST_F(Verify, AgreesWithTheReadersOnFilesOfTifffile) {
  const std::string script =
      "import tifffile, numpy, sys\n"
      "a = (numpy.indices((1100, 1500, 3)).sum(0) % 251).astype(\"u1\")\n"
      "l = [a, a[::2, ::2].copy(), a[::4, ::4].copy()]\n"
      "o = dict(photometric=\"rgb\", tile=(128, 128), compression=\"zlib\")\n"
      "d = \"Aperio Image Library v1 \\n1500x1100|AppMag = %s|MPP = 0.5\"\n"
      "def save(name, subs, texts, **k):\n"
      "  with tifffile.TiffWriter(sys.argv[1] + \"/\" + name) as t:\n"
      "    for x, s, x_text in zip(l, subs, texts):\n"
      "      t.write(x, subfiletype=s, description=x_text, metadata=None, "
      "resolution=(20000, 20000), resolutionunit=3, **o)\n"
      "save(\"g.tif\", (0, 1, 1), (None,) * 3)\n"
      "save(\"unflagged.tif\", (0, 0, 0), (None,) * 3)\n"
      "save(\"nothumb.svs\", (0, 0, 0), (d % 20,) * 3)\n"
      "save(\"reduced.svs\", (0, 1, 1), (d % 20,) * 3)\n"
      "save(\"float.svs\", (0, 0, 0), (d % \"40.000000\",) * 3)\n"
      "for name, k in ((\"s.ome.tif\", dict(ome=True)), (\"shaped.tif\", {})):\n"
      "  with tifffile.TiffWriter(sys.argv[1] + \"/\" + name, **k) as t:\n"
      "    t.write(l[0], subifds=2, metadata=dict(axes=\"YXS\", PhysicalSizeX=0.5, "
      "PhysicalSizeXUnit=\"\\u00b5m\"), **o)\n"
      "    for x in l[1:]: t.write(x, subfiletype=1, metadata=None, **o)\n";
  const Output made =
      shell("/usr/bin/python3 -W ignore -c '" + script + "' " + folder_.path().string());
  if (made.rc != 0) GTEST_SKIP() << "no python3-tifffile: " << made.text;
  expect_readers_agree({folder_ / "g.tif", folder_ / "unflagged.tif", folder_ / "nothumb.svs",
                        folder_ / "reduced.svs", folder_ / "float.svs", folder_ / "s.ome.tif",
                        folder_ / "shaped.tif"});
}

TEST_F(Verify, FindsNoErrorInOurFilesAndWarnsOfWhatTheirProfilesCantDo) {
  for (const auto compression :
       {Compression::jpeg, Compression::deflate, Compression::lzw, Compression::none}) {
    for (const int quality : {80, 95}) {
      const auto change = [&](WriterOptions& o) {
        o.compression = compression;
        o.quality = quality;
      };
      // Without loss, OpenSlide 3.4.1 misreads the last level of 94x69 px.
      const auto small = compression == Compression::jpeg
                             ? testing::Matcher<const std::vector<std::string>&>(IsEmpty())
                             : testing::ElementsAre(HasSubstr("(94x69) is smaller than its tile"));
      for (const auto& path :
           {ours("a.tif", Profile::generic, change), ours("a.svs", Profile::svs, change)}) {
        const VerifyReport report = verify_file(path);
        EXPECT_THAT(texts(report, Severity::error), IsEmpty()) << describe(report);
        EXPECT_THAT(texts(report, Severity::warning), small) << describe(report);
      }
      const VerifyReport ome = verify_file(ours("a.ome.tif", Profile::ome, change));
      EXPECT_THAT(texts(ome, Severity::error), IsEmpty());
      EXPECT_THAT(texts(ome, Severity::warning),
                  testing::ElementsAre(
                      "OpenSlide sees one level of an OME-TIFF; use svs for viewers built on it"));
    }
  }
}

// The matrix of the three profiles; the values are those of the readers' rules, not of our code.
TEST_F(Verify, SaysOfEveryReaderWhatItSeesOfEveryProfile) {
  const std::string all = "5 levels: 1500x1100 750x550 375x275 188x138 94x69; ";
  const std::string one = "1 levels: 1500x1100; ";
  const std::string scale = "mpp 0.5; 20x; ";
  const std::string mpp = "mpp 0.5; nonex;";
  const auto generic = verify_file(ours("a.tif", Profile::generic));
  const auto svs = verify_file(ours("a.svs", Profile::svs));
  const auto ome = verify_file(ours("a.ome.tif", Profile::ome));
  const auto expect = [&](const char* reader, const std::string& g, const std::string& s,
                          const std::string& o) {
    EXPECT_EQ(summary_of(view_of(generic, reader)), g) << reader;
    EXPECT_EQ(summary_of(view_of(svs, reader)), s) << reader;
    EXPECT_EQ(summary_of(view_of(ome, reader)), o) << reader;
  };
  const std::string three = scale + "label macro thumbnail";
  expect("OpenSlide 3.4.1", all + "mpp none; nonex;", all + three, one + "mpp none; nonex;");
  expect("OpenSlide 4.0.1", all + mpp, all + three, one + mpp);
  expect("QuPath", all + mpp, all + three, all + three);
  expect("Bio-Formats, OMERO", one + mpp, all + three, all + three);
  expect("ASAP", all + mpp, all + three, one + mpp);
  expect("cuCIM", all + mpp, all + mpp + " label macro thumbnail", "doesn't open");
  expect("libvips", all + mpp, all + mpp, all + mpp);
  const std::string no_scale = "mpp none; nonex;";
  // GDAL takes what is flagged as reduced, a label too, for overviews, and the rest for datasets.
  expect("GDAL", all + no_scale, "3 levels: 1500x1100 400x400 1280x430; " + no_scale,
         all + no_scale);
  expect("tifffile", all + mpp, all + scale + "Label Macro Thumbnail", all + three);
  const std::string with_thumbnail = "6 levels: 1500x1100 750x550 749x550 375x275 188x138 94x69; ";
  expect("OpenSeadragon GeoTIFF", all + "mpp none; nonex;",
         with_thumbnail + "mpp none; nonex; label macro",
         "2 levels: 1500x1100 750x550; mpp none; nonex;");
  expect("tiatoolbox", all + mpp, all + three, all + three);
  expect("wsidicomizer", "doesn't open", all + three, all + three);
  // A slide's directories in their order: thumbnail behind level 0, label and macro at the end.
  expect(
      "IIPImage", all + no_scale,
      "8 levels: 1500x1100 749x550 750x550 375x275 188x138 94x69 400x400 1280x430; " + no_scale,
      "10 levels: 1500x1100 1x64 2x64 400x400 3x64 4x64 1280x430 5x64 6x64 750x550; " + no_scale);
  expect("ImageJ", "doesn't open", "doesn't open", "doesn't open");
  expect("OpenImageIO", all + mpp, all + mpp, one + mpp);
  expect("Orthanc WSI", all + no_scale, all + no_scale, one + no_scale);
}

// The same of npm's libraries; a thumbnail has a size of the writer's choice.
TEST_F(Verify, SaysOfNpmsLibrariesWhatTheySeeOfEveryProfile) {
  const auto generic = verify_file(ours("a.tif", Profile::generic));
  const auto svs = verify_file(ours("a.svs", Profile::svs));
  const auto ome = verify_file(ours("a.ome.tif", Profile::ome));
  const auto expect = [&](const char* reader, const std::string& g, const std::string& s,
                          const std::string& o) {
    EXPECT_EQ(summary_of(view_of(generic, reader)), g) << reader;
    EXPECT_EQ(summary_of(view_of(svs, reader)), s) << reader;
    EXPECT_EQ(summary_of(view_of(ome, reader)), o) << reader;
  };
  const PixelSize size = view_of(svs, "OpenSlide 3.4.1").associated.at(0).size;
  const std::string thumbnail =
      " " + std::to_string(size.width) + "x" + std::to_string(size.height);
  const std::string reduced = " 750x550 375x275 188x138 94x69";
  const std::string drawn = " 400x400 1280x430";
  const std::string none = "doesn't open";
  const std::string no_scale = "; mpp none; nonex;";
  const std::string mpp = "; mpp 0.5; nonex;";
  const std::string all = "5 levels: 1500x1100" + reduced;
  const std::string chain = "8 levels: 1500x1100" + thumbnail + reduced + drawn;
  const std::string padded = " 1x64 2x64 400x400 3x64 4x64 1280x430 5x64 6x64 750x550";
  expect("Avivator, Vitessce", none, none,
         "5 levels: 1500x1100 750x550 375x275 187x137 93x68" + mpp + " label macro thumbnail");
  expect("geotiff.js", all + no_scale, chain + no_scale,
         "10 levels: 1500x1100" + padded + no_scale);
  expect("ITK (itk-wasm)", "1 levels: 1500x1100" + mpp, none, "1 levels: 1500x1100" + mpp);
  expect("sharp", all + mpp, chain + mpp, all + mpp);
  expect("utif2", all + no_scale, chain + no_scale,
         "14 levels: 1500x1100" + reduced + padded + no_scale);
  expect("tiff (image-js)", none, none, none);
  EXPECT_EQ(summary_of(view_of(generic, "OpenLayers")), all + no_scale);
  EXPECT_EQ(
      summary_of(view_of(ome, "OpenLayers")),
      "10 levels: 1500x1100 1280x430 750x550 400x400 6x64 5x64 4x64 3x64 2x64 1x64" + no_scale);
  const auto bare = verify_file(
      ours("bare.ome.tif", Profile::ome, [](auto& o) { o.associated_images = kNoAssociated; }));
  EXPECT_EQ(summary_of(view_of(bare, "Avivator, Vitessce")),
            "5 levels: 1500x1100 750x550 375x275 187x137 93x68" + mpp);
}

TEST_F(Verify, OpenLayersIsNeverReadyForTwoDirectoriesOfOneWidth) {
  const auto with_label = [&](std::int64_t width) {
    const Picture picture = blank(width, 40, 3, 200);
    return verify_file(ours("a.svs", Profile::svs, [&](auto& o) {
      o.associated = {{"label", {width, 40}, picture.pixels}};
    }));
  };
  const VerifyReport clash = with_label(375);
  const ReaderView& never = view_of(clash, "OpenLayers");
  EXPECT_FALSE(never.opens);
  EXPECT_EQ(never.how,
            "its source stays \"loading\", since directories 3 and 6 are both 375 px wide");
  const VerifyReport apart = with_label(376);
  const ReaderView& ready = view_of(apart, "OpenLayers");
  EXPECT_EQ(summary_of(ready),
            "8 levels: 1500x1100 1280x430 750x550 749x550 376x40 375x275 188x138 94x69; mpp none; "
            "nonex;");
  EXPECT_THAT(ready.notes, testing::ElementsAre(
                               "directory 1 (749x550) is a picture, shown stretched as a level",
                               "directory 6 (376x40) is a picture, shown stretched as a level",
                               "directory 7 (1280x430) is a picture, shown stretched as a level",
                               "needs convertToRGB: \"auto\""));
}

TEST_F(Verify, SaysWhereNpmsLibrariesShowWrongPixels) {
  const auto notes = [&](const std::filesystem::path& path, const char* reader) {
    return view_of(verify_file(path), reader).notes;
  };
  const auto bare = [](auto& o) { o.associated_images = kNoAssociated; };
  EXPECT_THAT(notes(ours("four.ome.tif", Profile::ome, [&](auto& o) { bare(o), o.shrink = 4; }),
                    "Avivator, Vitessce"),
              Contains("the pixels of level 1 are wrong, since it is 375x275, not 750x550"));
  EXPECT_THAT(notes(ours("a.ome.tif", Profile::ome), "ITK (itk-wasm)"),
              Contains("the first slice is the slide, the others are pictures"));
  const auto deflate =
      ours("d.tif", Profile::generic, [](auto& o) { o.compression = Compression::deflate; });
  EXPECT_THAT(notes(deflate, "tiff (image-js)"),
              Contains("the pixels of tiled colours are wrong; it reads labels alone"));
}

TEST_F(Verify, OfAGenericBigTiffQuPathSeesOneLevelThroughBioFormats) {
  const auto report =
      verify_file(ours("a.tif", Profile::generic, [](auto& o) { o.container = Container::big; }));
  const ReaderView& view = view_of(report, "QuPath");
  EXPECT_EQ(view.how, "through Bio-Formats, as plain TIFF");
  EXPECT_EQ(view.levels.size(), 1u);
  EXPECT_THAT(view.notes,
              Contains("OpenSlide would see 5 levels, but QuPath prefers Bio-Formats here, since "
                       "Java's ImageIO reads no BigTIFF; choose OpenSlide in its import dialog, or "
                       "use svs or ome"));
  EXPECT_THAT(texts(report, Severity::warning),
              Contains("QuPath hands generic BigTIFF to Bio-Formats, which sees one level; use svs "
                       "or ome, or choose OpenSlide in QuPath"));
}

TEST_F(Verify, DescribesItsReportInLinesForPeople) {
  const std::string text = describe(verify_file(ours("a.svs", Profile::svs)));
  EXPECT_THAT(text, HasSubstr("a.svs: classic TIFF, "));
  EXPECT_THAT(text, HasSubstr("\nOpenSlide 3.4.1       as Aperio\n"
                              "                      5 levels: 1500x1100 750x550 375x275 188x138 "
                              "94x69\n"
                              "                      mpp 0.5, 20x, with thumbnail label macro\n"));
  EXPECT_THAT(text, testing::EndsWith("\n0 errors, 0 warnings\n"));
}

}  // namespace
}  // namespace histoloom::pyramid::test
