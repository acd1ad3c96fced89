#include "residuals.h"

#include <cmath>
#include <limits>

using namespace cba;

namespace {

/// A pixel by the direction it is seen in, with its derivatives: [x', y'] by [x, y] and by the lens.
struct Projection {
  double u, v;
  double by_ray[2][2];
  double by_lens[2][12];
};

Projection project(const double *lens, double x, double y) {
  const double fx = lens[0], fy = lens[1];
  const double k1 = lens[4], k2 = lens[5], p1 = lens[6], p2 = lens[7];
  const double k3 = lens[8], k4 = lens[9], k5 = lens[10], k6 = lens[11];
  const double r2 = x * x + y * y, r4 = r2 * r2, r6 = r4 * r2;
  const double top = 1 + k1 * r2 + k2 * r4 + k3 * r6;
  const double bottom = 1 + k4 * r2 + k5 * r4 + k6 * r6;
  const double f = top / bottom;
  const double slope = ((k1 + 2 * k2 * r2 + 3 * k3 * r4) - f * (k4 + 2 * k5 * r2 + 3 * k6 * r4)) / bottom;
  const double xd = x * f + 2 * p1 * x * y + p2 * (r2 + 2 * x * x);
  const double yd = y * f + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y;
  Projection p;
  p.u = fx * xd + lens[2];
  p.v = fy * yd + lens[3];
  p.by_ray[0][0] = fx * (f + 2 * x * x * slope + 2 * p1 * y + 6 * p2 * x);
  p.by_ray[0][1] = fx * (2 * x * y * slope + 2 * p1 * x + 2 * p2 * y);
  p.by_ray[1][0] = fy * (2 * x * y * slope + 2 * p1 * x + 2 * p2 * y);
  p.by_ray[1][1] = fy * (f + 2 * y * y * slope + 6 * p1 * y + 2 * p2 * x);
  const double powers[3] = {r2 / bottom, r4 / bottom, r6 / bottom};
  const double scale[2] = {fx * x, fy * y};
  for (int row = 0; row < 2; ++row) {
    double *d = p.by_lens[row];
    d[0] = row == 0 ? xd : 0;
    d[1] = row == 1 ? yd : 0;
    d[2] = row == 0;
    d[3] = row == 1;
    d[4] = scale[row] * powers[0];
    d[5] = scale[row] * powers[1];
    d[8] = scale[row] * powers[2];
    for (int k = 0; k < 3; ++k) d[9 + k] = -scale[row] * f * powers[k];
  }
  p.by_lens[0][6] = fx * 2 * x * y;
  p.by_lens[1][6] = fy * (r2 + 2 * y * y);
  p.by_lens[0][7] = fx * (r2 + 2 * x * x);
  p.by_lens[1][7] = fy * 2 * x * y;
  return p;
}

}  // namespace

int32_t cba_corner_terms(const cba_camera *camera, const cba_view *view, const cba_corner *corner,
                         double *residual, double *by_camera, double *by_view) {
  const Matrix3 turn = rotation(camera->pose);
  const Vector3 board = Eigen::Map<const Vector3>(corner->board);
  const Vector3 in_rig = rotation(view->pose) * board + translation(view->pose);
  const Vector3 p = turn * in_rig + translation(camera->pose);
  if (!(p.z() > 1e-6)) return 0;
  const double x = p.x() / p.z(), y = p.y() / p.z();
  const Projection at = project(camera->lens, x, y);
  const double scale = 1 / corner->sigma;
  residual[0] = (at.u - corner->pixel[0]) * scale;
  residual[1] = (at.v - corner->pixel[1]) * scale;
  if (!by_camera) return 1;
  const Matrix3 by_turn = -cross(p), by_board_turn = -turn * cross(in_rig);
  for (int row = 0; row < 2; ++row) {
    const double a = at.by_ray[row][0] / p.z(), b = at.by_ray[row][1] / p.z();
    const Eigen::RowVector3d by_point(a * scale, b * scale, -(a * x + b * y) * scale);
    double *c = by_camera + CBA_CAMERA * row;
    Eigen::Map<Eigen::RowVector3d>(c + 0) = by_point * by_turn;
    Eigen::Map<Eigen::RowVector3d>(c + 3) = by_point;
    for (int k = 0; k < 12; ++k) c[CBA_LENS + k] = at.by_lens[row][k] * scale;
    for (int k = CBA_BIAS; k < CBA_CAMERA; ++k) c[k] = 0;
    Eigen::Map<Eigen::RowVector3d>(by_view + 6 * row) = by_point * by_board_turn;
    Eigen::Map<Eigen::RowVector3d>(by_view + 6 * row + 3) = by_point * turn;
  }
  return 1;
}

void cba_depth_terms(const cba_camera *camera, const cba_view *view, const cba_depth *depth,
                     double *residual, double *by_camera, double *by_view) {
  const Matrix3 turn = rotation(camera->pose);
  const Vector3 ray(depth->ray[0], depth->ray[1], 1);
  const double r2 = ray.x() * ray.x() + ray.y() * ray.y();
  const double z = camera->bias[0] + depth->depth * (1 + camera->bias[1] + camera->bias[2] * r2);
  const Vector3 along = rotation(camera->depth_pose) * ray;
  const Vector3 p = along * z + translation(camera->depth_pose);
  const Vector3 in_rig = turn.transpose() * (p - translation(camera->pose));
  const Vector3 normal = rotation(view->pose).col(2);
  const double scale = 1 / depth->sigma;
  *residual = normal.dot(in_rig - translation(view->pose)) * scale;
  if (!by_camera) return;
  const Vector3 seen = turn * normal;
  const Vector3 moment = p.cross(seen) * scale;
  for (int k = 0; k < 12; ++k) by_camera[CBA_LENS + k] = 0;
  Eigen::Map<Vector3>(by_camera + 0) = -moment;
  Eigen::Map<Vector3>(by_camera + 3) = -seen * scale;
  const double slant = seen.dot(along) * scale;
  by_camera[CBA_BIAS + 0] = slant;
  by_camera[CBA_BIAS + 1] = slant * depth->depth;
  by_camera[CBA_BIAS + 2] = slant * depth->depth * r2;
  Eigen::Map<Vector3>(by_camera + CBA_DEPTH_POSE) = moment;
  Eigen::Map<Vector3>(by_camera + CBA_DEPTH_POSE + 3) = seen * scale;
  Eigen::Map<Vector3>(by_view + 0) = -in_rig.cross(normal) * scale;
  Eigen::Map<Vector3>(by_view + 3) = -normal * scale;
}

void cba_move(cba_pose *pose, const double *step) {
  const Vector3 way(step[0], step[1], step[2]);
  const double angle = way.norm();
  Matrix3 turn = Matrix3::Identity() + cross(way);
  if (angle > 1e-12) {
    const Matrix3 axis = cross(way / angle);
    turn = Matrix3::Identity() + std::sin(angle) * axis + (1 - std::cos(angle)) * axis * axis;
  }
  Matrix3 rows = turn * rotation(*pose);
  // Rounding would let the rows grow apart over many steps.
  Vector3 x = rows.row(0).normalized();
  Vector3 y = (rows.row(1).transpose() - x * x.dot(rows.row(1))).normalized();
  rows.row(0) = x;
  rows.row(1) = y;
  rows.row(2) = x.cross(y);
  const Vector3 place = turn * translation(*pose) + Vector3(step[3], step[4], step[5]);
  Eigen::Map<Eigen::Matrix<double, 3, 3, Eigen::RowMajor>>(pose->m) = rows;
  Eigen::Map<Vector3>(pose->m + 9) = place;
}

void cba_residuals(const cba_problem *problem, double *corners, double *depths) {
  for (int64_t i = 0; i < problem->corner_count; ++i) {
    cba_corner corner = problem->corners[i];
    corner.sigma = 1;
    if (!cba_corner_terms(&problem->cameras[corner.camera], &problem->views[corner.view], &corner,
                          corners + 2 * i, nullptr, nullptr)) {
      corners[2 * i] = corners[2 * i + 1] = std::numeric_limits<double>::quiet_NaN();
    }
  }
  for (int64_t i = 0; i < problem->depth_count; ++i) {
    cba_depth depth = problem->depths[i];
    depth.sigma = 1;
    cba_depth_terms(&problem->cameras[depth.camera], &problem->views[depth.view], &depth, depths + i,
                    nullptr, nullptr);
  }
}
