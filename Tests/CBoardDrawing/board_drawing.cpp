#include "board_drawing.h"

// Tests draw dozens of pictures, and a test's build of Swift is not optimized.

void cbd_draw(uint8_t *samples, int64_t width, int64_t left, int64_t right, int64_t top,
              int64_t bottom, const double m[9], const cbd_paper *paper, int32_t is_front,
              uint8_t white, uint8_t black) {
  for (int64_t v = top; v < bottom; ++v) {
    for (int64_t u = left; u < right; ++u) {
      int seen = 0, ink = 0;
      for (int n = 0; n < 9; ++n) {
        // A turned square, so that no two samples share a row or a column.
        const double p = n % 3 - 1, q = n / 3 - 1;
        const double x = static_cast<double>(u) + p / 3 + q / 9;
        const double y = static_cast<double>(v) + q / 3 - p / 9;
        const double z = m[6] * x + m[7] * y + m[8];
        const double column = ((m[0] * x + m[1] * y + m[2]) / z + paper->margin) / paper->step;
        const double row = ((m[3] * x + m[4] * y + m[5]) / z + paper->margin) / paper->step;
        if (!(column >= 0 && row >= 0 && column < static_cast<double>(paper->columns) &&
              row < static_cast<double>(paper->rows))) {
          continue;
        }
        ++seen;
        const int64_t cell =
            static_cast<int64_t>(row) * paper->columns + static_cast<int64_t>(column);
        if (is_front && paper->ink[cell]) ++ink;
      }
      uint8_t &sample = samples[v * width + u];
      sample = static_cast<uint8_t>((sample * (9 - seen) + white * (seen - ink) + black * ink) / 9);
    }
  }
}

void cbd_depth(double *depths, int64_t width, int64_t height, const double lens[4],
               const cbd_sheet *sheets, int64_t count, double limit) {
  for (int64_t i = 0; i < width * height; ++i) {
    const double x = (static_cast<double>(i % width) - lens[2]) / lens[0];
    const double y = (static_cast<double>(i / width) - lens[3]) / lens[1];
    depths[i] = 0;
    for (int64_t s = 0; s < count && depths[i] == 0; ++s) {
      const double *r = sheets[s].pose;
      const double t[3] = {r[9], r[10], r[11]};
      const double slope = r[2] * x + r[5] * y + r[8];
      const double z = (r[2] * t[0] + r[5] * t[1] + r[8] * t[2]) / slope;
      if (!(z > 0.05 && z < limit)) continue;
      const double p[3] = {x * z - t[0], y * z - t[1], z - t[2]};
      bool inside = true;
      for (int k = 0; k < 2; ++k) {
        const double at = r[k] * p[0] + r[3 + k] * p[1] + r[6 + k] * p[2];
        inside = inside && at > sheets[s].low[k] && at < sheets[s].high[k];
      }
      if (inside) depths[i] = z;
    }
  }
}
