// Any picture or slide into a pyramidal TIFF, streamed: `histoloom pyramid`.
//
// What OpenSlide knows as a scanner's slide is read through OpenSlide, everything else through
// libvips. Microns per pixel, magnification, colour profile, associated images and the mark of a
// synthetic picture are kept if the output's profile can hold them. What can't be kept is a
// warning. One channel or a palette of at most 32 values is stored without loss, as a mask of labels,
// unless a compression is given.
//
// Memory: the writer's (pyramid::memory_bound), two strips of libvips and the associated images;
// nothing else grows with the picture's height.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "histoloom/core/progress.h"
#include "histoloom/pyramid/writer.h"

namespace histoloom {

struct ConvertOptions {
  std::filesystem::path in;
  std::filesystem::path out;
  std::string profile;      // generic, svs or ome; empty: by the name of OUT
  std::string compression;  // jpeg, deflate, lzw or none; empty: deflate for labels, else jpeg
  int quality = 80;
  std::string chroma = "auto";  // auto, 420, 444
  int tile = 256;
  int shrink = 2;
  int levels = 0;                    // number of levels; 0: down to one tile
  std::string associated;            // none or some of label,macro,thumbnail; empty: all
  bool labels = false;               // mask of labels: reduce by mode
  std::optional<double> mpp;         // microns a pixel; empty: that of IN
  std::optional<int> magnification;  // objective power; empty: that of IN
  std::string date;                  // date in the file; empty: none
  int threads = 0;                   // number of threads; 0: all cores
  bool force = false;                // replace OUT
};

class Conversion {
 public:
  // Opens IN and checks everything that can be without decoding its pixels; writes nothing.
  // \error UserError that names option or path, value and cure.
  explicit Conversion(const ConvertOptions& options);
  ~Conversion();
  Conversion(Conversion&&) noexcept;

  // Writes OUT; once. \error UserError if IN is damaged or the disk full; Interrupted. After an
  // error OUT is what it was before.
  pyramid::WriteSummary run(Progress& progress);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace histoloom
