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

TEST(PyramidCommand, KilledAtAnyMomentLeavesNothingUnderTheFinalNameAndTheNextRunSucceeds) {
  const Folder folder;
  const std::string in = picture(folder, 6000, 5000);
  const std::string out = folder / "out.tif";
  const std::filesystem::path partial = folder / ".out.tif.partial";
  const Arguments job{"pyramid", in, "-o", out, "--compression", "none", "--quiet", "--force"};
  ASSERT_EQ(run(job).code, 0);
  const std::string whole = bytes_of(out);
  std::filesystem::remove(out);
  int killed = 0;
  for (const double share : {0.0, 0.02, 0.3, 0.6, 0.9, 0.99}) {
    SCOPED_TRACE(share);
    Process process(job);
    process.hold_at([&] {
      std::error_code code;
      const auto size = std::filesystem::file_size(partial, code);
      return !code && static_cast<double>(size) >= share * static_cast<double>(whole.size());
    });
    process.send(SIGKILL);
    killed += process.wait().code == 128 + SIGKILL ? 1 : 0;
    if (std::filesystem::exists(out)) {
      // It was done before the signal came.
      EXPECT_TRUE(bytes_of(out) == whole);
      std::filesystem::remove(out);
    }
  }
  EXPECT_GE(killed, 3);
  EXPECT_EQ(run(job).code, 0);
  EXPECT_THAT(folder.listing(), ElementsAre("in.png", "out.tif"));
  EXPECT_TRUE(bytes_of(out) == whole);
}

TEST(PyramidCommand, OnAFullDiskNamesTheFileAndTheBytesNeededAndLeavesNothing) {
  const Folder folder;
  SmallDisk disk(folder / "disk");
  if (!disk.resize("3m")) GTEST_SKIP() << disk.why();
  const std::string in = picture(folder, 3000, 2500);  // 10 MB with its levels
  const std::string out = folder / "disk/out.tif";
  const Arguments job{"pyramid", in, "-o", out, "--compression", "none", "--quiet"};
  const Outcome full = run(job);
  EXPECT_EQ(full.code, 1);
  EXPECT_THAT(full.err, testing::MatchesRegex(
                            "histoloom: writing " + out +
                            ": No space left on device after [^\n]+; about (9|1[01])[.0-9]* "
                            "MiB are needed; make room and start again\n"));
  EXPECT_TRUE(std::filesystem::is_empty(folder / "disk")) << "half a slide was left";
  ASSERT_TRUE(disk.resize("16m")) << disk.why();
  EXPECT_EQ(run(job).code, 0);
  EXPECT_EQ(run({"verify", out}).code, 0);
}

TEST(PyramidCommand, RefusesATruncatedPictureBeforeAnyWork) {
  const Folder folder;
  const std::string in = picture(folder, 300, 200);
  const std::string whole = bytes_of(in);
  write_bytes(in, whole.substr(0, whole.size() / 2));
  const Outcome outcome = run({"pyramid", in, "-o", folder / "out.tif"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err,
            "histoloom: " + in + " is truncated: it has no end as every PNG has; fetch it again\n");
  EXPECT_THAT(folder.listing(), ElementsAre("in.png"));
}

TEST(VerifyCommand, ReportsErrorsWithCodeOneAndAsJson) {
  const Folder folder;
  const std::string out = folder / "out.tif";
  ASSERT_EQ(run({"pyramid", picture(folder, 700, 500), "-o", out, "--quiet"}).code, 0);
  const std::string bytes = bytes_of(out);
  const auto json = nlohmann::json::parse(run({"verify", out, "--json"}).out);
  EXPECT_TRUE(json["ok"]);
  EXPECT_EQ(json["readers"].size(), 23u);
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
