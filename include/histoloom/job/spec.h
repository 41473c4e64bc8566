// What a job works by: the arguments of a user, read once and checked, with no text left to parse.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "histoloom/core/geometry.h"
#include "histoloom/job/arguments.h"
#include "histoloom/labels/layout.h"
#include "histoloom/networks/dtype.h"
#include "histoloom/pyramid/options.h"
#include "histoloom/vocabulary/sampler.h"

namespace histoloom {

// Labels that a file gives.
struct MaskSource {
  std::filesystem::path file, colours;  // `colours` may be empty
  bool keep_unknown = false;            // unlabelled tissue stays so
};

// Labels of a layout: where tissue lies, and which tissue by a mask denoiser or by noise.
struct LayoutSource {
  std::string name = "tissue";     // as the user gave it: a kind, or a picture's file
  std::optional<LayoutKind> kind;  // missing: `name` is a picture
  std::optional<double> tissue_fraction;
  std::optional<int> pieces;
  std::string prompt;  // empty: the bundle's first
};

// The labels of a slide.
struct LabelSpec {
  PixelSize size;
  std::uint64_t seed = 0;
  std::variant<LayoutSource, MaskSource> source;
};

// The files that labels are written to; empty: none.
struct LabelFiles {
  std::filesystem::path mask_out, annotations;
  std::optional<double> simplify;  // pixels; half a cell
  pyramid::WriterOptions writer;   // of mask_out, without what a bundle says of it
};

// --memory as it was given.
struct MemoryBudget {
  std::string text;
  std::uint64_t bytes = 0;
};

// What a job may use; it changes no byte but by the type that networks compute in.
struct MachineSpec {
  int threads = 1;
  DType dtype = DType::float32;
  std::optional<MemoryBudget> memory;
};

// `histoloom mask`.
struct MaskJobSpec {
  std::filesystem::path model, report;
  LabelSpec labels;
  LabelFiles files;
  MachineSpec machine;
  bool force = false;
};

// What a user wants of the sampler; the bundle's where missing.
struct SamplingSpec {
  std::optional<int> steps;
  std::optional<SolverKind> solver;
  std::optional<Spacing> spacing;
  std::optional<PlanKind> plan;
  std::optional<double> eta, guidance;
  std::optional<std::array<double, 2>> interval;
};

struct WorkSpec {
  std::filesystem::path directory;
  bool named = false;   // by the user: it stays after success
  bool resume = false;  // asked for
};

// A crop to look at: the one that paints a cell of the canvas in a step, which counts from 1.
struct CropChoice {
  int step = 1;
  LatentPoint cell;
};

struct NewSlide {
  LabelSpec labels;
  LabelFiles files;
  pyramid::WriterOptions writer;  // of OUT, without what a bundle says of it
  std::filesystem::path thumbnail;
  std::optional<CropChoice> only_crop;  // nothing else is done
};

struct Inpainting {
  std::filesystem::path slide;
  std::variant<PixelRect, std::filesystem::path> region;  // or a file of polygons
  std::string class_name;                                 // empty: by `mask`, else unknown
  std::optional<MaskSource> mask;
  bool any_scale = false;
};

// `histoloom generate`.
struct GenerateSpec {
  std::filesystem::path out, model, report;
  std::uint64_t seed = 0;
  int tile = 256;  // also the period of the glass that tissue borders on
  std::string date;
  SamplingSpec sampling;
  WorkSpec work;
  MachineSpec machine;
  bool force = false;
  std::variant<NewSlide, Inpainting> what;
};

// Checks everything that needs neither model nor disk. \error UserError names option, value and
// cure.
GenerateSpec parse(const GenerateArguments& arguments);
MaskJobSpec parse(const LabelArguments& arguments);

// The least and the largest side of a slide in pixels.
inline constexpr std::int64_t kMinSide = 64;
inline constexpr std::int64_t kMaxSide = 1'000'000;

// "4096x2048". \error UserError names the text and the limits.
PixelSize parse_size(std::string_view text);
// "LO,HI": shares of the schedule in which guidance runs, 0 clean, 1 noise. \error UserError.
std::array<double, 2> parse_guidance_interval(std::string_view text);
// "STEP,X,Y" as error messages name a cell. \error UserError.
CropChoice parse_crop_choice(std::string_view text);
// "X,Y,W,H" in pixels of level 0. \error UserError.
PixelRect parse_region(std::string_view text);

// A date as the file stores it: the one that is given, else a constant. \error UserError names
// --date.
std::string job_date(const std::string& date);
// The date that SOURCE_DATE_EPOCH, seconds since 1970, stands for. \error UserError.
std::string date_of_epoch(std::string_view epoch);

}  // namespace histoloom
