#include "zarr_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "histoloom/store/start_over.h"

namespace histoloom {

namespace {

using nlohmann::json;

constexpr std::int64_t kChunkBytes = 512 * 1024;
constexpr std::int64_t kSideStep = 16;
constexpr std::int64_t kLargestSide = 4096;
constexpr std::int64_t kMostChannels = 4096;

[[noreturn]] void refuse_header(const std::string& path, const std::string& what) {
  throw UserError(fmt::format("{}: {}; {}", path, what, kStartOver));
}

// Reads a list of three whole numbers from 1 to the limits.
std::array<std::int64_t, 3> sizes(const json& value, const std::string& path, const char* key,
                                  std::array<std::int64_t, 3> limits) {
  std::array<std::int64_t, 3> result{};
  bool good = value.is_array() && value.size() == 3;
  for (std::size_t i = 0; good && i < 3; ++i) {
    good = value[i].is_number_integer() && value[i] >= 1 && value[i] <= limits[i];
    if (good) result[i] = value[i].get<std::int64_t>();
  }
  if (!good) {
    refuse_header(
        path, fmt::format("\"{}\" must be three whole numbers from 1 to {}, {} and {}, got {}", key,
                          limits[0], limits[1], limits[2], value.dump()));
  }
  return result;
}

void expect(const json& root, const std::string& path, const char* key, const json& wanted) {
  const json found = root.value(key, json());
  if (found == wanted) return;
  refuse_header(path, fmt::format("\"{}\" must be {}, got {}", key, wanted.dump(), found.dump()));
}

StoreType parse_type(const json& root, const std::string& path) {
  const json found = root.value("dtype", json());
  if (found == "<f2") return StoreType::float16;
  if (found == "<f4") return StoreType::float32;
  refuse_header(path, fmt::format("\"dtype\" must be \"<f2\" or \"<f4\", got {}", found.dump()));
}

}  // namespace

ArrayShape choose_shape(int channels, LatentSize size, StoreType type) {
  check_internal(channels > 0 && channels <= kMostChannels && !size.empty(),
                 "a latent array needs channels and cells");
  ArrayShape shape{channels, size, type, kSideStep};
  const auto bytes = [&](std::int64_t side) {
    return channels * side * side * static_cast<std::int64_t>(shape.cell_bytes());
  };
  while (bytes(shape.side + kSideStep) <= kChunkBytes) shape.side += kSideStep;
  shape.side = std::min(shape.side, std::max(size.width, size.height));
  return shape;
}

void write_zarr_header(const std::filesystem::path& directory, const ArrayShape& shape) {
  const json header = {{"zarr_format", 2},
                       {"shape", {shape.channels, shape.size.height, shape.size.width}},
                       {"chunks", {shape.channels, shape.side, shape.side}},
                       {"dtype", shape.type == StoreType::float16 ? "<f2" : "<f4"},
                       {"compressor", nullptr},
                       {"filters", nullptr},
                       {"fill_value", "NaN"},
                       {"order", "C"},
                       {"dimension_separator", "."}};
  replace_file(directory / ".zarray", header.dump(2) + "\n");
}

ArrayShape parse_zarr_header(std::string_view text, const std::string& path) {
  const json root = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) refuse_header(path, "is not a JSON object");
  expect(root, path, "zarr_format", 2);
  expect(root, path, "compressor", nullptr);
  expect(root, path, "filters", nullptr);
  expect(root, path, "fill_value", "NaN");
  expect(root, path, "order", "C");
  expect(root, path, "dimension_separator", ".");

  constexpr std::int64_t most_cells = std::numeric_limits<std::int32_t>::max();
  const auto shape =
      sizes(root.value("shape", json()), path, "shape", {kMostChannels, most_cells, most_cells});
  const auto chunks = sizes(root.value("chunks", json()), path, "chunks",
                            {kMostChannels, kLargestSide, kLargestSide});
  if (chunks[0] != shape[0] || chunks[1] != chunks[2]) {
    refuse_header(path, fmt::format("\"chunks\" must hold all {} channels and be square, got {}",
                                    shape[0], root["chunks"].dump()));
  }
  return {static_cast<int>(shape[0]), {shape[2], shape[1]}, parse_type(root, path), chunks[1]};
}

ArrayShape read_zarr_header(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / ".zarray";
  if (!file_exists(file)) refuse_header(file.string(), "is missing");
  return parse_zarr_header(read_file(file), file.string());
}

std::uint64_t latent_array_bytes(int channels, LatentSize size, StoreType type) {
  const ArrayShape shape = choose_shape(channels, size, type);
  return static_cast<std::uint64_t>(shape.chunks()) * shape.chunk_bytes();
}

}  // namespace histoloom
