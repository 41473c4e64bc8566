// What a dtype costs in precision: the error of networks against float32, and the difference that
// it makes in the finished slide.
//
//   precision_bench BUNDLE FOLDER [PATCHES] [bundle|kit|published]        (8 bundle)
//
// FOLDER holds real images, NAME.png with NAME_mask.png beside some. The middle patch of PATCHES of
// them is encoded in float32, normalised, noised at five times of the schedule, and given to the
// denoiser under the patch's own labels. An error is the norm of the difference over the norm of
// float32's result, mean and largest over the patches. Before a network's errors are reported, its
// float32 is computed twice and must be equal to the bit (exit status 1 where it is not).
//
// `kit` and `published` measure the published architectures instead of the bundle's networks, at
// the parity kit's sizes and at their own; BUNDLE then only says what the masks' ids are. Their
// weights are random here, so that such an error tells about arithmetic, not about pictures.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "crops.h"
#include "histoloom/core/error.h"
#include "histoloom/job/generate_spec.h"
#include "histoloom/networks/inference_thread.h"
#include "histoloom/networks/noise_schedule.h"
#include "histoloom/vocabulary/label_set.h"
#include "precision_slides.h"
#include "precision_subjects.h"

namespace {

using namespace histoloom;

// Shares of the schedule, from nearly clean to nearly noise.
constexpr double kShares[] = {0.02, 0.25, 0.5, 0.75, 0.98};

struct Patches {
  at::Tensor images;  // float32 [B, 3, H, W] in [0, 1]
  at::Tensor labels;  // int64 [B, h, w]
};

// ---- Input

// The middle patches of `count` images, evenly drawn from the folder's.
Patches middle_patches(const std::vector<TrainingImage>& all, int count, int side, int factor) {
  std::vector<at::Tensor> images, labels;
  const auto n = std::min(all.size(), static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < n; ++i) {
    const TrainingImage& image = all[i * all.size() / n];
    const at::Tensor cells = label_tensor(image, factor);
    const std::int64_t y = (cells.size(0) - side) / 2, x = (cells.size(1) - side) / 2;
    if (y < 0 || x < 0)
      throw UserError(fmt::format("{}: must be at least {} px wide and high, got {} x {}",
                                  image.name, side * factor, image.size.width, image.size.height));
    labels.push_back(cells.narrow(0, y, side).narrow(1, x, side));
    images.push_back(unit_range(image_tensor(image, factor))
                         .narrow(1, y * factor, side * factor)
                         .narrow(2, x * factor, side * factor));
  }
  return {at::stack(images), at::stack(labels)};
}

// The label maps as the denoiser is asked: one that knows one label at a time gets the commonest of
// each patch, and 0 elsewhere.
at::Tensor condition(const at::Tensor& labels, const Denoiser& denoiser) {
  if (!denoiser.one_evaluation_per_label()) return labels;
  at::Tensor out = at::zeros_like(labels);
  for (std::int64_t i = 0; i < labels.size(0); ++i) {
    const at::Tensor known =
        labels[i].masked_select((labels[i] > 0) & (labels[i] < denoiser.labels()));
    if (known.numel() == 0) continue;
    const auto label = known.bincount().argmax().item<std::int64_t>();
    out[i].masked_fill_(labels[i] == label, label);
  }
  return out;
}

at::Tensor per_channel(const std::vector<float>& values) {
  return at::tensor(values).view({1, -1, 1, 1});
}

// Latents as the denoiser sees them.
at::Tensor normalised(const at::Tensor& latents, const PrecisionSubject& subject) {
  if (subject.latent_mean.empty())
    return (latents - latents.mean({0, 2, 3}, true)) / latents.std({0, 2, 3}, true, true);
  return (latents - per_channel(subject.latent_mean)) / per_channel(subject.latent_deviation);
}

// ---- Errors

struct Error {
  double mean = 0, worst = 0;
};

Error error_of(const at::Tensor& got, const at::Tensor& expected) {
  const at::Tensor each = (got - expected).flatten(1).norm(2, 1) / expected.flatten(1).norm(2, 1);
  return {each.mean().item<double>(), each.max().item<double>()};
}

void print_error(const std::string& what, const Error& error) {
  fmt::print("    {:<18} mean {:.2e}, worst patch {:.2e}\n", what, error.mean, error.worst);
  std::fflush(stdout);
}

void require_equal(const at::Tensor& once, const at::Tensor& again, const std::string& what) {
  if (!at::equal(once, again))
    throw UserError(what + ": float32 gave two different results; report this");
}

// ---- Autoencoders

struct Coded {
  at::Tensor latents, images;
};

// Encodes the images and decodes `latents`, or what was encoded where they are undefined.
Coded code(Autoencoder& network, const at::Tensor& images, const at::Tensor& latents = {}) {
  const at::Tensor encoded = network.encode(images);
  return {encoded, network.decode(latents.defined() ? latents : encoded)};
}

// Prints the errors; returns float32's latents.
at::Tensor report_autoencoder(const MeasuredAutoencoder& subject, const at::Tensor& images,
                              DType dtype) {
  auto network = subject.load(DType::float32);
  const Coded expected = code(*network, images), again = code(*network, images);
  require_equal(expected.latents, again.latents, subject.name);
  require_equal(expected.images, again.images, subject.name);
  network = subject.load(dtype);
  const Coded got = code(*network, images, expected.latents);
  fmt::print("  {}\n", subject.name);
  print_error("encoded latents", error_of(got.latents, expected.latents));
  print_error("decoded image", error_of(got.images, expected.images));
  return expected.latents;
}

// ---- Denoisers

struct Noisy {
  at::Tensor clean, noise;  // normalised latents, float32 [B, C, h, w]
  at::Tensor labels;        // int64 [B, h, w]
  NoiseSchedule schedule;

  double time(double share) const { return std::round(share * (schedule.steps() - 1)); }
};

// The prediction at every time.
std::vector<at::Tensor> predict(Denoiser& network, const Noisy& noisy) {
  std::vector<at::Tensor> out;
  const at::Tensor labels = condition(noisy.labels, network);
  for (const double share : kShares) {
    const double t = noisy.time(share);
    const at::Tensor x =
        noisy.clean * noisy.schedule.alpha(t) + noisy.noise * noisy.schedule.sigma(t);
    out.push_back(network.predict(x, at::full({x.size(0)}, t, at::kFloat), labels));
  }
  return out;
}

void report_denoiser(const MeasuredDenoiser& subject, const at::Tensor& clean,
                     const at::Tensor& labels, DType dtype) {
  at::manual_seed(5);
  const Noisy noisy{clean, at::randn_like(clean), labels, NoiseSchedule::of(subject.schedule)};
  auto network = subject.load(DType::float32);
  const std::vector<at::Tensor> expected = predict(*network, noisy),
                                again = predict(*network, noisy);
  for (std::size_t i = 0; i < expected.size(); ++i)
    require_equal(expected[i], again[i], subject.name);
  network.reset();  // two of the largest need not lie in memory together
  network = subject.load(dtype);
  const std::vector<at::Tensor> got = predict(*network, noisy);
  fmt::print("  {}, {} schedule\n", subject.name, subject.schedule.type);
  for (std::size_t i = 0; i < got.size(); ++i)
    print_error(fmt::format("time {:.0f}", noisy.time(kShares[i])), error_of(got[i], expected[i]));
}

void report_subject(const PrecisionSubject& subject, const std::vector<TrainingImage>& images,
                    int count, int factor) {
  const InferenceThread inference;
  const Patches patches = middle_patches(images, count, subject.patch, factor);
  fmt::print("bfloat16 against float32 (twice equal to the bit), weights {}, {} patches of {} px\n",
             subject.weights, patches.images.size(0), subject.patch * factor);
  const at::Tensor latents =
      report_autoencoder(subject.autoencoder, patches.images, DType::bfloat16);
  const at::Tensor clean = normalised(latents, subject);
  for (const MeasuredDenoiser& denoiser : subject.denoisers)
    report_denoiser(denoiser, clean, patches.labels, DType::bfloat16);
}

// ---- The program

// Says why float16 isn't measured.
void report_float16() {
  GenerateArguments options;
  options.out = "slide.tif";
  options.dtype = "float16";
  try {
    static_cast<void>(parse(options));
  } catch (const UserError& error) {
    fmt::print("float16 is not measured: generate says '{}'\n", error.what());
    return;
  }
  throw InternalError("generate takes float16, which this program doesn't measure yet");
}

std::vector<PrecisionSubject> subjects_of(const ModelBundle& bundle, std::string_view which) {
  if (which == "bundle") return {subject_of(bundle)};
  if (which == "kit") return kit_subjects();
  if (which == "published") return full_size_subjects();
  throw UserError(fmt::format("the networks must be bundle, kit or published, got '{}'", which));
}

void report(const std::filesystem::path& directory, const std::filesystem::path& folder, int count,
            std::string_view which) {
  const ModelBundle bundle = ModelBundle::read(directory);
  const std::vector<PrecisionSubject> subjects = subjects_of(bundle, which);
  ImageSetOptions set;
  set.images = folder;
  set.factor = which == "bundle" ? bundle.latent.downsampling : kPublishedDownsampling;
  const auto images = read_image_set(set, bundle.labels);
  report_float16();
  for (const PrecisionSubject& subject : subjects)
    report_subject(subject, images, count, set.factor);
  if (which == "bundle") report_slides(directory, "bfloat16");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 5) {
    fmt::print(stderr, "usage: precision_bench BUNDLE FOLDER [PATCHES] [bundle|kit|published]\n");
    return 2;
  }
  try {
    const int patches = argc > 3 ? std::max(1, std::atoi(argv[3])) : 8;
    report(argv[1], argv[2], patches, argc > 4 ? argv[4] : "bundle");
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "precision_bench: {}\n", error.what());
    return 1;
  }
}
