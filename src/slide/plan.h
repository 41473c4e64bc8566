// What a job has decided before it starts: options with the bundle's defaults filled in, and what
// they will cost.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "histoloom/diffusion/random_patch.h"
#include "histoloom/model/bundle.h"
#include "histoloom/pyramid/options.h"
#include "histoloom/slide/options.h"
#include "memory.h"

namespace histoloom {

struct JobPlan {
  LatentSize slide_cells;  // that cover the slide
  LatentSize canvas;       // at least a patch a side
  LatentPoint origin;      // the canvas's cell at the slide's upper left corner
  DiffusionOptions diffusion;
  DType dtype = DType::float32;
  std::string date;
  int threads = 1;
  StoreType store_type = StoreType::float16;
  MemoryPlan memory;               // divided once it is known what is painted and decoded
  std::uint64_t disk_latents = 0;  // both generations, and a commit's copy of one
  // The slide's checkpoint and the one that replaces it.
  std::uint64_t disk_checkpoint = 0;
  std::uint64_t disk_slide = 0;  // a generous estimate of OUT, all of it tissue
};

// Sampling as a bundle has it by default, for its image or for its masks.
DiffusionOptions diffusion_options(const SamplingDefaults& defaults);

// UserError for a step count that the schedule lacks and a guidance interval that is none.
JobPlan make_plan_of_job(const GenerateOptions& options, const ModelBundle& bundle);

// The options of OUT's writer.
pyramid::WriterOptions slide_writer_options(const GenerateOptions& options, const JobPlan& plan,
                                            const ModelBundle& bundle);
// What decides the pixels: the same JSON, the same slide. `prompt`: of painted labels, else empty;
// the hash is then of their outline.
nlohmann::ordered_json job_json(const GenerateOptions& options, const JobPlan& plan,
                                const ModelBundle& bundle, const std::string& model_sha256,
                                const std::string& labels_sha256, const std::string& prompt);
// As it stands in a file.
std::string text_of(const nlohmann::ordered_json& json);

}  // namespace histoloom
