#include "doors.h"

#include <fmt/format.h>

#include "histoloom/convert/convert.h"
#include "histoloom/evaluate/patch_source.h"
#include "histoloom/labels/annotation_file.h"
#include "histoloom/labels/mask_file.h"
#include "histoloom/labels/outline_file.h"
#include "histoloom/labels/pixel_region.h"
#include "histoloom/pictures/open_picture.h"
#include "histoloom/pyramid/tile_editor.h"
#include "histoloom/train/image_set.h"
#include "scene.h"
#include "support/test_tiff.h"

namespace histoloom::doors {

namespace fs = std::filesystem;

LabelSet labels() {
  return LabelSet::parse(
      R"({"labels": [{"id": 0, "name": "unknown", "color": [0, 0, 0]},
                     {"id": 1, "name": "tissue", "color": [200, 0, 0]},
                     {"id": 5, "name": "glass", "color": [255, 255, 255]}],
          "unknown": 0, "glass": 5})",
      "labels");
}

fs::path plain_picture(const fs::path& folder, const std::string& name) {
  TestDirectory d{test_tags(kSide, kSide, 3, kTile), test_tiles(kSide, kSide, 3, kTile, shown)};
  write_tiff(folder / name, {d});
  return folder / name;
}

namespace {

class Silent final : public Progress {
 public:
  void start_stage(std::string_view, std::int64_t, std::string_view) override {}
  void update(std::int64_t, std::string_view) override {}
  void finish() override {}
  void warn(std::string_view message) override { warnings += std::string(message) + "\n"; }
  bool stop_requested() const override { return false; }
  std::string warnings;
};

std::string colour_of(const std::uint8_t* rgb) {
  const auto near = [&](int r, int g, int b) {
    return std::abs(rgb[0] - r) < 6 && std::abs(rgb[1] - g) < 6 && std::abs(rgb[2] - b) < 6;
  };
  if (near(200, 90, 150)) return "tissue";
  return near(255, 255, 255) ? "glass" : fmt::format("{},{},{}", rgb[0], rgb[1], rgb[2]);
}

std::string by_pyramid(const fs::path& file) {
  ConvertOptions o;
  o.in = file;
  o.out = file.parent_path() / "out.ome.tif";
  o.force = true;
  o.compression = "deflate";
  o.tile = 64;
  Silent progress;
  Conversion(o).run(progress);
  const auto out = open_picture(o.out);
  const auto at = [&](std::int64_t x) {
    const Picture one = out->region(PixelRect::at({x, x}, {1, 1}));
    return one.channels == 1 ? fmt::format("grey {}", one.samples[0])
                             : colour_of(one.samples.data());
  };
  std::string said = at(20) + ", " + at(200);
  if (out->mpp()) said += fmt::format(", mpp {:.3g}", *out->mpp());
  if (progress.warnings.find("colour profile is left out") != std::string::npos)
    said += ", profile left out";
  return said;
}

std::string by_labels(const fs::path& file) {
  ConvertOptions o;
  o.in = file;
  o.out = file.parent_path() / "labels.tif";
  o.force = o.labels = true;
  o.tile = 64;
  Silent progress;
  Conversion(o).run(progress);
  const auto out = open_mask(o.out);
  return fmt::format("id {}, id {}", out->region(PixelRect::at({20, 20}, {1, 1})).samples[0],
                     out->region(PixelRect::at({200, 200}, {1, 1})).samples[0]);
}

std::string ids_of(const LabelField& field) {
  LabelId first = 0, second = 0;
  field.read({2, 2, 3, 3}, &first);
  field.read({25, 25, 26, 26}, &second);
  return fmt::format("id {}, id {}", first, second);
}

std::string by_mask(const fs::path& file) {
  return ids_of(*read_mask(file, labels(), {kSide, kSide}, 8));
}

std::string by_layout(const fs::path& file) {
  const auto field = read_outline(file, {32, 32}, labels(), {});
  LabelId first = 0, second = 0;
  field->read({2, 2, 3, 3}, &first);
  field->read({25, 25, 26, 26}, &second);
  const auto word = [](LabelId id) { return id == 5 ? "glass" : "tissue"; };
  return fmt::format("{}, {}", word(first), word(second));
}

// The slide as the editor sees it, with the scale that --inpaint asks for.
std::string by_inpaint(const fs::path& file) {
  if (is_annotation_name(file.string()))
    return fmt::format("{} px wide", PixelRegion::read(file).box().width());
  const auto mpp = open_picture(file)->facts().mpp;
  const pyramid::TileEditor slide(file);
  const auto at = [&](std::int64_t x) {
    return colour_of(slide.read(PixelRect::at({x, x}, {1, 1})).data());
  };
  return at(20) + ", " + at(200) + (mpp ? fmt::format(", mpp {:.3g}", *mpp) : "");
}

std::string first_image(const ImageSetOptions& options) {
  const auto images = read_image_set(options, labels());
  const TrainingImage& image = images.at(0);
  const auto at = [&](std::int64_t x) -> std::string {
    if (x >= image.size.width || x >= image.size.height) return "outside";  // of a damaged file
    return colour_of(&image.pixels[static_cast<std::size_t>(3 * (x * image.size.width + x))]);
  };
  // A model of 1 micron a pixel.
  const double shrink = kSide / static_cast<double>(image.size.width);
  std::string said = at(std::llround(20 / shrink)) + ", " + at(std::llround(200 / shrink));
  if (shrink > 1) said += fmt::format(", mpp {:.3g}", 1 / shrink);
  return said;
}

// A folder of its own for a training, which takes what lies in it.
fs::path folder_for(const fs::path& file) {
  const fs::path folder = file.parent_path() / "images";
  fs::remove_all(folder);
  fs::create_directory(folder);
  return folder;
}

std::string by_images(const fs::path& file) {
  const fs::path folder = folder_for(file);
  std::string name = file.filename().string();
  fs::create_symlink(file, folder / name);
  ImageSetOptions options;
  options.images = folder;
  return first_image(options);
}

std::string by_slides(const fs::path& file) {
  ImageSetOptions options;
  options.mpp = 1;
  if (!is_annotation_name(file.string())) {
    options.slides = {{file, {}}};
    return first_image(options);
  }
  const auto field = read_annotations(file, labels(), {{kSide, kSide}, {kSide, kSide}, 8});
  return ids_of(*field);
}

std::string by_training_mask(const fs::path& file) {
  const fs::path folder = folder_for(file);
  const bool capitals = file.filename() == "M.TIF";
  plain_picture(folder, "a.tif");
  fs::create_symlink(file,
                     folder / (capitals ? "a_MASK.TIFF" : "a_mask" + file.extension().string()));
  ImageSetOptions options;
  options.images = folder;
  const auto images = read_image_set(options, labels());
  if (!images.at(0).labelled) return "no mask";
  const auto& ids = images.at(0).labels;
  return fmt::format("id {}, id {}", ids[2 * 32 + 2], ids[25 * 32 + 25]);
}

std::string by_evaluate(const fs::path& file) {
  const auto sources = evaluate::open_patch_sources({file});
  auto& source = *sources.at(0);
  const auto at = [&](std::int64_t x) {
    return colour_of(source.region(PixelRect::at({x, x}, {1, 1})).samples.data());
  };
  const auto mpp = source.mpp();
  return at(20) + ", " + at(200) + (mpp ? fmt::format(", mpp {:.3g}", *mpp) : "");
}

constexpr Door kDoors[] = {{"pyramid", by_pyramid},  {"labels", by_labels},
                           {"mask", by_mask},        {"layout", by_layout},
                           {"inpaint", by_inpaint},  {"images", by_images},
                           {"slides", by_slides},    {"training mask", by_training_mask},
                           {"evaluate", by_evaluate}};

}  // namespace

std::span<const Door> all_doors() { return kDoors; }

}  // namespace histoloom::doors
