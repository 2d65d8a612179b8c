// The oracle itself: its initial laws against the papers, its gradients against finite differences.
#include <gtest/gtest.h>

#include <algorithm>

#include "impl/common/inr/layout.hpp"
#include "tests/impl/inr_fixture.hpp"

namespace frugal {
namespace {

using inr_test::make;

double largest_initial(const InrSpec& spec, const std::string& name) {
  for (const InrTensor& tensor : inr_tensors(spec)) {
    if (tensor.name() != name) continue;
    double largest = 0;
    for (const float value : inr_initial_values(spec, tensor)) largest = std::max(largest, std::abs(double{value}));
    return largest;
  }
  return -1;
}

/// n uniform draws come within a share of 20 / n of their bound, but for one case in e^20.
void expect_bound(const InrSpec& spec, const std::string& name, double bound, double draws) {
  const double largest = largest_initial(spec, name);
  EXPECT_LE(largest, bound * (1 + 1e-6)) << name;
  EXPECT_GE(largest, bound * (1 - 20 / draws)) << name;
}

TEST(InrInitialValues, SineFollowsSirenAndTheBiasLawAsked) {
  InrSpec spec{.networks = 64, .points = 16, .channels = 3, .hidden_layers = 1, .width = 32};
  const double k = 64;
  for (const BiasInit law : {BiasInit::linear, BiasInit::enrp}) {
    spec.bias_init = law;
    const auto bias = [law](double in, double out) { return 1 / std::sqrt(law == BiasInit::linear ? in : in * out); };
    expect_bound(spec, "layer.0.weight", 0.5, k * 64);
    expect_bound(spec, "layer.1.weight", std::sqrt(6.0 / 32) / 30, k * 1024);
    expect_bound(spec, "layer.2.weight", std::sqrt(6.0 / 32) / 30, k * 96);
    expect_bound(spec, "layer.0.bias", bias(2, 32), k * 32);
    expect_bound(spec, "layer.1.bias", bias(32, 32), k * 32);
    expect_bound(spec, "layer.2.bias", bias(32, 3), k * 3);
  }
}

TEST(InrInitialValues, ReluWeightsFollowTheFanInOfAThreeDimensionalWeight) {
  const InrSpec spec{.networks = 64, .points = 16, .hidden_layers = 1, .width = 32, .activation = Activation::relu};
  expect_bound(spec, "layer.0.weight", 1 / std::sqrt(64.0), 64 * 64);
  expect_bound(spec, "layer.1.weight", 1 / 32.0, 64 * 1024);
}

TEST(InrInitialValues, TheWeightScaleIsOfAllWeightsButThoseOfTheLastLayer) {
  InrSpec scaled{.networks = 1, .points = 4, .hidden_layers = 1, .width = 8};
  const InrSpec plain = scaled;
  scaled.weight_scale = 2.5;
  for (const InrTensor& tensor : inr_tensors(plain)) {
    const double factor = !tensor.bias && tensor.layer < 2 ? 2.5 : 1;
    EXPECT_EQ(inr_bound(scaled, tensor), factor * inr_bound(plain, tensor)) << tensor.name();
  }
}

TEST(InrInitialValues, AreWordsOfTheAddressedStream) {
  const InrSpec spec{.networks = 4, .points = 16, .hidden_layers = 0, .width = 7, .seed = 5};
  const std::vector<float> bias = inr_initial_values(spec, inr_tensors(spec)[1]);
  const Philox random(5, Purpose::weights);
  const auto bound = static_cast<float>(1 / std::sqrt(2.0));
  for (std::uint64_t k = 0; k < 4; ++k)
    for (std::uint64_t i = 0; i < 7; ++i) EXPECT_EQ(bias[k * 7 + i], (2 * random.uniform(k * 7 + i, 1) - 1) * bound);
}

TEST(InrInitialValues, SomeOfThemAreTheSameAsAllOfThem) {
  const InrSpec spec{.networks = 2, .points = 16, .hidden_layers = 1, .width = 5};
  const InrTensor tensor = inr_tensors(spec)[2];
  const std::vector<float> all = inr_initial_values(spec, tensor);
  for (std::size_t first = 0; first < all.size(); ++first)
    for (std::size_t count = 0; first + count <= std::min(all.size(), first + 9); ++count) {
      std::vector<float> some(count);
      inr_initial_values(spec, tensor, static_cast<std::int64_t>(first), some);
      EXPECT_TRUE(std::ranges::equal(some, std::span(all).subspan(first, count))) << first << ", " << count;
    }
}

TEST(GridCoordinates, SpanTheTileIncludingItsEndPoints) {
  EXPECT_EQ(grid_coordinates(std::vector{5}), (std::vector<float>{-1, -0.5, 0, 0.5, 1}));
  EXPECT_EQ(grid_coordinates(std::vector{1}), std::vector<float>{0});
}

TEST(GridCoordinates, AreRowMajor) {
  EXPECT_EQ(grid_coordinates(std::vector{2, 3}), (std::vector<float>{-1, -1, -1, 0, -1, 1, 1, -1, 1, 0, 1, 1}));
  const std::vector<float> three = grid_coordinates(std::vector{2, 1, 2});
  EXPECT_EQ(three, (std::vector<float>{-1, 0, -1, -1, 0, 1, 1, 0, -1, 1, 0, 1}));
}

TEST(LearningRate, RisesThenStaysOrFallsByACosine) {
  InrSpec spec;
  spec.adam.learning_rate = 2;
  spec.schedule = {LearningRateSchedule::Kind::constant, 4, 0};
  EXPECT_DOUBLE_EQ(learning_rate_at(spec, 1), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate_at(spec, 4), 2);
  EXPECT_DOUBLE_EQ(learning_rate_at(spec, 1000), 2);
  spec.schedule = {LearningRateSchedule::Kind::cosine, 4, 14};
  EXPECT_DOUBLE_EQ(learning_rate_at(spec, 5), 2);
  EXPECT_DOUBLE_EQ(learning_rate_at(spec, 10), 1);
  EXPECT_NEAR(learning_rate_at(spec, 15), 0, 1e-15);
  EXPECT_NEAR(learning_rate_at(spec, 99), 0, 1e-15);
}

// With one network, zero bias and y = w h + b, row and column can be told apart by hand.
TEST(InrReference, RowIsTheFirstCoordinate) {
  const InrSpec spec{
      .networks = 1, .points = 9, .channels = 1, .hidden_layers = 0, .width = 1, .activation = Activation::relu};
  const auto model = make("reference", spec);
  model->import_state({.step = 0,
                       .tensors = {{"layer.0.weight", {1, 1, 2}, {2, 0}},
                                   {"layer.0.bias", {1, 1}, {0}},
                                   {"layer.1.weight", {1, 1, 1}, {3}},
                                   {"layer.1.bias", {1, 1}, {0.25F}}}});
  EXPECT_EQ(inr_test::evaluated(*model, spec, 3),
            (std::vector<float>{0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 6.25, 6.25, 6.25}));
}

class InrGradient : public ::testing::TestWithParam<std::pair<const char*, Activation>> {};

TEST_P(InrGradient, AgreesWithCentralDifferences) {
  InrSpec spec{.networks = 4,
               .points = 16,
               .channels = 2,
               .hidden_layers = 2,
               .width = 5,
               .activation = GetParam().second,
               .seed = 3};
  spec.omega0 = 5;  // the loss bends on the scale 1 / omega0: small enough for differences of floats
  spec.first_omega0 = 4;
  spec.scale = 2;
  const auto model = make("reference", spec);
  const ModelState initial = model->export_state();
  model->train(1);
  const ModelState after = model->export_state();

  const auto loss_at = [&](std::size_t tensor, std::size_t value, float moved) {
    ModelState state = initial;
    state.tensors[tensor].values[value] = moved;
    model->import_state(state);
    return model->train(1).front();
  };
  double largest = 0;
  for (std::size_t t = 0; t < inr_tensors(spec).size(); ++t)
    for (const float m : after.find("adam.m/" + initial.tensors[t].name)->values)
      largest = std::max(largest, std::abs(double{m}) / 0.1);
  ASSERT_GT(largest, 0);
  for (std::size_t t = 0; t < inr_tensors(spec).size(); ++t) {
    const NamedTensor& tensor = initial.tensors[t];
    const NamedTensor* m = after.find("adam.m/" + tensor.name);
    for (std::size_t i = 0; i < tensor.values.size(); i += 3) {
      const float up = tensor.values[i] + 1e-3F;
      const float down = tensor.values[i] - 1e-3F;
      const double slope = (loss_at(t, i, up) - loss_at(t, i, down)) / (double{up} - double{down});
      EXPECT_NEAR(m->values[i] / 0.1, slope, 4e-4 * largest) << tensor.name << " " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Activations, InrGradient,
                         ::testing::Values(std::pair{"sine", Activation::sine}, std::pair{"relu", Activation::relu},
                                           std::pair{"gauss", Activation::gauss}, std::pair{"wire", Activation::wire},
                                           std::pair{"finer", Activation::finer}),
                         [](const auto& test) { return test.param.first; });

TEST(InrReference, AdamFollowsItsDefinitionForTwoSteps) {
  const InrSpec spec{
      .networks = 1, .points = 1, .channels = 1, .hidden_layers = 0, .width = 1, .activation = Activation::relu};
  const auto model = find_backend("reference")->make(spec);
  model->set_samples(std::vector<float>{0, 0}, std::vector<float>{1.F});
  // At coordinate (0, 0) with the hidden unit shut, y is the last bias: loss (b - 1)^2, gradient 2 (b - 1).
  model->import_state({.step = 0, .tensors = {{"layer.0.bias", {1, 1}, {-1}}, {"layer.1.bias", {1, 1}, {0.5F}}}});
  double b = 0.5, m = 0, v = 0;
  for (int t = 1; t <= 2; ++t) {
    const double g = 2 * (b - 1);
    EXPECT_NEAR(model->train(1).front(), (b - 1) * (b - 1), 1e-12);
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    b -= 1e-4 * (m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-8);
  }
  const ModelState state = model->export_state();
  EXPECT_FLOAT_EQ(state.find("layer.1.bias")->values[0], static_cast<float>(b));
  EXPECT_FLOAT_EQ(state.find("adam.m/layer.1.bias")->values[0], static_cast<float>(m));
  EXPECT_FLOAT_EQ(state.find("adam.v/layer.1.bias")->values[0], static_cast<float>(v));
}

// y is the last bias, and Adam does not move it where its gradient is 0: what is left is the decay.
TEST(InrReference, WeightDecayIsDecoupledFromAdam) {
  InrSpec spec{.networks = 1,
               .points = 1,
               .channels = 1,
               .hidden_layers = 0,
               .width = 1,
               .activation = Activation::relu,
               .weight_decay = 0.5};
  spec.adam.learning_rate = 0.1;
  const auto model = find_backend("reference")->make(spec);
  model->set_samples(std::vector<float>{0, 0}, std::vector<float>{0.5F});
  model->import_state({.step = 0, .tensors = {{"layer.0.bias", {1, 1}, {-1}}, {"layer.1.bias", {1, 1}, {0.5F}}}});
  model->train(1);
  EXPECT_FLOAT_EQ(values(model->export_state(), "layer.1.bias")[0], 0.5F * (1 - 0.1F * 0.5F));
}

}  // namespace
}  // namespace frugal
