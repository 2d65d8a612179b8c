// The oracle of the ensemble: the equations as they stand, in double precision, one pixel at a time.
//
// A network maps a coordinate x of its tile to colours y:
//   h_0 = x,   z_l = W_l h_(l-1) + b_l,   h_l = sin(omega0 z_l) (or ReLU),   y = W_last h + b_last.
// Loss over all pixels p and channels c of the picture (N = pixels * channels):  L = 1/N sum (y - target)^2.
// Backward, from dL/dy = 2 (y - target) / N:
//   dL/dW_l += delta_l h_(l-1)^T,   dL/db_l += delta_l,   delta_(l-1) = (W_l^T delta_l) * h'(z_(l-1)),
//   with h'(z) = omega0 cos(omega0 z), or 1 where a ReLU is open.
// Then one step of Adam (Kingma & Ba 2015, Algorithm 1) on the gradient of the whole picture.
//
// Step-major: all networks advance one step together, as the definition of a training step reads.
#include "impl/reference/inr_ensemble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <span>
#include <tuple>
#include <utility>

#include "impl/common/inr_layout.hpp"

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
    const auto networks = static_cast<std::size_t>(spec_.networks());
    for (auto& copy : state_) copy.assign(networks, zero);
    gradient_ = zero;
    for (const InrTensor& tensor : tensors_) scatter(0, tensor, inr_initial_values(spec_, tensor));
    hidden_.resize(static_cast<std::size_t>(spec_.layers()));
    slope_.resize(static_cast<std::size_t>(spec_.layers()));
  }

  std::string implementation() const override { return "reference"; }

  void set_signal(std::span<const float> pixels) override {
    assert(pixels.size() == static_cast<std::size_t>(spec_.networks() * spec_.tile_pixels() * spec_.channels));
    signal_.assign(pixels.begin(), pixels.end());
  }

  std::vector<double> train(int steps) override {
    assert(!signal_.empty() && "set_signal comes first");
    std::vector<double> losses;
    for (int i = 0; i < steps; ++i) losses.push_back(train_step());
    return losses;
  }

  void render(int tile_resolution, std::span<float> out) const override {
    assert(out.size() == pixel_index(spec_.grid, 0, 0, 0, tile_resolution));
    std::vector<Values> hidden(hidden_.size());
    std::vector<Values> slope(slope_.size());
    for (int row = 0; row < spec_.grid; ++row)
      for (int column = 0; column < spec_.grid; ++column)
        for (int r = 0; r < tile_resolution; ++r)
          for (int c = 0; c < tile_resolution; ++c) {
            const Values& colour = forward(network(0, row, column), r, c, tile_resolution, hidden, slope);
            for (int k = 0; k < spec_.channels; ++k)
              out[pixel_index(row, column, r, c, tile_resolution) + k] = static_cast<float>(colour[k]);
          }
  }

  ModelState export_state() const override {
    ModelState state{.step = step_, .tensors = {}};
    for (int copy = 0; copy < 3; ++copy)
      for (const InrTensor& tensor : tensors_) {
        NamedTensor exported{inr_state_prefixes[copy] + tensor.name(), {spec_.networks(), tensor.out}, {}};
        if (!tensor.bias) exported.shape.push_back(tensor.in);
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
  }

 private:
  /// Index of channel 0 of pixel (r, c) of tile (row, column) in a picture whose tiles are `resolution` wide.
  std::size_t pixel_index(int row, int column, int r, int c, int resolution) const {
    const auto side = std::size_t{1} * spec_.grid * resolution;
    return ((std::size_t{1} * row * resolution + r) * side + std::size_t{1} * column * resolution + c) * spec_.channels;
  }

  const InrNetwork& network(int copy, int row, int column) const {
    return state_[copy][std::size_t{1} * row * spec_.grid + column];
  }

  void scatter(int copy, const InrTensor& tensor, std::span<const float> values) {
    const auto size = static_cast<std::size_t>(tensor.size());
    for (std::size_t k = 0; k < state_[copy].size(); ++k) {
      InrLayer& layer = state_[copy][k][tensor.layer];
      std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(k * size), size,
                  (tensor.bias ? layer.bias : layer.weight).begin());
    }
  }

  /// Colours at pixel (r, c). Leaves h_l in hidden[l] (hidden[0] is the coordinate) and h'(z_l) in slope[l], l counted
  /// from 1 as in the equations above; the colours lie in a member of neither.
  const Values& forward(const InrNetwork& net, int r, int c, int resolution, std::vector<Values>& hidden,
                        std::vector<Values>& slope) const {
    hidden[0] = {inr_coordinate(r, resolution), inr_coordinate(c, resolution)};
    for (int l = 0; l < spec_.layers() - 1; ++l) {
      Values z = affine(net[l], hidden[l]);
      slope[l + 1].resize(z.size());
      for (std::size_t i = 0; i < z.size(); ++i) std::tie(z[i], slope[l + 1][i]) = activate(z[i]);
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

  /// h(z) and h'(z).
  std::pair<double, double> activate(double z) const {
    if (spec_.activation == Activation::relu) return z > 0 ? std::pair{z, 1.0} : std::pair{0.0, 0.0};
    return {std::sin(spec_.omega0 * z), spec_.omega0 * std::cos(spec_.omega0 * z)};
  }

  /// Adds one pixel's share to gradient_. delta: dL/dz of the last layer.
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
    const auto update = [&](Values& w, Values& m, Values& v, const Values& g) {
      for (std::size_t i = 0; i < w.size(); ++i) {
        m[i] = a.beta1 * m[i] + (1 - a.beta1) * g[i];
        v[i] = a.beta2 * v[i] + (1 - a.beta2) * g[i] * g[i];
        w[i] -= a.learning_rate * (m[i] / correction1) / (std::sqrt(v[i] / correction2) + a.epsilon);
      }
    };
    for (int l = 0; l < spec_.layers(); ++l) {
      update(state_[0][k][l].weight, state_[1][k][l].weight, state_[2][k][l].weight, gradient_[l].weight);
      update(state_[0][k][l].bias, state_[1][k][l].bias, state_[2][k][l].bias, gradient_[l].bias);
    }
  }

  double train_step() {
    ++step_;
    const auto count = static_cast<double>(signal_.size());
    double squares = 0;
    for (int row = 0; row < spec_.grid; ++row)
      for (int column = 0; column < spec_.grid; ++column) {
        for (InrLayer& layer : gradient_) {
          std::fill(layer.weight.begin(), layer.weight.end(), 0.0);
          std::fill(layer.bias.begin(), layer.bias.end(), 0.0);
        }
        const InrNetwork& net = network(0, row, column);
        for (int r = 0; r < spec_.tile; ++r)
          for (int c = 0; c < spec_.tile; ++c) {
            Values delta = forward(net, r, c, spec_.tile, hidden_, slope_);
            const std::size_t pixel = pixel_index(row, column, r, c, spec_.tile);
            for (int k = 0; k < spec_.channels; ++k) {
              const double error = delta[k] - signal_[pixel + k];
              squares += error * error;
              delta[k] = 2 * error / count;
            }
            backward(net, std::move(delta));
          }
        adam(std::size_t{1} * row * spec_.grid + column);
      }
    return squares / count;
  }

  InrSpec spec_;
  std::vector<InrTensor> tensors_;
  std::uint64_t step_ = 0;
  Values signal_;                       ///< [grid * tile, grid * tile, channels]
  std::vector<InrNetwork> state_[3];    ///< parameters, adam.m, adam.v; [K]
  InrNetwork gradient_;                 ///< of the network at work
  std::vector<Values> hidden_, slope_;  ///< of the pixel at work
};

}  // namespace

Support supports(const InrSpec& spec) {
  if (std::string problem = why_invalid(spec); !problem.empty()) return Support::no(std::move(problem));
  if (spec.precision != Precision::fp32)
    return Support::no("reference computes in fp64 and stands for fp32; tf32 and bf16 need another back end");
  return Support::yes();
}

std::unique_ptr<InrEnsemble> make(const InrSpec& spec) { return std::make_unique<ReferenceInrEnsemble>(spec); }

}  // namespace frugal::reference
