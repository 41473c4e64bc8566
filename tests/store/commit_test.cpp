// What is left when a run is killed, a disk is full or a file is damaged.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "histoloom/store/latent_array.h"
#include "histoloom/store/start_over.h"
#include "store/test_store.h"

namespace histoloom {
namespace {

namespace fs = std::filesystem;
using testing::Each;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsNan;
using testing::StartsWith;

constexpr LatentSize kSize{400, 190};  // 3 × 2 chunks of 8 × 176 × 176
constexpr LatentRect kAll{0, 0, 400, 190};
constexpr int kChannels = 8;

class Commit : public testing::Test {
 protected:
  LatentArray create(ChunkCache& cache) {
    return LatentArray::create(path_, kChannels, kSize, StoreType::float16, cache);
  }
  std::vector<float> reopened(const fs::path& path) {
    ChunkCache cache(std::uint64_t{1} << 30);
    return read_rect(LatentArray::open(path, cache), kAll);
  }
  std::size_t files_aside(const fs::path& path) {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(path)) {
      if (entry.path().string().find(".new-") != std::string::npos) ++count;
    }
    return count;
  }
  // Creates the array with `first_` committed.
  void create_committed() {
    ChunkCache cache(std::uint64_t{1} << 30);
    LatentArray array = create(cache);
    array.write(kAll, first_.data());
    array.commit();
  }

  ScratchDirectory scratch_;
  const fs::path path_ = scratch_ / "latents";
  const std::vector<float> first_ = ramp(kChannels * kSize.area());
  const std::vector<float> second_ = ramp(kChannels * kSize.area(), 11);
};

TEST_F(Commit, WithoutOneNothingIsKept) {
  {
    ChunkCache cache(0);
    LatentArray array = create(cache);
    array.write(kAll, first_.data());
    EXPECT_EQ(files_aside(path_), 5u);
  }
  EXPECT_EQ(files_aside(path_), 0u);
  EXPECT_THAT(reopened(path_), Each(IsNan()));
}

TEST_F(Commit, AKillBetweenCommitsLeavesTheLastOne) {
  create_committed();
  const fs::path killed = scratch_ / "killed";
  {
    ChunkCache cache(0);
    LatentArray array = LatentArray::open(path_, cache);
    array.write(kAll, second_.data());
    // The directory as a kill would leave it: some chunks of the next commit are on disk.
    fs::copy(path_, killed);
  }
  EXPECT_EQ(files_aside(killed), 5u);
  EXPECT_EQ(reopened(killed), first_);
  EXPECT_EQ(files_aside(killed), 0u);
}

TEST_F(Commit, AKillAfterTheChecksumsWereReplacedIsFinishedAtTheNextOpening) {
  ChunkCache cache(std::uint64_t{1} << 30);
  LatentArray array = create(cache);
  array.write(kAll, first_.data());
  array.commit();
  array.write(kAll, second_.data());
  array.commit();
  // Undo some of the renames of the second commit, as if they had not happened yet.
  const fs::path killed = scratch_ / "killed";
  fs::copy(path_, killed);
  for (const char* key : {"0.0.0", "0.1.2"}) {
    fs::rename(killed / key, killed / (std::string(key) + ".new-2"));
  }
  write_bytes(killed / "0.0.0", "an older chunk");
  // Leftovers of a third commit that never counted.
  write_bytes(killed / "0.0.1.new-3", "half a chunk");
  EXPECT_EQ(reopened(killed), second_);
  EXPECT_EQ(files_aside(killed), 0u);
}

TEST_F(Commit, ManyCommitsFollowEachOther) {
  ChunkCache cache(600000);
  LatentArray array = create(cache);
  for (int i = 0; i < 5; ++i) {
    const std::vector<float> values = ramp(kChannels * kSize.area(), i);
    array.write(kAll, values.data());
    array.commit();
    EXPECT_EQ(reopened(path_), values);
  }
}

// ---- Full disks.

// No file of this process grows past `bytes` while it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

TEST_F(Commit, AFullDiskIsNamedAndACommitWorksOnceThereIsRoom) {
  create_committed();
  {
    ChunkCache cache(std::uint64_t{1} << 30);
    LatentArray array = LatentArray::open(path_, cache);
    array.write(kAll, second_.data());
    std::string message;
    {
      const FileSizeLimit limit(100000);
      message = message_of([&] { array.commit(); });
    }
    EXPECT_THAT(message, StartsWith(path_.string() + "/0."));
    EXPECT_THAT(message, EndsWith(".new-2: can't be written: File too large"));
    array.commit();
  }
  EXPECT_EQ(reopened(path_), second_);
}

TEST_F(Commit, AFullDiskLosesNothingThatWasCommitted) {
  create_committed();
  {
    ChunkCache cache(0);
    LatentArray array = LatentArray::open(path_, cache);
    const FileSizeLimit limit(100000);
    // The second chunk has to make room, which fails.
    EXPECT_THAT(message_of([&] { array.write(kAll, second_.data()); }),
                EndsWith("can't be written: File too large"));
    EXPECT_THAT(message_of([&] { array.commit(); }), HasSubstr("File too large"));
  }
  EXPECT_EQ(files_aside(path_), 0u);
  EXPECT_EQ(reopened(path_), first_);
}

// ---- Damage.

TEST_F(Commit, ATruncatedChunkIsNamed) {
  create_committed();
  for (const std::uintmax_t size : {0u, 1u, 495615u}) {
    fs::resize_file(path_ / "0.1.0", size);
    EXPECT_EQ(message_of([&] { reopened(path_); }),
              fmt::format("{}/0.1.0: this chunk has {} bytes where 495616 belong; {}",
                          path_.string(), size, kStartOver));
  }
}

TEST_F(Commit, AMissingChunkIsNamed) {
  create_committed();
  fs::remove(path_ / "0.0.2");
  EXPECT_EQ(
      message_of([&] { reopened(path_); }),
      fmt::format("{}/0.0.2: this committed chunk is missing; {}", path_.string(), kStartOver));
}

TEST_F(Commit, OneWrongBitIsFound) {
  create_committed();
  std::string bytes = bytes_of(path_ / "0.0.1");
  bytes[12345] = static_cast<char>(bytes[12345] ^ 1);
  write_bytes(path_ / "0.0.1", bytes);
  const std::string message = message_of([&] { reopened(path_); });
  EXPECT_THAT(message, StartsWith(path_.string() + "/0.0.1: this chunk is damaged: its checksum "));
  EXPECT_THAT(message, EndsWith(kStartOver));
}

TEST_F(Commit, ADamagedChunkIsNoMatterWhereItIsNotRead) {
  create_committed();
  fs::resize_file(path_ / "0.1.2", 3);
  ChunkCache cache(std::uint64_t{1} << 30);
  const LatentArray array = LatentArray::open(path_, cache);
  EXPECT_EQ(read_rect(array, {0, 0, 176, 176}), cut(first_, kChannels, kSize, {0, 0, 176, 176}));
}

struct HeaderDefect {
  const char* key;
  const char* value;  // JSON
  const char* message;
};

class ZarrHeader : public testing::TestWithParam<HeaderDefect> {};

TEST_P(ZarrHeader, RefusesOneDefectWithItsMessage) {
  ScratchDirectory scratch;
  ChunkCache cache(1 << 20);
  { LatentArray::create(scratch / "y", 4, {33, 100}, StoreType::float16, cache); }
  const fs::path header = scratch / "y/.zarray";
  nlohmann::json root = nlohmann::json::parse(bytes_of(header));
  root[GetParam().key] = nlohmann::json::parse(GetParam().value);
  write_bytes(header, root.dump());
  EXPECT_EQ(message_of([&] { LatentArray::open(scratch / "y", cache); }),
            fmt::format("{}: {}; {}", header.string(), GetParam().message, kStartOver));
}

INSTANTIATE_TEST_SUITE_P(
    Table, ZarrHeader,
    testing::Values(
        HeaderDefect{"zarr_format", "3", "\"zarr_format\" must be 2, got 3"},
        HeaderDefect{"compressor", R"({"id":"zlib"})",
                     "\"compressor\" must be null, got {\"id\":\"zlib\"}"},
        HeaderDefect{"order", "\"F\"", "\"order\" must be \"C\", got \"F\""},
        HeaderDefect{"fill_value", "0", "\"fill_value\" must be \"NaN\", got 0"},
        HeaderDefect{"dtype", "\"<f8\"", "\"dtype\" must be \"<f2\" or \"<f4\", got \"<f8\""},
        HeaderDefect{"shape", "[4,100]",
                     "\"shape\" must be three whole numbers from 1 to 4096, 2147483647 and "
                     "2147483647, got [4,100]"},
        HeaderDefect{"shape", "[4,0,33]",
                     "\"shape\" must be three whole numbers from 1 to 4096, 2147483647 and "
                     "2147483647, got [4,0,33]"},
        HeaderDefect{"chunks", "[4,100,99999]",
                     "\"chunks\" must be three whole numbers from 1 to 4096, 4096 and 4096, got "
                     "[4,100,99999]"},
        HeaderDefect{"chunks", "[4,100,50]",
                     "\"chunks\" must hold all 4 channels and be square, got [4,100,50]"}));

TEST(ZarrHeaderFile, EveryTruncationIsRefused) {
  ScratchDirectory scratch;
  ChunkCache cache(1 << 20);
  { LatentArray::create(scratch / "y", 4, {33, 100}, StoreType::float16, cache); }
  for (const char* name : {"y/.zarray", "y/.checksums.json"}) {
    const std::string whole = bytes_of(scratch / name);
    for (std::size_t size = 0; size + 2 < whole.size(); ++size) {
      write_bytes(scratch / name, whole.substr(0, size));
      EXPECT_THAT(message_of([&] { LatentArray::open(scratch / "y", cache); }),
                  StartsWith((scratch / name).string() + ": is not "));
    }
    write_bytes(scratch / name, whole);
  }
}

TEST(ZarrHeaderFile, OpeningWhatIsNotThereIsNamed) {
  ScratchDirectory scratch;
  ChunkCache cache(1 << 20);
  const std::string missing = ": is missing; start over with --force and without --resume";
  EXPECT_EQ(message_of([&] { LatentArray::open(scratch / "none", cache); }),
            (scratch / "none/.zarray").string() + missing);
  { LatentArray::create(scratch / "y", 4, {33, 100}, StoreType::float16, cache); }
  fs::remove(scratch / "y/.checksums.json");
  EXPECT_EQ(message_of([&] { LatentArray::open(scratch / "y", cache); }),
            (scratch / "y/.checksums.json").string() + missing);
}

TEST(ZarrHeaderFile, CreatingWhereSomethingIsOrCantBeIsNamed) {
  ScratchDirectory scratch;
  ChunkCache cache(1 << 20);
  const auto create = [&](const fs::path& path) {
    return message_of([&] { LatentArray::create(path, 1, {4, 4}, StoreType::float16, cache); });
  };
  EXPECT_EQ(create(scratch / "y"), "");
  EXPECT_EQ(create(scratch / "y"),
            (scratch / "y").string() + ": exists already; remove it or use another work directory");
  EXPECT_EQ(create(scratch / "none/y"), (scratch / "none/y").string() +
                                            ": can't be made: No such file or directory; check the "
                                            "path and its permissions");
  write_bytes(scratch / "file", "");
  EXPECT_EQ(create(scratch / "file/y"),
            (scratch / "file/y").string() +
                ": can't be made: Not a directory; check the path and its permissions");
}

// ---- Another reader.

TEST_F(Commit, PythonsZarrReadsTheArray) {
  // Debian's own Python, for which python3-zarr is a package.
  if (std::system("/usr/bin/python3 -c 'import zarr' 2>/dev/null") != 0) {
    GTEST_SKIP() << "python3-zarr is not installed";
  }
  for (const StoreType type : {StoreType::float16, StoreType::float32}) {
    const bool half = type == StoreType::float16;
    const fs::path path = scratch_ / (half ? "half" : "single");
    ChunkCache cache(std::uint64_t{1} << 30);
    LatentArray array = LatentArray::create(path, kChannels, kSize, type, cache);
    // One chunk stays unwritten.
    const LatentRect part{0, 0, 352, 190};
    const std::vector<float> values = ramp(kChannels * part.area());
    array.write(part, values.data());
    array.commit();
    const std::string script = fmt::format(
        "import zarr; z = zarr.open('{0}', 'r'); assert z.shape == (8, 190, 400), z.shape; assert "
        "z.dtype == '{1}', z.dtype; assert z.nchunks_initialized == {2}, z.nchunks_initialized; "
        "z[:].astype('<f4').tofile('{0}.raw')",
        path.string(), half ? "<f2" : "<f4", 4 + (half ? 0 : 2));
    ASSERT_EQ(std::system(fmt::format("/usr/bin/python3 -c \"{}\"", script).c_str()), 0);
    const std::string raw = bytes_of(path.string() + ".raw");
    const std::vector<float> mine = read_rect(array, kAll);
    ASSERT_EQ(raw.size(), mine.size() * 4);
    std::vector<float> theirs(mine.size());
    std::copy(raw.begin(), raw.end(), reinterpret_cast<char*>(theirs.data()));
    EXPECT_EQ(cut(theirs, kChannels, kSize, part), values);
    EXPECT_THAT(cut(theirs, kChannels, kSize, {352, 0, 400, 190}), Each(IsNan()));
  }
}

}  // namespace
}  // namespace histoloom
