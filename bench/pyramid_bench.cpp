// Writes the same raw image as a pyramidal JPEG TIFF with this library and with `vips tiffsave`,
// checks that both files show the image, and compares time, peak memory and size.
//
//   pyramid_bench [FOLDER] [WIDTH] [HEIGHT] [ROUNDS]        (/tmp 17760 17802 3)
//
// Two images: tissue edge to edge, and tissue on 60 % of uniform glass. Each writer runs in a
// process of its own; rounds alternate, the fastest of each counts. The folder needs some 1.5 GB;
// the raw image is read once before, so that it lies in the page cache.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vips/vips.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "histoloom/core/error.h"
#include "histoloom/pyramid/verify.h"
#include "histoloom/pyramid/writer.h"

namespace {

using namespace histoloom;
namespace fs = std::filesystem;

constexpr int kTile = 256;
constexpr int kQuality = 80;

struct Job {
  fs::path raw;
  PixelSize size;
};

struct Cost {
  double seconds = 1e9;
  double cpu_seconds = 1e9;
  double peak_mb = 0;
};

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

std::uint32_t hash(std::uint32_t x) {
  x = (x ^ (x >> 16)) * 0x7feb352dU;
  x = (x ^ (x >> 15)) * 0x846ca68bU;
  return x ^ (x >> 16);
}

// Waves of a nucleus' size under grain, which compress about as tissue does (1 byte in 10).
void tissue_row(std::int64_t y, std::int64_t width, std::uint8_t* out) {
  static const std::array<float, 4096> sine = [] {
    std::array<float, 4096> table{};
    for (std::size_t i = 0; i < table.size(); ++i) {
      table[i] = std::sin(static_cast<float>(i) * 6.2831853f / 4096);
    }
    return table;
  }();
  for (std::int64_t x = 0; x < width; ++x) {
    const float wave = sine[static_cast<std::size_t>((x * 97 + y * 31) & 4095)] +
                       sine[static_cast<std::size_t>((y * 83 - x * 19) & 4095)];
    const auto grain =
        static_cast<int>(hash(static_cast<std::uint32_t>(x / 2 * 40503 + y / 2 * 7919)) & 15);
    const int base = 150 + static_cast<int>(30 * wave) + grain;
    out[3 * x] = static_cast<std::uint8_t>(std::min(255, base + 40));
    out[3 * x + 1] = static_cast<std::uint8_t>(base - 30);
    out[3 * x + 2] = static_cast<std::uint8_t>(std::min(255, base + 20));
  }
}

Job make_image(const fs::path& folder, PixelSize size, bool glass) {
  const Job job{folder / "pyramid_bench.raw", size};
  const int fd = ::open(job.raw.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) fail("can't write " + job.raw.string());
  std::vector<std::uint8_t> row(static_cast<std::size_t>(3 * size.width));
  for (std::int64_t y = 0; y < size.height; ++y) {
    std::fill(row.begin(), row.end(), std::uint8_t{241});
    // 40 % of the area: the middle 63 % of the columns in the middle 63 % of the rows.
    const bool inside = y > size.height * 184 / 1000 && y < size.height * 816 / 1000;
    const std::int64_t from = glass ? size.width * 184 / 1000 : 0;
    const std::int64_t to = glass ? size.width * 816 / 1000 : size.width;
    if (!glass || inside) tissue_row(y, to - from, row.data() + 3 * from);
    if (::write(fd, row.data(), row.size()) != static_cast<ssize_t>(row.size())) {
      fail("can't write " + job.raw.string());
    }
  }
  ::close(fd);
  return job;
}

// The rival is a program; libvips itself would share our process.
void require_vips() {
  if (std::system("vips --version > /dev/null 2>&1") != 0) {
    fail(
        "the command 'vips', the rival, can't be run; install it (Debian's package libvips-tools)");
  }
}

// Runs `work`, called `what`, in a child and measures it.
Cost measured(const std::string& what, const std::function<void()>& work) {
  std::fflush(stdout);
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child == 0) {
    try {
      work();
    } catch (const std::exception& error) {
      fmt::print(stderr, "pyramid_bench: {}\n", error.what());
      _exit(1);
    }
    std::fflush(stdout);
    _exit(0);
  }
  int status = 0;
  rusage usage{};
  if (wait4(child, &status, 0, &usage) != child || status != 0) {
    fail(WIFSIGNALED(status) ? fmt::format("{} was killed by signal {}", what, WTERMSIG(status))
                             : fmt::format("{} failed with exit code {}; the reason stands above",
                                           what, WEXITSTATUS(status)));
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  const auto seconds = [](timeval t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return {wall.count(), seconds(usage.ru_utime) + seconds(usage.ru_stime),
          static_cast<double>(usage.ru_maxrss) / 1024};
}

void write_ours(const Job& job, const fs::path& out) {
  pyramid::WriterOptions options;
  options.size = job.size;
  options.quality = kQuality;
  options.tile = kTile;
  options.associated_images = pyramid::kNoAssociated;  // as vips
  pyramid::PyramidWriter writer(out, options);
  const int fd = ::open(job.raw.c_str(), O_RDONLY);
  constexpr std::int64_t kRows = 64;
  const std::int64_t stride = 3 * job.size.width;
  std::vector<std::uint8_t> rows(static_cast<std::size_t>(kRows * stride));
  for (std::int64_t y = 0; y < job.size.height; y += kRows) {
    const std::int64_t count = std::min(kRows, job.size.height - y);
    if (::read(fd, rows.data(), static_cast<std::size_t>(count * stride)) != count * stride) {
      fail("can't read " + job.raw.string());
    }
    writer.write_rows({rows.data(), {job.size.width, count}, 3, stride});
  }
  ::close(fd);
  writer.finish();
}

void write_vips(const Job& job, const fs::path& out) {
  const std::string target =
      fmt::format("{}[tile,pyramid,compression=jpeg,Q={},tile-width={},tile-height={}]",
                  out.string(), kQuality, kTile, kTile);
  const std::string width = std::to_string(job.size.width);
  const std::string height = std::to_string(job.size.height);
  execlp("vips", "vips", "rawload", job.raw.c_str(), target.c_str(), width.c_str(), height.c_str(),
         "3", "--interpretation", "srgb", nullptr);
  fail("'vips' can't be run: " + errno_text(errno));
}

// Mean difference of two images of one size.
double difference(VipsImage* a, VipsImage* b) {
  VipsImage* minus = nullptr;
  VipsImage* magnitude = nullptr;
  double mean = 0;
  if (vips_subtract(a, b, &minus, nullptr) != 0 || vips_abs(minus, &magnitude, nullptr) != 0 ||
      vips_avg(magnitude, &mean, nullptr) != 0) {
    fail(vips_error_buffer());
  }
  g_object_unref(magnitude);
  g_object_unref(minus);
  return mean;
}

VipsImage* page(const fs::path& path, int number, PixelSize crop = {}) {
  VipsImage* image = nullptr;
  if (vips_tiffload(path.c_str(), &image, "page", number, nullptr) != 0) fail(vips_error_buffer());
  if (crop.empty()) return image;
  VipsImage* part = nullptr;
  vips_extract_area(image, &part, 0, 0, static_cast<int>(crop.width), static_cast<int>(crop.height),
                    nullptr);
  g_object_unref(image);
  return part;
}

// Both files show the image: level 0 as near to it as the other, level 1 near to each other.
void check_equal(const Job& job, const fs::path& ours, const fs::path& vips) {
  if (VIPS_INIT("pyramid_bench") != 0) fail("libvips can't be started");
  VipsImage* raw = nullptr;
  vips_rawload(job.raw.c_str(), &raw, static_cast<int>(job.size.width),
               static_cast<int>(job.size.height), 3, nullptr);
  VipsImage* a = page(ours, 0);
  VipsImage* b = page(vips, 0);
  const double from_ours = difference(raw, a);
  const double from_vips = difference(raw, b);
  const double between = difference(a, b);
  for (VipsImage* image : {a, b, raw}) g_object_unref(image);
  const PixelSize half{job.size.width / 2, job.size.height / 2};  // vips rounds down, we up
  a = page(ours, 1, half);
  b = page(vips, 1, half);
  const double level1 = difference(a, b);
  for (VipsImage* image : {a, b}) g_object_unref(image);
  fmt::print("  mean error {:.3f}, vips' {:.3f}; apart by {:.3f} on level 0, {:.3f} on level 1\n",
             from_ours, from_vips, between, level1);
  if (from_ours > 1.02 * from_vips + 0.01 || level1 > 1.5) fail("the files differ");
  if (pyramid::verify(pyramid::read_tiff(ours)).has_errors()) fail("our file has errors");
}

void keep_best(Cost& best, const Cost& now) {
  best.seconds = std::min(best.seconds, now.seconds);
  best.cpu_seconds = std::min(best.cpu_seconds, now.cpu_seconds);
  best.peak_mb = std::max(best.peak_mb, now.peak_mb);
}

void compare(const fs::path& folder, PixelSize size, bool glass, int rounds) {
  fmt::print("{} x {} px, {}\n", size.width, size.height,
             glass ? "tissue on 60 % glass" : "tissue edge to edge");
  const Job job = make_image(folder, size, glass);
  const fs::path ours = folder / "pyramid_bench_ours.tif";
  const fs::path vips = folder / "pyramid_bench_vips.tif";
  Cost a;
  Cost b;
  for (int i = 0; i < rounds; ++i) {
    keep_best(b, measured("vips", [&] { write_vips(job, vips); }));
    keep_best(a, measured("our writer", [&] { write_ours(job, ours); }));
    // In a child as well, so that its memory isn't counted with the writers'.
    if (i == 0) measured("the comparison", [&] { check_equal(job, ours, vips); });
  }
  const auto bytes = [](const fs::path& path) {
    return static_cast<double>(fs::file_size(path)) / 1e6;
  };
  const auto row = [](const char* name, double o, double v, const char* unit) {
    fmt::print("  {:<10}{:>10.2f} {:<3} vips {:>10.2f} {:<3} ratio {:.3f}\n", name, o, unit, v,
               unit, o / v);
  };
  row("wall", a.seconds, b.seconds, "s");
  row("CPU", a.cpu_seconds, b.cpu_seconds, "s");
  row("memory", a.peak_mb, b.peak_mb, "MB");
  row("file", bytes(ours), bytes(vips), "MB");
  std::fflush(stdout);
  for (const fs::path& path : {job.raw, ours, vips}) fs::remove(path);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    require_vips();
    const fs::path folder = argc > 1 ? argv[1] : "/tmp";
    const PixelSize size{argc > 2 ? std::atol(argv[2]) : 17760,
                         argc > 3 ? std::atol(argv[3]) : 17802};
    const int rounds = argc > 4 ? std::atoi(argv[4]) : 3;
    for (const bool glass : {false, true}) compare(folder, size, glass, rounds);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "pyramid_bench: {}\n", error.what());
    return 1;
  }
}
