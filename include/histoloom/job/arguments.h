// What a user asks of `histoloom generate` and `histoloom mask`, as text, with the documented
// defaults. job/spec.h turns it into what a job works by.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace histoloom {

// What decides the labels of a slide, and the files that they are written to.
struct LabelArguments {
  std::string size = "4096x4096";  // WIDTHxHEIGHT in pixels at full resolution
  std::filesystem::path model;
  std::uint64_t seed = 0;
  std::filesystem::path mask;             // empty: a layout is made
  std::filesystem::path mask_colors;      // which colour of the mask is which label
  std::string layout = "tissue";          // tissue, biopsy, tma, full; else a file
  std::optional<double> tissue_fraction;  // share of a layout's area; 0.40
  std::optional<int> pieces;              // islands or cores; by seed and size
  std::string prompt;                     // kind of tissue that is painted; the bundle's first
  bool keep_unknown = false;

  std::filesystem::path mask_out, annotations, report;
  std::optional<double> simplify;  // pixels; half a cell
  int tile = 256;
  int threads = 0;  // 0: all cores
  bool force = false;
  std::string date;   // empty: a constant
  std::string dtype;  // empty: the fastest that the machine does natively
};

struct GenerateArguments : LabelArguments {
  std::filesystem::path out;

  // Instead of a new slide, a copy of `inpaint` with the region painted anew.
  std::filesystem::path inpaint;
  std::string region;                 // "X,Y,W,H"
  std::filesystem::path region_file;  // or polygons, .geojson
  std::string class_name;             // label of the region's cells; by `mask`, else unknown

  // The bundle's where missing.
  std::optional<int> steps;
  std::optional<std::string> sampler, spacing, plan;
  std::optional<double> eta, guidance;
  std::optional<std::string> guidance_interval;  // "LO,HI"

  std::filesystem::path work;  // empty: OUT.work, removed after success
  bool resume = false;
  std::string only_crop;   // "STEP,X,Y": look at one crop of an unfinished job and do nothing else
  bool any_scale = false;  // inpaint whatever the microns a pixel of the slide
  std::string memory;      // empty: 1 GiB, or more where a slide takes more
  std::string device = "cpu";

  std::string profile;  // empty: by the name of OUT
  std::string compression = "jpeg";
  int quality = 80;
  std::filesystem::path thumbnail;
};

}  // namespace histoloom
