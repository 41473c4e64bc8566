// The safetensors reader on any bytes: a header whose tensors lie within the file, or a UserError
// of one line; nothing else.
#include <cstdint>

#include "one_line.h"
#include "safetensors_header.h"
#include "touch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace histoloom;
  fuzz::refuses_in_one_line([&] {
    const auto header = parse_safetensors_header({data, size}, "fuzz.safetensors");
    for (const auto& [name, tensor] : header.tensors)
      fuzz::touch({data, size}, header.data, tensor);
  });
  return 0;
}
