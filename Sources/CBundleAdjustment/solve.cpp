#include "residuals.h"

#include <cmath>
#include <vector>

namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;
using Matrix6 = Eigen::Matrix<double, 6, 6>;
using Vector6 = Eigen::Matrix<double, 6, 1>;
using CameraByView = Eigen::Matrix<double, CBA_CAMERA, 6>;

/// What a residual behind a camera costs, in squared deviations: more than any step should win.
constexpr double kBehind = 1e6;

/// The normal equations of one view: its own block, and how it hangs together with cameras.
struct ViewPart {
  Matrix6 own;
  Vector6 right;
  std::vector<int32_t> cameras;
  std::vector<CameraByView> with;

  CameraByView &camera(int32_t index) {
    for (size_t k = 0; k < cameras.size(); ++k) {
      if (cameras[k] == index) return with[k];
    }
    cameras.push_back(index);
    with.emplace_back(CameraByView::Zero());
    return with.back();
  }
};

class Solver {
 public:
  Solver(cba_problem &problem, double loss) : problem_(problem), loss2_(loss * loss) {
    const int64_t all = CBA_CAMERA * problem.camera_count;
    place_.assign(static_cast<size_t>(all), -1);
    moved_ = Vector::Zero(all);
    for (int64_t i = 0; i < all; ++i) {
      if (sigma(i) > 0) place_[static_cast<size_t>(i)] = free_++;
    }
  }

  /// Sum of all costs where the parameters stand.
  double cost() const {
    double sum = 0;
    double r[2];
    for (int64_t i = 0; i < problem_.corner_count; ++i) {
      const cba_corner &c = problem_.corners[i];
      sum += cba_corner_terms(&problem_.cameras[c.camera], &problem_.views[c.view], &c, r, nullptr,
                              nullptr)
                 ? robust(r[0] * r[0] + r[1] * r[1])
                 : kBehind;
    }
    for (int64_t i = 0; i < problem_.depth_count; ++i) {
      const cba_depth &d = problem_.depths[i];
      cba_depth_terms(&problem_.cameras[d.camera], &problem_.views[d.view], &d, r, nullptr, nullptr);
      sum += robust(r[0] * r[0]);
    }
    for (int64_t i = 0; i < moved_.size(); ++i) {
      if (has_prior(i)) sum += moved_[i] * moved_[i] / (sigma(i) * sigma(i));
    }
    return sum;
  }

  void linearize() {
    const int64_t all = moved_.size();
    information_ = Matrix::Zero(all, all);
    right_ = Vector::Zero(all);
    views_.assign(static_cast<size_t>(problem_.view_count), ViewPart());
    for (auto &view : views_) {
      view.own.setZero();
      view.right.setZero();
    }
    double r[2], by_camera[2 * CBA_CAMERA], by_view[12];
    for (int64_t i = 0; i < problem_.corner_count; ++i) {
      const cba_corner &c = problem_.corners[i];
      if (!cba_corner_terms(&problem_.cameras[c.camera], &problem_.views[c.view], &c, r, by_camera,
                            by_view)) {
        continue;
      }
      const double w = weight(r[0] * r[0] + r[1] * r[1]);
      for (int row = 0; row < 2; ++row) {
        add(c.camera, c.view, r[row], by_camera + CBA_CAMERA * row, by_view + 6 * row, w);
      }
    }
    for (int64_t i = 0; i < problem_.depth_count; ++i) {
      const cba_depth &d = problem_.depths[i];
      cba_depth_terms(&problem_.cameras[d.camera], &problem_.views[d.view], &d, r, by_camera,
                      by_view);
      add(d.camera, d.view, r[0], by_camera, by_view, weight(r[0] * r[0]));
    }
    for (int64_t i = 0; i < all; ++i) {
      if (!has_prior(i)) continue;
      information_(i, i) += 1 / (sigma(i) * sigma(i));
      right_[i] -= moved_[i] / (sigma(i) * sigma(i));
    }
  }

  /// The information about the free camera parameters alone, and the right side that goes with it.
  void reduce(double damping, Matrix &reduced, Vector &right) {
    reduced = Matrix::Zero(free_, free_);
    right = Vector::Zero(free_);
    for (int64_t i = 0; i < moved_.size(); ++i) {
      if (at(i) < 0) continue;
      right[at(i)] = right_[i];
      for (int64_t j = 0; j < moved_.size(); ++j) {
        if (at(j) >= 0) reduced(at(i), at(j)) = information_(i, j);
      }
      reduced(at(i), at(i)) += damping * information_(i, i);
    }
    inverses_.assign(views_.size(), Matrix6::Zero());
    for (size_t v = 0; v < views_.size(); ++v) {
      if (problem_.views[v].held || views_[v].cameras.empty()) continue;
      const ViewPart &view = views_[v];
      Matrix6 own = view.own;
      own.diagonal() += (damping + 1e-12) * view.own.diagonal();
      Eigen::LLT<Matrix6> factor(own);
      if (factor.info() != Eigen::Success) continue;
      inverses_[v] = factor.solve(Matrix6::Identity());
      for (size_t a = 0; a < view.cameras.size(); ++a) {
        const CameraByView half = view.with[a] * inverses_[v];
        const Eigen::Matrix<double, CBA_CAMERA, 1> part = half * view.right;
        for (int i = 0; i < CBA_CAMERA; ++i) {
          const int64_t row = at(CBA_CAMERA * view.cameras[a] + i);
          if (row >= 0) right[row] -= part[i];
        }
        for (size_t b = 0; b < view.cameras.size(); ++b) {
          const Eigen::Matrix<double, CBA_CAMERA, CBA_CAMERA> block = half * view.with[b].transpose();
          for (int i = 0; i < CBA_CAMERA; ++i) {
            const int64_t row = at(CBA_CAMERA * view.cameras[a] + i);
            if (row < 0) continue;
            for (int j = 0; j < CBA_CAMERA; ++j) {
              const int64_t column = at(CBA_CAMERA * view.cameras[b] + j);
              if (column >= 0) reduced(row, column) -= block(i, j);
            }
          }
        }
      }
    }
  }

  /// A damped step; false when it cannot be computed. `size` receives its largest entry.
  bool step(double damping, double &size) {
    Matrix reduced;
    Vector right;
    reduce(damping, reduced, right);
    Vector change = Vector::Zero(moved_.size());
    if (free_ > 0) {
      Eigen::LLT<Matrix> factor(reduced);
      if (factor.info() != Eigen::Success) return false;
      const Vector solved = factor.solve(right);
      if (!solved.allFinite()) return false;
      for (int64_t i = 0; i < moved_.size(); ++i) {
        if (at(i) >= 0) change[i] = solved[at(i)];
      }
    }
    size = 0;
    for (size_t v = 0; v < views_.size(); ++v) {
      const ViewPart &view = views_[v];
      Vector6 rest = view.right;
      for (size_t a = 0; a < view.cameras.size(); ++a) {
        rest -= view.with[a].transpose() * change.segment<CBA_CAMERA>(CBA_CAMERA * view.cameras[a]);
      }
      const Vector6 move = inverses_[v] * rest;
      if (!move.allFinite()) return false;
      size = std::max(size, move.cwiseAbs().maxCoeff());
      cba_move(&problem_.views[v].pose, move.data());
    }
    for (int64_t c = 0; c < problem_.camera_count; ++c) {
      cba_camera &camera = problem_.cameras[c];
      const double *d = change.data() + CBA_CAMERA * c;
      cba_move(&camera.pose, d);
      cba_move(&camera.depth_pose, d + CBA_DEPTH_POSE);
      for (int k = 0; k < 12; ++k) camera.lens[k] += d[CBA_LENS + k];
      for (int k = 0; k < 3; ++k) camera.bias[k] += d[CBA_BIAS + k];
    }
    moved_ += change;
    if (free_ > 0) size = std::max(size, change.cwiseAbs().maxCoeff());
    return true;
  }

  int32_t run(int32_t iterations, cba_summary &summary) {
    double best = cost();
    summary.initial_cost = best;
    double damping = 1e-3;
    int failures = 0;
    while (summary.iterations < iterations && !summary.converged) {
      ++summary.iterations;
      linearize();
      bool improved = false;
      while (!improved) {
        const Vector moved = moved_;
        const std::vector<cba_camera> cameras(problem_.cameras,
                                              problem_.cameras + problem_.camera_count);
        const std::vector<cba_view> views(problem_.views, problem_.views + problem_.view_count);
        double size = 0;
        const bool stepped = step(damping, size);
        const double now = stepped ? cost() : best;
        if (stepped && now <= best) {
          improved = true;
          summary.converged = best - now <= 1e-10 * best || size < 1e-12;
          best = now;
          damping = std::max(damping / 5, 1e-12);
          continue;
        }
        moved_ = moved;
        std::copy(cameras.begin(), cameras.end(), problem_.cameras);
        std::copy(views.begin(), views.end(), problem_.views);
        if (stepped && size < 1e-10) {
          summary.converged = 1;
          break;
        }
        damping *= 8;
        if (damping > 1e12) {
          summary.converged = stepped;
          failures = !stepped;
          break;
        }
      }
      if (!improved) break;
    }
    summary.cost = best;
    return failures ? 1 : 0;
  }

  /// The inverse of the cameras' information; false where something is not determined.
  bool covariance(double *out, double *direction, cba_summary &summary) {
    linearize();
    const int64_t all = moved_.size();
    summary.weakest = 1;
    if (out) std::fill(out, out + all * all, 0.0);
    if (direction) std::fill(direction, direction + all, 0.0);
    if (free_ == 0) return true;
    Matrix reduced;
    Vector right;
    reduce(0, reduced, right);
    // In units of each parameter's own information, so that radians and pixels compare.
    Vector scale(free_);
    for (int64_t i = 0; i < all; ++i) {
      if (at(i) >= 0) scale[at(i)] = 1 / std::sqrt(std::max(information_(i, i), 1e-300));
    }
    const Matrix scaled = scale.asDiagonal() * reduced * scale.asDiagonal();
    Eigen::SelfAdjointEigenSolver<Matrix> eigen(scaled);
    if (eigen.info() != Eigen::Success) return false;
    summary.weakest = eigen.eigenvalues()[0];
    const Vector least = scale.asDiagonal() * eigen.eigenvectors().col(0);
    for (int64_t i = 0; direction && i < all; ++i) {
      if (at(i) >= 0) direction[i] = least[at(i)];
    }
    if (!(summary.weakest > 1e-12)) return false;
    if (!out) return true;
    const Matrix inverse = scale.asDiagonal() * eigen.eigenvectors() *
                           eigen.eigenvalues().cwiseInverse().asDiagonal() *
                           eigen.eigenvectors().transpose() * scale.asDiagonal();
    for (int64_t i = 0; i < all; ++i) {
      for (int64_t j = 0; j < all; ++j) {
        if (at(i) >= 0 && at(j) >= 0) out[i * all + j] = inverse(at(i), at(j));
      }
    }
    return true;
  }

 private:
  double sigma(int64_t i) const { return problem_.cameras[i / CBA_CAMERA].sigma[i % CBA_CAMERA]; }
  bool has_prior(int64_t i) const { return sigma(i) > 0 && std::isfinite(sigma(i)); }
  int64_t at(int64_t i) const { return place_[static_cast<size_t>(i)]; }
  double robust(double s) const { return loss2_ > 0 ? loss2_ * std::log1p(s / loss2_) : s; }
  double weight(double s) const { return loss2_ > 0 ? 1 / (1 + s / loss2_) : 1; }

  void add(int32_t camera, int32_t view, double r, const double *by_camera, const double *by_view,
           double w) {
    const Eigen::Map<const Eigen::Matrix<double, CBA_CAMERA, 1>> a(by_camera);
    const Eigen::Map<const Vector6> b(by_view);
    const int64_t from = CBA_CAMERA * camera;
    information_.block<CBA_CAMERA, CBA_CAMERA>(from, from).noalias() += w * a * a.transpose();
    right_.segment<CBA_CAMERA>(from) -= w * r * a;
    ViewPart &part = views_[static_cast<size_t>(view)];
    part.own.noalias() += w * b * b.transpose();
    part.right -= w * r * b;
    part.camera(camera).noalias() += w * a * b.transpose();
  }

  cba_problem &problem_;
  double loss2_;
  int64_t free_ = 0;
  /// By parameter its place among the free ones, or -1.
  std::vector<int64_t> place_;
  /// How far each parameter has gone from where it began.
  Vector moved_;
  Matrix information_;
  Vector right_;
  std::vector<ViewPart> views_;
  std::vector<Matrix6> inverses_;
};

}  // namespace

int32_t cba_solve(cba_problem *problem, int32_t iterations, double loss, double *covariance,
                  double *direction, cba_summary *summary) {
  *summary = cba_summary();
  Solver solver(*problem, loss);
  if (solver.run(iterations, *summary) != 0) return 1;
  if (!covariance && !direction) return 0;
  return solver.covariance(covariance, direction, *summary) ? 0 : 2;
}
