// A tile of points through a field: outputs, and the spatial gradient of the distance.
//
// Forward:   in_l -> z_l = W_l in_l + b_l -> a_l = phi(z_l).
// Gradient:  u_l = d distance / d a_l, v_l = u_l phi'(z_l), u_in_l = W_l^T v_l, down to the encoding.
// What follows a product is done block by block, while its sums are in the nearest cache. A tile keeps
// what backward passes need: each layer's input and v for d_W, phi' and u phi''. About 1 MiB at width
// 128, so that it stays in the second-level cache whatever the batch.

// Gives the tile its memory; returns what is left of it.
static float *bind(Tile *t, const cfk_field *field, const float *weights, int32_t flags, bool trains,
                   float *scratch) {
  int32_t widest = 3 + 6 * field->bands;
  t->field = field; t->weights = weights; t->flags = flags; t->trains = trains;
  t->encoded = widest;
  t->ticks = nullptr; t->mark = 0;
  for (int32_t l = 0; l < layerCount(field); ++l) {
    const cfk_layer *layer = &field->layer[l];
    if (layer->inputs > widest) widest = layer->inputs;
    if (layer->outputs > widest) widest = layer->outputs;
  }
  widest = cfk_stride(widest + 1);
  float *next = scratch;
  t->terms = trains ? nullptr : (int32_t *)next;
  t->wanted = trains ? nullptr : (int32_t *)next + widest;
  next += 2 * widest + CFK_PAD;
#define CFK_TAKE(name, count) t->name = next; next += (count);
  CFK_TAKE(position, 3 * T) CFK_TAKE(encoding, t->encoded * T) CFK_TAKE(wave, t->encoded * T)
  CFK_TAKE(joined, widest * T) CFK_TAKE(transposed, (widest + CFK_PAD) * T)
  CFK_TAKE(gradient, 3 * T) CFK_TAKE(d_output, 7 * T)
  CFK_TAKE(distance, widest * T) CFK_TAKE(rgb, widest * T)
  CFK_TAKE(across[0], widest * T) CFK_TAKE(across[1], widest * T)
  // Without pairs an input is kept where it is; else two places do for all.
  float *place[2] = {next, next + widest * T};
  if (kPaired) next += 2 * widest * T;
  for (int32_t l = 0; l < layerCount(field); ++l) {
    const int32_t inputs = field->layer[l].inputs, outputs = field->layer[l].outputs;
    if (l == 0) t->input[l] = t->encoding;
    else if (l == field->layers) t->input[l] = t->distance + T;  // colour reads the feature
    else if (kPaired) t->input[l] = place[l % 2];
    else { CFK_TAKE(input[l], inputs * T) }
    CFK_TAKE(p[l], outputs * T)
    if (l < field->layers) { CFK_TAKE(w[l], outputs * T) }
    if (kPaired) {
      next += T;  // what stands before the feature
      CFK_TAKE(kept[l], inputs * T) CFK_TAKE(d[l], outputs * T)
      t->h[l] = t->kept[l] + T / 2;
      t->v[l] = t->d[l] + T / 2;
    } else {
      t->kept[l] = t->input[l];
      t->h[l] = t->d[l] = t->across[l % 2];
      CFK_TAKE(v[l], outputs * T)
    }
  }
#undef CFK_TAKE
  return next;
}

static const float kJoin = 0.70710678118654752f;

// Of the inputs of layer l, those that are outputs of the layer before, and what these are multiplied by.
CFK_INLINE int64_t ownInputs(const Tile *t, int32_t l) {
  const cfk_layer *layer = &t->field->layer[l];
  return l == 0 ? 0 : layer->concat ? layer->inputs - t->encoded : layer->inputs;
}
CFK_INLINE float joinFactor(const Tile *t, int32_t l) {
  return t->field->layer[l].concat ? kJoin : 1.0f;
}

static void keepRows(const float *in, int64_t rows, int64_t columns, float *along) {
  for (int64_t r = 0; r < rows; ++r) keep(in + r * T, columns, along + r * T);
}

// Columns behind the last vector in use keep what an earlier tile left there: nothing reads them but
// element-wise loops, which leave their results there too.
static void encode(Tile *t, const float *points, int64_t count) {
  const int64_t whole = t->trains ? kWidth : kBlock;
  t->columns = (count + whole - 1) / whole * whole;
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
  if (t->trains) keepRows(t->encoding, t->encoded, t->columns, t->kept[0]);
}

// phi'' of these needs the value itself.
CFK_INLINE bool bendsByValue(int32_t kind) { return kind == CFK_SINE || kind == CFK_SIGMOID; }

// Outputs begin ..< end of layer l, where they matter to what is trained alone by the products of backward
// passes.
static void forwardLayer(Tile *t, int32_t l, int64_t begin, int64_t end, bool coarse) {
  const cfk_field *f = t->field;
  const cfk_layer *layer = &f->layer[l];
  const bool last = l == f->layers - 1, top = l == layerCount(f) - 1;
  float *to = (last ? t->distance : top ? t->rgb : t->input[l + 1]) + begin * T;
  float *along = top || !t->trains ? nullptr : t->kept[l + 1] + (begin - last) * T;
  float *value = t->trains && (t->flags & CFK_NEEDS_GRADIENT) && l < f->layers - 1
                         && bendsByValue(layer->activation) ? t->w[l] + begin * T : nullptr;
  const float factor = top || last ? 1.0f : joinFactor(t, l + 1);
  if (layer->concat && begin == 0) {
    const int64_t own = ownInputs(t, l);
    scaled(t->input[l] + own * T, t->encoding, kJoin, t->encoded * T);
    if (t->trains)
      keepRows(t->input[l] + own * T, t->encoded, t->columns, t->kept[l] + own * T);
  }
  const int32_t kind = layer->activation;
  const float scale = layer->scale;
  float *slope = t->p[l] + begin * T;
  const auto bend = [=](const float *z, int64_t at, int64_t count) {
    float *a = to + at;
    if (kind == CFK_IDENTITY) scaled(a, z, 1.0f, count);
    else activate(kind, scale, z, a, slope + at, count);
    if (value) scaled(value + at, a, 1.0f, count);
    if (factor != 1.0f) scaled(a, a, factor, count);
  };
  const auto finish = [=](int64_t m, int64_t rows, int64_t n, auto columns, float *block) {
    if (columns == T && kBlock == T) bend(block, m * T, rows * T);  // one behind the other
    else for (int64_t r = 0; r < rows; ++r) bend(block + r * kBlock, (m + r) * T + n, columns);
    for (int64_t r = 0; along && r < rows; ++r)
      keep(to + (m + r) * T + n, columns, along + (m + r) * T + n / 2);
  };
  const float *bias = t->weights + layer->bias + begin;
  const Beside beside = {{to, slope, value}};
  if (kPaired && coarse) {
    const Signal in = {t->across[0], nullptr};
    put(t->input[l], layer->inputs, t->columns, in);
    return upward(t, l, begin, end, in, bias, finish, beside);
  }
  exact(t, l, begin, end, t->input[l], bias, finish, beside);
}

// The part of the spatial gradient that comes through encoded value e, from a row of u at an input of layer l.
CFK_INLINE void addThroughEncoding(Tile *t, int32_t l, int64_t e, int64_t n, int64_t columns, const float *x) {
  const float factor = joinFactor(t, l);
  float *sum = t->gradient + (e % 3) * T + n;
  const float *wave = t->wave + e * T + n;
  for (int64_t p = 0; p < columns; p += kWidth)
    store(sum + p, load(sum + p) + load(x + p) * load(wave + p) * factor);
}

// What becomes of rows of u at the input of layer l: v for the product downward, in `to`, and the part of
// the spatial gradient that comes through the encoding.
template <class Columns>
static void descend(Tile *t, int32_t l, int64_t m, int64_t rows, int64_t n, Columns columns,
                    float *block, Signal to) {
  const int64_t own = ownInputs(t, l), mine = own - m < rows ? own - m : rows;
  const float factor = joinFactor(t, l);
  if (mine > 0) {
    const cfk_layer *below = &t->field->layer[l - 1];
    const int32_t kind = below->activation;
    const float scale = below->scale;
    const float *slope = t->p[l - 1];
    float *bend = t->trains ? t->w[l - 1] : nullptr;
    for (int64_t r = 0; r < mine; ++r) {
      const int64_t at = (m + r) * T + n;
      const float *x = block + r * kBlock, *p = slope + at;
      float *v = place(block + r * kBlock, at, to), *w = bend ? bend + at : nullptr;
      if (!bend)
        for (int64_t i = 0; i < columns; i += kWidth)
          store(v + i, load(x + i) * factor * load(p + i));
      else if (kind == CFK_SOFTPLUS)
        for (int64_t i = 0; i < columns; i += kWidth) {
          const vf u = load(x + i) * factor, s = load(p + i), us = u * s;
          store(v + i, us);
          store(w + i, us * (1.0f - s) * scale);
        }
      else
        for (int64_t i = 0; i < columns; i += kWidth) {
          const vf u = load(x + i) * factor, s = load(p + i);
          store(v + i, u * s);
          store(w + i, u * second(kind, scale, load(w + i), s));
        }
    }
    putBlock(block, m, mine, n, columns, to);
  }
  for (int64_t r = mine > 0 ? mine : 0; r < rows; ++r)
    addThroughEncoding(t, l, m + r - own, n, columns, block + r * kBlock);
}

// Where v at the output of layer l goes.
CFK_INLINE Signal descent(const Tile *t, int32_t l) {
  if (l < 0) return Signal{};
  return kPaired ? Signal{t->across[l % 2], t->trains ? t->v[l] : nullptr} : Signal{t->v[l], nullptr};
}

// The product downward and `descend` in one, where no backward follows: rows of v that a slope of zero makes zero in a
// block's columns are neither summed over nor computed.
static void descendPicked(Tile *t, int32_t l) {
  const cfk_layer *layer = &t->field->layer[l];
  const int64_t own = ownInputs(t, l);
  const float *d = descent(t, l).across, *slope = l > 0 ? t->p[l - 1] : nullptr, factor = joinFactor(t, l);
  float *v = descent(t, l - 1).across;
  for (int64_t n = 0; n < t->columns; n += kBlock) {
    const int64_t terms = listRows<kColumns>(d + n, T, layer->outputs, t->terms, t->transposed);
    int64_t count = own > 0 ? listRows<kColumns>(slope + n, T, own, t->wanted, nullptr) : 0;
    for (int64_t i = 0; i < own * kBlock; i += kWidth) store(v + i / kBlock * T + n + i % kBlock, (vf){});
    for (int64_t i = own; i < layer->inputs; ++i) t->wanted[count++] = (int32_t)i;
    for (int64_t i = 0; i < kRows; ++i) t->wanted[count + i] = 0;
    const auto finish = [=](int64_t m, int64_t rows, int64_t, auto columns, float *block) {
      for (int64_t r = 0; r < rows; ++r) {
        const int64_t i = t->wanted[m + r], at = i * T + n;
        const float *x = block + r * kBlock;
        if (i >= own) addThroughEncoding(t, l, i - own, n, columns, x);
        else
          for (int64_t p = 0; p < columns; p += kWidth)
            store(v + at + p, load(x + p) * factor * load(slope + at + p));
      }
    };
    panel<Singles, kColumns>(count, Listed<true>{t->terms, terms}, Picked{t->down[l], layer->outputs, t->wanted},
                             t->transposed, kBlock, nullptr, n, Blocks<decltype(finish)>{finish, Beside{}});
  }
}

static void forwardGradient(Tile *t) {
  const cfk_field *f = t->field;
  const int32_t last = f->layers - 1;
  for (int64_t i = 0; i < 3 * T; i += kWidth) store(t->gradient + i, (vf){});
  const float *row = t->weights + f->layer[last].weight;
  for (int64_t m = 0; m < f->layer[last].inputs; m += kRows) {
    const int64_t rest = f->layer[last].inputs - m, rows = rest < kRows ? rest : kRows;
    for (int64_t n = 0; n < t->columns; n += kBlock) {
      alignas(64) float block[kRows * kBlock];
      for (int64_t i = 0; i < rows * kBlock; i += kWidth) store(block + i, splat(row[m + i / kBlock]));
      const int64_t left = t->columns - n;
      descend(t, last, m, rows, n, left < kBlock ? left : kBlock, block, descent(t, last - 1));
    }
  }
  for (int32_t l = last - 1; l >= 0; --l) {
    if (kPanels && t->terms) {
      descendPicked(t, l);
      continue;
    }
    downward(
        t, l, f->layer[l].inputs, descent(t, l), f->layer[l].outputs,
        [=](int64_t m, int64_t rows, int64_t n, auto columns, float *block) {
          descend(t, l, m, rows, n, columns, block, descent(t, l - 1));
        },
        l == 0 ? Beside{} : Beside{{t->p[l - 1], t->trains ? t->w[l - 1] : nullptr, descent(t, l - 1).across}});
  }
}

static void forward(Tile *t) {
  const cfk_field *f = t->field;
  const int32_t last = f->layers - 1;
  for (int32_t l = 0; l < last; ++l) forwardLayer(t, l, 0, f->layer[l].outputs, false);
  forwardLayer(t, last, 0, 1, false);
  if ((t->flags & CFK_NEEDS_COLOR) && f->color_layers > 0)
    for (int32_t l = last; l < layerCount(f); ++l)
      forwardLayer(t, l, l == last, f->layer[l].outputs, t->trains);
  endPhase(t, CFK_PHASE_FORWARD);
  if (t->flags & CFK_NEEDS_GRADIENT) forwardGradient(t);
  endPhase(t, CFK_PHASE_GRADIENT);
}
