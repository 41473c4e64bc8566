// What patches cost: a Gaussian field of known covariance, whose best denoiser is known in closed
// form for a patch of any size, painted by the random-patch machinery. A patch as large as the
// canvas shows the solver's own error; the rest of the gap is the patches'.
//
// The field is stationary with covariance rho^(|dx| + |dy|), rho = exp(-1 / length).
// Usage: correlation_bench [PATCH [CANVAS [FIELDS]]]
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <iostream>
#include <map>
#include <mutex>

#include "diffusion/test_paint.h"
#include "histoloom/core/error.h"
#include "histoloom/networks/noise_schedule.h"

namespace histoloom {

namespace {

// E[x0 | x_t] of a patch: with the covariance of one axis K = Q diag(l) Q', a patch X turns into
// Q (g * (Q' X Q)) Q', g_ij = alpha l_i l_j / (alpha^2 l_i l_j + sigma^2).
class PatchPosterior {
 public:
  PatchPosterior(int side, double rho) : side_(side), schedule_(NoiseSchedule::cosine(1000)) {
    const at::Tensor i = at::arange(side, at::kDouble);
    const at::Tensor distance = (i.unsqueeze(0) - i.unsqueeze(1)).abs();
    auto [values, vectors] = at::linalg_eigh(at::pow(rho, distance));
    both_ = values.unsqueeze(0) * values.unsqueeze(1);
    vectors_ = vectors;
  }

  void operator()(const FakeDenoiser::Patch& patch, float* out) {
    const double a = schedule_.alpha(patch.time), s = schedule_.sigma(patch.time);
    const at::Tensor x = at::from_blob(const_cast<float*>(patch.x), {side_, side_}).to(at::kDouble);
    const at::Tensor gain = a * both_ / (a * a * both_ + s * s);
    const at::Tensor y =
        vectors_.mm(gain * vectors_.t().mm(x).mm(vectors_)).mm(vectors_.t()).to(at::kFloat);
    std::copy_n(y.contiguous().data_ptr<float>(), side_ * side_, out);
  }

 private:
  std::int64_t side_;
  NoiseSchedule schedule_;
  at::Tensor both_, vectors_;
};

// Sums of products of cells so far apart along an axis, pooled over axes and fields.
class Covariances {
 public:
  void add(const at::Tensor& field) {
    for (const at::Tensor& f : {field, field.t()}) {
      for (const int lag : kLags) {
        const std::int64_t n = f.size(1) - lag;
        sums_[lag] += (f.narrow(1, 0, n) * f.narrow(1, lag, n)).mean().item<double>();
      }
    }
    ++fields_;
  }
  double at(int lag) const { return sums_.at(lag) / (2 * fields_); }

  static constexpr int kLags[] = {0, 1, 4, 8, 16};

 private:
  std::map<int, double> sums_;
  int fields_ = 0;
};

struct Way {
  std::string name;
  int patch;
  PaintOptions options;
};

Covariances paint(const Way& way, LatentSize canvas, double rho, int fields) {
  PatchPosterior posterior(way.patch, rho);
  FakeDenoiser denoiser(1, [&](const FakeDenoiser::Patch& p, float* out) { posterior(p, out); });
  const CanvasLabelGrid labels = filled(canvas, 1);
  Covariances out;
  for (int field = 0; field < fields; ++field) {
    PaintJob job(paint_model(1, way.patch, 4), labels);
    PaintOptions options = way.options;
    options.seed = static_cast<std::uint64_t>(field);
    const std::vector<float> values = job.paint(denoiser, options);
    out.add(at::tensor(values).view({canvas.height, canvas.width}).to(at::kDouble));
  }
  return out;
}

struct Sampler {
  const char* name;
  SolverKind solver;
  int steps;
  double eta;
  Spacing spacing;
};

constexpr Sampler kSamplers[] = {
    {"DDIM 30", SolverKind::ddim, 30, 0, Spacing::time},
    {"DDIM 30, eta 1", SolverKind::ddim, 30, 1, Spacing::time},
    {"DPM++ 10", SolverKind::dpmpp, 10, 0, Spacing::time},
    {"DPM++ 10, log-SNR", SolverKind::dpmpp, 10, 0, Spacing::log_snr},
};

std::vector<Way> ways(int patch, int canvas, const Sampler& sampler) {
  PaintOptions o;
  o.solver = sampler.solver;
  o.steps = sampler.steps;
  o.eta = sampler.eta;
  o.spacing = sampler.spacing;
  o.guidance = 0;
  o.threads = 2;
  o.commit_seconds = 1e9;
  std::vector<Way> out{{"one patch", canvas, o}, {"shifted", patch, o}};
  o.tapered_steps = 0;
  out.push_back({"shifted, no taper", patch, o});
  o.plan = PlanKind::random;
  out.push_back({"random, no taper", patch, o});
  return out;
}

void run(int patch, int side, int fields) {
  const LatentSize canvas{side, side};
  fmt::print("{:>7}  {:<18} {:<20}", "length", "sampler", "way");
  for (const int lag : Covariances::kLags) fmt::print(" {:>8}", fmt::format("lag {}", lag));
  fmt::print("\n");
  for (const int length : {2, 4, 8, 16}) {
    const double rho = std::exp(-1.0 / length);
    fmt::print("{:>7}  {:<18} {:<20}", length, "", "truth");
    for (const int lag : Covariances::kLags) fmt::print(" {:>8.3f}", std::pow(rho, lag));
    fmt::print("\n");
    for (const Sampler& sampler : kSamplers) {
      for (const Way& way : ways(patch, side, sampler)) {
        const Covariances got = paint(way, canvas, rho, fields);
        fmt::print("{:>7}  {:<18} {:<20}", length, sampler.name, way.name);
        for (const int lag : Covariances::kLags) fmt::print(" {:>8.3f}", got.at(lag));
        fmt::print("\n");
        std::fflush(stdout);
      }
    }
  }
}

}  // namespace

}  // namespace histoloom

int main(int argc, char** argv) {
  const auto number = [&](int i, int standard) { return argc > i ? std::atoi(argv[i]) : standard; };
  try {
    histoloom::run(number(1, 16), number(2, 96), number(3, 20));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "correlation_bench: " << error.what() << '\n';
    return 1;
  }
}
