// The key `search` of a plan: what it may hold, and what the user is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/plan/planned_cells.hpp"
#include "tests/harness/search_fixture.hpp"

namespace frugal::harness {
namespace {

using fixtures::hill;
using fixtures::hill_head;
using fixtures::hill_plan;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string search_error(const std::string& search, const std::vector<Override>& overrides = {}) {
  try {
    hill_plan(search, overrides);
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

/// After `  space: {...}` on line 6: what a test adds is line 7.
const std::string space = "  space: {params.hill.width: [16, 32]}\n";

TEST(SearchPlan, HowCellsRunTellsStructuresApart) {
  const fixtures::HillSearch search(
      "  space: {params.hill.width: [16, 32], limits.threads: [1, 2]}\n  maximize: quality\n");
  EXPECT_EQ(search.problem().structures.size(), 4U);
}

TEST(SearchPlan, EveryKeyIsRead) {
  const PlanFile file = hill_plan(
      "  space:\n    params.hill.grid: [1, 2, 4]\n    params.hill.width: [16, 32]\n"
      "  maximize: quality\n  subject_to:\n    - {metric: flops.train, max: 1e+12}\n    - {metric: smoothness, min: "
      "25}\n"
      "  strategies: [greedy, exhaustive]\n  fidelity: {params.hill.steps: [64, 512]}\n  cost: flops.train\n"
      "  budget: 0.5\nseeds: [3, 4]\n");
  const Plan& plan = file.plans.at(0);
  ASSERT_TRUE(plan.search);
  const SearchSpec& search = *plan.search;
  ASSERT_EQ(search.axes.size(), 2U);
  EXPECT_EQ(search.axes[0].path, "params.hill.grid");
  EXPECT_THAT(search.axes[0].values, ElementsAre(1, 2, 4));
  EXPECT_THAT(search.axes[1].values, ElementsAre(16, 32));
  EXPECT_EQ(search.objective, "quality");
  EXPECT_TRUE(search.maximize);
  ASSERT_EQ(search.bounds.size(), 2U);
  EXPECT_EQ(search.bounds[0].max, 1e12);
  EXPECT_FALSE(search.bounds[0].min);
  EXPECT_EQ(search.bounds[1].metric, "smoothness");
  EXPECT_EQ(search.bounds[1].min, 25);
  EXPECT_THAT(search.strategies, ElementsAre(Strategy::greedy, Strategy::exhaustive));
  ASSERT_TRUE(search.fidelity);
  EXPECT_THAT(search.fidelity->values, ElementsAre(64, 512));
  EXPECT_EQ(search.cost, "flops.train");
  EXPECT_EQ(search.budget, 0.5);
  EXPECT_EQ(plan.cells.size(), 3U * 2 * 2) << "seeds innermost";
  EXPECT_EQ(plan.cells[1].seed, 4U);
}

TEST(SearchPlan, ByDefaultEveryStrategyThatCanRunDoes) {
  const std::string plain = space + "  minimize: flops.train\n";
  EXPECT_THAT(hill_plan(plain).plans[0].search->strategies,
              ElementsAre(Strategy::exhaustive, Strategy::greedy, Strategy::model));
  EXPECT_THAT(hill_plan(plain + "  fidelity: {params.hill.steps: [1, 512]}\n").plans[0].search->strategies,
              ElementsAre(Strategy::exhaustive, Strategy::greedy, Strategy::halving, Strategy::model));
  EXPECT_FALSE(hill_plan(plain).plans[0].search->maximize);
}

TEST(SearchPlan, MistakesAreToldWithTheirPlace) {
  const std::string good = space + "  maximize: quality\n";
  EXPECT_EQ(search_error(good), "no error");
  EXPECT_EQ(search_error(good + "  budgte: 1\n"), "p.yaml:8:3: unknown key of search 'budgte'; did you mean 'budget'?");
  EXPECT_EQ(search_error("  maximize: quality\n"), "p.yaml:6:3: a search needs 'space': its axes, from small to large");
  EXPECT_THAT(search_error(space), AllOf(StartsWith("p.yaml:6:3: "), HasSubstr("'maximize' or 'minimize'")));
  EXPECT_THAT(search_error(good + "  minimize: parameters\n"), HasSubstr("either 'maximize' or 'minimize'"));
  EXPECT_EQ(search_error(space + "  maximize: qualty\n"),
            "p.yaml:7:13: unknown metric of hill 'qualty'; did you mean 'quality'?");
  EXPECT_EQ(search_error(good + "  cost: flops\n").substr(0, 12), "p.yaml:8:9: ");
  EXPECT_EQ(search_error(good + "  strategies: [greedy, halvin]\n"),
            "p.yaml:8:24: unknown strategy 'halvin'; did you mean 'halving'?");
  EXPECT_THAT(search_error(good + "  strategies: [greedy, halving]\n"),
              AllOf(StartsWith("p.yaml:8:24: "), HasSubstr("'fidelity'")));
  EXPECT_THAT(search_error(good + "  strategies: [greedy, greedy]\n"), StartsWith("p.yaml:8:24: "));
  EXPECT_THAT(search_error(good + "  strategies: []\n"), StartsWith("p.yaml:8:15: "));
  EXPECT_THAT(search_error(good + "  budget: 0\n"), StartsWith("p.yaml:8:11: "));
  EXPECT_THAT(search_error(good + "  budget: 1.5\n"), StartsWith("p.yaml:8:11: "));
  EXPECT_THAT(search_error(good + "  subject_to: [{metric: quality}]\n"), HasSubstr("'min' or 'max'"));
  EXPECT_THAT(search_error(good + "  subject_to: [{min: 1}]\n"), HasSubstr("'metric'"));
  EXPECT_THAT(search_error(good + "  subject_to: [{metric: quality, min: 2, max: 1}]\n"),
              HasSubstr("min is above max"));
}

TEST(SearchPlan, AxesGoFromSmallToLarge) {
  const auto error = [](const std::string& axes) {
    return search_error("  space: {" + axes + "}\n  maximize: quality\n");
  };
  EXPECT_EQ(error("params.hill.width: [16, 64, 32]"),
            "p.yaml:6:39: the values of a search go from small to large, but 32 follows 64");
  EXPECT_THAT(error("params.hill.width: [16, 16]"), StartsWith("p.yaml:6:35: "));
  EXPECT_THAT(error("params.hill.shape: [round, flat, round]"), StartsWith("p.yaml:6:44: this value is here already"));
  EXPECT_EQ(error("params.hill.wdith: [16]"), "p.yaml:6:11: unknown parameter of hill 'wdith'; did you mean 'width'?");
  EXPECT_THAT(error("params.hill.width: []"), HasSubstr("no values"));
  EXPECT_THAT(error("params.hill.width: 16"), StartsWith("p.yaml:6:30: expected a list"));
  EXPECT_THAT(error("params.hill: [{width: 16}, {width: 32}]"), HasSubstr("the path of one parameter"));
  EXPECT_THAT(error("params.hill.width: [16, 5000]"), StartsWith("p.yaml:6:35: width must be from 1 to 1024"));
}

TEST(SearchPlan, TheLastFidelityIsThePlansOwn) {
  const auto error = [](const std::string& fidelity, const std::vector<Override>& overrides = {}) {
    return search_error(space + "  maximize: quality\n  fidelity: " + fidelity + "\n", overrides);
  };
  EXPECT_EQ(error("{params.hill.steps: [64, 512]}"), "no error");
  EXPECT_EQ(error("{params.hill.steps: [64, 256]}"),
            "p.yaml:8:38: the last fidelity is the full one, the plan's own params.hill.steps = 512, but this is 256");
  EXPECT_THAT(error("{params.hill.steps: [64, 512]}", {{"params.hill.steps", "64"}}),
              HasSubstr("= 64, but this is 512"));
  EXPECT_THAT(error("{params.hill.steps: [512]}"), HasSubstr("two values or more"));
  EXPECT_THAT(error("{params.hill.steps: [512, 64]}"), HasSubstr("small to large"));
  EXPECT_THAT(error("{params.hill.steps: [0, 512]}"), HasSubstr("steps must be at least 1"));
  EXPECT_THAT(error("{params.hill.noise: [0, 1]}"), HasSubstr("above 0"));
  EXPECT_THAT(error("{params.hill.width: [16, 32]}"), HasSubstr("is an axis"));
  EXPECT_THAT(error("{params.hill.shape: [round]}"), HasSubstr("a number that grows"));
  EXPECT_EQ(error("{params.hill.step: [64, 512]}"),
            "p.yaml:8:14: unknown parameter 'params.hill.step'; did you mean 'params.hill.steps'?");
  EXPECT_THAT(error("{}"), HasSubstr("one path"));
}

TEST(SearchPlan, HasNoOtherAxesAndNoGate) {
  for (const char* key : {"matrix: {seed: [1]}", "zip: []", "include: []", "exclude: []", "gate: []"}) {
    EXPECT_THAT(search_error(space + "  maximize: quality\n" + key + "\n"),
                AllOf(StartsWith("p.yaml:8:1: a plan with 'search' has no '"), HasSubstr("search.space")))
        << key;
  }
}

TEST(SearchPlan, StructuresThatCannotBeBuiltAreLeftOutAndCounted) {
  const Plan plan = hill_plan(
                        "  space: {params.hill.grid: [1, 3, 4, 5], params.hill.width: [16, 32]}\n"
                        "  maximize: quality\nseeds: [1, 2]\n")
                        .plans.at(0);
  EXPECT_EQ(plan.cells.size(), 2U * 2 * 2);
  EXPECT_THAT(plan.search->axes[0].values, ElementsAre(1, 3, 4, 5)) << "in the plan's order";
  EXPECT_THAT(plan.search->refused, ElementsAre(std::pair("p.yaml:6:33: a grid of 3 does not divide 64", 2U),
                                                std::pair("p.yaml:6:39: a grid of 5 does not divide 64", 2U)));
  EXPECT_EQ(search_error("  space: {params.hill.grid: [3, 5]}\n  maximize: quality\n"),
            "p.yaml:6:30: a grid of 3 does not divide 64")
      << "none is left";
}

TEST(SearchPlan, RecordsLieWhereThePlanDoes) {
  const std::string text = hill_head + space + "  maximize: quality\n  records: {runs: [old, /far/new]}\n";
  const PlanFile file = parse_plan(text, "study/p.yaml", {}, {&hill()}, {}, "study");
  EXPECT_THAT(file.plans.at(0).search->records, ElementsAre("study/old", "/far/new"));
}

TEST(SearchPlan, AnOverrideReplacesAnAxis) {
  const Plan plan =
      hill_plan("  space: {params.hill.grid: [1, 2, 4], params.hill.width: [16, 32]}\n  maximize: quality\n",
                {{"params.hill.grid", "8"}})
          .plans.at(0);
  EXPECT_EQ(plan.cells.size(), 2U);
  EXPECT_THAT(plan.search->axes[0].values, ElementsAre(8));
}

TEST(SearchPlan, WhatThisMachineLacksIsNoted) {
  const PlanFile file = hill_plan(space + "  maximize: quality\nbackend: cuda\n");
  EXPECT_THAT(unavailable(planned_cells(file)), ElementsAre("p.yaml:8:10: cuda: no device on this machine"));
}

TEST(SearchPlan, AllFidelitiesCountAgainstTheMostCells) {
  std::string seeds = "seeds: [1";
  for (int i = 2; i <= 4000; ++i) seeds += ", " + std::to_string(i);
  const std::string plan = "  space: {params.hill.grid: [1, 2, 4, 8]}\n  maximize: quality\n";
  EXPECT_EQ(search_error(plan + seeds + "]\n"), "no error");
  EXPECT_THAT(search_error(plan + "  fidelity: {params.hill.steps: [64, 512]}\n" + seeds + "]\n"),
              HasSubstr("split the plan"));
}

}  // namespace
}  // namespace frugal::harness
