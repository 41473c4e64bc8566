// The TIFF reader and all rules of verify() on any bytes: a report or a UserError of one line,
// nothing else.
#include <cstdint>
#include <cstdlib>

#include "histoloom/pyramid/verify.h"
#include "one_line.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace histoloom;
  fuzz::refuses_in_one_line([&] {
    const auto source = pyramid::memory_byte_source({data, size});
    const auto report = pyramid::verify(pyramid::read_tiff(*source, "fuzz.tif"));
    if (pyramid::describe(report).empty()) std::abort();
  });
  return 0;
}
