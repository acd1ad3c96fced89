// init + A[M, K] B[K, N]; the one product behind every layer, forward and backward. A is read by
// broadcast, `Strided` as it lies or from `Panels`; B by vectors; init is 0 or a bias for each row. What is
// done with the sums is a sink's: `Into` a matrix, or `Blocks` to go on with.

enum { kLine = 16 / kWidth };                            // vectors of a line of the cache
static const int64_t kBlock = kColumns * kWidth;         // floats of a block's row

// One multiply-add of single numbers; the other kind is in pairs.inl.h.
struct Singles {
  CFK_INLINE vf add(vf sum, vf x, vf y) { return sum + x * y; }
};

// The left side of a product as it lies: two strides, so that a transposed matrix costs nothing.
struct Strided {
  const float *from;
  int64_t row, column;

  CFK_MEMBER Strided below(int64_t m) const { return {from + m * row, row, column}; }
  CFK_MEMBER float at(int64_t m, int64_t k) const { return from[m * row + k * column]; }

  // What the next rows read comes meanwhile: they lie behind these, or beside them.
  template <int MR>
  CFK_MEMBER void expect(int64_t k) const {
    const bool lies = column == 1;
    __builtin_prefetch(from + (lies ? MR * row : CFK_PAD) + k * (lies ? MR : column));
  }
};

// The left side laid out in the order in which it is read: [M / kRows][depth][kRows].
struct Panels {
  const float *from;
  int64_t depth;

  CFK_MEMBER Panels below(int64_t m) const { return {from + m * depth, depth}; }
  CFK_MEMBER float at(int64_t m, int64_t k) const { return from[k * kRows + m]; }

  template <int MR>
  CFK_MEMBER void expect(int64_t k) const { __builtin_prefetch(from + (depth + k) * kRows); }
};

// Some rows of such panels; kRows more of the list are read, to know what comes next.
struct Picked {
  const float *from;
  int64_t depth;
  const int32_t *rows;

  CFK_MEMBER Picked below(int64_t m) const { return {from, depth, rows + m}; }
  CFK_MEMBER const float *row(int64_t m) const {
    const int64_t r = rows[m];
    return from + r / kRows * kRows * depth + r % kRows;
  }
  CFK_MEMBER float at(int64_t m, int64_t k) const { return row(m)[k * kRows]; }

  template <int MR>
  CFK_MEMBER void expect(int64_t k) const { __builtin_prefetch(row(MR) + k * kRows); }
};

// Stores sums in C, or adds them to it.
struct Into {
  float *c;
  int64_t row;
  bool adds;

  // What is added to is far away, most often: it comes while the sum is made.
  template <int MR, int NV>
  CFK_MEMBER void expect(int64_t m, int64_t n) const {
    if (!adds) return;
    for (int i = 0; i < MR; ++i)
      for (int j = 0; j < NV; j += kLine) __builtin_prefetch(c + (m + i) * row + n + j * kWidth, 1);
  }

  template <int MR, int NV>
  CFK_MEMBER void take(int64_t m, int64_t n, const vf (&sum)[MR][NV]) const {
    for (int i = 0; i < MR; ++i)
      for (int j = 0; j < NV; ++j) {
        float *to = c + (m + i) * row + n + j * kWidth;
        store(to, adds ? load(to) + sum[i][j] : sum[i][j]);
      }
  }
};

// What is read or written beside sums, [rows][CFK_TILE]; NULL where that is less.
struct Beside { const float *rows[3]; };

// Hands sums to `each(m, rows, n, columns, block)` while they are in the nearest cache: rows from m and
// columns from n on, in block [rows][kBlock]. `columns` is a constant, of a type of its own.
template <class Each>
struct Blocks {
  const Each &each;
  Beside beside;

  // What lies beside comes while the sums are made: a line of each of many rows, which no processor
  // foresees. Whole rows of a tile it does.
  template <int MR, int NV>
  CFK_MEMBER void expect(int64_t m, int64_t n) const {
    if constexpr (kBlock == CFK_TILE) return;
    for (const float *rows : beside.rows) {
      if (!rows) continue;
      for (int i = 0; i < MR; ++i)
        for (int j = 0; j < NV; j += kLine)
          __builtin_prefetch(rows + (m + i) * CFK_TILE + n + j * kWidth);
    }
  }

  template <int MR, int NV>
  CFK_MEMBER void take(int64_t m, int64_t n, const vf (&sum)[MR][NV]) const {
    alignas(64) float block[MR * kBlock];
    for (int i = 0; i < MR; ++i)
      for (int j = 0; j < NV; ++j) store(block + i * kBlock + j * kWidth, sum[i][j]);
    each(m, (int64_t)MR, n, std::integral_constant<int64_t, NV * kWidth>(), block);
  }
};

// The terms of a product's sums: all; or those of a list, of which B has the rows alone if it is gathered.
struct All {
  int64_t count;

  CFK_MEMBER int64_t left(int64_t i) const { return i; }
  CFK_MEMBER int64_t right(int64_t i) const { return i; }
};
template <bool IsGathered>
struct Listed {
  const int32_t *list;
  int64_t count;

  CFK_MEMBER int64_t left(int64_t i) const { return list[i]; }
  CFK_MEMBER int64_t right(int64_t i) const { return IsGathered ? i : list[i]; }
};

template <class Multiply, int MR, int NV, class Terms, class Left, class Bias, class Sink>
CFK_INLINE void micro(Terms terms, Left a, const float *b, int64_t b_row, Bias bias,
                      int64_t at_m, int64_t at_n, const Sink &sink) {
  vf sum[MR][NV];
  sink.template expect<MR, NV>(at_m, at_n);
  for (int m = 0; m < MR; ++m) {
    vf start = {};
    if constexpr (std::is_pointer_v<Bias>) start = splat(bias[at_m + m]);
    for (int n = 0; n < NV; ++n) sum[m][n] = start;
  }
  for (int64_t i = 0; i < terms.count; ++i) {
    const int64_t k = terms.left(i);
    a.template expect<MR>(k);
    vf row[NV];
    for (int n = 0; n < NV; ++n) row[n] = load(b + terms.right(i) * b_row + n * kWidth);
    for (int m = 0; m < MR; ++m) {
      const vf x = splat(a.at(m, k));
      for (int n = 0; n < NV; ++n) sum[m][n] = Multiply::add(sum[m][n], x, row[n]);
    }
  }
  sink.template take<MR, NV>(at_m, at_n, sum);
}

template <class Multiply, int NV, class Terms, class Left, class Bias, class Sink>
static void panel(int64_t m_count, Terms terms, Left a, const float *b, int64_t b_row, Bias bias,
                  int64_t n, const Sink &sink) {
  int64_t m = 0;
  for (; m + kRows <= m_count; m += kRows)
    micro<Multiply, kRows, NV>(terms, a.below(m), b, b_row, bias, m, n, sink);
#define CFK_REST(MR) \
  case MR: return micro<Multiply, MR, NV>(terms, a.below(m), b, b_row, bias, m, n, sink);
  switch (m_count - m) { CFK_REST(1) CFK_REST(2) CFK_REST(3) CFK_REST(4) CFK_REST(5) }
#undef CFK_REST
}

// Lists those of `count` rows of NV vectors that are not all zero, and gathers them in `room`, where there is one;
// returns how many they are.
template <int NV>
CFK_INLINE int64_t listRows(const float *rows, int64_t row, int64_t count, int32_t *list, float *room) {
  int64_t found = 0;
  for (int64_t k = 0; k < count; ++k) {
    vi bits = {};
    for (int j = 0; j < NV; ++j) {
      const vf x = load(rows + k * row + j * kWidth);
      if (room) store(room + (found * NV + j) * kWidth, x);
      bits |= x != 0.0f;
    }
    list[found] = (int32_t)k;
    found += __builtin_reduce_or(bits) != 0;
  }
  return found;
}

// N must be a multiple of kWidth; bias [M] or nullptr itself, which costs no question. Columns of B are
// gathered in `room` [K][kBlock], where there is one, before they are read again and again: rows powers of two
// apart meet in few sets of the nearest cache. With a `list` [K] rows of B that are zero in all of a block's columns
// are left out.
template <class Multiply, class Left, class Bias, class Sink, class List = std::nullptr_t>
static void gemm(int64_t m_count, int64_t n_count, int64_t k_count, Left a, const float *b,
                 int64_t b_row, Bias bias, const Sink &sink, float *room = nullptr, List list = nullptr) {
  const auto columns = [&](int64_t n, auto vectors) {
    constexpr int NV = decltype(vectors)::value;
    constexpr int64_t gathered = NV * kWidth;
    const float *from = b + n;
    if constexpr (std::is_pointer_v<List>) {
      const int64_t count = listRows<NV>(from, b_row, k_count, list, room);
      if (room)
        panel<Multiply, NV>(m_count, Listed<true>{list, count}, a, room, gathered, bias, n, sink);
      else
        panel<Multiply, NV>(m_count, Listed<false>{list, count}, a, from, b_row, bias, n, sink);
    } else if (room) {
      for (int64_t k = 0; k < k_count; ++k)
        for (int j = 0; j < NV; ++j)
          store(room + k * gathered + j * kWidth, load(from + k * b_row + j * kWidth));
      panel<Multiply, NV>(m_count, All{k_count}, a, room, gathered, bias, n, sink);
    } else {
      panel<Multiply, NV>(m_count, All{k_count}, a, from, b_row, bias, n, sink);
    }
    return n + gathered;
  };
  int64_t n = 0;
  while (n + kColumns * kWidth <= n_count) n = columns(n, std::integral_constant<int, kColumns>());
  if constexpr (kColumns > 2) {
    if (n + 3 * kWidth <= n_count) n = columns(n, std::integral_constant<int, 3>());
    if (n + 2 * kWidth <= n_count) n = columns(n, std::integral_constant<int, 2>());
  }
  while (n < n_count) n = columns(n, std::integral_constant<int, 1>());
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
