#include "vips_image.h"

#include <fmt/format.h>
#include <vips/vips.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "histoloom/core/error.h"

namespace histoloom {

namespace {

void discard_log(const gchar*, GLogLevelFlags, const gchar*, gpointer) {}

// Starts libvips once for the process and keeps its warnings off stderr: libraries never print.
void start_vips() {
  static const bool started = [] {
    const bool good = VIPS_INIT("histoloom") == 0;
    g_log_set_handler("VIPS", G_LOG_LEVEL_WARNING, discard_log, nullptr);
    return good;
  }();
  check_internal(started, "libvips can't be started");
}

// The first line of what libvips has to say, which it then forgets.
std::string vips_says() {
  std::string text = vips_error_buffer();
  vips_error_clear();
  text = text.substr(0, text.find('\n'));
  return text.empty() ? "no reason given" : text;
}

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};

void check_readable(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    throw UserError(fmt::format("{} is a directory; give an image", path.string()));
  }
  errno = 0;
  if (!std::ifstream(path, std::ios::binary)) {
    throw UserError(
        fmt::format("{} can't be opened: {}; check the path", path.string(), errno_text(errno)));
  }
}

[[noreturn]] void damaged(const std::string& path) {
  throw UserError(
      fmt::format("{} can't be read as an image, it may be damaged ({})", path, vips_says()));
}

}  // namespace

struct VipsReader::State {
  std::string path;
  std::string bytes;
  std::unique_ptr<VipsSource, Unref> source;
  std::unique_ptr<VipsImage, Unref> image;
  std::unique_ptr<VipsRegion, Unref> region;
};

VipsReader::VipsReader(const std::filesystem::path& path) : state_(std::make_unique<State>()) {
  start_vips();
  check_readable(path);
  state_->path = path.string();
  // Through a source, since libvips takes a '[' in a file's name for its own options.
  state_->source.reset(vips_source_new_from_file(path.c_str()));
  open_source();
}

VipsReader::VipsReader(const std::filesystem::path& path, std::string bytes)
    : state_(std::make_unique<State>()) {
  start_vips();
  state_->path = path.string();
  state_->bytes = std::move(bytes);
  state_->source.reset(vips_source_new_from_memory(state_->bytes.data(), state_->bytes.size()));
  open_source();
}

void VipsReader::open_source() {
  if (!state_->source) damaged(state_->path);
  state_->image.reset(vips_image_new_from_source(state_->source.get(), "", "access",
                                                 VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                                 VIPS_FAIL_ON_ERROR, nullptr));
  if (!state_->image) damaged(state_->path);
  state_->region.reset(vips_region_new(state_->image.get()));
  check_internal(state_->region != nullptr, "libvips can't make a region");
}

VipsReader::~VipsReader() = default;

PixelSize VipsReader::size() const {
  return {vips_image_get_width(state_->image.get()), vips_image_get_height(state_->image.get())};
}

int VipsReader::bands() const { return vips_image_get_bands(state_->image.get()); }

std::string VipsReader::format() const {
  return vips_enum_nick(VIPS_TYPE_BAND_FORMAT, vips_image_get_format(state_->image.get()));
}

void VipsReader::read_rows(std::int64_t y, std::int64_t count, std::uint8_t* out) {
  const PixelSize image = size();
  const VipsRect rows{0, static_cast<int>(y), static_cast<int>(image.width),
                      static_cast<int>(count)};
  if (vips_region_prepare(state_->region.get(), &rows) != 0) damaged(state_->path);
  const auto bytes = static_cast<std::size_t>(image.width * bands());
  for (std::int64_t row = 0; row < count; ++row) {
    const void* from = VIPS_REGION_ADDR(state_->region.get(), 0, static_cast<int>(y + row));
    std::memcpy(out + static_cast<std::size_t>(row) * bytes, from, bytes);
  }
}

}  // namespace histoloom
