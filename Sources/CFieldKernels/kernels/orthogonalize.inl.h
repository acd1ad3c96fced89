// The orthogonal factor of a matrix by a Newton-Schulz iteration, as Muon's (Jordan et al., 2024): fast
// rather than exact, as a direction to go in needs to be. Each round has the odd polynomial of degree 5
// that brings what the round before left nearest to 1 (Amsel et al., The Polar Express, 2025). X X' and
// its square are symmetric: products compute the half on and above the diagonal.

// Makes [padded][padded] symmetric by its squares of vectors on and above the diagonal.
static void mirror(float *matrix, int64_t padded) {
  for (int64_t i = 0; i < padded; i += kWidth)
    for (int64_t j = i + kWidth; j < padded; j += kWidth) {
      vf block[kWidth];
      for (int r = 0; r < kWidth; ++r) block[r] = load(matrix + (i + r) * padded + j);
      exchangeAll<kWidth / 2>(block);
      for (int r = 0; r < kWidth; ++r) store(matrix + (j + r) * padded + i, block[r]);
    }
}

// c = A' A [rows][padded] for the operand A that `pairColumns` or `pairRows` laid out, [depth][padded].
static void squared(int64_t rows, int64_t padded, int64_t depth, const float *a, float *c) {
  for (int64_t m = 0; m < rows; m += kRows) {
    const int64_t first = m / kWidth * kWidth, count = rows - m < kRows ? rows - m : kRows;
    gemm<Product>(count, padded - first, depth, Strided{a + m, 1, padded}, a + first, padded, nullptr,
                  Into{c + m * padded + first, padded, false});
  }
  mirror(c, padded);
}

static float length(const float *x, int64_t count) {
  vf sum = {};
  for (int64_t i = 0; i < count; i += kWidth) sum += load(x + i) * load(x + i);
  return __builtin_sqrtf(total(sum));
}

static void orthogonalize(float *matrix, int64_t rows, int64_t columns, float *scratch) {
  // For singular values of 0.003 to 1; the last round's are scaled for a mean of 0.92.
  static const float kRound[4][3] = {{8.3032f, -24.0473f, 17.4737f},
                                     {4.0121f, -2.9303f, 0.5431f},
                                     {3.508f, -2.5811f, 0.5053f},
                                     {2.335f, -1.703f, 0.3948f}};
  const int64_t padded = cfk_stride((int32_t)rows), count = rows * columns;
  float *x = matrix, *next = scratch;
  float *square = next + columns * padded, *fourth = square + padded * padded;
  float *turned = fourth + padded * padded, *room = turned + (columns + CFK_PAD) * padded;
  const float size = length(matrix, count);
  if (!(size > 1e-30f)) return;  // nothing to go by
  scaled(matrix, matrix, 1.0f / size, count);
  for (int round = 0; round < 4; ++round) {
    pairColumns(x, rows, columns, turned, padded, room);
    squared(rows, padded, pairsOf(columns), turned, square);
    const int64_t depth = pairsOf(rows);
    squared(rows, padded, depth, pairRows(square, padded, rows, padded, room), fourth);
    // In the first round X is divided by (sum of its singular values ^ 8) ^ 1/8, which none exceeds.
    const float s = round ? 1.0f : 1.01f * __builtin_sqrtf(__builtin_sqrtf(length(fourth, rows * padded)));
    const float a = kRound[round][0] / s, b = kRound[round][1] / (s * s * s);
    const float c = kRound[round][2] / (s * s * s * s * s);
    for (int64_t i = 0; i < rows * padded; i += kWidth)
      store(fourth + i, load(square + i) * b + load(fourth + i) * c);
    for (int64_t i = 0; i < rows; ++i) fourth[i * padded + i] += a;
    const float *polynomial = pairRows(fourth, padded, rows, padded, square);
    gemm<Product>(rows, columns, depth, Strided{polynomial, 1, padded},
                  pairRows(x, columns, rows, columns, room), columns, nullptr,
                  Into{next, columns, false});
    float *other = x;
    x = next;
    next = other;
  }
}
