// What a slide is to be: the options of `histoloom generate` and `histoloom mask`, with their
// documented defaults.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "histoloom/core/geometry.h"

namespace histoloom {

// What decides the labels of a slide, and the files that they are written to.
struct SceneOptions {
  PixelSize size{4096, 4096};
  std::filesystem::path model;
  std::uint64_t seed = 0;
  std::filesystem::path mask;             // empty: a layout is made
  std::filesystem::path mask_colors;      // which colour of the mask is which label
  std::string layout = "tissue";          // tissue, biopsy, tma, full; else a file
  std::optional<double> tissue_fraction;  // 0.40
  std::optional<int> pieces;              // as seed and size have it
  std::string prompt;                     // of painted labels; empty: the bundle's first
  bool keep_unknown = false;

  std::filesystem::path mask_out, annotations, report;
  std::optional<double> simplify;  // pixels; half a cell
  int tile = 256;
  int threads = 0;  // 0: all cores
  bool force = false;
  std::string date;   // empty: a constant
  std::string dtype;  // empty: the fastest that the machine does natively
};

struct GenerateOptions : SceneOptions {
  std::filesystem::path out;

  // Instead of a new slide, a copy of `inpaint` with the region painted anew.
  std::filesystem::path inpaint;
  std::string region;                 // "X,Y,W,H"
  std::filesystem::path region_file;  // or polygons, .geojson
  std::string class_name;             // of the region's cells; empty: by `mask`, else unknown

  // The bundle's where missing.
  std::optional<int> steps;
  std::optional<std::string> sampler, spacing, plan;
  std::optional<double> eta, guidance;
  std::optional<std::string> guidance_interval;  // "LO,HI"

  std::filesystem::path work;  // empty: OUT.work, removed after success
  bool resume = false;
  bool any_scale = false;  // inpaint whatever the microns a pixel of the slide
  std::string memory;      // empty: 1 GiB, or more where a slide takes more
  std::string device = "cpu";

  std::string profile;  // empty: by the name of OUT
  std::string compression = "jpeg";
  int quality = 80;
  std::filesystem::path thumbnail;
  bool dry_run = false;
};

// The least and the largest side of a slide in pixels.
inline constexpr std::int64_t kMinSide = 64;
inline constexpr std::int64_t kMaxSide = 1'000'000;

// "4096x2048". UserError that names the text and the limits.
PixelSize parse_size(std::string_view text);

// "LO,HI": shares of the schedule in which guidance runs, 0 clean, 1 noise. UserError names both.
std::array<double, 2> parse_guidance_interval(std::string_view text);

// Checks everything that needs neither model nor disk; UserError names option, value and cure.
void validate(const SceneOptions& options);
void validate(const GenerateOptions& options);

// A date as the file stores it: the one that is given, else a constant. UserError names --date.
std::string job_date(const std::string& date);
// The date that SOURCE_DATE_EPOCH, seconds since 1970, stands for. UserError quotes the text.
std::string date_of_epoch(std::string_view epoch);

// Where the unfinished work lies: --work, else OUT.work.
std::filesystem::path work_directory(const GenerateOptions& options);

}  // namespace histoloom
