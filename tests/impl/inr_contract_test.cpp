// What every back end's ensemble must do, run on each that is available.
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "impl/common/bf16.hpp"
#include "impl/common/flops.hpp"
#include "impl/common/inr/layout.hpp"
#include "tests/impl/backend_fixture.hpp"
#include "tests/impl/inr_fixture.hpp"

namespace frugal {
namespace {

using inr_test::evaluated;
using inr_test::make;
using inr_test::noise;

class InrContract : public ContractTest<InrSpec> {
 protected:
  InrSpec small_ = smallest<InrSpec>();
};

TEST_P(InrContract, ExportsExactlyTheParametersItCounts) {
  const ModelState state = make(GetParam(), small_)->export_state();
  std::size_t values = 0;
  for (const NamedTensor& tensor : state.tensors) values += tensor.values.size();
  EXPECT_EQ(values, 3 * static_cast<std::size_t>(parameters(small_)));
}

TEST_P(InrContract, StartsFromTheInitialValuesOfTheContract) {
  const ModelState state = make(GetParam(), small_)->export_state();
  for (const InrTensor& tensor : inr_tensors(small_)) {
    const NamedTensor* found = state.find(tensor.name());
    ASSERT_NE(found, nullptr) << tensor.name();
    EXPECT_EQ(found->values, inr_initial_values(small_, tensor)) << tensor.name();
    const NamedTensor* moment = state.find("adam.v/" + tensor.name());
    ASSERT_NE(moment, nullptr) << tensor.name();
    EXPECT_TRUE(std::all_of(moment->values.begin(), moment->values.end(), [](float v) { return v == 0; }));
  }
  EXPECT_EQ(state.step, 0u);
}

TEST_P(InrContract, LossIsTheMeanSquaredErrorOfWhatItEvaluates) {
  const auto model = make(GetParam(), small_);
  model->train(3);
  const std::vector<float> found = evaluated(*model, small_, 5);
  const std::vector<float> targets = noise(small_);
  double squares = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) squares += std::pow(double{found[i]} - double{targets[i]}, 2);
  const double expected = squares / static_cast<double>(targets.size());
  EXPECT_NEAR(model->train(1).front(), expected, 1e-6 * expected);
}

TEST_P(InrContract, ANetworkSeesOnlyItsOwnTargets) {
  const auto one = make(GetParam(), small_);
  const auto other = make(GetParam(), small_);
  std::vector<float> changed = noise(small_);
  const std::size_t tile = 25 * 3;  // values of a network; those of network 1 change
  for (std::size_t i = tile; i < 2 * tile; ++i) changed[i] = -changed[i];
  other->set_samples(inr_test::grid_of(small_, 5), changed);
  one->train(3);
  other->train(3);
  const std::vector<float> a = evaluated(*one, small_, 5);
  const std::vector<float> b = evaluated(*other, small_, 5);
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (i / tile == 1)
      EXPECT_NE(a[i], b[i]) << i;
    else
      EXPECT_EQ(a[i], b[i]) << i;
  }
}

TEST_P(InrContract, LearnsASmoothSignalInAnyDimension) {
  for (const int inputs : {1, 2, 3}) {
    InrSpec spec{.networks = 2, .points = 64, .inputs = inputs, .channels = 1, .hidden_layers = 1, .width = 16};
    spec.adam.learning_rate = 1e-3;
    const auto model = backend().make(spec);
    const std::vector<float> x = inr_test::grid_of(spec, inr_test::side_of(spec));
    std::vector<float> ramp(128);
    for (std::size_t i = 0; i < ramp.size(); ++i) ramp[i] = x[i % 64 * static_cast<std::size_t>(inputs)] / 2;
    model->set_samples(x, ramp);
    const std::vector<double> losses = model->train(200);
    EXPECT_LT(losses.back(), 0.01 * losses.front()) << inputs;
  }
}

// With steps this large a loss soon has its best behind it.
TEST_P(InrContract, ANetworkStopsWhenItsBestLossIsStaleAndKeepsItsLastLoss) {
  InrSpec spec = small_;
  spec.patience = 3;
  spec.adam.learning_rate = 0.3;
  const auto model = make(GetParam(), spec);
  const std::vector<double> losses = model->train(100);
  EXPECT_LT(model->network_steps(), 4 * 100);
  EXPECT_GE(model->network_steps(), 4 * 4);
  const ModelState before = model->export_state();
  const std::int64_t steps = model->network_steps();
  EXPECT_EQ(model->train(5), std::vector<double>(5, losses.back()));
  EXPECT_EQ(model->network_steps(), steps);
  const ModelState after = model->export_state();
  for (const NamedTensor& tensor : before.tensors) EXPECT_EQ(after.find(tensor.name)->values, tensor.values);
}

TEST_P(InrContract, CountsTheStepsOfAllNetworks) {
  const auto model = make(GetParam(), small_);
  model->train(3);
  model->train(2);
  EXPECT_EQ(model->network_steps(), 4 * 5);
}

TEST_P(InrContract, StepsInOneCallOrInTwoAreTheSameBits) {
  const auto whole = make(GetParam(), small_);
  const auto parts = make(GetParam(), small_);
  const std::vector<double> losses = whole->train(5);
  std::vector<double> joined = parts->train(2);
  for (const double loss : parts->train(3)) joined.push_back(loss);
  EXPECT_EQ(losses, joined);
  EXPECT_TRUE(identical(whole->export_state(), parts->export_state()));
}

TEST_P(InrContract, ImportingIsTheInverseOfExporting) {
  const auto model = make(GetParam(), small_);
  model->train(3);
  InrSpec reseeded = small_;
  reseeded.seed = 77;
  const auto other = make(GetParam(), reseeded);
  EXPECT_FALSE(identical(other->export_state(), model->export_state()));
  other->import_state(model->export_state());
  EXPECT_TRUE(identical(other->export_state(), model->export_state()));
}

TEST_P(InrContract, ImportReplacesTheNamedTensorsAndNoOthers) {
  const auto model = make(GetParam(), small_);
  const ModelState before = model->export_state();
  model->import_state({.step = 9, .tensors = {{"layer.3.bias", {4, 3}, std::vector<float>(12, 0.5F)}}});
  const ModelState after = model->export_state();
  EXPECT_EQ(after.step, 9u);
  for (const NamedTensor& tensor : before.tensors)
    EXPECT_EQ(after.find(tensor.name)->values == tensor.values, tensor.name != "layer.3.bias") << tensor.name;
}

TEST_P(InrContract, ABadImportChangesNothing) {
  const auto model = make(GetParam(), small_);
  const ModelState before = model->export_state();
  const NamedTensor good{"layer.3.bias", {4, 3}, std::vector<float>(12, 0.5F)};
  EXPECT_THROW(model->import_state({.step = 1, .tensors = {good, {"layer.9.bias", {4, 3}, std::vector<float>(12)}}}),
               std::invalid_argument);
  EXPECT_THROW(model->import_state({.step = 1, .tensors = {good, {"layer.0.bias", {4, 3}, std::vector<float>(12)}}}),
               std::invalid_argument);
  EXPECT_TRUE(identical(model->export_state(), before));
}

TEST_P(InrContract, WhatItCannotComputeIsRefusedWithAReason) {
  InrSpec spec = small_;
  spec.precision = Precision::tf32;
  const Support tf32 = backend().supports(spec);
  EXPECT_TRUE((tf32 && GetParam() == "cuda") || tf32.reason.find("fp32") != std::string::npos) << tf32.reason;
  spec = small_;
  spec.inputs = 4;
  EXPECT_NE(backend().supports(spec).reason.find("dimensions"), std::string::npos);
}

// One point, one unit a layer, and values between two numbers of bf16 (steps of 2^-7 from 1 to 2): 1 + 2^-9 rounds
// down, 1 + 3 2^-9 up. Tensor-core kernels that keep operands alone make the other gradients of them too.
TEST_P(InrContract, Bf16RoundsTheOperandsOfTheHiddenProducts) {
  const InrSpec spec{.networks = 1,
                     .points = 1,
                     .inputs = 1,
                     .channels = 1,
                     .hidden_layers = 1,
                     .width = 1,
                     .activation = Activation::relu,
                     .precision = Precision::bf16};
  if (const Support supported = backend().supports(spec); !supported) GTEST_SKIP() << supported.reason;
  const auto model = backend().make(spec);
  ModelState state = model->export_state();
  const auto set = [&](const char* name, float value) {
    for (NamedTensor& tensor : state.tensors)
      if (tensor.name == name) tensor.values = {value};
  };
  constexpr float low = 1 + 0x1p-9F, high = 1 + 3 * 0x1p-9F;
  constexpr float low_rounded = 1, high_rounded = 1 + 0x1p-7F;
  set("layer.0.weight", low);
  set("layer.1.weight", high);
  set("layer.2.weight", low);
  for (const char* bias : {"layer.0.bias", "layer.1.bias", "layer.2.bias"}) set(bias, 0);
  model->import_state(state);
  model->set_samples(std::vector<float>{1}, std::vector<float>{0});
  constexpr float y = low_rounded * high_rounded * low;
  EXPECT_FLOAT_EQ(static_cast<float>(model->train(1).front()), y * y);

  const ModelState after = model->export_state();
  const auto gradient = [&](const char* name) { return after.find(std::string("adam.m/") + name)->values[0] / .1F; };
  const bool operands_alone = model->implementation().find("/narrow-") != std::string::npos;
  const auto kept = [&](float x) { return operands_alone ? from_bf16(to_bf16(x)) : x; };
  constexpr float delta = 2 * y * low;                                // 2.0235
  constexpr float delta_rounded = 2 + 2 * 0x1p-6F;                    // steps of 2^-6 from 2 to 4
  EXPECT_FLOAT_EQ(gradient("layer.2.weight"), 2 * y * high_rounded);  // its input is h_1, a sum of products
  EXPECT_FLOAT_EQ(gradient("layer.1.bias"), kept(delta));
  EXPECT_FLOAT_EQ(gradient("layer.1.weight"), delta_rounded * low_rounded);
  EXPECT_FLOAT_EQ(gradient("layer.0.weight"), kept(delta_rounded * high_rounded));
}

INSTANTIATE_TEST_SUITE_P(Backends, InrContract, ::testing::ValuesIn(backends_under_test()), name_of_backend);

}  // namespace
}  // namespace frugal
