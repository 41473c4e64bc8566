#include "histoloom/evaluate/feature_measures.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "histoloom/core/error.h"
#include "matrix.h"

namespace histoloom::evaluate {

namespace {

void check_sets(const Features& a, const Features& b) {
  check_internal(a.dimensions == b.dimensions && a.count() >= 2 && b.count() >= 2,
                 "features of two sets must have one number of dimensions, and two images a set");
}

std::vector<double> mean_of(const Features& features) {
  std::vector<double> mean(features.dimensions);
  for (std::size_t i = 0; i < features.values.size(); ++i)
    mean[i % features.dimensions] += static_cast<double>(features.values[i]);
  for (double& v : mean) v /= static_cast<double>(features.count());
  return mean;
}

// Rows without their mean, over √(n − 1): the covariance is Aᵀ · A.
Matrix centred(const Features& features, const std::vector<double>& mean) {
  Matrix out(features.count(), features.dimensions);
  const double scale = 1 / std::sqrt(static_cast<double>(features.count() - 1));
  for (std::size_t i = 0; i < out.values.size(); ++i)
    out.values[i] =
        scale * (static_cast<double>(features.values[i]) - mean[i % features.dimensions]);
  return out;
}

double trace_of_covariance(const Matrix& centred) {
  return product(centred.values.data(), centred.values.data(), centred.values.size());
}

// A factor A of the covariance with no more rows than columns.
Matrix small_factor(Matrix centred) {
  if (centred.rows <= centred.columns) return centred;
  const Matrix columns = transposed(centred);
  return transposed(cholesky(product_with_transposed(columns, columns)));
}

double kernel(std::span<const float> x, std::span<const float> y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += static_cast<double>(x[i] * y[i]);
  const double v = sum / static_cast<double>(x.size()) + 1;
  return v * v * v;
}

// The mean kernel of all pairs, or of pairs of two different images of one set.
double mean_kernel(const Features& a, const Features& b) {
  const bool same = &a == &b;
  double sum = 0;
  for (std::size_t i = 0; i < a.count(); ++i)
    for (std::size_t j = 0; j < b.count(); ++j)
      if (!same || i != j) sum += kernel(a.row(i), b.row(j));
  const auto n = static_cast<double>(a.count());
  return sum / (n * static_cast<double>(same ? b.count() - 1 : b.count()));
}

std::vector<double> softmax(std::span<const float> logits) {
  const float largest = *std::max_element(logits.begin(), logits.end());
  std::vector<double> out;
  for (const float v : logits) out.push_back(std::exp(static_cast<double>(v - largest)));
  const double sum = std::accumulate(out.begin(), out.end(), 0.0);
  for (double& v : out) v /= sum;
  return out;
}

double score_of_part(const Features& logits, std::size_t first, std::size_t last) {
  std::vector<double> mean(logits.dimensions);
  const auto n = static_cast<double>(last - first);
  double entropy = 0;  // Σ p log p over all images
  for (std::size_t i = first; i < last; ++i) {
    const std::vector<double> p = softmax(logits.row(i));
    for (std::size_t k = 0; k < p.size(); ++k) {
      mean[k] += p[k] / n;
      if (p[k] > 0) entropy += p[k] * std::log(p[k]);
    }
  }
  double divergence = entropy / n;
  for (const double v : mean)
    if (v > 0) divergence -= v * std::log(v);
  return std::exp(divergence);
}

}  // namespace

double frechet_distance(const Features& a, const Features& b) {
  check_sets(a, b);
  const std::vector<double> mean_a = mean_of(a), mean_b = mean_of(b);
  double distance = 0;
  for (std::size_t i = 0; i < mean_a.size(); ++i)
    distance += (mean_a[i] - mean_b[i]) * (mean_a[i] - mean_b[i]);
  Matrix first = centred(a, mean_a), second = centred(b, mean_b);
  distance += trace_of_covariance(first) + trace_of_covariance(second);
  // With Σ₁ = AᵀA and Σ₂ = BᵀB the eigenvalues of Σ₁Σ₂ are the squared singular values of A · Bᵀ.
  const Matrix cross = transposed(
      product_with_transposed(small_factor(std::move(first)), small_factor(std::move(second))));
  for (const double v : eigenvalues(product_with_transposed(cross, cross)))
    distance -= 2 * std::sqrt(std::max(0.0, v));
  return distance;
}

double kernel_distance(const Features& a, const Features& b) {
  check_sets(a, b);
  return mean_kernel(a, a) + mean_kernel(b, b) - 2 * mean_kernel(a, b);
}

double inception_score(const Features& logits, std::size_t splits) {
  check_internal(logits.count() >= 1, "a score of no images");
  const std::size_t parts = std::min(splits, logits.count());
  double sum = 0;
  for (std::size_t part = 0; part < parts; ++part)
    sum +=
        score_of_part(logits, part * logits.count() / parts, (part + 1) * logits.count() / parts);
  return sum / static_cast<double>(parts);
}

}  // namespace histoloom::evaluate
