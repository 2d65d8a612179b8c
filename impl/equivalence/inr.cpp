// The ensemble of sine networks, one training step at a time from the same imported state.
//
// Why the constants are what they are. fp32 rounds a phase x = omega0 (W h + b) to eps |x| / 2, and sin passes an error
// of its phase on unchanged, so one sine layer makes errors of about eps * omega0 where values are of order 1. A hidden
// weight has rms sqrt(2 / in) / omega0 (SIREN's law; up to 1.5 times that here), hence an error d in its `in` inputs
// comes out as a phase error of about sqrt(2) * 1.5 * d: each further layer doubles what it receives. That gives
// eps * omega0 * 2^hidden_layers at the last hidden layer, forward; backward the slopes carry the same relative error.
// ReLU layers add a few eps each and do not amplify. The others follow the same way from the largest slope of theirs:
// Gauss's is below scale, WIRE's below omega0 + 2 scale, both with weights that pass an error on at less than its size;
// FINER's, omega0 (2 |z| + 1), is up to 4 omega0 in the first layer and twice a sine's in the others.
// (A ReLU whose input is within rounding of 0 may open in one implementation and not in the other. Seeds are such that no
// input is nearer to 0 than 4e-7, ten times what the products of parts are off by.)
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <span>

#include "impl/base/philox.hpp"
#include "impl/common/inr/layout.hpp"
#include "impl/common/spec_names.hpp"
#include "impl/equivalence/case.hpp"

namespace frugal {
namespace {

std::vector<InrSpec> inr_cases() {
  struct Shape {
    std::int64_t networks;
    std::vector<int> tile;
    int channels, hidden_layers, width;
  };
  // Widths around vector lengths and panels of 64; tiles of one point, of few, and such that a back end must cut into
  // several pieces; one to three dimensions.
  const Shape shapes[] = {{1, {5, 5}, 3, 0, 16},   {4, {5, 5}, 3, 1, 24},     {9, {8, 8}, 3, 2, 33},
                          {1, {8, 8}, 1, 3, 64},   {4, {1, 1}, 3, 1, 16},     {9, {5, 5}, 1, 1, 1},
                          {1, {48, 45}, 3, 1, 24}, {4, {17, 17}, 4, 2, 16},   {1, {23, 23}, 2, 0, 5},
                          {2, {100}, 2, 2, 70},    {2, {3, 4, 5}, 1, 1, 100}, {2, {3, 3}, 3, 3, 130}};
  std::vector<InrSpec> cases;
  for (const Shape& shape : shapes)
    for (const auto& [activation, word] : activation_names) {
      const auto n = cases.size();
      InrSpec spec{.networks = shape.networks,
                   .inputs = static_cast<int>(shape.tile.size()),
                   .channels = shape.channels,
                   .hidden_layers = shape.hidden_layers,
                   .width = shape.width,
                   .activation = activation};
      spec.points = std::accumulate(shape.tile.begin(), shape.tile.end(), 1, std::multiplies<>());
      spec.bias_init = n % 2 == 0 ? BiasInit::linear : BiasInit::enrp;
      spec.adam.learning_rate = 1e-2;  // large, so that an error of the update shows beside the parameters
      if (n % 3 == 0) spec.weight_decay = 0.5;
      spec.schedule = {LearningRateSchedule::Kind::cosine, 2, 20};
      if (n % 2 == 1) spec.first_omega0 = 20;
      if (activation == Activation::wire) spec.omega0 = 5, spec.first_omega0 = n % 2 == 1 ? 4 : 5;
      spec.scale = 2;
      spec.seed = activation == Activation::relu ? 380 + n : n;
      cases.push_back(spec);
    }
  return cases;
}

std::string inr_case_name(const InrSpec& spec) {
  std::string implementation;
  if (spec.implementation != InrImplementation::automatic)
    implementation = fmt::format(",{}", to_word(inr_implementation_names, spec.implementation));
  return fmt::format("inr/{}{},networks={},points={},inputs={},channels={},hidden_layers={},width={}",
                     to_word(activation_names, spec.activation), implementation, spec.networks, spec.points,
                     spec.inputs, spec.channels, spec.hidden_layers, spec.width);
}

/// By how much more than the rounding of a value of order 1 the layers make of it: see the head of this file.
double inr_constant(const InrSpec& spec) {
  const auto grown = [&spec](double first, double each) { return first * std::pow(each, spec.hidden_layers); };
  switch (spec.activation) {
    case Activation::sine:
      return grown(30, 2);
    case Activation::relu:
      return 8.0 * (1 + spec.hidden_layers);
    case Activation::gauss:
      return grown(8 * spec.scale, spec.scale);
    case Activation::wire:
      return grown(spec.omega0 + 2 * spec.scale, spec.omega0 + 2 * spec.scale);
    case Activation::finer:
      return grown(4 * spec.omega0, 4);
  }
  return 0;
}

/// Any coordinates will do: no back end may count on a grid.
std::vector<float> inr_test_values(std::uint64_t seed, std::uint32_t stream, std::int64_t n) {
  const Philox random(seed, Purpose::test);
  std::vector<float> values(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 2 * random.uniform(i, stream) - 1;
  return values;
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

std::vector<double> inr_values(const InrEnsemble& model, const InrSpec& spec, std::span<const float> x) {
  std::vector<float> values(x.size() / static_cast<std::size_t>(spec.inputs) *
                            static_cast<std::size_t>(spec.networks * spec.channels));
  model.evaluate(x, values);
  return {values.begin(), values.end()};
}

void check_inr_case(const Backend& oracle, const Backend& candidate, const InrSpec& spec,
                    std::vector<EquivalenceCheck>& checks) {
  InrSpec plain = spec;
  plain.implementation = InrImplementation::automatic;
  auto pair = equivalence_pair(inr_case_name(spec), spec, plain, oracle, candidate, checks);
  if (!pair) return;
  InrEnsemble& expected = *pair->expected;
  InrEnsemble& found = *pair->found;
  const double constant = inr_constant(spec);
  const auto points = static_cast<double>(spec.points);
  const auto gradient_terms = [points](const std::string&) { return points; };
  const auto compare_loss = [&](const std::string& when) {
    const std::vector<double> a = expected.train(1);
    const std::vector<double> b = found.train(1);
    pair->compare(a, b, "loss " + when, 1, constant);
  };

  const std::vector<float> x = inr_test_values(spec.seed, 1000, spec.points * spec.inputs);
  const std::vector<float> targets = inr_test_values(spec.seed, 1001, spec.networks * spec.points * spec.channels);
  expected.set_samples(x, targets);
  found.set_samples(x, targets);
  const ModelState initial = expected.export_state();

  // From zero moments m is (1 - beta1) times the gradient. The parameters are left out: where a gradient is about 0 the
  // first update is +-learning_rate whatever its size, and its sign is rounding.
  compare_loss("at step 1");
  const ModelState first_step = expected.export_state();
  for (EquivalenceCheck& check :
       compare_states(without_parameters(first_step), without_parameters(found.export_state()), pair->name + ": step 1",
                      gradient_terms, constant))
    checks.push_back(std::move(check));

  const ModelState trained = inr_trained_state(initial, first_step, 1 - spec.adam.beta1, spec.seed);
  expected.import_state(trained);
  found.import_state(trained);
  for (const std::int64_t count : {spec.points, spec.points + 19}) {
    const std::vector<float> elsewhere = inr_test_values(spec.seed, 1002, count * spec.inputs);
    pair->compare(inr_values(expected, spec, elsewhere), inr_values(found, spec, elsewhere),
                  fmt::format("{} values", count), spec.width, constant);
  }
  compare_loss("at step 8");
  pair->compare_states_now("step 8", gradient_terms, constant);
}

}  // namespace

std::vector<EquivalenceCheck> check_inr(const Backend& oracle, const Backend& candidate) {
  std::vector<EquivalenceCheck> checks;
  for (InrSpec spec : inr_cases()) {
    std::vector<InrImplementation> implementations;
    for (const InrImplementation named : {InrImplementation::onednn, InrImplementation::fused}) {
      spec.implementation = named;
      if (candidate.supports(spec)) implementations.push_back(named);
    }
    if (implementations.empty()) implementations = {InrImplementation::automatic};
    for (const InrImplementation implementation : implementations) {
      spec.implementation = implementation;
      check_inr_case(oracle, candidate, spec, checks);
    }
  }
  return checks;
}

}  // namespace frugal
