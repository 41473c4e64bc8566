// Pictures made by libvips, and what becomes of them.
#pragma once

#include <gtest/gtest.h>
#include <vips/vips.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "histoloom/convert/convert.h"
#include "histoloom/pyramid/verify.h"
#include "support/scratch.h"

namespace histoloom::convert_test {

namespace fs = std::filesystem;

struct Picture {
  int width = 0, height = 0, bands = 0;
  std::vector<std::uint8_t> pixels;
};

// Smooth waves in colour, or ids of four classes in one band.
inline Picture picture_of(int width, int height, int bands) {
  Picture p{width, height, bands, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < bands; ++c) {
        const double wave = 140 + 60 * std::sin(x / 61.0 + y / 53.0) + 10 * c;
        p.pixels.push_back(
            static_cast<std::uint8_t>(bands == 1 ? (x / 7 + y / 5) % 4 * 50 : int(wave)));
      }
    }
  }
  return p;
}

class Progress final : public histoloom::Progress {
 public:
  void start_stage(std::string_view, std::int64_t, std::string_view) override {}
  void update(std::int64_t done, std::string_view) override { last = done; }
  void finish() override {}
  void warn(std::string_view message) override { warnings.emplace_back(message); }
  bool stop_requested() const override { return stop; }
  std::int64_t last = 0;
  std::vector<std::string> warnings;
  bool stop = false;
};

class Convert : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(VIPS_INIT("slide_test"), 0); }
  // Saves `p` by libvips; `target` may end in options, as "a.tif[tile]".
  fs::path saved(const Picture& p, const std::string& target,
                 VipsInterpretation space = VIPS_INTERPRETATION_sRGB,
                 VipsBandFormat format = VIPS_FORMAT_UCHAR, double px_per_mm = 1) {
    VipsImage* memory = vips_image_new_from_memory(p.pixels.data(), p.pixels.size(), p.width,
                                                   p.height, p.bands, VIPS_FORMAT_UCHAR);
    VipsImage* cast = nullptr;
    VipsImage* image = nullptr;
    vips_cast(memory, &cast, format, nullptr);
    vips_copy(cast, &image, "interpretation", space, "xres", px_per_mm, "yres", px_per_mm, nullptr);
    EXPECT_EQ(vips_image_write_to_file(image, (folder_ / target).c_str(), nullptr), 0)
        << vips_error_buffer();
    for (VipsImage* i : {image, cast, memory}) g_object_unref(i);
    return folder_ / target.substr(0, target.find('['));
  }

  Picture read(const fs::path& path, int page = 0) {
    VipsImage* image = nullptr;
    EXPECT_EQ(vips_tiffload(path.c_str(), &image, "page", page, nullptr), 0) << vips_error_buffer();
    Picture p{image->Xsize, image->Ysize, image->Bands, {}};
    std::size_t size = 0;
    void* data = vips_image_write_to_memory(image, &size);
    p.pixels.assign(static_cast<std::uint8_t*>(data), static_cast<std::uint8_t*>(data) + size);
    g_free(data);
    g_object_unref(image);
    return p;
  }

  ConvertOptions options(const fs::path& in, const std::string& out) {
    ConvertOptions o;
    o.in = in;
    o.out = folder_ / out;
    o.tile = 64;
    return o;
  }

  fs::path convert(const ConvertOptions& o) {
    Conversion(o).run(progress_);
    return o.out;
  }

  std::string refusal(const ConvertOptions& o) {
    const auto before = folder_.files();
    const std::string message = message_of([&] { Conversion conversion(o); });
    EXPECT_EQ(folder_.files(), before);
    return message;
  }

  static pyramid::ReaderView view(const fs::path& path, const std::string& reader) {
    for (const pyramid::ReaderView& v : pyramid::verify(pyramid::read_tiff(path)).readers) {
      if (v.reader == reader) return v;
    }
    return {};
  }

  ScratchDirectory folder_;
  Progress progress_;
};

}  // namespace histoloom::convert_test
