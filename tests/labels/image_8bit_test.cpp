#include "histoloom/labels/image_8bit.h"

#include <gmock/gmock.h>
#include <vips/vips.h>

#include "histoloom/core/file.h"
#include "support/scratch.h"

namespace histoloom {
namespace {

using testing::StartsWith;

class Images8Bit : public testing::Test {
 protected:
  // Writes `bytes` as a PNG, or more than 8 bits as a TIFF, and returns where.
  std::filesystem::path write(PixelSize size, int bands, const std::vector<std::uint8_t>& bytes,
                              VipsBandFormat format = VIPS_FORMAT_UCHAR) {
    start_vips();
    const VipsPtr<VipsImage> image(
        vips_image_new_from_memory(bytes.data(), bytes.size(), static_cast<int>(size.width),
                                   static_cast<int>(size.height), bands, format));
    const bool deep = format != VIPS_FORMAT_UCHAR;
    const std::filesystem::path path = scratch_ / (deep ? "a.tif" : "a.png");
    EXPECT_EQ(deep ? vips_tiffsave(image.get(), path.c_str(), nullptr)
                   : vips_pngsave(image.get(), path.c_str(), nullptr),
              0)
        << vips_error_buffer();
    return path;
  }

  ScratchDirectory scratch_;
};

TEST_F(Images8Bit, ComeAsTheyWereWritten) {
  for (const int bands : {1, 3}) {
    std::vector<std::uint8_t> bytes;
    for (int i = 0; i < 5 * 3 * bands; ++i) bytes.push_back(static_cast<std::uint8_t>(7 * i));
    const Image8Bit image = read_8bit_image(write({5, 3}, bands, bytes));
    EXPECT_EQ(image.size, (PixelSize{5, 3}));
    EXPECT_EQ(image.bands, bands);
    EXPECT_EQ(image.samples, bytes);
  }
}

TEST_F(Images8Bit, WhatIsNoneIsRefused) {
  const std::filesystem::path path =
      write({4, 2}, 1, std::vector<std::uint8_t>(16), VIPS_FORMAT_USHORT);
  const auto refusal = [&] { return message_of([&] { read_8bit_image(path); }); };
  EXPECT_EQ(refusal(), path.string() + ": must have 8 bits a sample");
  write_bytes(path, "no image");
  EXPECT_THAT(refusal(), StartsWith(path.string() + ": is not an image that can be read ("));
}

TEST_F(Images8Bit, DamageIsSaidWhereverTheFileEnds) {
  std::vector<std::uint8_t> noise;
  for (std::uint32_t i = 0; i < 3 * 200 * 200; ++i)
    noise.push_back(static_cast<std::uint8_t>((i * 2654435761u) >> 24));
  const std::filesystem::path path = write({200, 200}, 3, noise);
  const std::string whole = read_file(path);
  for (const std::size_t length : {whole.size() / 4, whole.size() / 2, whole.size() - 100}) {
    write_bytes(path, whole.substr(0, length));
    EXPECT_THAT(message_of([&] { read_8bit_image(path); }),
                StartsWith(path.string() + ": is damaged or cut short ("))
        << length;
  }
}

}  // namespace
}  // namespace histoloom
