#include "benchmarks/workloads/inr/last_layer.hpp"

#include <fmt/format.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cassert>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace frugal::workloads {
namespace {

using Matrix = Eigen::MatrixXd;
using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Well above the rounding errors of H, which the weights would otherwise magnify, and far below its signal.
constexpr double relative_ridge = 1e-6;

std::string last_layer(const InrSpec& spec, const char* what) {
  return fmt::format("layer.{}.{}", spec.layers() - 1, what);
}

/// Of `count` networks from `first` on.
NamedTensor networks_of(const NamedTensor& tensor, std::int64_t first, std::int64_t count) {
  const std::int64_t size = std::ssize(tensor.values) / tensor.shape.front();
  NamedTensor part{tensor.name, tensor.shape, {}};
  part.shape.front() = count;
  const auto begin = tensor.values.begin() + first * size;
  part.values.assign(begin, begin + count * size);
  return part;
}

/// Of the networks of this state, at the samples: [networks, points, width].
std::vector<float> hidden_units(ModelState state, const Backend& backend, InrSpec spec,
                                std::span<const float> coordinates) {
  const auto width = static_cast<std::size_t>(spec.width);
  const auto networks = static_cast<std::size_t>(spec.networks);
  NamedTensor identity{last_layer(spec, "weight"), {spec.networks, spec.width, spec.width}, {}};
  identity.values.resize(networks * width * width);
  for (std::size_t row = 0; row < networks * width; ++row) identity.values[row * width + row % width] = 1;
  state.tensors.push_back(std::move(identity));
  state.tensors.push_back(
      {last_layer(spec, "bias"), {spec.networks, spec.width}, std::vector<float>(networks * width)});

  spec.channels = spec.width;
  spec.implementation = InrImplementation::automatic;
  const std::unique_ptr<InrEnsemble> units = backend.make(spec);
  units->import_state(state);
  std::vector<float> values(networks * static_cast<std::size_t>(spec.points) * width);
  units->evaluate(coordinates, values);
  return values;
}

/// [width + 1, channels]. By the smaller of the two systems that have the same solution: of the columns of H, or of its
/// rows, W = H^T (H H^T + r I)^-1 Y.
Matrix ridge_regression(const Matrix& h, const Matrix& y) {
  const bool by_columns = h.cols() <= h.rows();
  Matrix gram = Matrix::Zero(std::min(h.rows(), h.cols()), std::min(h.rows(), h.cols()));
  if (by_columns)
    gram.selfadjointView<Eigen::Lower>().rankUpdate(h.transpose());
  else
    gram.selfadjointView<Eigen::Lower>().rankUpdate(h);
  gram.diagonal().array() += relative_ridge * gram.trace() / static_cast<double>(h.cols());
  const Eigen::LLT<Matrix, Eigen::Lower> factor(gram);
  if (by_columns) return factor.solve(h.transpose() * y);
  return h.transpose() * factor.solve(y);
}

}  // namespace

double solve_last_layer(InrEnsemble& model, const Backend& backend, const InrSpec& spec,
                        std::span<const float> coordinates, std::span<const float> targets, std::int64_t most_units) {
  const Eigen::Index points = spec.points, width = spec.width, channels = spec.channels;
  assert(std::ssize(targets) == spec.networks * points * channels);
  const ModelState before = model.export_state();
  NamedTensor weight{last_layer(spec, "weight"), {spec.networks, channels, width}, {}};
  NamedTensor bias{last_layer(spec, "bias"), {spec.networks, channels}, {}};
  double squares = 0;
  InrSpec of_part = spec;
  for (Eigen::Index first = 0; first < spec.networks; first += of_part.networks) {
    of_part.networks = std::clamp<Eigen::Index>(most_units / (points * width), 1, spec.networks - first);
    ModelState part{.step = 0, .tensors = {}};
    for (const NamedTensor& tensor : before.tensors)
      if (tensor.name.starts_with("layer.") && tensor.name != weight.name && tensor.name != bias.name)
        part.tensors.push_back(networks_of(tensor, first, of_part.networks));
    const std::vector<float> units = hidden_units(std::move(part), backend, of_part, coordinates);
    for (Eigen::Index k = 0; k < of_part.networks; ++k) {
      Matrix h(points, width + 1);
      h.leftCols(width) = Eigen::Map<const Rows>(units.data() + k * points * width, points, width).cast<double>();
      h.col(width).setOnes();
      const Matrix y =
          Eigen::Map<const Rows>(targets.data() + (first + k) * points * channels, points, channels).cast<double>();
      const Eigen::MatrixXf w = ridge_regression(h, y).cast<float>();
      squares += (h * w.cast<double>() - y).squaredNorm();
      for (Eigen::Index c = 0; c < channels; ++c) {
        weight.values.insert(weight.values.end(), w.col(c).begin(), w.col(c).end() - 1);
        bias.values.push_back(w(width, c));
      }
    }
  }
  ModelState after{.step = before.step, .tensors = {}};
  after.tensors.push_back(std::move(weight));
  after.tensors.push_back(std::move(bias));
  model.import_state(after);
  return squares / static_cast<double>(targets.size());
}

}  // namespace frugal::workloads
