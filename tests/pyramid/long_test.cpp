// Tests that take minutes and gigabytes, run on demand:
//   ctest --test-dir build/dev -C long -L long
#include <gtest/gtest.h>
#include <openslide.h>
#include <sys/resource.h>

#include <cmath>

#include "support.h"

namespace histoloom::pyramid::test {
namespace {

std::int64_t peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024;
}

TEST(Long, DISABLED_ASlideOf10GigapixelsStreamsWithinItsBoundAndOpensAtEveryCorner) {
  const ScratchDirectory folder;
  WriterOptions options;
  options.size = {100000, 100000};
  options.profile = Profile::svs;
  options.mpp = 0.25;
  const std::int64_t before = peak_bytes();
  // Glass, with 2,000 px of noise in the middle of each row.
  constexpr std::int64_t kRows = 256;
  Picture rows = blank(100000, kRows, 3, 241);
  const Picture tissue = noise(2000, kRows, 3);
  PyramidWriter writer(folder / "a.svs", options);
  for (std::int64_t y = 0; y < 100000; y += kRows) {
    for (std::int64_t r = 0; r < kRows; ++r) {
      // Another row of the noise each time, so that its tiles differ.
      std::copy_n(tissue.pixels.begin() + ((r * 7 + y / kRows) % kRows) * tissue.stride(),
                  tissue.stride(), rows.pixels.begin() + r * rows.stride() + 49000 * 3);
    }
    writer.write_rows(rows.rows(0, std::min(kRows, 100000 - y)));
  }
  const WriteSummary summary = writer.finish();
  const std::int64_t peak = peak_bytes() - before - static_cast<std::int64_t>(rows.pixels.size());
  EXPECT_LT(peak, static_cast<std::int64_t>(memory_bound(options)));
  RecordProperty("bytes", std::to_string(summary.bytes));
  RecordProperty("peak_bytes", std::to_string(peak));
  RecordProperty("bound_bytes", std::to_string(memory_bound(options)));

  openslide_t* slide = openslide_open((folder / "a.svs").c_str());
  ASSERT_EQ(openslide_get_error(slide), nullptr);
  ASSERT_EQ(openslide_get_level_count(slide), 10);
  for (int level = 0; level < 10; ++level) {
    const double ds = openslide_get_level_downsample(slide, level);
    const auto last = static_cast<std::int64_t>(100000 - std::ceil(ds));
    for (const auto& [x, y] :
         {std::pair{std::int64_t{0}, std::int64_t{0}}, {last, 0}, {0, last}, {last, last}}) {
      std::uint32_t pixel = 0;
      openslide_read_region(slide, &pixel, x, y, level, 1, 1);
      EXPECT_EQ(pixel, 0xFFF1F1F1u) << "level " << level << " at " << x << "," << y;
    }
  }
  EXPECT_EQ(openslide_get_error(slide), nullptr);
  openslide_close(slide);
}

TEST(Long, DISABLED_AFileThatOutgrowsFourGibibytesBecomesBigTiffAndReadsBack) {
  const ScratchDirectory folder;
  WriterOptions options;
  options.size = {40000, 36000};
  options.compression = Compression::none;
  options.levels = 2;
  PyramidWriter writer(folder / "a.tif", options);
  const Picture rows = noise(40000, 17, 3);
  // Rows that begin at ever other places of 16 rows of noise, so that hardly two tiles are equal.
  const auto start = [&](std::int64_t y) { return y * 4099 % (16 * rows.stride() - 1); };
  for (std::int64_t y = 0; y < 36000; ++y) {
    writer.write_rows({rows.pixels.data() + start(y), {40000, 1}, 3, 0});
  }
  const WriteSummary summary = writer.finish();
  EXPECT_TRUE(summary.big_tiff);
  EXPECT_GT(summary.bytes, std::uint64_t{1} << 32);
  openslide_t* slide = openslide_open((folder / "a.tif").c_str());
  ASSERT_EQ(openslide_get_error(slide), nullptr);
  std::uint32_t pixel = 0;
  openslide_read_region(slide, &pixel, 39999, 35999, 0, 1, 1);
  const std::uint8_t* last = rows.pixels.data() + start(35999) + 39999 * 3;
  EXPECT_EQ(pixel,
            0xFF000000u | static_cast<std::uint32_t>(last[0] << 16 | last[1] << 8 | last[2]));
  openslide_close(slide);
}

}  // namespace
}  // namespace histoloom::pyramid::test
