// One point at a time, in double, written for reading: what every fast kernel is tested against.
// Never optimise this file.
#include <cmath>

#include "../include/CFieldKernels.h"

namespace {

const double kPi = 3.14159265358979323846;

struct Bend { double value, first, second; };

Bend bend(const cfk_layer &layer, double z) {
  const double s = layer.scale;
  switch (layer.activation) {
    case CFK_SOFTPLUS: {
      const double y = s * z, sigma = 1 / (1 + std::exp(-y));
      return {(std::fmax(y, 0) + std::log1p(std::exp(-std::fabs(y)))) / s, sigma,
              s * sigma * (1 - sigma)};
    }
    case CFK_RELU: return {z > 0 ? z : 0, z > 0 ? 1.0 : 0.0, 0};
    case CFK_SINE: return {std::sin(s * z), s * std::cos(s * z), -s * s * std::sin(s * z)};
    case CFK_SIGMOID: {
      const double a = 1 / (1 + std::exp(-z)), p = a * (1 - a);
      return {a, p, p * (1 - 2 * a)};
    }
    default: return {z, 1, 0};
  }
}

// Scratch of one layer, every array `width` long.
struct Row { double *in, *z, *u, *v, *d_z, *h_in; };

}  // namespace

static int32_t widest(const cfk_field *f) {
  int32_t w = 3 + 6 * f->bands;
  for (int32_t l = 0; l < f->layers + f->color_layers; ++l) {
    if (f->layer[l].inputs > w) w = f->layer[l].inputs;
    if (f->layer[l].outputs > w) w = f->layer[l].outputs;
  }
  return w;
}

size_t cfk_reference_scratch_doubles(const cfk_field *f) {
  return (size_t)(6 * (f->layers + f->color_layers) + 5) * widest(f);
}

void cfk_reference_point(const cfk_field *f, const double *weights, const double x[3],
                         cfk_reference_output *output, const cfk_reference_output *d_output,
                         double *d_weights, double *scratch) {
  const int32_t w = widest(f), encoded = 3 + 6 * f->bands, layers = f->layers;
  const int32_t all = layers + f->color_layers;
  double *next = scratch;
  auto take = [&] { double *p = next; next += w; return p; };
  double *e = take(), *wave = take(), *work = take(), *above = take(), *d_feature = take();
  Row row[CFK_MAX_LAYERS];
  for (int32_t l = 0; l < all; ++l)
    row[l] = {take(), take(), take(), take(), take(), take()};

  auto W = [&](int32_t l, int32_t o, int32_t i) {
    return f->layer[l].weight + (size_t)o * cfk_stride(f->layer[l].inputs) + i;
  };
  // Encoding and its derivative; entry k belongs to axis k % 3.
  for (int32_t i = 0; i < 3; ++i) { e[i] = x[i]; wave[i] = 1; }
  for (int32_t k = 0; k < f->bands; ++k)
    for (int32_t i = 0; i < 3; ++i) {
      const double q = kPi * std::ldexp(1, k), b = f->band_weight[k];
      const int32_t s = 3 + 6 * k + i, c = s + 3;
      e[s] = b * std::sin(q * x[i]); wave[s] = b * q * std::cos(q * x[i]);
      e[c] = b * std::cos(q * x[i]); wave[c] = -b * q * std::sin(q * x[i]);
    }
  auto join = [&](int32_t l, const double *from, const double *tail, double *into) {
    const cfk_layer &layer = f->layer[l];
    const int32_t n = layer.concat ? layer.inputs - encoded : layer.inputs;
    const double k = layer.concat ? std::sqrt(0.5) : 1;
    for (int32_t i = 0; i < layer.inputs; ++i) into[i] = k * (i < n ? from[i] : tail[i - n]);
  };

  // Forward.
  for (int32_t l = 0; l < all; ++l) {
    const cfk_layer &layer = f->layer[l];
    if (l == 0) join(0, e, e, row[0].in);
    else if (l == layers) for (int32_t i = 0; i < layer.inputs; ++i) row[l].in[i] = work[i + 1];
    else join(l, work, e, row[l].in);
    for (int32_t o = 0; o < layer.outputs; ++o) {
      double z = weights[layer.bias + o];
      for (int32_t i = 0; i < layer.inputs; ++i) z += weights[W(l, o, i)] * row[l].in[i];
      row[l].z[o] = z;
    }
    for (int32_t o = 0; o < layer.outputs; ++o) work[o] = bend(layer, row[l].z[o]).value;
    if (l == layers - 1) output->distance = work[0];
  }
  for (int32_t c = 0; c < 3; ++c) output->rgb[c] = f->color_layers ? work[c] : 0;

  // Gradient of the distance: u at each layer's output, v at its z.
  double encoded_gradient[3 + 6 * CFK_MAX_BANDS] = {};
  for (int32_t l = layers - 1; l >= 0; --l) {
    const cfk_layer &layer = f->layer[l];
    for (int32_t o = 0; o < layer.outputs; ++o) {
      row[l].u[o] = l == layers - 1 ? (o == 0) : above[o];
      row[l].v[o] = row[l].u[o] * bend(layer, row[l].z[o]).first;
    }
    const int32_t n = l == 0 ? 0 : layer.concat ? layer.inputs - encoded : layer.inputs;
    const double k = layer.concat ? std::sqrt(0.5) : 1;
    for (int32_t i = 0; i < layer.inputs; ++i) {
      double sum = 0;
      for (int32_t o = 0; o < layer.outputs; ++o) sum += weights[W(l, o, i)] * row[l].v[o];
      if (i < n) above[i] = k * sum; else encoded_gradient[i - n] += k * sum;
    }
  }
  for (int32_t i = 0; i < 3; ++i) output->gradient[i] = 0;
  for (int32_t i = 0; i < encoded; ++i) output->gradient[i % 3] += encoded_gradient[i] * wave[i];
  if (!d_output) return;

  // Backward of the gradient: h is d loss / d u at each layer's input.
  double *h_encoding = work;
  for (int32_t i = 0; i < encoded; ++i) h_encoding[i] = wave[i] * d_output->gradient[i % 3];
  for (int32_t l = 0; l < layers; ++l) {
    const cfk_layer &layer = f->layer[l];
    join(l, l == 0 ? h_encoding : above, h_encoding, row[l].h_in);
    for (int32_t o = 0; o < layer.outputs; ++o) {
      double h_v = 0;
      for (int32_t i = 0; i < layer.inputs; ++i) {
        h_v += weights[W(l, o, i)] * row[l].h_in[i];
        d_weights[W(l, o, i)] += row[l].v[o] * row[l].h_in[i];
      }
      const Bend b = bend(layer, row[l].z[o]);
      row[l].d_z[o] = h_v * row[l].u[o] * b.second;
      above[o] = h_v * b.first;
    }
  }
  // Ordinary backward, colour first; `above` is the gradient at the layer's output.
  for (int32_t i = 0; i < w; ++i) d_feature[i] = 0;
  for (int32_t l = all - 1; l >= 0; --l) {
    const cfk_layer &layer = f->layer[l];
    if (l == all - 1 && f->color_layers) for (int32_t c = 0; c < 3; ++c) above[c] = d_output->rgb[c];
    if (l == layers - 1) {
      for (int32_t o = 1; o < layer.outputs; ++o) above[o] = d_feature[o - 1];
      above[0] = d_output->distance;
    }
    for (int32_t o = 0; o < layer.outputs; ++o) {
      const double d = above[o] * bend(layer, row[l].z[o]).first;
      row[l].d_z[o] = l < layers ? row[l].d_z[o] + d : d;
    }
    const double k = layer.concat ? std::sqrt(0.5) : 1;
    for (int32_t i = 0; i < layer.inputs; ++i) above[i] = 0;
    for (int32_t o = 0; o < layer.outputs; ++o) {
      d_weights[layer.bias + o] += row[l].d_z[o];
      for (int32_t i = 0; i < layer.inputs; ++i) {
        d_weights[W(l, o, i)] += row[l].d_z[o] * row[l].in[i];
        above[i] += k * weights[W(l, o, i)] * row[l].d_z[o];
      }
    }
    if (l == layers) for (int32_t i = 0; i < layer.inputs; ++i) d_feature[i] = above[i];
  }
}
