// The kernels compiled for one instruction set; see dispatch.cpp for when they are chosen.
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "../include/CFieldKernels.h"
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), apply_to = function)
namespace cfk_avx512 {
enum { kWidth = 16, kRows = 6, kColumns = 4 };  // kRows x kColumns accumulators fill the registers
#include "../kernels/math.inl.h"
#include "../kernels/gemm.inl.h"
#include "../kernels/softplus_table.inl.h"
#include "../kernels/activations.inl.h"
#include "../kernels/tile.inl.h"
#include "../kernels/exact.inl.h"
#include "../kernels/singles.inl.h"
#include "../kernels/forward.inl.h"
#include "../kernels/backward.inl.h"
#include "../kernels/field.inl.h"
#include "../kernels/vectors.inl.h"
#include "../kernels/orthogonalize.inl.h"
}  // namespace cfk_avx512
#pragma clang attribute pop
extern const cfk_kernels cfk_kernels_avx512 = {
    "avx512",         cfk_avx512::peak,      cfk_avx512::prepare, cfk_avx512::evaluate, cfk_avx512::train,
    cfk_avx512::compose, cfk_avx512::decompose, cfk_avx512::add,      cfk_avx512::adam,
    cfk_avx512::orthogonalize};
#endif
