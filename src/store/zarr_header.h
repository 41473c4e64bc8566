// The .zarray of a latent field: its shape, type and chunks, and nothing that we don't write.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "histoloom/store/latent_array.h"

namespace histoloom {

struct ArrayShape {
  int channels = 0;
  LatentSize size;
  StoreType type = StoreType::float16;
  std::int64_t side = 0;  // cells of a chunk each way

  std::int64_t columns() const { return divide_up(size.width, side); }
  std::int64_t rows() const { return divide_up(size.height, side); }
  std::int64_t chunks() const { return columns() * rows(); }
  std::size_t cell_bytes() const { return type == StoreType::float16 ? 2 : 4; }
  // Bytes of one chunk, which holds `channels` planes of side × side values.
  std::size_t chunk_bytes() const {
    return static_cast<std::size_t>(channels * side * side) * cell_bytes();
  }
};

// The shape with the chunks that we choose: the largest multiple of 16 cells a side that keeps a
// chunk within 512 KiB, but no larger than the field. InternalError for a shape without cells.
ArrayShape choose_shape(int channels, LatentSize size, StoreType type);

// Writes `directory`/.zarray.
void write_zarr_header(const std::filesystem::path& directory, const ArrayShape& shape);

// Reads the text of the .zarray at `path`. \error UserError, if it is no JSON or not what we write.
ArrayShape parse_zarr_header(std::string_view text, const std::string& path);
// Reads `directory`/.zarray. \error UserError, also if it is missing.
ArrayShape read_zarr_header(const std::filesystem::path& directory);

}  // namespace histoloom
