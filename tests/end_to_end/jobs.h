// Jobs that are stopped on their way, and how far they have come.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support.h"

namespace histoloom::test {

inline const Arguments kJob{"--size", "256x300", "--steps", "8", "--seed", "2", "--layout", "full"};

inline Arguments plus(Arguments arguments, const Arguments& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// A count in the state of a work directory; 0 where there is none yet.
inline int committed(const std::filesystem::path& work, const char* key) {
  // Replaced by renaming, so it is whole whenever it is there.
  const auto state = nlohmann::json::parse(bytes_of(work / "state.json"), nullptr, false);
  return state.is_discarded() ? 0 : state.value(key, 0);
}

inline int committed_steps(const std::filesystem::path& work) {
  return committed(work, "committed_steps");
}

// Tall, so that decoding goes through many rows of tiles.
inline const Arguments kTall{"--size", "64x4096", "--steps",  "1",
                             "--seed", "2",       "--layout", "full"};

inline nlohmann::json json_in(const std::filesystem::path& file) {
  return nlohmann::json::parse(bytes_of(file));
}

// The slide of a job that nothing stops.
inline std::string unbroken(const Folder& folder, const Arguments& job) {
  const Outcome outcome = run(generate(folder / "unbroken.svs", job));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return bytes_of(folder / "unbroken.svs");
}

}  // namespace histoloom::test
