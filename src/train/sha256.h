// SHA-256 over parts of any kind.
#pragma once

#include <fmt/format.h>
#include <glib.h>

#include <memory>
#include <string>

namespace histoloom {

class Sha256 {
 public:
  // With its length, so that bytes which move from one part to the next make another sum.
  Sha256& add(const void* bytes, std::size_t size) {
    const std::string length = fmt::format("{}:", size);
    update(length.data(), length.size());
    update(bytes, size);
    return *this;
  }
  Sha256& add(const std::string& text) { return add(text.data(), text.size()); }
  // Of what was added so far, 64 digits; nothing may be added afterwards.
  std::string hex() const { return g_checksum_get_string(sum_.get()); }

 private:
  void update(const void* bytes, std::size_t size) {
    g_checksum_update(sum_.get(), static_cast<const guchar*>(bytes), static_cast<gssize>(size));
  }
  std::unique_ptr<GChecksum, decltype(&g_checksum_free)> sum_{g_checksum_new(G_CHECKSUM_SHA256),
                                                              &g_checksum_free};
};

}  // namespace histoloom
