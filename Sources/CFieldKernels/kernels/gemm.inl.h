// init + A[M, K] B[K, N]; the one product behind every layer, forward and backward. A is read by
// broadcast through two strides (so a transposed A costs nothing), B by vectors; init is 0 or a bias for
// each row. What is done with the sums is a sink's: `Into` a matrix, or `Blocks` to go on with.

enum { kLine = 16 / kWidth };                            // vectors of a line of the cache
static const int64_t kBlock = kColumns * kWidth;         // floats of a block's row

// One multiply-add of single numbers; the other kind is in pairs.inl.h.
struct Singles {
  CFK_INLINE vf add(vf sum, vf x, vf y) { return sum + x * y; }
};

// Stores sums in C, or adds them to it.
struct Into {
  float *c;
  int64_t row;
  bool adds;

  // What is added to is far away, most often: it comes while the sum is made.
  template <int MR, int NV>
  __attribute__((always_inline)) void expect(int64_t m, int64_t n) const {
    if (!adds) return;
    for (int i = 0; i < MR; ++i)
      for (int j = 0; j < NV; j += kLine) __builtin_prefetch(c + (m + i) * row + n + j * kWidth, 1);
  }

  template <int MR, int NV>
  __attribute__((always_inline)) void take(int64_t m, int64_t n, const vf (&sum)[MR][NV]) const {
    for (int i = 0; i < MR; ++i)
      for (int j = 0; j < NV; ++j) {
        float *to = c + (m + i) * row + n + j * kWidth;
        store(to, adds ? load(to) + sum[i][j] : sum[i][j]);
      }
  }
};

// Hands sums to `each(m, rows, n, columns, block)` while they are in the nearest cache: rows from m and
// columns from n on, in block [rows][kBlock]. `columns` is a constant, of a type of its own.
template <class Each>
struct Blocks {
  const Each &each;

  template <int MR, int NV>
  __attribute__((always_inline)) void expect(int64_t, int64_t) const {}

  template <int MR, int NV>
  __attribute__((always_inline)) void take(int64_t m, int64_t n, const vf (&sum)[MR][NV]) const {
    alignas(64) float block[MR * kBlock];
    for (int i = 0; i < MR; ++i)
      for (int j = 0; j < NV; ++j) store(block + i * kBlock + j * kWidth, sum[i][j]);
    each(m, (int64_t)MR, n, std::integral_constant<int64_t, NV * kWidth>(), block);
  }
};

template <class Multiply, int MR, int NV, class Bias, class Sink>
CFK_INLINE void micro(int64_t k_count, const float *a, int64_t a_row, int64_t a_column,
                      const float *b, int64_t b_row, Bias bias, int64_t at_m, int64_t at_n,
                      const Sink &sink) {
  vf sum[MR][NV];
  sink.template expect<MR, NV>(at_m, at_n);
  for (int m = 0; m < MR; ++m) {
    vf start = {};
    if constexpr (std::is_pointer_v<Bias>) start = splat(bias[at_m + m]);
    for (int n = 0; n < NV; ++n) sum[m][n] = start;
  }
  // What of A the next rows read comes meanwhile: they lie behind these, or beside them.
  const bool lies = a_column == 1;
  const float *ahead = a + (lies ? MR * a_row : CFK_PAD);
  const int64_t ahead_step = lies ? MR : a_column;
  for (int64_t k = 0; k < k_count; ++k) {
    __builtin_prefetch(ahead + k * ahead_step);
    vf row[NV];
    for (int n = 0; n < NV; ++n) row[n] = load(b + k * b_row + n * kWidth);
    for (int m = 0; m < MR; ++m) {
      const vf x = splat(a[m * a_row + k * a_column]);
      for (int n = 0; n < NV; ++n) sum[m][n] = Multiply::add(sum[m][n], x, row[n]);
    }
  }
  sink.template take<MR, NV>(at_m, at_n, sum);
}

template <class Multiply, int NV, class Bias, class Sink>
static void panel(int64_t m_count, int64_t k_count, const float *a, int64_t a_row, int64_t a_column,
                  const float *b, int64_t b_row, Bias bias, int64_t n, const Sink &sink) {
  int64_t m = 0;
  for (; m + kRows <= m_count; m += kRows)
    micro<Multiply, kRows, NV>(k_count, a + m * a_row, a_row, a_column, b + n, b_row, bias, m, n, sink);
#define CFK_REST(MR)                                                                            \
  case MR:                                                                                      \
    return micro<Multiply, MR, NV>(k_count, a + m * a_row, a_row, a_column, b + n, b_row, bias, \
                                   m, n, sink);
  switch (m_count - m) { CFK_REST(1) CFK_REST(2) CFK_REST(3) CFK_REST(4) CFK_REST(5) }
#undef CFK_REST
}

// N must be a multiple of kWidth; bias [M] or nullptr itself, which costs no question.
template <class Multiply, class Bias, class Sink>
static void gemm(int64_t m_count, int64_t n_count, int64_t k_count, const float *a, int64_t a_row,
                 int64_t a_column, const float *b, int64_t b_row, Bias bias,
                 const Sink &sink) {
  int64_t n = 0;
#define CFK_PANEL(NV)                                                                       \
  panel<Multiply, NV>(m_count, k_count, a, a_row, a_column, b, b_row, bias, n, sink);       \
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
// `stride` become 0. Rows of `in` lie `in_row` apart, of `out` `out_row`.
static void transpose(const float *in, int64_t in_row, int64_t rows, float *out, int64_t out_row,
                      int64_t stride, int64_t points) {
  for (int64_t i = 0; i < stride; i += kWidth)
    for (int64_t p = 0; p < points; p += kWidth) {
      vf block[kWidth];
      for (int j = 0; j < kWidth; ++j)
        block[j] = i + j < rows ? load(in + (i + j) * in_row + p) : (vf){};
      exchangeAll<kWidth / 2>(block);
      for (int j = 0; j < kWidth; ++j) store(out + (p + j) * out_row + i, block[j]);
    }
}
