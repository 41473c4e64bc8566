// The safetensors reader on any bytes: a header whose tensors lie within the file, or a UserError
// of one line; nothing else.
#include <cstdlib>
#include <string_view>

#include "driver.h"
#include "histoloom/core/error.h"
#include "histoloom/core/file.h"
#include "safetensors_header.h"
#include "touch.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace histoloom;
  try {
    const auto header = parse_safetensors_header({data, size}, "fuzz.safetensors");
    for (const auto& [name, tensor] : header.tensors)
      fuzz::touch({data, size}, header.data, tensor);
  } catch (const UserError& error) {
    if (std::string_view(error.what()).find('\n') != std::string_view::npos) std::abort();
  }
  return 0;
}

namespace histoloom::fuzz {

namespace {

Bytes file_of(std::string_view header, std::size_t data_bytes) {
  Bytes out(8, 0);
  out[0] = static_cast<std::uint8_t>(header.size());
  out[1] = static_cast<std::uint8_t>(header.size() >> 8);
  out.insert(out.end(), header.begin(), header.end());
  out.resize(out.size() + data_bytes);
  return out;
}

}  // namespace

std::vector<Bytes> seeds() {
  const std::string schedule = read_file(HISTOLOOM_TESTDATA "/parity/schedule.safetensors");
  return {Bytes(schedule.begin(), schedule.end()),
          file_of(R"({"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},)"
                  R"("b":{"dtype":"BF16","shape":[],"data_offsets":[8,10]},)"
                  R"("__metadata__":{"format":"pt"}})",
                  10),
          file_of(R"({"e":{"dtype":"I64","shape":[0,3],"data_offsets":[0,0]}})", 0),
          file_of("{}", 0)};
}

}  // namespace histoloom::fuzz
