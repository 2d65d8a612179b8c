// Second-order steps, against the equation that defines them, with a network and derivatives of the test's own.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/workloads/inr/inr_workload.hpp"
#include "benchmarks/workloads/inr/second_order.hpp"
#include "impl/base/error.hpp"
#include "impl/common/flops.hpp"
#include "impl/common/inr/layout.hpp"
#include "impl/common/spec_names.hpp"
#include "tests/impl/backend_fixture.hpp"
#include "tests/workloads/work_context.hpp"

namespace frugal::workloads {
namespace {

constexpr auto nobody = [](double) {};

/// Two networks 1 -> 4 -> 4 -> 2, of 42 weights each.
InrSpec two_networks(int points, Activation activation = Activation::sine) {
  InrSpec spec{.networks = 2, .points = points, .inputs = 1, .channels = 2, .hidden_layers = 1, .width = 4};
  spec.activation = activation;
  spec.omega0 = spec.first_omega0 = 3;
  spec.scale = 1;
  spec.seed = 5;
  return spec;
}

std::vector<float> coordinates_of(const InrSpec& spec) {
  return grid_coordinates(std::vector{static_cast<int>(spec.points)});
}

ModelState initial_state(const InrSpec& spec) {
  ModelState state;
  for (const InrTensor& tensor : inr_tensors(spec))
    state.tensors.push_back({tensor.name(), inr_shape(spec, tensor), inr_initial_values(spec, tensor)});
  return state;
}

/// The weights of network k in the order of the state's tensors.
std::vector<double> weights_of(const ModelState& state, std::size_t k, std::size_t networks) {
  std::vector<double> weights;
  for (const NamedTensor& tensor : state.tensors) {
    const std::size_t size = tensor.values.size() / networks;
    for (std::size_t i = 0; i < size; ++i) weights.push_back(tensor.values[k * size + i]);
  }
  return weights;
}

double activated(const InrSpec& spec, double z) {
  const double w = spec.omega0, s = spec.scale;
  switch (spec.activation) {
    case Activation::sine:
      return std::sin(w * z);
    case Activation::relu:
      return std::max(z, 0.0);
    case Activation::gauss:
      return std::exp(-s * s * z * z);
    case Activation::wire:
      return std::cos(w * z) * std::exp(-s * s * z * z);
    case Activation::finer:
      return std::sin(w * (std::abs(z) + 1) * z);
  }
  return 0;
}

/// Both channels of a network with these weights at x.
std::vector<double> values_at(const InrSpec& spec, const std::vector<double>& weights, double x) {
  std::vector<double> values{x};
  std::size_t at = 0;
  for (int l = 0; l < spec.layers(); ++l) {
    const auto out = static_cast<std::size_t>(spec.layer_out(l));
    const std::size_t biases = at + out * values.size();
    std::vector<double> next;
    for (std::size_t o = 0; o < out; ++o) {
      double z = weights[biases + o];
      for (std::size_t i = 0; i < values.size(); ++i) z += weights[at + o * values.size() + i] * values[i];
      next.push_back(l + 1 < spec.layers() ? activated(spec, z) : z);
    }
    at = biases + out;
    values = next;
  }
  return values;
}

/// Values of all points, one channel after the other for each.
std::vector<double> values_of(const InrSpec& spec, const std::vector<double>& weights) {
  std::vector<double> all;
  for (const float x : coordinates_of(spec))
    for (const double value : values_at(spec, weights, x)) all.push_back(value);
  return all;
}

/// J^T J and J^T r by central differences, [weights, weights] and [weights].
std::pair<std::vector<std::vector<double>>, std::vector<double>> normal_equations(
    const InrSpec& spec, const std::vector<double>& weights, const std::vector<double>& residuals) {
  constexpr double h = 1e-5;
  std::vector<std::vector<double>> columns;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    std::vector<double> above = weights, below = weights;
    above[i] += h;
    below[i] -= h;
    std::vector<double> column = values_of(spec, above);
    const std::vector<double> lower = values_of(spec, below);
    for (std::size_t r = 0; r < column.size(); ++r) column[r] = (column[r] - lower[r]) / (2 * h);
    columns.push_back(std::move(column));
  }
  const auto dot = [](const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0;
    for (std::size_t r = 0; r < a.size(); ++r) sum += a[r] * b[r];
    return sum;
  };
  std::vector<std::vector<double>> gram(columns.size());
  std::vector<double> right;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    for (const auto& column : columns) gram[i].push_back(dot(columns[i], column));
    right.push_back(dot(columns[i], residuals));
  }
  return {gram, right};
}

struct SecondOrder : ::testing::TestWithParam<std::pair<Activation, int>> {
  InrSpec spec_of_case() const { return two_networks(GetParam().second, GetParam().first); }
};

TEST_P(SecondOrder, AStepSolvesTheDampedNormalEquations) {
  const InrSpec spec = spec_of_case();
  const ModelState before = initial_state(spec);
  std::vector<float> targets;
  std::vector<std::vector<double>> weights;
  // Near to what the networks give, so that the first step is taken.
  for (std::size_t k = 0; k < 2; ++k) {
    weights.push_back(weights_of(before, k, 2));
    for (const double value : values_of(spec, weights[k]))
      targets.push_back(static_cast<float>(value + 1e-2 * std::sin(static_cast<double>(targets.size()))));
  }
  SecondOrderTraining training(spec, before, coordinates_of(spec), targets);
  const double loss = training.step(nobody);
  const ModelState after = training.state();
  double squares = 0;
  for (std::size_t k = 0; k < 2; ++k) {
    const std::vector<double> values = values_of(spec, weights[k]), there = weights_of(after, k, 2);
    std::vector<double> residuals;
    for (std::size_t r = 0; r < values.size(); ++r) residuals.push_back(values[r] - targets[k * values.size() + r]);
    const auto [gram, right] = normal_equations(spec, weights[k], residuals);
    double trace = 0, length = 0, error = 0;
    for (std::size_t i = 0; i < right.size(); ++i) trace += gram[i][i];
    const double damping = 1e-2 * trace / static_cast<double>(std::min(right.size(), residuals.size()));
    for (std::size_t i = 0; i < right.size(); ++i) {
      double left = damping * (there[i] - weights[k][i]);
      for (std::size_t j = 0; j < right.size(); ++j) left += gram[i][j] * (there[j] - weights[k][j]);
      length += right[i] * right[i];
      error += (left + right[i]) * (left + right[i]);
    }
    EXPECT_GT(length, 0) << "this case would tell nothing";
    // Steps of some 1e-3 whose weights are rounded to 3e-8.
    EXPECT_LT(std::sqrt(error / length), 2e-3) << "network " << k;
    const std::vector<double> values_there = values_of(spec, there);
    for (std::size_t r = 0; r < values.size(); ++r)
      squares += std::pow(values_there[r] - targets[k * values.size() + r], 2);
  }
  EXPECT_NEAR(loss, squares / static_cast<double>(targets.size()), 1e-9 * loss);
}

TEST_P(SecondOrder, FindsAPlantedNetworkInAFewSteps) {
  const InrSpec spec = spec_of_case();
  ModelState state = initial_state(spec);
  std::vector<float> targets;
  for (std::size_t k = 0; k < 2; ++k)
    for (const double value : values_of(spec, weights_of(state, k, 2))) targets.push_back(static_cast<float>(value));
  for (NamedTensor& tensor : state.tensors)
    for (std::size_t i = 0; i < tensor.values.size(); ++i)
      tensor.values[i] += 1e-3F * std::cos(static_cast<float>(i * i));
  SecondOrderTraining training(spec, state, coordinates_of(spec), targets);
  const double first = training.step(nobody);
  double last = first;
  for (int step = 1; step < 12; ++step) {
    const double loss = training.step(nobody);
    EXPECT_LE(loss, last);
    last = loss;
  }
  EXPECT_LT(last, 1e-12);
  EXPECT_GT(first, 0);
}

// 15 points: 30 residuals, fewer than weights; 60 points: 120.
INSTANTIATE_TEST_SUITE_P(Activations, SecondOrder,
                         ::testing::Values(std::pair{Activation::sine, 15}, std::pair{Activation::sine, 60},
                                           std::pair{Activation::relu, 15}, std::pair{Activation::relu, 60},
                                           std::pair{Activation::gauss, 15}, std::pair{Activation::gauss, 60},
                                           std::pair{Activation::wire, 15}, std::pair{Activation::wire, 60},
                                           std::pair{Activation::finer, 15}, std::pair{Activation::finer, 60}),
                         [](const auto& each) {
                           return fmt::format("{}_{}points", to_word(activation_names, each.param.first),
                                              each.param.second);
                         });

TEST(SecondOrderTraining, ANetworkThatCannotGetBetterStaysAndDoesNotHoldUpTheOther) {
  const InrSpec spec = two_networks(15);
  const ModelState before = initial_state(spec);
  std::vector<float> targets;
  for (const double value : values_of(spec, weights_of(before, 0, 2))) targets.push_back(static_cast<float>(value));
  for (int i = 0; i < 30; ++i) targets.push_back(std::sin(0.3F * static_cast<float>(i)));
  SecondOrderTraining training(spec, before, coordinates_of(spec), targets);
  const double first = training.step(nobody);
  double last = first;
  for (int step = 1; step < 30; ++step) last = training.step(nobody);
  const ModelState after = training.state();
  // What is left of the first are the roundings of its targets.
  for (std::size_t i = 0; i < weights_of(before, 0, 2).size(); ++i)
    EXPECT_NEAR(weights_of(after, 0, 2)[i], weights_of(before, 0, 2)[i], 1e-4);
  EXPECT_LT(last, first / 100);
}

class InrSecondOrder : public ContractTest<InrSpec> {};

TEST_P(InrSecondOrder, GoesOnFromABackEndsWeightsAndGivesItItsOwn) {
  const InrSpec spec = two_networks(15);
  std::vector<float> targets;
  for (int i = 0; i < 60; ++i) targets.push_back(std::sin(0.3F * static_cast<float>(i)));
  const auto model = backend().make(spec);
  model->set_samples(coordinates_of(spec), targets);
  const double trained = model->train(3).back();
  SecondOrderTraining training(spec, model->export_state(), coordinates_of(spec), targets);
  double loss = 0;
  for (int step = 0; step < 10; ++step) loss = training.step(nobody);
  EXPECT_LT(loss, trained / 10);
  model->import_state(training.state());
  EXPECT_EQ(model->export_state().step, 3U);
  // The back end computes in fp32.
  EXPECT_NEAR(model->train(1).at(0), loss, 1e-4 * std::sqrt(loss) + 1e-8);
}

INSTANTIATE_TEST_SUITE_P(Backends, InrSecondOrder, ::testing::ValuesIn(backends_under_test()), name_of_backend);

constexpr const char* second_order_plan =
    "schema: 1\nname: p\nworkload: inr\nbackend: cpu\ndataset: synthetic-photo\nparams: {{inr: {{size: 16, grid: 4, "
    "hidden_layers: 1, width: 16, steps: 40, learning_rate: 8.0e-3, schedule: cosine, second_order_steps: {}{}}}}}\n";

TEST(SecondOrderRun, ItsStepsArePartOfTheTrainingAndOfTheWorkToAQuality) {
  const InrSpec spec{.networks = 16, .points = 16, .inputs = 2, .channels = 3, .hidden_layers = 1, .width = 16};
  WorkContext context;
  const auto outcome = run_cell(fmt::format(second_order_plan, 8, ""), context);
  const double first_order = 40 * step_flops(spec).total();
  EXPECT_EQ(outcome.metrics.at("flops.train"), first_order + 8 * second_order_flops(spec));
  EXPECT_EQ(context.work.at("train").flops, outcome.metrics.at("flops.train"));
  EXPECT_EQ(outcome.metrics.at("steps.done"), 40);
  EXPECT_GT(outcome.metrics.at("psnr"), 60) << "the picture is that of the last weights";
  // Reached by one of the second-order steps, whose number both metrics tell.
  const double second = (outcome.metrics.at("flops[60dB]") - first_order) / second_order_flops(spec);
  EXPECT_GE(second, 1);
  EXPECT_LT(second, 8);
  EXPECT_EQ(second, std::round(second));
  EXPECT_EQ(context.steps_of_times.at("seconds[60dB]"), 40 + second);
}

TEST(SecondOrderRun, ItsLastLossIsWhatTheBackEndMakesOfTheWeights) {
  const auto outcome = run_cell(
      "schema: 1\nname: p\nworkload: inr\nbackend: cpu\ndataset: synthetic-photo\nparams: {inr: {size: 8, grid: "
      "1, hidden_layers: 1, width: 32, steps: 60, learning_rate: 3.0e-3, second_order_steps: 20}}\n");
  EXPECT_GT(outcome.metrics.at("psnr[enrp]"), 100) << "this case would tell nothing";
  EXPECT_NEAR(outcome.metrics.at("psnr[enrp]"), outcome.metrics.at("psnr[tile,min]"), 1e-6);
}

TEST(SecondOrderRun, EndsWhereTheCellWantsNoMore) {
  const auto all = run_cell(fmt::format(second_order_plan, 8, ""));
  const auto stopped = run_cell(fmt::format(second_order_plan, 8, ", stop_psnr: 60"));
  EXPECT_EQ(stopped.metrics.at("flops.train"), all.metrics.at("flops[60dB]"));
  EXPECT_GE(stopped.metrics.at("psnr[enrp]"), 60);
}

TEST(SecondOrderRun, APlanTellsItsWorkBeforehand) {
  const std::string plan = fmt::format(second_order_plan, 3, ", last_layer: solved");
  EXPECT_EQ(inr_workload().known_metrics(first_cell(plan)).at("flops.train"), run_cell(plan).metrics.at("flops.train"));
}

TEST(SecondOrderRun, ANetworkThatIsTooLargeIsAnErrorOfThePlanWithItsPlace) {
  const char* const plan =
      "schema: 1\nname: p\nworkload: inr\nbackend: cpu\ndataset: synthetic-photo\nparams: {inr: {size: 128, grid: 2, "
      "width: 64, second_order_steps: 1}}\n";
  try {
    first_cell(plan);
    FAIL() << "12288 target values, 8707 weights";
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("test.yaml:6"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("8707"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace frugal::workloads
