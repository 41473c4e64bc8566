#include "histoloom/pictures/vips.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vips/vips.h>

#include "support/scratch.h"

namespace histoloom {
namespace {

std::string pgm(int side) {
  return "P5 " + std::to_string(side) + " " + std::to_string(side) + " 255\n" +
         std::string(static_cast<std::size_t>(side * side), 'x');
}

TEST(Vips, ReadsAFileAnewThatWasReplacedUnderItsName) {
  const ScratchDirectory scratch;
  for (const int side : {4, 7}) {
    write_bytes(scratch / "a[1].pgm", pgm(side));
    const auto image = open_vips_image(scratch / "a[1].pgm");
    ASSERT_NE(image, nullptr) << vips_says();
    EXPECT_EQ(vips_image_get_width(image.get()), side);
  }
}

TEST(Vips, TellsItsErrorInOneLineAndForgetsIt) {
  const ScratchDirectory scratch;
  write_bytes(scratch / "words", "no image");
  EXPECT_EQ(open_vips_image(scratch / "words"), nullptr);
  EXPECT_EQ(open_vips_image(scratch / "words"), nullptr);
  EXPECT_EQ(vips_says(),
            "VipsForeignLoad: \"" + (scratch / "words").string() + "\" is not a known file format");
  EXPECT_EQ(vips_says(), "no reason given");
}

TEST(Vips, HandsADamagedTiffToNoOtherLibrary) {
  const ScratchDirectory scratch;
  const std::string bytes("II*\0\xff\xff\0\0", 8);  // a directory past the end
  write_bytes(scratch / "a.tif", bytes);
  EXPECT_EQ(open_vips_image(scratch / "a.tif"), nullptr);
  EXPECT_THAT(vips_says(), testing::EndsWith(": bad seek to 65535"));
  EXPECT_EQ(open_vips_buffer(bytes), nullptr);
  EXPECT_THAT(vips_says(), testing::EndsWith(": bad seek to 65535"));
}

TEST(Vips, KeepsItsWarningsOffStderr) {
  start_vips();
  testing::internal::CaptureStderr();
  for (const char* domain : {"VIPS", "Openslide", "GLib"}) {
    g_log(domain, G_LOG_LEVEL_WARNING, "something is odd");
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace histoloom
