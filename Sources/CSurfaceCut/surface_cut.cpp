#include "surface_cut.h"

#include <algorithm>
#include <cmath>

void scut_iterate(const scut_node *nodes, int64_t count, const float *forces, float *values,
                  float *ahead, float *flow, int64_t iterations) {
  // 1 / sqrt(12): the largest step of both variables, as the gradient's norm is below sqrt(12).
  const float step = 0.288f;
  for (int64_t n = 0; n < iterations; ++n) {
    for (int64_t k = 0; k < count; ++k) {
      const int32_t *next = nodes[k].next;
      float *p = flow + 4 * k;
      const float here = ahead[k];
      const float x = p[0] + step * (ahead[next[0]] - here);
      const float y = p[1] + step * (ahead[next[1]] - here);
      const float z = p[2] + step * (ahead[next[2]] - here);
      const float scale = 1 / std::sqrt(std::max(1.0f, x * x + y * y + z * z));
      p[0] = x * scale;
      p[1] = y * scale;
      p[2] = z * scale;
    }
    for (int64_t k = 0; k < count; ++k) {
      if (nodes[k].cell < 0) continue;
      const int32_t *last = nodes[k].last;
      const float *p = flow + 4 * k;
      const float spread =
          p[0] + p[1] + p[2] - flow[4 * last[0]] - flow[4 * last[1] + 1] - flow[4 * last[2] + 2];
      const float old = values[k];
      const float now = std::min(1.0f, std::max(0.0f, old + step * (spread - forces[nodes[k].cell])));
      values[k] = now;
      ahead[k] = 2 * now - old;
    }
  }
}
