// The last layer in closed form, against what defines it, from the weights that it left and loops of its own.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/workloads/inr/inr_workload.hpp"
#include "benchmarks/workloads/inr/last_layer.hpp"
#include "impl/common/flops.hpp"
#include "tests/impl/backend_fixture.hpp"
#include "tests/workloads/work_context.hpp"

namespace frugal::workloads {
namespace {

/// Two networks of one input and two channels: 1 -> width -> width -> 2.
InrSpec two_networks(int points, int width) {
  return {.networks = 2, .points = points, .inputs = 1, .channels = 2, .hidden_layers = 1, .width = width, .seed = 3};
}

/// Points and targets of both networks.
struct Samples {
  explicit Samples(const InrSpec& spec) {
    for (int i = 0; i < spec.points; ++i)
      coordinates.push_back(2 * static_cast<float>(i) / static_cast<float>(spec.points - 1) - 1);
    for (std::int64_t i = 0; i < spec.networks * spec.points * spec.channels; ++i)
      targets.push_back(std::sin(static_cast<float>(i * i)));
  }
  std::vector<float> coordinates, targets;
};

/// The hidden units of network k at x, and a one.
std::vector<double> units_at(const ModelState& state, const InrSpec& spec, int k, double x) {
  std::vector<double> values{x};
  for (const char* layer : {"layer.0", "layer.1"}) {
    const auto& weight = state.find(std::string(layer) + ".weight")->values;
    const auto& bias = state.find(std::string(layer) + ".bias")->values;
    std::vector<double> next;
    for (int o = 0; o < spec.width; ++o) {
      const auto row = static_cast<std::size_t>(k * spec.width + o);
      double z = bias[row];
      for (std::size_t i = 0; i < values.size(); ++i) z += weight[row * values.size() + i] * values[i];
      next.push_back(std::sin(30 * z));
    }
    values = next;
  }
  values.push_back(1);
  return values;
}

/// The gradient of |H w - y|^2 / 2 + r |w|^2 / 2 at the last layer's weights of one channel of one network, over the
/// length of H^T y; and that channel's sum of squares.
std::pair<double, double> gradient_and_error(const ModelState& state, const InrSpec& spec, const Samples& samples,
                                             int k, int channel) {
  std::vector<std::vector<double>> h;
  for (const float x : samples.coordinates) h.push_back(units_at(state, spec, k, x));
  const auto columns = static_cast<std::size_t>(spec.width) + 1;
  double squares_of_h = 0;
  for (const auto& row : h)
    for (const double value : row) squares_of_h += value * value;
  const double ridge = 1e-6 * squares_of_h / static_cast<double>(columns);
  const auto row = static_cast<std::size_t>(k * spec.channels + channel);
  std::vector<double> w;
  for (std::size_t i = 0; i + 1 < columns; ++i)
    w.push_back(state.find("layer.2.weight")->values[row * (columns - 1) + i]);
  w.push_back(state.find("layer.2.bias")->values[row]);
  std::vector<double> gradient(columns), of_targets(columns);
  for (std::size_t i = 0; i < columns; ++i) gradient[i] = ridge * w[i];
  double squares = 0;
  for (std::size_t p = 0; p < h.size(); ++p) {
    const double y =
        samples.targets[(static_cast<std::size_t>(k) * h.size() + p) * 2 + static_cast<std::size_t>(channel)];
    double error = -y;
    for (std::size_t i = 0; i < columns; ++i) error += h[p][i] * w[i];
    squares += error * error;
    for (std::size_t i = 0; i < columns; ++i) {
      gradient[i] += h[p][i] * error;
      of_targets[i] += h[p][i] * y;
    }
  }
  const auto length = [](const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values) sum += value * value;
    return std::sqrt(sum);
  };
  return {length(gradient) / length(of_targets), squares};
}

class InrLastLayer : public ContractTest<InrSpec> {};

TEST_P(InrLastLayer, IsTheRidgeRegressionOfTheSamplesOnTheHiddenUnits) {
  for (const auto& [points, width] : {std::pair{40, 8}, std::pair{9, 8}, std::pair{5, 16}}) {
    SCOPED_TRACE(::testing::Message() << points << " points, width " << width);
    const InrSpec spec = two_networks(points, width);
    const Samples samples(spec);
    const auto model = backend().make(spec);
    model->set_samples(samples.coordinates, samples.targets);
    model->train(3);
    const ModelState before = model->export_state();
    const double loss = solve_last_layer(*model, backend(), spec, samples.coordinates, samples.targets);
    const ModelState after = model->export_state();

    EXPECT_EQ(after.step, 3U);
    for (const NamedTensor& tensor : before.tensors) {
      const bool is_last = tensor.name == "layer.2.weight" || tensor.name == "layer.2.bias";
      EXPECT_EQ(after.find(tensor.name)->values != tensor.values, is_last) << tensor.name;
    }
    double squares = 0;
    for (int k = 0; k < 2; ++k)
      for (int channel = 0; channel < 2; ++channel) {
        const auto [gradient, of_channel] = gradient_and_error(after, spec, samples, k, channel);
        EXPECT_LT(gradient, 1e-4) << "network " << k << ", channel " << channel;
        squares += of_channel;
      }
    const double expected = squares / static_cast<double>(samples.targets.size());
    // The units are off by some 30 eps, which the weights magnify.
    constexpr double off = 5e-5;
    const double bound = 2 * std::sqrt(expected) * off + off * off;
    EXPECT_NEAR(loss, expected, bound);
    if (points <= width) {
      EXPECT_LT(loss, 1e-6) << "fewer points than weights are met";
    } else {
      EXPECT_GT(loss, 1e-3) << "this case would tell nothing";
    }
    // What training goes on from.
    EXPECT_NEAR(model->train(1).at(0), loss, bound);
  }
}

TEST_P(InrLastLayer, IsTheSameForAnyNumberOfNetworksAtATime) {
  InrSpec spec = two_networks(9, 8);
  spec.networks = 5;
  const Samples samples(spec);
  const auto model = backend().make(spec);
  const ModelState initial = model->export_state();
  const auto solved = [&](std::int64_t most_units) {
    model->import_state(initial);
    const double loss = solve_last_layer(*model, backend(), spec, samples.coordinates, samples.targets, most_units);
    return std::pair{model->export_state().find("layer.2.weight")->values, loss};
  };
  const auto at_once = solved(5 * 9 * 8);
  EXPECT_EQ(solved(2 * 9 * 8 + 1), at_once);
  EXPECT_EQ(solved(1), at_once);
}

INSTANTIATE_TEST_SUITE_P(Backends, InrLastLayer, ::testing::ValuesIn(backends_under_test()), name_of_backend);

constexpr const char* last_layer_plan =
    "schema: 1\nname: p\nworkload: inr\nbackend: cpu\ndataset: synthetic-photo\nparams: {{inr: {{size: 16, grid: 2, "
    "hidden_layers: 1, width: {}, steps: {}, learning_rate: 2.0e-3, last_layer: {}}}}}\n";

TEST(InrLastLayerRun, IsPartOfTheTrainingAndItsLastStep) {
  WorkContext trained_context, solved_context;
  // 64 samples a tile, 81 weights a channel: nothing is left.
  const auto trained = run_cell(fmt::format(last_layer_plan, 80, 4, "trained"), trained_context);
  const auto solved = run_cell(fmt::format(last_layer_plan, 80, 4, "solved"), solved_context);
  const InrSpec spec{.networks = 4, .points = 64, .inputs = 2, .channels = 3, .hidden_layers = 1, .width = 80};
  EXPECT_EQ(solved.metrics.at("steps.done"), 4);
  EXPECT_EQ(solved.metrics.at("flops.train"), trained.metrics.at("flops.train") + last_layer_flops(spec));
  EXPECT_EQ(solved_context.work.at("train").flops, solved.metrics.at("flops.train"));
  EXPECT_LT(trained.metrics.at("psnr[enrp,best]"), 30);
  EXPECT_GT(solved.metrics.at("psnr[enrp]"), 60);
  EXPECT_EQ(solved.metrics.at("psnr[enrp]"), solved.metrics.at("psnr[enrp,best]"));
  EXPECT_EQ(solved.metrics.at("flops[60dB]"), solved.metrics.at("flops.train"));
  EXPECT_EQ(solved_context.steps_of_times.at("seconds[60dB]"), 5);
  EXPECT_GT(solved.metrics.at("psnr"), 60) << "the picture is that of the solved weights";
}

TEST(InrLastLayerRun, AQualityThatTrainingReachedCostsWhatItCost) {
  const auto trained = run_cell(fmt::format(last_layer_plan, 16, 300, "trained"));
  const auto solved = run_cell(fmt::format(last_layer_plan, 16, 300, "solved"));
  ASSERT_GT(trained.metrics.at("psnr[enrp,best]"), 30) << "this case would tell nothing";
  EXPECT_EQ(solved.metrics.at("flops[30dB]"), trained.metrics.at("flops[30dB]"));
  EXPECT_GT(solved.metrics.at("psnr[enrp]"), trained.metrics.at("psnr[enrp]"));
}

TEST(InrLastLayerRun, APlanTellsItsWorkBeforehand) {
  const std::string plan = fmt::format(last_layer_plan, 16, 5, "solved");
  EXPECT_EQ(inr_workload().known_metrics(first_cell(plan)).at("flops.train"), run_cell(plan).metrics.at("flops.train"));
}

}  // namespace
}  // namespace frugal::workloads
