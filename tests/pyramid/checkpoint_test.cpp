// A writer that is thrown away and made again ends with the bytes of one that wasn't, or starts
// anew and says why.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <functional>
#include <random>

#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "support.h"

namespace histoloom::pyramid::test {
namespace {

// Noise in the middle of glass that covers whole tiles, so that equal tiles are found again.
Picture slide(std::int64_t width, std::int64_t height, int channels) {
  Picture picture = blank(width, height, channels, 241);
  const Picture tissue = noise(width / 2 + 1, height / 2 + 1, channels, 7);
  for (std::int64_t y = 0; y < tissue.height; ++y) {
    std::copy_n(
        tissue.pixels.begin() + y * tissue.stride(), tissue.stride(),
        picture.pixels.begin() + (y + height / 4) * picture.stride() + width / 4 * channels);
  }
  return picture;
}

// One slide, written in as many runs as it takes.
class Runs {
 public:
  Runs(Picture picture, WriterOptions options)
      : picture_(std::move(picture)), options_(std::move(options)) {
    options_.size = {picture_.width, picture_.height};
    checkpoints_.path = scratch_ / "checkpoint";
    checkpoints_.rows = "rows";
    checkpoints_.share = 1;
  }

  // Writes up to row `end` in calls of `rows` rows and throws the writer away; the first row.
  std::int64_t run_until(std::int64_t end, std::int64_t rows = 7) {
    PyramidWriter writer(path(), options_, &checkpoints_);
    reason_ = writer.restart_reason();
    const std::int64_t first = writer.rows_written();
    feed(writer, end, rows);
    return first;
  }
  // Writes what is left; the first row.
  std::int64_t finish() {
    PyramidWriter writer(path(), options_, &checkpoints_);
    reason_ = writer.restart_reason();
    const std::int64_t first = writer.rows_written();
    feed(writer, picture_.height, 7);
    writer.finish();
    return first;
  }
  std::vector<std::uint8_t> unbroken() const {
    write(scratch_ / "unbroken", picture_, options_);
    return bytes_of(scratch_ / "unbroken");
  }

  std::filesystem::path path() const { return scratch_ / "a.svs"; }
  std::filesystem::path partial() const { return partial_path(path()); }
  const std::filesystem::path& checkpoint() const { return checkpoints_.path; }
  const std::string& reason() const { return reason_; }
  const Picture& picture() const { return picture_; }
  std::vector<std::string> files() const { return scratch_.files(); }

  CheckpointOptions checkpoints_;
  Picture picture_;
  WriterOptions options_;

 private:
  void feed(PyramidWriter& writer, std::int64_t end, std::int64_t rows) {
    for (std::int64_t y = writer.rows_written(); y < end; y += rows) {
      writer.write_rows(picture_.rows(y, std::min(rows, end - y)));
    }
  }

  ScratchDirectory scratch_;
  std::string reason_;
};

struct Kind {
  Profile profile;
  Compression compression;
  std::int64_t width, height;
  int channels, shrink;
};

class Checkpoint : public testing::TestWithParam<Kind> {};

TEST_P(Checkpoint, AfterEveryRowOfTilesEndsInTheBytesOfOneRun) {
  const Kind& kind = GetParam();
  WriterOptions options;
  options.channels = kind.channels;
  options.profile = kind.profile;
  options.compression = kind.compression;
  options.tile = 32;
  options.shrink = kind.shrink;
  if (kind.channels == 1) options.reduction = Reduction::mode;
  Runs runs(slide(kind.width, kind.height, kind.channels), options);
  const auto expected = runs.unbroken();
  for (std::int64_t end = 0; end < kind.height; end += 37) {
    // Rows of an unfinished strip come again.
    const std::int64_t last = std::max<std::int64_t>(end - 37, 0);
    EXPECT_EQ(runs.run_until(end, 1 + end % 11), last == kind.height ? last : last / 32 * 32);
    EXPECT_EQ(runs.reason(), "");
  }
  runs.finish();
  EXPECT_TRUE(bytes_of(runs.path()) == expected);
  EXPECT_THAT(runs.files(), testing::ElementsAre("a.svs", "unbroken")) << "the checkpoint is gone";
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, Checkpoint,
    testing::Values(Kind{Profile::svs, Compression::jpeg, 333, 401, 3, 2},
                    Kind{Profile::svs, Compression::lzw, 100, 1200, 3, 4},
                    Kind{Profile::generic, Compression::deflate, 257, 255, 3, 2},
                    Kind{Profile::generic, Compression::none, 1, 300, 3, 2},
                    Kind{Profile::ome, Compression::jpeg, 512, 512, 3, 2},
                    Kind{Profile::ome, Compression::none, 640, 33, 3, 4},
                    Kind{Profile::generic, Compression::deflate, 301, 517, 1, 2},
                    Kind{Profile::generic, Compression::lzw, 2000, 64, 1, 2}),
    [](const auto& kind) {
      const Kind& k = kind.param;
      return std::string(name_of(k.profile)) + "_" + std::string(name_of(k.compression)) + "_" +
             std::to_string(k.width) + "by" + std::to_string(k.height);
    });

WriterOptions small_options() {
  WriterOptions options;
  options.profile = Profile::svs;
  options.tile = 32;
  return options;
}

constexpr const char* kGone = "the checkpoint's partial file is gone";

// A run that was thrown away after row 200, where row 192 is the last of a row of tiles.
class Broken : public testing::Test {
 protected:
  Broken() : runs_(slide(200, 300, 3), small_options()), expected_(runs_.unbroken()) {
    runs_.run_until(200);
  }
  void expect_anew(const std::string& reason) {
    EXPECT_EQ(runs_.finish(), 0);
    EXPECT_EQ(runs_.reason(), reason);
    EXPECT_TRUE(bytes_of(runs_.path()) == runs_.unbroken());
  }

  Runs runs_;
  const std::vector<std::uint8_t> expected_;
};

TEST_F(Broken, GoesOnFromTheLastRowOfTiles) {
  EXPECT_THAT(runs_.files(), testing::ElementsAre(".a.svs.partial", "checkpoint", "unbroken"));
  EXPECT_EQ(runs_.finish(), 192);
  EXPECT_TRUE(bytes_of(runs_.path()) == expected_);
}

TEST_F(Broken, IgnoresWhatWasWrittenAfterTheCheckpoint) {
  std::ofstream(runs_.partial(), std::ios::app) << "tiles that no checkpoint vouches for";
  EXPECT_EQ(runs_.finish(), 192);
  EXPECT_TRUE(bytes_of(runs_.path()) == expected_);
}

TEST_F(Broken, GoesOnWithoutARowToComeAndAfterTheHeaderWasWritten) {
  {
    PyramidWriter writer(runs_.path(), runs_.options_, &runs_.checkpoints_);
    const Picture& p = runs_.picture();
    writer.write_rows(p.rows(192, 108));
    writer.complete();
  }
  EXPECT_FALSE(std::filesystem::exists(runs_.path())) << "nothing was published";
  EXPECT_EQ(runs_.finish(), 300);
  EXPECT_TRUE(bytes_of(runs_.path()) == expected_);
}

TEST_F(Broken, StartsAnewWithoutAPartialFileOrWithAShorterOne) {
  const std::string other = "the partial file is not the one that the checkpoint is of";
  std::filesystem::resize_file(runs_.partial(), std::filesystem::file_size(runs_.partial()) / 2);
  expect_anew(other);
  runs_.run_until(200);
  std::filesystem::remove(runs_.partial());
  expect_anew(kGone);
}

// As a kill leaves it between the renaming of the file and the removal of its checkpoint.
TEST_F(Broken, StartsAnewWhereTheFileHasGotItsName) {
  std::string last;
  runs_.checkpoints_.written = [&] { last = read_file(runs_.checkpoint()); };
  EXPECT_EQ(runs_.finish(), 192);
  write_bytes(runs_.checkpoint(), last);
  expect_anew(kGone);
  EXPECT_FALSE(std::filesystem::exists(runs_.checkpoint()));
}

TEST_F(Broken, StartsAnewWhereAByteOfThePartialFileHasChanged) {
  std::fstream file(runs_.partial(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(1000);
  file.put('!');
  file.close();
  expect_anew("the partial file is not the one that the checkpoint is of");
}

TEST_F(Broken, StartsAnewWithACheckpointCutAnywhereOrWithAByteChanged) {
  const std::string whole = read_file(runs_.checkpoint());
  const auto partial = bytes_of(runs_.partial());
  const auto leave = [&](const std::string& checkpoint) {
    std::ofstream(runs_.partial(), std::ios::binary)
        .write(reinterpret_cast<const char*>(partial.data()),
               static_cast<std::streamsize>(partial.size()));
    write_bytes(runs_.checkpoint(), checkpoint);
  };
  for (std::size_t size = 0; size < whole.size(); size += whole.size() / 40) {
    SCOPED_TRACE(size);
    leave(whole.substr(0, size));
    expect_anew("the checkpoint is damaged");
    std::string changed = whole;
    changed[size] ^= 1;
    leave(changed);
    expect_anew("the checkpoint is damaged");
  }
}

TEST_F(Broken, StartsAnewWithAnyOtherOptionOrOtherRows) {
  const std::string other = "the checkpoint is of a slide with other options";
  const std::function<void(Runs&)> changes[] = {
      [](Runs& r) { r.checkpoints_.rows = "others"; },
      [](Runs& r) { r.options_.profile = Profile::ome; },
      [](Runs& r) { r.options_.compression = Compression::lzw; },
      [](Runs& r) { r.options_.quality = 81; },
      [](Runs& r) { r.options_.chroma = Chroma::full; },
      [](Runs& r) { r.options_.tile = 48; },
      [](Runs& r) { r.options_.shrink = 4; },
      [](Runs& r) { r.options_.levels = 2; },
      [](Runs& r) { r.options_.container = Container::big; },
      [](Runs& r) { r.options_.mpp = 0.5; },
      [](Runs& r) { r.options_.objective_power = 20; },
      [](Runs& r) { r.options_.software += "!"; },
      [](Runs& r) { r.options_.title = "another"; },
      [](Runs& r) { r.options_.description = "another"; },
      [](Runs& r) { r.options_.date = "2026-11-21"; },
      [](Runs& r) { r.options_.label_lines = {"another"}; },
      [](Runs& r) { r.options_.digital_source_type.clear(); },
      [](Runs& r) {
        r.options_.associated = {{"macro", {2, 2}, std::vector<std::uint8_t>(12)}};
      },
      [](Runs& r) { r.options_.draw_missing = false; },
      [](Runs& r) {
        r.options_.size.height = 299;
        r.picture_ = slide(200, 299, 3);
      }};
  for (const auto& change : changes) {
    SCOPED_TRACE(&change - changes);
    Runs runs(slide(200, 300, 3), small_options());
    runs.run_until(200);
    change(runs);
    EXPECT_EQ(runs.finish(), 0);
    EXPECT_EQ(runs.reason(), other);
    EXPECT_TRUE(bytes_of(runs.path()) == runs.unbroken());
  }
  runs_.options_.threads = 1;  // decides no byte
  EXPECT_EQ(runs_.finish(), 192);
}

TEST(CheckpointSize, IsAtMostTheStatedBound) {
  for (const auto& [width, height, shrink] :
       {std::tuple{1500, 700, 2}, {64, 3000, 4}, {40, 40, 2}}) {
    Runs runs(noise(width, height, 3), small_options());
    runs.options_.shrink = shrink;
    runs.options_.mpp.reset();
    std::uint64_t largest = 0;
    runs.checkpoints_.written = [&] {
      largest = std::max<std::uint64_t>(largest, std::filesystem::file_size(runs.checkpoint()));
    };
    runs.finish();
    const std::uint64_t bound = checkpoint_bound(runs.options_) + 400;  // the options' texts
    EXPECT_LE(largest, bound);
    EXPECT_GT(largest, bound / 4) << "the bound says nothing";
  }
}

TEST(CheckpointPolicy, WritesOneAfterTheFirstRowOfTilesThenAsTheShareAllowsAndAfterTheLast) {
  Runs runs(slide(64, 3200, 3), small_options());
  runs.checkpoints_.share = 1e-9;
  runs.checkpoints_.longest = 1e9;
  int written = 0;
  runs.checkpoints_.written = [&] { ++written; };
  runs.finish();
  EXPECT_EQ(written, 2);

  written = 0;
  runs.checkpoints_.longest = 0;
  runs.finish();
  EXPECT_EQ(written, 100);
}

TEST(CheckpointOfAKilledWriter, AtAnyMomentEndsInTheSameBytes) {
  Runs runs(slide(700, 900, 3), small_options());
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20; ++round) {
    const pid_t child = fork();
    if (child == 0) {
      runs.finish();
      _exit(0);
    }
    usleep(static_cast<useconds_t>(random() % 30000));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
  }
  runs.finish();
  // The last kill may come just after the file got its name.
  EXPECT_THAT(runs.reason(), testing::AnyOf("", kGone));
  EXPECT_TRUE(bytes_of(runs.path()) == runs.unbroken());
}

TEST(CheckpointOnAFullDisk, KeepsTheFileForTheNextRun) {
  Runs runs(slide(200, 300, 3), small_options());
  const auto expected = runs.unbroken();
  FileCalls calls = system_calls();
  int writes = 0;
  calls.pwrite = [&](int fd, const void* bytes, std::size_t count, off_t offset) {
    if (++writes <= 3) return ::pwrite(fd, bytes, count, offset);
    errno = ENOSPC;
    return ssize_t{-1};
  };
  const std::string message = message_of<DiskFull>([&] {
    PyramidWriter writer(open_file_sink(runs.path(), calls), runs.path(), runs.options_,
                         &runs.checkpoints_);
    const Picture& p = runs.picture();
    for (std::int64_t y = 0; y < p.height; ++y) {
      writer.write_rows(p.rows(y, 1));
    }
  });
  EXPECT_THAT(message, testing::MatchesRegex("writing .*a.svs: No space left on device after .* "
                                             "KiB; about .* KiB are needed"));
  EXPECT_EQ(runs.finish(), 128) << "a row of nothing but glass takes no write";
  EXPECT_TRUE(bytes_of(runs.path()) == expected);
}

TEST(CheckpointThatCantBeWritten, IsAnErrorThatNamesIt) {
  Runs runs(slide(200, 300, 3), small_options());
  runs.checkpoints_.path = "/nowhere/checkpoint";
  EXPECT_EQ(message_of([&] { runs.finish(); }),
            "/nowhere/checkpoint: can't be written: No such file or directory");
}

}  // namespace
}  // namespace histoloom::pyramid::test
