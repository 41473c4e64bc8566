// The TIFF reader and all rules of verify() on any bytes: a report or a UserError, nothing else.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "histoloom/core/error.h"
#include "histoloom/pyramid/verify.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace histoloom;
  try {
    const auto source = pyramid::memory_byte_source({data, size});
    const auto report = pyramid::verify(pyramid::read_tiff(*source, "fuzz.tif"));
    if (pyramid::describe(report).empty()) std::abort();
  } catch (const UserError& error) {
    if (std::string_view(error.what()).find('\n') != std::string_view::npos) std::abort();
  }
  return 0;
}
