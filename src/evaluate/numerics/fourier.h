// Fourier transforms of squares with a power of two a side, many columns at once.
#pragma once

#include <cstddef>
#include <vector>

namespace histoloom::evaluate {

// Complex numbers row by row, real and imaginary parts apart, so that loops become vectors.
template <class Number>
struct ComplexSquare {
  explicit ComplexSquare(std::size_t n) : side(n), re(n * n), im(n * n) {}
  std::size_t side;
  std::vector<Number> re, im;
};

// X[v][u] = Σ x[row][column] · exp(−2πi (v · row + u · column) / n). Both axes go the same way:
// columns are transformed and laid down as rows; done twice, that is the whole transform. Swapping
// real and imaginary parts before and after makes the inverse of it, times n².
//
// Any thread: nothing here changes.
template <class Number>
class FourierTransform {
 public:
  explicit FourierTransform(std::size_t side);  // a power of two, 2 at least

  std::size_t side() const { return side_; }
  // The first `columns` columns of `from`, each by itself, as rows of `to`; the first `kept`
  // numbers of each.
  void columns_to_rows(const ComplexSquare<Number>& from, ComplexSquare<Number>& to,
                       std::size_t columns, std::size_t kept) const;
  // Both axes in place.
  void transform(ComplexSquare<Number>& data) const;

 private:
  void butterflies(Number* re, Number* im) const;

  std::size_t side_;
  std::vector<Number> cosine_, sine_;  // of −2π k / side, for k below side / 2
  std::vector<std::size_t> reversed_;  // the bits of an index, the other way round
};

}  // namespace histoloom::evaluate
