// What a user asks of `histoloom generate` and `histoloom mask`, as text, with the documented
// defaults. parse() of generate_spec.h and
// mask_spec.h turns these arguments into what a job works by.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace histoloom {

// What decides the labels of a slide, and the files that they are written to.
struct LabelArguments {
  std::string size;  // WIDTHxHEIGHT in pixels at full resolution; empty: the mask's, else 4096x4096
  std::filesystem::path model;
  std::uint64_t seed = 0;
  std::filesystem::path mask;             // file of labels; empty: a layout is made
  std::filesystem::path mask_colors;      // file of the mask's colours and their labels
  std::string layout = "tissue";          // tissue, biopsy, tma, full; else a file
  std::optional<double> tissue_fraction;  // share of a layout's area; missing: 0.40
  std::optional<int> pieces;              // islands or cores; missing: by seed and size
  std::optional<double> tumour_share;     // share of tissue in masses; missing: the bundle's
  std::optional<int> masses;              // masses of tumour; missing: by share and size
  std::string prompt;                     // kind of tissue; empty: the bundle's first
  bool keep_unknown = false;
  std::string background;  // label of the mask's unlabelled pixels; empty: they are tissue

  std::filesystem::path mask_out, annotations, report;
  std::optional<int> mask_levels;  // levels of mask_out; missing: down to one tile
  std::optional<double> simplify;  // tolerance in pixels; missing: half a cell
  int tile = 256;
  int threads = 0;  // number of threads; 0: all cores
  bool force = false;
  std::string date;      // date in the files; empty: a constant
  std::string dtype;     // networks' number type; empty: the machine's fastest native one
  std::string cpu_kind;  // kind of kernels to be held to; empty: the best of the CPU
};

struct GenerateArguments : LabelArguments {
  std::filesystem::path out;

  // Slide to copy with the region painted anew; empty: a new slide is made.
  std::filesystem::path inpaint;
  std::string region;                 // rectangle "X,Y,W,H" in pixels of level 0
  std::filesystem::path region_file;  // polygons in place of `region`, .geojson
  std::string class_name;             // label of the region's cells; empty: by `mask`, else unknown

  std::filesystem::path picture;      // picture to refine; empty: coarser stages are painted
  std::optional<double> picture_mpp;  // microns a pixel of it; missing: those that it states

  // Choices of the sampler; missing: the bundle's.
  std::optional<int> steps;
  std::optional<std::string> sampler, spacing, plan;
  std::optional<double> eta, guidance, context_guidance, consistency;
  std::optional<std::string> guidance_interval;  // range "LO,HI"
  std::string stage;  // stage of a cascade to end with; empty: the finest

  std::filesystem::path work;  // work directory; empty: OUT.work, removed after success
  bool resume = false;
  bool allow_other_cpu = false;  // go on with kernels of another kind than the job was begun with
  std::string only_crop;   // crop "STEP,X,Y" of an unfinished job to look at; nothing else is done
  bool any_scale = false;  // inpaint whatever the microns a pixel of the slide
  std::string memory;      // budget such as "2GiB"; empty: 1 GiB, or more if a slide takes more
  std::string device = "cpu";

  std::string profile;  // generic, svs or ome; empty: by the name of OUT
  std::string compression = "jpeg";
  std::string associated;  // none or some of label,macro,thumbnail; empty: all
  int quality = 80;
  std::filesystem::path thumbnail;
  std::filesystem::path preview;  // picture of a cascade's coarsest stage, .png
};

}  // namespace histoloom
