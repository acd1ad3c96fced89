// C[M, N] = init + A[M, K] B[K, N]; the one product behind every layer, forward and backward.
// A is read by broadcast through two strides (so a transposed A costs nothing), B and C by vectors.

enum { kLine = 16 / kWidth };  // vectors of a line of the cache
enum Init { kZero, kAccumulate, kBias };

// One multiply-add of single numbers; the other kind is in pairs.inl.h.
struct Singles {
  CFK_INLINE vf add(vf sum, vf x, vf y) { return sum + x * y; }
};

template <class Multiply, int MR, int NV>
CFK_INLINE void micro(int64_t k_count, const float *a, int64_t a_row, int64_t a_column,
                      const float *b, int64_t b_row, float *c, int64_t c_row, Init init,
                      const float *bias) {
  vf sum[MR][NV];
  // What is added to is far away, most often: it comes while the sum is made.
  if (init == kAccumulate)
    for (int m = 0; m < MR; ++m)
      for (int n = 0; n < NV; n += kLine) __builtin_prefetch(c + m * c_row + n * kWidth, 1);
  for (int m = 0; m < MR; ++m)
    for (int n = 0; n < NV; ++n) sum[m][n] = init == kBias ? splat(bias[m]) : (vf){};
  for (int64_t k = 0; k < k_count; ++k) {
    vf row[NV];
    for (int n = 0; n < NV; ++n) row[n] = load(b + k * b_row + n * kWidth);
    for (int m = 0; m < MR; ++m) {
      const vf x = splat(a[m * a_row + k * a_column]);
      for (int n = 0; n < NV; ++n) sum[m][n] = Multiply::add(sum[m][n], x, row[n]);
    }
  }
  for (int m = 0; m < MR; ++m)
    for (int n = 0; n < NV; ++n) {
      float *to = c + m * c_row + n * kWidth;
      store(to, init == kAccumulate ? load(to) + sum[m][n] : sum[m][n]);
    }
}

template <class Multiply, int NV>
static void panel(int64_t m_count, int64_t k_count, const float *a, int64_t a_row,
                      int64_t a_column, const float *b, int64_t b_row, float *c, int64_t c_row,
                      Init init, const float *bias) {
  int64_t m = 0;
  for (; m + kRows <= m_count; m += kRows)
    micro<Multiply, kRows, NV>(k_count, a + m * a_row, a_row, a_column, b, b_row, c + m * c_row, c_row, init,
                     init == kBias ? bias + m : bias);
#define CFK_REST(MR)                                                                         \
  case MR:                                                                                   \
    return micro<Multiply, MR, NV>(k_count, a + m * a_row, a_row, a_column, b, b_row,       \
                                   c + m * c_row, c_row, init,                      \
                                   init == kBias ? bias + m : bias);
  switch (m_count - m) { CFK_REST(1) CFK_REST(2) CFK_REST(3) CFK_REST(4) CFK_REST(5) }
#undef CFK_REST
}

// N must be a multiple of kWidth.
template <class Multiply = Singles>
static void gemm(int64_t m_count, int64_t n_count, int64_t k_count, const float *a, int64_t a_row,
                 int64_t a_column, const float *b, int64_t b_row, float *c, int64_t c_row,
                 Init init, const float *bias) {
  int64_t n = 0;
#define CFK_PANEL(NV)                                                                       \
  panel<Multiply, NV>(m_count, k_count, a, a_row, a_column, b + n, b_row, c + n, c_row, init, \
                      bias);                                                                \
  n += NV * kWidth
  while (n + kColumns * kWidth <= n_count) { CFK_PANEL(kColumns); }
  if constexpr (kColumns > 2) {
    if (n + 3 * kWidth <= n_count) { CFK_PANEL(3); }
    if (n + 2 * kWidth <= n_count) { CFK_PANEL(2); }
  }
  while (n < n_count) { CFK_PANEL(1); }
#undef CFK_PANEL
}

template <int Half, int... I>
CFK_INLINE void exchange(vf *first, vf *second, std::integer_sequence<int, I...>) {
  const vf a = *first, b = *second;
  *first = __builtin_shufflevector(a, b, ((I & Half) ? kWidth + I - Half : I)...);
  *second = __builtin_shufflevector(a, b, ((I & Half) ? kWidth + I : I + Half)...);
}

// One round of the transposition of a square of vectors: swaps halves of blocks of 2 x Half.
template <int Half>
CFK_INLINE void exchangeAll(vf *row) {
  if constexpr (Half > 0) {
    for (int i = 0; i < kWidth; ++i)
      if (!(i & Half))
        exchange<Half>(&row[i], &row[i + Half], std::make_integer_sequence<int, kWidth>());
    exchangeAll<Half / 2>(row);
  }
}

// out[p][i] = in[i][p] for the first `points` of a tile, a multiple of kWidth; columns from `rows` to
// `stride` become 0. Rows of `in` lie `in_row` apart.
static void transpose(const float *in, int64_t in_row, int64_t rows, float *out, int64_t stride,
                      int64_t points) {
  for (int64_t i = 0; i < stride; i += kWidth)
    for (int64_t p = 0; p < points; p += kWidth) {
      vf block[kWidth];
      for (int j = 0; j < kWidth; ++j)
        block[j] = i + j < rows ? load(in + (i + j) * in_row + p) : (vf){};
      exchangeAll<kWidth / 2>(block);
      for (int j = 0; j < kWidth; ++j) store(out + (p + j) * stride + i, block[j]);
    }
}
