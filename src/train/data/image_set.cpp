#include "histoloom/train/image_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "held_out.h"
#include "histoloom/core/error.h"
#include "histoloom/labels/annotation_file.h"
#include "histoloom/labels/cell_votes.h"
#include "histoloom/pictures/glass_cells.h"
#include "histoloom/pictures/open_picture.h"
#include "image_folder.h"
#include "shrink.h"
#include "slide_images.h"

namespace histoloom {

namespace {

namespace fs = std::filesystem;

// The label of each of an image's cells, by the votes of the mask's pixels, `shrink` of which lie
// along a pixel of the image.
std::vector<LabelId> cell_labels(const Picture& mask, PixelSize image, double shrink, int factor,
                                 const LabelSet& labels) {
  const CellSize cells = latent_size_for(image, factor);
  const auto cell_of = [pixels = shrink * factor](std::int64_t at, std::int64_t count) {
    return std::min(static_cast<std::int64_t>(static_cast<double>(at) / pixels), count - 1);
  };
  CellVotes votes(cells.width, labels);
  std::vector<LabelId> out;
  for (std::int64_t y = 0; y < mask.size.height; ++y) {
    const std::uint8_t* row = mask.samples.data() + y * mask.size.width;
    for (std::int64_t x = 0; x < mask.size.width; ++x)
      votes.add(cell_of(x, cells.width), row[x], 1);
    const bool last = y + 1 == mask.size.height;
    if (!last && cell_of(y + 1, cells.height) == cell_of(y, cells.height)) continue;
    for (std::int64_t x = 0; x < cells.width; ++x) out.push_back(votes.take_winner(x));
  }
  return out;
}

// Gives the image the labels of a mask, which has the size of the image before that was shrunk.
void label_by(TrainingImage& image, const Picture& mask, const fs::path& path,
              const LabelSet& labels, const ImageSetOptions& options) {
  for (const std::uint8_t id : mask.samples) {
    if (labels.find(id) == nullptr)
      throw UserError(fmt::format("{}: holds the id {}, the model's labels are {}", path.string(),
                                  id, labels.describe()));
  }
  image.labels = cell_labels(mask, image.size, options.shrink, options.factor, labels);
  image.labelled = true;
}

void read_mask_into(TrainingImage& image, PixelSize size, const fs::path& path,
                    const LabelSet& labels, const ImageSetOptions& options) {
  const Picture mask = read_mask_picture(path);
  if (mask.size != size)
    throw UserError(fmt::format("mask {} has {}x{} px, its image {}x{}; give one of its size",
                                path.string(), mask.size.width, mask.size.height, size.width,
                                size.height));
  label_by(image, mask, path, labels, options);
}

TrainingImage read_patch(const ImageFile& file, const LabelSet& labels,
                         const ImageSetOptions& options) {
  Picture rgb = read_picture(file.image);
  if (options.masks_alone && rgb.channels == 1 && file.mask.empty()) {
    TrainingImage image{file.name(), shrunk_size(rgb.size, options.shrink), {}, {}, false};
    label_by(image, rgb, file.image, labels, options);
    return image;
  }
  require_rgb(file.image, rgb.channels);
  const PixelSize size = rgb.size;
  if (options.shrink != 1) rgb = shrink_picture(rgb, options.shrink);
  TrainingImage image{file.name(), rgb.size, std::move(rgb.samples), {}, false};
  if (!file.mask.empty()) read_mask_into(image, size, file.mask, labels, options);
  return image;
}

UserError nothing_left(const ImageSetOptions& options) {
  return UserError(
      fmt::format("no image is left to {}: --held-out-every {} holds out the first of so many "
                  "sources, and of so "
                  "many slides the last; give more images, another number or leave it out",
                  options.held_out ? "measure on" : "train on", options.held_out_every));
}

// Of images, then of slides.
std::vector<std::string> image_names_of(const std::vector<ImageFile>& files,
                                        const std::vector<TrainingSlide>& slides) {
  std::vector<std::string> out;
  for (const ImageFile& file : files) out.push_back(file.name());
  for (const TrainingSlide& slide : slides) out.push_back(slide.file.stem().string());
  return out;
}

// Which files of a set are held out, one flag each.
struct Split {
  std::vector<bool> images, slides;
};

// With sources a slide and the patches cut from it are held out together; without, each image and
// each slide is one by itself.
Split split_of(const std::vector<ImageFile>& files, const ImageSetOptions& options) {
  const std::vector<std::string> own = image_names_of(files, options.slides);
  const auto images = static_cast<std::ptrdiff_t>(files.size());
  if (options.source.empty()) {
    Split out{held_out_names({own.begin(), own.begin() + images}, "", options.held_out_every), {}};
    for (std::size_t i = 0; i < options.slides.size(); ++i)
      out.slides.push_back(is_slide_held_out(i, options.held_out_every));
    return out;
  }
  std::vector<std::string> names = options.names_before;
  names.insert(names.end(), own.begin(), own.end());
  const std::vector<bool> all = held_out_names(names, options.source, options.held_out_every);
  const auto first = all.begin() + static_cast<std::ptrdiff_t>(options.names_before.size());
  return {{first, first + images}, {first + images, all.end()}};
}

std::vector<ImageFile> files_of(const ImageSetOptions& options) {
  if (options.images.empty()) return {};
  std::vector<ImageFile> files = list_images(options.images);
  // A slide in the same folder is no image too.
  std::erase_if(files, [&](const ImageFile& file) {
    return std::any_of(options.slides.begin(), options.slides.end(), [&](const TrainingSlide& s) {
      std::error_code code;
      return fs::equivalent(s.file, file.image, code);
    });
  });
  return files;
}

// The images and slides that are held out, or the others.
std::vector<TrainingImage> read_files(const ImageSetOptions& options, const LabelSet& labels) {
  const std::vector<ImageFile> files = files_of(options);
  const Split held_out = split_of(files, options);
  std::vector<TrainingImage> images;
  for (std::size_t i = 0; i < files.size(); ++i)
    if (held_out.images[i] == options.held_out)
      images.push_back(read_patch(files[i], labels, options));
  for (std::size_t i = 0; i < options.slides.size(); ++i) {
    if (held_out.slides[i] != options.held_out) continue;
    std::vector<TrainingImage> regions = read_slide(options.slides[i], labels, options);
    std::move(regions.begin(), regions.end(), std::back_inserter(images));
  }
  if (images.empty() && !options.may_be_empty) throw nothing_left(options);
  return images;
}

struct DensityStatistics {
  std::array<double, 3> sum{}, square{};
  double count = 0;
  double mean(std::size_t c) const { return sum[c] / count; }
  double deviation(std::size_t c) const {
    return std::sqrt(std::max(1e-12, square[c] / count - mean(c) * mean(c)));
  }
};

double optical_density(std::uint8_t value) { return -std::log((value + 1.0) / 256.0); }

// Calls visit(pixel offset) for every pixel of a cell that is not glass.
template <class Visit>
void for_tissue(const TrainingImage& image, int factor, Visit&& visit) {
  const std::vector<bool> glass = find_glass(image, factor);
  const CellSize cells = latent_size_for(image.size, factor);
  for (std::int64_t y = 0; y < image.size.height; ++y)
    for (std::int64_t x = 0; x < image.size.width; ++x)
      if (!glass[static_cast<std::size_t>(y / factor * cells.width + x / factor)])
        visit(static_cast<std::size_t>(3 * (y * image.size.width + x)));
}

}  // namespace

TrainingSlide parse_training_slide(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || !is_annotation_name(text)) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

std::vector<bool> find_glass(const TrainingImage& image, int factor) {
  const auto stride = static_cast<std::ptrdiff_t>(3 * image.size.width);
  return glass_cells({image.pixels.data(), image.size, /*channels=*/3, stride}, factor);
}

std::vector<std::string> image_names_of(const ImageSetOptions& options) {
  return image_names_of(files_of(options), options.slides);
}

std::vector<TrainingImage> read_image_set(const ImageSetOptions& options, const LabelSet& labels) {
  std::vector<TrainingImage> images = read_files(options, labels);
  for (TrainingImage& image : images) {
    const CellSize cells = latent_size_for(image.size, options.factor);
    if (image.labels.empty())
      image.labels.assign(static_cast<std::size_t>(cells.area()), labels.unknown());
    if (!labels.glass() || image.pixels.empty()) continue;
    const std::vector<bool> glass = find_glass(image, options.factor);
    for (std::size_t i = 0; i < glass.size(); ++i)
      if (glass[i]) image.labels[i] = *labels.glass();
  }
  return images;
}

void match_stain(std::vector<TrainingImage>& images, const std::vector<TrainingImage>& reference,
                 int factor) {
  DensityStatistics target;
  const auto measure = [factor](DensityStatistics& into, const TrainingImage& image) {
    for_tissue(image, factor, [&](std::size_t at) {
      for (std::size_t c = 0; c < 3; ++c) {
        const double density = optical_density(image.pixels[at + c]);
        into.sum[c] += density;
        into.square[c] += density * density;
      }
      into.count += 1;
    });
  };
  for (const TrainingImage& image : reference)
    if (image.labelled) measure(target, image);
  if (target.count == 0) return;
  for (TrainingImage& image : images) {
    if (image.labelled) continue;
    DensityStatistics own;
    measure(own, image);
    if (own.count == 0) continue;
    for_tissue(image, factor, [&](std::size_t at) {
      for (std::size_t c = 0; c < 3; ++c) {
        std::uint8_t& value = image.pixels[at + c];
        const double scale = target.deviation(c) / own.deviation(c);
        const double density =
            std::max(0.0, target.mean(c) + (optical_density(value) - own.mean(c)) * scale);
        value = static_cast<std::uint8_t>(
            std::clamp(std::lround(256.0 * std::exp(-density) - 1.0), 0L, 255L));
      }
    });
  }
}

}  // namespace histoloom
