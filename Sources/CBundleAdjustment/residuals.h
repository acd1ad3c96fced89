#ifndef BUNDLE_ADJUSTMENT_RESIDUALS_H
#define BUNDLE_ADJUSTMENT_RESIDUALS_H

#include "bundle_adjustment.h"

#define EIGEN_MPL2_ONLY
#define EIGEN_DONT_PARALLELIZE
#include <eigen3/Eigen/Cholesky>
#include <eigen3/Eigen/Eigenvalues>

namespace cba {

using Vector3 = Eigen::Vector3d;
using Matrix3 = Eigen::Matrix3d;

inline Matrix3 rotation(const cba_pose &pose) {
  return Eigen::Map<const Eigen::Matrix<double, 3, 3, Eigen::RowMajor>>(pose.m);
}
inline Vector3 translation(const cba_pose &pose) { return Eigen::Map<const Vector3>(pose.m + 9); }

/// The matrix of the vector product with `v` from the left.
inline Matrix3 cross(const Vector3 &v) {
  Matrix3 m;
  m << 0, -v.z(), v.y(), v.z(), 0, -v.x(), -v.y(), v.x(), 0;
  return m;
}

}  // namespace cba

#endif
