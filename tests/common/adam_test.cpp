#include "impl/common/adam.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace frugal {
namespace {

constexpr Adam settings{.learning_rate = 0.5, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-3};

TEST(UpdateStep, OfAdamHasTheBiasCorrectionsOfItsNumber) {
  const UpdateStep step = update_step({OptimizerKind::adam, settings}, 3);
  EXPECT_FLOAT_EQ(step.rate, static_cast<float>(0.5 / (1 - std::pow(0.8, 3))));
  EXPECT_FLOAT_EQ(step.inverse_second, static_cast<float>(1 / (1 - std::pow(0.95, 3))));
  EXPECT_FLOAT_EQ(step.one_minus_beta1, 0.2F);
  EXPECT_FLOAT_EQ(step.one_minus_beta2, 0.05F);
  EXPECT_EQ(step.epsilon, 1e-3F);
  EXPECT_EQ(step.decay, 1);
}

TEST(UpdateStep, OfTheOthersHasTheLearningRateItself) {
  for (const OptimizerKind kind : {OptimizerKind::sgd, OptimizerKind::adagrad, OptimizerKind::rowwise_adagrad})
    EXPECT_EQ(update_step({kind, settings}, 3).rate, 0.5F);
}

TEST(UpdateStep, DecaysByTheLearningRateWithoutCorrection) {
  EXPECT_FLOAT_EQ(update_step({OptimizerKind::adam, settings}, 1, 0.1).decay, 0.95F);
}

}  // namespace
}  // namespace frugal
