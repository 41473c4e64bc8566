// The stage that writes rows of pixels into the slide.
#pragma once

#include <functional>
#include <memory>

#include "histoloom/bundle/bundle.h"
#include "histoloom/job/generate_spec.h"
#include "histoloom/pyramid/writer.h"

namespace histoloom {

// Opens the writer of a slide; tests hand in one that writes elsewhere, or fails.
using OpenWriter = std::function<std::unique_ptr<pyramid::PyramidWriter>(
    const std::filesystem::path&, const pyramid::WriterOptions&,
    const pyramid::CheckpointOptions&)>;
std::unique_ptr<pyramid::PyramidWriter> open_slide_writer(const std::filesystem::path& path,
                                                          const pyramid::WriterOptions& options,
                                                          const pyramid::CheckpointOptions& kept);

class WriteStage {
 public:
  // `size`: of the slide that is written. \error UserError, naming model.json, for what a bundle says
  // that no slide can hold.
  WriteStage(const GenerateSpec& spec, const NewSlide& slide, const ModelBundle& bundle,
             PixelSize size);

  const pyramid::WriterOptions& options() const { return options_; }
  // Bytes of memory beside the caller's rows.
  std::uint64_t memory() const { return pyramid::memory_bound(options_); }
  // Bytes on the disk of OUT: a generous estimate of the slide, all of it tissue.
  std::uint64_t disk() const;
  // Bytes on the disk of the work directory: the checkpoint, and the one that replaces it.
  std::uint64_t checkpoint_disk() const;
  // The levels and tiles of the slide.
  std::size_t levels() const { return pyramid::level_sizes(options_).size(); }
  std::uint64_t tiles() const { return pyramid::tile_count(options_); }

 private:
  pyramid::WriterOptions options_;
};

}  // namespace histoloom
