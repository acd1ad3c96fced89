// A tile of points through a field, and back.
//
// Forward:   in_l -> z_l = W_l in_l + b_l -> a_l = phi(z_l).
// Gradient:  u_l = d distance / d a_l, v_l = u_l phi'(z_l), u_in_l = W_l^T v_l, down to the encoding.
// Backward of the gradient runs the chain upward with h = d loss / d u: h_v = W h_in,
//   d_W += v (x) h_in, h_out = h_v phi', and leaves h_v u phi'' on z. The ordinary backward follows.
// Storage a tile: a, phi', u and the z-gradient of every layer; about 1 MiB at width 128, so that it
// stays in the second-level cache whatever the batch.

// Gives the tile its memory; returns what is left of it.
static float *bind(Tile *t, const cfk_field *field, const float *weights, int32_t flags,
                   float *scratch) {
  int32_t widest = 3 + 6 * field->bands;
  t->field = field; t->weights = weights; t->flags = flags; t->encoded = widest;
  t->ticks = nullptr; t->mark = 0;
  for (int32_t l = 0; l < layerCount(field); ++l) {
    const cfk_layer *layer = &field->layer[l];
    if (layer->inputs > widest) widest = layer->inputs;
    if (layer->outputs > widest) widest = layer->outputs;
  }
  widest = cfk_stride(widest + 1);  // one row more: the feature's gradient lies behind the distance's
  float *next = scratch;
#define CFK_TAKE(name, rows) t->name = next; next += (rows) * T;
  CFK_TAKE(position, 3) CFK_TAKE(encoding, t->encoded) CFK_TAKE(wave, t->encoded)
  CFK_TAKE(joined, widest) CFK_TAKE(s0, widest) CFK_TAKE(s1, widest) CFK_TAKE(transposed, widest)
  CFK_TAKE(halves, widest)
  CFK_TAKE(gradient, 3) CFK_TAKE(d_output, 7)
  for (int32_t l = 0; l < layerCount(field); ++l) {
    const int32_t n = field->layer[l].outputs;
    CFK_TAKE(a[l], n) CFK_TAKE(p[l], n) CFK_TAKE(u[l], n) CFK_TAKE(g[l], n)
  }
#undef CFK_TAKE
  return next;
}

// Columns behind the last vector in use keep what an earlier tile left there: nothing reads them but
// element-wise loops, which leave their results there too.
static void encode(Tile *t, const float *points, int64_t count) {
  t->columns = (count + kWidth - 1) / kWidth * kWidth;
  for (int64_t p = 0; p < T; ++p) {
    const int64_t q = p < count ? p : count - 1;  // padding repeats the last point
    for (int axis = 0; axis < 3; ++axis) t->position[axis * T + p] = points[3 * q + axis];
  }
  for (int64_t i = 0; i < 3 * T; i += kWidth) {
    store(t->encoding + i, load(t->position + i));
    store(t->wave + i, splat(1.0f));
  }
  for (int32_t k = 0; k < t->field->bands; ++k) {
    const float frequency = 3.14159265358979f * (float)(1 << k), w = t->field->band_weight[k];
    for (int64_t i = 0; i < 3 * T; i += kWidth) {
      vf s, c;
      vsincos(load(t->position + i) * frequency, &s, &c);
      const int64_t at_sine = (3 + 6 * k) * T + i, at_cosine = at_sine + 3 * T;
      store(t->encoding + at_sine, s * w);
      store(t->encoding + at_cosine, c * w);
      store(t->wave + at_sine, c * (w * frequency));
      store(t->wave + at_cosine, s * (-w * frequency));
    }
  }
}

static const float kJoin = 0.70710678118654752f;

CFK_INLINE void scaled(float *target, const float *source, float factor, int64_t count) {
  for (int64_t i = 0; i < count; i += kWidth) store(target + i, load(source + i) * factor);
}

// The input of layer l. `from` is the previous layer's output rows, `tail` the encoding's rows.
static const float *join(const Tile *t, int32_t l, const float *from, const float *tail,
                         float *room) {
  const cfk_layer *layer = &t->field->layer[l];
  if (!layer->concat) return from;
  const int64_t n = layer->inputs - t->encoded;
  scaled(room, from, kJoin, n * T);
  scaled(room + n * T, tail, kJoin, t->encoded * T);
  return room;
}

static const float *inputOf(const Tile *t, int32_t l) {
  if (l == 0) return t->encoding;
  if (l == t->field->layers) return t->a[l - 1] + T;  // colour reads the feature
  return join(t, l, t->a[l - 1], t->encoding, t->joined);
}

static void forwardLayer(Tile *t, int32_t l, int64_t outputs) {
  const cfk_layer *layer = &t->field->layer[l];
  gemm(outputs, t->columns, layer->inputs, t->weights + layer->weight, cfk_stride(layer->inputs), 1,
       inputOf(t, l), T, t->a[l], T, kBias, t->weights + layer->bias);
  if (layer->activation != CFK_IDENTITY)
    activate(layer->activation, layer->scale, t->a[l], t->a[l], t->p[l], outputs * T);
}

// Where u at the input of layer l is computed: at its final place if nothing has to be split off.
CFK_INLINE float *inputGradient(const Tile *t, int32_t l) {
  return l == 0 || t->field->layer[l].concat ? t->s0 : t->u[l - 1];
}

// The part of the spatial gradient that comes through the encoding; `down` is u at its rows.
static void gradientOfEncoding(Tile *t, const float *down, float factor) {
  for (int64_t e = 0; e < t->encoded; ++e)
    for (int64_t p = 0; p < T; p += kWidth) {
      float *sum = t->gradient + (e % 3) * T + p;
      store(sum, load(sum) + load(down + e * T + p) * load(t->wave + e * T + p) * factor);
    }
}

static void forwardGradient(Tile *t) {
  const cfk_field *f = t->field;
  const int32_t last = f->layers - 1;
  for (int64_t i = 0; i < 3 * T; i += kWidth) store(t->gradient + i, (vf){});
  float *down = inputGradient(t, last);
  const float *row = t->weights + f->layer[last].weight;
  for (int32_t i = 0; i < f->layer[last].inputs; ++i)
    for (int64_t p = 0; p < T; p += kWidth) store(down + i * T + p, splat(row[i]));
  for (int32_t l = last;; --l) {  // `down` holds u at the input of layer l
    const cfk_layer *layer = &f->layer[l];
    if (l == 0) return gradientOfEncoding(t, down, 1.0f);
    const int64_t own = layer->concat ? layer->inputs - t->encoded : layer->inputs;
    if (layer->concat) {
      gradientOfEncoding(t, down + own * T, kJoin);
      scaled(t->u[l - 1], down, kJoin, own * T);
    }
    for (int64_t i = 0; i < own * T; i += kWidth)
      store(t->s1 + i, load(t->u[l - 1] + i) * load(t->p[l - 1] + i));
    down = inputGradient(t, l - 1);
    downward(t, l - 1, f->layer[l - 1].inputs, t->s1, f->layer[l - 1].outputs, down);
  }
}

static void forward(Tile *t) {
  const int32_t layers = t->field->layers;
  const bool color = (t->flags & CFK_NEEDS_COLOR) && t->field->color_layers > 0;
  for (int32_t l = 0; l + 1 < layers; ++l) forwardLayer(t, l, t->field->layer[l].outputs);
  forwardLayer(t, layers - 1, color ? t->field->layer[layers - 1].outputs : 1);
  if (color)
    for (int32_t l = layers; l < layerCount(t->field); ++l)
      forwardLayer(t, l, t->field->layer[l].outputs);
  endPhase(t, CFK_PHASE_FORWARD);
  if (t->flags & CFK_NEEDS_GRADIENT) forwardGradient(t);
  endPhase(t, CFK_PHASE_GRADIENT);
}

CFK_INLINE float total(const Tile *t, const float *row) {
  vf sum = {};
  for (int64_t p = 0; p < t->columns; p += kWidth) sum += load(row + p);
  float result = 0;
  for (int i = 0; i < kWidth; ++i) result += sum[i];
  return result;
}

// Backward of the gradient chain: leaves each layer's z-gradient in g.
static void backwardGradient(Tile *t, const float *d_gradient, float *d_weights) {
  const cfk_field *f = t->field;
  float *h_encoding = t->wave;  // last use of the wave: h = J d_gradient replaces it
  for (int64_t e = 0; e < t->encoded; ++e)
    for (int64_t p = 0; p < T; p += kWidth)
      store(h_encoding + e * T + p,
            load(h_encoding + e * T + p) * load(d_gradient + (e % 3) * T + p));
  const float *h = h_encoding;
  for (int32_t l = 0; l + 1 < f->layers; ++l) {
    const cfk_layer *layer = &f->layer[l];
    const int64_t n = layer->outputs * T;
    for (int64_t i = 0; i < n; i += kWidth)
      store(t->s1 + i, load(t->u[l] + i) * load(t->p[l] + i));
    outer(t, l, t->s1, h, layer->outputs, d_weights);
    upward(t, l, h, t->s1);
    for (int64_t i = 0; i < n; i += kWidth) {
      const vf hv = load(t->s1 + i), slope = load(t->p[l] + i);
      store(t->g[l] + i, hv * load(t->u[l] + i)
                             * second(layer->activation, layer->scale, load(t->a[l] + i), slope));
      store(t->s0 + i, hv * slope);
    }
    h = join(t, l + 1, t->s0, h_encoding, t->joined);
  }
  const cfk_layer *last = &f->layer[f->layers - 1];
  for (int32_t i = 0; i < last->inputs; ++i) d_weights[last->weight + i] += total(t, h + i * T);
}

// d: gradient at layer l's z [outputs][T]; leaves the gradient at its input in `below`.
static void backwardLayer(Tile *t, int32_t l, const float *d, int64_t outputs, float *below,
                          float *d_weights) {
  const cfk_layer *layer = &t->field->layer[l];
  outer(t, l, d, inputOf(t, l), outputs, d_weights);
  for (int64_t o = 0; o < outputs; ++o) d_weights[layer->bias + o] += total(t, d + o * T);
  if (!below) return;
  const int64_t inputs = layer->concat ? layer->inputs - t->encoded : layer->inputs;
  downward(t, l, inputs, d, outputs, below);
  if (layer->concat) scaled(below, below, kJoin, inputs * T);
}

static void backward(Tile *t, const float *d_distance, const float *d_gradient, const float *d_rgb,
                     float *d_weights) {
  const cfk_field *f = t->field;
  const int32_t last = f->layers - 1;
  const bool second_order = t->flags & CFK_NEEDS_GRADIENT;
  const bool color = (t->flags & CFK_NEEDS_COLOR) && f->color_layers > 0;
  if (second_order) backwardGradient(t, d_gradient, d_weights);
  endPhase(t, CFK_PHASE_BACKWARD_OF_GRADIENT);
  float *d = t->s0;
  int64_t outputs = 1;
  scaled(d, d_distance, 1.0f, T);
  if (color) {
    outputs = f->layer[last].outputs;
    const float *above = d_rgb;
    for (int32_t l = layerCount(f) - 1; l > last; --l) {
      const int64_t n = f->layer[l].outputs * T;
      const bool bent = f->layer[l].activation != CFK_IDENTITY;
      for (int64_t i = 0; i < n; i += kWidth)
        store(t->s1 + i, bent ? load(above + i) * load(t->p[l] + i) : load(above + i));
      // The gradient at the feature lands behind the distance's row.
      backwardLayer(t, l, t->s1, f->layer[l].outputs, d + T, d_weights);
      above = d + T;
    }
  }
  for (int32_t l = last;; --l) {
    backwardLayer(t, l, d, outputs, l == 0 ? nullptr : t->s1, d_weights);
    if (l == 0) return;
    outputs = f->layer[l - 1].outputs;
    for (int64_t i = 0; i < outputs * T; i += kWidth) {
      const vf value = load(t->s1 + i) * load(t->p[l - 1] + i);
      store(d + i, second_order ? value + load(t->g[l - 1] + i) : value);
    }
  }
}

static void evaluate(const cfk_field *field, const float *weights, const float *points,
                     int64_t count, float *distance, float *gradient, float *rgb, float *scratch) {
  Tile t;
  const int32_t flags = (gradient ? CFK_NEEDS_GRADIENT : 0) | (rgb ? CFK_NEEDS_COLOR : 0);
  float *rest = bind(&t, field, weights, flags, scratch);
  if (gradient) bindWeights(&t, rest);
  const int32_t last = layerCount(field) - 1;
  for (int64_t first = 0; first < count; first += T) {
    const int64_t n = count - first < T ? count - first : T;
    encode(&t, points + 3 * first, n);
    forward(&t);
    for (int64_t p = 0; p < n; ++p) {
      distance[first + p] = t.a[field->layers - 1][p];
      for (int c = 0; c < 3; ++c) {
        if (gradient) gradient[3 * (first + p) + c] = t.gradient[c * T + p];
        if (rgb) rgb[3 * (first + p) + c] = t.a[last][c * T + p];
      }
    }
  }
}

static void train(const cfk_field *field, const float *weights, const float *points, int64_t first,
                  int64_t count, int32_t flags, cfk_loss loss, void *context, float *d_weights,
                  float *scratch, uint64_t *ticks) {
  Tile t;
  bindWeights(&t, bind(&t, field, weights, flags, scratch));
  t.ticks = ticks;
  t.mark = ticks ? __builtin_readcyclecounter() : 0;
  for (int64_t at = 0; at < count; at += T) {
    const int64_t n = count - at < T ? count - at : T;
    encode(&t, points + 3 * at, n);
    forward(&t);
    for (int64_t i = 0; i < 7 * T; i += kWidth) store(t.d_output + i, (vf){});
    const cfk_tile view = {first + at, (int32_t)n, flags, t.a[field->layers - 1], t.gradient,
                           t.a[layerCount(field) - 1], t.d_output, t.d_output + T,
                           t.d_output + 4 * T};
    loss(context, &view);
    endPhase(&t, CFK_PHASE_LOSS);
    for (int r = 0; r < 7; ++r)
      for (int64_t p = n; p < T; ++p) t.d_output[r * T + p] = 0.0f;
    backward(&t, view.d_distance, view.d_gradient, view.d_rgb, d_weights);
    endPhase(&t, CFK_PHASE_BACKWARD);
  }
}
