// verify() against the libraries that web viewers are made of, each run on the same files. They need
// Node; OpenLayers needs Chromium, too, and runs on demand:
//   ctest --test-dir build/dev -C viewers -L viewers
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>

#include "agreement.h"
#include "npm_viewers.h"
#include "support.h"

namespace histoloom::pyramid::test {
namespace {

using testing::Not;
using testing::StartsWith;

constexpr int kJpeg = 8;  // grey levels that JPEG of quality 80 may differ by on smooth waves

// Ids 0 to 5 in rectangles.
Picture rectangles(std::int64_t width, std::int64_t height) {
  Picture p = blank(width, height, 1);
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      p.at(x, y, 0) = static_cast<std::uint8_t>((x / 300 + y / 200) % 6);
    }
  }
  return p;
}

// The libraries' slides: every profile in three sizes, labels, and what the rules tell apart.
class Slides {
 public:
  explicit Slides(const std::filesystem::path& folder) : folder_(folder) {
    for (const auto& [w, h] : {std::pair{300, 200}, {1024, 1024}, {4096, 3000}}) {
      const Picture picture = waves(w, h, 3);
      for (const auto profile : {Profile::svs, Profile::ome, Profile::generic}) {
        add(fmt::format("{}", w), picture, profile);
      }
      add(fmt::format("bare-{}", w), picture, Profile::ome,
          [](auto& o) { o.associated_images = kNoAssociated; });
    }
    const Picture labels = rectangles(4096, 3000);
    add("labels", labels, Profile::generic, [](auto& o) {
      o.reduction = Reduction::mode;
      o.compression = Compression::deflate;
    });
    const Picture picture = waves(600, 500, 3);
    add("big", picture, Profile::generic, [](auto& o) { o.container = Container::big; });
    add("deflate", picture, Profile::generic,
        [](auto& o) { o.compression = Compression::deflate; });
    add("one", picture, Profile::ome, [](auto& o) { o.levels = 1; });
    add("one", picture, Profile::svs, [](auto& o) { o.levels = 1; });
    add("one-bare", picture, Profile::ome,
        [](auto& o) { o.levels = 1, o.associated_images = kNoAssociated; });
    add("four", waves(1600, 1200, 3), Profile::ome,
        [](auto& o) { o.shrink = 4, o.associated_images = kNoAssociated; });
  }

  const std::vector<ViewerFile>& files() const { return files_; }

 private:
  void add(const std::string& name, const Picture& picture, Profile profile,
           const std::function<void(WriterOptions&)>& change = {}) {
    const std::map<Profile, const char*> endings{
        {Profile::svs, ".svs"}, {Profile::ome, ".ome.tif"}, {Profile::generic, ".tif"}};
    WriterOptions options = full_options(picture, profile);
    if (picture.channels == 1) options = options_for(picture);
    if (change) change(options);
    const auto path = folder_ / (name + endings.at(profile));
    write(path, picture, options, 256);
    const bool lossy = options.compression == Compression::jpeg;
    files_.push_back(viewer_file(path, picture, lossy ? kJpeg : 0));
  }

  std::filesystem::path folder_;
  std::vector<ViewerFile> files_;
};

std::vector<std::string> levels_of(const ReaderView& view) {
  std::vector<std::string> out;
  for (const PixelSize size : view.levels) {
    out.push_back(fmt::format("{}x{}", size.width, size.height));
  }
  const std::string volume = "as a volume of ";
  if (view.how.starts_with(volume)) {
    out[0] += fmt::format("x{}", std::stoi(view.how.substr(volume.size())));
  }
  return out;
}

bool pixels_are_wrong(const ReaderView& view) {
  return std::any_of(view.notes.begin(), view.notes.end(), [](const std::string& note) {
    return note.starts_with("the pixels of tiled colours") || note.starts_with("the pixels are") ||
           note.starts_with("the slide is stretched");
  });
}

void expect_agreement(const std::vector<std::string>& readers) {
  const ScratchDirectory folder;
  const Slides slides(folder.path());
  const std::vector<ViewerRow> rows = viewers_say(readers, slides.files(), folder.path());
  ASSERT_EQ(rows.size(), readers.size() * slides.files().size());
  std::ifstream in(std::string(HISTOLOOM_SOURCE) + "/docs/slides.md");
  const std::string docs{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  for (const ViewerRow& row : rows) {
    SCOPED_TRACE(row.reader + " on " + row.file.filename().string() + ": " + row.why);
    const VerifyReport report = verify_file(row.file);
    const ReaderView& view = view_of(report, row.reader);
    EXPECT_EQ(row.opens, view.opens) << view.how;
    EXPECT_THAT(row.why, Not(StartsWith("no answer")));
    EXPECT_EQ(row.levels, levels_of(view));
    if (row.opens && view.opens) {
      EXPECT_THAT(row.pixels, StartsWith(pixels_are_wrong(view) ? "wrong" : "right"));
    }
    EXPECT_NE(docs.find(row.version), std::string::npos) << row.version << " is not in the docs";
  }
}

TEST(NpmViewers, ThatRunInNodeSeeWhatVerifySays) {
  if (const std::string why = viewers_missing(); !why.empty()) GTEST_SKIP() << why;
  expect_agreement(
      {"geotiff.js", "Avivator, Vitessce", "ITK (itk-wasm)", "sharp", "utif2", "tiff (image-js)"});
}

TEST(Browsers, DISABLED_SeeWhatVerifySays) {
  if (const std::string why = viewers_missing(); !why.empty()) GTEST_SKIP() << why;
  if (!std::filesystem::exists("/usr/bin/chromium")) GTEST_SKIP() << "no /usr/bin/chromium";
  expect_agreement({"OpenLayers"});
}

}  // namespace
}  // namespace histoloom::pyramid::test
