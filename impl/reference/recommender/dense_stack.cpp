#include "impl/reference/recommender/dense_stack.hpp"

#include <algorithm>

namespace frugal::reference {

void Mlp::add_layer(const std::string& prefix, DenseShape shape, const std::vector<float>& weight,
                    const std::vector<float>& bias) {
  const std::string name = prefix + "." + std::to_string(layers_.size());
  layers_.push_back({shape, Parameter(name + ".weight", {shape.out, shape.in}, weight),
                     Parameter(name + ".bias", {shape.out}, bias)});
}

void Mlp::train_with(const UpdateRule& rule) {
  for (Layer& layer : layers_) {
    layer.weight.train_with(rule);
    layer.bias.train_with(rule);
  }
}

void Mlp::add_values(TensorViews<double>& views) {
  for (Layer& layer : layers_) {
    layer.weight.add_value(views);
    layer.bias.add_value(views);
  }
}

void Mlp::add_states(TensorViews<double>& views) {
  for (Layer& layer : layers_) {
    layer.weight.add_state(views);
    layer.bias.add_state(views);
  }
}

void Mlp::update(std::uint64_t step) {
  for (Layer& layer : layers_) {
    layer.weight.update(step);
    layer.bias.update(step);
  }
}

Mlp::Trace Mlp::forward(std::span<const double> input) const {
  Trace trace{{input.begin(), input.end()}};
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    const std::vector<double>& h = trace.back();
    std::vector<double> z(layer.bias.value);
    for (std::size_t o = 0; o < z.size(); ++o) {
      for (std::size_t i = 0; i < h.size(); ++i) z[o] += layer.weight.value[o * h.size() + i] * h[i];
      if (has_relu(l)) z[o] = std::max(z[o], 0.0);
    }
    trace.push_back(std::move(z));
  }
  return trace;
}

std::vector<double> Mlp::backward(const Trace& trace, std::vector<double> d_output) {
  std::vector<double> dh = std::move(d_output);
  for (std::size_t l = layers_.size(); l-- > 0;) {
    Layer& layer = layers_[l];
    const std::vector<double>& below = trace[l];
    std::vector<double> d_below(below.size(), 0.0);
    for (std::size_t o = 0; o < dh.size(); ++o) {
      const double dz = has_relu(l) && trace[l + 1][o] <= 0 ? 0.0 : dh[o];
      layer.bias.gradient[o] += dz;
      for (std::size_t i = 0; i < below.size(); ++i) {
        layer.weight.gradient[o * below.size() + i] += dz * below[i];
        d_below[i] += dz * layer.weight.value[o * below.size() + i];
      }
    }
    dh = std::move(d_below);
  }
  return dh;
}

}  // namespace frugal::reference
