#include "histoloom/core/sha256.h"

#include <fmt/format.h>
#include <glib.h>

namespace histoloom {

struct Sha256::State {
  std::unique_ptr<GChecksum, decltype(&g_checksum_free)> sum{g_checksum_new(G_CHECKSUM_SHA256),
                                                             &g_checksum_free};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

Sha256& Sha256::add(const void* bytes, std::size_t size) {
  g_checksum_update(state_->sum.get(), static_cast<const guchar*>(bytes),
                    static_cast<gssize>(size));
  return *this;
}

Sha256& Sha256::add_part(const void* bytes, std::size_t size) {
  const std::string length = fmt::format("{}:", size);
  return add(length.data(), length.size()).add(bytes, size);
}

std::string Sha256::hex() { return g_checksum_get_string(state_->sum.get()); }

}  // namespace histoloom
