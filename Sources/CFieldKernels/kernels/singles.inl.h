// The products of gradients and backward passes in single precision.

typedef Singles Product;
enum { kPaired = 0 };

// Operands of a product, as in pairs.inl.h: rows serve as they lie, columns are turned.
CFK_INLINE int64_t pairsOf(int64_t count) { return count; }
CFK_INLINE const float *pairRows(const float *in, int64_t, int64_t, int64_t, float *) { return in; }
static void pairColumns(const float *in, int64_t rows, int64_t columns, float *out, int64_t stride,
                        float *) {
  transpose(in, columns, rows, out, stride, stride, columns);
}

// out[j][i][r] = in[j kRows + r][i]: panels of `count` rows, of `depth` numbers each. Writes up to kWidth - kRows
// floats more.
static void panelsOfRows(const float *in, int64_t row, int64_t count, int64_t depth, float *out) {
  for (int64_t m = 0; m < count; m += kRows)
    for (int64_t k = 0; k < depth; k += kWidth) {
      vf block[kWidth] = {};
      for (int r = 0; r < kRows && m + r < count; ++r) block[r] = load(in + (m + r) * row + k);
      exchangeAll<kWidth / 2>(block);
      for (int64_t i = 0; i < kWidth && k + i < depth; ++i, out += kRows) store(out, block[i]);
    }
}

// out[j][i][r] = in[i][j kRows + r]: panels of `count` columns, of `depth` numbers each. Writes up to
// kWidth - kRows floats more.
static void panelsOfColumns(const float *in, int64_t row, int64_t count, int64_t depth, float *out) {
  for (int64_t m = 0; m < count; m += kRows)
    for (int64_t k = 0; k < depth; ++k, out += kRows) {
      const float *from = in + k * row + m;
      if (m + kWidth <= row) store(out, load(from));
      else for (int r = 0; r < kRows && m + r < count; ++r) out[r] = from[r];
    }
}

// Finds the weights in panels of outputs (for the way up) and of inputs (down), after laying them out so
// unless they are already.
static void bindWeights(Tile *t, float *next, bool anew) {
  if (!kPanels) return;
  static_assert(!kPanels || kRows <= kWidth, "a panel's row is a part of a vector");
  for (int32_t l = 0; l < layerCount(t->field); ++l) {
    const cfk_layer *layer = &t->field->layer[l];
    const int64_t stride = cfk_stride(layer->inputs), first = firstInPanels(t, l);
    const float *weight = t->weights + layer->weight;
    t->up[l] = next;
    next += (layer->outputs + CFK_PAD) * stride;
    t->down[l] = next;
    next += layer->outputs * (stride + CFK_PAD);
    if (!anew) continue;
    panelsOfRows(weight + first * stride, stride, layer->outputs - first, layer->inputs, t->up[l]);
    panelsOfColumns(weight, stride, layer->inputs, layer->outputs, t->down[l]);
  }
}

// Rows of inputs are kept where they are.
CFK_INLINE void keep(const float *, int64_t, float *) {}

// A signal's rows [rows][T]; where row `at / T` of it is to be computed, which `putBlock` then puts.
CFK_INLINE void put(const float *in, int64_t rows, int64_t, Signal to) {
  scaled(to.across, in, 1.0f, rows * T);
}
CFK_INLINE float *place(float *, int64_t at, Signal to) { return to.across + at; }
CFK_INLINE void putBlock(const float *, int64_t, int64_t, int64_t, int64_t, Signal) {}

// above[o][p] = bias[o] + sum_i W[o][i] h[i][p] over all inputs, and outputs begin ..< end, of layer l,
// to `each`.
template <class Bias, class Each>
static void upward(Tile *t, int32_t l, int64_t begin, int64_t end, Signal h, Bias bias,
                   const Each &each, Beside beside) {
  exact(t, l, begin, end, h.across, bias, each, beside);
}

// below[i][p] = sum_o W[o][i] d[o][p] over the first `inputs` and `outputs` of layer l, to `each`.
template <class Each>
static void downward(Tile *t, int32_t l, int64_t inputs, Signal d, int64_t outputs,
                     const Each &each, Beside beside) {
  const cfk_layer *layer = &t->field->layer[l];
  if constexpr (kPanels)
    return gemm<Singles>(inputs, t->columns, outputs, Panels{t->down[l], layer->outputs}, d.across, T,
                         nullptr, Blocks<Each>{each, beside}, t->transposed);
  const auto product = [&](auto list) {
    gemm<Singles>(inputs, t->columns, outputs,
                  Strided{t->weights + layer->weight, 1, cfk_stride(layer->inputs)}, d.across, T,
                  nullptr, Blocks<Each>{each, beside}, nullptr, list);
  };
  if (t->terms) product(t->terms);
  else product(nullptr);
}

// d_W[o][i] += sum_p left[o][p] right[i][p], both along so many points.
static void outer(Tile *t, int32_t l, const float *left, const float *right, int64_t outputs,
                  int64_t points, float *d_weights) {
  const cfk_layer *layer = &t->field->layer[l];
  const int64_t stride = cfk_stride(layer->inputs), row = stride + CFK_PAD;
  transpose(right, T, layer->inputs, t->transposed, row, stride, points);
  gemm<Singles>(outputs, stride, points, Strided{left, T, 1}, t->transposed, row, nullptr,
                Into{d_weights + layer->weight, stride, true});
}
