#include "histoloom/evaluate/classifier.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "histoloom/core/error.h"
#include "histoloom/evaluate/optical_density.h"
#include "matrix.h"
#include "moments.h"
#include "planes.h"

namespace histoloom::evaluate {

namespace {

constexpr double kPenalty = 1e-3;  // on squared weights, beside a mean loss
constexpr int kScales = 3;

Plane density_plane(const Picture& picture, std::size_t channel) {
  Plane plane = channel_plane(picture, channel);
  for (float& v : plane.values)
    v = static_cast<float>(optical_density(static_cast<std::uint8_t>(v)));
  return plane;
}

// Mean magnitudes of the first and of the second differences along both axes.
std::array<double, 2> roughness(const Plane& plane) {
  double gradient = 0, curvature = 0, count = 0;
  for (std::int64_t y = 1; y + 1 < plane.size.height; ++y) {
    for (std::int64_t x = 1; x + 1 < plane.size.width; ++x) {
      const float v = plane.at(x, y), right = plane.at(x + 1, y), below = plane.at(x, y + 1);
      gradient += static_cast<double>(std::abs(right - v) + std::abs(below - v));
      curvature += static_cast<double>(
          std::abs(right + plane.at(x - 1, y) + below + plane.at(x, y - 1) - 4 * v));
      count += 1;
    }
  }
  return {gradient / count, curvature / count};
}

using Vector = std::array<double, kTissueFeatures + 1>;

double product_of(const Vector& a, const Vector& b) {
  return product(a.data(), b.data(), a.size());
}

double logistic(double v) { return 1 / (1 + std::exp(-v)); }

struct Observation {
  Vector x{};         // standardised, with a 1 at the end
  double truth = 0;   // 1 for the second class
  double weight = 0;  // both classes' weights sum to 1/2
};

// One Newton step on the penalised loss; returns its length.
double newton_step(Vector& weights, const std::vector<Observation>& samples) {
  Matrix hessian(weights.size(), weights.size());
  std::vector<double> gradient(weights.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    gradient[i] = kPenalty * weights[i];
    hessian.at(i, i) = kPenalty;
  }
  for (const Observation& s : samples) {
    const double p = logistic(product_of(weights, s.x));
    for (std::size_t i = 0; i < weights.size(); ++i) {
      gradient[i] += s.weight * (p - s.truth) * s.x[i];
      for (std::size_t j = 0; j < weights.size(); ++j)
        hessian.at(i, j) += s.weight * p * (1 - p) * s.x[i] * s.x[j];
    }
  }
  const std::vector<double> step = solve(hessian, gradient);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] -= step[i];
  return std::sqrt(product(step.data(), step.data(), step.size()));
}

// Windows of one image that were recognised, and all, by class.
struct Score {
  std::array<double, 2> right{}, all{};
};

}  // namespace

TissueFeatures tissue_features(const Picture& window) {
  TissueFeatures out;
  std::size_t next = 0;
  Plane mean{window.size, std::vector<float>(window.samples.size() / kChannels)};
  for (std::size_t c = 0; c < kChannels; ++c) {
    const Plane density = density_plane(window, c);
    const Moments moments = moments_of(density.values);
    out[next++] = moments.mean;
    out[next++] = std::sqrt(moments.variance);
    for (std::size_t i = 0; i < mean.values.size(); ++i)
      mean.values[i] += density.values[i] / static_cast<float>(kChannels);
  }
  constexpr double kFloor = 1e-3;  // of a difference of densities, so that flat windows have one
  for (int scale = 0; scale < kScales; ++scale) {
    for (const double v : roughness(mean)) out[next++] = std::log(v + kFloor);
    mean = halved(mean);
  }
  return out;
}

LinearClassifier LinearClassifier::train(const std::vector<LabelledWindow>& windows) {
  std::array<double, 2> counts{};
  for (const LabelledWindow& w : windows) counts[w.second] += 1;
  check_internal(counts[0] > 0 && counts[1] > 0, "a classifier needs windows of both classes");
  LinearClassifier out;
  for (std::size_t f = 0; f < kTissueFeatures; ++f) {
    std::vector<float> values;
    for (const LabelledWindow& w : windows) values.push_back(static_cast<float>(w.features[f]));
    const Moments moments = moments_of(values);
    out.mean_[f] = moments.mean;
    out.scale_[f] = inverse_deviation(moments);
  }
  std::vector<Observation> samples;
  for (const LabelledWindow& w : windows) {
    Observation s{{}, w.second ? 1.0 : 0.0, 0.5 / counts[w.second]};
    for (std::size_t f = 0; f < kTissueFeatures; ++f)
      s.x[f] = (w.features[f] - out.mean_[f]) * out.scale_[f];
    s.x.back() = 1;
    samples.push_back(s);
  }
  constexpr int kMaxSteps = 50;
  constexpr double kConverged = 1e-9;
  for (int step = 0; step < kMaxSteps; ++step)
    if (newton_step(out.weights_, samples) < kConverged) break;
  return out;
}

double LinearClassifier::probability(const TissueFeatures& features) const {
  double sum = weights_.back();
  for (std::size_t f = 0; f < kTissueFeatures; ++f)
    sum += weights_[f] * (features[f] - mean_[f]) * scale_[f];
  return logistic(sum);
}

Estimate balanced_accuracy(const LinearClassifier& classifier,
                           const std::vector<LabelledWindow>& windows,
                           const BootstrapOptions& options) {
  std::map<PartId, Score> by_part;
  for (const LabelledWindow& w : windows) {
    Score& score = by_part[w.part];
    score.all[w.second] += 1;
    score.right[w.second] += (classifier.probability(w.features) > 0.5) == w.second;
  }
  std::vector<Score> scores;
  for (const auto& [part, score] : by_part) scores.push_back(score);
  const auto accuracy = [&](const Weights& weights) {
    Score sum;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      for (std::size_t k = 0; k < 2; ++k) {
        sum.right[k] += weights[i] * scores[i].right[k];
        sum.all[k] += weights[i] * scores[i].all[k];
      }
    }
    return (sum.right[0] / sum.all[0] + sum.right[1] / sum.all[1]) / 2;
  };
  const double value = accuracy(Weights(scores.size(), 1));
  if (scores.size() < kLeastPartsOfInterval) return {value, std::nullopt};
  std::vector<double> replicates;
  for (int r = 0; r < options.replicates; ++r) {
    const double again = accuracy(resampled_weights(scores.size(), Side::first, r, options.seed));
    if (std::isfinite(again)) replicates.push_back(again);
  }
  return estimate_of(value, replicates);
}

}  // namespace histoloom::evaluate
