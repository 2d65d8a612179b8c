#include "benchmarks/workloads/cadc/spectral.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <vector>

#include "benchmarks/workloads/cadc/subspace_iteration.hpp"
#include "impl/base/philox.hpp"

namespace frugal::workloads {
namespace {

using Dense = Eigen::MatrixXd;

/// A third of all pairs.
data::Split random_split(std::uint32_t users, std::uint32_t items) {
  data::Split split;
  split.users = users;
  split.items = items;
  const Philox random(5, Purpose::test);
  for (std::uint32_t user = 0; user < users; ++user)
    for (std::uint32_t item = 0; item < items; ++item)
      if (random.uniform(std::uint64_t{user} * items + item) < 1.0F / 3) split.train.push_back({user, item});
  return split;
}

Dense ones_of(const data::Split& split) {
  Dense x = Dense::Zero(split.users, split.items);
  for (const Interaction& pair : split.train) x(pair.user, pair.item) = 1;
  return x;
}

Dense factors_of(const ModelState& state, const char* name) {
  const NamedTensor& tensor = *state.find(name);
  using Table = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<const Table>(tensor.values.data(), tensor.shape.at(0), tensor.shape.at(1)).cast<double>();
}

TEST(LeadingEigenpairs, AreThoseOfADenseSolver) {
  const Dense x = ones_of(random_split(60, 40));
  const Dense gram = x.transpose() * x;
  const SymmetricOperator matrix{40, [&](const Dense& columns) -> Dense { return gram * columns; }, 2.0 * 40 * 40};
  const Eigenpairs found = leading_eigenpairs(matrix, 12, 1, 0);
  const Eigen::SelfAdjointEigenSolver<Dense> exact(gram);
  for (Eigen::Index k = 0; k < 12; ++k)
    EXPECT_NEAR(found.values(k), exact.eigenvalues()(39 - k), 0.01 * exact.eigenvalues()(39 - k)) << k;
  EXPECT_LT((found.vectors.transpose() * found.vectors - Dense::Identity(12, 12)).norm(), 1e-10);
  EXPECT_GT(found.flops, 5 * 24 * matrix.flops_of_column);

  const Eigenpairs all = leading_eigenpairs(matrix, 40, 1, 0);
  EXPECT_LT((gram * all.vectors - all.vectors * all.values.asDiagonal()).norm(), 1e-8 * gram.norm());
}

// Six products of all columns, each with a Householder QR of 4 n b^2 or with the small matrix's 2 n b^2 behind it, its
// eigenvectors (9 b^3) and the vectors asked for.
TEST(LeadingEigenpairs, CostTheirProductsAndDecompositions) {
  const Eigen::VectorXd values = Eigen::VectorXd::LinSpaced(10, 1, 10);
  const SymmetricOperator matrix{10, [&](const Dense& columns) -> Dense { return values.asDiagonal() * columns; }, 7};
  // Three pairs from a block of six.
  EXPECT_EQ(leading_eigenpairs(matrix, 3, 1, 0).flops,
            6 * (7 * 6 + 4 * 10 * 36) + 2 * 10 * 36 + 9 * 216 + 2 * 10 * 6 * 3);
  // A block has no more columns than the matrix.
  EXPECT_EQ(leading_eigenpairs(matrix, 8, 1, 0).flops,
            6 * (7 * 10 + 4 * 10 * 100) + 2 * 10 * 100 + 9 * 1000 + 2 * 10 * 10 * 8);
}

TEST(Svd, CostsItsEigenpairsAndTheUsersSide) {
  data::Split split;
  split.users = 6;
  split.items = 4;
  split.train = {{0, 0}, {0, 1}, {1, 0}, {2, 2}, {3, 3}, {4, 1}, {5, 3}};
  // The product with the Gram matrix: 4 a one and column; four columns of the block; two of the rank.
  EXPECT_EQ(fit_svd(split, 2, 1).flops, 6 * (4 * 7 * 4 + 4 * 4 * 16) + 2 * 4 * 16 + 9 * 64 + 2 * 4 * 4 * 2 + 2 * 7 * 2);
}

TEST(LeadingEigenpairs, AreTheLargestNotTheLargestInMagnitude) {
  const Eigen::VectorXd values = Eigen::VectorXd::LinSpaced(30, -0.9, 2.0);
  const SymmetricOperator matrix{30, [&](const Dense& columns) -> Dense { return values.asDiagonal() * columns; }, 30};
  EXPECT_NEAR(leading_eigenpairs(matrix, 15, 1, 0).values(14), 0.6, 1e-9);
}

TEST(Svd, IsTheBestApproximationOfItsRankWithItsWeightOnBothSides) {
  const data::Split split = random_split(50, 30);
  const Dense x = ones_of(split);
  const SpectralFactors svd = fit_svd(split, 15, 3);
  const Dense users = factors_of(svd.factors, "user_factors");
  const Dense items = factors_of(svd.factors, "item_factors");
  const Eigen::JacobiSVD<Dense> exact(x, Eigen::ComputeThinU | Eigen::ComputeThinV);
  const Dense best = exact.matrixU().leftCols(15) * exact.singularValues().head(15).asDiagonal() *
                     exact.matrixV().leftCols(15).transpose();
  EXPECT_LT((users * items.transpose() - best).norm(),
            1e-4 * x.norm());  // twice 15 are all items: exact but for rounding
  for (Eigen::Index k = 0; k < 15; ++k) {
    EXPECT_NEAR(users.col(k).squaredNorm(), exact.singularValues()(k), 1e-4) << k;
    EXPECT_NEAR(items.col(k).squaredNorm(), exact.singularValues()(k), 1e-4) << k;
  }
  EXPECT_GT(svd.flops, 0);
}

TEST(Svd, HasZerosBeyondTheRank) {
  data::Split split;
  split.users = 4;
  split.items = 3;
  split.train = {{0, 0}, {0, 1}, {1, 0}, {1, 1}, {3, 2}};  // rank 2
  const SpectralFactors svd = fit_svd(split, 5, 1);
  const Dense users = factors_of(svd.factors, "user_factors");
  EXPECT_EQ(users.cols(), 5);
  EXPECT_TRUE(users.allFinite());
  EXPECT_EQ(users.rightCols(3).norm(), 0);
  EXPECT_LT((users * factors_of(svd.factors, "item_factors").transpose() - ones_of(split)).norm(), 1e-6);
}

/// The definition, with dense matrices and a dense solver. side: rows are what the graph ties.
Dense leporid_of(const Dense& x, Eigen::Index dim) {
  const Eigen::Index n = x.rows();
  Dense w = Dense::Zero(n, n);
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < n; ++j) {
      const double both = x.row(i).dot(x.row(j));
      if (i != j && both > 0) w(i, j) = both / (x.row(i).sum() + x.row(j).sum() - both);
    }
  const Eigen::VectorXd degrees = w.rowwise().sum();
  const Eigen::VectorXd regular = degrees.array() + 0.5 * (degrees.maxCoeff() - degrees.array());
  const Eigen::VectorXd root = regular.cwiseSqrt().cwiseInverse();
  const Dense laplacian = root.asDiagonal() * (Dense(regular.asDiagonal()) - w) * root.asDiagonal();
  Dense rows = Eigen::SelfAdjointEigenSolver<Dense>(laplacian).eigenvectors().leftCols(dim);
  rows.rowwise() -= rows.colwise().mean();
  for (Eigen::Index k = 0; k < dim; ++k) rows.col(k) *= std::sqrt(static_cast<double>(n)) / rows.col(k).norm();
  return rows;
}

void expect_same_up_to_signs(const Dense& a, const Dense& b) {
  ASSERT_EQ(a.cols(), b.cols());
  for (Eigen::Index k = 0; k < a.cols(); ++k)
    EXPECT_LT(std::min((a.col(k) - b.col(k)).norm(), (a.col(k) + b.col(k)).norm()), 1e-3 * a.col(k).norm()) << k;
}

TEST(Leporid, IsTheEigenmapOfJaccardNeighboursWithDegreesDrawnToTheLargest) {
  const data::Split split = random_split(20, 16);
  const SpectralFactors leporid = fit_leporid(split, 10, 2);  // twice 10 are all of either side: exact but for rounding
  const Dense x = ones_of(split);
  expect_same_up_to_signs(factors_of(leporid.factors, "item_factors"), leporid_of(x.transpose(), 10));
  expect_same_up_to_signs(factors_of(leporid.factors, "user_factors"), leporid_of(x, 10));
}

TEST(Leporid, AUserWithoutAnyNeighbourAndMoreDimensionsThanItemsAreFinite) {
  data::Split split;
  split.users = 4;
  split.items = 3;
  split.train = {{0, 0}, {0, 1}, {1, 0}, {1, 1}, {3, 2}};
  const SpectralFactors leporid = fit_leporid(split, 6, 1);
  for (const char* name : {"user_factors", "item_factors"}) {
    const Dense table = factors_of(leporid.factors, name);
    EXPECT_EQ(table.cols(), 6);
    EXPECT_TRUE(table.allFinite());
  }
}

}  // namespace
}  // namespace frugal::workloads
