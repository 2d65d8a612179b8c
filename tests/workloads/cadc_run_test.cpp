#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/workloads/run_cell.hpp"

namespace frugal::workloads {
namespace {

/// 300 users, 200 items, planted structure: seconds on the reference back end too.
std::string cadc_plan(const std::string& backend, const std::string& params) {
  return fmt::format(R"(
schema: 1
name: test
workload: cadc
backend: {}
dataset: {{name: synthetic-interactions, users: 300, items: 200, interactions: 9000}}
params: {{cadc: {{mf: {{solver: ials, dim: 8, epochs: 6}}, tower: {{layers: [16, 8], epochs: 4, batch: 256}}, {}}}}}
)",
                     backend, params);
}

double hr(const harness::Outcome& outcome) { return outcome.metrics.at("hr@10[neg=99]"); }

TEST(CadcWorkload, FactorisationFindsThePlantedTastesThatPopularityCannot) {
  const double popularity = hr(run_cell(cadc_plan("cpu", "model: popularity")));
  const double mf = hr(run_cell(cadc_plan("cpu", "model: mf")));
  EXPECT_GT(mf, popularity + 0.05);
}

TEST(CadcWorkload, StagesFollowTheStrategy) {
  TestContext with_mf;
  run_cell(cadc_plan("cpu", "keep_fraction: 0.1"), with_mf);
  EXPECT_EQ(with_mf.stages, (std::set<std::string>{"load", "factorize", "sample", "train", "evaluate"}));
  EXPECT_EQ(with_mf.last_progress, 1);

  TestContext random;
  run_cell(cadc_plan("cpu", "keep_fraction: 0.1, embedding_init: random, embedding_trainable: true"), random);
  EXPECT_EQ(random.stages, (std::set<std::string>{"load", "sample", "train", "evaluate"}));
}

TEST(CadcWorkload, KeepsTheAskedShareAndBudgetsByEpochsOrSteps) {
  // 9000 interactions less one a user that holds one out.
  const auto epochs = run_cell(cadc_plan("cpu", "keep_fraction: 0.25"));
  const double full = epochs.metrics.at("interactions.kept") * 4;
  EXPECT_NEAR(full, 8700, 4);
  EXPECT_EQ(epochs.metrics.at("steps"), 4 * std::ceil(full / 4 / 256));
  const auto steps = run_cell(cadc_plan("cpu", "keep_fraction: 0.25, budget: steps"));
  EXPECT_EQ(steps.metrics.at("steps"), 4 * std::ceil(full / 256));
  // Stage 1 costs the same; stage 2 grows with the steps.
  const double stage_1 = run_cell(cadc_plan("cpu", "model: mf")).metrics.at("flops.train");
  EXPECT_NEAR((steps.metrics.at("flops.train") - stage_1) / (epochs.metrics.at("flops.train") - stage_1),
              steps.metrics.at("steps") / epochs.metrics.at("steps"), 1e-9);
}

TEST(CadcWorkload, ReferenceAndCpuAgreeOnTheWholePipeline) {
  for (const char* params : {"model: mf", "keep_fraction: 0.5"}) {
    const auto oracle = run_cell(cadc_plan("reference", params));
    const auto cpu = run_cell(cadc_plan("cpu", params));
    // One user of 300 is .0033: rounding may move a few near ties.
    EXPECT_NEAR(hr(cpu), hr(oracle), 0.01) << params;
    EXPECT_EQ(cpu.metrics.at("flops.train"), oracle.metrics.at("flops.train"));
    EXPECT_NE(cpu.implementation, oracle.implementation);
  }
}

TEST(CadcWorkload, FrozenEmbeddingsWithoutTowersAreRefusedBeforeTheRun) {
  std::string text = cadc_plan("cpu", "embedding_trainable: false");
  text.replace(text.find("[16, 8]"), 7, "[]");
  try {
    first_cell(text);
    FAIL() << "accepted";
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("test.yaml:7:"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("frozen"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace frugal::workloads
