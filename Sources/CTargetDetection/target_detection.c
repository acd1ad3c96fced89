#include "target_detection.h"

#include <apriltag/apriltag.h>
#include <apriltag/tag36h11.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct ctd_reader {
  apriltag_detector_t *detector;
  apriltag_family_t family;
};

// The library reads a code as four quarters, each the one before turned by 90 degrees, and the
// middle last. Column and row of the i-th of its bits.
static void place_of_bit(int cells, int i, int *x, int *y) {
  const int quarter = cells * cells / 4;
  const int wide = cells - cells / 2;
  if (i >= 4 * quarter) {
    *x = *y = cells / 2;
    return;
  }
  // The upper left quarter is `wide` columns wide and `cells / 2` rows high.
  int column = i % quarter % wide, row = i % quarter / wide;
  for (int turn = 0; turn < i / quarter; ++turn) {
    const int old = column;
    column = cells - 1 - row;
    row = old;
  }
  *x = column;
  *y = row;
}

void ctd_destroy(ctd_reader *reader) {
  if (!reader) return;
  if (reader->detector) apriltag_detector_destroy(reader->detector);
  free(reader->family.codes);
  free(reader->family.bit_x);
  free(reader->family.bit_y);
  free(reader);
}

ctd_reader *ctd_create(int32_t cells, const uint64_t *codes, int32_t count, int32_t corrected) {
  const int bits = cells * cells;
  ctd_reader *reader = calloc(1, sizeof *reader);
  if (!reader) return NULL;
  apriltag_family_t *family = &reader->family;
  family->codes = calloc((size_t)count, sizeof(uint64_t));
  family->bit_x = calloc((size_t)bits, sizeof(uint32_t));
  family->bit_y = calloc((size_t)bits, sizeof(uint32_t));
  reader->detector = apriltag_detector_create();
  if (!family->codes || !family->bit_x || !family->bit_y || !reader->detector) {
    ctd_destroy(reader);
    return NULL;
  }
  family->ncodes = (uint32_t)count;
  family->width_at_border = cells + 2;
  family->total_width = cells + 4;
  family->nbits = (uint32_t)bits;
  family->h = (uint32_t)(2 * corrected + 1);
  family->name = "markers";
  for (int i = 0; i < bits; ++i) {
    int x, y;
    place_of_bit(cells, i, &x, &y);
    family->bit_x[i] = (uint32_t)(x + 1);
    family->bit_y[i] = (uint32_t)(y + 1);
    for (int k = 0; k < count; ++k) {
      const uint64_t bit = codes[k] >> (bits - 1 - (y * cells + x)) & 1;
      family->codes[k] = family->codes[k] << 1 | bit;
    }
  }
  apriltag_detector_add_family_bits(reader->detector, family, corrected);
  reader->detector->nthreads = 1;
  return reader;
}

int32_t ctd_tag36h11(uint64_t *codes, int32_t capacity) {
  apriltag_family_t *family = tag36h11_create();
  if (!family) return 0;
  const int32_t count = (int32_t)family->ncodes;
  for (int32_t k = 0; k < count && k < capacity; ++k) {
    uint64_t code = 0;
    for (uint32_t i = 0; i < family->nbits; ++i) {
      const uint64_t bit = family->codes[k] >> (family->nbits - 1 - i) & 1;
      const uint32_t place = (family->bit_y[i] - 1) * 6 + family->bit_x[i] - 1;
      code |= bit << (35 - place);
    }
    codes[k] = code;
  }
  tag36h11_destroy(family);
  return count;
}

static int by_place(const void *a, const void *b) {
  const ctd_marker *p = a, *q = b;
  if (p->id != q->id) return p->id < q->id ? -1 : 1;
  if (p->corners[0] != q->corners[0]) return p->corners[0] < q->corners[0] ? -1 : 1;
  return (p->corners[1] > q->corners[1]) - (p->corners[1] < q->corners[1]);
}

int64_t ctd_read(ctd_reader *reader, const uint8_t *grey, int32_t width, int32_t height,
                 float scale, ctd_marker *markers, int64_t capacity) {
  reader->detector->quad_decimate = scale;
  // The library writes to no picture that it is given, though its type does not say so.
  image_u8_t picture = {.width = width, .height = height, .stride = width, .buf = (uint8_t *)grey};
  zarray_t *found = apriltag_detector_detect(reader->detector, &picture);
  if (!found) return -1;
  const int64_t count = zarray_size(found);
  for (int64_t k = 0; k < count && k < capacity; ++k) {
    apriltag_detection_t *tag;
    zarray_get(found, (int)k, &tag);
    ctd_marker *marker = &markers[k];
    marker->id = tag->id;
    marker->corrected = tag->hamming;
    marker->margin = tag->decision_margin;
    // The library begins at the lower left, goes against the clock, and counts from pixels' corners.
    for (int i = 0; i < 4; ++i) {
      marker->corners[2 * i] = tag->p[3 - i][0] - 0.5;
      marker->corners[2 * i + 1] = tag->p[3 - i][1] - 0.5;
    }
  }
  apriltag_detections_destroy(found);
  qsort(markers, (size_t)(count < capacity ? count : capacity), sizeof *markers, by_place);
  return count;
}

void ctd_grey(const uint8_t *rgb, int64_t count, uint8_t *grey) {
  for (int64_t i = 0; i < count; ++i) {
    grey[i] = (uint8_t)((77 * rgb[3 * i] + 150 * rgb[3 * i + 1] + 29 * rgb[3 * i + 2] + 128) >> 8);
  }
}

void ctd_grey16(const uint16_t *samples, int64_t count, uint16_t low, uint16_t high,
                uint8_t *grey) {
  const float scale = 255.0f / (float)(high > low ? high - low : 1);
  for (int64_t i = 0; i < count; ++i) {
    const float value = ((float)samples[i] - (float)low) * scale + 0.5f;
    grey[i] = value <= 0 ? 0 : value >= 255 ? 255 : (uint8_t)value;
  }
}

void ctd_widen_white(const uint8_t *grey, int32_t width, int32_t height, int32_t radius,
                     uint8_t *widened) {
  for (int32_t v = 0; v < height; ++v) {
    for (int32_t u = 0; u < width; ++u) {
      uint8_t brightest = 0;
      for (int32_t y = v - radius; y <= v + radius; ++y) {
        if (y < 0 || y >= height) continue;
        for (int32_t x = u - radius; x <= u + radius; ++x) {
          if (x < 0 || x >= width) continue;
          const uint8_t value = grey[(int64_t)y * width + x];
          if (value > brightest) brightest = value;
        }
      }
      widened[(int64_t)v * width + u] = brightest;
    }
  }
}

static double sample(const uint8_t *grey, int32_t width, double x, double y) {
  const int32_t u = (int32_t)x, v = (int32_t)y;
  const double a = x - u, b = y - v;
  const uint8_t *p = grey + (int64_t)v * width + u;
  return (1 - b) * ((1 - a) * p[0] + a * p[1]) + b * ((1 - a) * p[width] + a * p[width + 1]);
}

int32_t ctd_refine(const uint8_t *grey, int32_t width, int32_t height, double radius, double *x,
                   double *y, double *deviation) {
  const double start_x = *x, start_y = *y;
  const int32_t reach = (int32_t)ceil(radius);
  const double spread = 2 / (radius * radius);
  for (int iteration = 0; iteration < 30; ++iteration) {
    if (!(*x - reach >= 2 && *y - reach >= 2 && *x + reach < width - 3 && *y + reach < height - 3)) {
      return 0;
    }
    double xx = 0, xy = 0, yy = 0, bx = 0, by = 0, cc = 0, sum = 0;
    for (int32_t j = -reach; j <= reach; ++j) {
      for (int32_t i = -reach; i <= reach; ++i) {
        const double r2 = (double)(i * i + j * j);
        if (r2 > (radius + 0.5) * (radius + 0.5)) continue;
        const double u = *x + i, v = *y + j;
        const double gx = (sample(grey, width, u + 1, v) - sample(grey, width, u - 1, v)) / 2;
        const double gy = (sample(grey, width, u, v + 1) - sample(grey, width, u, v - 1)) / 2;
        const double w = exp(-r2 * spread), d = gx * i + gy * j;
        xx += w * gx * gx;
        xy += w * gx * gy;
        yy += w * gy * gy;
        bx += w * gx * d;
        by += w * gy * d;
        cc += w * d * d;
        sum += w;
      }
    }
    const double det = xx * yy - xy * xy, trace = xx + yy;
    // Two edges are needed: along a single one the smaller eigenvalue vanishes.
    if (!(trace > 4 * sum) || !(det > 0.02 * trace * trace)) return 0;
    const double dx = (yy * bx - xy * by) / det, dy = (xx * by - xy * bx) / det;
    *x += dx;
    *y += dy;
    const double walk = hypot(*x - start_x, *y - start_y);
    if (!(walk <= fmax(radius / 2, 1.5))) return 0;
    if (hypot(dx, dy) < 0.001) {
      const double rest = fmax(cc - dx * bx - dy * by, 0);
      *deviation = sqrt(rest / sum * trace / det);
      return 1;
    }
  }
  return 0;
}

static void respond(const uint8_t *grey, int32_t width, int32_t height, int32_t radius,
                    float *response) {
  enum { samples = 16 };
  int32_t du[samples], dv[samples];
  for (int k = 0; k < samples; ++k) {
    du[k] = (int32_t)lround(radius * cos(2 * M_PI * k / samples));
    dv[k] = (int32_t)lround(radius * sin(2 * M_PI * k / samples));
  }
  for (int32_t v = radius + 1; v < height - radius - 1; ++v) {
    for (int32_t u = radius + 1; u < width - radius - 1; ++u) {
      const uint8_t *p = grey + (int64_t)v * width + u;
      int ring[samples];
      for (int k = 0; k < samples; ++k) ring[k] = p[dv[k] * width + du[k]];
      // Opposite samples agree at a crossing, samples a quarter turn apart differ.
      int crossing = 0, edge = 0, mean = 0;
      for (int k = 0; k < samples / 4; ++k) {
        crossing += abs(ring[k] + ring[k + 8] - ring[k + 4] - ring[k + 12]);
      }
      for (int k = 0; k < samples / 2; ++k) edge += abs(ring[k] - ring[k + 8]);
      for (int k = 0; k < samples; ++k) mean += ring[k];
      const int near = p[0] + p[-1] + p[1] + p[-width] + p[width];
      const float blob = fabsf((float)mean - (float)near * samples / 5);
      const float value = (float)(crossing - edge) - blob;
      response[(int64_t)v * width + u] = value > 0 ? value : 0;
    }
  }
}

static int by_response(const void *a, const void *b) {
  const ctd_crossing *p = a, *q = b;
  if (p->response != q->response) return p->response > q->response ? -1 : 1;
  if (p->y != q->y) return p->y < q->y ? -1 : 1;
  return (p->x > q->x) - (p->x < q->x);
}

// Whether no pixel around has a larger response; of equal ones the first counts.
static int is_maximum(const float *response, int32_t width, int32_t height, int32_t radius,
                      int32_t x, int32_t y) {
  const float value = response[(int64_t)y * width + x];
  for (int32_t v = y - radius; v <= y + radius; ++v) {
    if (v < 0 || v >= height) continue;
    for (int32_t u = x - radius; u <= x + radius; ++u) {
      if (u < 0 || u >= width) continue;
      const float other = response[(int64_t)v * width + u];
      if (other > value || (other == value && (v < y || (v == y && u < x)))) return 0;
    }
  }
  return 1;
}

int64_t ctd_crossings(const uint8_t *grey, int32_t width, int32_t height, int32_t radius,
                      float threshold, ctd_crossing *crossings, int64_t capacity) {
  float *response = calloc((size_t)width * (size_t)height, sizeof(float));
  // Maxima lie farther apart than the radius, so this many are possible.
  const size_t side = (size_t)radius + 1;
  const size_t most = ((size_t)width / side + 1) * ((size_t)height / side + 1);
  ctd_crossing *all = malloc(most * sizeof *all);
  if (!response || !all) {
    free(response);
    free(all);
    return -1;
  }
  respond(grey, width, height, radius, response);
  size_t count = 0;
  for (int32_t y = 0; y < height; ++y) {
    for (int32_t x = 0; x < width; ++x) {
      const float value = response[(int64_t)y * width + x];
      if (value > threshold && count < most &&
          is_maximum(response, width, height, radius, x, y)) {
        all[count++] = (ctd_crossing){.x = x, .y = y, .response = value};
      }
    }
  }
  qsort(all, count, sizeof *all, by_response);
  const int64_t written = (int64_t)count < capacity ? (int64_t)count : capacity;
  memcpy(crossings, all, (size_t)written * sizeof *all);
  free(response);
  free(all);
  return written;
}
