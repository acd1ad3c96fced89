// The orthogonal factor of a matrix by a Newton-Schulz iteration with the coefficients of Jordan et al.,
// Muon, 2024: fast rather than exact, as a direction to go in needs to be.

static void orthogonalize(float *matrix, int64_t rows, int64_t columns, float *scratch) {
  const float a = 3.4445f, b = -4.7750f, c = 2.0315f;
  enum { kRounds = 5 };
  const int64_t padded = cfk_stride((int32_t)rows), count = rows * columns;
  float *transposed = scratch, *next = transposed + columns * padded;
  float *square = next + padded * columns, *polynomial = square + padded * padded;
  vf sum = {};
  for (int64_t i = 0; i < count; i += kWidth) sum += load(matrix + i) * load(matrix + i);
  float length = 0;
  for (int i = 0; i < kWidth; ++i) length += sum[i];
  length = __builtin_sqrtf(length);
  if (!(length > 1e-30f)) return;  // nothing to go by
  for (int64_t i = 0; i < count; i += kWidth) store(matrix + i, load(matrix + i) / length);
  for (int round = 0; round < kRounds; ++round) {
    transpose(matrix, columns, rows, transposed, padded, columns);
    gemm(rows, padded, columns, matrix, columns, 1, transposed, padded, square, padded, kZero, nullptr);
    gemm(rows, padded, rows, square, padded, 1, square, padded, polynomial, padded, kZero, nullptr);
    for (int64_t i = 0; i < rows * padded; i += kWidth)
      store(polynomial + i, load(square + i) * b + load(polynomial + i) * c);
    for (int64_t i = 0; i < rows; ++i) polynomial[i * padded + i] += a;
    gemm(rows, columns, rows, polynomial, padded, 1, matrix, columns, next, columns, kZero, nullptr);
    for (int64_t i = 0; i < count; i += kWidth) store(matrix + i, load(next + i));
  }
}
