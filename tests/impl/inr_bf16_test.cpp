// bf16 of the cpu back end against fp32, closely enough that a factor would show.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/impl/inr_fixture.hpp"

namespace frugal {
namespace {

TEST(InrCpuBf16, FollowsTheLossesOfFp32StepByStep) {
  if (const Support available = find_backend("cpu")->available(); !available) GTEST_SKIP() << available.reason;
  InrSpec spec{.networks = 2, .points = 64, .channels = 1, .hidden_layers = 1, .width = 32};
  spec.adam.learning_rate = 1e-3;
  const auto losses = [&](Precision precision) {
    spec.precision = precision;
    return inr_test::make("cpu", spec)->train(60);
  };
  const std::vector<double> exact = losses(Precision::fp32);
  const std::vector<double> rounded = losses(Precision::bf16);
  for (std::size_t step = 0; step < exact.size(); ++step)
    EXPECT_NEAR(rounded[step] / exact[step], 1, 0.15) << "step " << step;
}

}  // namespace
}  // namespace frugal
