#include "fourier.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "histoloom/core/error.h"

namespace histoloom::evaluate {

namespace {

constexpr std::size_t kLanes = 16;  // columns at once

}  // namespace

template <class Number>
FourierTransform<Number>::FourierTransform(std::size_t side) : side_(side), reversed_(side) {
  check_internal(side >= 2 && (side & (side - 1)) == 0,
                 "a Fourier transform needs a power of two a side");
  for (std::size_t k = 0; k < side / 2; ++k) {
    const double angle = -2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(side);
    cosine_.push_back(static_cast<Number>(std::cos(angle)));
    sine_.push_back(static_cast<Number>(std::sin(angle)));
  }
  for (std::size_t i = 1; i < side; ++i)
    reversed_[i] = reversed_[i / 2] / 2 + (i % 2 == 1 ? side / 2 : 0);
}

// Cooley and Tukey 1965, by decimation in time, from rows in the order of reversed bits.
template <class Number>
void FourierTransform<Number>::butterflies(Number* re, Number* im) const {
  for (std::size_t length = 2; length <= side_; length *= 2) {
    const std::size_t half = length / 2, step = side_ / length;
    for (std::size_t row = 0; row < side_; ++row) {
      const std::size_t k = row % length;
      if (k >= half) continue;
      const Number c = cosine_[k * step], s = sine_[k * step];
      Number* __restrict even_re = re + row * kLanes;
      Number* __restrict even_im = im + row * kLanes;
      Number* __restrict odd_re = re + (row + half) * kLanes;
      Number* __restrict odd_im = im + (row + half) * kLanes;
      for (std::size_t i = 0; i < kLanes; ++i) {
        const Number x = c * odd_re[i] - s * odd_im[i], y = c * odd_im[i] + s * odd_re[i];
        odd_re[i] = even_re[i] - x;
        odd_im[i] = even_im[i] - y;
        even_re[i] += x;
        even_im[i] += y;
      }
    }
  }
}

template <class Number>
void FourierTransform<Number>::columns_to_rows(const ComplexSquare<Number>& from,
                                               ComplexSquare<Number>& to, std::size_t columns,
                                               std::size_t kept) const {
  std::vector<Number> re(side_ * kLanes), im(side_ * kLanes);
  for (std::size_t first = 0; first < columns; first += kLanes) {
    const std::size_t lanes = std::min(kLanes, columns - first);
    for (std::size_t row = 0; row < side_; ++row) {
      const auto at = static_cast<std::ptrdiff_t>(row * side_ + first);
      std::copy_n(from.re.begin() + at, lanes, re.data() + reversed_[row] * kLanes);
      std::copy_n(from.im.begin() + at, lanes, im.data() + reversed_[row] * kLanes);
    }
    butterflies(re.data(), im.data());
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const std::size_t at = (first + lane) * side_;
      for (std::size_t i = 0; i < kept; ++i) {
        to.re[at + i] = re[i * kLanes + lane];
        to.im[at + i] = im[i * kLanes + lane];
      }
    }
  }
}

template <class Number>
void FourierTransform<Number>::transform(ComplexSquare<Number>& data) const {
  ComplexSquare<Number> turned(side_);
  columns_to_rows(data, turned, side_, side_);
  columns_to_rows(turned, data, side_, side_);
}

template class FourierTransform<float>;
template class FourierTransform<double>;

}  // namespace histoloom::evaluate
