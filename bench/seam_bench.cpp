// Whether the grids along which a slide was put together can be found in it: decoder windows,
// chunks of the store, crops of the last three steps; a real picture cut along the same lines is
// the floor, patches laid edge to edge the ceiling. Without JPEG, which prints a grid of its own.
// Usage: seam_bench MODEL REAL_SLIDE [SIDE [SEEDS]]
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "canvas.h"
#include "histoloom/core/error.h"
#include "histoloom/diffusion/patch_plan.h"
#include "histoloom/evaluate/patch_source.h"
#include "histoloom/evaluate/seams.h"
#include "histoloom/job/slide_job.h"
#include "sampling_choice.h"
#include "support/scratch.h"

namespace histoloom {

namespace {

using evaluate::CutPicture;
using evaluate::Picture;
using evaluate::SeamGrid;

// Pixels of the slide where a kind of boundary lies.
struct Grid {
  std::string name;
  SeamGrid lines;
};

struct Painted {
  Picture picture;
  std::vector<Grid> grids;
};

// Finds the grids of one job.
class Grids {
 public:
  Grids(const GenerateSpec& spec, const ModelBundle& bundle, std::int64_t chunk)
      : size_(std::get<NewSlide>(spec.what).labels.size),
        bundle_(bundle),
        cells_(latent_size_for(size_, bundle.latent.downsampling)),
        canvas_(canvas_around(cells_, bundle.patch)),
        sampling_(sampling_of_job(spec, bundle)),
        chunk_(chunk) {}

  std::vector<Grid> all() const {
    std::vector<Grid> out{{"decoder windows", windows()}, {"chunks of the store", chunks()}};
    const int steps = sampling_.steps;
    for (int step = std::max(0, steps - 3); step < steps; ++step)
      out.push_back({fmt::format("crops, step {} of {}", step + 1, steps),
                     step < steps - sampling_.tapered_steps ? crops(step) : tapered()});
    return out;
  }

 private:
  // Lines inside the slide at these cells of the canvas.
  std::vector<std::int64_t> pixels(const std::set<std::int64_t>& cells, std::int64_t origin,
                                   std::int64_t length) const {
    std::vector<std::int64_t> out;
    for (const std::int64_t cell : cells) {
      const std::int64_t x = (cell - origin) * bundle_.latent.downsampling;
      if (x > 0 && x < length) out.push_back(x);
    }
    return out;
  }
  SeamGrid grid(const std::set<std::int64_t>& xs, const std::set<std::int64_t>& ys) const {
    return evaluate::grid_of_lines(pixels(xs, canvas_.origin.x, size_.width),
                                   pixels(ys, canvas_.origin.y, size_.height));
  }
  // First and last cells of windows.
  SeamGrid windows() const {
    const auto axis = [&](std::int64_t cells, std::int64_t origin) {
      std::set<std::int64_t> out;
      const std::int64_t stride = bundle_.decode_window - bundle_.decode_overlap;
      for (std::int64_t x = -bundle_.decode_overlap; x < cells; x += stride) {
        out.insert(origin + x);
        out.insert(origin + x + bundle_.decode_window);
      }
      return out;
    };
    return grid(axis(cells_.width, canvas_.origin.x), axis(cells_.height, canvas_.origin.y));
  }
  SeamGrid chunks() const {
    const auto axis = [&](std::int64_t cells) {
      std::set<std::int64_t> out;
      for (std::int64_t x = chunk_; x < cells; x += chunk_) out.insert(x);
      return out;
    };
    return grid(axis(canvas_.size.width), axis(canvas_.size.height));
  }
  SeamGrid crops(int step) const {
    std::set<std::int64_t> xs, ys;
    const auto plan = make_plan(sampling_.plan, canvas_.size, bundle_.patch, sampling_.seed, step);
    Crop crop;
    while (plan->next(crop)) {
      const auto first = std::find(crop.owned.begin(), crop.owned.end(), 1) - crop.owned.begin();
      xs.insert(crop.corner.x + first % bundle_.patch);
      ys.insert(crop.corner.y + first / bundle_.patch);
    }
    return grid(xs, ys);
  }
  SeamGrid tapered() const {
    const auto axis = [&](std::int64_t cells) {
      std::set<std::int64_t> out;
      for (const std::int64_t x :
           make_tapered_axis(cells, bundle_.patch, tapered_overlap(bundle_.patch)).starts) {
        out.insert(x);
        out.insert(x + bundle_.patch);
      }
      return out;
    };
    return grid(axis(canvas_.size.width), axis(canvas_.size.height));
  }

  PixelSize size_;
  const ModelBundle& bundle_;
  CellSize cells_;
  Canvas canvas_;
  Sampling sampling_;
  std::int64_t chunk_;
};

std::int64_t chunk_side(const std::filesystem::path& work) {
  std::ifstream in(work / "latents" / "0" / ".zarray");
  return nlohmann::json::parse(in).at("chunks").at(1).get<std::int64_t>();
}

Painted paint(const ModelBundle& bundle, std::int64_t side, std::uint64_t seed) {
  const ScratchDirectory scratch;
  GenerateArguments options;
  options.model = bundle.directory;
  options.out = scratch / "slide.tif";
  options.work = scratch / "work";
  options.size = fmt::format("{}x{}", side, side);
  options.layout = "full";
  options.compression = "deflate";
  options.seed = seed;
  SilentProgress silent;
  const GenerateSpec spec = parse(options);
  SlideJob(spec).run(silent);
  const auto source = evaluate::open_patch_source(options.out);
  return {source->region(PixelRect::of(source->size())),
          Grids(spec, bundle, chunk_side(options.work)).all()};
}

Picture real_picture(const std::filesystem::path& path) {
  const auto source = evaluate::open_patch_source(path);
  return source->region(PixelRect::of(source->size()));
}

void print(const std::string& name, const std::vector<CutPicture>& pictures, int factor) {
  evaluate::SeamOptions options;
  options.latent_factor = factor;
  const auto seam = evaluate::measure_seams(pictures, options);
  fmt::print("{:<28} {:>10} {:>8.4f} {:>8} {:>9.3f}\n", name, seam.boundaries, seam.gradient_ratio,
             seam.z ? fmt::format("{:.2f}", *seam.z) : "-",
             seam.density_step / seam.density_step_beside);
}

void run(const std::filesystem::path& model, const std::filesystem::path& slide, std::int64_t side,
         int seeds) {
  const ModelBundle bundle = ModelBundle::read(model);
  std::vector<Painted> painted;
  for (int seed = 0; seed < seeds; ++seed) {
    painted.push_back(paint(bundle, side, static_cast<std::uint64_t>(seed)));
    std::cerr << "slide " << seed + 1 << " of " << seeds << " painted\n";
  }
  fmt::print("{:<28} {:>10} {:>8} {:>8} {:>9}\n", "grid", "boundaries", "gradient", "z", "density");
  const Picture real = real_picture(slide);
  for (std::size_t i = 0; i < painted[0].grids.size(); ++i) {
    std::vector<CutPicture> cut;
    for (const Painted& p : painted) cut.push_back({&p.picture, p.grids[i].lines});
    print(painted[0].grids[i].name, cut, bundle.latent.downsampling);
    print("  real, cut alike", {{&real, painted[0].grids[i].lines}}, bundle.latent.downsampling);
  }
  // Tiles of one picture, shuffled: seams that nothing hides.
  const std::int64_t tile = std::int64_t{bundle.patch} * bundle.latent.downsampling;
  std::vector<Picture> tiles;
  const Picture& from = painted[0].picture;
  for (std::int64_t k = 0; k + tile <= std::min(from.size.width, from.size.height); k += tile) {
    Picture part{{tile, tile}, {}};
    for (std::int64_t y = 0; y < tile; ++y)
      part.samples.insert(part.samples.end(), from.at(k, k + y), from.at(k, k + y) + 3 * tile);
    tiles.push_back(std::move(part));
  }
  const Picture tiled = evaluate::hard_tiling(tiles, tile, side / tile);
  print("patches laid edge to edge", {{&tiled, evaluate::uniform_grid(tiled.size, tile)}},
        bundle.latent.downsampling);
}

}  // namespace

}  // namespace histoloom

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: seam_bench MODEL REAL_SLIDE [SIDE [SEEDS]]\n";
    return 2;
  }
  try {
    histoloom::run(argv[1], argv[2], argc > 3 ? std::atoi(argv[3]) : 4096,
                   argc > 4 ? std::atoi(argv[4]) : 3);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "seam_bench: " << error.what() << '\n';
    return 1;
  }
}
