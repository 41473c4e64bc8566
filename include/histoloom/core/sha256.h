// SHA-256, by which files and labels are told apart.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace histoloom {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  Sha256& add(const void* bytes, std::size_t size);
  // Adds bytes with their length before them, so that bytes that move from one part to the next
  // change the sum.
  Sha256& add_part(const void* bytes, std::size_t size);
  Sha256& add_part(const std::string& bytes) { return add_part(bytes.data(), bytes.size()); }
  // The sum of all that was added, 64 lower-case hexadecimal digits; nothing is added after that.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace histoloom
