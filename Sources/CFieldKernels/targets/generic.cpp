// The kernels compiled for one instruction set; see dispatch.cpp for when they are chosen.
#include <utility>

#include "../include/CFieldKernels.h"
namespace cfk_generic {
enum { kWidth = 4, kRows = 4, kColumns = 2 };  // kRows x kColumns accumulators fill the registers
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
}  // namespace cfk_generic
extern const cfk_kernels cfk_kernels_generic = {
    "generic",         cfk_generic::peak,      cfk_generic::prepare, cfk_generic::evaluate, cfk_generic::train,
    cfk_generic::compose, cfk_generic::decompose, cfk_generic::add,      cfk_generic::adam,
    cfk_generic::orthogonalize};
