// The kernels compiled for one instruction set; see dispatch.cpp for when they are chosen.
#include <utility>

#include "../include/CFieldKernels.h"
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
namespace cfk_avx2 {
enum { kWidth = 8, kRows = 6, kColumns = 2 };  // kRows x kColumns accumulators fill the registers
#include "../kernels/math.inl.h"
#include "../kernels/gemm.inl.h"
#include "../kernels/softplus.inl.h"
#include "../kernels/activations.inl.h"
#include "../kernels/tile.inl.h"
#include "../kernels/exact.inl.h"
#include "../kernels/singles.inl.h"
#include "../kernels/forward.inl.h"
#include "../kernels/backward.inl.h"
#include "../kernels/field.inl.h"
#include "../kernels/vectors.inl.h"
#include "../kernels/orthogonalize.inl.h"
}  // namespace cfk_avx2
#pragma clang attribute pop
extern const cfk_kernels cfk_kernels_avx2 = {
    "avx2",         cfk_avx2::peak,      cfk_avx2::prepare, cfk_avx2::evaluate, cfk_avx2::train,
    cfk_avx2::compose, cfk_avx2::decompose, cfk_avx2::add,      cfk_avx2::adam,
    cfk_avx2::orthogonalize};
#endif
