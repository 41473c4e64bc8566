// Small dense linear algebra, in double.
#pragma once

#include <cstddef>
#include <vector>

namespace histoloom::evaluate {

struct Matrix {
  Matrix(std::size_t row_count, std::size_t column_count)
      : rows(row_count), columns(column_count), values(row_count * column_count) {}
  double& at(std::size_t i, std::size_t j) { return values[i * columns + j]; }
  double at(std::size_t i, std::size_t j) const { return values[i * columns + j]; }
  double* row(std::size_t i) { return values.data() + i * columns; }
  const double* row(std::size_t i) const { return values.data() + i * columns; }

  std::size_t rows, columns;
  std::vector<double> values;  // row by row
};

// The scalar product of n numbers each.
double product(const double* a, const double* b, std::size_t n);
Matrix transposed(const Matrix& matrix);
// A · Bᵀ.
Matrix product_with_transposed(const Matrix& a, const Matrix& b);

// The lower triangle L with L · Lᵀ = `matrix`, which is symmetric and positive semidefinite;
// columns whose pivot is rounding only are zero.
Matrix cholesky(const Matrix& matrix);

// All eigenvalues of a symmetric matrix, in no order. \error InternalError where they don't
// converge.
std::vector<double> eigenvalues(Matrix matrix);

// Solves matrix · x = right for a symmetric positive definite matrix.
std::vector<double> solve(const Matrix& matrix, std::vector<double> right);

}  // namespace histoloom::evaluate
