// Measures on what a feature network says of each image, by their published definitions. Plain
// numbers in, plain numbers out: no network here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace histoloom::evaluate {

// Features of images, one row an image.
struct Features {
  std::size_t dimensions = 0;
  std::vector<float> values;  // images × dimensions

  std::size_t count() const { return dimensions == 0 ? 0 : values.size() / dimensions; }
  std::span<const float> row(std::size_t i) const {
    return {values.data() + i * dimensions, dimensions};
  }
};

// Fréchet inception distance (Heusel et al. 2017): that of two Gaussians with the sets' means and
// covariances (divided by n − 1),
//     |μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½)
// Biased upwards for few images: compare equal counts only. At least 2 images a side.
double frechet_distance(const Features& a, const Features& b);

// Kernel inception distance (Bińkowski et al. 2018): the unbiased estimate of the squared maximum
// mean discrepancy with the kernel (x·y / d + 1)³. Below 0 at times. At least 2 images a side.
double kernel_distance(const Features& a, const Features& b);

// Inception score (Salimans et al. 2016): exp of the mean divergence of an image's class
// probabilities (softmax of `logits`) from their mean. The score is averaged over `splits` parts of
// the images in their order. 1 at least; at most the number of classes and that of images a part,
// so that few images say nothing.
double inception_score(const Features& logits, std::size_t splits = 10);

// Improved precision and recall (Kynkäänniemi et al. 2019). Precision is the share of generated
// images within the manifold of the real ones, recall that of real images within the manifold of
// the generated. A manifold is the union of balls around its images that reach to the k-th nearest
// other one. More than k images a side.
struct PrecisionRecall {
  double precision = 0;
  double recall = 0;
};
PrecisionRecall precision_recall(const Features& real, const Features& generated,
                                 std::size_t k = 3);

// Authenticity (Alaa et al. 2022): the share of authentic images among the generated. An authentic
// image lies further from the nearest training image than this one lies from the nearest other
// training image.
double authenticity(const Features& training, const Features& generated);

struct DataCopyingOptions {
  std::size_t clusters = 1;
  std::size_t least_generated = 20;  // images in a cell that counts; the authors' threshold
  std::uint64_t seed = 0;
};

// The data-copying statistic C_T (Meehan, Chaudhuri and Dasgupta 2020, section 3, and the published
// code). A k-means clustering of the training images makes cells. In a cell Mann and Whitney's z
// says how much nearer the generated images lie to the training images than held-out ones do.
// Either distance is that to the nearest training image of the same cell. The z are averaged by the
// cells' share of held-out images.
//
// Far below 0: copying; far above: the model misses the data. Cells with too few generated images,
// or without held-out or training ones, are left out; no value if all cells are. The correction for
// continuity, which the authors add, is not made.
std::optional<double> data_copying(const Features& training, const Features& held_out,
                                   const Features& generated, const DataCopyingOptions& options);

}  // namespace histoloom::evaluate
