#include "histoloom/pyramid/scale.h"

#include <gmock/gmock.h>

#include "support.h"
#include "support/scratch.h"

namespace histoloom::pyramid::test {
namespace {

std::vector<std::string> names_of(const std::vector<AssociatedView>& pictures) {
  std::vector<std::string> out;
  for (const AssociatedView& picture : pictures) out.push_back(picture.name);
  return out;
}

// By the resolution tags of a generic file, which hold no magnification and no pictures.
TEST(ScaleOf, EveryProfileIsWhatWasWritten) {
  const ScratchDirectory folder;
  const Picture picture = waves(700, 500, 3);
  for (const auto& [name, profile] : {std::pair{"a.tif", Profile::generic},
                                      {"a.svs", Profile::svs},
                                      {"a.ome.tif", Profile::ome}}) {
    SCOPED_TRACE(name);
    write(folder / name, picture, full_options(picture, profile));
    const TiffScale scale = scale_of(pyramid::read_tiff(folder / name));
    const bool generic = profile == Profile::generic;
    EXPECT_DOUBLE_EQ(scale.mpp_x.value(), 0.5);
    EXPECT_DOUBLE_EQ(scale.mpp_y.value(), 0.5);
    EXPECT_EQ(scale.by_resolution, generic);
    EXPECT_EQ(scale.magnification, generic ? std::nullopt : std::optional(20.0));
    EXPECT_EQ(names_of(scale.associated).size(), generic ? 0u : 3u);
  }
}

}  // namespace
}  // namespace histoloom::pyramid::test
