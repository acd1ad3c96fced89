// The products of gradients and backward passes in single precision.

typedef Singles Product;

// Operands of a product, as in pairs.inl.h: rows serve as they lie, columns are turned.
CFK_INLINE int64_t pairsOf(int64_t count) { return count; }
CFK_INLINE const float *pairRows(const float *in, int64_t, int64_t, int64_t, float *) { return in; }
static void pairColumns(const float *in, int64_t rows, int64_t columns, float *out, int64_t stride,
                        float *) {
  transpose(in, columns, rows, out, stride, columns);
}

static void bindWeights(Tile *, float *) {}  // the weights are used as they lie

// above[o][p] = sum_i W[o][i] h[i][p] over all inputs and outputs of layer l.
static void upward(Tile *t, int32_t l, const float *h, float *above) {
  const cfk_layer *layer = &t->field->layer[l];
  gemm(layer->outputs, t->columns, layer->inputs, t->weights + layer->weight,
       cfk_stride(layer->inputs), 1, h, T, above, T, kZero, nullptr);
}

// below[i][p] = sum_o W[o][i] d[o][p] over the first `inputs` and `outputs` of layer l.
static void downward(Tile *t, int32_t l, int64_t inputs, const float *d, int64_t outputs,
                     float *below) {
  const cfk_layer *layer = &t->field->layer[l];
  gemm(inputs, t->columns, outputs, t->weights + layer->weight, 1, cfk_stride(layer->inputs), d, T,
       below, T, kZero, nullptr);
}

// d_W[o][i] += sum_p left[o][p] right[i][p].
static void outer(Tile *t, int32_t l, const float *left, const float *right, int64_t outputs,
                  float *d_weights) {
  const cfk_layer *layer = &t->field->layer[l];
  const int64_t stride = cfk_stride(layer->inputs);
  transpose(right, T, layer->inputs, t->transposed, stride, t->columns);
  gemm(outputs, stride, t->columns, left, T, 1, t->transposed, stride, d_weights + layer->weight,
       stride, kAccumulate, nullptr);
}
