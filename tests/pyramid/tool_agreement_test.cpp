// Debian 12's readers on slides and labels of three sizes: verify() says what they do. OpenImageIO
// and Orthanc WSI are run in every build; IIPImage and ImageJ by tools/check --viewers, since the one
// starts a server when it is installed and the other needs a JDK.
#include "tool_agreement.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vips/vips.h>

#include "agreement.h"
#include "support.h"
#include "tiff_editor.h"

namespace histoloom::pyramid::test {
namespace {

class ToolAgreement : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(VIPS_INIT("pyramid_test"), 0); }

  std::filesystem::path slide(const Picture& picture, Profile profile, const std::string& name) {
    write(folder_ / name, picture, full_options(picture, profile), picture.height);
    return folder_ / name;
  }

  std::filesystem::path labels(PixelSize size, const std::string& name) {
    Picture ids = blank(size.width, size.height, 1);
    for (std::size_t i = 0; i < ids.pixels.size(); ++i)
      ids.pixels[i] = static_cast<std::uint8_t>(i / 50 % 6);
    WriterOptions options = options_for(ids);
    options.compression = Compression::deflate;
    options.reduction = Reduction::mode;
    options.mpp = 0.5;
    write(folder_ / name, ids, options, ids.height);
    return folder_ / name;
  }

  // The battery: svs, ome, generic and labels of three sizes.
  std::vector<std::filesystem::path> battery() {
    std::vector<std::filesystem::path> paths;
    for (const PixelSize size : {PixelSize{300, 200}, {1024, 1024}, {4096, 3000}}) {
      const Picture picture = waves(size.width, size.height, 3);
      const std::string name = fmt::format("{}x{}", size.width, size.height);
      paths.push_back(slide(picture, Profile::svs, name + ".svs"));
      paths.push_back(slide(picture, Profile::ome, name + ".ome.tif"));
      paths.push_back(slide(picture, Profile::generic, name + ".tif"));
      paths.push_back(labels(size, name + "_labels.tif"));
    }
    return paths;
  }

  // The picture as others write it: without tiles, in SubIFDs, beyond classic TIFF, without loss.
  std::vector<std::filesystem::path> of_others() {
    const Picture picture = waves(300, 200, 3);
    std::vector<std::filesystem::path> paths;
    const auto save = [&](const std::string& name, const std::string& options) {
      VipsImage* image = vips_image_new_from_memory(picture.pixels.data(), picture.pixels.size(),
                                                    300, 200, 3, VIPS_FORMAT_UCHAR);
      const std::string target =
          (folder_ / name).string() + "[xres=2000,yres=2000," + options + "]";
      EXPECT_EQ(vips_image_write_to_file(image, target.c_str(), nullptr), 0) << vips_error_buffer();
      g_object_unref(image);
      paths.push_back(folder_ / name);
    };
    save("strips.tif", "compression=lzw");
    save("inch.tif", "compression=deflate,resunit=inch");
    save("big_strips.tif", "bigtiff");
    save("jpeg.tif", "tile,pyramid,compression=jpeg,Q=95,tile-width=64,tile-height=64");
    save("subifd.tif", "tile,pyramid,subifd,compression=jpeg,tile-width=64,tile-height=64");
    save("none.tif", "tile,pyramid,tile-width=64,tile-height=64");
    save("jp2k.tif", "tile,compression=jp2k,tile-width=64,tile-height=64");
    // ImageJ's own unit.
    TiffEditor editor(folder_ / "strips.tif");
    auto& first = editor.chain[0];
    first.set_short(296, 1);
    for (const std::uint16_t tag : {std::uint16_t{282}, std::uint16_t{283}})
      first.set_rational(tag, 2, 1);
    first.set_text(270, "ImageJ=1.53t\nunit=micron\n");
    editor.save(folder_ / "imagej.tif");
    paths.push_back(folder_ / "imagej.tif");
    return paths;
  }

  ScratchDirectory folder_;
};

TEST_F(ToolAgreement, ReadersOfTheNormalRunSeeTheBatteryAsVerifySays) {
  expect_readers_agree(battery());
}

TEST_F(ToolAgreement, OpenImageIoSeesWhatVerifySays) {
  const std::string missing = packages_missing_for("OpenImageIO");
  if (!missing.empty()) GTEST_SKIP() << missing;
  for (const auto& paths : {battery(), of_others()}) {
    for (const auto& path : paths)
      EXPECT_EQ(openimageio_says(path), openimageio_expected(verify_file(path))) << path.filename();
  }
}

TEST_F(ToolAgreement, OrthancSeesWhatVerifySays) {
  const std::string missing = packages_missing_for("Orthanc WSI");
  if (!missing.empty()) GTEST_SKIP() << missing;
  for (const auto& paths : {battery(), of_others()}) {
    for (const auto& path : paths) {
      EXPECT_EQ(orthanc_says(path, folder_ / (path.filename().string() + ".dicom")),
                orthanc_expected(verify_file(path)))
          << path.filename();
    }
  }
}

class Viewers : public ToolAgreement {};

TEST_F(Viewers, DISABLED_IipImageSeesWhatVerifySays) {
  const std::string missing = packages_missing_for("IIPImage");
  if (!missing.empty()) GTEST_SKIP() << missing;
  for (const auto& paths : {battery(), of_others()}) {
    for (const auto& path : paths) {
      const TiffFile file = pyramid::read_tiff(path);
      EXPECT_EQ(iipimage_says(path, folder_.path()), iipimage_expected(verify(file), file))
          << path.filename();
    }
  }
}

TEST_F(Viewers, DISABLED_ImageJSeesWhatVerifySays) {
  const std::string missing = packages_missing_for("ImageJ");
  if (!missing.empty()) GTEST_SKIP() << missing;
  std::vector<std::filesystem::path> paths = battery();
  for (const auto& path : of_others()) paths.push_back(path);
  const std::vector<std::string> says = imagej_says(paths, folder_.path());
  ASSERT_EQ(says.size(), paths.size());
  for (std::size_t i = 0; i < paths.size(); ++i)
    EXPECT_EQ(says[i], imagej_expected(verify_file(paths[i]))) << paths[i].filename();
}

}  // namespace
}  // namespace histoloom::pyramid::test
