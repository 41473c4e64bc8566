// 1. Of each level of each patch's pyramid equally many neighbourhoods, spread evenly with a
// jitter.
// 2. The level's descriptors lie dimension by dimension, so that a projection is a sum of long
//    vectors.
// 3. Each direction sorts the projections with the patch that each came from; a replicate of the
//    bootstrap then walks along the sorted lists, counting each value as often as its patch.
#include "histoloom/evaluate/sliced_wasserstein.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>

#include "draw.h"
#include "histoloom/core/error.h"
#include "laplacian_pyramid.h"
#include "moments.h"
#include "stop.h"

namespace histoloom::evaluate {

namespace {

constexpr std::int64_t kBlockSide = 7;  // of a neighbourhood
constexpr std::size_t kDimensions = kBlockSide * kBlockSide * kChannels;

// ---- Descriptors

struct Descriptors {
  std::int64_t side = 0;  // of the level, px
  std::int64_t count = 0;
  std::int64_t per_patch = 0;  // those of patch p begin at p · per_patch
  std::vector<float> values;   // kDimensions × count

  std::span<float> dimension(std::size_t d) {
    return {values.data() + d * static_cast<std::size_t>(count), static_cast<std::size_t>(count)};
  }
  std::span<const float> dimension(std::size_t d) const {
    return {values.data() + d * static_cast<std::size_t>(count), static_cast<std::size_t>(count)};
  }
};

// Copies the neighbourhoods of one patch to their place.
void cut_out(Descriptors& out, std::int64_t patch, const Planes& level, const Draw& draw) {
  const std::int64_t across = level[0].size.width - kBlockSide + 1, places = across * across;
  for (std::int64_t i = 0; i < out.per_patch; ++i) {
    const double jitter = draw.uniform(i, patch);
    const auto place =
        std::min(places - 1, static_cast<std::int64_t>((static_cast<double>(i) + jitter) *
                                                       static_cast<double>(places) /
                                                       static_cast<double>(out.per_patch)));
    const auto column = static_cast<std::size_t>(patch * out.per_patch + i);
    std::size_t d = 0;
    for (const Plane& plane : level)
      for (std::int64_t n = 0; n < kBlockSide * kBlockSide; ++n)
        out.dimension(d++)[column] =
            plane.at(place % across + n % kBlockSide, place / across + n / kBlockSide);
  }
}

// Mean 0 and deviation 1 in each channel, over all its dimensions and descriptors.
void normalise(Descriptors& descriptors) {
  const auto length = static_cast<std::size_t>(kBlockSide * kBlockSide * descriptors.count);
  for (std::size_t c = 0; c < kChannels; ++c) {
    const std::span<float> channel(descriptors.values.data() + c * length, length);
    const Moments moments = moments_of(channel);
    // A channel of one value becomes zeros.
    shift_and_scale(channel, moments.mean, inverse_deviation(moments));
  }
}

std::int64_t descriptors_per_patch(std::size_t patches, std::int64_t side, std::int64_t wanted) {
  const std::int64_t places = (side - kBlockSide + 1) * (side - kBlockSide + 1);
  return std::min(places, divide_up(wanted, static_cast<std::int64_t>(patches)));
}

// The descriptors of every level, finest first.
std::vector<Descriptors> describe(Pictures patches, const SlicedWassersteinOptions& options,
                                  std::uint64_t seed) {
  std::vector<Descriptors> levels;
  for (std::int64_t side = patches[0].size.width; side >= options.smallest_side; side /= 2) {
    Descriptors& level = levels.emplace_back();
    level.side = side;
    level.per_patch = descriptors_per_patch(patches.size(), side, options.descriptors);
    level.count = level.per_patch * static_cast<std::int64_t>(patches.size());
    level.values.resize(kDimensions * static_cast<std::size_t>(level.count));
  }
  const Draw draw(seed, Purpose::descriptors);
  tbb::parallel_for(std::size_t{0}, patches.size(), [&](std::size_t p) {
    stop_if_asked(options.bootstrap.progress);
    const std::vector<Planes> pyramid = laplacian_pyramid(patches[p], options.smallest_side);
    for (std::size_t i = 0; i < levels.size(); ++i)
      cut_out(levels[i], static_cast<std::int64_t>(p), pyramid[i], draw);
  });
  for (Descriptors& level : levels) normalise(level);
  return levels;
}

// ---- One direction

struct Projection {
  float value = 0;
  std::int32_t patch = 0;
};

std::vector<float> unit_direction(const Draw& draw, int index) {
  std::vector<float> out(kDimensions);
  draw.normals(index, static_cast<int>(kDimensions), out.data());
  const double length = std::sqrt(std::inner_product(out.begin(), out.end(), out.begin(), 0.0));
  shift_and_scale(out, 0, 1 / length);
  return out;
}

// Several dimensions at a time, so that the sums are loaded and stored less often.
std::vector<float> projected(const Descriptors& from, const std::vector<float>& direction) {
  static_assert(kDimensions % kBlockSide == 0);
  std::vector<float> sums(static_cast<std::size_t>(from.count));
  for (std::size_t d = 0; d < kDimensions; d += kBlockSide) {
    std::array<const float*, kBlockSide> values{};
    std::array<float, kBlockSide> weights{};
    for (std::size_t k = 0; k < values.size(); ++k) {
      values[k] = from.dimension(d + k).data();
      weights[k] = direction[d + k];
    }
    for (std::size_t i = 0; i < sums.size(); ++i) {
      float sum = sums[i];
      for (std::size_t k = 0; k < values.size(); ++k) sum += weights[k] * values[k][i];
      sums[i] = sum;
    }
  }
  return sums;
}

// Bits that are ordered as the floats are: those of negative ones are turned around.
std::uint32_t ordered_bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return bits ^ (bits >> 31 ? 0xffffffffu : 0x80000000u);
}

// By value; a radix sort, which takes a tenth of std::sort's time here.
void sort(std::vector<Projection>& list) {
  constexpr int kBits = 11;
  constexpr std::uint32_t kMask = (1u << kBits) - 1;
  std::vector<Projection> other(list.size());
  for (int shift = 0; shift < 32; shift += kBits) {
    std::array<std::size_t, kMask + 2> starts{};
    for (const Projection& p : list) ++starts[(ordered_bits(p.value) >> shift & kMask) + 1];
    std::partial_sum(starts.begin(), starts.end(), starts.begin());
    for (const Projection& p : list) other[starts[ordered_bits(p.value) >> shift & kMask]++] = p;
    list.swap(other);
  }
}

std::vector<Projection> sorted_projections(const Descriptors& from,
                                           const std::vector<float>& direction) {
  const std::vector<float> values = projected(from, direction);
  std::vector<Projection> out(values.size());
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = {values[i], static_cast<std::int32_t>(static_cast<std::int64_t>(i) / from.per_patch)};
  sort(out);
  return out;
}

// The mean difference of two sorted lists in which each value counts as often as its patch.
double mean_difference(const std::vector<Projection>& a, const std::vector<Projection>& b,
                       const Weights& weight_a, const Weights& weight_b) {
  double sum = 0;
  std::size_t i = 0, j = 0;
  int left_a = 0, left_b = 0;
  const auto next = [](const auto& list, const Weights& weights, std::size_t& k, int& left) {
    while (left == 0 && k < list.size()) left = weights[static_cast<std::size_t>(list[k++].patch)];
    return left > 0;
  };
  while (next(a, weight_a, i, left_a) && next(b, weight_b, j, left_b)) {
    const int both = std::min(left_a, left_b);
    sum += both * std::abs(static_cast<double>(a[i - 1].value - b[j - 1].value));
    left_a -= both;
    left_b -= both;
  }
  return sum / static_cast<double>(a.size());
}

// ---- All pairs of sets

// One side of the pairs.
struct DescribedSide {
  std::vector<std::vector<Descriptors>> sets;    // of each set: level by level
  std::vector<std::vector<Weights>> replicates;  // of each set
};

// Either side draws its own places and resamples.
DescribedSide describe_side(std::span<const Sample> sets, const SlicedWassersteinOptions& options,
                            Side side) {
  DescribedSide out;
  const std::uint64_t seed = options.bootstrap.seed;
  for (const Sample& set : sets) {
    out.sets.push_back(describe(set.patches, options, side == Side::first ? seed : seed + 1));
    std::vector<Weights>& weights = out.replicates.emplace_back();
    for (int r = 0; r < options.bootstrap.replicates; ++r)
      weights.push_back(resampled_weights(Resampled(set.patches.size(), set.parts), side, r, seed));
  }
  return out;
}

std::vector<std::vector<Projection>> sorted_sets(const DescribedSide& side, std::size_t level,
                                                 const std::vector<float>& direction) {
  std::vector<std::vector<Projection>> out;
  for (const auto& set : side.sets) out.push_back(sorted_projections(set[level], direction));
  return out;
}

// What the directions of one level say of one pair.
struct PairDistances {
  std::vector<double> distances;  // direction by direction
  std::vector<std::vector<double>>
      again;  // direction by direction, the replicates of the first ones

  Estimate estimate(std::size_t replicates) const;
};

Estimate PairDistances::estimate(std::size_t replicates) const {
  const auto mean = [](double sum, std::size_t n) { return sum / static_cast<double>(n); };
  std::vector<double> means;
  for (std::size_t r = 0; r < replicates; ++r) {
    double sum = 0;
    for (const auto& direction : again) sum += direction[r];
    means.push_back(mean(sum, again.size()));
  }
  return estimate_of(
      mean(std::accumulate(distances.begin(), distances.end(), 0.0), distances.size()), means);
}

std::vector<PairDistances> level_distances(const DescribedSide& first, const DescribedSide& second,
                                           std::span<const SetPair> pairs, std::size_t level,
                                           const SlicedWassersteinOptions& options) {
  const auto directions = static_cast<std::size_t>(options.directions);
  const auto resampled =
      std::min(directions, static_cast<std::size_t>(options.bootstrap_directions));
  const Draw draw(options.bootstrap.seed, Purpose::directions);
  const Descriptors& any = first.sets[0][level];
  const Weights once(static_cast<std::size_t>(any.count / any.per_patch), 1);
  std::vector<PairDistances> out(
      pairs.size(), {std::vector<double>(directions), std::vector<std::vector<double>>(resampled)});
  tbb::parallel_for(std::size_t{0}, directions, [&](std::size_t d) {
    stop_if_asked(options.bootstrap.progress);
    const std::vector<float> direction = unit_direction(draw, static_cast<int>(d));
    const auto left = sorted_sets(first, level, direction),
               right = sorted_sets(second, level, direction);
    for (std::size_t p = 0; p < pairs.size(); ++p) {
      const auto& a = left[pairs[p].first];
      const auto& b = right[pairs[p].second];
      out[p].distances[d] = mean_difference(a, b, once, once);
      if (d >= resampled) continue;
      const auto& weights_a = first.replicates[pairs[p].first];
      const auto& weights_b = second.replicates[pairs[p].second];
      for (std::size_t r = 0; r < weights_a.size(); ++r)
        out[p].again[d].push_back(mean_difference(a, b, weights_a[r], weights_b[r]));
    }
  });
  return out;
}

void check_patches(std::span<const Sample> sets, std::size_t count, PixelSize size,
                   std::int64_t smallest_side) {
  for (const Sample& set : sets) {
    check_internal(!set.patches.empty() && set.patches.size() == count,
                   "both sides need equally many patches");
    for (const Picture& patch : set.patches)
      check_internal(patch.size == size && size.width == size.height,
                     "patches must be squares of one size");
  }
  check_internal((size.width & (size.width - 1)) == 0 && size.width >= smallest_side,
                 "a patch's side must be a power of two");
}

}  // namespace

std::vector<LevelDistance> sliced_wasserstein(const Sample& first, const Sample& second,
                                              const SlicedWassersteinOptions& options) {
  const SetPair pair;
  return sliced_wasserstein_of_pairs({&first, 1}, {&second, 1}, {&pair, 1}, options)[0];
}

std::vector<std::vector<LevelDistance>> sliced_wasserstein_of_pairs(
    std::span<const Sample> firsts, std::span<const Sample> seconds, std::span<const SetPair> pairs,
    const SlicedWassersteinOptions& options) {
  check_internal(!firsts.empty() && !firsts[0].patches.empty(), "no patches to compare");
  const std::size_t count = firsts[0].patches.size();
  for (const auto sets : {firsts, seconds})
    check_patches(sets, count, firsts[0].patches[0].size, options.smallest_side);
  const DescribedSide first = describe_side(firsts, options, Side::first);
  const DescribedSide second = describe_side(seconds, options, Side::second);
  const auto replicates = static_cast<std::size_t>(options.bootstrap.replicates);
  std::vector<std::vector<LevelDistance>> out(pairs.size());
  for (std::size_t level = 0; level < first.sets[0].size(); ++level) {
    const Descriptors& any = first.sets[0][level];
    const auto found = level_distances(first, second, pairs, level, options);
    for (std::size_t p = 0; p < pairs.size(); ++p)
      out[p].push_back({any.side, any.count, found[p].estimate(replicates)});
  }
  return out;
}

}  // namespace histoloom::evaluate
