#ifndef DENSE_ALGEBRA_H
#define DENSE_ALGEBRA_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Dense matrices of doubles, row-major. All functions return 1 when done, and 0 when the matrix is
// not finite or not of the kind that they ask for; then nothing is written.

/// Cholesky's factor `lower * lower^T` of a symmetric positive definite matrix `[n x n]`, of which
/// the lower triangle is read. `lower` is `[n x n]`, zero above the diagonal.
int32_t cda_cholesky(const double *matrix, int64_t n, double *lower);

/// Solves `lower * lower^T * x = b` for `columns` right sides; `b` is `[n x columns]` and receives x.
int32_t cda_cholesky_solve(const double *lower, int64_t n, double *b, int64_t columns);

/// Eigenvalues `[n]`, rising, and eigenvectors `[n x n]`, one a column, of a symmetric matrix, of
/// which the lower triangle is read.
int32_t cda_symmetric_eigen(const double *matrix, int64_t n, double *values, double *vectors);

/// Inverse of a square matrix `[n x n]` that is well conditioned.
int32_t cda_inverse(const double *matrix, int64_t n, double *inverse);

#ifdef __cplusplus
}
#endif

#endif
