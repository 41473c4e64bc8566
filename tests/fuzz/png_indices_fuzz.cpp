// What is read of an indexed PNG, on any bytes: chunks that it has, and no refusal, since damage is
// the decoder's to find.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "histoloom/pictures/png_indices.h"
#include "input_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace histoloom;
  const fuzz::InputFile file(data, size);
  const auto encoding = read_png_encoding(file.path());
  const std::string grey = indexed_png_as_grey(file.path());
  if (grey.size() > size) std::abort();
  const fuzz::InputFile shown(reinterpret_cast<const std::uint8_t*>(grey.data()), grey.size());
  if (encoding && read_png_encoding(shown.path())->indexed) std::abort();
  return 0;
}
