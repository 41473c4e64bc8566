#include "given_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "histoloom/core/error.h"
#include "histoloom/core/sha256.h"
#include "histoloom/job/option_values.h"
#include "histoloom/pictures/scaled_picture.h"
#include "stage_run.h"

namespace histoloom {

namespace {

constexpr std::int64_t kRowsAtOnce = 256;
constexpr double kAsGood = 1.01;  // 4.001 microns a pixel stand in for 4

}  // namespace

GivenPicture given_picture(const std::filesystem::path& file, std::optional<double> mpp) {
  if (!mpp) mpp = open_picture(file)->mpp();
  if (!mpp)
    throw UserError(fmt::format(
        "{} doesn't state its microns a pixel; give --mpp, which for a thumbnail are the "
        "slide's times how much it was shrunk",
        file.string()));
  return {file, *mpp};
}

PixelSize size_of_refined(const GivenPicture& given, const std::filesystem::path& model) {
  const PixelSize size = open_picture(given.file)->size();
  const double ratio = given.mpp / ModelBundle::read(model).mpp;
  const auto scaled = [ratio](std::int64_t length) {
    return std::llround(static_cast<double>(length) * ratio);
  };
  return with_context(
      fmt::format("{}, of {}x{} px with {:.4g} microns", given.file.string(), size.width,
                  size.height, given.mpp),
      [&] { return parse_size(fmt::format("{}x{}", scaled(size.width), scaled(size.height))); });
}

std::size_t given_index(double mpp, const ModelBundle& bundle) {
  if (bundle.stages.empty())
    throw UserError(fmt::format("model '{}' has no coarser stage, whose place a picture could take",
                                bundle.name));
  std::size_t out = 0;
  for (std::size_t i = 1; i < bundle.stages.size(); ++i)
    if (bundle.stages[i].mpp * kAsGood >= mpp) out = i;
  return out;
}

GivenStage::GivenStage(const GivenPicture& given, const ModelBundle& bundle)
    : file_(open_picture(given.file)),
      index_(given_index(given.mpp, bundle)),
      shrink_(std::max(1.0, bundle.stages[index_].mpp / given.mpp)),
      mpp_(given.mpp * shrink_),
      size_(ScaledPicture(*file_, shrink_).size()) {
  if (file_->channels() != 3)
    throw UserError(fmt::format("{} is grey; a picture in colour is needed", given.file.string()));
  if (size_.empty())
    throw UserError(fmt::format("{} has {}x{} px, too few for a picture of a slide",
                                given.file.string(), file_->size().width, file_->size().height));
}

std::uint64_t GivenStage::memory() const {
  const auto shown = static_cast<std::uint64_t>(size_.width * std::min(size_.height, kRowsAtOnce));
  const auto whole = static_cast<std::uint64_t>(file_->size().area());
  // Bytes and numbers of some rows, and what they are shrunk from.
  return shown * 15 + (file_->by_tiles() ? shown * 12 : 3 * whole);
}

void GivenStage::read(const std::function<void(std::int64_t y, const Picture& rows)>& take) const {
  const ScaledPicture shown(*file_, shrink_);
  for (std::int64_t y = 0; y < size_.height; y += kRowsAtOnce)
    take(y, shown.region({0, y, size_.width, std::min(size_.height, y + kRowsAtOnce)}));
  file_->release();
}

std::string GivenStage::sha256() const {
  Sha256 sum;
  read([&](std::int64_t, const Picture& rows) {
    sum.add(rows.samples.data(), rows.samples.size());
  });
  return sum.hex();
}

void GivenStage::store(LatentArray& out) const {
  read([&](std::int64_t y, const Picture& rows) { store_picture_rows(out, rows, y); });
  out.commit();
}

}  // namespace histoloom
