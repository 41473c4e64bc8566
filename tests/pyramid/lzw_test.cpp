// The decoder below follows TIFF 6.0, section 13, to the letter, and is stricter than libtiff's: it
// refuses a table that grows past entry 4094.
#include "lzw.h"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>

namespace histoloom::pyramid {
namespace {

using Bytes = std::vector<std::uint8_t>;

class StrictDecoder {
 public:
  explicit StrictDecoder(const Bytes& in) : in_(in) {}

  Bytes decode() {
    Bytes out;
    if (next_code() != 256) throw std::runtime_error("no clear code at the start");
    reset();
    Bytes old;
    for (;;) {
      const std::uint32_t code = next_code();
      if (code == 257) return out;
      if (code == 256) {
        reset();
        old.clear();
        continue;
      }
      Bytes word;
      if (code < table_.size()) {
        word = table_[code];
      } else if (code == table_.size() && !old.empty()) {
        word = old;
        word.push_back(old[0]);
      } else {
        throw std::runtime_error("a code that is not in the table");
      }
      out.insert(out.end(), word.begin(), word.end());
      if (!old.empty()) add(old, word[0]);
      old = word;
    }
  }

 private:
  void reset() {
    table_.assign(258, {});
    for (std::size_t i = 0; i < 256; ++i) table_[i] = {static_cast<std::uint8_t>(i)};
  }

  void add(Bytes word, std::uint8_t byte) {
    word.push_back(byte);
    table_.push_back(word);
    // The encoder is one entry ahead, and must clear when it has added 4094.
    if (table_.size() > 4094) throw std::runtime_error("the table is overfull");
  }

  std::uint32_t next_code() {
    const std::size_t ahead = table_.size() + 1;  // what the encoder has, or will have
    const int width = ahead <= 511 ? 9 : ahead <= 1023 ? 10 : ahead <= 2047 ? 11 : 12;
    std::uint32_t code = 0;
    for (int i = 0; i < width; ++i, ++bit_) {
      if (bit_ / 8 >= in_.size()) throw std::runtime_error("the stream ends early");
      code = code << 1 | (in_[bit_ / 8] >> (7 - bit_ % 8) & 1u);
    }
    return code;
  }

  const Bytes& in_;
  std::size_t bit_ = 0;
  std::vector<Bytes> table_;
};

Bytes round_trip(const Bytes& in) {
  Bytes out;
  lzw_encode(in, out);
  return StrictDecoder(out).decode();
}

TEST(Lzw, IsReadBackByAStrictDecoderAtEveryLength) {
  std::mt19937 random(1);
  for (const unsigned limit : {1u, 2u, 256u}) {
    Bytes bytes;
    for (int i = 0; i < 5000; ++i) {
      if (i < 1100 || i % 97 == 0 || (i > 3800 && i < 3900)) {
        ASSERT_EQ(round_trip(bytes), bytes) << "length " << i << ", bytes below " << limit;
      }
      bytes.push_back(static_cast<std::uint8_t>(random() % limit));
    }
  }
}

TEST(Lzw, KeepsLongRunsAndLongNoise) {
  std::mt19937 random(2);
  Bytes noise(200000);
  for (auto& b : noise) b = static_cast<std::uint8_t>(random());
  EXPECT_EQ(round_trip(noise), noise);
  const Bytes run(3000000, 7);
  EXPECT_EQ(round_trip(run), run);
}

}  // namespace
}  // namespace histoloom::pyramid
