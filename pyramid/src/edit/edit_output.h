// The bytes of a TIFF file that is being changed: numbers in its byte order, offsets of its size.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "histoloom/pyramid/sink.h"
#include "tiff_parser.h"

namespace histoloom::pyramid {

class EditOutput {
 public:
  // `sink` outlives the output; `name` is the slide's in messages.
  EditOutput(Sink& sink, std::string name, bool big, bool little_endian)
      : sink_(sink), name_(std::move(name)), big_(big), little_(little_endian) {}

  bool big() const { return big_; }
  std::uint64_t end() const { return end_; }

  // Appends `bytes` as they are, then fills up to a multiple of `align`; where they begin.
  // \error UserError where a classic TIFF would pass 4 GiB.
  std::uint64_t append(std::span<const std::uint8_t> bytes, std::uint64_t align = 1);
  // Replaces the `index`-th value of an integer field. \error UserError where it doesn't fit.
  void set(const TiffField& field, std::uint64_t index, std::uint64_t value);
  void set_bytes(std::uint64_t at, std::span<const std::uint8_t> bytes) {
    sink_.write_at(at, bytes);
  }
  void read(std::uint64_t at, std::span<std::uint8_t> bytes) { sink_.read_at(at, bytes); }

  // Puts `value` into `bytes`, and reads it, in the file's byte order.
  void encode(std::uint64_t value, std::span<std::uint8_t> bytes) const;
  std::uint64_t decode(std::span<const std::uint8_t> bytes) const;

 private:
  Sink& sink_;
  std::string name_;
  bool big_;
  bool little_;
  std::uint64_t end_ = 0;
};

}  // namespace histoloom::pyramid
