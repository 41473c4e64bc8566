#include "network_space.h"

#include <fmt/format.h>

#include "histoloom/core/address_space.h"
#include "histoloom/core/cpu_count.h"
#include "histoloom/networks/address_space_need.h"

namespace histoloom {

void require_space_for(const char* doing, int threads) {
  const int count = threads_for(threads);
  require_address_space(address_space_of_networks(count, /*weights_bytes=*/0),
                        fmt::format("{} with --threads {}", doing, count));
}

}  // namespace histoloom
