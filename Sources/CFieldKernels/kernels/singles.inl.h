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

static void bindWeights(Tile *, float *, bool) {}  // the weights are used as they lie

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
                   const Each &each) {
  const cfk_layer *layer = &t->field->layer[l];
  const int64_t row = cfk_stride(layer->inputs);
  gemm<Singles>(end - begin, t->columns, layer->inputs, t->weights + layer->weight + begin * row, row,
                1, h.across, T, bias, Blocks<Each>{each});
}

// below[i][p] = sum_o W[o][i] d[o][p] over the first `inputs` and `outputs` of layer l, to `each`.
template <class Each>
static void downward(Tile *t, int32_t l, int64_t inputs, Signal d, int64_t outputs,
                     const Each &each) {
  const cfk_layer *layer = &t->field->layer[l];
  gemm<Singles>(inputs, t->columns, outputs, t->weights + layer->weight, 1,
                cfk_stride(layer->inputs), d.across, T, nullptr, Blocks<Each>{each});
}

// d_W[o][i] += sum_p left[o][p] right[i][p], both along so many points.
static void outer(Tile *t, int32_t l, const float *left, const float *right, int64_t outputs,
                  int64_t points, float *d_weights) {
  const cfk_layer *layer = &t->field->layer[l];
  const int64_t stride = cfk_stride(layer->inputs), row = stride + CFK_PAD;
  transpose(right, T, layer->inputs, t->transposed, row, stride, points);
  gemm<Singles>(outputs, stride, points, left, T, 1, t->transposed, row, nullptr,
                Into{d_weights + layer->weight, stride, true});
}
