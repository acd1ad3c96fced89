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

static void train(const cfk_field *field, const float *weights, const float *points, int64_t first,
                  int64_t count, int32_t flags, cfk_loss loss, void *context, float *d_weights,
                  float *scratch, uint64_t *ticks) {
  Tile t;
  bindWeights(&t, bind(&t, field, weights, flags, true, scratch), true);
  t.ticks = ticks;
  t.mark = ticks ? __builtin_readcyclecounter() : 0;
  for (int64_t at = 0; at < count; at += T) {
    const int64_t n = count - at < T ? count - at : T;
    encode(&t, points + 3 * at, n);
    forward(&t);
    for (int64_t i = 0; i < 7 * T; i += kWidth) store(t.d_output + i, (vf){});
    const cfk_tile view = {first + at, (int32_t)n, flags, t.distance, t.gradient, t.rgb,
                           t.d_output, t.d_output + T, t.d_output + 4 * T};
    loss(context, &view);
    endPhase(&t, CFK_PHASE_LOSS);
    for (int r = 0; r < 7; ++r)
      for (int64_t p = n; p < T; ++p) t.d_output[r * T + p] = 0.0f;
    backward(&t, view.d_distance, view.d_gradient, view.d_rgb, d_weights);
    endPhase(&t, CFK_PHASE_BACKWARD);
  }
}
