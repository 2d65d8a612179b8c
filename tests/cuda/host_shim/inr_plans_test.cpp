// What the network kernels do on devices of other sizes, in another order of threads, and element by element.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numbers>
#include <set>

#include "impl/base/error.hpp"
#include "impl/cuda/device/host_shim/device.hpp"
#include "impl/cuda/inr/narrow.hpp"
#include "impl/cuda/inr/train.hpp"
#include "impl/cuda/inr/wide.hpp"
#include "tests/cuda/inr_families.hpp"
#include "tests/impl/inr_fixture.hpp"

namespace frugal {
namespace {

using cuda::DeviceLimits;
using cuda::InrPlan;
using inr_test::make;

class InrPlans : public ::testing::Test {
 protected:
  ~InrPlans() override {
    cuda::host_shim::set_limits(cuda::host_shim::default_limits());
    cuda::host_shim::set_order(cuda::host_shim::Order::forward);
    cuda::host_shim::set_memory(std::size_t(-1));
  }
  static void set_shared(std::size_t bytes, int multiprocessors) {
    DeviceLimits limits = cuda::host_shim::default_limits();
    limits.shared_bytes_per_block = bytes;
    limits.multiprocessors = multiprocessors;
    cuda::host_shim::set_limits(limits);
  }
};

// relu, which does not amplify rounding: another plan only adds in another order. Four channels, which only the general
// kernels take.
TEST_F(InrPlans, EveryWayToUseSharedMemoryComputesTheSameTraining) {
  std::set<std::tuple<int, bool, bool, bool, bool, bool>> plans;
  for (const int points : {144, 16}) {  // in several chunks and in one
    const InrSpec spec{.networks = 2,
                       .points = points,
                       .channels = 4,
                       .hidden_layers = 2,
                       .width = 31,
                       .activation = Activation::relu,
                       .seed = 2};
    const std::vector<double> expected = make("reference", spec)->train(2);
    for (const std::size_t kib : {227, 90, 60, 40, 30, 24, 20, 12, 6}) {
      set_shared(kib * 1024, 8);
      const InrPlan plan = cuda::inr_plan(spec, cuda::inr_network(spec), cuda::device_limits());
      plans.emplace(plan.tile_points, plan.tile, plan.weights, plan.gradient, plan.moments, plan.chunks > 1);
      const auto model = make("cuda", spec);
      EXPECT_THAT(model->implementation(), ::testing::HasSubstr(plan.chunks > 1 ? "chunks" : "persistent"));
      const std::vector<double> losses = model->train(2);
      for (std::size_t s = 0; s < 2; ++s) EXPECT_NEAR(losses[s], expected[s], 1e-5 * expected[s]) << kib;
    }
  }
  EXPECT_GE(plans.size(), 8u);
}

TEST_F(InrPlans, NeitherTheOrderOfThreadsAndBlocksNorTheNumberOfMultiprocessorsChangesABit) {
  for (const Precision precision : {Precision::fp32, Precision::tf32})
    for (const int points : {144, 4}) {  // in several chunks and in one
      set_shared(64 * 1024, 1);
      InrSpec spec{
          .networks = 2, .points = points, .channels = 4, .hidden_layers = 2, .width = 33, .precision = precision};
      const auto forward = make("cuda", spec);
      const std::vector<double> losses = forward->train(3);
      const std::vector<float> values = inr_test::evaluated(*forward, spec, 7);
      set_shared(64 * 1024, 6);
      cuda::host_shim::set_order(cuda::host_shim::Order::reversed);
      const auto reversed = make("cuda", spec);
      EXPECT_EQ(reversed->train(3), losses);
      EXPECT_TRUE(identical(reversed->export_state(), forward->export_state()));
      EXPECT_EQ(inr_test::evaluated(*reversed, spec, 7), values);
      cuda::host_shim::set_order(cuda::host_shim::Order::forward);
    }
}

TEST_F(InrPlans, EveryFamilyGivesTheSameBitsInAnyOrderAndOnAnyDevice) {
  for (const inr_test::Family& family : inr_test::families) {
    InrSpec spec = family.spec;
    spec.networks = std::min<std::int64_t>(spec.networks, 5);
    const auto expected = make("cuda", spec);
    const std::vector<double> losses = expected->train(2);
    cuda::host_shim::set_order(cuda::host_shim::Order::reversed);
    set_shared(227 * 1024, 11);
    const auto found = make("cuda", spec);
    EXPECT_EQ(found->implementation(), expected->implementation());
    EXPECT_EQ(found->train(2), losses);
    EXPECT_TRUE(identical(found->export_state(), expected->export_state()));
    cuda::host_shim::set_order(cuda::host_shim::Order::forward);
    cuda::host_shim::set_limits(cuda::host_shim::default_limits());
  }
}

// Low frequencies, so that layers do not amplify rounding: another number of blocks only adds in another order.
TEST_F(InrPlans, HoweverManyBlocksShareANetworkItLearnsTheSame) {
  for (const auto& [points, of_fp32, of_bf16, hidden, activation] :
       {std::tuple{144, 2, 2, 3, Activation::gauss}, std::tuple{256, 4, 4, 5, Activation::sine},
        std::tuple{484, 8, 8, 4, Activation::relu}, std::tuple{1024, 16, 8, 2, Activation::finer}}) {
    InrSpec spec{.networks = 1,
                 .points = points,
                 .hidden_layers = hidden,
                 .width = 30,
                 .activation = activation,
                 .omega0 = 3,
                 .first_omega0 = 3,
                 .scale = 1};
    for (const Precision precision : {Precision::fp32, Precision::bf16}) {
      spec.precision = precision;
      const int blocks = precision == Precision::fp32 ? of_fp32 : of_bf16;
      set_shared(227 * 1024, blocks);
      const auto shared = make("cuda", spec);
      ASSERT_EQ(cuda::narrow_plan(spec, cuda::device_limits())->blocks, blocks);
      const std::vector<double> found = shared->train(4);
      set_shared(227 * 1024, 1);
      const std::vector<double> expected = make("cuda", spec)->train(4);  // by the wide kernels
      for (std::size_t s = 0; s < 4; ++s)
        EXPECT_NEAR(found[s], expected[s], (precision == Precision::fp32 ? 1e-5 : 2e-2) * expected[s]) << blocks;
    }
  }
}

TEST_F(InrPlans, InEveryFamilyANetworkStopsAndStays) {
  for (const inr_test::Family& family : inr_test::families) {
    InrSpec spec = family.spec;
    if (spec.width > 128) continue;  // they stop by the lines of the narrower wide one, and are slow here
    spec.networks = 2;
    spec.patience = 2;
    spec.adam.learning_rate = 0.3;  // soon past its best
    const auto model = make("cuda", spec);
    const std::vector<double> losses = model->train(12);
    ASSERT_LT(model->network_steps(), 24) << family.name;
    const ModelState before = model->export_state();
    EXPECT_EQ(model->train(2), std::vector<double>(2, losses.back()));
    const ModelState after = model->export_state();
    for (const NamedTensor& tensor : before.tensors) EXPECT_EQ(after.find(tensor.name)->values, tensor.values);
  }
}

TEST_F(InrPlans, BlocksOfANetworkFollowFromItsShape) {
  const auto blocks = [](std::int64_t networks, std::int64_t points, int hidden, int width) {
    DeviceLimits limits = cuda::host_shim::default_limits();
    limits.multiprocessors = 132;
    const auto plan =
        cuda::narrow_plan({.networks = networks, .points = points, .hidden_layers = hidden, .width = width}, limits);
    return plan ? plan->blocks : 0;
  };
  EXPECT_EQ(blocks(4, 4096, 5, 64), 32);
  EXPECT_EQ(blocks(16, 1024, 2, 64), 8);
  EXPECT_EQ(blocks(64, 256, 1, 128), 2);
  EXPECT_EQ(blocks(256, 64, 1, 128), 1);
  EXPECT_EQ(blocks(60'000, 1024, 3, 64), 1);
  EXPECT_EQ(blocks(1, 16384, 3, 256), 0);  // wide
}

TEST_F(InrPlans, WhatNoFamilyTakesIsTheGeneralKernels) {
  const InrSpec small{.networks = 1, .points = 289, .hidden_layers = 1, .width = 16};
  EXPECT_THAT(make("cuda", small)->implementation(), ::testing::HasSubstr("narrow"));
  InrSpec many_channels = small;
  many_channels.channels = 4;
  EXPECT_THAT(make("cuda", many_channels)->implementation(), ::testing::HasSubstr("chunks/fp32"));
  InrSpec flat = small;
  flat.hidden_layers = 0;
  EXPECT_THAT(make("cuda", flat)->implementation(), ::testing::HasSubstr("chunks/fp32"));
  set_shared(227 * 1024, 2);  // four blocks of a network cannot be alive at once
  EXPECT_THAT(make("cuda", small)->implementation(), ::testing::Not(::testing::HasSubstr("narrow")));
}

TEST_F(InrPlans, AnEpsilonOfZeroLeavesThePaddingAlone) {
  InrSpec spec{.networks = 1, .points = 36, .hidden_layers = 1, .width = 5};
  spec.adam.epsilon = 0;
  for (const double loss : make("cuda", spec)->train(5)) EXPECT_TRUE(std::isfinite(loss));
}

TEST_F(InrPlans, NetworksTooWideForSharedMemoryEvaluateTheSameValues) {
  const InrSpec spec{.networks = 2, .points = 36, .hidden_layers = 1, .width = 40};
  const std::vector<float> expected = inr_test::evaluated(*make("cuda", spec), spec, 9);
  set_shared(3 * 1024, 4);
  EXPECT_EQ(inr_test::evaluated(*make("cuda", spec), spec, 9), expected);
}

// Launches of a graph are looked at when they are recorded, and this one never runs.
TEST_F(InrPlans, NetworksOfManyParametersTakeGridsThatADeviceHas) {
  const InrSpec spec{.networks = 2, .points = 256, .hidden_layers = 2, .width = 3000, .activation = Activation::relu};
  const cuda::InrTraining training{.net = cuda::inr_network(spec), .networks = 2, .points = 256};
  ASSERT_GT(training.net.count, 65535 * 256);
  const cuda::InrPlan plan = cuda::inr_plan(spec, training.net, cuda::device_limits());
  ASSERT_GT(plan.chunks, 1);
  const cuda::Stream stream;
  EXPECT_NO_THROW(cuda::Graph(stream, [&] { cuda::inr_train(training, plan, nullptr, 1, nullptr, stream); }));
}

TEST_F(InrPlans, ANetworkThat32BitsCannotAddressIsRefused) {
  InrSpec spec{.networks = 1, .points = 64, .hidden_layers = 2, .width = 32'000, .activation = Activation::relu};
  EXPECT_TRUE(find_backend("cuda")->supports(spec));
  EXPECT_EQ(cuda::inr_floats(spec), cuda::inr_network(spec).count);
  spec.width = 33'000;
  EXPECT_THAT(find_backend("cuda")->supports(spec).reason, ::testing::HasSubstr("2^31 values and parameters"));
}

TEST_F(InrPlans, OlderDevicesRefuseTensorCores) {
  DeviceLimits limits = cuda::host_shim::default_limits();
  limits.compute_capability = 75;
  cuda::host_shim::set_limits(limits);
  EXPECT_NE(find_backend("cuda")->supports(InrSpec{.precision = Precision::tf32}).reason.find("fp32"),
            std::string::npos);
}

TEST_F(InrPlans, AModelThatDoesNotFitTheDeviceIsOutOfMemoryAndLeavesNothing) {
  const std::size_t before = cuda::host_shim::allocated();
  cuda::host_shim::set_memory(before + 100'000);
  const InrSpec spec{.networks = 100, .points = 16, .hidden_layers = 2, .width = 32};
  EXPECT_THROW(find_backend("cuda")->make(spec), OutOfMemoryError);
  EXPECT_EQ(cuda::host_shim::allocated(), before);
}

TEST(InrMaths, SineAndCosineAreWithinTheirStatedError) {
  double error = 0;
  for (const auto& [first, step] : {std::pair{-30.0, 6e-4}, std::pair{-4194303.0, 83.88606}})
    for (int i = 0; i < 100'000; ++i) {
      const auto u = static_cast<float>(first + step * i);
      const double turn = std::remainder(double{u}, 2.0) * std::numbers::pi;  // exact before the product
      const cuda::SineCosine found = cuda::sine_cosine_pi(u);
      error = std::max({error, std::abs(found.sine - std::sin(turn)), std::abs(found.cosine - std::cos(turn))});
    }
  EXPECT_LE(error, 1.5e-7);
  EXPECT_TRUE(std::isnan(cuda::sine_cosine_pi(INFINITY).sine));
  EXPECT_NEAR(std::hypot(cuda::sine_cosine_pi(1e20F).sine, cuda::sine_cosine_pi(1e20F).cosine), 1, 1e-6);
}

TEST(InrMaths, ExponentialIsWithinItsStatedError) {
  for (int i = 0; i < 87'000; ++i) {
    const auto x = static_cast<float>(-0.001 * i);
    const double exact = std::exp(double{x});
    ASSERT_NEAR(cuda::exp_not_positive(x), exact, 2e-7 * exact) << x;
  }
  EXPECT_LE(cuda::exp_not_positive(-1e30F), 2e-38F);
  EXPECT_TRUE(std::isnan(cuda::exp_not_positive(NAN)));
}

}  // namespace
}  // namespace frugal
