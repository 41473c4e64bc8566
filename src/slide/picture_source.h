// One picture or slide, opened for a single pass from the top down. No libvips or OpenSlide type in
// sight, and no text of theirs on stderr.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "histoloom/core/geometry.h"
#include "histoloom/pyramid/options.h"

namespace histoloom {

// What a picture brings along besides its pixels.
struct PictureFacts {
  PixelSize size;
  int channels = 0;  // 1 or 3, 8 bits each; an alpha channel is laid on white
  std::optional<double> mpp;
  std::optional<double> magnification;
  std::vector<std::uint8_t> icc_profile;
  std::string digital_source_type;  // from XMP ("trainedAlgorithmicMedia"); empty: says nothing
  std::vector<pyramid::AssociatedImage> associated;
  std::vector<std::string> warnings;  // what was found and can't be kept
};

class PictureSource {
 public:
  using Take =
      std::function<void(const std::uint8_t* rows, std::int64_t count, std::ptrdiff_t stride)>;

  // \error UserError for what is missing, no picture, truncated (of TIFF, PNG and JPEG), or not
  // 8-bit grey or RGB.
  explicit PictureSource(const std::filesystem::path& path);
  ~PictureSource();
  PictureSource(const PictureSource&) = delete;
  PictureSource& operator=(const PictureSource&) = delete;

  const PictureFacts& facts() const;

  // Hands out all rows, decoding in parallel; `take` is called by one thread at a time, not
  // necessarily the caller's, and what it throws comes out here. Once. `threads` 0: all cores.
  // \error UserError where the file turns out to be damaged.
  void read(int threads, const Take& take);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace histoloom
