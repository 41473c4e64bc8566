// Disks that are too small are found before any work.
#include "disk.h"

#include <gtest/gtest.h>

#include "support/scratch.h"

namespace histoloom {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

std::string complaint(std::uint64_t work_disk, std::uint64_t free_there, std::uint64_t out_disk,
                      std::uint64_t free_here, std::uint64_t there = 0) {
  return message_of([&] {
    require_space({{"the work directory", "w", 30 * kMiB, there, "--work"},
                   {"the slide", "o", 12 * kMiB, 0, "-o"}},
                  [&](const std::filesystem::path& path) -> std::optional<Disk> {
                    if (path == "w") return Disk{work_disk, free_there};
                    return Disk{out_disk, free_here};
                  });
  });
}

TEST(RequireSpace, TakesEachDiskOnItsOwn) {
  EXPECT_EQ(complaint(1, 30 * kMiB, 2, 12 * kMiB), "");
  EXPECT_EQ(complaint(1, 30 * kMiB - 1, 2, 12 * kMiB),
            "the work directory needs about 30.0 MiB in 'w', 30.0 MiB are free; choose another "
            "disk with --work");
  EXPECT_EQ(complaint(1, 30 * kMiB, 2, kMiB),
            "the slide needs about 12.0 MiB in 'o', 1.00 MiB are free; choose another disk with "
            "-o");
}

TEST(RequireSpace, AddsWhatSharesADisk) {
  EXPECT_EQ(complaint(1, 42 * kMiB, 1, 42 * kMiB), "");
  EXPECT_EQ(complaint(1, 40 * kMiB, 1, 40 * kMiB),
            "the work directory and the slide need about 42.0 MiB in 'w', 40.0 MiB are free; "
            "choose another disk with --work");
}

TEST(RequireSpace, CountsWhatIsThereAlready) {
  EXPECT_EQ(complaint(1, 10 * kMiB, 2, 12 * kMiB, 20 * kMiB), "");
  EXPECT_EQ(complaint(1, 0, 2, 12 * kMiB, 31 * kMiB), "");
}

TEST(RequireSpace, AsksNothingOfADiskThatDoesNotTell) {
  EXPECT_EQ(message_of([] {
              require_space({{"the slide", "o", kMiB, 0, "-o"}},
                            [](const std::filesystem::path&) { return std::optional<Disk>(); });
            }),
            "");
}

TEST(DiskOf, TellsAndIsTheSameForPathsOnOneDisk) {
  const ScratchDirectory scratch;
  std::filesystem::create_directory(scratch / "inside");
  ASSERT_TRUE(disk_of(scratch.path()));
  EXPECT_GT(disk_of(scratch.path())->available, 0u);
  EXPECT_EQ(disk_of(scratch.path())->id, disk_of(scratch / "inside")->id);
  EXPECT_FALSE(disk_of(scratch / "missing"));
}

TEST(ExistingDirectory, IsTheNearestAbove) {
  const ScratchDirectory scratch;
  write_bytes(scratch / "file", "");
  EXPECT_EQ(existing_directory(scratch.path()), scratch.path());
  EXPECT_EQ(existing_directory(scratch / "a/b/c"), scratch.path());
  EXPECT_EQ(existing_directory(scratch / "file"), scratch.path());
  EXPECT_EQ(existing_directory("missing"), ".");
  EXPECT_EQ(existing_directory("/missing/a"), "/");
}

TEST(BytesAt, SumsTheFilesBelow) {
  const ScratchDirectory scratch;
  std::filesystem::create_directory(scratch / "inside");
  write_bytes(scratch / "a", "12345");
  write_bytes(scratch / "inside/b", "123");
  EXPECT_EQ(bytes_at(scratch.path()), 8u);
  EXPECT_EQ(bytes_at(scratch / "a"), 5u);
  EXPECT_EQ(bytes_at(scratch / "missing"), 0u);
}

}  // namespace
}  // namespace histoloom
