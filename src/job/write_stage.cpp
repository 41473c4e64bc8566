#include "write_stage.h"

#include <fmt/format.h>

#include "histoloom/core/error.h"
#include "histoloom/core/version.h"
#include "histoloom/pyramid/checkpoint.h"

namespace histoloom {

std::unique_ptr<pyramid::PyramidWriter> open_slide_writer(const std::filesystem::path& path,
                                                          const pyramid::WriterOptions& options,
                                                          const pyramid::CheckpointOptions& kept) {
  return std::make_unique<pyramid::PyramidWriter>(path, options, &kept);
}

WriteStage::WriteStage(const GenerateSpec& spec, const NewSlide& slide, const ModelBundle& bundle,
                       PixelSize size)
    : options_(slide.writer) {
  options_.size = size;
  options_.threads = spec.machine.threads;
  options_.mpp = bundle.mpp;
  // No objective has less than 1; an overview of a cascade may.
  if (bundle.magnification >= 1) options_.objective_power = static_cast<int>(bundle.magnification);
  options_.software = fmt::format("Histoloom {}", kVersion);
  options_.title = fmt::format("{} seed {}", bundle.name, spec.seed);
  options_.description =
      fmt::format("Synthetic slide, model {} {}, seed {}", bundle.name, bundle.version, spec.seed);
  options_.date = spec.date;
  options_.label_lines = {bundle.name, fmt::format("seed {}", spec.seed), spec.date.substr(0, 10)};
  with_context((spec.model / "model.json").string(), [&] { pyramid::validate(options_); });
}

std::uint64_t WriteStage::disk() const {
  // JPEG of tissue takes about 0.4 bytes a pixel at quality 80; the pyramid a third more.
  const double bytes_a_pixel = options_.compression == pyramid::Compression::jpeg ? 1.0 : 3.1;
  return static_cast<std::uint64_t>(static_cast<double>(options_.size.area()) * bytes_a_pixel *
                                    1.34);
}

std::uint64_t WriteStage::checkpoint_disk() const {
  return 2 * pyramid::checkpoint_bound(options_);
}

}  // namespace histoloom
