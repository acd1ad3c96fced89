// A tile of points back through a field, from what a loss says of its outputs to d_weights.
//
// Backward of the gradient runs the chain upward with h = d loss / d u: h_v = W h_in,
//   d_W += v (x) h_in, h_out = h_v phi', and leaves h_v u phi'' on z. The ordinary backward follows.

// Whether a layer's two sums of d_W, v (x) h and d (x) in, are one: rows of pairs hold both behind one
// another, where all points are in use.
CFK_INLINE bool sumsAtOnce(const Tile *t, int32_t l) {
  return kPaired && t->columns == T && (t->flags & CFK_NEEDS_GRADIENT) && l < t->field->layers - 1;
}

// Backward of the gradient chain: leaves each layer's z-gradient in w.
static void backwardGradient(Tile *t, const float *d_gradient, float *d_weights) {
  const cfk_field *f = t->field;
  const int32_t last = f->layers - 1;
  float *h_encoding = t->wave;  // last use of the wave: h = J d_gradient replaces it
  for (int64_t e = 0; e < t->encoded; ++e)
    for (int64_t p = 0; p < T; p += kWidth)
      store(h_encoding + e * T + p,
            load(h_encoding + e * T + p) * load(d_gradient + (e % 3) * T + p));
  const float *h = h_encoding;  // at the input of the last layer, in the end
  put(h, t->encoded, t->columns, Signal{t->across[0], t->h[0]});
  for (int32_t l = 0; l < last; ++l) {
    const cfk_layer *layer = &f->layer[l];
    const Signal from = {t->across[l % 2], t->h[l]}, to = {t->across[(l + 1) % 2], t->h[l + 1]};
    // Rows that are to be joined by others, or summed up, are put together first.
    const bool joins = f->layer[l + 1].concat, gathers = joins || l + 1 == last;
    const float factor = joinFactor(t, l + 1), *slope = t->p[l];
    float *bend = t->w[l], *joined = t->joined;
    if (!sumsAtOnce(t, l)) outer(t, l, t->v[l], t->h[l], layer->outputs, t->columns, d_weights);
    const auto finish = [=](int64_t m, int64_t rows, int64_t n, auto columns, float *block) {
      for (int64_t r = 0; r < rows; ++r) {
        const int64_t at = (m + r) * T + n;
        const float *x = block + r * kBlock, *p = slope + at;
        float *w = bend + at;
        float *out = gathers ? joined + at : place(block + r * kBlock, at, to);
        for (int64_t i = 0; i < columns; i += kWidth) {
          const vf h_v = load(x + i);
          store(w + i, h_v * load(w + i));
          store(out + i, h_v * load(p + i) * factor);
        }
      }
      if (!gathers) putBlock(block, m, rows, n, columns, to);
    };
    upward(t, l, 0, layer->outputs, from, nullptr, finish, Beside{{slope, bend, gathers ? joined : to.across}});
    if (!gathers) continue;
    h = t->joined;
    if (joins) scaled(t->joined + layer->outputs * T, h_encoding, kJoin, t->encoded * T);
    if (l + 1 < last) put(h, f->layer[l + 1].inputs, t->columns, to);
  }
  for (int32_t i = 0; i < f->layer[last].inputs; ++i)
    d_weights[f->layer[last].weight + i] += total(h + i * T, t->columns);
}

// Where the gradient at layer l's z goes.
CFK_INLINE Signal arrival(const Tile *t, int32_t l) { return {t->across[l % 2], t->d[l]}; }

// What of its slopes and bends `arrive` reads at layer l.
CFK_INLINE const float *slopes(const Tile *t, int32_t l) {
  return t->field->layer[l].activation != CFK_IDENTITY ? t->p[l] : nullptr;
}
CFK_INLINE const float *bends(const Tile *t, int32_t l) {
  return (t->flags & CFK_NEEDS_GRADIENT) && l < t->field->layers - 1 ? t->w[l] : nullptr;
}
CFK_INLINE Beside beside(const Tile *t, int32_t l) {
  return {{slopes(t, l), bends(t, l), arrival(t, l).across}};
}

// What becomes of rows of the gradient at layer l's output: that at its z, and the biases'.
template <class Columns>
static void arrive(Tile *t, int32_t l, int64_t m, int64_t rows, int64_t n, Columns columns,
                   float *block, float factor, float *d_weights) {
  const Signal to = arrival(t, l);
  const float *slope = slopes(t, l), *bend = bends(t, l);
  float *d_bias = d_weights + t->field->layer[l].bias + m;
  for (int64_t r = 0; r < rows; ++r) {
    const int64_t at = (m + r) * T + n;
    const float *x = block + r * kBlock, *p = slope ? slope + at : nullptr, *w = bend ? bend + at : nullptr;
    float *d = place(block + r * kBlock, at, to);
    vf sum = {};
    for (int64_t i = 0; i < columns; i += kWidth) {
      vf value = load(x + i);
      if (p) value = value * load(p + i) * factor;
      if (w) value += load(w + i);
      store(d + i, value);
      sum += value;
    }
    d_bias[r] += total(sum);
  }
  putBlock(block, m, rows, n, columns, to);
}

// The gradient at the output of a layer that lies in memory, [outputs][T].
static void arriveFrom(Tile *t, int32_t l, const float *d, int64_t outputs, float *d_weights) {
  for (int64_t m = 0; m < outputs; m += kRows) {
    const int64_t rows = outputs - m < kRows ? outputs - m : kRows;
    for (int64_t n = 0; n < t->columns; n += kBlock) {
      alignas(64) float block[kRows * kBlock];
      const int64_t left = t->columns - n, columns = left < kBlock ? left : kBlock;
      for (int64_t r = 0; r < rows; ++r) scaled(block + r * kBlock, d + (m + r) * T + n, 1.0f, columns);
      arrive(t, l, m, rows, n, columns, block, 1.0f, d_weights);
    }
  }
}

static void backward(Tile *t, const float *d_distance, const float *d_gradient, const float *d_rgb,
                     float *d_weights) {
  const cfk_field *f = t->field;
  const int32_t last = f->layers - 1, all = layerCount(f);
  const bool color = (t->flags & CFK_NEEDS_COLOR) && f->color_layers > 0;
  if (t->flags & CFK_NEEDS_GRADIENT) backwardGradient(t, d_gradient, d_weights);
  endPhase(t, CFK_PHASE_BACKWARD_OF_GRADIENT);
  scaled(t->joined, d_distance, 1.0f, T);
  if (color) {
    arriveFrom(t, all - 1, d_rgb, 3, d_weights);
    for (int32_t l = all - 1; l > last; --l) {
      const int64_t outputs = f->layer[l].outputs;
      outer(t, l, t->d[l], t->kept[l], outputs, t->columns, d_weights);
      downward(
          t, l, f->layer[l].inputs, arrival(t, l), outputs,
          [=](int64_t m, int64_t rows, int64_t n, auto columns, float *block) {
            if (l - 1 > last)
              return arrive(t, l - 1, m, rows, n, columns, block, 1.0f, d_weights);
            // The gradient at the feature lands behind the distance's row.
            for (int64_t r = 0; r < rows; ++r)
              scaled(t->joined + (m + r + 1) * T + n, block + r * kBlock, 1.0f, columns);
          },
          l - 1 > last ? beside(t, l - 1) : Beside{});
    }
  }
  int64_t outputs = color ? f->layer[last].outputs : 1;
  arriveFrom(t, last, t->joined, outputs, d_weights);
  for (int32_t l = last;; --l) {
    outer(t, l, t->d[l], t->kept[l], outputs, sumsAtOnce(t, l) ? 2 * T : t->columns, d_weights);
    if (l == 0) return;
    const float factor = joinFactor(t, l);
    downward(
        t, l, ownInputs(t, l), arrival(t, l), outputs,
        [=](int64_t m, int64_t rows, int64_t n, auto columns, float *block) {
          arrive(t, l - 1, m, rows, n, columns, block, factor, d_weights);
        },
        beside(t, l - 1));
    outputs = f->layer[l - 1].outputs;
  }
}
