#include "histoloom/pictures/png.h"

#include <gmock/gmock.h>

#include "histoloom/core/file.h"
#include "histoloom/pictures/glyphs.h"
#include "histoloom/pictures/open_picture.h"
#include "histoloom/pictures/pyramid_views.h"
#include "test_images.h"

namespace histoloom {
namespace {

TEST(WritePng, KeepsEverySampleWhateverLiesBetweenTheRows) {
  const ScratchDirectory folder;
  for (const int channels : {1, 3}) {
    const Picture picture = noise_picture({33, 20}, channels);
    write_png(folder / "a.png", picture.view());
    const std::string whole = read_file(folder / "a.png");
    const Picture back = read_picture(folder / "a.png");
    EXPECT_EQ(back.size, picture.size);
    EXPECT_EQ(back.channels, channels);
    EXPECT_EQ(back.samples, picture.samples);

    // The same picture inside of a wider one.
    const std::ptrdiff_t stride = 40 * channels;
    std::vector<std::uint8_t> wide(static_cast<std::size_t>(stride) * 20, 7);
    for (std::int64_t y = 0; y < 20; ++y)
      std::copy_n(picture.at(0, y), 33 * channels, wide.data() + y * stride);
    write_png(folder / "a.png", {wide.data(), picture.size, channels, stride});
    EXPECT_EQ(read_file(folder / "a.png"), whole);
  }
}

TEST(WritePng, TakesThePicturesOfThePyramidLibrary) {
  const ScratchDirectory folder;
  const Picture picture = noise_picture({21, 9}, 3);
  write_png(folder / "a.png", picture.view());
  write_png(folder / "b.png",
            view_of(pyramid::AssociatedImage{"label", picture.size, picture.samples}));
  EXPECT_EQ(read_file(folder / "a.png"), read_file(folder / "b.png"));
}

TEST(WritePng, APlaceThatCannotBeWrittenIsNamed) {
  const ScratchDirectory folder;
  EXPECT_THAT(message_of([&] {
                write_png(folder / "nowhere" / "a.png", noise_picture({2, 2}, 3).view());
              }),
              testing::HasSubstr((folder / "nowhere").string()));
}

TEST(Glyphs, AreInkOnNothingAndTakeMarkUpAsItIs) {
  const Picture dash = glyphs_of("-"), letters = glyphs_of("<b>&");
  EXPECT_EQ(dash.channels, 1);
  EXPECT_EQ(dash.samples.size(), static_cast<std::size_t>(dash.size.area()));
  EXPECT_THAT(dash.samples, testing::Contains(testing::Gt(0)));
  EXPECT_GT(letters.size.width, 2 * dash.size.width);
}

}  // namespace
}  // namespace histoloom
