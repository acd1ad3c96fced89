// What the table of kernels offers of a field: evaluation, and a pass of training.

static void prepare(const cfk_field *field, const float *weights, float *scratch) {
  Tile t;
  bindWeights(&t, bind(&t, field, weights, 0, false, scratch), true);
}

static void evaluate(const cfk_field *field, const float *weights, const float *points,
                     int64_t count, float *distance, float *gradient, float *rgb, float *scratch) {
  Tile t;
  const int32_t flags = (gradient ? CFK_NEEDS_GRADIENT : 0) | (rgb ? CFK_NEEDS_COLOR : 0);
  bindWeights(&t, bind(&t, field, weights, flags, false, scratch), false);
  for (int64_t first = 0; first < count; first += T) {
    const int64_t n = count - first < T ? count - first : T;
    encode(&t, points + 3 * first, n);
    forward(&t);
    for (int64_t p = 0; p < n; ++p) {
      distance[first + p] = t.distance[p];
      for (int c = 0; c < 3; ++c) {
        if (gradient) gradient[3 * (first + p) + c] = t.gradient[c * T + p];
        if (rgb) rgb[3 * (first + p) + c] = t.rgb[c * T + p];
      }
    }
  }
}

// What a loss says of a tile begins with nothing.
static void clearDemands(Tile *t) {
  for (int64_t i = 0; i < 7 * T; i += kWidth) store(t->d_output + i, (vf){});
}

// A slice's points outside the bounds that a loss sets them, out of tiles that hold few such: what lies within, as
// most of free space does, needs no backward pass.
struct Unmet {
  float points[3 * T], d_distance[T];
  int64_t count;
};

// These points once more, and backward.
static void backwardOfUnmet(Tile *t, Unmet *s, float *d_weights) {
  if (s->count == 0) return;
  encode(t, s->points, s->count);
  forward(t);
  clearDemands(t);
  for (int64_t p = 0; p < s->count; ++p) t->d_output[p] = s->d_distance[p];
  backward(t, t->d_output, t->d_output + T, t->d_output + 4 * T, d_weights);
  endPhase(t, CFK_PHASE_BACKWARD);
  s->count = 0;
}

// Gathers a tile's, if they are so few that forward again costs less than backward for all.
static bool gatherUnmet(Tile *t, Unmet *s, const float *points, int64_t n, float *d_weights) {
  int64_t few = 0;
  int32_t place[T];
  float d[T];
  for (int64_t p = 0; p < n; ++p) {
    place[few] = (int32_t)p;
    d[few] = t->d_output[p];
    few += t->d_output[p] != 0.0f;
  }
  if (2 * few > n) return false;
  for (int64_t i = 0; i < few; ++i) {
    for (int axis = 0; axis < 3; ++axis)
      s->points[3 * s->count + axis] = points[3 * place[i] + axis];
    s->d_distance[s->count++] = d[i];
    if (s->count == T) backwardOfUnmet(t, s, d_weights);
  }
  return true;
}

static void train(const cfk_field *field, const float *weights, const float *points, int64_t first,
                  int64_t count, int32_t flags, cfk_loss loss, void *context, float *d_weights,
                  float *scratch, uint64_t *ticks) {
  Tile t;
  bindWeights(&t, bind(&t, field, weights, flags, true, scratch), true);
  t.ticks = ticks;
  t.mark = ticks ? __builtin_readcyclecounter() : 0;
  Unmet unmet;
  unmet.count = 0;
  for (int64_t at = 0; at < count; at += T) {
    const int64_t n = count - at < T ? count - at : T;
    encode(&t, points + 3 * at, n);
    forward(&t);
    clearDemands(&t);
    const cfk_tile view = {first + at, (int32_t)n, flags, t.distance, t.gradient, t.rgb,
                           t.d_output, t.d_output + T, t.d_output + 4 * T};
    loss(context, &view);
    endPhase(&t, CFK_PHASE_LOSS);
    for (int r = 0; r < 7; ++r)
      for (int64_t p = n; p < T; ++p) t.d_output[r * T + p] = 0.0f;
    if (flags == 0 && gatherUnmet(&t, &unmet, points + 3 * at, n, d_weights)) continue;
    backward(&t, view.d_distance, view.d_gradient, view.d_rgb, d_weights);
    endPhase(&t, CFK_PHASE_BACKWARD);
  }
  backwardOfUnmet(&t, &unmet, d_weights);
}
