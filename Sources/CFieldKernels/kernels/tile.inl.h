// What a tile of points keeps between its passes through a field; memory is the caller's scratch.

// Rows of points as products want them that sum over the rows, and that sum over the points: two forms
// of pairs, or twice the same single numbers.
struct Signal { float *across, *along; };

struct Tile {
  const cfk_field *field;
  const float *weights;
  int32_t flags;
  bool trains;                        // whether a backward follows
  int32_t encoded;                    // 3 + 6 bands
  int64_t columns;                    // points in use, rounded up to whole vectors
  float *position, *encoding, *wave;  // [3][T], [encoded][T], derivative of each encoded value
  float *input[CFK_MAX_LAYERS];       // what layer l reads [inputs][T]
  // Along the points: its input and h, d and v. In pairs, each two share rows, of two halves.
  float *kept[CFK_MAX_LAYERS], *h[CFK_MAX_LAYERS], *d[CFK_MAX_LAYERS], *v[CFK_MAX_LAYERS];
  float *p[CFK_MAX_LAYERS];           // phi' [outputs][T]
  float *w[CFK_MAX_LAYERS];           // one after the other a, where phi'' needs it, u phi'', h_v u phi''
  float *across[2];                   // [widest]: what passes from layer to layer, to and fro
  float *joined, *transposed;         // work [widest][T]
  // Work of products that leave out what is zero, [widest] and [widest + CFK_PAD]; NULL while training.
  int32_t *terms, *wanted;
  float *up[CFK_MAX_LAYERS], *down[CFK_MAX_LAYERS];  // the weights as products want them
  float *distance, *rgb;              // distance and feature [outputs][T], colour [3][T]
  float *gradient;                    // [3][T]
  float *d_output;                    // [7][T]: d_distance, d_gradient, d_rgb
  uint64_t *ticks, mark;              // time by phase, and when the running one began
};

CFK_INLINE int32_t layerCount(const cfk_field *f) { return f->layers + f->color_layers; }
static const int64_t T = CFK_TILE;

// Books the time since the last call on a phase.
CFK_INLINE void endPhase(Tile *t, int32_t phase) {
  if (!t->ticks) return;
  const uint64_t now = __builtin_readcyclecounter();
  t->ticks[phase] += now - t->mark;
  t->mark = now;
}

CFK_INLINE void scaled(float *target, const float *source, float factor, int64_t count) {
  for (int64_t i = 0; i < count; i += kWidth) store(target + i, load(source + i) * factor);
}

// The sum of a row's `count` floats.
CFK_INLINE float total(const float *row, int64_t count) {
  vf sum = {};
  for (int64_t i = 0; i < count; i += kWidth) sum += load(row + i);
  return total(sum);
}
