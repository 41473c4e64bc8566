#include "histoloom/labels/packed_field.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <vector>

#include "histoloom/core/error.h"

namespace histoloom {

namespace {

constexpr std::int64_t kBlock = 512;  // cells a side

class PackedField final : public LabelField {
 public:
  explicit PackedField(const LabelField& source) : size_(source.size()) {
    std::vector<LabelId> band(
        static_cast<std::size_t>(size_.width * std::min(kBlock, size_.height)));
    for (std::int64_t y = 0; y < size_.height; y += kBlock) {
      const std::int64_t rows = std::min(kBlock, size_.height - y);
      read_band(source, y, rows, band);
      for (std::int64_t row = 0; row < rows; ++row) append_row(band.data() + row * size_.width);
    }
  }

  CellSize size() const override { return size_; }

  void read(const CellRect& rect, LabelId* out) const override {
    check_internal(CellRect::of(size_).contains(rect), "labels are read outside of their field");
    for (std::int64_t y = rect.y0; y < rect.y1; ++y) {
      const auto [first, last] = runs_of(y);
      auto run = std::upper_bound(ends_.begin() + first, ends_.begin() + last, rect.x0);
      for (std::int64_t x = rect.x0; x < rect.x1; ++run) {
        const std::int64_t end = std::min<std::int64_t>(*run, rect.x1);
        out = std::fill_n(out, end - x, ids_[static_cast<std::size_t>(run - ends_.begin())]);
        x = end;
      }
    }
  }

 private:
  struct Runs {
    std::ptrdiff_t first, last;
  };

  Runs runs_of(std::int64_t y) const {
    const auto row = static_cast<std::size_t>(y);
    return {row == 0 ? 0 : rows_[row - 1], rows_[row]};
  }

  void read_band(const LabelField& source, std::int64_t y, std::int64_t rows,
                 std::vector<LabelId>& band) const {
    tbb::parallel_for(std::int64_t{0}, divide_up(size_.width, kBlock), [&](std::int64_t i) {
      const std::int64_t x = i * kBlock;
      const CellRect block{x, y, std::min(x + kBlock, size_.width), y + rows};
      std::vector<LabelId> cells(static_cast<std::size_t>(block.area()));
      source.read(block, cells.data());
      for (std::int64_t row = 0; row < rows; ++row)
        std::copy_n(cells.data() + row * block.width(), block.width(),
                    band.data() + row * size_.width + x);
    });
  }

  void append_row(const LabelId* cells) {
    for (std::int64_t x = 0; x < size_.width;) {
      const LabelId* end = std::find_if(cells + x, cells + size_.width,
                                        [id = cells[x]](LabelId other) { return other != id; });
      ids_.push_back(cells[x]);
      x = end - cells;
      ends_.push_back(static_cast<std::int32_t>(x));
    }
    rows_.push_back(static_cast<std::ptrdiff_t>(ends_.size()));
  }

  CellSize size_;
  std::vector<std::int32_t> ends_;    // of each run, the column after its last cell
  std::vector<LabelId> ids_;          // of each run, its label
  std::vector<std::ptrdiff_t> rows_;  // the run after the last of each row
};

}  // namespace

std::unique_ptr<LabelField> packed_field(const LabelField& source) {
  return std::make_unique<PackedField>(source);
}

}  // namespace histoloom
