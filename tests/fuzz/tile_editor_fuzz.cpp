// The tile editor on any bytes: pixels read and replaced in a copy that it can open again, or a
// UserError of one line; nothing else.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "histoloom/pyramid/tile_editor.h"
#include "input_file.h"
#include "one_line.h"

namespace {

using namespace histoloom;
using pyramid::TileEditor;
using Bytes = std::vector<std::uint8_t>;

class BytesSink final : public pyramid::Sink {
 public:
  explicit BytesSink(Bytes& bytes) : bytes_(bytes) {}
  std::uint64_t found() override { return bytes_.size(); }
  void cut(std::uint64_t size) override { bytes_.resize(size); }
  void append(std::span<const std::uint8_t> b) override {
    bytes_.insert(bytes_.end(), b.begin(), b.end());
  }
  void read_at(std::uint64_t offset, std::span<std::uint8_t> b) override {
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), b.size(), b.begin());
  }
  void write_at(std::uint64_t offset, std::span<const std::uint8_t> b) override {
    std::copy(b.begin(), b.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  void sync() override {}
  void commit() override {}
  void suspend() noexcept override {}
  void discard() noexcept override {}

 private:
  Bytes& bytes_;
};

// In the middle, and at most 20 px a side: it meets up to four tiles of 16 px.
PixelRect region(PixelSize size) {
  const std::int64_t x = size.width / 2, y = size.height / 2;
  return intersect({x, y, x + 20, y + 20}, PixelRect::of(size));
}

void edit(const TileEditor& editor) {
  const PixelRect rect = region(editor.size());
  Bytes rgb = editor.read(rect);
  for (std::uint8_t& value : rgb) value = static_cast<std::uint8_t>(value ^ 0x55);
  editor.check(rect);
  Bytes copy;
  editor.write(std::make_unique<BytesSink>(copy), rect, rgb, {"fuzz", {}, "Inpainted = 1"});
  const fuzz::InputFile file(copy.data(), copy.size());
  if (TileEditor(file.path()).size() != editor.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::InputFile file(data, size);
  fuzz::refuses_in_one_line([&] { edit(TileEditor(file.path())); });
  return 0;
}
