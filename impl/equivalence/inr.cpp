// The ensemble of sine networks, one training step at a time from the same imported state.
//
// Why the constants are what they are. fp32 rounds a phase x = omega0 (W h + b) to eps |x| / 2, and sin passes an error
// of its phase on unchanged, so one sine layer makes errors of about eps * omega0 where values are of order 1. A hidden
// weight has rms sqrt(2 / in) / omega0 (SIREN's law; up to 1.5 times that here), hence an error d in its `in` inputs
// comes out as a phase error of about sqrt(2) * 1.5 * d: each further layer doubles what it receives. That gives
// eps * omega0 * 2^hidden_layers at the last hidden layer, forward; backward the slopes carry the same relative error.
// ReLU layers add a few eps each and do not amplify; the same formula holds with 1 in place of omega0 and of 2.
// (A ReLU whose input is within rounding of 0 may open in one implementation and not in the other; inputs are fixed
// and few enough that none does.)
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "impl/common/inr_layout.hpp"
#include "impl/common/philox.hpp"
#include "impl/equivalence/equivalence.hpp"

namespace frugal {
namespace {

std::vector<InrSpec> inr_cases() {
  struct Shape {
    int grid, tile, channels, hidden_layers, width;
  };
  // Widths around vector lengths, tiles of one pixel, and tiles that a back end must cut into several pieces.
  constexpr Shape shapes[] = {{1, 5, 3, 0, 16},  {2, 5, 3, 1, 24},  {3, 8, 3, 2, 33},
                              {1, 8, 1, 3, 64},  {2, 1, 3, 1, 16},  {3, 5, 1, 1, 1},
                              {1, 40, 3, 1, 24}, {2, 17, 3, 2, 16}, {1, 23, 2, 0, 5}};
  std::vector<InrSpec> cases;
  for (const Shape& shape : shapes)
    for (const Activation activation : {Activation::sine, Activation::relu}) {
      InrSpec spec{.grid = shape.grid,
                   .tile = shape.tile,
                   .channels = shape.channels,
                   .hidden_layers = shape.hidden_layers,
                   .width = shape.width,
                   .activation = activation};
      spec.bias_init = cases.size() % 4 < 2 ? BiasInit::linear : BiasInit::enrp;
      spec.adam.learning_rate = 1e-2;  // large, so that an error of the update shows beside the parameters
      spec.seed = cases.size();
      cases.push_back(spec);
    }
  return cases;
}

std::string inr_case_name(const InrSpec& spec) {
  return fmt::format("inr/{},grid={},tile={},channels={},hidden_layers={},width={}",
                     spec.activation == Activation::sine ? "sine" : "relu", spec.grid, spec.tile, spec.channels,
                     spec.hidden_layers, spec.width);
}

std::vector<float> inr_test_signal(const InrSpec& spec) {
  const Philox random(spec.seed, Purpose::test);
  std::vector<float> pixels(static_cast<std::size_t>(spec.networks() * spec.tile_pixels() * spec.channels));
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = 2 * random.uniform(i) - 1;
  return pixels;
}

/// A state as in the middle of a training: parameters off their initial values, moments of the size of the gradient g
/// (m within +-max|g|, v between 1/4 and 5/4 of max|g|^2), so that no quotient m / sqrt(v) is ill-conditioned.
ModelState inr_trained_state(ModelState state, const ModelState& after_first_step, double one_minus_beta1,
                             std::uint64_t seed) {
  const Philox random(seed, Purpose::test);
  std::uint32_t stream = 1;
  for (NamedTensor& tensor : state.tensors) {
    const bool first = tensor.name.starts_with("adam.m/");
    const bool second = tensor.name.starts_with("adam.v/");
    double largest = 0;
    if (first || second) {
      const NamedTensor* m = after_first_step.find("adam.m/" + tensor.name.substr(7));
      for (const float value : m->values) largest = std::max(largest, std::abs(value) / one_minus_beta1);
    }
    for (std::size_t i = 0; i < tensor.values.size(); ++i) {
      const double u = random.uniform(i, stream);
      if (first)
        tensor.values[i] = static_cast<float>(largest * (2 * u - 1));
      else if (second)
        tensor.values[i] = static_cast<float>(largest * largest * (0.25 + u));
      else
        tensor.values[i] *= static_cast<float>(0.5 + u);
    }
    ++stream;
  }
  state.step = 7;
  return state;
}

ModelState without_parameters(ModelState state) {
  std::erase_if(state.tensors, [](const NamedTensor& tensor) { return !tensor.name.starts_with("adam."); });
  return state;
}

std::vector<double> rendered(const InrEnsemble& model, const InrSpec& spec, int resolution) {
  std::vector<float> picture(static_cast<std::size_t>(spec.networks() * resolution * resolution * spec.channels));
  model.render(resolution, picture);
  return {picture.begin(), picture.end()};
}

void check_inr_case(const Backend& oracle, const Backend& candidate, const InrSpec& spec,
                    std::vector<EquivalenceCheck>& checks) {
  const std::string name = inr_case_name(spec);
  for (const Backend* backend : {&oracle, &candidate})
    if (const Support support = backend->supports(spec); !support) {
      checks.push_back({.name = name, .unsupported = support.reason});
      return;
    }
  const auto expected = oracle.make(spec);
  const auto found = candidate.make(spec);
  const bool sine = spec.activation == Activation::sine;
  const double constant = sine ? spec.omega0 * std::exp2(spec.hidden_layers) : 8.0 * (1 + spec.hidden_layers);
  const auto pixels = static_cast<double>(spec.tile_pixels());
  const auto gradient_terms = [pixels](const std::string&) { return pixels; };
  const auto append = [&](std::vector<EquivalenceCheck> more) {
    std::move(more.begin(), more.end(), std::back_inserter(checks));
  };
  const auto compare_loss = [&](const std::string& when) {
    const std::vector<double> a = expected->train(1);
    const std::vector<double> b = found->train(1);
    checks.push_back(compare_values(a, b, name + ": loss " + when, 1, constant));
  };

  const std::vector<float> signal = inr_test_signal(spec);
  expected->set_signal(signal);
  found->set_signal(signal);
  const ModelState initial = expected->export_state();
  append(compare_states(
      initial, found->export_state(), name + ": initial", [](const std::string&) { return 0.0; }, 0));

  // From zero moments m is (1 - beta1) times the gradient. The parameters are left out: where a gradient is about 0 the
  // first update is +-learning_rate whatever its size, and its sign is rounding.
  compare_loss("at step 1");
  const ModelState first_step = expected->export_state();
  append(compare_states(without_parameters(first_step), without_parameters(found->export_state()), name + ": step 1",
                        gradient_terms, constant));

  const ModelState trained = inr_trained_state(initial, first_step, 1 - spec.adam.beta1, spec.seed);
  expected->import_state(trained);
  found->import_state(trained);
  for (const int resolution : {spec.tile, spec.tile + 3}) {
    const std::vector<double> a = rendered(*expected, spec, resolution);
    const std::vector<double> b = rendered(*found, spec, resolution);
    checks.push_back(compare_values(a, b, fmt::format("{}: render at {}", name, resolution), spec.width, constant));
  }
  compare_loss("at step 8");
  append(compare_states(expected->export_state(), found->export_state(), name + ": step 8", gradient_terms, constant));
}

}  // namespace

std::vector<EquivalenceCheck> check_inr(const Backend& oracle, const Backend& candidate) {
  std::vector<EquivalenceCheck> checks;
  for (const InrSpec& spec : inr_cases()) check_inr_case(oracle, candidate, spec, checks);
  return checks;
}

}  // namespace frugal
