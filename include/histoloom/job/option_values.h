// Values that options give as text.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "histoloom/core/geometry.h"
#include "histoloom/job/generate_spec.h"
#include "histoloom/job/machine_spec.h"

namespace histoloom {

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

// What networks compute in and with: the type that --dtype names, or this CPU's fastest, and the kind
// of the kernels. \error UserError, naming --dtype or --cpu-kind, if this CPU's kernels don't compute
// in the type or are of another kind.
void choose_kernels(const LabelArguments& arguments, MachineSpec& machine);

// A date as the file stores it: the one that is given, else a constant. \error UserError names
// --date.
std::string job_date(const std::string& date);
// The date that SOURCE_DATE_EPOCH, seconds since 1970, stands for. \error UserError.
std::string date_of_epoch(std::string_view epoch);

}  // namespace histoloom
