// The orthogonal factor as its formula has it, for checks.
#include "../include/CFieldKernels.h"

#include <cmath>
#include <vector>

void cfk_reference_orthogonalize(double *matrix, int64_t rows, int64_t columns) {
  const double kRound[4][3] = {{8.3032, -24.0473, 17.4737},
                               {4.0121, -2.9303, 0.5431},
                               {3.508, -2.5811, 0.5053},
                               {2.335, -1.703, 0.3948}};
  double sum = 0;
  for (int64_t i = 0; i < rows * columns; ++i) sum += matrix[i] * matrix[i];
  if (!(sum > 0)) return;
  for (int64_t i = 0; i < rows * columns; ++i) matrix[i] /= std::sqrt(sum);
  std::vector<double> square(rows * rows), fourth(rows * rows), next(rows * columns);
  for (int round = 0; round < 4; ++round) {
    double eighth = 0;  // sum of singular values ^ 8
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < rows; ++j) {
        double s = 0;
        for (int64_t k = 0; k < columns; ++k) s += matrix[i * columns + k] * matrix[j * columns + k];
        square[i * rows + j] = s;
      }
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < rows; ++j) {
        double s = 0;
        for (int64_t k = 0; k < rows; ++k) s += square[i * rows + k] * square[k * rows + j];
        fourth[i * rows + j] = s;
        eighth += s * s;
      }
    const double scale = round ? 1 : 1.01 * std::pow(eighth, 0.125);
    const double a = kRound[round][0] / scale, b = kRound[round][1] / std::pow(scale, 3),
                 c = kRound[round][2] / std::pow(scale, 5);
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j) {
        double s = a * matrix[i * columns + j];
        for (int64_t k = 0; k < rows; ++k)
          s += (b * square[i * rows + k] + c * fourth[i * rows + k]) * matrix[k * columns + j];
        next[i * columns + j] = s;
      }
    for (int64_t i = 0; i < rows * columns; ++i) matrix[i] = next[i];
  }
}
