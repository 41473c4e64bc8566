// The reader of state.json on any bytes: how far a job of 30 steps has come, or a UserError of one
// line; nothing else. The first byte says whether the others are the file (even), or are given the
// right checksum before.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "histoloom/core/checksum.h"
#include "one_line.h"
#include "state_file.h"

namespace {

using nlohmann::json;

std::string sealed(const std::string& text) {
  json state = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!state.is_object()) return text;
  const auto dump = [&] { return state.dump(-1, ' ', false, json::error_handler_t::replace); };
  state.erase("crc32");
  state["crc32"] = histoloom::checksum_of(dump());
  return dump();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace histoloom;
  if (size == 0) return 0;
  const std::string given(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string text = data[0] % 2 == 0 ? given : sealed(given);
  fuzz::refuses_in_one_line([&] {
    const JobState state = parse_state(text, "fuzz/state.json", 30);
    if (state.painted.steps < 0 || state.painted.steps > 30 || state.painted.crops < 0)
      std::abort();
  });
  return 0;
}
