// The reader of .zarray on any bytes: a shape that a latent array can have, or a UserError of one
// line; nothing else.
#include <cstdint>
#include <cstdlib>

#include "one_line.h"
#include "zarr_header.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace histoloom;
  fuzz::refuses_in_one_line([&] {
    const ArrayShape shape =
        parse_zarr_header({reinterpret_cast<const char*>(data), size}, "fuzz/.zarray");
    if (shape.channels < 1 || shape.size.empty() || shape.side < 1) std::abort();
    if (shape.chunks() < 1 || shape.chunk_bytes() < 1) std::abort();
  });
  return 0;
}
