// What the network kernels do on devices of other sizes, in another order of threads, and element by element.
#include <gtest/gtest.h>

#include <numbers>
#include <set>

#include "impl/base/error.hpp"
#include "impl/cuda/device/host_shim/device.hpp"
#include "impl/cuda/inr/train.hpp"
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

// relu, which does not amplify rounding: another plan only adds in another order.
TEST_F(InrPlans, EveryWayToUseSharedMemoryComputesTheSameTraining) {
  const InrSpec spec{
      .networks = 2, .points = 144, .hidden_layers = 2, .width = 31, .activation = Activation::relu, .seed = 2};
  const std::vector<double> expected = make("reference", spec)->train(2);
  std::set<std::tuple<int, bool, bool, bool, bool, bool>> plans;
  for (const int multiprocessors : {1, 8})
    for (const std::size_t kib : {227, 90, 60, 40, 30, 24, 20, 12, 6}) {
      set_shared(kib * 1024, multiprocessors);
      const InrPlan plan = cuda::inr_plan(spec, cuda::inr_network(spec), cuda::device_limits());
      plans.emplace(plan.tile_points, plan.tile, plan.weights, plan.gradient, plan.moments, plan.chunks > 1);
      const std::vector<double> losses = make("cuda", spec)->train(2);
      for (std::size_t s = 0; s < 2; ++s) EXPECT_NEAR(losses[s], expected[s], 1e-5 * expected[s]) << kib;
    }
  EXPECT_GE(plans.size(), 8u);
}

TEST_F(InrPlans, TheOrderOfThreadsAndBlocksDoesNotChangeABit) {
  for (const Precision precision : {Precision::fp32, Precision::tf32})
    for (const int multiprocessors : {1, 6}) {
      set_shared(64 * 1024, multiprocessors);
      InrSpec spec{.networks = 2, .points = 144, .hidden_layers = 2, .width = 33, .precision = precision};
      const auto forward = make("cuda", spec);
      const std::vector<double> losses = forward->train(3);
      const std::vector<float> values = inr_test::evaluated(*forward, spec, 7);
      cuda::host_shim::set_order(cuda::host_shim::Order::reversed);
      const auto reversed = make("cuda", spec);
      EXPECT_EQ(reversed->train(3), losses);
      EXPECT_TRUE(identical(reversed->export_state(), forward->export_state()));
      EXPECT_EQ(inr_test::evaluated(*reversed, spec, 7), values);
      cuda::host_shim::set_order(cuda::host_shim::Order::forward);
    }
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
