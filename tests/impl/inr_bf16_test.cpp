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

// What a step leaves packed for the next one is what it would be packed anew: over turns of several steps, in one call or
// in several, and from a checkpoint.
TEST(InrCpuBf16, StepsInOneCallInSeveralAndFromACheckpointAreTheSameBits) {
  if (const Support available = find_backend("cpu")->available(); !available) GTEST_SKIP() << available.reason;
  for (const int width : {32, 100}) {
    InrSpec spec{.networks = 3, .points = 49, .hidden_layers = 2, .width = width, .precision = Precision::bf16};
    spec.adam.learning_rate = 1e-2;
    const auto whole = inr_test::make("cpu", spec);
    const std::vector<double> losses = whole->train(6);
    const auto parts = inr_test::make("cpu", spec);
    std::vector<double> joined;
    for (int step = 0; step < 3; ++step) joined.push_back(parts->train(1).front());
    const auto resumed = inr_test::make("cpu", spec);
    resumed->import_state(parts->export_state());
    for (const double loss : resumed->train(3)) joined.push_back(loss);
    EXPECT_EQ(joined, losses) << width;
    EXPECT_TRUE(identical(resumed->export_state(), whole->export_state())) << width;
  }
}

}  // namespace
}  // namespace frugal
