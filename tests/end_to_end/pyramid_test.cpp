// `histoloom pyramid` and `histoloom verify` as a user runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>

#include "support.h"

namespace histoloom::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::filesystem::path picture(const Folder& folder, int width, int height) {
  const auto path = folder / "in.png";
  write_mask(path, width, height, [](int x, int y) { return (x * 7 + y * 3) % 251; });
  return path;
}

TEST(PyramidCommand, MakesAPyramidThatVerifyFindsSound) {
  const Folder folder;
  const std::string in = picture(folder, 700, 500);
  const std::string out = folder / "out.ome.tif";
  const Outcome made = run({"pyramid", in, "-o", out, "--mpp", "0.5", "--magnification", "20",
                            "--compression", "lzw", "--tile", "128", "--quiet"});
  EXPECT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(made.out, out + "\n");
  EXPECT_EQ(made.err, "");
  EXPECT_THAT(folder.listing(), ElementsAre("in.png", "out.ome.tif"));
  const Outcome verified = run({"verify", out});
  EXPECT_EQ(verified.code, 0) << verified.out;
  EXPECT_THAT(verified.out, HasSubstr("Bio-Formats, OMERO    as OME-TIFF\n"
                                      "                      4 levels: 700x500 350x250 175x125 "
                                      "88x63\n"
                                      "                      mpp 0.5, 20x, with thumbnail\n"));
}

TEST(PyramidCommand, SaysProgressOnStderrUnlessQuiet) {
  const Folder folder;
  const Outcome made = run({"pyramid", picture(folder, 300, 200), "-o", folder / "out.tif"});
  EXPECT_EQ(made.code, 0);
  EXPECT_THAT(made.err, HasSubstr("200/200 rows"));
}

TEST(PyramidCommand, RefusesWhatItCantUseWithCodeTwo) {
  const Folder folder;
  const std::string in = picture(folder, 300, 200);
  const auto before = folder.listing();
  for (const Arguments& arguments :
       {Arguments{"pyramid", folder / "none.png", "-o", folder / "out.tif"},
        Arguments{"pyramid", in, "-o", folder / "out.jpg"}, Arguments{"pyramid", in},
        Arguments{"pyramid", in, "-o", folder / "out.svs"},  // one channel
        Arguments{"pyramid", in, "-o", in, "--profile", "generic"},
        Arguments{"pyramid", in, "-o", folder / "out.tif", "--tile", "100"},
        Arguments{"verify", in}, Arguments{"verify", folder / "none.tif"}}) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, StartsWith("histoloom: "));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_EQ(folder.listing(), before);
  }
}

TEST(PyramidCommand, KilledLeavesNothingUnderTheFinalNameAndTheNextRunSucceeds) {
  const Folder folder;
  const std::string in = picture(folder, 6000, 5000);
  const std::string out = folder / "out.tif";
  const std::filesystem::path partial = folder / ".out.tif.partial";
  {
    Process process({"pyramid", in, "-o", out, "--compression", "deflate", "--quiet"});
    process.wait_until([&] { return std::filesystem::exists(partial); });
    process.send(SIGKILL);
    process.wait();
  }
  EXPECT_FALSE(std::filesystem::exists(out));
  EXPECT_EQ(run({"pyramid", in, "-o", out, "--quiet"}).code, 0);
  EXPECT_THAT(folder.listing(), ElementsAre("in.png", "out.tif"));
}

TEST(VerifyCommand, ReportsErrorsWithCodeOneAndAsJson) {
  const Folder folder;
  const std::string out = folder / "out.tif";
  ASSERT_EQ(run({"pyramid", picture(folder, 700, 500), "-o", out, "--quiet"}).code, 0);
  const std::string bytes = bytes_of(out);
  const auto json = nlohmann::json::parse(run({"verify", out, "--json"}).out);
  EXPECT_TRUE(json["ok"]);
  EXPECT_EQ(json["readers"].size(), 11u);
  EXPECT_EQ(json["readers"][0]["reader"], "OpenSlide 3.4.1");
  EXPECT_EQ(json["readers"][0]["levels"][0], nlohmann::json({700, 500}));
  EXPECT_TRUE(json["readers"][0]["magnification"].is_null());
  write_bytes(out, bytes.substr(0, bytes.size() - 100));
  const Outcome cut = run({"verify", out, "--json"});
  EXPECT_NE(cut.code, 0);
  if (cut.code == 1) {
    EXPECT_FALSE(nlohmann::json::parse(cut.out)["ok"]);
  }
}

}  // namespace
}  // namespace histoloom::test
