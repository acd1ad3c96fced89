// C[M, N] = init + A[M, K] B[K, N]; the one product behind every layer, forward and backward.
// A is read by broadcast through two strides (so a transposed A costs nothing), B and C by vectors.

enum Init { kZero, kAccumulate, kBias };

template <int MR, int NV>
CFK_INLINE void micro(int64_t k_count, const float *a, int64_t a_row, int64_t a_column,
                      const float *b, int64_t b_row, float *c, int64_t c_row, Init init,
                      const float *bias) {
  vf sum[MR][NV];
  for (int m = 0; m < MR; ++m)
    for (int n = 0; n < NV; ++n)
      sum[m][n] = init == kZero ? (vf){}
                  : init == kBias ? splat(bias[m]) : load(c + m * c_row + n * kWidth);
  for (int64_t k = 0; k < k_count; ++k) {
    vf row[NV];
    for (int n = 0; n < NV; ++n) row[n] = load(b + k * b_row + n * kWidth);
    for (int m = 0; m < MR; ++m) {
      const vf x = splat(a[m * a_row + k * a_column]);
      for (int n = 0; n < NV; ++n) sum[m][n] += x * row[n];
    }
  }
  for (int m = 0; m < MR; ++m)
    for (int n = 0; n < NV; ++n) store(c + m * c_row + n * kWidth, sum[m][n]);
}

template <int NV>
CFK_INLINE void panel(int64_t m_count, int64_t k_count, const float *a, int64_t a_row,
                      int64_t a_column, const float *b, int64_t b_row, float *c, int64_t c_row,
                      Init init, const float *bias) {
  int64_t m = 0;
#define CFK_ROWS(MR)                                                                        \
  for (; m + MR <= m_count; m += MR)                                                        \
    micro<MR, NV>(k_count, a + m * a_row, a_row, a_column, b, b_row, c + m * c_row, c_row,  \
                  init, init == kBias ? bias + m : bias);
  CFK_ROWS(kRows)
  CFK_ROWS(4)
  CFK_ROWS(1)
#undef CFK_ROWS
}

// N must be a multiple of kWidth.
static void gemm(int64_t m_count, int64_t n_count, int64_t k_count, const float *a, int64_t a_row,
                 int64_t a_column, const float *b, int64_t b_row, float *c, int64_t c_row,
                 Init init, const float *bias) {
  int64_t n = 0;
  for (; n + kColumns * kWidth <= n_count; n += kColumns * kWidth)
    panel<kColumns>(m_count, k_count, a, a_row, a_column, b + n, b_row, c + n, c_row, init, bias);
  for (; n < n_count; n += kWidth)
    panel<1>(m_count, k_count, a, a_row, a_column, b + n, b_row, c + n, c_row, init, bias);
}

// out[p][i] = in[i][p] for a tile; columns from `rows` to `stride` become 0.
static void transpose(const float *in, int64_t rows, float *out, int64_t stride) {
  enum { kBlock = 16 };
  for (int64_t i = 0; i < stride; i += kBlock)
    for (int64_t p = 0; p < CFK_TILE; ++p)
      for (int64_t j = i; j < i + kBlock; ++j)
        out[p * stride + j] = j < rows ? in[j * CFK_TILE + p] : 0.0f;
}
