#include "benchmarks/workloads/cadc/subspace_iteration.hpp"

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <cassert>

#include "impl/base/philox.hpp"

namespace frugal::workloads {
namespace {

using Matrix = Eigen::MatrixXd;

Matrix orthonormal(const Matrix& columns) {
  const Eigen::HouseholderQR<Matrix> qr(columns);
  return qr.householderQ() * Matrix::Identity(columns.rows(), columns.cols());
}

}  // namespace

Eigenpairs leading_eigenpairs(const SymmetricOperator& matrix, Eigen::Index count, std::uint64_t seed,
                              std::uint32_t stream) {
  constexpr int iterations = 5;
  const Eigen::Index size = matrix.size;
  assert(count <= size);
  const Eigen::Index block = std::min(2 * count, size);
  const Philox random(seed, Purpose::start_block);
  Matrix basis(size, block);
  for (Eigen::Index k = 0; k < basis.size(); ++k)
    basis.data()[k] = random.normal(static_cast<std::uint64_t>(k), stream);
  basis = orthonormal(basis);
  for (int iteration = 0; iteration < iterations; ++iteration) basis = orthonormal(matrix.times(basis));
  const Matrix image = matrix.times(basis);
  const Eigen::SelfAdjointEigenSolver<Matrix> ritz(basis.transpose() * image);
  Eigenpairs pairs;
  pairs.vectors = basis * ritz.eigenvectors().rightCols(count).rowwise().reverse();
  pairs.values = ritz.eigenvalues().tail(count).reverse();
  const double n = static_cast<double>(size);
  const double b = static_cast<double>(block);
  pairs.flops = (iterations + 1) * (matrix.flops_of_column * b + 4 * n * b * b) + 2 * n * b * b + 9 * b * b * b +
                2 * n * b * static_cast<double>(count);
  return pairs;
}

}  // namespace frugal::workloads
