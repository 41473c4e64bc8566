// `histoloom import`, and slides painted with what it made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>

#include "support.h"

namespace histoloom::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// Another parity kit of the same layout, where the user has one.
std::string kit(const char* file) {
  const char* other = std::getenv("HISTOLOOM_PARITY");
  return std::string(other != nullptr ? other : HISTOLOOM_TESTDATA "/parity") + "/" + file;
}

Arguments import_of_the_kit(const Folder& folder) {
  return {"import",
          "diffinfinite",
          "--denoiser",
          kit("model-10.pt"),
          "--mask-denoiser",
          kit("diffinfinite_mask_unet.safetensors"),
          "--autoencoder",
          kit("autoencoder_kl.safetensors"),
          "--patch",
          "32",
          "-o",
          folder / "bundle"};
}

Arguments generate_with(const Folder& folder, const std::string& out, const Arguments& more) {
  Arguments all{"generate", "-o", folder / out, "--model", folder / "bundle", "--quiet"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

TEST(ImportCommand, MakesABundleThatPaintsTheSameSlideTwice) {
  const Folder folder;
  const Outcome imported = run(import_of_the_kit(folder));
  ASSERT_EQ(imported.code, 0) << imported.err;
  EXPECT_EQ(imported.out, (folder / "bundle").string() + "\n");
  const Outcome checked = run({"model", "check", folder / "bundle"});
  EXPECT_EQ(checked.code, 0);
  EXPECT_EQ(checked.err, "") << "nothing is stated of the denoiser's latents";
  EXPECT_THAT(checked.out, testing::MatchesRegex("(.*: SHA-256 [0-9a-f]{64}, as model.json "
                                                 "states\n){3}"));
  for (const char* out : {"a.svs", "b.svs"}) {
    const Outcome painted = run(generate_with(
        folder, out, {"--size", "300x270", "--layout", "full", "--steps", "2", "--seed", "3"}));
    ASSERT_EQ(painted.code, 0) << painted.err;
  }
  EXPECT_EQ(bytes_of(folder / "a.svs"), bytes_of(folder / "b.svs"));
  const Page page = read_page(folder / "a.svs", 0);
  EXPECT_EQ(page.width, 300);
  EXPECT_EQ(page.height, 270);
}

TEST(ImportCommand, RefusesWhatItCanNotUseAndLeavesNothing) {
  const Folder folder;
  Arguments arguments = import_of_the_kit(folder);
  arguments[3] = folder / "cut.pt";
  write_bytes(arguments[3], bytes_of(kit("model-10.pt")).substr(0, 5000));
  const Outcome cut = run(arguments);
  EXPECT_EQ(cut.code, 2);
  EXPECT_THAT(cut.err, StartsWith("histoloom: " + arguments[3] + ": "));
  EXPECT_THAT(folder.listing(), ElementsAre("cut.pt"));

  const Outcome context = run({"import", "diffusers", "--unet", "u", "--vae", "v", "--context",
                               "none", "-o", folder / "bundle"});
  EXPECT_EQ(context.code, 2);
  EXPECT_EQ(context.err, "histoloom: --context must be NAME=FILE, got 'none'\n");

  write_bytes(folder / "labels.json", R"({"labels": []})");
  arguments = import_of_the_kit(folder);
  arguments.insert(arguments.end(), {"--labels", folder / "labels.json"});
  const Outcome labels = run(arguments);
  EXPECT_EQ(labels.code, 2);
  EXPECT_THAT(labels.err, HasSubstr("labels.json: a label set must be"));
}

// Some minutes and 2.5 GB of disk: DiffInfinite's own sizes, random weights.
TEST(Long, DISABLED_AFullSizeDiffInfiniteBundlePaintsWithin6GiB) {
  const Folder folder;
  const std::string make = std::string(HISTOLOOM_RANDOM_WEIGHTS) + " " + folder.path().string();
  ASSERT_EQ(std::system(make.c_str()), 0);
  const Outcome imported =
      run({"import", "diffinfinite", "--denoiser", folder / "denoiser.safetensors", "--autoencoder",
           folder / "autoencoder.safetensors", "-o", folder / "bundle"});
  ASSERT_EQ(imported.code, 0) << imported.err;
  const Outcome painted = run(generate_with(
      folder, "slide.svs",
      {"--size", "1024x1024", "--layout", "full", "--steps", "3", "--report", folder / "r.json"}));
  ASSERT_EQ(painted.code, 0) << painted.err;
  EXPECT_EQ(read_page(folder / "slide.svs", 0).width, 1024);
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);  // the largest of all children
  RecordProperty("peak_mib", static_cast<int>(usage.ru_maxrss / 1024));
  EXPECT_LE(usage.ru_maxrss, 6L << 20);
}

}  // namespace
}  // namespace histoloom::test
