#include "histoloom/networks/address_space_need.h"

namespace histoloom {

std::uint64_t address_space_of_networks(int threads, std::uint64_t weights_bytes) {
  constexpr std::uint64_t kMiB = 1 << 20;
  constexpr std::uint64_t kThread = (128 + 64 + 8) * kMiB;
  constexpr std::uint64_t kActivations = 256 * kMiB;
  // The file is mapped while its numbers are converted.
  return kActivations + static_cast<std::uint64_t>(threads) * kThread + 2 * weights_bytes;
}

}  // namespace histoloom
