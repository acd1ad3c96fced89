#ifndef BOARD_DRAWING_H
#define BOARD_DRAWING_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A printed raster, `[rows x columns]`, 1 is ink; `step` metres a cell, its first cell `margin`
/// metres before the origin along both axes.
typedef struct {
  const uint8_t *ink;
  int64_t columns, rows;
  double step, margin;
} cbd_paper;

/// Draws paper over grey samples `[height x width]`, within the given columns and rows of them.
/// `from_pixel` takes a pixel to a place on the paper, metres, as a homography.
void cbd_draw(uint8_t *samples, int64_t width, int64_t left, int64_t right, int64_t top,
              int64_t bottom, const double from_pixel[9], const cbd_paper *paper, int32_t is_front,
              uint8_t white, uint8_t black);

/// The plane z = 0 of a frame before a lens: row-major rotation, then translation, metres; seen within
/// the given places along its axes.
typedef struct {
  double pose[12];
  double low[2], high[2];
} cbd_sheet;

/// z-depth along the pixels of a pinhole lens (fx, fy, cx, cy), `[height x width]`, metres; 0 where
/// none of the sheets is seen below `limit`. The first sheet that is met in order hides the others.
void cbd_depth(double *depths, int64_t width, int64_t height, const double lens[4],
               const cbd_sheet *sheets, int64_t count, double limit);

#ifdef __cplusplus
}
#endif

#endif
