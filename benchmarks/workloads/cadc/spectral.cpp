#include "benchmarks/workloads/cadc/spectral.hpp"

#include <Eigen/Core>
#include <Eigen/SparseCore>
#include <algorithm>
#include <cmath>
#include <vector>

#include "benchmarks/workloads/cadc/neighbourhoods.hpp"
#include "benchmarks/workloads/cadc/subspace_iteration.hpp"

namespace frugal::workloads {
namespace {

using Matrix = Eigen::MatrixXd;
using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Sparse = Eigen::SparseMatrix<double, Eigen::RowMajor>;
using Triplet = Eigen::Triplet<double>;

enum EigenStream : std::uint32_t { svd_stream = 0, users_stream = 1, items_stream = 2 };

/// Row-major; dimensions beyond the matrix's are 0.
NamedTensor tensor_of(const char* name, const Matrix& matrix, int dim) {
  NamedTensor tensor{name, {matrix.rows(), dim}, {}};
  tensor.values.resize(static_cast<std::size_t>(matrix.rows() * dim));
  using Table = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Eigen::Map<Table> table(tensor.values.data(), matrix.rows(), dim);
  table.leftCols(matrix.cols()) = matrix.cast<float>();
  return tensor;
}

/// Eigen's product is fast where all of it is by rows.
Rows product(const Sparse& matrix, const Rows& columns) {
  Rows result = matrix * columns;
  return result;
}

/// The nodes of one side, tied by what they share.
struct Graph {
  Sparse adjacency;  ///< D^-1/2 W D^-1/2
  double shift = 0;  ///< the largest 1 / D: with so much of the identity hardly an eigenvalue is negative, for Jaccard
                     ///< similarities with their diagonal of ones have none
  double flops = 0;  ///< to find the neighbours
};

Graph similarity_graph(const Groups<std::uint32_t>& shared_of, const Groups<std::uint32_t>& nodes_of) {
  constexpr int nearest = 1000;
  constexpr double alpha = 0.5;
  const auto size = [&](std::uint32_t node) { return static_cast<double>(shared_of.of(node).size()); };
  const std::vector<Neighbours> neighbours = neighbourhoods(
      shared_of, nodes_of, nearest, [](std::uint32_t) { return 1.0; },
      [&](std::uint32_t node, std::vector<double>& sums) {
        for (std::uint32_t other = 0; other < sums.size(); ++other)
          if (sums[other] > 0) sums[other] /= size(node) + size(other) - sums[other];
      });
  const auto nodes = static_cast<Eigen::Index>(neighbours.size());
  std::vector<Triplet> entries;
  for (std::uint32_t node = 0; node < neighbours.size(); ++node)
    for (const auto& [weight, other] : neighbours[node]) {
      entries.emplace_back(node, other, weight);
      entries.emplace_back(other, node, weight);
    }
  Graph graph;
  graph.adjacency.resize(nodes, nodes);
  graph.adjacency.setFromTriplets(entries.begin(), entries.end(), [](double one, double) { return one; });
  const Eigen::VectorXd degrees = graph.adjacency * Eigen::VectorXd::Ones(nodes);
  const double most = degrees.size() > 0 ? degrees.maxCoeff() : 0;
  const Eigen::VectorXd scale = (degrees.array() + alpha * (most - degrees.array())).unaryExpr([](double degree) {
    return degree > 0 ? 1 / std::sqrt(degree) : 0.0;
  });
  graph.adjacency = scale.asDiagonal() * graph.adjacency * scale.asDiagonal();
  graph.shift = scale.size() > 0 ? scale.maxCoeff() * scale.maxCoeff() : 0;
  graph.flops = pairs_sharing(nodes_of);
  return graph;
}

/// Mean 0 and variance 1 of each column; one that does not vary becomes 0.
void standardise(Matrix& columns) {
  const double rows = static_cast<double>(columns.rows());
  columns.rowwise() -= columns.colwise().mean();
  for (Eigen::Index column = 0; column < columns.cols(); ++column) {
    const double deviation = std::sqrt(columns.col(column).squaredNorm() / rows);
    columns.col(column) *= deviation > 1e-12 ? 1 / deviation : 0.0;
  }
}

NamedTensor eigenmap(const char* name, const Graph& graph, int dim, std::uint64_t seed, std::uint32_t stream,
                     double& flops) {
  const SymmetricOperator matrix{
      graph.adjacency.rows(),
      [&](const Matrix& columns) -> Matrix { return product(graph.adjacency, columns) + graph.shift * columns; },
      2.0 * static_cast<double>(graph.adjacency.nonZeros() + graph.adjacency.rows()),
  };
  // The smallest eigenvalues of I - A are the largest of A, and of A and a share of I.
  Eigenpairs pairs = leading_eigenpairs(matrix, std::min<Eigen::Index>(dim, matrix.size), seed, stream);
  standardise(pairs.vectors);
  flops += graph.flops + pairs.flops;
  return tensor_of(name, pairs.vectors, dim);
}

}  // namespace

SpectralFactors fit_svd(const data::Split& split, int dim, std::uint64_t seed) {
  std::vector<Triplet> entries;
  entries.reserve(split.train.size());
  for (const Interaction& pair : split.train) entries.emplace_back(pair.user, pair.item, 1.0);
  Sparse x(split.users, split.items);
  x.setFromTriplets(entries.begin(), entries.end());
  const Sparse transposed = x.transpose();
  const double ones = static_cast<double>(x.nonZeros());
  const SymmetricOperator gram{
      split.items, [&](const Matrix& columns) -> Matrix { return product(transposed, product(x, columns)); }, 4 * ones};
  const Eigen::Index rank = std::min<Eigen::Index>({dim, x.rows(), x.cols()});
  const Eigenpairs pairs = leading_eigenpairs(gram, rank, seed, svd_stream);
  const Eigen::VectorXd singular = pairs.values.cwiseMax(0).cwiseSqrt();
  const double least = rank > 0 ? 1e-6 * singular(0) : 0;  // squares carry half of the digits
  const Eigen::VectorXd root = singular.unaryExpr([&](double s) { return s > least ? std::sqrt(s) : 0.0; });
  const Eigen::VectorXd inverse_root = root.unaryExpr([](double r) { return r > 0 ? 1 / r : 0.0; });
  SpectralFactors result;
  result.factors.tensors.push_back(
      tensor_of("user_factors", product(x, pairs.vectors * inverse_root.asDiagonal()), dim));
  result.factors.tensors.push_back(tensor_of("item_factors", pairs.vectors * root.asDiagonal(), dim));
  result.flops = pairs.flops + 2 * ones * static_cast<double>(rank);
  return result;
}

SpectralFactors fit_leporid(const data::Split& split, int dim, std::uint64_t seed) {
  const Sides sides(split);
  SpectralFactors result;
  result.factors.tensors.push_back(eigenmap("user_factors", similarity_graph(sides.items_of, sides.users_of), dim, seed,
                                            users_stream, result.flops));
  result.factors.tensors.push_back(eigenmap("item_factors", similarity_graph(sides.users_of, sides.items_of), dim, seed,
                                            items_stream, result.flops));
  return result;
}

}  // namespace frugal::workloads
