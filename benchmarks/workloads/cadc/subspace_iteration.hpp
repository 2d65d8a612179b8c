// The leading eigenvectors of a large symmetric matrix that is known by its products.
#pragma once
#include <Eigen/Core>
#include <cstdint>
#include <functional>

namespace frugal::workloads {

/// Operations of products with such a matrix.
struct SymmetricOperator {
  Eigen::Index size = 0;
  std::function<Eigen::MatrixXd(const Eigen::MatrixXd&)> times;  ///< [size, n] -> [size, n]
  double flops_of_column = 0;                                    ///< of one product, for each column
};

struct Eigenpairs {
  Eigen::MatrixXd vectors;  ///< [size, count], orthonormal
  Eigen::VectorXd values;   ///< [count], descending
  double flops = 0;         ///< analytic: products and orthonormalisations (Householder, 4 rows columns^2)
};

/// Subspace iteration from Gaussian vectors and a Rayleigh-Ritz step (Halko, Martinsson & Tropp 2011, section 4.5 and 5.1),
/// in double precision: the largest eigenvalues among the 2 count of the largest magnitude. Approximate: at each of five
/// iterations the error of a pair shrinks by what number 2 count + 1 is of its own eigenvalue. count is at most the size.
/// The vectors start from Philox, Purpose::start_block, and `stream`; their signs mean nothing.
Eigenpairs leading_eigenpairs(const SymmetricOperator& matrix, Eigen::Index count, std::uint64_t seed,
                              std::uint32_t stream);

}  // namespace frugal::workloads
