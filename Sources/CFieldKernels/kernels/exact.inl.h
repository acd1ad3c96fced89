// Layers' products in single precision, which every target has.

// Where a block of a product is narrower than a tile, the weights are read again for each block of it. So they are
// laid out in the order in which that happens.
enum { kPanels = kBlock < T };

// The first row in panels: the distance's own is wanted alone, as often as not.
CFK_INLINE int64_t firstInPanels(const Tile *t, int32_t l) { return l == t->field->layers - 1; }

// bias[o] + sum_i W[o][i] in[i][p] over outputs begin ..< end of layer l, to `each`.
template <class Bias, class Each>
static void exact(Tile *t, int32_t l, int64_t begin, int64_t end, const float *in, Bias bias,
                  const Each &each, Beside beside) {
  const cfk_layer *layer = &t->field->layer[l];
  const int64_t row = cfk_stride(layer->inputs), first = firstInPanels(t, l);
  const auto product = [&](auto list) {
    if (kPanels && begin == first)
      return gemm<Singles>(end - begin, t->columns, layer->inputs, Panels{t->up[l], layer->inputs}, in, T,
                           bias, Blocks<Each>{each, beside}, t->transposed, list);
    gemm<Singles>(end - begin, t->columns, layer->inputs,
                  Strided{t->weights + layer->weight + begin * row, row, 1}, in, T, bias,
                  Blocks<Each>{each, beside}, nullptr, list);
  };
  if (t->terms) product(t->terms);
  else product(nullptr);
}
