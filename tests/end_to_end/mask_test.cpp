// The labels of a slide in all their files: they say the same.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "support.h"

namespace histoloom::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// At each of the points, by Shapely's point in polygon: the class there, or "glass", and how far
// the nearest line of a polygon is.
struct Place {
  int x = 0, y = 0;
  std::string name;
  double distance = 0;
};

std::vector<Place> places_in(const std::filesystem::path& geojson, int width, int height,
                             unsigned seed) {
  const std::string script = fmt::format(
      "import json,random\n"
      "from shapely.geometry import Point,shape\n"
      "random.seed({})\n"
      "all=[(f[\"properties\"][\"classification\"][\"name\"],shape(f[\"geometry\"])) for f in "
      "json.load(open(\"{}\"))[\"features\"]]\n"
      "for i in range(200):\n"
      "  x,y=random.randrange({}),random.randrange({})\n"
      "  p=Point(x+.5,y+.5)\n"
      "  names=[n.replace(\" \",\"_\") for n,s in all if s.contains(p)]\n"
      "  d=min([s.boundary.distance(p) for n,s in all])\n"
      "  print(x,y,\"+\".join(names) or \"glass\",d)\n",
      seed, geojson.string(), width, height);
  const std::unique_ptr<std::FILE, decltype(&pclose)> pipe(
      popen(fmt::format("/usr/bin/python3 -W ignore -c '{}'", script).c_str(), "r"), pclose);
  std::string text;
  for (int c = 0; (c = std::fgetc(pipe.get())) != EOF;) text += static_cast<char>(c);
  std::istringstream in(text);
  std::vector<Place> out;
  for (Place p; in >> p.x >> p.y >> p.name >> p.distance;) out.push_back(p);
  return out;
}

TEST(Mask, HasTheSizeOfTheMaskThatItIsMadeOf) {
  const Folder folder;
  const auto ids = folder / "ids.png", out = folder / "labels.tif";
  write_mask(ids, 200, 120, [](int x, int) { return x < 80 ? 1 : 0; });
  const Outcome warned = run(mask(out, {"--mask", ids.string()}));
  EXPECT_EQ(warned.code, 0);
  EXPECT_EQ(warned.err,
            "histoloom: warning: mask " + ids.string() +
                " holds nothing but 60 % unknown, 40 % carcinoma: unknown is painted as "
                "tissue, too; --background LABEL says what it is, such as --background "
                "glass\n");
  const Page labels = read_page(out, 0);
  EXPECT_EQ(labels.width, 200);
  EXPECT_EQ(labels.height, 120);
  EXPECT_EQ(labels.pixels[100 * 200 + 20], 1);
  const Outcome forecast =
      run(generate(folder / "s.svs",
                   {"--mask", ids.string(), "--size", "200x120", "--steps", "1", "--dry-run"}));
  EXPECT_THAT(forecast.out, HasSubstr("\nlabels       100 % carcinoma\n"));
  EXPECT_THAT(forecast.out,
              HasSubstr("\nwarning      mask " + ids.string() + " holds nothing but 60 % unknown"));
  const Outcome empty = run(mask(folder / "e.tif", {"--mask", ids.string(), "--background", ""}));
  EXPECT_EQ(empty.code, 2);
  EXPECT_EQ(empty.err, "histoloom: --background: is empty; see histoloom --help\n");
  const auto clear = folder / "clear.tif";
  const Outcome told = run(mask(clear, {"--mask", ids.string(), "--background", "glass"}));
  EXPECT_EQ(told.code, 0);
  EXPECT_EQ(told.err, "");
  const Page with_glass = read_page(clear, 0);
  EXPECT_EQ(with_glass.pixels[100 * 200 + 20], 1);
  EXPECT_EQ(with_glass.pixels[100 * 200 + 150], 5);
}

TEST(Mask, PyramidAndAnnotationsAgreeAtTwoHundredPointsOfEverySlide) {
  if (std::system("/usr/bin/python3 -c 'import shapely' 2> /dev/null") != 0)
    GTEST_SKIP() << "python3-shapely is not installed";
  const Folder folder;
  const std::string names[] = {"unknown",       "carcinoma", "necrosis",
                               "tumour_stroma", "other",     "glass"};
  unsigned seed = 1;
  for (const std::string layout : {"tissue", "biopsy", "tma", "full"}) {
    SCOPED_TRACE(layout);
    const auto tif = folder / (layout + ".tif"), geojson = folder / (layout + ".geojson");
    const Outcome outcome =
        run(mask(tif, {"--size", "2050x1533", "--layout", layout, "--seed", std::to_string(++seed),
                       "--annotations", geojson.string()}));
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const Page labels = read_page(tif, 0);
    ASSERT_EQ(labels.pixels.size(), 2050u * 1533u);
    const std::vector<Place> places = places_in(geojson, 2050, 1533, seed);
    ASSERT_EQ(places.size(), 200u);
    int compared = 0;
    for (const Place& p : places) {
      if (p.distance <= 4) continue;  // the tolerance: half a cell
      ++compared;
      EXPECT_EQ(names[labels.pixels[static_cast<std::size_t>(p.y * 2050 + p.x)]], p.name)
          << p.x << "," << p.y;
    }
    EXPECT_GT(compared, 120);
  }
}

TEST(Mask, ComesBackFromItsPyramidAndItsAnnotationsAsItWas) {
  const Folder folder;
  const Arguments size{"--size", "1003x700"};
  Arguments first = size;
  first.insert(first.end(), {"--annotations", (folder / "a.geojson").string()});
  ASSERT_EQ(run(mask(folder / "a.tif", first)).code, 0);
  for (const char* source : {"a.tif", "a.geojson"}) {
    Arguments again = size;
    again.insert(again.end(), {"--mask", (folder / source).string(), "--force"});
    const Outcome outcome = run(mask(folder / "b.tif", again));
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_TRUE(bytes_of(folder / "b.tif") == bytes_of(folder / "a.tif")) << source;
  }
}

TEST(Mask, IsTheOneOfTheSlideAndTheSameForAnyNumberOfThreads) {
  const Folder folder;
  const Arguments same{"--size", "300x200", "--seed", "5"};
  Arguments slide = same, threads = same;
  slide.insert(slide.end(), {"--steps", "1", "--mask-out", (folder / "a.tif").string()});
  threads.insert(threads.end(), {"--threads", "1"});
  ASSERT_EQ(run(generate(folder / "a.svs", slide)).code, 0);
  ASSERT_EQ(run(mask(folder / "b.tif", same)).code, 0);
  ASSERT_EQ(run(mask(folder / "c.tif", threads)).code, 0);
  EXPECT_TRUE(bytes_of(folder / "a.tif") == bytes_of(folder / "b.tif"));
  EXPECT_TRUE(bytes_of(folder / "c.tif") == bytes_of(folder / "b.tif"));
}

TEST(Mask, IsTheOneOfTheSlideInEitherDtype) {
  const Folder folder;
  for (const std::string dtype : {"float32", "bfloat16"}) {
    const Arguments same{"--size", "300x200", "--seed", "5", "--dtype", dtype};
    Arguments slide = same, alone = same;
    slide.insert(slide.end(),
                 {"--steps", "1", "--mask-out", (folder / "a.tif").string(), "--force"});
    alone.insert(alone.end(), {"--report", (folder / "r.json").string(), "--force"});
    ASSERT_EQ(run(generate(folder / "a.svs", slide)).code, 0);
    const Outcome outcome = run(mask(folder / "b.tif", alone));
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_TRUE(bytes_of(folder / "a.tif") == bytes_of(folder / "b.tif")) << dtype;
    EXPECT_EQ(nlohmann::json::parse(bytes_of(folder / "r.json"))["dtype"], dtype);
  }
}

TEST(Mask, TellsItsSharesAndNamesItsLabels) {
  const Folder folder;
  const Arguments job{"--size", "800x800",  "--tissue-fraction",
                      "0.6",    "--report", (folder / "r.json").string()};
  ASSERT_EQ(run(by_default_model(mask(folder / "a.tif", job))).code, 0);
  const auto report = nlohmann::json::parse(bytes_of(folder / "r.json"));
  EXPECT_NEAR(report["mask"]["shares"]["glass"].get<double>(), 0.4, 0.02);
  EXPECT_EQ(report["mask"]["cell"], 8);
  EXPECT_THAT(bytes_of(folder / "a.tif"), HasSubstr("\n1 = carcinoma #c80000\n"));
}

TEST(Mask, RunsAgainAfterAKillAndKeepsWhatIsNotItsOwn) {
  const Folder folder;
  const Arguments job{"--size", "2048x2048", "--seed", "5", "--tissue-fraction", "0.1"};
  const auto out = folder / "a.tif", work = folder / "a.tif.work";
  ASSERT_EQ(run(mask(folder / "b.tif", job)).code, 0);
  Process process(mask(out, job));
  ASSERT_TRUE(process.hold_at([&] { return std::filesystem::exists(work / "1/.zarray"); }));
  const Outcome second = run(mask(out, job));
  EXPECT_EQ(second.code, 1);
  EXPECT_EQ(second.err,
            "histoloom: " + work.string() + ": another process is working in it; wait for it\n");
  process.send(SIGKILL);
  ASSERT_EQ(process.wait().code, 128 + SIGKILL);
  ASSERT_TRUE(std::filesystem::exists(work / "1/.zarray"));
  const Outcome again = run(mask(out, job));
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_TRUE(bytes_of(out) == bytes_of(folder / "b.tif"));
  EXPECT_THAT(folder.listing(), ElementsAre("a.tif", "b.tif"));

  std::filesystem::create_directory(work);
  write_bytes(work / "thesis.tex", "years of work");
  const Outcome refused = run(mask(out, {"--force"}));
  EXPECT_EQ(refused.code, 2);
  EXPECT_EQ(refused.err, "histoloom: " + work.string() +
                             ": is in the way and not ours; remove it, or give what is written "
                             "another name\n");
  EXPECT_EQ(bytes_of(work / "thesis.tex"), "years of work");
}

TEST(Mask, RefusesOptionsThatDontGoTogether) {
  const Folder folder;
  struct Case {
    Arguments arguments;
    std::string message;
  };
  const std::string png = (folder / "m.png").string();
  write_mask(png, 8, 8, [](int, int) { return 1; });
  const Case cases[] = {
      {{"--simplify", "3"},
       "--simplify is how far annotations may be off; give --annotations, too"},
      {{"--annotations", (folder / "a.geojson").string(), "--simplify", "5"},
       "--simplify must be from 0 to 4 px, half a cell of the mask, beyond which lines could "
       "cross; got 5"},
      {{"--annotations", "a.json"},
       "--annotations must end in .geojson (QuPath) or .xml (ASAP), got 'a.json'"},
      {{"--tissue-fraction", "1.5"}, "--tissue-fraction must be from 0 to 1, got 1.5"},
      {{"--tile", "100"}, "--tile must be a multiple of 16 from 16 to 4096, got 100"},
      {{"--tile", "16", "--size", "1000000x1000000"},
       "an image of 1000000x1000000 has 5208352809 tiles of 16 px, more than 2147483647; use a "
       "larger tile size"},
      {{"--dtype", "int8"}, "--dtype must be float32 or bfloat16, got 'int8'"},
      {{"--pieces", "0"}, "--pieces must be from 1 to 10000, got 0"},
      {{"--layout", "full", "--pieces", "3"},
       "--tissue-fraction and --pieces need --layout tissue, biopsy or tma; leave them out"},
      {{"--mask-colors", "c.json"},
       "--mask-colors says what the colours of a mask mean; give --mask, too"},
      {{"--mask", png, "--mask-colors", png},
       "'" + png + "' is named twice; every file needs a name of its own"}};
  for (const Case& c : cases) {
    const Outcome outcome = run(mask(folder / "a.tif", c.arguments));
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.err, "histoloom: " + c.message + "\n");
  }
  EXPECT_THAT(folder.listing(), ElementsAre("m.png"));
}

TEST(Mask, WithABadDateInTheEnvironmentIsRefusedBeforeAnyWork) {
  const Folder folder;
  setenv("SOURCE_DATE_EPOCH", "yesterday", 1);
  const Outcome outcomes[] = {
      run(mask(folder / "a.tif", {})), run(generate(folder / "a.svs")),
      run({"pyramid", (folder / "a.png").string(), "-o", (folder / "b.tif").string()})};
  setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
  const Outcome good = run(mask(folder / "b.tif", {"--size", "64x64"}));
  unsetenv("SOURCE_DATE_EPOCH");
  for (const Outcome& outcome : outcomes) {
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.err,
              "histoloom: SOURCE_DATE_EPOCH must be seconds since 1970, got 'yesterday'\n");
  }
  EXPECT_EQ(good.code, 0) << good.err;
  EXPECT_THAT(bytes_of(folder / "b.tif"), HasSubstr("2023:11:14 22:13:20"));
  EXPECT_THAT(folder.listing(), ElementsAre("b.tif"));
}

TEST(Mask, OfASlideSaysTheTissueThatIsLeftWithoutSpecks) {
  const Folder folder;
  const Arguments scene{"--size", "1024x1024", "--pieces", "40", "--tissue-fraction", "0.05"};
  const auto report = [&](Arguments arguments, const char* name) {
    arguments.insert(arguments.end(), scene.begin(), scene.end());
    arguments.insert(arguments.end(), {"--report", (folder / name).string()});
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return nlohmann::json::parse(bytes_of(folder / name));
  };
  const auto slide = report(generate(folder / "s.svs", {"--steps", "1"}), "s.json");
  const auto labels = report(mask(folder / "m.tif"), "m.json");
  const double glass = labels["mask"]["shares"]["glass"];
  EXPECT_DOUBLE_EQ(slide["slide"]["tissue_fraction"], 1 - glass);
  EXPECT_LT(1 - glass, 0.05) << "specks were removed";
}

}  // namespace
}  // namespace histoloom::test
