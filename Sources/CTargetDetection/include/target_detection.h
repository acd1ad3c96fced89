#ifndef TARGET_DETECTION_H
#define TARGET_DETECTION_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// One square marker that was read. Pixel coordinates, the upper left pixel's centre is (0, 0).
typedef struct {
  /// Number of the marker in its dictionary.
  int32_t id;
  /// Bits that had to be corrected.
  int32_t corrected;
  /// How clearly black and white were told apart, grey levels.
  float margin;
  /// Corners of the black square as printed: upper left, upper right, lower right, lower left.
  double corners[8];
} ctd_marker;

typedef struct ctd_reader ctd_reader;

/// A reader of `count` markers of `cells x cells` bits inside a black border one cell wide.
///
/// A code holds its bits row by row from the upper left, the highest bit first, white is 1. Up to
/// `corrected` wrong bits are tolerated. NULL when memory runs out.
ctd_reader *ctd_create(int32_t cells, const uint64_t *codes, int32_t count, int32_t corrected);
void ctd_destroy(ctd_reader *reader);

/// Codes of AprilTag's family 36h11 in the layout of `ctd_create`; returns how many there are, and
/// fills in the first `capacity` of them.
int32_t ctd_tag36h11(uint64_t *codes, int32_t capacity);

/// Finds markers in an 8-bit grey picture without gaps between rows, sorted by id and place; returns
/// how many were found, of which the first `capacity` are filled in. -1 when memory runs out.
/// A `scale` above 1 searches in a picture that is smaller by that factor. One call at a time.
int64_t ctd_read(ctd_reader *reader, const uint8_t *grey, int32_t width, int32_t height,
                 float scale, ctd_marker *markers, int64_t capacity);

/// Luminance (Rec. 601) of interleaved 8-bit RGB.
void ctd_grey(const uint8_t *rgb, int64_t count, uint8_t *grey);

/// 8 bits of 16: `low` and below becomes 0, `high` and above 255.
void ctd_grey16(const uint16_t *samples, int64_t count, uint16_t low, uint16_t high, uint8_t *grey);

/// The brightest of the pixels up to `radius` away in each direction: black shapes that touch come
/// apart.
void ctd_widen_white(const uint8_t *grey, int32_t width, int32_t height, int32_t radius,
                     uint8_t *widened);

/// Moves a corner to where all gradients in a window around it point past it (Forstner).
///
/// The window is `2 * radius + 1` pixels wide, weighted by a Gaussian. Returns 0 when the window
/// leaves the picture, holds no corner, or the corner walks off by more than half the radius;
/// `deviation` receives the standard deviation of the place as the gradients tell it, pixels.
int32_t ctd_refine(const uint8_t *grey, int32_t width, int32_t height, double radius, double *x,
                   double *y, double *deviation);

/// A place where two edges of a chessboard cross.
typedef struct {
  int32_t x, y;
  float response;
} ctd_crossing;

/// Where a picture looks most like a crossing of two chessboard edges: maxima, within `radius` pixels,
/// of a response above `threshold`, the strongest first. `radius` is 2 or more. Returns how many are
/// written, at most `capacity`; -1 when memory runs out.
int64_t ctd_crossings(const uint8_t *grey, int32_t width, int32_t height, int32_t radius,
                      float threshold, ctd_crossing *crossings, int64_t capacity);

#ifdef __cplusplus
}
#endif

#endif
