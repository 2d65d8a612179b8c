#include "benchmarks/workloads/inr/second_order.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cassert>
#include <cmath>
#include <optional>
#include <utility>

#include "impl/common/inr/layout.hpp"

namespace frugal::workloads {

/// Weights [out, in] and biases [out] of a layer, or a step of them.
struct SecondOrderLayer {
  Eigen::MatrixXd weight;
  Eigen::VectorXd bias;
};

namespace {

using Layer = SecondOrderLayer;

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;
using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Marquardt's own first damping. Marquardt's factor of ten both ways has every other step refused near the solution.
constexpr double first_damping = 1e-2, after_success = 0.5, after_refusal = 5;
/// What double can still tell from nothing on the diagonal of a matrix of some thousand rows.
constexpr double least_damping = 1e-13;
/// Values of J at a time.
constexpr Eigen::Index most_jacobian_values = Eigen::Index{1} << 22;

/// f(z) in z, f'(z) in slope.
void activate(const InrSpec& spec, int layer, Matrix& z, Matrix& slope) {
  const double w = layer == 0 ? spec.first_omega0 : spec.omega0, s = spec.scale;
  switch (spec.activation) {
    case Activation::sine:
      slope = w * (w * z).array().cos();
      z = (w * z).array().sin();
      break;
    case Activation::relu:
      slope = (z.array() > 0).cast<double>();
      z = z.cwiseMax(0);
      break;
    case Activation::gauss: {
      const Matrix bell = (-(s * z).array().square()).exp();
      slope = -2 * s * s * z.array() * bell.array();
      z = bell;
      break;
    }
    case Activation::wire: {
      const Matrix bell = (-(s * z).array().square()).exp();
      const Matrix wave = (w * z).array().cos();
      slope = -(w * (w * z).array().sin() + 2 * s * s * z.array() * wave.array()) * bell.array();
      z = wave.array() * bell.array();
      break;
    }
    case Activation::finer: {
      const Matrix phase = w * (z.array().abs() + 1) * z.array();
      slope = w * (2 * z.array().abs() + 1) * phase.array().cos();
      z = phase.array().sin();
      break;
    }
  }
}

/// A sub-network at its samples.
struct Pass {
  std::vector<Matrix> inputs;  ///< of each layer, [points, in]
  std::vector<Matrix> slopes;  ///< f'(z) of all but the last layer, [points, out]
  Matrix residuals;            ///< y - target, [points, channels]
};

Pass forward(const InrSpec& spec, const std::vector<Layer>& layers, const Matrix& inputs, const Matrix& targets) {
  Pass pass;
  Matrix values = inputs;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    pass.inputs.push_back(std::move(values));
    values = (pass.inputs.back() * layers[l].weight.transpose()).rowwise() + layers[l].bias.transpose();
    if (l + 1 < layers.size()) activate(spec, static_cast<int>(l), values, pass.slopes.emplace_back());
  }
  pass.residuals = values - targets;
  return pass;
}

/// A sub-network at its samples as a linear function of its weights. Rows of residuals, of J and of deltas:
/// channel * points + point.
class Linearized {
 public:
  Linearized(const InrSpec& spec, const std::vector<Layer>& layers, const Matrix& inputs, const Matrix& targets)
      : layers_(layers), points_(inputs.rows()), channels_(targets.cols()) {
    Pass pass = forward(spec, layers, inputs, targets);
    inputs_ = std::move(pass.inputs);
    residuals_ = pass.residuals.reshaped();

    // dy/dz of the layers below the last, of which it is one in its channel and zero in the others.
    const std::size_t last = layers.size() - 1;
    deltas_.resize(last);
    for (std::size_t l = last; l-- > 0;) {
      deltas_[l].resize(points_ * channels_, layers[l].bias.size());
      for (Eigen::Index c = 0; c < channels_; ++c) {
        auto delta = of_channel(deltas_[l], c);
        if (l + 1 == last)
          delta = layers[last].weight.row(c).replicate(points_, 1);
        else
          delta.noalias() = of_channel(deltas_[l + 1], c) * layers[l + 1].weight;
        delta.array() *= pass.slopes[l].array();
      }
    }
  }

  double squares() const { return residuals_.squaredNorm(); }

  /// The weights after a step, as fp32 has them; none where rounding errors leave the system without a solution.
  std::optional<std::vector<Layer>> after_step(double damping, const std::function<void()>& heard) const {
    Eigen::Index parameters = 0;
    for (const Layer& layer : layers_) parameters += layer.weight.size() + layer.bias.size();
    const bool by_parameters = parameters <= residuals_.size();
    std::optional<std::vector<Layer>> step =
        by_parameters ? step_by_parameters(parameters, damping, heard) : step_by_residuals(damping, heard);
    if (step)
      for (std::size_t l = 0; l < layers_.size(); ++l) {
        Layer& layer = (*step)[l];
        layer.weight = (layers_[l].weight - layer.weight).cast<float>().cast<double>();
        layer.bias = (layers_[l].bias - layer.bias).cast<float>().cast<double>();
      }
    return step;
  }

 private:
  Eigen::Block<Matrix> of_channel(Matrix& rows, Eigen::Index c) const { return rows.middleRows(c * points_, points_); }
  Eigen::Block<const Matrix> of_channel(const Matrix& rows, Eigen::Index c) const {
    return rows.middleRows(c * points_, points_);
  }

  /// (system + m d I)^-1 right, of a system whose lower half is given; nothing where it has no Cholesky factor.
  static std::optional<Vector> solved(Matrix& system, const Vector& right, double damping) {
    system.diagonal().array() += damping * system.trace() / static_cast<double>(system.rows());
    const Eigen::LLT<Eigen::Ref<Matrix>> factor(system);
    if (factor.info() != Eigen::Success) return std::nullopt;
    return factor.solve(right);
  }

  /// By J^T J, which the rows of J give a few at a time.
  std::optional<std::vector<Layer>> step_by_parameters(Eigen::Index parameters, double damping,
                                                       const std::function<void()>& heard) const {
    Matrix system = Matrix::Zero(parameters, parameters);
    Vector right = Vector::Zero(parameters);
    const Eigen::Index most_points = std::max<Eigen::Index>(most_jacobian_values / parameters, 1);
    for (Eigen::Index c = 0; c < channels_; ++c)
      for (Eigen::Index first = 0; first < points_; first += most_points) {
        const Eigen::Index count = std::min(most_points, points_ - first);
        const Matrix rows = jacobian(parameters, c, first, count);
        system.selfadjointView<Eigen::Lower>().rankUpdate(rows.transpose());
        right.noalias() += rows.transpose() * residuals_.segment(c * points_ + first, count);
        heard();
      }
    const std::optional<Vector> flat = solved(system, right, damping);
    if (!flat) return std::nullopt;
    std::vector<Layer> step = layers_;
    Eigen::Index at = 0;
    for (Layer& layer : step)
      for (Eigen::Index o = 0; o < layer.bias.size(); ++o) {
        layer.weight.row(o) = flat->segment(at, layer.weight.cols()).transpose();
        layer.bias[o] = (*flat)[at + layer.weight.cols()];
        at += layer.weight.cols() + 1;
      }
    return step;
  }

  /// Of a channel at some points, [points, parameters]: layer by layer, output by output, its weights and its bias.
  Matrix jacobian(Eigen::Index parameters, Eigen::Index channel, Eigen::Index first, Eigen::Index count) const {
    Matrix rows = Matrix::Zero(count, parameters);
    Eigen::Index at = 0;
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const auto inputs = inputs_[l].middleRows(first, count);
      for (Eigen::Index o = 0; o < layers_[l].bias.size(); ++o, at += inputs.cols() + 1) {
        if (l + 1 < layers_.size()) {
          const auto delta = deltas_[l].col(o).segment(channel * points_ + first, count);
          rows.middleCols(at, inputs.cols()) = delta.asDiagonal() * inputs;
          rows.col(at + inputs.cols()) = delta;
        } else if (o == channel) {
          rows.middleCols(at, inputs.cols()) = inputs;
          rows.col(at + inputs.cols()).setOnes();
        }
      }
    }
    return rows;
  }

  /// By J J^T, layer by layer.
  std::optional<std::vector<Layer>> step_by_residuals(double damping, const std::function<void()>& heard) const {
    const Eigen::Index size = points_ * channels_;
    Matrix system = Matrix::Zero(size, size);
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const Matrix of_inputs = (inputs_[l] * inputs_[l].transpose()).array() + 1;
      Matrix of_deltas;
      if (l + 1 < layers_.size()) {
        of_deltas = Matrix::Zero(size, size);
        of_deltas.selfadjointView<Eigen::Lower>().rankUpdate(deltas_[l]);
      }
      for (Eigen::Index a = 0; a < channels_; ++a)
        for (Eigen::Index b = 0; b <= a; ++b) {
          auto block = system.block(a * points_, b * points_, points_, points_);
          if (l + 1 < layers_.size())
            block.array() += of_deltas.block(a * points_, b * points_, points_, points_).array() * of_inputs.array();
          else if (a == b)
            block += of_inputs;
        }
      heard();
    }
    const std::optional<Vector> weight_of_rows = solved(system, residuals_, damping);
    if (!weight_of_rows) return std::nullopt;

    std::vector<Layer> step = layers_;
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      Matrix weighted;  // [points, out]
      if (l + 1 < layers_.size()) {
        weighted = Matrix::Zero(points_, layers_[l].bias.size());
        for (Eigen::Index c = 0; c < channels_; ++c)
          weighted += weight_of_rows->segment(c * points_, points_).asDiagonal() * of_channel(deltas_[l], c);
      } else {
        weighted = weight_of_rows->reshaped(points_, channels_);
      }
      step[l].weight = weighted.transpose() * inputs_[l];
      step[l].bias = weighted.colwise().sum().transpose();
    }
    return step;
  }

  const std::vector<Layer>& layers_;
  Eigen::Index points_, channels_;
  Vector residuals_;
  std::vector<Matrix> inputs_;  ///< of each layer, [points, in]
  std::vector<Matrix> deltas_;  ///< of all but the last layer, [channels * points, out]
};

}  // namespace

struct SecondOrderTraining::Network {
  std::vector<SecondOrderLayer> layers;
  double damping = first_damping;
};

SecondOrderTraining::SecondOrderTraining(const InrSpec& spec, const ModelState& state,
                                         std::span<const float> coordinates, std::span<const float> targets)
    : spec_(spec),
      step_(state.step),
      networks_(static_cast<std::size_t>(spec.networks)),
      coordinates_(coordinates.begin(), coordinates.end()),
      targets_(targets.begin(), targets.end()) {
  assert(std::ssize(coordinates) == spec.points * spec.inputs);
  assert(std::ssize(targets) == spec.networks * spec.points * spec.channels);
  for (const InrTensor& tensor : inr_tensors(spec)) {
    const NamedTensor* const values = state.find(tensor.name());
    assert(values && "a state has all its layers");
    for (std::int64_t k = 0; k < spec.networks; ++k) {
      std::vector<Layer>& layers = networks_[static_cast<std::size_t>(k)].layers;
      layers.resize(static_cast<std::size_t>(spec.layers()));
      Layer& layer = layers[static_cast<std::size_t>(tensor.layer)];
      const Eigen::Map<const Rows> own(values->values.data() + k * tensor.size(), tensor.out, tensor.in);
      if (tensor.bias)
        layer.bias = own.cast<double>();
      else
        layer.weight = own.cast<double>();
    }
  }
}

SecondOrderTraining::~SecondOrderTraining() = default;

double SecondOrderTraining::step(const std::function<void(double)>& progress) {
  const Eigen::Index points = spec_.points, channels = spec_.channels;
  const Matrix inputs = Eigen::Map<const Rows>(coordinates_.data(), points, spec_.inputs).cast<double>();
  double squares = 0;
  for (std::size_t k = 0; k < networks_.size(); ++k) {
    const auto heard = [&] { progress(static_cast<double>(k) / static_cast<double>(networks_.size())); };
    heard();
    Network& network = networks_[k];
    const Matrix targets =
        Eigen::Map<const Rows>(targets_.data() + static_cast<Eigen::Index>(k) * points * channels, points, channels)
            .cast<double>();
    const Linearized here(spec_, network.layers, inputs, targets);
    std::optional<std::vector<Layer>> there = here.after_step(network.damping, heard);
    const double before = here.squares();
    const double after = there ? forward(spec_, *there, inputs, targets).residuals.squaredNorm() : before;
    if (after < before) {
      network.layers = std::move(*there);
      network.damping = std::max(network.damping * after_success, least_damping);
      squares += after;
    } else {
      network.damping *= after_refusal;
      squares += before;
    }
  }
  return squares / static_cast<double>(targets_.size());
}

ModelState SecondOrderTraining::state() const {
  ModelState state{.step = step_, .tensors = {}};
  for (const InrTensor& tensor : inr_tensors(spec_)) {
    NamedTensor values{tensor.name(), inr_shape(spec_, tensor), {}};
    values.values.reserve(static_cast<std::size_t>(spec_.networks * tensor.size()));
    for (const Network& network : networks_) {
      const Layer& layer = network.layers[static_cast<std::size_t>(tensor.layer)];
      const Rows own = tensor.bias ? Rows(layer.bias.cast<float>()) : Rows(layer.weight.cast<float>());
      values.values.insert(values.values.end(), own.data(), own.data() + own.size());
    }
    state.tensors.push_back(std::move(values));
  }
  return state;
}

}  // namespace frugal::workloads
