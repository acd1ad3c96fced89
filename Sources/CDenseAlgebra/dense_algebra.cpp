#include "dense_algebra.h"

#define EIGEN_MPL2_ONLY
#define EIGEN_DONT_PARALLELIZE
#include <eigen3/Eigen/Cholesky>
#include <eigen3/Eigen/Eigenvalues>
#include <eigen3/Eigen/LU>

namespace {
using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;
using ConstMap = Eigen::Map<const Matrix>;
using Map = Eigen::Map<Matrix>;
}  // namespace

int32_t cda_cholesky(const double *matrix, int64_t n, double *lower) {
  ConstMap a(matrix, n, n);
  if (!a.allFinite()) return 0;
  Eigen::LLT<Eigen::MatrixXd, Eigen::Lower> factors(a);
  if (factors.info() != Eigen::Success) return 0;
  Matrix result = factors.matrixL();
  if (!result.allFinite()) return 0;
  Map(lower, n, n) = result;
  return 1;
}

int32_t cda_cholesky_solve(const double *lower, int64_t n, double *b, int64_t columns) {
  ConstMap l(lower, n, n);
  Map x(b, n, columns);
  if (!x.allFinite()) return 0;
  l.triangularView<Eigen::Lower>().solveInPlace(x);
  l.transpose().triangularView<Eigen::Upper>().solveInPlace(x);
  return 1;
}

int32_t cda_symmetric_eigen(const double *matrix, int64_t n, double *values, double *vectors) {
  ConstMap a(matrix, n, n);
  if (!a.allFinite()) return 0;
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(a);
  if (solver.info() != Eigen::Success) return 0;
  Eigen::Map<Vector>(values, n) = solver.eigenvalues();
  Map(vectors, n, n) = solver.eigenvectors();
  return 1;
}

int32_t cda_inverse(const double *matrix, int64_t n, double *inverse) {
  ConstMap a(matrix, n, n);
  if (!a.allFinite()) return 0;
  Eigen::FullPivLU<Eigen::MatrixXd> lu(a);
  if (!lu.isInvertible()) return 0;
  Matrix result = lu.inverse();
  if (!result.allFinite()) return 0;
  Map(inverse, n, n) = result;
  return 1;
}
