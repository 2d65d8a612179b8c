// The oracle of the ensemble: the equations as they stand, in double precision, one point at a time.
//
// A network maps a coordinate x of its tile to values y:
//   h_0 = x,   z_l = W_l h_(l-1) + b_l,   h_l = f(z_l),   y = W_last h + b_last,   f as specs.hpp says.
// Loss over all points p and channels c of all networks (N = networks * points * channels):
//   L = 1/N sum (y - target)^2.
// Backward, from dL/dy = 2 (y - target) / N:
//   dL/dW_l += delta_l h_(l-1)^T,   dL/db_l += delta_l,   delta_(l-1) = (W_l^T delta_l) * f'(z_(l-1)).
// Then one step of Adam (Kingma & Ba 2015, Algorithm 1) on the gradient of all points, with the decoupled weight decay
// of AdamW (Loshchilov & Hutter 2019, Algorithm 2).
//
// Step-major: all networks advance one step together, as the definition of a training step reads.
#include "impl/reference/inr/inr_ensemble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <span>
#include <tuple>
#include <utility>

#include "impl/common/inr/layout.hpp"
#include "impl/common/stale_stop.hpp"

namespace frugal::reference {
namespace {

using Values = std::vector<double>;

/// Weight [out, in] and bias [out] of one layer of one network, or their gradients or moments.
struct InrLayer {
  Values weight;
  Values bias;
};
using InrNetwork = std::vector<InrLayer>;

class ReferenceInrEnsemble final : public InrEnsemble {
 public:
  explicit ReferenceInrEnsemble(const InrSpec& spec) : spec_(spec), tensors_(inr_tensors(spec)) {
    InrNetwork zero;
    for (int l = 0; l < spec_.layers(); ++l) {
      const auto out = static_cast<std::size_t>(spec_.layer_out(l));
      const auto in = static_cast<std::size_t>(spec_.layer_in(l));
      zero.push_back({Values(out * in, 0.0), Values(out, 0.0)});
    }
    const auto networks = static_cast<std::size_t>(spec_.networks);
    for (auto& copy : state_) copy.assign(networks, zero);
    curves_.resize(networks);
    gradient_ = zero;
    for (const InrTensor& tensor : tensors_) scatter(0, tensor, inr_initial_values(spec_, tensor));
    hidden_.resize(static_cast<std::size_t>(spec_.layers()));
    slope_.resize(static_cast<std::size_t>(spec_.layers()));
  }

  std::string implementation() const override { return "reference"; }

  void set_samples(std::span<const float> coordinates, std::span<const float> targets) override {
    assert(coordinates.size() == static_cast<std::size_t>(spec_.points * spec_.inputs));
    assert(targets.size() == static_cast<std::size_t>(spec_.networks * spec_.points * spec_.channels));
    coordinates_.assign(coordinates.begin(), coordinates.end());
    targets_.assign(targets.begin(), targets.end());
  }

  std::vector<double> train(int steps) override {
    assert(!targets_.empty() && "set_samples comes first");
    std::vector<double> losses;
    losses.reserve(static_cast<std::size_t>(steps));
    for (int i = 0; i < steps; ++i) losses.push_back(train_step());
    return losses;
  }

  std::int64_t network_steps() const override {
    std::int64_t steps = 0;
    for (const StaleStop& curve : curves_) steps += curve.steps;
    return steps;
  }

  void evaluate(std::span<const float> coordinates, std::span<float> out) const override {
    const auto inputs = static_cast<std::size_t>(spec_.inputs);
    assert(out.size() * inputs == coordinates.size() * static_cast<std::size_t>(spec_.networks * spec_.channels));
    std::vector<Values> hidden(hidden_.size());
    std::vector<Values> slope(slope_.size());
    auto to = out.begin();
    for (const InrNetwork& net : state_[0])
      for (std::size_t at = 0; at < coordinates.size(); at += inputs)
        for (const double value : forward(net, coordinates.subspan(at, inputs), hidden, slope))
          *to++ = static_cast<float>(value);
  }

  ModelState export_state() const override {
    ModelState state{.step = step_, .tensors = {}};
    for (int copy = 0; copy < 3; ++copy)
      for (const InrTensor& tensor : tensors_) {
        NamedTensor exported{inr_state_prefixes[copy] + tensor.name(), inr_shape(spec_, tensor), {}};
        for (const InrNetwork& net : state_[copy]) {
          const InrLayer& layer = net[tensor.layer];
          for (const double value : tensor.bias ? layer.bias : layer.weight)
            exported.values.push_back(static_cast<float>(value));
        }
        state.tensors.push_back(std::move(exported));
      }
    return state;
  }

  void import_state(const ModelState& state) override {
    const std::vector<InrTarget> targets = inr_import_targets(spec_, state);
    for (std::size_t i = 0; i < targets.size(); ++i)
      scatter(targets[i].copy, tensors_[targets[i].tensor], state.tensors[i].values);
    step_ = state.step;
    for (StaleStop& curve : curves_) curve = {};
  }

 private:
  void scatter(int copy, const InrTensor& tensor, std::span<const float> values) {
    const auto size = static_cast<std::size_t>(tensor.size());
    for (std::size_t k = 0; k < state_[copy].size(); ++k) {
      InrLayer& layer = state_[copy][k][tensor.layer];
      std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(k * size), size,
                  (tensor.bias ? layer.bias : layer.weight).begin());
    }
  }

  /// Values at point x. Leaves h_l in hidden[l] (hidden[0] is x) and f'(z_l) in slope[l], l counted from 1 as in the
  /// equations above; the values lie in slope[0], which those equations do not use.
  const Values& forward(const InrNetwork& net, std::span<const float> x, std::vector<Values>& hidden,
                        std::vector<Values>& slope) const {
    hidden[0].assign(x.begin(), x.end());
    for (int l = 0; l < spec_.layers() - 1; ++l) {
      Values z = affine(net[l], hidden[l]);
      slope[l + 1].resize(z.size());
      const double omega = l == 0 ? spec_.first_omega0 : spec_.omega0;
      for (std::size_t i = 0; i < z.size(); ++i) std::tie(z[i], slope[l + 1][i]) = activate(z[i], omega);
      hidden[l + 1] = std::move(z);
    }
    slope[0] = affine(net.back(), hidden.back());
    return slope[0];
  }

  static Values affine(const InrLayer& layer, const Values& input) {
    Values result = layer.bias;
    for (std::size_t o = 0; o < result.size(); ++o)
      for (std::size_t i = 0; i < input.size(); ++i) result[o] += layer.weight[o * input.size() + i] * input[i];
    return result;
  }

  /// f(z) and f'(z).
  std::pair<double, double> activate(double z, double omega) const {
    const double s = spec_.scale;
    switch (spec_.activation) {
      case Activation::sine:
        return {std::sin(omega * z), omega * std::cos(omega * z)};
      case Activation::relu:
        return z > 0 ? std::pair{z, 1.0} : std::pair{0.0, 0.0};
      case Activation::gauss: {
        const double bell = std::exp(-s * z * s * z);
        return {bell, -2 * s * s * z * bell};
      }
      case Activation::wire: {
        const double bell = std::exp(-s * z * s * z);
        const double wave = std::cos(omega * z);
        return {wave * bell, -(omega * std::sin(omega * z) + 2 * s * s * z * wave) * bell};
      }
      case Activation::finer: {
        const double phase = omega * (std::abs(z) + 1) * z;
        return {std::sin(phase), omega * (2 * std::abs(z) + 1) * std::cos(phase)};
      }
    }
    return {};
  }

  /// Adds one point's share to gradient_. delta: dL/dz of the last layer.
  void backward(const InrNetwork& net, Values delta) {
    for (int l = spec_.layers() - 1; l >= 0; --l) {
      const Values& input = hidden_[l];
      InrLayer& gradient = gradient_[l];
      Values below(input.size(), 0.0);
      for (std::size_t o = 0; o < delta.size(); ++o) {
        gradient.bias[o] += delta[o];
        for (std::size_t i = 0; i < input.size(); ++i) {
          gradient.weight[o * input.size() + i] += delta[o] * input[i];
          below[i] += net[l].weight[o * input.size() + i] * delta[o];
        }
      }
      if (l > 0)
        for (std::size_t i = 0; i < below.size(); ++i) below[i] *= slope_[l][i];
      delta = std::move(below);
    }
  }

  void adam(std::size_t k) {
    const Adam& a = spec_.adam;
    const double correction1 = 1 - std::pow(a.beta1, static_cast<double>(step_));
    const double correction2 = 1 - std::pow(a.beta2, static_cast<double>(step_));
    const double rate = learning_rate_at(spec_, step_);
    const auto update = [&](Values& w, Values& m, Values& v, const Values& g) {
      for (std::size_t i = 0; i < w.size(); ++i) {
        m[i] = a.beta1 * m[i] + (1 - a.beta1) * g[i];
        v[i] = a.beta2 * v[i] + (1 - a.beta2) * g[i] * g[i];
        w[i] *= 1 - rate * spec_.weight_decay;
        w[i] -= rate * (m[i] / correction1) / (std::sqrt(v[i] / correction2) + a.epsilon);
      }
    };
    for (int l = 0; l < spec_.layers(); ++l) {
      update(state_[0][k][l].weight, state_[1][k][l].weight, state_[2][k][l].weight, gradient_[l].weight);
      update(state_[0][k][l].bias, state_[1][k][l].bias, state_[2][k][l].bias, gradient_[l].bias);
    }
  }

  double train_step() {
    ++step_;
    const auto count = static_cast<double>(targets_.size());
    double squares = 0;
    for (std::size_t k = 0; k < curves_.size(); ++k) {
      if (!curves_[k].stopped(spec_.patience)) {
        curves_[k].add(gradient_of(k, 2 / count));
        adam(k);
      }
      squares += curves_[k].last;
    }
    return squares / count;
  }

  /// Leaves the gradient of network k in gradient_; returns its sum of square errors. scale: dL/dy over y - target.
  double gradient_of(std::size_t k, double scale) {
    for (InrLayer& layer : gradient_) {
      std::fill(layer.weight.begin(), layer.weight.end(), 0.0);
      std::fill(layer.bias.begin(), layer.bias.end(), 0.0);
    }
    const auto points = static_cast<std::size_t>(spec_.points);
    const auto inputs = static_cast<std::size_t>(spec_.inputs);
    const auto channels = static_cast<std::size_t>(spec_.channels);
    double squares = 0;
    for (std::size_t point = 0; point < points; ++point) {
      const std::span x = std::span(coordinates_).subspan(point * inputs, inputs);
      Values delta = forward(state_[0][k], x, hidden_, slope_);
      for (std::size_t c = 0; c < channels; ++c) {
        const double error = delta[c] - targets_[(k * points + point) * channels + c];
        squares += error * error;
        delta[c] = scale * error;
      }
      backward(state_[0][k], std::move(delta));
    }
    return squares;
  }

  InrSpec spec_;
  std::vector<InrTensor> tensors_;
  std::uint64_t step_ = 0;
  std::vector<float> coordinates_;      ///< [points, inputs]
  std::vector<float> targets_;          ///< [K, points, channels]
  std::vector<InrNetwork> state_[3];    ///< parameters, adam.m, adam.v; [K]
  std::vector<StaleStop> curves_;       ///< sums of square errors of each network
  InrNetwork gradient_;                 ///< of the network at work
  std::vector<Values> hidden_, slope_;  ///< of the point at work
};

}  // namespace

Support supports(const InrSpec& spec) {
  if (std::string problem = why_invalid(spec); !problem.empty()) return Support::no(std::move(problem));
  if (spec.precision != Precision::fp32)
    return Support::no("reference computes in fp64 and stands for fp32; tf32 and bf16 need another back end");
  if (spec.implementation != InrImplementation::automatic)
    return Support::no("reference has one implementation; onednn and fused are the cpu's");
  return Support::yes();
}

std::unique_ptr<InrEnsemble> make(const InrSpec& spec) { return std::make_unique<ReferenceInrEnsemble>(spec); }

}  // namespace frugal::reference
