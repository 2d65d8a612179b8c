#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "benchmarks/workloads/inr/train_until_stale.hpp"

namespace frugal::workloads {
namespace {

/// Replays a given loss curve and counts the steps asked of it.
class Replay final : public InrEnsemble {
 public:
  explicit Replay(std::vector<double> losses) : losses_(std::move(losses)) {}
  std::string implementation() const override { return "replay"; }
  ModelState export_state() const override { return {}; }
  void import_state(const ModelState&) override {}
  void set_samples(std::span<const float>, std::span<const float>) override {}
  std::int64_t network_steps() const override { return 0; }
  void evaluate(std::span<const float>, std::span<float>) const override {}
  std::vector<double> train(int steps) override {
    std::vector<double> result;
    for (int i = 0; i < steps; ++i) result.push_back(losses_.at(taken++));
    return result;
  }
  std::size_t taken = 0;

 private:
  std::vector<double> losses_;
};

const auto at_once = [](const LossCurve&) { return std::int64_t{50}; };

/// What the rule says, read off the whole curve step by step.
std::size_t steps_by_definition(const std::vector<double>& losses, std::size_t steps, std::size_t patience) {
  std::size_t best = 1;
  for (std::size_t step = 1; step <= steps; ++step) {
    if (losses[step - 1] < losses[best - 1]) best = step;
    if (step - best > patience) return step;
  }
  return steps;
}

TEST(InrStopRule, TakesExactlyTheStepsTheDefinitionAllows) {
  const std::vector<std::vector<std::size_t>> valleys = {{1}, {10}, {1, 5, 9, 30}, {60, 120}, {1, 12, 24}};
  for (const auto& improvements : valleys)
    for (const std::size_t patience : {0u, 1u, 10u, 11u, 70u}) {
      std::vector<double> losses(400, 2.0);
      double loss = 1;
      for (const std::size_t step : improvements) losses[step - 1] = loss *= 0.9;
      Replay model(losses);
      const LossCurve curve = train_until_stale(model, 300, static_cast<std::int64_t>(patience), std::nullopt, at_once);
      EXPECT_EQ(model.taken, steps_by_definition(losses, 300, patience)) << improvements.back() << " " << patience;
      EXPECT_EQ(curve.losses.size(), model.taken);
    }
}

TEST(InrStopRule, AnEverFallingLossUsesAllSteps) {
  std::vector<double> losses(501);
  for (std::size_t i = 0; i < losses.size(); ++i) losses[i] = 1.0 / static_cast<double>(i + 1);
  Replay model(losses);
  const LossCurve curve = train_until_stale(model, 501, 200, std::nullopt, at_once);
  EXPECT_EQ(curve.losses, losses);
  EXPECT_EQ(curve.rule.best_step, 501);
}

TEST(InrStopRule, TakesAsManyStepsAtOnceAsItIsTold) {
  std::vector<double> losses(100);
  for (std::size_t i = 0; i < losses.size(); ++i) losses[i] = 1.0 / static_cast<double>(i + 1);
  Replay model(losses);
  std::vector<std::int64_t> heard;
  const auto pace = [&](const LossCurve& curve) {
    heard.push_back(curve.rule.steps);
    return std::int64_t{curve.rule.steps == 0 ? 10 : 60};
  };
  EXPECT_EQ(train_until_stale(model, 100, 100, std::nullopt, pace).losses, losses);
  EXPECT_EQ(heard, (std::vector<std::int64_t>{0, 10, 70, 100}));
}

TEST(InrStopRule, WhatWasTakenBeforeCountsAsTheTrainingsOwn) {
  std::vector<double> losses(100, 2.0);
  losses[3] = 1;  // the best: with a patience of 20 it ends after step 25
  const std::vector<double> before(losses.begin(), losses.begin() + 10);
  Replay rest({losses.begin() + 10, losses.end()});
  const LossCurve curve = train_until_stale(rest, 100, 20, std::nullopt, at_once, before);
  EXPECT_EQ(rest.taken, 15U);
  EXPECT_EQ(curve.losses.size(), 25U);
  EXPECT_EQ(curve.rule.best_step, 4);
  Replay none({});
  EXPECT_EQ(train_until_stale(none, 10, 20, std::nullopt, at_once, before).losses, before);
}

TEST(InrStopRule, TowardsATargetPiecesAreTheSameOnEveryMachine) {
  std::vector<double> losses(100, 1.0);
  losses[31] = 0.1;
  Replay model(losses);
  EXPECT_EQ(train_until_stale(model, 100, 100, 0.2, at_once).losses.size(), 100U);
  for (std::size_t i = 31; i < losses.size(); ++i) losses[i] = 0.1;
  Replay falling(losses);
  EXPECT_EQ(train_until_stale(falling, 100, 100, 0.2, at_once).losses.size(), 40U);
}

TEST(InrStopRule, BestAndLastAreTwoThings) {
  Replay model({3, 1, 2, 1, 4});
  const LossCurve curve = train_until_stale(model, 5, 200, std::nullopt, at_once);
  EXPECT_EQ(curve.rule.best, 1);
  EXPECT_EQ(curve.rule.best_step, 2);
  EXPECT_EQ(curve.rule.last, 4);
}

TEST(InrStopRule, ALossThatIsNotFiniteIsAFailureThatNamesTheStep) {
  Replay model({3, 2, std::numeric_limits<double>::quiet_NaN(), 1});
  try {
    train_until_stale(model, 4, 200, std::nullopt, at_once);
    FAIL() << "accepted";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("step 3"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace frugal::workloads
