// What a search spends and what it says of its way: by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/search/search.hpp"
#include "tests/harness/search_fixture.hpp"

namespace frugal::harness {
namespace {

using fixtures::hill;
using fixtures::HillSearch;

TEST(SearchAccounts, EveryFreshEvaluationIsChargedItsExpectedCostOnce) {
  const HillSearch search(
      "  space: {params.hill.width: [16, 32, 64]}\n  maximize: quality\n  cost: flops.train\n"
      "  fidelity: {params.hill.steps: [128, 512]}\n");
  const Problem& problem = search.problem();
  Lab lab(
      problem, [](std::span<const Ask> asks) { return std::vector<MetricValues>(asks.size()); }, 1e30);
  EXPECT_EQ(lab.spent(), 0);
  // 1000 * 3 layers * width^2 * steps.
  lab.ask(std::vector<Ask>{{0, 0}});
  EXPECT_EQ(lab.spent(), 1000.0 * 3 * 256 * 128);
  lab.ask(std::vector<Ask>{{0, 0}, {1, 1}});
  EXPECT_EQ(lab.spent(), 1000.0 * 3 * (256 * 128 + 1024 * 512));
  lab.ask(1);
  EXPECT_EQ(lab.spent(), 1000.0 * 3 * (256 * 128 + 1024 * 512)) << "known already";
}

/// The search's own story of a plan, run in this process. The second seed has no quality at this width.
Json story_of(const std::string& text, int blind_width = 0) {
  const PlanFile file = fixtures::hill_plan(text);
  CellRecords records;
  const RunCells run = [&](const std::vector<PlannedCell>& cells) {
    for (const PlannedCell& cell : cells) {
      CellRecord& record = records[cell.id];
      record.id = cell.id;
      record.cell = *cell.cell;
      record.metrics = HillWorkload::measured(*cell.cell);
      if (cell.cell->seed == 2 && cell.cell->own().at("width") == blind_width) record.metrics.erase("quality");
      record.stages = {{"train", {1.0}, 0, 0}};
    }
  };
  return to_json(run_search(file.plans.front(), hill(), records, run, [](const std::string&) {}));
}

TEST(SearchAccounts, TheBestSoFarOnlyImprovesAndIsInTheMetricsOwnSign) {
  const std::string space =
      "  space: {params.hill.width: [16, 32, 64], params.hill.depth: [1, 2]}\n  strategies: [exhaustive]\n";
  for (const char* goal : {"  minimize: quality\n", "  maximize: quality\n"}) {
    const bool maximize = std::string(goal).find("max") != std::string::npos;
    const Json story = story_of(space + goal);
    double best = 0;
    std::size_t seen = 0;
    for (const Json& trial : story.at("strategies").at(0).at("trials")) {
      const double value = trial.at("metrics").at("quality").get<double>();
      best = seen++ == 0 ? value : maximize ? std::max(best, value) : std::min(best, value);
      EXPECT_EQ(trial.at("best_so_far").get<double>(), best) << goal;
    }
    EXPECT_EQ(seen, 6U);
  }
}

TEST(SearchAccounts, MinimisingFindsTheLeastAndMaximisingTheMost) {
  for (const Strategy strategy : {Strategy::exhaustive, Strategy::greedy, Strategy::halving, Strategy::model}) {
    const auto found = [&](const char* goal) {
      const HillSearch search(std::string("  space: {params.hill.width: [16, 32, 64]}\n") + goal + "  budget: 1\n");
      return search.search(strategy).best()->metrics.at("flops.train");
    };
    EXPECT_EQ(found("  minimize: flops.train\n"), 1000.0 * 3 * 16 * 16 * 512) << to_word(strategy_names, strategy);
    EXPECT_EQ(found("  maximize: flops.train\n"), 1000.0 * 3 * 64 * 64 * 512) << to_word(strategy_names, strategy);
  }
}

TEST(SearchAccounts, AnObjectiveThatOneSeedLacksIsNone) {
  const Json story = story_of(
      "  space: {params.hill.width: [16, 32, 64]}\n  maximize: quality\n  strategies: [exhaustive]\nseeds: [1, 2]\n",
      32);
  const Json& trials = story.at("strategies").at(0).at("trials");
  ASSERT_EQ(trials.size(), 3U);
  for (const Json& trial : trials)
    EXPECT_EQ(trial.at("metrics").contains("quality"), trial.at("structure").at("params.hill.width") != 32);
}

}  // namespace
}  // namespace frugal::harness
