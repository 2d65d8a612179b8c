#include "benchmarks/harness/search/gaussian_process.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cmath>

namespace frugal::harness {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double lengths[] = {0.25, 0.5, 1, 2, 4};
constexpr double noises[] = {1e-4, 1e-3, 1e-2, 1e-1};
constexpr double linears[] = {0.1, 1, 10};
/// What is believed of the variance before the first value: as if this many more had the variance 1.
constexpr double prior_values = 1;

struct Hyper {
  VectorXd length;
  double linear = 1;
  double noise = 1e-2;  // its variance, relative to that of the function
};

double kernel(const Hyper& hyper, const VectorXd& a, const VectorXd& b) {
  const double distance = (a - b).cwiseQuotient(hyper.length).squaredNorm();
  return 1 + hyper.linear * (a.array() - 0.5).matrix().dot((b.array() - 0.5).matrix()) + std::exp(-distance / 2);
}

class GaussianProcess {
 public:
  /// A column of `points` for each of `values`.
  GaussianProcess(MatrixXd points, const VectorXd& values) : points_(std::move(points)), mean_(values.mean()) {
    const double deviation = std::sqrt((values.array() - mean_).square().mean());
    scale_ = deviation > 0 ? deviation : 1;
    values_ = (values.array() - mean_) / scale_;
    choose_hyperparameters();
  }

  Prediction at(const VectorXd& point) const {
    VectorXd covariance(points_.cols());
    for (Eigen::Index i = 0; i < points_.cols(); ++i) covariance[i] = kernel(hyper_, point, points_.col(i));
    const VectorXd part = factor_.triangularView<Eigen::Lower>().solve(covariance);
    const double variance = variance_ * std::max(0.0, kernel(hyper_, point, point) - part.squaredNorm());
    return {mean_ + scale_ * covariance.dot(weights_), scale_ * std::sqrt(variance)};
  }

 private:
  void choose_hyperparameters() {
    Hyper best{VectorXd::Ones(points_.rows())};
    double best_quality = fit(best);
    const auto consider = [&](const Hyper& hyper) {
      const double quality = fit(hyper);
      if (quality <= best_quality) return;
      best_quality = quality;
      best = hyper;
    };
    for (int round = 0; round < 3; ++round) {
      for (const double noise : noises) {
        for (const double linear : linears) consider({best.length, linear, noise});
      }
      for (Eigen::Index i = 0; i < points_.rows(); ++i) {
        for (const double length : lengths) {
          Hyper hyper = best;
          hyper.length[i] = length;
          consider(hyper);
        }
      }
    }
    fit(best);
  }

  /// Log marginal likelihood, up to a constant; sets what at() needs.
  double fit(const Hyper& hyper) {
    hyper_ = hyper;
    const Eigen::Index count = points_.cols();
    MatrixXd matrix(count, count);
    for (Eigen::Index i = 0; i < count; ++i) {
      for (Eigen::Index j = 0; j <= i; ++j) {
        matrix(i, j) = matrix(j, i) = kernel(hyper, points_.col(i), points_.col(j)) + (i == j ? hyper.noise : 0);
      }
    }
    const Eigen::LLT<MatrixXd> cholesky(matrix);
    factor_ = cholesky.matrixL();
    weights_ = cholesky.solve(values_);
    const double n = static_cast<double>(count) + prior_values;
    variance_ = (values_.dot(weights_) + prior_values) / n;
    return -n / 2 * std::log(variance_) - factor_.diagonal().array().log().sum();
  }

  MatrixXd points_;
  VectorXd values_;  // mean 0, deviation 1
  double mean_ = 0;
  double scale_ = 1;
  Hyper hyper_;
  MatrixXd factor_;   // lower Cholesky factor of the kernel's matrix
  VectorXd weights_;  // its inverse times values_
  double variance_ = 1;
};

VectorXd vector_of(const std::vector<double>& values) {
  return Eigen::Map<const VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
}

}  // namespace

PointPredictor fit_gaussian_process(const std::vector<std::vector<double>>& points, const std::vector<double>& values) {
  MatrixXd columns(static_cast<Eigen::Index>(points.front().size()), static_cast<Eigen::Index>(points.size()));
  for (std::size_t i = 0; i < points.size(); ++i) columns.col(static_cast<Eigen::Index>(i)) = vector_of(points[i]);
  return [process = GaussianProcess(std::move(columns), vector_of(values))](const std::vector<double>& point) {
    return process.at(vector_of(point));
  };
}

}  // namespace frugal::harness
