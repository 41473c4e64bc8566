#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "histoloom/job/generate_spec.h"
#include "histoloom/job/mask_spec.h"
#include "histoloom/job/option_values.h"
#include "support/scratch.h"

namespace histoloom {
namespace {

GenerateArguments good_options() {
  GenerateArguments o;
  o.out = "out/slide.svs";
  o.model = "models/default";
  return o;
}

// ---- --size

TEST(ParseSize, TakesWidthAndHeightFromTheLeastToTheMost) {
  EXPECT_EQ(parse_size("4096x2048"), (PixelSize{4096, 2048}));
  EXPECT_EQ(parse_size("64x64"), (PixelSize{64, 64}));
  EXPECT_EQ(parse_size("333x2049"), (PixelSize{333, 2049}));
  EXPECT_EQ(parse_size("1000000x64"), (PixelSize{1'000'000, 64}));
}

class BadSize : public testing::TestWithParam<const char*> {};

TEST_P(BadSize, IsRefusedWithTheLimits) {
  EXPECT_EQ(message_of([] { parse_size(GetParam()); }),
            std::string("--size must be WIDTHxHEIGHT in pixels, each from 64 to 1000000, such as "
                        "4096x4096; got '") +
                GetParam() + "'");
}

INSTANTIATE_TEST_SUITE_P(Table, BadSize,
                         testing::Values("", "x", "64", "64x", "x64", "0x5", "63x64", "64x63",
                                         "999999999x2", "1000001x64", "64x1000001", "-64x64",
                                         "+64x64", " 64x64", "64x64 ", "64X64", "64x64x64",
                                         "64.5x64", "1e3x64", "0x40x64", "64,64",
                                         "18446744073709551680x64", "64×64"));

// ---- --region

TEST(ParseRegion, TakesCornerAndSize) {
  EXPECT_EQ(parse_region("10,20,300,400"), (PixelRect{10, 20, 310, 420}));
  EXPECT_EQ(parse_region("0,0,1,1"), (PixelRect{0, 0, 1, 1}));
}

TEST(ParseRegion, RefusesAnythingElse) {
  for (const char* text : {"", "1,2,3", "1,2,3,4,5", "-1,0,8,8", "0,0,0,8", "0,0,8,-8", "1,2,3,4 ",
                           "1, 2,3,4", "a,b,c,d", "1,2,3,", "0,0,99999999999,8"})
    EXPECT_EQ(message_of([&] { parse_region(text); }),
              std::string("--region must be X,Y,W,H in pixels of the slide, such as "
                          "1000,2000,512,512; got '") +
                  text + "'");
}

// ---- parse()

void inpaint(GenerateArguments& o) {
  o.inpaint = "a.svs";
  o.region = "0,0,64,64";
}

struct Defect {
  const char* name;
  std::function<void(GenerateArguments&)> spoil;
  const char* message;
};
void PrintTo(const Defect& d, std::ostream* out) { *out << d.name; }

const Defect kDefects[] = {
    {"NoOut", [](auto& o) { o.out.clear(); }, "-o OUT is needed, such as -o slide.svs"},
    {"UnknownProfile", [](auto& o) { o.profile = "ndpi"; },
     "unknown profile \"ndpi\"; use generic, svs or ome"},
    {"UnknownAssociatedImage", [](auto& o) { o.associated = "label,overview"; },
     "--associated: unknown associated image \"overview\"; use none or some of "
     "label,macro,thumbnail"},
    {"AssociatedImagesWithoutAPlace",
     [](auto& o) {
       o.out = "slide.tif";
       o.associated = "label";
     },
     "--associated: profile generic holds no associated images, got label; use svs or ome"},
    {"AnSvsWithoutThumbnail",
     [](auto& o) {
       o.out = "slide.svs";
       o.associated = "none";
     },
     "--associated: profile svs can't do without its thumbnail, got none; name it, too, or use "
     "generic or ome"},
    {"MaskOutOfAnotherKind", [](auto& o) { o.mask_out = "m.png"; },
     "the label pyramid must end in .tif, got 'm.png'"},
    {"MaskLevelsWithoutAMask", [](auto& o) { o.mask_levels = 1; },
     "--mask-levels is how many levels the label pyramid has; give --mask-out, too"},
    {"NoMaskLevels",
     [](auto& o) {
       o.mask_out = "m.tif";
       o.mask_levels = 0;
     },
     "--mask-levels must be from 1 to 32, got 0"},
    {"ThumbnailOfAnotherKind", [](auto& o) { o.thumbnail = "t.jpg"; },
     "--thumbnail must end in .png, got 't.jpg'"},
    {"ReportOfAnotherKind", [](auto& o) { o.report = "r.txt"; },
     "--report must end in .json, got 'r.txt'"},
    {"OneNameForTwoFiles",
     [](auto& o) {
       o.out = "out/slide.tif";
       o.mask_out = "out/./slide.tif";
     },
     "'out/slide.tif' is named twice; every file needs a name of its own"},
    {"OutIsTheMask",
     [](auto& o) {
       o.out = "a.tif";
       o.mask = "b/../a.tif";
     },
     "'a.tif' is named twice; every file needs a name of its own"},
    {"RegionWithoutASlide", [](auto& o) { o.region = "0,0,64,64"; },
     "--region needs --inpaint SLIDE"},
    {"RegionFileWithoutASlide", [](auto& o) { o.region_file = "r.geojson"; },
     "--region-file needs --inpaint SLIDE"},
    {"ClassWithoutASlide", [](auto& o) { o.class_name = "stroma"; },
     "--class needs --inpaint SLIDE"},
    {"AnyScaleWithoutASlide", [](auto& o) { o.any_scale = true; },
     "--any-scale needs --inpaint SLIDE"},
    {"InpaintNothing", [](auto& o) { o.inpaint = "a.svs"; },
     "--inpaint needs the part to paint anew: --region X,Y,W,H or --region-file FILE.geojson"},
    {"InpaintTwice",
     [](auto& o) {
       inpaint(o);
       o.region_file = "r.geojson";
     },
     "--inpaint needs the part to paint anew: --region X,Y,W,H or --region-file FILE.geojson"},
    {"RegionFileOfAnotherKind",
     [](auto& o) {
       inpaint(o);
       o.region.clear();
       o.region_file = "r.xml";
     },
     "--region-file must end in .geojson or .json, got 'r.xml'"},
    {"ClassAndMask",
     [](auto& o) {
       inpaint(o);
       o.class_name = "stroma";
       o.mask = "m.png";
     },
     "--class and --mask both say what the region shows; give one of them"},
    {"PromptOfAnInpainting",
     [](auto& o) {
       inpaint(o);
       o.prompt = "squamous";
     },
     "--prompt doesn't go with --inpaint, which keeps the slide"},
    {"TumourShareOfAnInpainting",
     [](auto& o) {
       inpaint(o);
       o.tumour_share = 0.5;
     },
     "--tumour-share doesn't go with --inpaint, which keeps the slide"},
    {"MassesOfAnInpainting",
     [](auto& o) {
       inpaint(o);
       o.masses = 2;
     },
     "--masses doesn't go with --inpaint, which keeps the slide"},
    {"InpaintWithLabels",
     [](auto& o) {
       inpaint(o);
       o.mask_out = "m.tif";
     },
     "--mask-out doesn't go with --inpaint, which keeps the slide"},
    {"InpaintWithAnnotations",
     [](auto& o) {
       inpaint(o);
       o.annotations = "m.geojson";
     },
     "--annotations doesn't go with --inpaint, which keeps the slide"},
    {"InpaintWithAThumbnail",
     [](auto& o) {
       inpaint(o);
       o.thumbnail = "t.png";
     },
     "--thumbnail doesn't go with --inpaint, which keeps the slide"},
    {"InpaintInAnotherFormat",
     [](auto& o) {
       inpaint(o);
       o.out = "b.tif";
     },
     "-o OUT must end in '.svs', as the slide of which it is a copy, got 'b.tif'"},
    {"InpaintOverTheSlide",
     [](auto& o) {
       inpaint(o);
       o.out = "./a.svs";
     },
     "'./a.svs' is named twice; every file needs a name of its own"},
    {"NoSteps", [](auto& o) { o.steps = 0; }, "--steps must be at least 1, got 0"},
    {"UnknownSpacing", [](auto& o) { o.spacing = "even"; },
     "--spacing must be time or log_snr, got 'even'"},
    {"UnknownSampler", [](auto& o) { o.sampler = "euler"; },
     "--sampler must be dpm++ or ddim, got 'euler'"},
    {"UnknownPlan", [](auto& o) { o.plan = "grid"; },
     "--plan must be shifted or random, got 'grid'"},
    {"EtaAboveOne", [](auto& o) { o.eta = 1.5; }, "--eta must be from 0 to 1, got 1.5"},
    {"EtaNotANumber", [](auto& o) { o.eta = std::nan(""); }, "--eta must be from 0 to 1, got nan"},
    {"NegativeGuidance", [](auto& o) { o.guidance = -0.5; },
     "--guidance must be from 0 to 100, got -0.5"},
    {"IntervalOfOne", [](auto& o) { o.guidance_interval = "0.5"; },
     "--guidance-interval must be LO,HI with 0 <= LO <= HI <= 1, got '0.5'"},
    {"IntervalReversed", [](auto& o) { o.guidance_interval = "0.8,0.2"; },
     "--guidance-interval must be LO,HI with 0 <= LO <= HI <= 1, got '0.8,0.2'"},
    {"IntervalAboveOne", [](auto& o) { o.guidance_interval = "0,1.1"; },
     "--guidance-interval must be LO,HI with 0 <= LO <= HI <= 1, got '0,1.1'"},
    {"IntervalWithMore", [](auto& o) { o.guidance_interval = "0,1,"; },
     "--guidance-interval must be LO,HI with 0 <= LO <= HI <= 1, got '0,1,'"},
    {"IntervalNotANumber", [](auto& o) { o.guidance_interval = "nan,1"; },
     "--guidance-interval must be LO,HI with 0 <= LO <= HI <= 1, got 'nan,1'"},
    {"UnknownLayout", [](auto& o) { o.layout = "grid"; },
     "--layout must be tissue, biopsy, tma, full or a picture such as outline.png, got 'grid'"},
    {"PromptOfAMask",
     [](auto& o) {
       o.mask = "mask.png";
       o.prompt = "squamous";
     },
     "--prompt is for labels that are painted; leave it out where --mask gives them"},
    {"TumourShareAboveOne", [](auto& o) { o.tumour_share = 1.5; },
     "--tumour-share must be from 0 to 1, got 1.5"},
    {"TumourShareNotANumber", [](auto& o) { o.tumour_share = std::nan(""); },
     "--tumour-share must be from 0 to 1, got nan"},
    {"NoMasses", [](auto& o) { o.masses = 0; }, "--masses must be from 1 to 100, got 0"},
    {"TooManyMasses", [](auto& o) { o.masses = 101; }, "--masses must be from 1 to 100, got 101"},
    {"TumourShareOfAMask",
     [](auto& o) {
       o.mask = "mask.png";
       o.tumour_share = 0.5;
     },
     "--tumour-share and --masses lay out labels that are painted; leave them out where --mask "
     "gives them"},
    {"MassesOfAMask",
     [](auto& o) {
       o.mask = "mask.png";
       o.masses = 2;
     },
     "--tumour-share and --masses lay out labels that are painted; leave them out where --mask "
     "gives them"},
    {"BackgroundOfALayout", [](auto& o) { o.background = "glass"; },
     "--background is the label of a mask's unlabelled pixels; give --mask, too"},
    {"BackgroundAndKeepUnknown",
     [](auto& o) {
       o.mask = "mask.png";
       o.background = "glass";
       o.keep_unknown = true;
     },
     "--background and --keep-unknown both say what unlabelled pixels are; give one of them"},
    {"AnnotationsWithoutASize", [](auto& o) { o.mask = "drawn.geojson"; },
     "--size is needed with --mask drawn.geojson: annotations don't say how large their slide is"},
    {"NoMemorySize", [](auto& o) { o.memory = "lots"; },
     "--memory: a size in bytes is a number with B, KiB, MiB, GiB, kB, MB or GB, such as 1GiB; "
     "got 'lots'"},
    {"TooManyThreads", [](auto& o) { o.threads = 1025; },
     "--threads must be from 1 to 1024, got 1025"},
    {"NegativeThreads", [](auto& o) { o.threads = -1; },
     "--threads must be from 1 to 1024, got -1"},
    {"NoSuchDevice", [](auto& o) { o.device = "cuda"; },
     "--device must be cpu in this version, got 'cuda'"},
    {"NoSuchDtype", [](auto& o) { o.dtype = "float64"; },
     "--dtype must be float32 or bfloat16, got 'float64'"},
    {"NoTile", [](auto& o) { o.tile = 0; },
     "--tile must be a multiple of 16 from 16 to 4096, got 0"},
    {"OddTile", [](auto& o) { o.tile = 500; },
     "--tile must be a multiple of 16 from 16 to 4096, got 500"},
    {"HugeTile", [](auto& o) { o.tile = 8192; },
     "--tile must be a multiple of 16 from 16 to 4096, got 8192"},
    {"UnknownCompression", [](auto& o) { o.compression = "jpeg2000"; },
     "unknown compression \"jpeg2000\"; use jpeg, deflate, lzw or none"},
    {"NoQuality", [](auto& o) { o.quality = 0; }, "quality must be from 1 to 100, got 0"},
};

class OptionDefect : public testing::TestWithParam<Defect> {};

TEST_P(OptionDefect, IsRefusedWithItsMessage) {
  GenerateArguments options = good_options();
  GetParam().spoil(options);
  EXPECT_EQ(message_of([&] { parse(options); }), GetParam().message);
}
INSTANTIATE_TEST_SUITE_P(Table, OptionDefect, testing::ValuesIn(kDefects),
                         [](const auto& test) { return test.param.name; });

TEST(ParseArguments, ARegionOfASlideIsGood) {
  GenerateArguments o = good_options();
  inpaint(o);
  EXPECT_NO_THROW(parse(o));
  o.class_name = "stroma";
  EXPECT_NO_THROW(parse(o));
}

TEST(ParseArguments, TheDocumentedDefaultsAreGood) {
  EXPECT_NO_THROW(parse(good_options()));
  for (const char* out : {"a.svs", "a.tif", "a.tiff", "a.ome.tif"}) {
    GenerateArguments o = good_options();
    o.out = out;
    EXPECT_NO_THROW(parse(o)) << out;
  }
}

TEST(ParseArguments, TheLimitsThemselvesAreGood) {
  GenerateArguments o = good_options();
  o.steps = 1;
  o.eta = 1;
  o.guidance = 100;
  o.guidance_interval = "0,1";
  o.threads = 1024;
  o.tile = 16;
  o.quality = 100;
  o.dtype = "bfloat16";
  EXPECT_NO_THROW(parse(o));
}

// ---- The date

TEST(JobDate, IsTheUsersElseAConstant) {
  EXPECT_EQ(job_date("2025-03-04"), "2025-03-04");
  EXPECT_EQ(job_date("2025-03-04T05:06:07"), "2025-03-04T05:06:07");
  EXPECT_EQ(job_date(""), "2026-01-01T00:00:00");
}

TEST(DateOfEpoch, CountsSecondsSince1970) {
  // date -u -d @1700000000
  EXPECT_EQ(date_of_epoch("1700000000"), "2023-11-14T22:13:20");
  EXPECT_EQ(date_of_epoch("0"), "1970-01-01T00:00:00");
  EXPECT_EQ(date_of_epoch("253402300799"), "9999-12-31T23:59:59");
}

TEST(JobDate, WhatIsNoDateIsRefused) {
  for (const char* epoch : {"", "x", "-1", "1.5", "253402300800", "17000000000000000000000"}) {
    EXPECT_EQ(message_of([&] { date_of_epoch(epoch); }),
              std::string("SOURCE_DATE_EPOCH must be seconds since 1970, got '") + epoch + "'");
  }
  for (const char* date : {"yesterday", "2025-13-01", "2025-02-30", "2025-3-4"}) {
    const std::string message = message_of([&] { job_date(date); });
    EXPECT_TRUE(message.starts_with("--date: ")) << date << ": " << message;
    EXPECT_NE(message.find(date), std::string::npos) << message;
  }
}

TEST(WorkDirectoryOf, IsBesideTheSlideUnlessNamed) {
  GenerateArguments o = good_options();
  EXPECT_EQ(parse(o).work.directory, "out/slide.svs.work");
  EXPECT_FALSE(parse(o).work.named);
  o.work = "/fast/disk";
  EXPECT_EQ(parse(o).work.directory, "/fast/disk");
  EXPECT_TRUE(parse(o).work.named);
}

}  // namespace
}  // namespace histoloom
