// The ensemble of the cuda back end against the oracle, and its own promises: the same bits again, in every precision.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "tests/cuda/inr_families.hpp"
#include "tests/impl/inr_fixture.hpp"

namespace frugal {
namespace {

using inr_test::make;

class InrCuda : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const Support available = find_backend("cuda")->available(); !available) GTEST_SKIP() << available.reason;
  }
};

class InrCudaShapes : public ::testing::TestWithParam<InrSpec> {
 protected:
  void SetUp() override {
    if (const Support available = find_backend("cuda")->available(); !available) GTEST_SKIP() << available.reason;
    if (const Support supported = find_backend("cuda")->supports(GetParam()); !supported)
      GTEST_SKIP() << supported.reason;
  }
};

TEST_P(InrCudaShapes, ACheckpointContinuesWithTheSameBits) {
  const auto whole = make("cuda", GetParam());
  const std::vector<double> losses = whole->train(5);
  const auto first = make("cuda", GetParam());
  std::vector<double> joined = first->train(3);
  const auto second = make("cuda", GetParam());
  second->import_state(first->export_state());
  for (const double loss : second->train(2)) joined.push_back(loss);
  EXPECT_EQ(joined, losses);
  EXPECT_TRUE(identical(second->export_state(), whole->export_state()));
}

// Many steps in one call are replayed from a graph where a step is several launches.
TEST_P(InrCudaShapes, ManyStepsInOneCallAreThoseOfManyCalls) {
  const auto whole = make("cuda", GetParam());
  const auto parts = make("cuda", GetParam());
  const std::vector<double> losses = whole->train(19);
  for (const double loss : losses) EXPECT_EQ(parts->train(1).front(), loss);
  EXPECT_TRUE(identical(whole->export_state(), parts->export_state()));
}

TEST_P(InrCudaShapes, NetworksStopAsTheReferencesDo) {
  InrSpec spec = GetParam();
  spec.precision = Precision::fp32;
  spec.patience = 2;
  spec.activation = Activation::relu;  // far from chaos, so that both see the same curves
  spec.adam.learning_rate = 0.3;
  const auto expected = make("reference", spec);
  const auto found = make("cuda", spec);
  expected->train(6);
  found->train(6);
  EXPECT_EQ(found->network_steps(), expected->network_steps());
  found->train(60);
  EXPECT_LT(found->network_steps(), spec.networks * 66);
}

// One network and several chunks of points; networks of their own blocks; odd widths and points; every precision; every
// family of kernels, and the general ones (four channels and more, no hidden layer).
INSTANTIATE_TEST_SUITE_P(
    Shapes, InrCudaShapes,
    ::testing::Values(
        InrSpec{.networks = 1, .points = 289, .hidden_layers = 1, .width = 33},
        InrSpec{.networks = 1, .points = 289, .channels = 4, .hidden_layers = 1, .width = 33},
        InrSpec{.networks = 1, .points = 121, .hidden_layers = 1, .width = 33, .activation = Activation::wire},
        InrSpec{.networks = 7, .points = 81, .hidden_layers = 2, .width = 20},
        InrSpec{.networks = 2, .points = 100, .inputs = 1, .channels = 5, .hidden_layers = 0, .width = 9},
        InrSpec{.networks = 1, .points = 289, .hidden_layers = 2, .width = 20, .precision = Precision::tf32},
        InrSpec{
            .networks = 5, .points = 27, .inputs = 3, .hidden_layers = 1, .width = 33, .precision = Precision::bf16},
        InrSpec{.networks = 6, .points = 16, .hidden_layers = 1, .width = 128},
        InrSpec{.networks = 2, .points = 49, .channels = 1, .hidden_layers = 1, .width = 100},
        InrSpec{.networks = 2, .points = 144, .hidden_layers = 1, .width = 70, .precision = Precision::tf32},
        InrSpec{.networks = 2, .points = 144, .hidden_layers = 3, .width = 70, .precision = Precision::bf16},
        InrSpec{.networks = 1, .points = 289, .hidden_layers = 3, .width = 64, .precision = Precision::bf16},
        InrSpec{.networks = 1, .points = 144, .hidden_layers = 3, .width = 128, .precision = Precision::tf32},
        InrSpec{.networks = 1, .points = 100, .hidden_layers = 1, .width = 200},
        InrSpec{.networks = 1, .points = 144, .hidden_layers = 1, .width = 256, .precision = Precision::bf16}),
    [](const auto& test) { return "case" + std::to_string(test.index); });

/// Norm of the difference of Adam's first moments over the norm of the oracle's: of the gradients, after one step.
double gradient_error(const ModelState& expected, const ModelState& found) {
  double difference = 0, size = 0;
  for (const NamedTensor& tensor : expected.tensors) {
    if (!tensor.name.starts_with("adam.m/")) continue;
    const NamedTensor* other = found.find(tensor.name);
    for (std::size_t i = 0; i < tensor.values.size(); ++i) {
      difference += std::pow(double{tensor.values[i]} - double{other->values[i]}, 2);
      size += std::pow(double{tensor.values[i]}, 2);
    }
  }
  return std::sqrt(difference / size);
}

// An operand is off by u of itself: 2^-22 in two parts of fp16, 2^-11 in one, 2^-8 in bf16. A phase is a sum of products of
// two, of rms 3 at SIREN's initial weights, so it is off by 3 * 2 u; each further layer doubles what it receives
// (impl/equivalence/inr.cpp), and deltas are made of one more operand of each. In two parts the rounding of sums and of
// phases in fp32, 2^-24 of omega0, is as large.
TEST_F(InrCuda, EveryFamilyHasTheGradientOfItsPrecision) {
  for (const inr_test::Family& family : inr_test::families)
    for (const auto& [precision, unit] : {std::pair{Precision::fp32, 0x1p-22}, std::pair{Precision::tf32, 0x1p-11},
                                          std::pair{Precision::bf16, 0x1p-8}}) {
      InrSpec spec = family.spec;
      spec.weight_decay = 0.3;
      const auto expected = make("reference", spec);
      spec.precision = precision;
      const auto found = make("cuda", spec);
      EXPECT_THAT(found->implementation(), ::testing::HasSubstr(family.name));
      const double loss = expected->train(1).front();
      const double phase = precision == Precision::fp32 ? 6 * unit + 30 * 0x1p-24 : 6 * unit;
      const double bound = phase * std::pow(2.0, spec.hidden_layers);
      EXPECT_NEAR(found->train(1).front(), loss, bound * loss) << family.name;
      const double error = gradient_error(expected->export_state(), found->export_state());
      EXPECT_LE(error, 2 * bound) << family.name << " " << spec.hidden_layers << " " << spec.width;
      EXPECT_GE(error, unit / 64) << "no better than what was asked for";
    }
}

/// As verify's cases: frequencies and bells at which a layer passes an error on at about its size.
InrSpec with_activation(InrSpec spec, Activation activation) {
  spec.activation = activation;
  spec.scale = 2;
  spec.first_omega0 = 20;
  if (activation == Activation::wire) spec.omega0 = 5, spec.first_omega0 = 4;
  return spec;
}

constexpr Activation beside_sine[] = {Activation::relu, Activation::gauss, Activation::wire, Activation::finer};

// The same of the others, in turns over families and precisions. A slope is at most 1, the bell's scale, omega0 + 2 scale
// and, of a FINER, up to twice that of a sine.
TEST_F(InrCuda, EveryFamilyHasTheGradientOfItsPrecisionWhateverItsActivation) {
  const auto slope_of = [](const InrSpec& spec) {
    switch (spec.activation) {
      case Activation::gauss:
        return spec.scale;
      case Activation::wire:
        return spec.omega0 + 2 * spec.scale;
      case Activation::finer:
        return 2.0;
      default:
        return 1.0;
    }
  };
  std::size_t turn = 0;
  for (const inr_test::Family& family : inr_test::families)
    for (const auto& [precision, unit] : {std::pair{Precision::fp32, 0x1p-22}, std::pair{Precision::tf32, 0x1p-11},
                                          std::pair{Precision::bf16, 0x1p-8}}) {
      InrSpec spec = with_activation(family.spec, beside_sine[turn++ % std::size(beside_sine)]);
      const auto expected = make("reference", spec);
      spec.precision = precision;
      const auto found = make("cuda", spec);
      EXPECT_THAT(found->implementation(), ::testing::HasSubstr(family.name));
      const double loss = expected->train(1).front();
      const double bound = slope_of(spec) * (6 * unit + 30 * 0x1p-24) * std::pow(2.0, spec.hidden_layers);
      EXPECT_NEAR(found->train(1).front(), loss, bound * loss) << family.name;
      const double error = gradient_error(expected->export_state(), found->export_state());
      EXPECT_LE(error, 2 * bound) << family.name << " " << spec.hidden_layers << " " << spec.width << " "
                                  << static_cast<int>(spec.activation) << " " << unit;
      EXPECT_GE(error, unit / 64) << "no better than what was asked for";
    }
}

/// Loss of a step where the first weights of the first hidden layer are these.
double loss_with_weights(const InrSpec& spec, const std::vector<float>& values) {
  const auto model = make("cuda", spec);
  ModelState state = model->export_state();
  const auto hidden = std::find_if(state.tensors.begin(), state.tensors.end(), [&](const NamedTensor& tensor) {
    return tensor.values.size() == static_cast<std::size_t>(spec.networks * spec.width * spec.width);
  });
  std::copy(values.begin(), values.end(), hidden->values.begin());
  model->import_state(state);
  return model->train(1).front();
}

// Operands of fp16 end at 65504, which is 255 of a weight.
TEST_F(InrCuda, WeightsBeyondTheRangeOfOperandsLeaveTheLossFiniteAndANanDoesNot) {
  for (const inr_test::Family& family : inr_test::families)
    for (const Precision precision : {Precision::fp32, Precision::tf32}) {
      InrSpec spec = family.spec;
      spec.precision = precision;
      EXPECT_TRUE(std::isfinite(loss_with_weights(spec, {-300, 1e6F, 1e30F, std::numeric_limits<float>::infinity()})));
      EXPECT_TRUE(std::isnan(loss_with_weights(spec, {std::numeric_limits<float>::quiet_NaN()})));
    }
}

// A ramp is an operand up to 4094, and the slope of a FINER grows with its input. Two steps: the gradient is finite too.
TEST_F(InrCuda, ActivationsBeyondTheRangeOfOperandsLeaveTheLossFiniteAndANanDoesNot) {
  std::size_t turn = 0;
  for (const inr_test::Family& family : inr_test::families) {
    InrSpec spec = with_activation(family.spec, beside_sine[turn % std::size(beside_sine)]);
    if ((turn + turn / std::size(beside_sine)) % 2 == 1) spec.precision = Precision::tf32;
    ++turn;
    const auto model = make("cuda", spec);
    ModelState state = model->export_state();
    state.tensors.front().values[0] = 1e7F;
    model->import_state(state);
    EXPECT_TRUE(std::isfinite(model->train(2).back())) << family.name;
    state.tensors.front().values[0] = std::numeric_limits<float>::quiet_NaN();
    model->import_state(state);
    EXPECT_TRUE(std::isnan(model->train(1).front())) << family.name;
  }
}

// Far from its middle a narrow bell is flat: the deltas of a whole tile all but vanish, layer by layer, beside those of
// another tile of the same block.
TEST_F(InrCuda, SlopesThatVanishOverATileLeaveTheGradientFinite) {
  for (const std::uint64_t seed : {1, 7}) {
    const InrSpec spec{.networks = 1,
                       .points = 192,
                       .inputs = 1,
                       .hidden_layers = 3,
                       .width = 8,
                       .activation = Activation::gauss,
                       .scale = 150,
                       .seed = seed};
    EXPECT_TRUE(std::isfinite(make("cuda", spec)->train(2).back())) << seed;
  }
}

/// Loss of the first step, in relu networks, which do not amplify.
double first_loss(InrSpec spec, Precision precision) {
  spec.precision = precision;
  return make("cuda", spec)->train(1).front();
}

// An operand of tf32 is off by 2^-11 of itself, of bf16 by 2^-8; a run in fp32 by mistake would not differ at all.
TEST_F(InrCuda, TensorCoresAreCloseToFp32AndAreNotFp32) {
  for (const int channels : {3, 4}) {  // by the narrow kernels and by the general ones
    const InrSpec spec{.networks = 2,
                       .points = 64,
                       .channels = channels,
                       .hidden_layers = 2,
                       .width = 40,
                       .activation = Activation::relu};
    const double exact = first_loss(spec, Precision::fp32);
    for (const auto& [precision, error] : {std::pair{Precision::tf32, 0x1p-10}, std::pair{Precision::bf16, 0x1p-7}}) {
      InrSpec rounded = spec;
      rounded.precision = precision;
      if (!find_backend("cuda")->supports(rounded)) continue;
      const double loss = first_loss(spec, precision);
      EXPECT_NE(loss, exact);
      EXPECT_NEAR(loss, exact, error * exact);
    }
  }
}

TEST_F(InrCuda, TrainsToAboutTheSameLossInEveryPrecision) {
  InrSpec spec{.networks = 2, .points = 64, .channels = 1, .hidden_layers = 1, .width = 32};
  spec.adam.learning_rate = 1e-3;
  const double exact = make("cuda", spec)->train(60).back();
  for (const Precision precision : {Precision::tf32, Precision::bf16}) {
    spec.precision = precision;
    if (!find_backend("cuda")->supports(spec)) continue;
    EXPECT_NEAR(std::log10(make("cuda", spec)->train(60).back()), std::log10(exact), 0.3);
  }
}

TEST_F(InrCuda, NamesThePrecisionThatRan) {
  InrSpec spec{.networks = 1, .points = 16, .hidden_layers = 1, .width = 16, .precision = Precision::bf16};
  if (!find_backend("cuda")->supports(spec)) GTEST_SKIP();
  EXPECT_NE(make("cuda", spec)->implementation().find("bf16"), std::string::npos);
}

}  // namespace
}  // namespace frugal
