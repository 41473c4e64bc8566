#include "precision_slides.h"

#include <fmt/format.h>
#include <vips/vips.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "histoloom/bundle/bundle.h"
#include "histoloom/core/error.h"
#include "histoloom/job/slide_job.h"
#include "histoloom/pictures/vips.h"
#include "support/scratch.h"

namespace histoloom {

namespace {

namespace fs = std::filesystem;

constexpr PixelSize kSize{512, 512};
constexpr int kSeeds = 3;

using Picture = std::vector<std::uint8_t>;

// The pixels of level 0.
Picture read_picture(const fs::path& path) {
  const VipsPtr<VipsImage> image = open_vips_image(path);
  if (!image) throw UserError(fmt::format("{}: {}", path.string(), vips_says()));
  std::size_t bytes = 0;
  const std::unique_ptr<void, decltype(&g_free)> memory(
      vips_image_write_to_memory(image.get(), &bytes), &g_free);
  const auto expected = static_cast<std::size_t>(3 * kSize.width * kSize.height);
  check_internal(memory != nullptr && bytes == expected, "the slide isn't 512 × 512 px of RGB");
  const auto* pixels = static_cast<const std::uint8_t*>(memory.get());
  return {pixels, pixels + bytes};
}

Picture paint(GenerateArguments options) {
  const ScratchDirectory scratch;
  options.out = scratch / "slide.tif";
  SilentProgress silent;
  SlideJob(parse(options)).run(silent);
  return read_picture(options.out);
}

// Sums over pictures, in grey levels of 0 to 255.
struct Difference {
  double absolute = 0, squared = 0;
  int largest = 0;
  std::size_t values = 0;

  void add(const Picture& a, const Picture& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      const int d = std::abs(a[i] - b[i]);
      absolute += d;
      squared += d * d;
      largest = std::max(largest, d);
    }
    values += a.size();
  }
  double mean() const { return absolute / static_cast<double>(values); }
  double psnr() const {
    return 10 * std::log10(255.0 * 255.0 * static_cast<double>(values) / squared);
  }
};

struct Variant {
  std::string what;
  std::function<void(GenerateArguments&)> change;
  Difference difference{};
};

std::vector<Variant> variants(const std::string& dtype, int steps) {
  return {{dtype, [dtype](GenerateArguments& o) { o.dtype = dtype; }},
          {fmt::format("float32, {} steps", steps + 1),
           [steps](GenerateArguments& o) { o.steps = steps + 1; }},
          {"float32, another seed", [](GenerateArguments& o) { o.seed += 100; }}};
}

GenerateArguments reference_options(const ModelBundle& bundle, double eta) {
  GenerateArguments options;
  options.size = fmt::format("{}x{}", kSize.width, kSize.height);
  options.model = bundle.directory;
  options.layout = "full";
  options.compression = "none";
  options.dtype = "float32";
  options.steps = bundle.defaults.steps;
  options.eta = eta;
  return options;
}

void report_sampler(const ModelBundle& bundle, double eta, const std::string& dtype) {
  std::vector<Variant> all = variants(dtype, bundle.defaults.steps);
  GenerateArguments reference = reference_options(bundle, eta);
  for (int seed = 0; seed < kSeeds; ++seed) {
    reference.seed = static_cast<std::uint64_t>(seed);
    const Picture expected = paint(reference);
    if (seed == 0 && paint(reference) != expected)
      throw UserError("float32 gave two different slides; report this");
    for (Variant& variant : all) {
      GenerateArguments options = reference;
      variant.change(options);
      variant.difference.add(paint(options), expected);
    }
  }
  fmt::print("  {} with {} steps, eta {:g}, {} slides\n", name_of(bundle.defaults.solver),
             bundle.defaults.steps, eta, kSeeds);
  for (const Variant& variant : all)
    fmt::print("    {:<24} mean {:6.3f} grey levels, PSNR {:5.1f} dB, at most {}\n", variant.what,
               variant.difference.mean(), variant.difference.psnr(), variant.difference.largest);
  std::fflush(stdout);
}

}  // namespace

void report_slides(const fs::path& directory, const std::string& dtype) {
  const ModelBundle bundle = ModelBundle::read(directory);
  fmt::print("slides of {} × {} px, against float32 (twice equal to the bit)\n", kSize.width,
             kSize.height);
  report_sampler(bundle, bundle.defaults.eta, dtype);
  if (bundle.defaults.eta != 0) report_sampler(bundle, 0, dtype);
}

}  // namespace histoloom
