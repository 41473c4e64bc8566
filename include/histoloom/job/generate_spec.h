// What `histoloom generate` works by, with no text left to parse.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>

#include "histoloom/core/geometry.h"
#include "histoloom/job/arguments.h"
#include "histoloom/job/label_spec.h"
#include "histoloom/job/machine_spec.h"
#include "histoloom/pyramid/options.h"
#include "histoloom/vocabulary/sampler.h"

namespace histoloom {

// What a user wants of the sampler; the bundle says what is missing.
struct SamplingSpec {
  std::optional<int> steps;
  std::optional<SolverKind> solver;
  std::optional<Spacing> spacing;
  std::optional<PlanKind> plan;
  std::optional<double> eta, guidance, context_guidance, consistency;
  std::optional<std::array<double, 2>> interval;
};

struct WorkSpec {
  std::filesystem::path directory;
  bool named = false;      // whether the user named it: it stays after success
  bool resume = false;     // whether --resume was given
  bool other_cpu = false;  // whether kernels of another kind may go on
};

// A crop to look at: the one that paints a cell of the canvas in a step, which counts from 1.
struct CropChoice {
  int step = 1;
  LatentPoint cell;
};

// A picture from outside in place of what a coarser stage would paint.
struct GivenPicture {
  std::filesystem::path file;
  double mpp = 0;  // microns a pixel
};

struct NewSlide {
  LabelSpec labels;
  LabelFiles files;
  pyramid::WriterOptions writer;  // options of OUT, without what a bundle says of it
  std::filesystem::path thumbnail;
  std::filesystem::path preview;        // PNG of the coarsest stage; empty: none
  std::string stage;                    // stage of the model to end with; empty: the finest
  std::optional<CropChoice> only_crop;  // nothing else is done
  std::optional<GivenPicture> picture;  // picture to refine; missing: coarser stages are painted
};

struct Inpainting {
  std::filesystem::path slide;
  std::variant<PixelRect, std::filesystem::path> region;  // a box, or a file of polygons
  std::string class_name;  // class to paint; empty: by `mask`, else unknown
  std::optional<MaskSource> mask;
  bool any_scale = false;
};

struct GenerateSpec {
  std::filesystem::path out, model, report;
  std::uint64_t seed = 0;
  int tile = 256;  // also the period of the glass that tissue borders on
  std::string date;
  SamplingSpec sampling;
  WorkSpec work;
  MachineSpec machine;
  bool force = false;
  bool json_forecast = false;  // whether describe() gives a JSON object in place of words
  std::variant<NewSlide, Inpainting> what;
};

// Checks everything that needs neither model nor disk. \error UserError names option, value and
// cure.
GenerateSpec parse(const GenerateArguments& arguments);

}  // namespace histoloom
