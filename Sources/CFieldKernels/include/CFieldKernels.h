// The arithmetic of signed distance fields: evaluation, spatial gradient, and the backward of both.
//
// Everything here works on caller's memory: no allocation, I/O, threads or exceptions. Matrices are
// row-major; a weight matrix [outputs, inputs] is stored with its rows padded by zeros to a multiple
// of 16 floats (`cfk_stride`). Gradients are named d_<what>, have the shape of <what>, and are
// always ACCUMULATED. Points are handled in tiles of CFK_TILE, feature-major: [feature][point].
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CFK_TILE = 64, CFK_PAD = 16, CFK_MAX_LAYERS = 24, CFK_MAX_BANDS = 16 };

// a = phi(z). `scale` is beta for softplus, omega for sine, unused otherwise.
typedef enum {
  CFK_IDENTITY = 0,
  CFK_SOFTPLUS = 1,  // log(1 + exp(scale z)) / scale
  CFK_RELU = 2,
  CFK_SINE = 3,      // sin(scale z)
  CFK_SIGMOID = 4,
} cfk_activation;

// One dense layer. Offsets count floats from the start of a frame's composed weights.
typedef struct {
  int32_t inputs, outputs;
  int32_t activation;
  float scale;
  // 1: the layer's input is the previous output followed by the encoding, both divided by sqrt 2.
  int32_t concat;
  int32_t reserved;
  size_t weight;  // [outputs, cfk_stride(inputs)]
  size_t bias;    // [outputs]
} cfk_layer;

// A field: encoding -> layers -> (signed distance, feature); feature -> color_layers -> rgb.
//
// The encoding of x is (x, then for each band k: w_k sin(pi 2^k x), w_k cos(pi 2^k x)): 3 + 6 bands
// values. The last of `layers` must have the identity activation; its output 0 is the distance,
// the rest is the feature. color_layers may be 0 (no colour); its last layer has 3 outputs.
// Source: Mihajlovic et al., ResFields, ICLR 2024 (arXiv:2309.03160), SDF network.
typedef struct {
  int32_t bands, layers, color_layers, reserved;
  float band_weight[CFK_MAX_BANDS];
  cfk_layer layer[CFK_MAX_LAYERS];  // `layers` of the distance, then `color_layers`
} cfk_field;

enum { CFK_NEEDS_GRADIENT = 1, CFK_NEEDS_COLOR = 2 };

// What `train` spends its time on.
enum {
  CFK_PHASE_FORWARD = 0,
  CFK_PHASE_GRADIENT = 1,
  CFK_PHASE_LOSS = 2,
  CFK_PHASE_BACKWARD_OF_GRADIENT = 3,
  CFK_PHASE_BACKWARD = 4,
  CFK_PHASES = 5,
};

// What a loss sees of one tile, and where it says what it wants. Arrays are [..][CFK_TILE];
// entries from `count` on are padding. d_* are zero on entry.
typedef struct {
  int64_t first;   // index of the tile's first point in the batch
  int32_t count;   // points in use, 1 ... CFK_TILE
  int32_t flags;   // CFK_NEEDS_*: which of gradient and rgb are there
  const float *distance;  // [CFK_TILE]
  const float *gradient;  // [3][CFK_TILE], d distance / d x
  const float *rgb;       // [3][CFK_TILE]
  float *d_distance, *d_gradient, *d_rgb;
} cfk_tile;

typedef void (*cfk_loss)(void *context, const cfk_tile *tile);

static inline int32_t cfk_stride(int32_t inputs) {
  return (inputs + CFK_PAD - 1) / CFK_PAD * CFK_PAD;
}

// Floats of scratch that one thread needs for this field.
size_t cfk_scratch_floats(const cfk_field *field);

// Floats of scratch that orthogonalize needs.
static inline size_t cfk_orthogonalize_floats(int64_t rows, int64_t columns) {
  const size_t padded = (size_t)cfk_stride((int32_t)rows), both = (size_t)columns + padded;
  return (3 * both + 2 * CFK_PAD) * padded;
}

// The kernels of one instruction set.
typedef struct {
  const char *name;

  // Does `rounds` of multiply-adds in registers alone and returns how many floating-point
  // operations that were: what this processor could do at best.
  double (*peak)(int64_t rounds);

  // Lays the weights out in `scratch` as gradients want them; `evaluate` finds them there.
  void (*prepare)(const cfk_field *field, const float *weights, float *scratch);

  // Distances (and gradients [count][3], and rgb [count][3], where not NULL) of `count` points
  // [count][3] in field units. `weights`: this frame's composed weights, 64-byte aligned; `scratch`:
  // prepared for them, and used for nothing else since.
  void (*evaluate)(const cfk_field *field, const float *weights, const float *points,
                   int64_t count, float *distance, float *gradient, float *rgb, float *scratch);

  // One pass over `count` points [count][3] of one frame: forward, `loss` per tile, backward. Where only
  // distances are wanted, points of which the loss leaves d_distance 0 cost no backward pass.
  // Adds the gradient with respect to the composed weights to d_weights (same layout).
  // `first` is the batch index of the first point, passed on to the loss; flags as in cfk_tile.
  // Adds the processor's ticks spent on each phase to `ticks` [CFK_PHASES] where not NULL.
  // A point that isn't finite makes every gradient NaN, if the loss speaks of it; outputs of other points
  // don't suffer.
  void (*train)(const cfk_field *field, const float *weights, const float *points, int64_t first,
                int64_t count, int32_t flags, cfk_loss loss, void *context, float *d_weights,
                float *scratch, uint64_t *ticks);

  // The following work on whole arrays or pieces of them; `count` is a multiple of 16.
  //
  // weight_t[i] = weight[i] + sum_r coefficients[r] basis[r * basis_stride + i].
  void (*compose)(float *weight_t, const float *weight, const float *coefficients,
                  const float *basis, int32_t rank, size_t basis_stride, size_t count);

  // Backward of compose for one r: d_basis[i] += coefficient d_weight_t[i]; returns
  // <basis, d_weight_t>, the gradient of the coefficient.
  float (*decompose)(const float *d_weight_t, float coefficient, const float *basis,
                     float *d_basis, size_t count);

  // target[i] += source[i].
  void (*add)(float *target, const float *source, size_t count);

  // Adam with bias-corrected step `rate` (rate * sqrt(1-b2^t) / (1-b1^t), epsilon scaled alike):
  // m = b1 m + (1-b1) g, v = b2 v + (1-b2) g^2, p -= rate m / (sqrt(v) + epsilon); clears g.
  void (*adam)(float *parameters, float *gradient, float *m, float *v, size_t count, float rate,
               float beta1, float beta2, float epsilon);

  // Puts in the place of a matrix [rows][columns] the one with the same singular vectors and singular
  // values between 0.7 and 1.2, but for those below 3 thousandths of the largest: X / |X|, then four times
  // X = (a + b X X' + c (X X')^2) X. `columns` is a multiple of 16; scratch of
  // cfk_orthogonalize_floats(rows, columns), 64-byte aligned as the matrix.
  void (*orthogonalize)(float *matrix, int64_t rows, int64_t columns, float *scratch);
} cfk_kernels;

// Kernels by name ("generic", "avx2", "avx512", "avx512bf16"), NULL where unknown or not supported here.
const cfk_kernels *cfk_kernels_named(const char *name);
// Names in order of preference, best first, NULL-terminated; all that this program was built with.
const char *const *cfk_kernel_names(void);

// The plain reference in double, for checks: point [3] -> distance, gradient [3], rgb [3]; then,
// given d_* of these, adds to d_weights. Weights in double, same layout. With
// d_output NULL only the forward is done and d_weights may be NULL.
typedef struct { double distance, gradient[3], rgb[3]; } cfk_reference_output;
size_t cfk_reference_scratch_doubles(const cfk_field *field);
void cfk_reference_point(const cfk_field *field, const double *weights, const double point[3],
                         cfk_reference_output *output, const cfk_reference_output *d_output,
                         double *d_weights, double *scratch);

// The plain reference of orthogonalize, in double.
void cfk_reference_orthogonalize(double *matrix, int64_t rows, int64_t columns);

#ifdef __cplusplus
}
#endif
