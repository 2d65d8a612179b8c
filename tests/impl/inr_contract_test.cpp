// What every back end's ensemble must do, run on each that is available.
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "impl/common/flops.hpp"
#include "impl/common/inr_layout.hpp"
#include "tests/impl/inr_fixture.hpp"

namespace frugal {
namespace {

using inr_test::make;
using inr_test::noise;
using inr_test::rendered;

class InrContract : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const Backend* backend = find_backend(GetParam());
    if (const Support available = backend->available(); !available) GTEST_SKIP() << available.reason;
    if (const Support supported = backend->supports(small_); !supported) GTEST_SKIP() << supported.reason;
  }

  InrSpec small_{.grid = 2, .tile = 5, .channels = 3, .hidden_layers = 2, .width = 12, .seed = 4};
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

TEST_P(InrContract, LossIsTheMeanSquaredErrorOfThePictureItRenders) {
  const auto model = make(GetParam(), small_);
  model->train(3);
  const std::vector<float> picture = rendered(*model, small_, small_.tile);
  const std::vector<float> signal = noise(small_);
  double squares = 0;
  for (std::size_t i = 0; i < signal.size(); ++i) squares += std::pow(double{picture[i]} - double{signal[i]}, 2);
  const double expected = squares / static_cast<double>(signal.size());
  EXPECT_NEAR(model->train(1).front(), expected, 1e-6 * expected);
}

TEST_P(InrContract, ATileSeesOnlyItsOwnPixels) {
  const auto one = make(GetParam(), small_);
  const auto other = make(GetParam(), small_);
  std::vector<float> changed = noise(small_);
  const std::size_t side = 10 * 3;  // values in a row of the picture
  for (std::size_t r = 0; r < 5; ++r)
    for (std::size_t i = 15; i < 30; ++i) changed[r * side + i] = -changed[r * side + i];  // tile (0, 1)
  other->set_signal(changed);
  one->train(3);
  other->train(3);
  const std::vector<float> a = rendered(*one, small_, 5);
  const std::vector<float> b = rendered(*other, small_, 5);
  for (std::size_t r = 0; r < 10; ++r)
    for (std::size_t i = 0; i < side; ++i) {
      if (r < 5 && i >= 15)
        EXPECT_NE(a[r * side + i], b[r * side + i]);
      else
        EXPECT_EQ(a[r * side + i], b[r * side + i]) << r << " " << i;
    }
}

TEST_P(InrContract, LearnsASmoothPicture) {
  InrSpec spec{.grid = 2, .tile = 8, .channels = 1, .hidden_layers = 1, .width = 16};
  spec.adam.learning_rate = 1e-3;
  const auto model = find_backend(GetParam())->make(spec);
  std::vector<float> ramp(256);
  for (std::size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<float>(i % 16) / 8 - 1;
  model->set_signal(ramp);
  const std::vector<double> losses = model->train(200);
  EXPECT_LT(losses.back(), 0.01 * losses.front());
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

TEST_P(InrContract, OtherPrecisionsAreRefusedNotFakedInSilence) {
  for (const Precision precision : {Precision::tf32, Precision::bf16}) {
    InrSpec spec = small_;
    spec.precision = precision;
    const Support support = find_backend(GetParam())->supports(spec);
    if (GetParam() != "cuda") {
      EXPECT_NE(support.reason.find("fp32"), std::string::npos) << support.reason;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, InrContract, ::testing::Values("reference", "cpu", "cuda"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace frugal
