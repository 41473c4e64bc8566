#include "histoloom/evaluate/seams.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "histoloom/core/error.h"
#include "histoloom/evaluate/optical_density.h"

namespace histoloom::evaluate {

namespace {

constexpr std::size_t kMinPhases = 8;

// What is known of one axis of one picture, column by column.
struct Profile {
  std::int64_t length = 0;       // columns
  std::vector<double> gradient;  // mean |I(x) − I(x − 1)|; that of column 0 is not used
  std::vector<double> density;   // mean density of the pixels of a segment: length × segments
  std::int64_t segments = 0;
  std::vector<std::int64_t> lines;
};

std::array<double, 256> density_table() {
  std::array<double, 256> table{};
  for (std::size_t v = 0; v < table.size(); ++v)
    table[v] = optical_density(static_cast<std::uint8_t>(v)) / static_cast<double>(kChannels);
  return table;
}

// Adds one row of pixels to the sums.
void add_row(Profile& profile, const Picture& picture, std::int64_t y, std::int64_t segment) {
  static const std::array<double, 256> density = density_table();
  for (std::int64_t x = 0; x < profile.length; ++x) {
    const std::uint8_t* pixel = picture.at(x, y);
    double sum = 0;
    for (std::size_t c = 0; c < kChannels; ++c) {
      sum += density[pixel[c]];
      if (x > 0)
        profile.gradient[static_cast<std::size_t>(x)] +=
            std::abs(static_cast<int>(pixel[c]) - static_cast<int>(picture.at(x - 1, y)[c]));
    }
    profile.density[static_cast<std::size_t>(segment * profile.length + x)] += sum;
  }
}

Profile column_profile(const Picture& picture, std::vector<std::int64_t> lines,
                       std::int64_t segment) {
  Profile out;
  out.length = picture.size.width;
  out.lines = std::move(lines);
  out.segments = divide_up(picture.size.height, segment);
  out.gradient.resize(static_cast<std::size_t>(out.length));
  out.density.resize(static_cast<std::size_t>(out.length * out.segments));
  for (std::int64_t y = 0; y < picture.size.height; ++y) add_row(out, picture, y, y / segment);
  for (double& v : out.gradient)
    v /= static_cast<double>(kChannels * static_cast<std::size_t>(picture.size.height));
  for (std::size_t i = 0; i < out.density.size(); ++i) {
    const std::int64_t from = static_cast<std::int64_t>(i) / out.length * segment;
    out.density[i] /= static_cast<double>(std::min(segment, picture.size.height - from));
  }
  return out;
}

std::vector<Profile> profiles_of(const std::vector<CutPicture>& pictures, std::int64_t segment) {
  std::vector<Profile> out;
  for (const CutPicture& cut : pictures) {
    out.push_back(column_profile(*cut.picture, cut.grid.columns, segment));
    out.push_back(column_profile(transposed(*cut.picture), cut.grid.rows, segment));
  }
  return out;
}

bool holds(const std::vector<std::int64_t>& lines, std::int64_t at) {
  return std::binary_search(lines.begin(), lines.end(), at);
}

// The columns beside `line` of its phase that lie inside and on no line of the grid shifted by
// `shift`, nor on one of the true grid.
std::vector<std::int64_t> neighbours_of(const Profile& profile, std::int64_t line,
                                        std::int64_t shift, const SeamOptions& options) {
  std::vector<std::int64_t> out;
  for (std::int64_t k = -options.neighbours; k <= options.neighbours; ++k) {
    const std::int64_t at = line + k * options.latent_factor;
    if (at < options.latent_factor || at + options.latent_factor > profile.length) continue;
    if (!holds(profile.lines, at - shift) && !holds(profile.lines, at)) out.push_back(at);
  }
  return out;
}

// The mean step between strips of one latent cell on either side of a column.
double density_step(const Profile& profile, std::int64_t at, std::int64_t width) {
  double sum = 0;
  for (std::int64_t s = 0; s < profile.segments; ++s) {
    const double* row = profile.density.data() + s * profile.length;
    double step = 0;
    for (std::int64_t i = 0; i < width; ++i) step += row[at + i] - row[at - 1 - i];
    sum += std::abs(step) / static_cast<double>(width);
  }
  return sum / static_cast<double>(profile.segments);
}

// Sums over boundaries, each beside the mean of its neighbours.
struct Pool {
  std::int64_t boundaries = 0;
  double own = 0, beside = 0;

  double ratio() const { return beside > 0 ? own / beside : 1; }
};

// Pools value(profile, column) over the grid shifted by `shift`.
template <class Value>
Pool pooled(const std::vector<Profile>& profiles, std::int64_t shift, const SeamOptions& options,
            Value&& value) {
  Pool pool;
  for (const Profile& profile : profiles) {
    for (const std::int64_t line : profile.lines) {
      const std::int64_t at = line + shift;
      if (at < options.latent_factor || at + options.latent_factor > profile.length) continue;
      const std::vector<std::int64_t> beside = neighbours_of(profile, at, shift, options);
      if (beside.empty()) continue;
      double sum = 0;
      for (const std::int64_t column : beside) sum += value(profile, column);
      pool.own += value(profile, at);
      pool.beside += sum / static_cast<double>(beside.size());
      ++pool.boundaries;
    }
  }
  return pool;
}

double gradient_at(const Profile& profile, std::int64_t at) {
  return profile.gradient[static_cast<std::size_t>(at)];
}

std::optional<double> z_score(double value, const std::vector<double>& others) {
  if (others.size() < kMinPhases) return std::nullopt;
  double mean = 0, square = 0;
  for (const double v : others) mean += v / static_cast<double>(others.size());
  for (const double v : others) square += (v - mean) * (v - mean);
  const double deviation = std::sqrt(square / static_cast<double>(others.size() - 1));
  if (deviation == 0) return value == mean ? 0 : std::numeric_limits<double>::infinity();
  return (value - mean) / deviation;
}

}  // namespace

SeamGrid uniform_grid(PixelSize size, std::int64_t period, std::int64_t phase) {
  SeamGrid grid;
  grid.period = period;
  for (std::int64_t x = phase; x < size.width; x += period) grid.columns.push_back(x);
  for (std::int64_t y = phase; y < size.height; y += period) grid.rows.push_back(y);
  return grid;
}

SeamGrid grid_of_lines(std::vector<std::int64_t> columns, std::vector<std::int64_t> rows) {
  SeamGrid grid{std::move(columns), std::move(rows), std::numeric_limits<std::int64_t>::max()};
  for (const auto* lines : {&grid.columns, &grid.rows}) {
    for (std::size_t i = 1; i < lines->size(); ++i) {
      const std::int64_t gap = (*lines)[i] - (*lines)[i - 1];
      if (gap <= 0)
        throw UserError(fmt::format("a grid's lines must ascend, got {} after {}", (*lines)[i],
                                    (*lines)[i - 1]));
      grid.period = std::min(grid.period, gap);
    }
  }
  // One line an axis has no distance: the phases within a patch's reach.
  constexpr std::int64_t kAlone = 64;
  if (grid.period == std::numeric_limits<std::int64_t>::max()) grid.period = kAlone;
  return grid;
}

std::int64_t count_boundaries(PixelSize size, const SeamGrid& grid, const SeamOptions& options) {
  std::vector<Profile> profiles(2);
  profiles[0].length = size.width;
  profiles[0].lines = grid.columns;
  profiles[1].length = size.height;
  profiles[1].lines = grid.rows;
  return pooled(profiles, 0, options, [](const Profile&, std::int64_t) { return 0.0; }).boundaries;
}

SeamMeasure measure_seams(const std::vector<CutPicture>& pictures, const SeamOptions& options) {
  const std::vector<Profile> profiles = profiles_of(pictures, options.segment);
  std::int64_t period = 0;
  for (const CutPicture& cut : pictures) period = std::max(period, cut.grid.period);
  const Pool gradient = pooled(profiles, 0, options, gradient_at);
  if (gradient.boundaries == 0)
    throw UserError(fmt::format(
        "no boundary of the grid with a period of {} px lies inside a picture with {} px "
        "on either side; give larger pictures or another grid",
        period, options.latent_factor));
  const Pool steps = pooled(profiles, 0, options, [&](const Profile& profile, std::int64_t at) {
    return density_step(profile, at, options.latent_factor);
  });
  std::vector<double> others;
  for (std::int64_t shift = 1; shift < period; ++shift) {
    const Pool pool = pooled(profiles, shift, options, gradient_at);
    if (pool.boundaries > 0) others.push_back(pool.ratio());
  }
  const auto n = static_cast<double>(gradient.boundaries);
  return {gradient.boundaries, gradient.ratio(), z_score(gradient.ratio(), others), steps.own / n,
          steps.beside / n};
}

Picture hard_tiling(Pictures patches, std::int64_t period, std::int64_t across) {
  const std::int64_t side = period * across;
  Picture out{{side, side},
              std::vector<std::uint8_t>(kChannels * static_cast<std::size_t>(side * side))};
  for (std::int64_t tile = 0; tile < across * across; ++tile) {
    const Picture& patch = patches[static_cast<std::size_t>(tile) % patches.size()];
    check_internal(patch.size.width >= period && patch.size.height >= period,
                   "a tile's patch is smaller than the tile");
    for (std::int64_t y = 0; y < period; ++y)
      std::copy_n(patch.at(0, y), kChannels * static_cast<std::size_t>(period),
                  out.at(tile % across * period, tile / across * period + y));
  }
  return out;
}

}  // namespace histoloom::evaluate
