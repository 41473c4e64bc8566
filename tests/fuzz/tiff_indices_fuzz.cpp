// What is read of an indexed TIFF, on any bytes: the same file with another photometric
// interpretation, and no refusal, since damage is the decoder's to find.
#include <cstdint>
#include <cstdlib>

#include "histoloom/pictures/tiff_indices.h"
#include "input_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace histoloom;
  const auto tiff = read_indexed_tiff(fuzz::InputFile(data, size).path());
  if (!tiff) return 0;
  if (tiff->grey.size() != size) std::abort();
  int changed = 0;
  for (std::size_t i = 0; i < size; ++i)
    changed += static_cast<std::uint8_t>(tiff->grey[i]) != data[i] ? 1 : 0;
  if (changed != 1) std::abort();
  return 0;
}
