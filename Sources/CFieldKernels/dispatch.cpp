// The only place that decides which instruction set runs.
#include <cstring>

#include "CFieldKernels.h"

extern const cfk_kernels cfk_kernels_generic;
#if defined(__x86_64__)
extern const cfk_kernels cfk_kernels_avx2, cfk_kernels_avx512, cfk_kernels_avx512bf16;
#endif

static const char *const kNames[] = {
#if defined(__x86_64__)
    "avx512bf16", "avx512", "avx2",
#endif
    "generic", nullptr};

#if defined(__x86_64__)
// These do as many multiply-adds a cycle in fp32 as in bf16 pairs, and pairs have to be made first: on a Xeon with
// both, width 128, 51 and 84 thousand points a second.
static const char *const kNamesOnIntel[] = {"avx512", "avx512bf16", "avx2", "generic", nullptr};
#endif

const char *const *cfk_kernel_names(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_is("intel")) return kNamesOnIntel;
#endif
  return kNames;
}

const cfk_kernels *cfk_kernels_named(const char *name) {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (!std::strcmp(name, "avx2") && avx2) return &cfk_kernels_avx2;
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512dq");
  if (!std::strcmp(name, "avx512") && avx512) return &cfk_kernels_avx512;
  if (!std::strcmp(name, "avx512bf16") && avx512 && __builtin_cpu_supports("avx512bf16"))
    return &cfk_kernels_avx512bf16;
#endif
  return std::strcmp(name, "generic") ? nullptr : &cfk_kernels_generic;
}

size_t cfk_scratch_floats(const cfk_field *field) {
  const size_t encoded = 3 + 6 * field->bands;
  size_t widest = encoded, rows = 3 + 2 * encoded + 3 + 7 + CFK_PAD, weights = 0;
  for (int32_t l = 0; l < field->layers + field->color_layers; ++l) {
    const cfk_layer &layer = field->layer[l];
    if ((size_t)layer.inputs > widest) widest = layer.inputs;
    if ((size_t)layer.outputs > widest) widest = layer.outputs;
    rows += (size_t)layer.inputs + 1 + 3 * (size_t)layer.outputs;
    // On the way up and down, each padded as kernels like it.
    weights += ((size_t)layer.outputs + CFK_PAD) * (2 * cfk_stride(layer.inputs) + CFK_PAD);
  }
  const size_t padded = cfk_stride((int32_t)widest + 1);
  return (rows + 8 * padded) * CFK_TILE + 2 * padded + CFK_PAD + weights;
}
