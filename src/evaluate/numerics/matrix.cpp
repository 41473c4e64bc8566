#include "matrix.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "histoloom/core/error.h"
#include "laned_product.h"

namespace histoloom::evaluate {

namespace {

struct Tridiagonal {
  std::vector<double> diagonal, beside;  // n and n - 1 numbers
};

// The Householder reflection of a column below the diagonal: I − τ v vᵀ turns it into (β, 0, …).
struct Reflection {
  std::vector<double> v;
  double tau = 0;
  double beta = 0;
};

Reflection reflection_of(std::vector<double> column) {
  Reflection out;
  const double length = std::sqrt(product(column.data(), column.data(), column.size()));
  out.beta = column[0] > 0 ? -length : length;
  column[0] -= out.beta;
  const double square = product(column.data(), column.data(), column.size());
  out.tau = square > 0 ? 2 / square : 0;
  out.v = std::move(column);
  return out;
}

// A ← H A H for the trailing block from `first` on, as the rank-two update A − v wᵀ − w vᵀ.
void reflect(Matrix& a, std::size_t first, const Reflection& h) {
  const std::size_t m = a.rows - first;
  std::vector<double> w(m);
  tbb::parallel_for(std::size_t{0}, m, [&](std::size_t i) {
    w[i] = h.tau * product(a.row(first + i) + first, h.v.data(), m);
  });
  const double half = h.tau / 2 * product(w.data(), h.v.data(), m);
  for (std::size_t i = 0; i < m; ++i) w[i] -= half * h.v[i];
  tbb::parallel_for(std::size_t{0}, m, [&](std::size_t i) {
    double* row = a.row(first + i) + first;
    for (std::size_t j = 0; j < m; ++j) row[j] -= h.v[i] * w[j] + w[i] * h.v[j];
  });
}

// Golub and Van Loan, Matrix Computations, algorithm 8.3.1.
Tridiagonal tridiagonalised(Matrix& a) {
  Tridiagonal out;
  for (std::size_t k = 0; k < a.rows; ++k) {
    out.diagonal.push_back(a.at(k, k));
    if (k + 1 == a.rows) break;
    const Reflection h = reflection_of({a.row(k) + k + 1, a.row(k) + a.rows});
    out.beside.push_back(h.beta);
    reflect(a, k + 1, h);
  }
  return out;
}

// The last index of the block that begins at `l`: no element beside the diagonal in it is
// negligible.
std::size_t end_of_block(const Tridiagonal& t, std::size_t l) {
  constexpr double kTiny = std::numeric_limits<double>::min();
  const auto& d = t.diagonal;
  std::size_t m = l;
  while (m + 1 < d.size() &&
         std::abs(t.beside[m]) >
             kTiny + std::numeric_limits<double>::epsilon() * (std::abs(d[m]) + std::abs(d[m + 1])))
    ++m;
  return m;
}

// One implicit QL sweep with Wilkinson's shift over the unreduced block l … m.
void sweep(Tridiagonal& t, std::size_t l, std::size_t m) {
  auto& d = t.diagonal;
  auto& e = t.beside;
  const double half = (d[l + 1] - d[l]) / (2 * e[l]);
  double g = d[m] - d[l] + e[l] / (half + std::copysign(std::hypot(half, 1.0), half));
  double s = 1, c = 1, p = 0;
  for (std::size_t i = m; i-- > l;) {
    const double f = s * e[i], b = c * e[i], r = std::hypot(f, g);
    if (i + 1 < m) e[i + 1] = r;
    if (r == 0) {
      d[i + 1] -= p;
      return;
    }
    s = f / r;
    c = g / r;
    const double above = d[i + 1] - p;
    const double turned = (d[i] - above) * s + 2 * c * b;
    p = s * turned;
    d[i + 1] = above + p;
    g = c * turned - b;
  }
  d[l] -= p;
  e[l] = g;
}

}  // namespace

double product(const double* a, const double* b, std::size_t n) {
  return laned_product<8>(a, b, n);
}

Matrix transposed(const Matrix& matrix) {
  Matrix out(matrix.columns, matrix.rows);
  for (std::size_t i = 0; i < matrix.rows; ++i)
    for (std::size_t j = 0; j < matrix.columns; ++j) out.at(j, i) = matrix.at(i, j);
  return out;
}

Matrix product_with_transposed(const Matrix& a, const Matrix& b) {
  check_internal(a.columns == b.columns, "a product of matrices that don't fit");
  Matrix out(a.rows, b.rows);
  tbb::parallel_for(std::size_t{0}, a.rows, [&](std::size_t i) {
    for (std::size_t j = 0; j < b.rows; ++j) out.at(i, j) = product(a.row(i), b.row(j), a.columns);
  });
  return out;
}

Matrix cholesky(const Matrix& matrix) {
  const std::size_t n = matrix.rows;
  double largest = 0;
  for (std::size_t i = 0; i < n; ++i) largest = std::max(largest, matrix.at(i, i));
  const double rounding = largest * static_cast<double>(n) * std::numeric_limits<double>::epsilon();
  Matrix lower(n, n);
  for (std::size_t j = 0; j < n; ++j) {
    const double pivot = matrix.at(j, j) - product(lower.row(j), lower.row(j), j);
    if (pivot <= rounding) continue;
    const double root = std::sqrt(pivot);
    lower.at(j, j) = root;
    tbb::parallel_for(j + 1, n, [&](std::size_t i) {
      lower.at(i, j) = (matrix.at(i, j) - product(lower.row(i), lower.row(j), j)) / root;
    });
  }
  return lower;
}

std::vector<double> eigenvalues(Matrix matrix) {
  constexpr int kMaxSweeps = 60;
  const std::size_t n = matrix.rows;
  Tridiagonal t = tridiagonalised(matrix);
  for (std::size_t l = 0; l + 1 < n; ++l) {
    for (int sweeps = 0;; ++sweeps) {
      const std::size_t m = end_of_block(t, l);
      if (m == l) break;
      check_internal(sweeps < kMaxSweeps, "eigenvalues don't converge");
      sweep(t, l, m);
      if (m + 1 < n) t.beside[m] = 0;
    }
  }
  return t.diagonal;
}

std::vector<double> solve(const Matrix& matrix, std::vector<double> x) {
  const Matrix lower = cholesky(matrix);
  const std::size_t n = matrix.rows;
  for (std::size_t i = 0; i < n; ++i)
    x[i] = (x[i] - product(lower.row(i), x.data(), i)) / lower.at(i, i);
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t j = i + 1; j < n; ++j) x[i] -= lower.at(j, i) * x[j];
    x[i] /= lower.at(i, i);
  }
  return x;
}

}  // namespace histoloom::evaluate
