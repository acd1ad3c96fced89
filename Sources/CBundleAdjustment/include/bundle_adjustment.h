#ifndef BUNDLE_ADJUSTMENT_H
#define BUNDLE_ADJUSTMENT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Parameters of a camera, in this order: rotation (3) and translation (3) of `pose`, `lens` (12),
/// `bias` (3), rotation (3) and translation (3) of `depth_pose`. Poses are changed from the left:
/// `exp(rotation) * pose + translation`, radians and metres.
enum { CBA_LENS = 6, CBA_BIAS = 18, CBA_DEPTH_POSE = 21, CBA_CAMERA = 27 };

/// A motion: rotation row-major, then translation, metres.
typedef struct {
  double m[12];
} cba_pose;

typedef struct {
  /// cameraFromRig.
  cba_pose pose;
  /// fx, fy, cx, cy, k1, k2, p1, p2, k3, k4, k5, k6.
  double lens[12];
  /// The true depth of a measured d at the ray (x, y, 1) is
  /// `bias[0] + d * (1 + bias[1] + bias[2] * (x * x + y * y))`.
  double bias[3];
  /// colorFromDepth.
  cba_pose depth_pose;
  /// How far each parameter may be from the value that is given, as a standard deviation: 0 holds it,
  /// infinity leaves it free.
  double sigma[CBA_CAMERA];
} cba_camera;

/// A board in a view: rigFromBoard; held where `held` is not 0.
typedef struct {
  cba_pose pose;
  int32_t held;
} cba_view;

/// A point of the board, seen by a camera at a pixel with a standard deviation per coordinate.
typedef struct {
  int32_t camera, view;
  double board[3], pixel[2], sigma;
} cba_corner;

/// A depth measured on the board: `depth * (x, y, 1)` in the depth lens's frame lies in the plane
/// z = 0 of the board but for `sigma` metres.
typedef struct {
  int32_t camera, view;
  double ray[2], depth, sigma;
} cba_depth;

typedef struct {
  cba_camera *cameras;
  int64_t camera_count;
  cba_view *views;
  int64_t view_count;
  const cba_corner *corners;
  int64_t corner_count;
  const cba_depth *depths;
  int64_t depth_count;
} cba_problem;

typedef struct {
  /// Sum of squared residuals over their deviations, robust and with priors, before and after.
  double initial_cost, cost;
  int32_t iterations;
  /// 1 when the last step was too small to matter, 0 when iterations ran out.
  int32_t converged;
  /// Smallest eigenvalue of the information about the cameras, scaled to a diagonal of ones.
  double weakest;
} cba_summary;

/// Minimises the squared residuals over their deviations with Levenberg and Marquardt's method;
/// boards' poses are eliminated from each step (Schur complement).
///
/// `loss` is the scale of Cauchy's robust loss in deviations; 0 for none. Cameras and views are
/// changed in place. `covariance` is NULL or receives `[27 cameras]^2` numbers: the inverse
/// information about the cameras' parameters, rows of held ones zero. `direction` is NULL or receives
/// `[27 cameras]` numbers: the change of parameters that is least determined.
/// Returns 0 when done; 1 when no step can be computed; 2 when the cameras are not determined, then
/// `covariance` is not written and `direction` tells what is not.
int32_t cba_solve(cba_problem *problem, int32_t iterations, double loss, double *covariance,
                  double *direction, cba_summary *summary);

/// Residuals as they stand: predicted minus measured pixel `[corners x 2]`, NaN behind the camera,
/// and distance of each depth from its board `[depths]`, metres, positive behind the board.
void cba_residuals(const cba_problem *problem, double *corners, double *depths);

/// One corner's residual over its deviation, and its Jacobian by the camera `[2 x 27]` and the view
/// `[2 x 6]`; returns 0 behind the camera.
int32_t cba_corner_terms(const cba_camera *camera, const cba_view *view, const cba_corner *corner,
                         double *residual, double *by_camera, double *by_view);

/// One depth's residual over its deviation, and its Jacobian by the camera `[27]` and the view `[6]`.
void cba_depth_terms(const cba_camera *camera, const cba_view *view, const cba_depth *depth,
                     double *residual, double *by_camera, double *by_view);

/// `exp(step[0..2]) * pose + step[3..5]`.
void cba_move(cba_pose *pose, const double *step);

#ifdef __cplusplus
}
#endif

#endif
