// The kernels compiled for one instruction set; see dispatch.cpp for when they are chosen.
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "../include/CFieldKernels.h"
#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,avx512bf16"))), apply_to = function)
namespace cfk_avx512bf16 {
enum { kWidth = 16, kRows = 6, kColumns = 4 };  // kRows x kColumns accumulators fill the registers
#include "../kernels/math.inl.h"
#include "../kernels/gemm.inl.h"
#include "../kernels/softplus_table.inl.h"
#include "../kernels/activations.inl.h"
#include "../kernels/tile.inl.h"
#include "../kernels/exact.inl.h"
#include "../kernels/pairs.inl.h"
#include "../kernels/forward.inl.h"
#include "../kernels/backward.inl.h"
#include "../kernels/field.inl.h"
#include "../kernels/vectors.inl.h"
#include "../kernels/orthogonalize.inl.h"
}  // namespace cfk_avx512bf16
#pragma clang attribute pop
extern const cfk_kernels cfk_kernels_avx512bf16 = {
    "avx512bf16",     cfk_avx512bf16::peak,      cfk_avx512bf16::prepare, cfk_avx512bf16::evaluate, cfk_avx512bf16::train,
    cfk_avx512bf16::compose, cfk_avx512bf16::decompose, cfk_avx512bf16::add,      cfk_avx512bf16::adam,
    cfk_avx512bf16::orthogonalize};
#endif
