// Memory grows with the width of an image through its strips, and with its height by some bytes a
// tile. Measured in children, whose peaks are their own.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

namespace histoloom::pyramid::test {
namespace {

// Peak resident memory, in bytes, of a child that writes noise of this size; 0 if it fails.
std::int64_t peak_of(const std::filesystem::path& path, const WriterOptions& options) {
  const pid_t child = fork();
  if (child == 0) {
    const Picture rows = noise(options.size.width, 64, 3);
    PyramidWriter writer(path, options);
    for (std::int64_t y = 0; y < options.size.height; y += 64) {
      writer.write_rows(rows.rows(0, std::min<std::int64_t>(64, options.size.height - y)));
    }
    writer.finish();
    _exit(0);
  }
  int status = 0;
  rusage usage{};
  if (wait4(child, &status, 0, &usage) != child || status != 0) return 0;
  return usage.ru_maxrss * 1024;
}

WriterOptions sized(std::int64_t width, std::int64_t height) {
  WriterOptions options;
  options.size = {width, height};
  options.profile = Profile::svs;
  options.threads = 2;
  return options;
}

// Sanitizers keep freed memory, so that peaks mean nothing under them.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

TEST(Memory, OfASlideTenTimesAsTallIsLessThanTwoMegabytesMore) {
  if (kSanitized) GTEST_SKIP() << "built with a sanitizer";
  const ScratchDirectory folder;
  const std::int64_t small = peak_of(folder / "small.svs", sized(2048, 4096));
  const std::int64_t tall = peak_of(folder / "tall.svs", sized(2048, 40960));
  ASSERT_GT(small, 0);
  ASSERT_GT(tall, 0);
  EXPECT_LT(tall - small, 2 << 20);
}

TEST(Memory, StaysWithinTheStatedBound) {
  if (kSanitized) GTEST_SKIP() << "built with a sanitizer";
  const ScratchDirectory folder;
  const std::int64_t idle = peak_of(folder / "idle.svs", sized(16, 16));
  for (const std::int64_t width : {8192, 40000}) {
    const WriterOptions options = sized(width, 600);
    const std::int64_t rows = width * 64 * 3;  // the child's own
    const std::int64_t peak = peak_of(folder / "wide.svs", options);
    ASSERT_GT(peak, 0);
    EXPECT_LT(peak - idle - rows, static_cast<std::int64_t>(memory_bound(options)));
  }
}

}  // namespace
}  // namespace histoloom::pyramid::test
