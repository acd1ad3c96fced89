// The orthogonal factor as its formula has it, for checks.
#include "../include/CFieldKernels.h"

#include <cmath>
#include <vector>

void cfk_reference_orthogonalize(double *matrix, int64_t rows, int64_t columns) {
  const double a = 3.4445, b = -4.7750, c = 2.0315;
  double sum = 0;
  for (int64_t i = 0; i < rows * columns; ++i) sum += matrix[i] * matrix[i];
  if (!(sum > 0)) return;
  for (int64_t i = 0; i < rows * columns; ++i) matrix[i] /= std::sqrt(sum);
  std::vector<double> square(rows * rows), next(rows * columns);
  for (int round = 0; round < 5; ++round) {
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < rows; ++j) {
        double s = 0;
        for (int64_t k = 0; k < columns; ++k) s += matrix[i * columns + k] * matrix[j * columns + k];
        square[i * rows + j] = s;
      }
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j) {
        double s = a * matrix[i * columns + j];
        for (int64_t k = 0; k < rows; ++k) {
          double fourth = 0;
          for (int64_t l = 0; l < rows; ++l) fourth += square[i * rows + l] * square[l * rows + k];
          s += (b * square[i * rows + k] + c * fourth) * matrix[k * columns + j];
        }
        next[i * columns + j] = s;
      }
    for (int64_t i = 0; i < rows * columns; ++i) matrix[i] = next[i];
  }
}
