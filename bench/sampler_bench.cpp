// Our sampler beside the published one: evaluations, time and likeness, the same weights, labels
// and machine. Usage: sampler_bench MODEL TRAINING_IMAGES [SIDE [SLIDES]]
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <numeric>
#include <thread>

#include "histoloom/bundle/registry.h"
#include "histoloom/core/error.h"
#include "histoloom/decode/glass.h"
#include "histoloom/decode/streaming_decoder.h"
#include "histoloom/diffusion/patch_plan.h"
#include "histoloom/evaluate/patch_sampling.h"
#include "histoloom/evaluate/sliced_wasserstein.h"
#include "histoloom/labels/layout.h"
#include "histoloom/networks/autoencoder.h"
#include "owner_seams.h"
#include "published_sampler.h"
#include "support/scratch.h"

namespace histoloom {

namespace {

using evaluate::Picture;

constexpr std::int64_t kPatchSide = 256;  // px, of the patches that are compared

struct Painted {
  at::Tensor latents, owners;
  std::int64_t evaluations = 0;
  double seconds = 0;
};

// One way of painting, and what it cost and gave over all slides.
struct Sampler {
  std::string name;
  std::function<Painted(const CanvasLabelGrid&, std::uint64_t seed)> paint;
  std::int64_t evaluations = 0;
  double seconds = 0;
  std::vector<Picture> patches{};
  OwnerSeams seams{};
};

class Bench {
 public:
  Bench(const std::filesystem::path& model, std::filesystem::path images, std::int64_t side,
        int slides);
  void run();

 private:
  Sampling options(int steps, std::uint64_t seed) const;
  Painted ours(const CanvasLabelGrid& labels, std::uint64_t seed, SolverKind solver, int steps,
               Denoiser& network) const;
  Painted published(const CanvasLabelGrid& labels, std::uint64_t seed, int steps,
                    Denoiser& network) const;
  CanvasLabelGrid labels_of(std::uint64_t seed) const;
  at::Tensor start_of(LatentSize size, std::uint64_t seed) const;
  Picture decode(const at::Tensor& latents) const;
  void check_published() const;
  double plain_seconds_an_evaluation() const;
  void add_slide(Sampler& sampler, std::uint64_t seed) const;
  struct Reference {
    std::vector<Picture> patches;
    double floor;  // the distance of training patches from others
  };
  Reference reference() const;
  void print_row(const Sampler& sampler, const Reference& real) const;
  void print_plain_row(const Sampler& sampler, double seconds_an_evaluation,
                       double seconds_of_ours) const;

  ModelBundle bundle_;
  std::filesystem::path images_;
  PixelSize size_;
  int slides_;
  int threads_ = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  std::unique_ptr<Denoiser> denoiser_, fastest_;  // float32, and as the program runs it
  std::unique_ptr<Autoencoder> autoencoder_;
  double seconds_of_ours_ = 0;  // of the first sampler
};

Bench::Bench(const std::filesystem::path& model, std::filesystem::path images, std::int64_t side,
             int slides)
    : bundle_(ModelBundle::read(model)),
      images_(std::move(images)),
      size_{side, side},
      slides_(slides),
      denoiser_(load_denoiser(bundle_, DType::float32)),
      fastest_(load_denoiser(bundle_, fastest_dtype())),
      autoencoder_(load_autoencoder(bundle_, DType::float32)) {}

CanvasLabelGrid Bench::labels_of(std::uint64_t seed) const {
  LayoutOptions layout;
  layout.kind = LayoutKind::full;
  layout.microns_per_cell = bundle_.mpp * bundle_.latent.downsampling;
  layout.seed = seed;
  const CellSize cells = latent_size_for(size_, bundle_.latent.downsampling);
  const auto field = make_layout(cells, bundle_.labels, layout);
  CanvasLabelGrid grid({cells.width, cells.height}, bundle_.labels.unknown());
  for (std::int64_t y = 0; y < cells.height; ++y)
    field->read({0, y, cells.width, y + 1}, &grid.at({0, y}));
  return grid;
}

Sampling Bench::options(int steps, std::uint64_t seed) const {
  Sampling o;
  o.steps = steps;
  o.eta = bundle_.defaults.eta;
  o.spacing = bundle_.defaults.spacing;
  o.guidance = bundle_.defaults.guidance;
  o.interval = bundle_.defaults.interval;
  o.seed = seed;
  return o;
}

at::Tensor Bench::start_of(LatentSize size, std::uint64_t seed) const {
  at::manual_seed(seed + 1000);
  return at::randn({bundle_.latent.channels, size.height, size.width});
}

// The crops of the last step before those that overlap.
at::Tensor owners_of(const Sampling& options, LatentSize canvas, int patch) {
  at::Tensor owners = at::zeros({canvas.height, canvas.width}, at::kLong);
  const auto plan = make_plan(options.plan, canvas, patch, options.seed,
                              std::max(0, options.steps - options.tapered_steps - 1));
  Crop crop;
  for (std::int64_t k = 0; plan->next(crop); ++k)
    for (std::int64_t i = 0; i < std::int64_t{patch} * patch; ++i)
      if (crop.owned[static_cast<std::size_t>(i)])
        owners[crop.corner.y + i / patch][crop.corner.x + i % patch] = k;
  return owners;
}

Painted Bench::ours(const CanvasLabelGrid& labels, std::uint64_t seed, SolverKind solver, int steps,
                    Denoiser& network) const {
  const ScratchDirectory scratch;
  ChunkCache cache(256u << 20);
  const LatentSize canvas = labels.size();
  const auto array = [&](const char* name) {
    return LatentArray::create(scratch / name, bundle_.latent.channels, canvas, StoreType::float16,
                               cache);
  };
  std::vector<LatentArray> arrays;
  for (const char* name : {"0", "1", "x0-0", "x0-1"}) arrays.push_back(array(name));
  Sampling o = options(steps, seed);
  o.solver = solver;
  SilentProgress silent;
  const RunControl control{.threads = threads_, .done = {}};
  const auto begin = std::chrono::steady_clock::now();
  const Scene scene{labels, bundle_.labels.unknown(), std::nullopt, {}};
  const PaintResult result =
      paint_latents(bundle_.image(), network, scene, o, control,
                    {.y = {&arrays[0], &arrays[1]}, .x0 = {&arrays[2], &arrays[3]}}, silent);
  Painted out;
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  out.evaluations = result.report.evaluations;
  out.latents = at::empty({bundle_.latent.channels, canvas.height, canvas.width});
  result.latents->read(LatentRect::of(canvas), out.latents.data_ptr<float>());
  out.owners = owners_of(o, canvas, bundle_.patch);
  return out;
}

Painted Bench::published(const CanvasLabelGrid& labels, std::uint64_t seed, int steps,
                         Denoiser& network) const {
  // As the published code: one call after the other, each on all cores.
  at::set_num_threads(threads_);
  Sampling o = options(steps, seed);
  o.interval = {0, 1};
  PublishedRun run =
      run_published_sampler(bundle_, network, labels, o, start_of(labels.size(), seed));
  return {run.latents, run.owners, run.evaluations, run.seconds};
}

// On a canvas of one patch, without noise in the steps, both samplers do the same sums.
void Bench::check_published() const {
  const LatentSize one{bundle_.patch, bundle_.patch};
  const CanvasLabelGrid labels(one, 1);
  const at::Tensor start = start_of(one, 7);
  Sampling o = options(4, 7);
  o.eta = 0;
  o.tapered_steps = 0;
  const at::Tensor theirs = run_published_sampler(bundle_, *denoiser_, labels, o, start).latents;

  const ScratchDirectory scratch;
  ChunkCache cache(1 << 24);
  const auto array = [&](const char* name) {
    return LatentArray::create(scratch / name, bundle_.latent.channels, one, StoreType::float32,
                               cache);
  };
  LatentArray a = array("0"), b = array("1"), from = array("start");
  from.write(LatentRect::of(one), start.contiguous().data_ptr<float>());
  o.start = &from;
  SilentProgress silent;
  const Scene scene{labels, bundle_.labels.unknown(), std::nullopt, {}};
  const PaintResult result =
      paint_latents(bundle_.image(), *denoiser_, scene, o, {.threads = threads_, .done = {}},
                    {.y = {&a, &b}}, silent);
  at::Tensor got = at::empty_like(start);
  result.latents->read(LatentRect::of(one), got.data_ptr<float>());
  const double off = ((got - theirs).abs().max() / theirs.abs().max()).item<double>();
  if (!(off < 1e-3))
    throw InternalError(fmt::format("the two samplers differ by {} on one patch", off));
}

Picture Bench::decode(const at::Tensor& latents) const {
  const ScratchDirectory scratch;
  ChunkCache cache(64u << 20);
  const LatentSize canvas{latents.size(2), latents.size(1)};
  LatentArray array = LatentArray::create(scratch / "0", bundle_.latent.channels, canvas,
                                          StoreType::float32, cache);
  array.write(LatentRect::of(canvas), latents.contiguous().data_ptr<float>());
  DecodeOptions o;
  o.window = bundle_.decode_window;
  o.overlap = bundle_.decode_overlap;
  o.threads = threads_;
  Picture picture{size_, {}};
  SilentProgress silent;
  DecodeReport report;
  const NoGlass no_glass;
  const GlassTexture texture(256);
  decode_slide(
      bundle_.latent, *autoencoder_, array, {no_glass, texture, {}}, size_, o,
      [&](const PictureView& rows) {
        picture.samples.insert(picture.samples.end(), rows.data, rows.row(rows.size.height));
      },
      silent, report);
  return picture;
}

void Bench::add_slide(Sampler& sampler, std::uint64_t seed) const {
  const Painted painted = sampler.paint(labels_of(seed), seed);
  sampler.evaluations += painted.evaluations;
  sampler.seconds += painted.seconds;
  const Picture picture = decode(painted.latents);
  sampler.seams.add(picture, painted.owners, bundle_.latent.downsampling);
  for (std::int64_t y = 0; y + kPatchSide <= size_.height; y += kPatchSide) {
    for (std::int64_t x = 0; x + kPatchSide <= size_.width; x += kPatchSide) {
      Picture patch{{kPatchSide, kPatchSide}, {}};
      for (std::int64_t v = 0; v < kPatchSide; ++v)
        patch.samples.insert(patch.samples.end(), picture.at(x, y + v),
                             picture.at(x, y + v) + 3 * kPatchSide);
      sampler.patches.push_back(std::move(patch));
    }
  }
}

// The network before its weights are laid out and its layers fused, one patch a call, all cores.
double Bench::plain_seconds_an_evaluation() const {
  at::NoGradGuard no_grad;
  at::set_num_threads(threads_);
  const auto plain =
      make_denoiser(bundle_.denoiser.architecture, bundle_.denoiser.config_json, "model.json");
  plain->load(bundle_.denoiser.weights);
  const std::int64_t p = bundle_.patch;
  const at::Tensor x = at::randn({1, bundle_.latent.channels, p, p});
  const at::Tensor labels = at::ones({1, p, p}, at::kLong), time = at::full({1}, 500.0f);
  constexpr int kCalls = 20;
  for (int i = 0; i < 3; ++i) plain->predict(x, time, labels);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kCalls; ++i) plain->predict(x, time, labels);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / kCalls;
}

double mean_distance(const std::vector<Picture>& a, const std::vector<Picture>& b) {
  evaluate::SlicedWassersteinOptions options;
  options.bootstrap.replicates = 20;
  const auto levels = evaluate::sliced_wasserstein(a, b, options);
  double sum = 0;
  for (const auto& level : levels) sum += level.distance.value;
  return sum / static_cast<double>(levels.size());
}

// Training patches, in two parts of `count` that share no image if there are so many.
Bench::Reference Bench::reference() const {
  evaluate::SamplingOptions sampling;
  sampling.side = kPatchSide;
  const std::int64_t across = size_.width / kPatchSide;
  sampling.count = slides_ * across * across;
  auto [first, second] =
      evaluate::sample_apart(evaluate::open_patch_sources({images_}), sampling, sampling.count);
  const std::size_t equal = std::min(first.patches.size(), second.patches.size());
  truncate(first, equal);
  truncate(second, equal);
  const double floor = mean_distance(first.patches, second.patches);
  return {std::move(first.patches), floor};
}

void Bench::print_row(const Sampler& s, const Reference& real) const {
  const double megapixels = slides_ * static_cast<double>(size_.area()) / 1e6;
  const std::size_t equal = std::min(s.patches.size(), real.patches.size());
  const std::vector<Picture> ours(s.patches.begin(), s.patches.begin() + static_cast<long>(equal)),
      theirs(real.patches.begin(), real.patches.begin() + static_cast<long>(equal));
  fmt::print("{:<42} {:>10.0f} {:>9.2f} {:>7.1f} {:>10.2f} {:>7.3f}\n", s.name,
             static_cast<double>(s.evaluations) / megapixels, s.seconds / megapixels,
             s.seconds / seconds_of_ours_, mean_distance(ours, theirs) / real.floor,
             s.seams.gradient_ratio());
  std::fflush(stdout);
}

// What the run would take on the network as published, over what the program takes.
void Bench::print_plain_row(const Sampler& s, double seconds_an_evaluation,
                            double seconds_of_ours) const {
  const double megapixels = slides_ * static_cast<double>(size_.area()) / 1e6;
  const double seconds = seconds_an_evaluation * static_cast<double>(s.evaluations);
  fmt::print("{:<42} {:>10.0f} {:>9.2f} {:>7.1f}   (time of 20 evaluations times their number)\n",
             s.name + ", plain network", static_cast<double>(s.evaluations) / megapixels,
             seconds / megapixels, seconds / seconds_of_ours);
}

void Bench::run() {
  check_published();
  const int steps = bundle_.defaults.steps;
  const auto solver = bundle_.defaults.solver;
  std::vector<Sampler> samplers;
  const auto add_ours = [&](SolverKind kind, int n, Denoiser& network, const char* dtype) {
    samplers.push_back({fmt::format("ours, {} {} steps{}", name_of(kind), n, dtype),
                        [=, this, &network](const CanvasLabelGrid& labels, std::uint64_t seed) {
                          return ours(labels, seed, kind, n, network);
                        }});
  };
  const auto add_published = [&](int n) {
    samplers.push_back({fmt::format("published, DDIM {} steps", n),
                        [=, this](const CanvasLabelGrid& labels, std::uint64_t seed) {
                          return published(labels, seed, n, *denoiser_);
                        }});
  };
  add_ours(solver, steps, *denoiser_, "");
  add_ours(solver, steps, *fastest_, ", the program's type");
  for (const int n : {10, 20, 30})
    if (solver != SolverKind::dpmpp || n != steps) add_ours(SolverKind::dpmpp, n, *denoiser_, "");
  add_published(50);
  add_published(250);
  const Reference real = reference();
  const double plain = plain_seconds_an_evaluation();
  fmt::print("{:<42} {:>10} {:>9} {:>7} {:>10} {:>7}\n", "sampler", "evals/MP", "s/MP", "times",
             "SWD/floor", "seams");
  for (Sampler& sampler : samplers) {
    for (int slide = 0; slide < slides_; ++slide)
      add_slide(sampler, static_cast<std::uint64_t>(slide));
    if (seconds_of_ours_ == 0) seconds_of_ours_ = sampler.seconds;
    print_row(sampler, real);
    if (sampler.name.starts_with("published")) print_plain_row(sampler, plain, samplers[1].seconds);
  }
}

}  // namespace

}  // namespace histoloom

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: sampler_bench MODEL TRAINING_IMAGES [SIDE [SLIDES]]\n";
    return 2;
  }
  try {
    const std::int64_t side = argc > 3 ? std::atoi(argv[3]) : 1024;
    const int slides = argc > 4 ? std::atoi(argv[4]) : 1;
    histoloom::Bench(argv[1], argv[2], side, slides).run();
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "sampler_bench: " << error.what() << '\n';
    return 1;
  }
}
