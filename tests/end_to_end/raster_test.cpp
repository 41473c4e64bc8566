// Labels of both files, as programs of others read them: annotations rasterised again are the mask.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <memory>

#include "support.h"

namespace histoloom::test {
namespace {

// What Debian's python3 prints of a script, in a folder that holds labels.tif and labels.geojson.
std::string python(const std::filesystem::path& folder, const std::string& script) {
  const std::string command =
      "cd '" + folder.string() + "' && /usr/bin/python3 -W ignore -c '" + script + "' 2>&1";
  const std::unique_ptr<std::FILE, decltype(&pclose)> pipe(popen(command.c_str(), "r"), pclose);
  std::string text;
  for (int c = 0; (c = std::fgetc(pipe.get())) != EOF;) text += static_cast<char>(c);
  return text;
}

bool python_has(const std::filesystem::path& folder, const std::string& module) {
  return python(folder, "import " + module).empty();
}

// Sets `mask` to the ids and `features` to the annotations, and names the ids.
const char* const kRead =
    "import json, numpy, tifffile\n"
    "mask = tifffile.imread(\"labels.tif\", key=0)\n"
    "features = json.load(open(\"labels.geojson\"))[\"features\"]\n"
    "ids = {\"carcinoma\": 1, \"necrosis\": 2}\n"
    "name = lambda f: f[\"properties\"][\"name\"]\n"
    "glass = numpy.full(mask.shape, 5, \"u1\")\n";

class Raster : public testing::Test {
 protected:
  // Blocks, a disc with a hole, and one that touches the border; glass has the id 5.
  void make(const Arguments& more) {
    const auto ids = folder_ / "ids.png";
    write_mask(ids, 304, 200, [](int x, int y) {
      const int d = (x - 120) * (x - 120) + (y - 90) * (y - 90);
      if (d < 30 * 30) return 2;
      if (d < 70 * 70) return 1;
      if (x >= 240) return y / 16 % 2 == 0 ? 1 : 2;
      return 0;
    });
    Arguments arguments{"--mask", ids.string(),    "--background",
                        "glass",  "--annotations", (folder_ / "labels.geojson").string(),
                        "--force"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = run(mask(folder_ / "labels.tif", arguments));
    ASSERT_EQ(outcome.code, 0) << outcome.err;
  }

  std::string said(const std::string& script) { return python(folder_ / "", kRead + script); }

  Folder folder_;
};

TEST_F(Raster, OfShapelyAtPixelCentresIsTheMask) {
  if (!python_has(folder_ / "", "shapely, tifffile")) GTEST_SKIP() << "no python3-shapely";
  make({"--simplify", "0"});
  EXPECT_EQ(said("from shapely.geometry import shape\n"
                 "from shapely.vectorized import contains\n"
                 "y, x = numpy.mgrid[0:200, 0:304] + 0.5\n"
                 "for f in features: glass[contains(shape(f[\"geometry\"]), x, y)] = ids[name(f)]\n"
                 "print((glass != mask).sum())\n"),
            "0\n");
}

TEST_F(Raster, OfGdalIsTheMask) {
  if (std::system("command -v gdal_create > /dev/null") != 0) GTEST_SKIP() << "no gdal-bin";
  if (!python_has(folder_ / "", "tifffile")) GTEST_SKIP() << "no python3-tifffile";
  make({"--simplify", "0"});
  const std::string burn =
      "cd '" + (folder_ / "").string() +
      "' && gdal_create -q -outsize 304 200 -bands 1 -burn 5 a.tif && "
      "gdal_rasterize -q -burn 1 -where \"name='carcinoma'\" labels.geojson a.tif 2> /dev/null && "
      "gdal_rasterize -q -burn 2 -where \"name='necrosis'\" labels.geojson a.tif 2> /dev/null";
  ASSERT_EQ(std::system(burn.c_str()), 0);
  EXPECT_EQ(said("print((tifffile.imread(\"a.tif\") != mask).sum())"), "0\n");
}

// What else Debian has: the edges that these draw, too, make a piece one pixel larger.
TEST_F(Raster, OfRasterioIsTheMaskAndOfProgramsThatDrawEdgesIsLarger) {
  make({"--simplify", "0"});
  const std::string rings =
      "out = glass.copy()\n"
      "largest = max((f for f in features if name(f) == \"necrosis\"), "
      "key=lambda f: len(f[\"geometry\"][\"coordinates\"][0]))\n"
      "ring = largest[\"geometry\"][\"coordinates\"][0]\n"
      "xs = [p[0] for p in ring]; ys = [p[1] for p in ring]\n"
      "columns = lambda a: numpy.ptp(numpy.where(a == 7)[1]) + 1\n"
      "width = max(xs) - min(xs)\n";
  int tried = 0;
  const auto expect = [&](const std::string& module, const std::string& script,
                          const std::string& answer) {
    if (!python_has(folder_ / "", module)) return;
    ++tried;
    EXPECT_EQ(said(script), answer) << module;
  };
  expect("rasterio",
         "from rasterio.features import rasterize\n"
         "print((rasterize([(f[\"geometry\"], ids[name(f)]) for f in features], "
         "out_shape=mask.shape, fill=5, dtype=\"uint8\") != mask).sum())\n",
         "0\n");
  expect("PIL",
         rings +
             "from PIL import Image, ImageDraw\n"
             "image = Image.fromarray(out)\n"
             "ImageDraw.Draw(image).polygon([tuple(p) for p in ring], fill=7)\n"
             "print(columns(numpy.asarray(image)) - width)\n",
         "1\n");
  expect("cv2",
         rings +
             "import cv2\n"
             "cv2.fillPoly(out, [numpy.array(ring, \"i4\")], 7)\n"
             "print(columns(out) - width)\n",
         "1\n");
  expect("skimage",
         rings +
             "from skimage.draw import polygon\n"
             "out[polygon(ys, xs, out.shape)] = 7\n"
             "print(columns(out) - width)\n",
         "1\n");
  if (tried == 0)
    GTEST_SKIP() << "none of python3-rasterio, python3-pil, python3-opencv, python3-skimage";
}

TEST_F(Raster, OfLevelsIsLevelZeroAloneWhereAsked) {
  if (!python_has(folder_ / "", "tifffile")) GTEST_SKIP() << "no python3-tifffile";
  const std::string count = "print(len(tifffile.TiffFile(\"labels.tif\").pages))";
  make({"--tile", "64"});
  EXPECT_EQ(said(count), "4\n");
  make({"--tile", "64", "--mask-levels", "1"});
  EXPECT_EQ(said(count), "1\n");
  make({"--tile", "64", "--mask-levels", "2"});
  EXPECT_EQ(said(count), "2\n");
}

}  // namespace
}  // namespace histoloom::test
