// How near the networks come to what the machine can do, and how far from the straightforward form.
//
//   denoiser_bench [ROUNDS]            models/default and what is published (3 rounds)
//   denoiser_bench ROUNDS BUNDLE       the networks of a bundle alone
//
// As many calls run side by side as there are cores, one thread each, as the engine runs them; the
// best throughput of a convolution is measured in the same way, in the same run: libtorch's, all of
// them direct, and ours. Times are of a core, so that other programs don't count. DiffInfinite's
// full image U-Net and AutoencoderKL's decoder have random weights; their fast form is checked
// against the straightforward one before it is timed (exit status 1 where it is off). Needs 8 GB of
// memory.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cstdlib>
#include <map>
#include <thread>

#include "histoloom/bundle/bundle.h"
#include "histoloom/bundle/registry.h"
#include "histoloom/core/error.h"
#include "histoloom/networks/autoencoder.h"
#include "packed_convolution.h"
#include "side_by_side.h"
#include "straightforward_unet.h"

namespace {

using namespace histoloom;

const int kThreads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
constexpr int kBatch = 4;
constexpr int kSide = 64;

struct Patches {
  at::Tensor x, time, labels;
};

Patches random_patches(int batch, int channels, int side, int labels) {
  at::manual_seed(7);
  Patches p{at::randn({batch, channels, side, side}), at::rand({batch}) * 999,
            at::zeros({batch, side, side}, at::kLong)};
  // One class under an irregular mask, as DiffInfinite is asked.
  p.labels.masked_fill_(at::rand({batch, side, side}) < 0.3, labels - 1);
  return p;
}

at::Tensor predict(Denoiser& network, const Patches& p) {
  return network.predict(p.x, p.time, p.labels);
}

const char* name_of(DType dtype) { return dtype == DType::float32 ? "float32" : "bfloat16"; }

// ---- What the machine can do

struct ConvShape {
  int in, out, side, kernel;
  double gflop() const { return 2e-9 * kBatch * in * out * kernel * kernel * side * side; }
};

// Of the U-Net, and larger.
constexpr ConvShape kShapes[] = {{256, 256, 64, 3},  {512, 256, 64, 3},   {768, 512, 32, 3},
                                 {512, 512, 16, 3},  {1024, 1024, 16, 3}, {512, 512, 64, 3},
                                 {256, 256, 128, 3}, {512, 256, 64, 1},   {1024, 1024, 32, 1}};

struct Throughput {
  double direct = 0, packed = 0;  // GFLOP/s of one core, the direct form's arithmetic counted
};

// The best over all shapes of libtorch's direct convolutions, and of ours.
Throughput best_convolution(DType dtype, int rounds) {
  Throughput best;
  const auto type = dtype == DType::float32 ? at::kFloat : at::kBFloat16;
  for (const ConvShape& s : kShapes) {
    const auto last = at::MemoryFormat::ChannelsLast;
    const at::Tensor x = at::randn({kBatch, s.in, s.side, s.side}).to(type).contiguous(last);
    const at::Tensor w = at::randn({s.out, s.in, s.kernel, s.kernel}).to(type).contiguous(last);
    const at::Tensor bias = at::zeros({s.out}, type);
    PackedConvolution ours(w, bias, 1, s.kernel / 2);
    const CallTime direct =
        side_by_side(kThreads, rounds, [&](int) { at::conv2d(x, w, bias, 1, s.kernel / 2); });
    const CallTime packed = side_by_side(kThreads, rounds, [&](int) { ours(x); });
    best.direct = std::max(best.direct, s.gflop() / direct.cpu);
    best.packed = std::max(best.packed, s.gflop() / packed.cpu);
  }
  return best;
}

// ---- DiffInfinite's U-Net

// The largest difference over the largest expected value.
double relative_error(const at::Tensor& got, const at::Tensor& expected) {
  return ((got - expected).abs().max() / expected.abs().max()).item<double>();
}

// Throws where a result is further than `limit` from the straightforward form's.
void check(const at::Tensor& got, const at::Tensor& expected, double limit) {
  const double error = relative_error(got, expected);
  fmt::print("  largest difference from the straightforward form {:.2g} (at most {:g})\n", error,
             limit);
  if (!(error <= limit)) throw UserError("the fast form differs from the straightforward one");
}

// One dtype's figures beside those of the straightforward form and of the best convolution.
void report(DType dtype, double gflop, double seconds, const CallTime& t, const Throughput& peak,
            double slow) {
  fmt::print("  {}: {:.3f} s of a core ({:.2f} s wall a round), {:.0f} GFLOP/s a core\n",
             name_of(dtype), seconds, t.wall, gflop / seconds);
  fmt::print(
      "    best convolution {:.0f} GFLOP/s a core direct, {:.0f} packed: {:.2f} and {:.2f} "
      "times the arithmetic's time; {:.1f} times the straightforward form's speed\n",
      peak.direct, peak.packed, seconds * peak.direct / gflop, seconds * peak.packed / gflop,
      slow / seconds);
  std::fflush(stdout);
}

void bench_diffinfinite(const std::map<DType, Throughput>& peaks, int rounds) {
  const auto make = [] {
    at::manual_seed(3);
    return make_denoiser("diffinfinite_unet", "{}", "denoiser_bench");
  };
  const Patches p = random_patches(kBatch, 4, kSide, 5);
  auto network = make();
  const double gflop = network->gflop_per_evaluation(kSide);
  fmt::print("DiffInfinite's U-Net, {}x{} latents, batch {}, {:.1f} GFLOP an evaluation\n", kSide,
             kSide, kBatch, gflop);

  at::Tensor expected;
  const StraightforwardUNet reference(network->parameters(), 3, 2);
  const CallTime slow = side_by_side(kThreads, 1, [&](int thread) {
    const at::Tensor y = reference.predict(p.x, p.time, p.labels);
    if (thread == 0) expected = y;
  });
  fmt::print("  straightforward, float32: {:.3f} s of a core ({:.2f} s wall a round)\n",
             slow.cpu / kBatch, slow.wall);
  for (const auto& [dtype, limit] : {std::pair{DType::float32, 1e-4}, {DType::bfloat16, 0.1}}) {
    network = make();
    network->prepare_inference(dtype);
    {
      const InferenceThread inference;
      check(predict(*network, p), expected, limit);
    }
    const CallTime t = side_by_side(kThreads, rounds, [&](int) { predict(*network, p); });
    report(dtype, gflop, t.cpu / kBatch, t, peaks.at(dtype), slow.cpu / kBatch);
  }
}

// ---- AutoencoderKL's decoder, as Stable Diffusion configures it

constexpr const char* kAutoencoder = R"({
  "in_channels": 3, "out_channels": 3, "latent_channels": 4,
  "block_out_channels": [128, 256, 512, 512], "layers_per_block": 2, "norm_num_groups": 32,
  "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D",
                       "DownEncoderBlock2D"],
  "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D",
                     "UpDecoderBlock2D"],
  "act_fn": "silu"})";

void bench_decoder(const std::map<DType, Throughput>& peaks, int rounds) {
  at::manual_seed(4);
  const auto network = make_autoencoder("autoencoder_kl", kAutoencoder, "denoiser_bench");
  const double gflop = network->gflop_per_decoded_cell() * kSide * kSide;
  const at::Tensor latents = at::randn({1, 4, kSide, kSide});
  fmt::print("AutoencoderKL's decoder, {0}x{0} px, batch 1, {1:.0f} GFLOP\n", 8 * kSide, gflop);

  // Before it is prepared, a network runs libtorch's convolutions.
  at::Tensor expected;
  const CallTime slow = side_by_side(kThreads, 1, [&](int thread) {
    const at::Tensor y = network->decode(latents);
    if (thread == 0) expected = y;
  });
  fmt::print("  libtorch's convolutions, float32: {:.3f} s of a core ({:.2f} s wall a round)\n",
             slow.cpu, slow.wall);
  for (const auto& [dtype, limit] : {std::pair{DType::float32, 1e-4}, {DType::bfloat16, 0.1}}) {
    network->prepare_inference(dtype);
    {
      const InferenceThread inference;
      check(network->decode(latents), expected, limit);
    }
    const CallTime t = side_by_side(kThreads, rounds, [&](int) { network->decode(latents); });
    report(dtype, gflop, t.cpu, t, peaks.at(dtype), slow.cpu);
  }
}

// ---- A bundle's denoiser

void bench_bundle(const char* directory, int rounds) {
  const ModelBundle bundle = ModelBundle::read(directory);
  constexpr int kCalls = 10;  // a round, since one call may be short
  for (const DType dtype : {DType::float32, DType::bfloat16}) {
    const auto network = load_denoiser(bundle, dtype);
    const Patches p =
        random_patches(bundle.batch, network->channels(), bundle.patch, network->labels());
    const CallTime t = side_by_side(kThreads, rounds, [&](int) {
      for (int i = 0; i < kCalls; ++i) predict(*network, p);
    });
    const double evaluations = kCalls * bundle.batch;
    fmt::print(
        "{}, {}, {}x{} latents, batch {}: {:.1f} evaluations a second of a core, {:.1f} of "
        "all (wall), {:.0f} GFLOP/s a core\n",
        directory, name_of(dtype), bundle.patch, bundle.patch, bundle.batch, evaluations / t.cpu,
        kThreads * evaluations / t.wall,
        network->gflop_per_evaluation(bundle.patch) * evaluations / t.cpu);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 3;
    fmt::print("{} calls side by side on one thread each\n", kThreads);
    bench_bundle(argc > 2 ? argv[2] : "models/default", rounds);
    if (argc > 2) return 0;
    std::map<DType, Throughput> peaks;
    for (const DType dtype : {DType::float32, DType::bfloat16})
      peaks[dtype] = best_convolution(dtype, rounds);
    bench_diffinfinite(peaks, rounds);
    bench_decoder(peaks, rounds);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "denoiser_bench: {}\n", error.what());
    return 1;
  }
}
