#ifndef SURFACE_CUT_H
#define SURFACE_CUT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A cell of a grid with the places of its neighbours in a list of nodes.
typedef struct {
  /// Next node on each axis.
  int32_t next[3];
  /// Node before on each axis.
  int32_t last[3];
  /// Index of the cell's force; -1 where `u` is fixed.
  int32_t cell;
} scut_node;

/// Primal-dual iterations of `min sum |grad u| + sum force u, 0 <= u <= 1`.
///
/// `values` and `ahead` hold `count + 1` numbers, `flow` four times as many; their last entries stand
/// for places outside of the list and are not changed.
void scut_iterate(const scut_node *nodes, int64_t count, const float *forces, float *values,
                  float *ahead, float *flow, int64_t iterations);

#ifdef __cplusplus
}
#endif

#endif
