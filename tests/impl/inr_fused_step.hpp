// One fused training step by the kernels of one instruction set, whichever the program would choose.
#pragma once
#include <algorithm>
#include <cstdint>
#include <list>
#include <vector>

#include "impl/common/adam.hpp"
#include "impl/cpu/inr/parameters.hpp"
#include "impl/cpu/kernels/inr_fused.hpp"
#include "tests/impl/inr_fixture.hpp"

namespace frugal::inr_test {

/// What a step leaves: the gradient of all points, or the parameters after the update that comes with the last tile.
enum class FusedResult { gradient, parameters };

/// A network with its initial parameters, its points in tiles, and memory for the kernels.
class FusedStep {
 public:
  static constexpr double rate = 1e-3;  ///< of the update, by Adam

  FusedStep(const InrSpec& spec, long tile, long panel_columns)
      : spec_(spec), tile_(tile), layout_(spec, panel_columns), parameters_(static_cast<std::size_t>(layout_.count)) {
    for (const InrTensor& tensor : inr_tensors(spec)) {
      const std::vector<float> initial = inr_initial_values(spec, tensor);
      for (std::int64_t o = 0; o < tensor.out; ++o) {
        const cpu::InrParameters::Inputs inputs = layout_.inputs_of(tensor, o);
        for (std::int64_t i = 0; i < tensor.in; ++i) {
          places_.push_back(static_cast<std::size_t>(inputs.first + i * inputs.step));
          parameters_[places_.back()] = initial[static_cast<std::size_t>(o * tensor.in + i)];
        }
      }
    }
  }

  const cpu::InrParameters& layout() const { return layout_; }

  /// Refers to this. `few_points` as there.
  cpu::InrFusedNetwork network(bool few_points) const {
    const cpu::InrFunction f{spec_.activation, 30, 2};
    return {.first = f,
            .hidden = f,
            .columns = layout_.columns,
            .inputs = spec_.inputs,
            .channels = spec_.channels,
            .hidden_layers = spec_.hidden_layers,
            .weight = layout_.weight.data(),
            .bias = layout_.bias.data(),
            .few_points = few_points};
  }

  /// n zeros that live as long as this does.
  float* zeros(long n) { return floats_.emplace_back(static_cast<std::size_t>(n)).data(); }

  /// begin(parameters), then train_tile(parameters, x, target, rows, fresh, gradient, update) of each tile. Returns the
  /// values of all tensors, one after the other.
  template <class Begin, class TrainTile>
  std::vector<float> run(FusedResult result, const Begin& begin, const TrainTile& train_tile) {
    const std::vector<float> x = grid_of(spec_, side_of(spec_));
    const std::vector<float> targets = noise(spec_);
    float* const gradient = zeros(layout_.count);
    const cpu::InrUpdate update{update_step({OptimizerKind::adam, {.learning_rate = rate, .epsilon = 1e-3}}, 1),
                                zeros(layout_.count), zeros(layout_.count)};
    begin(parameters_.data());
    for (long first = 0; first < spec_.points; first += tile_) {
      const long rows = std::min<long>(tile_, spec_.points - first);
      const bool updates = result == FusedResult::parameters && first + rows == spec_.points;
      train_tile(parameters_.data(), x.data() + first * spec_.inputs, targets.data() + first * spec_.channels, rows,
                 first == 0, gradient, updates ? &update : nullptr);
    }
    std::vector<float> values;
    for (const std::size_t place : places_)
      values.push_back(result == FusedResult::parameters ? parameters_[place] : gradient[place]);
    return values;
  }

 private:
  InrSpec spec_;
  long tile_;
  cpu::InrParameters layout_;
  std::vector<float> parameters_;
  std::vector<std::size_t> places_;  ///< of the values, tensor after tensor
  std::list<std::vector<float>> floats_;
};

inline std::vector<float> fused_step(const cpu::InrFusedKernels& kernels, const InrSpec& spec, long tile,
                                     FusedResult result = FusedResult::parameters) {
  FusedStep step(spec, tile, kernels.panel_columns);
  const long padded = step.layout().columns.padded;
  const long size = (tile + 16) * step.layout().columns.stride;
  std::vector<float*> h, slope;
  for (int l = 0; l <= spec.hidden_layers; ++l) {
    h.push_back(step.zeros(size));
    slope.push_back(step.zeros(size));
  }
  const cpu::InrFusedScratch scratch{.h = h.data(),
                                     .slope = slope.data(),
                                     .delta = step.zeros(size),
                                     .below = step.zeros(size),
                                     .y = step.zeros(tile * spec.channels),
                                     .transposed = step.zeros(spec.hidden_layers * padded * padded)};
  const cpu::InrFusedNetwork network = step.network(spec.points <= tile && 2 * (spec.points + 15) / 16 * 16 <= padded);
  return step.run(
      result, [&](const float* parameters) { kernels.transpose_weights(network, parameters, scratch); },
      [&](float* parameters, const float* x, const float* target, long rows, bool fresh, float* gradient,
          const cpu::InrUpdate* update) {
        kernels.train_tile(network, parameters, x, target, rows, 1.F, fresh, scratch, gradient, update);
      });
}

}  // namespace frugal::inr_test
