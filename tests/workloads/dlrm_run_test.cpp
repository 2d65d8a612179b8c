#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/workloads/ratings_folder.hpp"
#include "tests/workloads/run_cell.hpp"

namespace frugal::workloads {
namespace {

std::string dlrm_plan(const std::string& backend, const std::string& params) {
  return fmt::format(R"(
schema: 1
name: test
workload: dlrm
backend: {}
dataset: {{name: synthetic-clicks, examples: 20000, test_examples: 5000, tables: 3, rows: 50, dense_features: 4}}
params: {{dlrm: {{embedding_dim: 8, bottom: [16, 8], top: [16, 1], batch: 128, {}}}}}
)",
                     backend, params);
}

TEST(DlrmWorkload, LearnsMostOfThePlantedModel) {
  for (const char* params : {"interaction: dot, optimizer: adagrad, learning_rate: 0.05, epochs: 4",
                             "interaction: cat, optimizer: rowwise_adagrad, learning_rate: 0.05, epochs: 4",
                             "interaction: dot, optimizer: adam, learning_rate: 0.005, epochs: 4",
                             "interaction: dot, optimizer: sgd, learning_rate: 0.5, epochs: 4"}) {
    const auto outcome = run_cell(dlrm_plan("cpu", params));
    const double auc = outcome.metrics.at("auc");
    const double bayes = outcome.metrics.at("auc[bayes]");
    EXPECT_GT(bayes, 0.7);
    EXPECT_LE(auc, bayes + 0.01) << "better than the truth: " << params;
    EXPECT_GT(outcome.metrics.at("auc[of bayes]"), 0.7) << params;
    EXPECT_DOUBLE_EQ(outcome.metrics.at("auc[of bayes]"), (auc - 0.5) / (bayes - 0.5));
  }
}

TEST(DlrmWorkload, OneLabelOnlyLeavesNoAucAndSaysSo) {
  int without = 0;
  for (int seed = 1; seed <= 8; ++seed) {
    const auto outcome = run_cell(fmt::format(R"(
schema: 1
name: test
workload: dlrm
backend: cpu
dataset: {{name: synthetic-clicks, examples: 500, test_examples: 2, tables: 3, rows: 50, dense_features: 4}}
params: {{dlrm: {{embedding_dim: 8, bottom: [16, 8], top: [16, 1], batch: 128}}}}
seeds: [{}]
)",
                                              seed));
    EXPECT_TRUE(outcome.metrics.contains("logloss"));
    EXPECT_NE(outcome.metrics.contains("auc"), outcome.absent.contains("auc"));
    if (outcome.metrics.contains("auc")) continue;
    ++without;
    EXPECT_NE(outcome.absent.at("auc").find("test example is positive"), std::string::npos) << outcome.absent.at("auc");
  }
  EXPECT_GT(without, 0);
}

TEST(DlrmWorkload, ReferenceAndCpuAgree) {
  const char* params = "epochs: 1, optimizer: adagrad, learning_rate: 0.05";
  const auto oracle = run_cell(dlrm_plan("reference", params));
  const auto cpu = run_cell(dlrm_plan("cpu", params));
  EXPECT_NEAR(cpu.metrics.at("auc"), oracle.metrics.at("auc"), 2e-3);
  EXPECT_NEAR(cpu.metrics.at("logloss"), oracle.metrics.at("logloss"), 2e-3);
  EXPECT_EQ(cpu.metrics.at("samples"), 20000);
}

TEST(DlrmWorkload, TwoHalvesWithACheckpointBetweenAreTheWhole) {
  TestContext context;
  run_cell(dlrm_plan("cpu", "epochs: 1, save_weights: true"), context);
  const std::string path = context.artifacts() / "weights.safetensors";
  const auto halves = run_cell(dlrm_plan("cpu", "epochs: 1, initial_weights: " + path));
  const auto whole = run_cell(dlrm_plan("cpu", "epochs: 2"));
  for (const char* metric : {"auc", "logloss", "loss[train]"})
    EXPECT_EQ(halves.metrics.at(metric), whole.metrics.at(metric)) << metric;
}

std::string ratings_plan(const std::string& params) {
  return fmt::format(R"(
schema: 1
name: test
workload: dlrm
backend: cpu
dataset: ml-100k-clicks
params: {{dlrm: {{embedding_dim: 8, bottom: [16, 8], top: [16, 1], batch: 128, {}}}}}
)",
                     params);
}

TEST(DlrmWorkload, RatingsCanStartFromTheirFactorisationAndKeepItsTables) {
  const RatingsFolder folder;
  for (const char* params : {"embedding_init: mf, embedding_trainable: false", "embedding_init: mf",
                             "embedding_init: random, keep_fraction: 0.25, budget: steps"}) {
    TestContext context({folder.path()});
    const auto outcome = run_cell(ratings_plan(params), context);
    EXPECT_EQ(context.stages.contains("factorize"), std::string(params).find("mf") != std::string::npos);
    EXPECT_TRUE(outcome.metrics.contains("auc"));
    EXPECT_NEAR(outcome.metrics.at("calibration"), 1, 0.5);
    const bool sampled = std::string(params).find("keep") != std::string::npos;
    EXPECT_NEAR(outcome.metrics.at("examples.kept"), sampled ? 900 : 3600, sampled ? 60 : 120);
  }
}

TEST(DlrmWorkload, OfASampleTheModelDoesNotKnowWhatElseItsUsersAndItemsDid) {
  const RatingsFolder data;
  const auto loss_with = [&](const std::string& params) {
    TestContext context({data.path()});
    return run_cell(ratings_plan("learning_rate: 0, " + params), context).metrics.at("logloss");
  };
  // Nothing is learned, so predictions depend on the examples' features alone: of the counts of all they would be alike.
  EXPECT_NE(loss_with("keep_fraction: 0.05"), loss_with("keep_fraction: 1"));
}

TEST(DlrmWorkload, ExamplesThatAreNotRatingsCannotBeFactorised) {
  try {
    first_cell(dlrm_plan("cpu", "embedding_init: mf"));
    FAIL() << "accepted";
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("only examples that are ratings"), std::string::npos) << error.what();
  }
}

TEST(DlrmWorkload, WidthsThatDoNotFitAreAnErrorOfThePlanWithItsPlace) {
  try {
    first_cell(dlrm_plan("cpu", "interaction: dot")
                   .replace(dlrm_plan("cpu", "interaction: dot").find("[16, 8]"), 7, "[16, 4]"));
    FAIL() << "accepted";
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("test.yaml:7:"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("embedding_dim"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace frugal::workloads
