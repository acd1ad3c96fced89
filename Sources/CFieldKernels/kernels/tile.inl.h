// What a tile of points keeps between its passes through a field; memory is the caller's scratch.

struct Tile {
  const cfk_field *field;
  const float *weights;
  int32_t flags;
  int32_t encoded;                       // 3 + 6 bands
  int64_t columns;                       // points in use, rounded up to whole vectors
  float *position, *encoding, *wave;     // [3][T], [encoded][T], derivative of each encoded value
  float *a[CFK_MAX_LAYERS], *p[CFK_MAX_LAYERS], *u[CFK_MAX_LAYERS], *g[CFK_MAX_LAYERS];
  float *joined;                         // input of the concatenating layer [inputs][T]
  float *s0, *s1, *transposed, *halves;  // work [widest][T]
  float *up[CFK_MAX_LAYERS], *down[CFK_MAX_LAYERS];  // the weights as products want them
  float *gradient;                       // [3][T]
  float *d_output;                       // [7][T]: d_distance, d_gradient, d_rgb
  uint64_t *ticks, mark;                 // time by phase, and when the running one began
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
