// What can't be used is refused before any work: one line that names the thing, the value and the
// cure, exit code 2, and nothing left behind.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "jobs.h"
#include "support.h"

namespace histoloom::test {
namespace {

using testing::MatchesRegex;
using testing::StartsWith;

// Runs what must be refused; returns the message without "histoloom: " and the end of its line.
std::string refusal(const Folder& folder, const Arguments& arguments) {
  const std::vector<std::string> before = folder.listing();
  const Outcome outcome = run(arguments);
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(folder.listing(), before) << "something was left behind";
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  EXPECT_THAT(outcome.err, StartsWith("histoloom: "));
  EXPECT_THAT(outcome.err, testing::EndsWith("\n"));
  return outcome.err.substr(11, outcome.err.size() - 12);
}

TEST(BadSize, IsRefusedWithTheLimits) {
  const Folder folder;
  for (const std::string size : {"0x5", "999999999x2", "63x64", "100", "100x", "x", "-64x64",
                                 "64x64x64", "1e3x64", " 64x64", "99999999999999999999x64"}) {
    SCOPED_TRACE(size);
    EXPECT_EQ(refusal(folder, generate(folder / "s.svs", {"--size=" + size})),
              "--size must be WIDTHxHEIGHT in pixels, each from 64 to 1000000, such as 4096x4096; "
              "got '" +
                  size + "'");
  }
}

TEST(BadMask, ThatIsMissingIsNamed) {
  const Folder folder;
  const std::string mask = (folder / "mask.png").string();
  EXPECT_EQ(refusal(folder, generate(folder / "s.svs", {"--mask", mask})),
            mask + " can't be opened: No such file or directory; check the path");
}

TEST(BadMask, ThatIsCorruptIsNamed) {
  const Folder folder;
  const std::string mask = (folder / "mask.png").string();
  const Arguments arguments = generate(folder / "s.svs", {"--mask", mask, "--size", "256x256"});
  const std::string damaged =
      "[^\n]*mask.png (can't be read as an image, it may be damaged "
      "\\([^\n]+\\)|is truncated: it has no end as every PNG has; fetch it again)";
  // Cut short at every place that matters: nothing, a signature, a header, some of the pixels.
  write_mask(mask, 256, 256, [](int x, int y) { return x * y % 7 > 3 ? 1 : 3; });
  const std::string whole = bytes_of(mask);
  for (const std::size_t bytes :
       {std::size_t{0}, std::size_t{8}, std::size_t{33}, whole.size() / 2, whole.size() - 20}) {
    SCOPED_TRACE(bytes);
    write_bytes(mask, whole.substr(0, bytes));
    EXPECT_THAT(refusal(folder, arguments), MatchesRegex(damaged));
  }
  write_bytes(mask, "not an image at all, but long enough to be one\n");
  EXPECT_THAT(refusal(folder, arguments), MatchesRegex(damaged));
}

TEST(BadMask, WithAnUnknownIdSaysWhereAndWhichAreKnown) {
  const Folder folder;
  const std::string mask = (folder / "mask.png").string();
  write_mask(mask, 256, 256, [](int x, int y) { return x == 70 && y == 90 ? 9 : 1; });
  EXPECT_EQ(refusal(folder, generate(folder / "s.svs", {"--mask", mask, "--size", "256x256"})),
            "mask " + mask +
                " has the value 9 at pixel (70, 90), which is no label id; the labels are 0 "
                "unknown, 1 carcinoma, 2 necrosis, 3 tumour stroma, 4 other, 5 glass");
}

TEST(BadMask, OfAnotherSizeSaysWhichSizesFit) {
  const Folder folder;
  const std::string mask = (folder / "mask.png").string();
  write_mask(mask, 100, 50, [](int, int) { return 1; });
  EXPECT_EQ(refusal(folder, generate(folder / "s.svs", {"--mask", mask, "--size", "256x256"})),
            "mask " + mask +
                " has 100x50 px, which does not fit a slide of 256x256 px: it must have that size, "
                "or that size divided by a whole number; change --size or resize the mask");
}

TEST(BadModel, WithoutModelJsonIsNamed) {
  const Folder folder;
  std::filesystem::create_directories(folder / "model");
  for (const std::string name : {"model", "no such folder"}) {
    const std::string model = (folder / name).string();
    EXPECT_EQ(refusal(folder, generate(folder / "s.svs", {"--model", model})),
              "model '" + model + "' has no model.json; give --model a directory that holds one");
  }
}

TEST(BadModel, WithDamagedModelJsonIsNamed) {
  const Folder folder;
  const auto model = copy_model(folder);
  const Arguments arguments = generate(folder / "s.svs", {"--model", model.string()});
  const std::string json = bytes_of(model / "model.json");
  write_bytes(model / "model.json", json.substr(0, json.size() / 2));
  EXPECT_EQ(refusal(folder, arguments), (model / "model.json").string() + ": not valid JSON");
  write_bytes(model / "model.json", "{\"schema\": 1}");
  EXPECT_EQ(refusal(folder, arguments), (model / "model.json").string() + ": 'name' is missing");
}

TEST(BadModel, WithTruncatedWeightsIsNamed) {
  const Folder folder;
  const auto model = copy_model(folder);
  for (const std::string name : {"autoencoder.safetensors", "denoiser.safetensors"}) {
    const auto file = model / name;
    const std::string whole = bytes_of(file);
    for (const std::size_t bytes :
         {std::size_t{0}, std::size_t{5}, std::size_t{100}, whole.size() / 2, whole.size() - 1}) {
      SCOPED_TRACE(fmt::format("{} cut to {} bytes", name, bytes));
      write_bytes(file, whole.substr(0, bytes));
      // Below a header's length it could be anything.
      const std::string what = bytes < 8 ? ": not a file of weights; safetensors files, "
                                         : ": not a usable safetensors file: ";
      EXPECT_THAT(refusal(folder, generate(folder / "s.svs", {"--model", model.string()})),
                  StartsWith(file.string() + what));
    }
    std::filesystem::remove(file);
    EXPECT_EQ(refusal(folder, generate(folder / "s.svs", {"--model", model.string()})),
              file.string() + ": can't be opened: No such file or directory");
    write_bytes(file, whole);
  }
}

TEST(BadOutput, InADirectoryThatDoesNotExistIsNamed) {
  const Folder folder;
  const auto out = folder / "none/s.svs";
  EXPECT_EQ(refusal(folder, generate(out)),
            fmt::format("-o {}: the directory '{}' does not exist; make it first", out.string(),
                        out.parent_path().string()));
}

TEST(BadOutput, InADirectoryThatCantBeWrittenIsNamed) {
  const Folder folder;
  // Not even root makes files in /proc.
  EXPECT_THAT(refusal(folder, generate("/proc/s.svs")),
              StartsWith("-o /proc/s.svs: the directory '/proc' can't be written to: "));
}

TEST(BadOutput, InAReadOnlyDirectoryIsNamed) {
  if (geteuid() == 0) GTEST_SKIP() << "root may write to read-only directories";
  const Folder folder;
  std::filesystem::create_directories(folder / "locked");
  std::filesystem::permissions(
      folder / "locked", std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  const auto out = folder / "locked/s.svs";
  EXPECT_EQ(refusal(folder, generate(out)),
            fmt::format("-o {}: the directory '{}' can't be written to: Permission denied",
                        out.string(), out.parent_path().string()));
}

TEST(BadOutput, WorkInADirectoryThatCantBeWrittenIsNamed) {
  const Folder folder;
  SmallDisk disk(folder / "work");
  if (!disk.close()) GTEST_SKIP() << disk.why();
  const std::string work = (folder / "work").string();
  EXPECT_EQ(refusal(folder, generate(folder / "s.svs", {"--work", work})),
            "--work " + work + ": can't be written to: Read-only file system");
  EXPECT_EQ(refusal(folder, generate(folder / "s.svs", {"--work", work + "/in"})),
            fmt::format("--work {0}/in: the directory '{0}' can't be written to: Read-only file "
                        "system",
                        work));
}

TEST(BadOutput, ThatExistsNeedsForce) {
  const Folder folder;
  for (const std::string name : {"s.svs", "m.tif"}) write_bytes(folder / name, "old");
  const std::string slide = (folder / "s.svs").string(), mask = (folder / "m.tif").string();
  EXPECT_EQ(refusal(folder, generate(slide)),
            "-o " + slide + ": exists; give another name, or --force to replace it");
  EXPECT_EQ(refusal(folder, generate(folder / "new.svs", {"--mask-out", mask})),
            "--mask-out " + mask + ": exists; give another name, or --force to replace it");
  EXPECT_EQ(bytes_of(slide) + bytes_of(mask), "oldold");
}

TEST(BadOutput, OfAnUnknownKindIsNamed) {
  const Folder folder;
  const std::string out = (folder / "s.jpg").string();
  EXPECT_THAT(refusal(folder, generate(out)), testing::HasSubstr(out));
}

TEST(BadOutput, NamedTwiceIsNamed) {
  const Folder folder;
  const std::string out = (folder / "s.tif").string();
  EXPECT_EQ(refusal(folder, generate(out, {"--mask-out", out})),
            "'" + out + "' is named twice; every file needs a name of its own");
}

TEST(BadOption, IsNamedWithItsLimits) {
  const Folder folder;
  struct Case {
    Arguments arguments;
    std::string message;
  };
  const Case cases[] = {
      {{"--steps", "0"}, "--steps must be at least 1, got 0"},
      {{"--steps", "1001"}, "--steps must be at most 1000, the model's schedule, got 1001"},
      {{"--sampler", "euler"}, "--sampler must be dpm++ or ddim, got 'euler'"},
      {{"--eta", "1.5"}, "--eta must be from 0 to 1, got 1.5"},
      {{"--plan", "spiral"}, "--plan must be shifted or random, got 'spiral'"},
      {{"--guidance-interval", "1,0"},
       "--guidance-interval must be LO,HI with 0 <= LO <= HI <= 1, got '1,0'"},
      {{"--layout", "lung"},
       "--layout must be tissue, biopsy, tma, full or a picture such as outline.png, got 'lung'"},
      {{"--threads", "-1"}, "--threads must be from 1 to 1024, got -1"},
      {{"--device", "tpu"}, "--device must be cpu in this version, got 'tpu'"},
      {{"--dtype", "int8"}, "--dtype must be float32 or bfloat16, got 'int8'"},
      {{"--seed", "-1"},
       "--seed: must be a whole number from 0 to 18446744073709551615, got '-1'; see histoloom "
       "--help"},
      {{"--seed", "18446744073709551616"},
       "--seed: must be a whole number from 0 to 18446744073709551615, got "
       "'18446744073709551616'; see histoloom --help"},
      {{"--memory", "64MiB", "--size", "8192x8192", "--threads", "2"},
       "--memory 64MiB: a slide 8192 px wide takes at least 71MiB with 2 threads, beside the "
       "networks; give that much, or fewer --threads"},
      {{"--tile", "500"}, "--tile must be a multiple of 16 from 16 to 4096, got 500"},
      {{"--thumbnail", "t.jpg"}, "--thumbnail must end in .png, got 't.jpg'"},
      {{"--report", "r.txt"}, "--report must end in .json, got 'r.txt'"}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.message);
    EXPECT_EQ(refusal(folder, generate(folder / "s.svs", c.arguments)), c.message);
  }
}

TEST(BadOutput, ThatIsThereNeedsForceWhateverItIs) {
  const Folder folder;
  const std::pair<const char*, const char*> files[] = {{"--thumbnail", "t.png"},
                                                       {"--report", "r.json"},
                                                       {"--mask-out", "m.tif"},
                                                       {"--annotations", "a.geojson"}};
  for (const auto& [option, name] : files) {
    const std::string path = (folder / name).string();
    write_bytes(path, "years of work");
    EXPECT_EQ(
        refusal(folder, generate(folder / "s.svs", {option, path})),
        fmt::format("{} {}: exists; give another name, or --force to replace it", option, path));
  }
  const std::string manifest = (folder / "s.svs.manifest.json").string();
  write_bytes(manifest, "years of work");
  EXPECT_EQ(refusal(folder, generate(folder / "s.svs")),
            "-o " + manifest + ": exists; give another name, or --force to replace it");
}

TEST(BadOutput, ThatIsAnInputOrAnotherOutputByAnyNameIsRefused) {
  const Folder folder;
  const std::string picture = (folder / "outline.png").string();
  write_mask(picture, 64, 64, [](int, int) { return 1; });
  const std::string before = bytes_of(picture);
  std::filesystem::create_directory_symlink(folder / ".", folder / "link");
  const auto twice = [](const std::string& name) {
    return "'" + name + "' is named twice; every file needs a name of its own";
  };
  const std::string linked = (folder / "link/outline.png").string();
  EXPECT_EQ(refusal(folder, generate(folder / "s.svs",
                                     {"--layout", picture, "--thumbnail", linked, "--force"})),
            twice(linked));
  EXPECT_EQ(bytes_of(picture), before);
  const std::string manifest = (folder / "s.svs.manifest.json").string();
  EXPECT_EQ(refusal(folder, generate(folder / "s.svs", {"--report", manifest})), twice(manifest));
  EXPECT_EQ(
      refusal(folder, generate(folder / "s.tif", {"--mask-out", (folder / "link/s.tif").string()})),
      twice((folder / "s.tif").string()));
}

TEST(BadCommandLine, SaysWhatIsWrongAndWhereHelpIs) {
  const Folder folder;
  EXPECT_EQ(refusal(folder, generate(folder / "s.svs", {"--unknown"})),
            "The following argument was not expected: --unknown; see histoloom --help");
  EXPECT_EQ(refusal(folder, generate(folder / "s.svs", {"--siez", "64x64"})),
            "The following arguments were not expected: 64x64 --siez (did you mean --size?); see "
            "histoloom --help");
  EXPECT_EQ(refusal(folder, {"generat", "-o", "s.svs"}),
            "The following arguments were not expected: s.svs -o generat (did you mean generate?); "
            "see histoloom --help");
  EXPECT_EQ(refusal(folder, {"train", "denioser"}),
            "A subcommand is required (did you mean denoiser?); see histoloom --help");
  EXPECT_EQ(refusal(folder, {}), "give a subcommand; see histoloom --help");
  EXPECT_EQ(refusal(folder, {"generate"}), "--out is required; see histoloom --help");
  EXPECT_EQ(refusal(folder, {"weave"}),
            "The following argument was not expected: weave; see histoloom --help");
  EXPECT_EQ(refusal(folder, generate(folder / "s.svs", {"--steps", "many"})),
            "Could not convert: --steps = many; see histoloom --help");
}

TEST(BadResume, WithoutWorkOrWithAnotherJobIsRefused) {
  const Folder folder;
  const std::string work = (folder / "s.svs.work").string();
  EXPECT_EQ(refusal(folder, generate(folder / "s.svs", {"--resume"})),
            work + ": holds no unfinished job to resume; leave --resume out");
  std::filesystem::create_directories(work);
  write_bytes(folder / "s.svs.work/mine.txt", "mine");
  EXPECT_EQ(
      refusal(folder, generate(folder / "s.svs")),
      work + ": is in the way and not a work directory of ours; give --work DIR or remove it");
}

// oneDNN is held to less than a CPU with AVX-512 has; on another one libtorch does without oneDNN.
TEST(Dtype, ThatTheKernelsDontComputeInIsRefusedBeforeAnyWork) {
  const Folder folder;
  ::setenv("DNNL_MAX_CPU_ISA", "AVX2", /*overwrite=*/1);
  const Arguments small{"--size", "64x64", "--steps", "1"};
  const std::string slide = (folder / "s.svs").string();
  for (const Arguments& more : {Arguments{"--dry-run"}, Arguments{}}) {
    const Outcome outcome = run(generate(slide, plus(plus(small, {"--dtype", "bfloat16"}), more)));
    if (outcome.code == 0) continue;
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(
        outcome.err,
        "histoloom: --dtype bfloat16: this CPU's kernels don't compute in it; leave it out or "
        "give float32\n");
    EXPECT_THAT(folder.listing(), testing::IsEmpty());
  }
  const Outcome made = run(generate(slide, plus(small, {"--force"})));
  EXPECT_EQ(made.code, 0) << made.err << "the fastest that there are";
  ::unsetenv("DNNL_MAX_CPU_ISA");
}

}  // namespace
}  // namespace histoloom::test
