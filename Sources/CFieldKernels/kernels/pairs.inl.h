// The products of gradients and backward passes on pairs of bfloat16 numbers, summed in single
// precision: two multiply-adds where there was one. Distances, which the surface is made of, never come
// here, nor colours but in training; what does is rounded to 8 bits (a relative error of at most 1/256 a
// number, different for each, so that sums over a layer err by a thousandth).
//
// A pair fills the place of a float and is moved as one. Both sides of a product are paired along
// the dimension that is summed over.

struct Pairs {
  CFK_INLINE vf add(vf sum, vf x, vf y) {
    return (vf)_mm512_dpbf16_ps((__m512)sum, (__m512bh)x, (__m512bh)y);
  }
};

// out[j] = (row[2j], row[2j + 1]) for `count` floats, a multiple of 2 kWidth.
CFK_INLINE void pairAlong(const float *row, float *out, int64_t count) {
  for (int64_t p = 0; p < count; p += 2 * kWidth)
    store(out + p / 2,
          (vf)_mm512_cvtne2ps_pbh((__m512)load(row + p + kWidth), (__m512)load(row + p)));
}

// out[j] = (even[j], odd[j]) for `count` floats; `odd` may be NULL and counts as zeros then.
CFK_INLINE void pairAcross(const float *even, const float *odd, float *out, int64_t count) {
  alignas(64) static const int16_t kZip[32] = {0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                               21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                               11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const __m512i zip = _mm512_load_si512(kZip);
  for (int64_t p = 0; p < count; p += kWidth) {
    const vf second = odd ? load(odd + p) : (vf){};
    store(out + p, (vf)_mm512_permutexvar_epi16(
                       zip, (__m512i)_mm512_cvtne2ps_pbh((__m512)second, (__m512)load(even + p))));
  }
}

typedef Pairs Product;
enum { kPaired = 1 };

// Terms of a sum of `count` products.
CFK_INLINE int64_t pairsOf(int64_t count) { return (count + 1) / 2; }

// The operand of a product that sums over the rows of `in` [rows][row], of which `count` columns count:
// into `out` [pairsOf(rows)][row].
static const float *pairRows(const float *in, int64_t row, int64_t rows, int64_t count, float *out) {
  for (int64_t i = 0; i < rows; i += 2)
    pairAcross(in + i * row, i + 1 < rows ? in + (i + 1) * row : nullptr, out + i / 2 * row, count);
  return out;
}

// The operand of a product that sums over the columns of `in` [rows][columns]: into `out`
// [pairsOf(columns)][stride], with columns from `rows` on 0. `columns` is a multiple of 16. Of `out`,
// rows up to the next whole vector are written, of `room` [rows][columns / 2] so much is read.
static void pairColumns(const float *in, int64_t rows, int64_t columns, float *out, int64_t stride,
                        float *room) {
  const int64_t pairs = columns / 2;
  pairAlong(in, room, rows * columns);
  transpose(room, pairs, rows, out, stride, stride, (pairs + kWidth - 1) / kWidth * kWidth);
}

// Finds the weights in pairs of inputs (for the way up) and in pairs of outputs (down), after laying
// them out so, unless they are already. Rows of what products read by columns are padded: powers of two
// apart, they would meet in few sets of the cache.
static void bindWeights(Tile *t, float *next, bool anew) {
  for (int32_t l = 0; l < layerCount(t->field); ++l) {
    const cfk_layer *layer = &t->field->layer[l];
    const int64_t stride = cfk_stride(layer->inputs);
    const float *weight = t->weights + layer->weight;
    t->up[l] = next;
    next += (layer->outputs + 1) / 2 * stride;
    t->down[l] = next;
    next += (layer->outputs + 1) / 2 * (stride + CFK_PAD);
    if (!anew) continue;
    for (int64_t o = 0; o < layer->outputs; o += 2)
      pairAcross(weight + o * stride, o + 1 < layer->outputs ? weight + (o + 1) * stride : nullptr,
                 t->down[l] + o / 2 * (stride + CFK_PAD), stride);
    // Rows lie one behind the other, so that they are paired as one; an odd one out has its half.
    pairAlong(weight, t->up[l], layer->outputs / 2 * 2 * stride);
    if (layer->outputs % 2) {
      const float *last = weight + (layer->outputs - 1) * stride;
      float *room = t->up[l] + (layer->outputs - 1) / 2 * stride;
      for (int64_t i = 0; i < stride; i += kWidth) {
        const __m256bh half = _mm512_cvtneps_pbh((__m512)load(last + i));
        __builtin_memcpy(room + i / 2, &half, sizeof half);
      }
    }
  }
}

// A row of an input for d_W, `columns` of it rounded up to whole vectors of pairs.
CFK_INLINE void keep(const float *row, int64_t columns, float *along) {
  pairAlong(row, along, columns);
}

// Rows from m, an even number, and columns from n on of a signal; `in` [rows][row] has whole vectors of
// pairs. An odd row at the end is paired with zeros.
template <class Columns>
CFK_INLINE void putRows(const float *in, int64_t row, int64_t m, int64_t rows, int64_t n,
                        Columns columns, Signal to) {
  float *across = to.across + m / 2 * T + n, *along = to.along ? to.along + m * T + n / 2 : nullptr;
  for (int64_t r = 0; r < rows; r += 2, in += 2 * row, across += T) {
    const float *odd = r + 1 < rows ? in + row : nullptr;
    pairAcross(in, odd, across, columns);
    if (!along) continue;
    pairAlong(in, along, columns);
    if (odd) pairAlong(odd, along + T, columns);
    along += 2 * T;
  }
}

// A signal's rows [rows][T]; where a row of a block is to be computed, which `putBlock` then puts.
CFK_INLINE void put(const float *in, int64_t rows, int64_t columns, Signal to) {
  putRows(in, T, 0, rows, 0, columns, to);
}
CFK_INLINE float *place(float *row, int64_t, Signal) { return row; }
template <class Columns>
CFK_INLINE void putBlock(const float *block, int64_t m, int64_t rows, int64_t n, Columns columns,
                         Signal to) {
  putRows(block, kBlock, m, rows, n, columns, to);
}

// above[o][p] = bias[o] + sum_i W[o][i] h[i][p] over all inputs, and outputs begin ..< end, of layer l,
// to `each`.
template <class Bias, class Each>
static void upward(Tile *t, int32_t l, int64_t begin, int64_t end, Signal h, Bias bias,
                   const Each &each, Beside beside) {
  const int64_t inputs = t->field->layer[l].inputs, row = cfk_stride((int32_t)inputs) / 2;
  gemm<Pairs>(end - begin, t->columns, pairsOf(inputs), Strided{t->up[l] + begin * row, row, 1},
              h.across, T, bias, Blocks<Each>{each, beside});
}

// below[i][p] = sum_o W[o][i] d[o][p] over the first `inputs` and `outputs` of layer l, to `each`.
template <class Each>
static void downward(Tile *t, int32_t l, int64_t inputs, Signal d, int64_t outputs,
                     const Each &each, Beside beside) {
  gemm<Pairs>(inputs, t->columns, pairsOf(outputs),
              Strided{t->down[l], 1, cfk_stride(t->field->layer[l].inputs) + CFK_PAD}, d.across, T,
              nullptr, Blocks<Each>{each, beside});
}

// d_W[o][i] += sum_p left[o][p] right[i][p], both along so many points.
static void outer(Tile *t, int32_t l, const float *left, const float *right, int64_t outputs,
                  int64_t points, float *d_weights) {
  const cfk_layer *layer = &t->field->layer[l];
  const int64_t stride = cfk_stride(layer->inputs), row = stride + CFK_PAD, pairs = points / 2;
  transpose(right, T, layer->inputs, t->transposed, row, stride,
            (pairs + kWidth - 1) / kWidth * kWidth);
  gemm<Pairs>(outputs, stride, pairs, Strided{left, T, 1}, t->transposed, row, nullptr,
              Into{d_weights + layer->weight, stride, true});
}
