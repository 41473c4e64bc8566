#include "lzw.h"

#include <array>
#include <memory>

namespace histoloom::pyramid {
namespace {

constexpr std::uint32_t kClear = 256;
constexpr std::uint32_t kEnd = 257;
constexpr std::uint32_t kFirst = 258;
constexpr std::uint32_t kLast = 4093;  // the last code that is assigned before a clear

class BitWriter {
 public:
  explicit BitWriter(std::vector<std::uint8_t>& out) : out_(out) {}

  void put(std::uint32_t code, int width) {
    pending_ = (pending_ << width) | code;
    bits_ += width;
    while (bits_ >= 8) {
      bits_ -= 8;
      out_.push_back(static_cast<std::uint8_t>(pending_ >> bits_));
    }
  }

  void finish() {
    if (bits_ > 0) out_.push_back(static_cast<std::uint8_t>(pending_ << (8 - bits_)));
  }

 private:
  std::vector<std::uint8_t>& out_;
  std::uint64_t pending_ = 0;
  int bits_ = 0;
};

// (prefix code, byte) -> code, by open addressing; an entry of an older epoch is empty.
class Dictionary {
 public:
  void clear() {
    ++epoch_;
    next_ = kFirst;
  }

  // The code of `prefix` followed by `byte`, or 0 after it has been given the next code.
  std::uint32_t find_or_add(std::uint32_t prefix, std::uint8_t byte) {
    const std::uint32_t key = (prefix << 8) | byte;
    std::uint32_t slot = (key * 2654435761u) >> 18;  // Knuth's multiplicative hash, 14 bits
    while (slots_[slot].epoch == epoch_) {
      if (slots_[slot].key == key) return slots_[slot].code;
      slot = (slot + 1) % kSlots;
    }
    slots_[slot] = {epoch_, key, next_++};
    return 0;
  }

  std::uint32_t next() const { return next_; }

 private:
  static constexpr std::uint32_t kSlots = 1 << 14;
  struct Slot {
    std::uint32_t epoch = 0;
    std::uint32_t key = 0;
    std::uint32_t code = 0;
  };
  std::array<Slot, kSlots> slots_{};
  std::uint32_t epoch_ = 0;
  std::uint32_t next_ = kFirst;
};

// The width of the next code, once codes up to next - 1 are assigned.
int width_for(std::uint32_t next) {
  return next <= 511 ? 9 : next <= 1023 ? 10 : next <= 2047 ? 11 : 12;
}

}  // namespace

void lzw_encode(std::span<const std::uint8_t> in, std::vector<std::uint8_t>& out) {
  out.clear();
  thread_local auto dictionary = std::make_unique<Dictionary>();
  BitWriter bits(out);
  dictionary->clear();
  bits.put(kClear, 9);
  if (in.empty()) {
    bits.put(kEnd, 9);
    bits.finish();
    return;
  }
  std::uint32_t prefix = in[0];
  for (const std::uint8_t byte : in.subspan(1)) {
    const int width = width_for(dictionary->next());
    const std::uint32_t found = dictionary->find_or_add(prefix, byte);
    if (found != 0) {
      prefix = found;
      continue;
    }
    bits.put(prefix, width);
    prefix = byte;
    if (dictionary->next() > kLast) {
      bits.put(kClear, 12);
      dictionary->clear();
    }
  }
  // The reader assigns one more code on seeing the last one.
  bits.put(prefix, width_for(dictionary->next()));
  bits.put(kEnd, width_for(dictionary->next() + 1));
  bits.finish();
}

}  // namespace histoloom::pyramid
