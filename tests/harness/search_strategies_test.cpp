// What each strategy finds on a hill whose top is known, and what it spends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/harness/search_fixture.hpp"

namespace frugal::harness {
namespace {

using fixtures::hill_space;
using fixtures::HillSearch;
using ::testing::ElementsAre;

const std::string fidelity = "  fidelity: {params.hill.steps: [32, 128, 512]}\n";
/// FLOPs of depth 1 and width 128, which are those of depth 7 and width 64; parameters of a 16 x 16 grid of width 32.
const std::string bounds =
    "  maximize: quality\n  cost: flops.train\n"
    "  subject_to: [{metric: flops.train, max: 1.7e+10}, {metric: parameters, max: 1.1e+6}]\n";

std::vector<Ask> asks_of(const Lab& lab) {
  std::vector<Ask> asks;
  for (const Trial& trial : lab.trials()) asks.push_back(trial.ask);
  return asks;
}

class EachStrategy : public ::testing::TestWithParam<Strategy> {
 protected:
  /// How much less than the oracle's objective, after a look at what was spent.
  static double gap(const HillSearch& search) {
    const Lab oracle = search.search(Strategy::exhaustive);
    const Lab lab = search.search(GetParam());
    EXPECT_LE(lab.spent(), lab.limit());
    EXPECT_LE(lab.spent(), search.problem().budget * oracle.spent());
    EXPECT_EQ(lab.best()->score.violation, 0);
    return oracle.best()->score.value - lab.best()->score.value;
  }
};

INSTANTIATE_TEST_SUITE_P(Search, EachStrategy, ::testing::Values(Strategy::greedy, Strategy::halving, Strategy::model),
                         [](const auto& parameter) { return std::string(to_word(strategy_names, parameter.param)); });

TEST(SearchModel, GoesOnWhereATrialDoesNotHaveTheObjective) {
  const HillSearch search(hill_space + "  maximize: quality\n");
  const auto asked = [&](bool some_have_none) {
    std::size_t count = 0;
    const auto evaluate = [&](std::span<const Ask> asks) {
      std::vector<MetricValues> values;
      for (std::size_t i = 0; i < asks.size(); ++i, ++count) {
        values.push_back({{"smoothness", 1.0}});
        if (count != 1 || !some_have_none) values.back()["quality"] = static_cast<double>(asks[i].structure % 7);
      }
      return values;
    };
    Lab lab(search.problem(), evaluate, 60);
    search_with(Strategy::model, search.problem(), lab);
    return lab.trials().size();
  };
  EXPECT_GT(asked(true), 10U);
  EXPECT_GT(asked(false), 10U);
}

TEST_P(EachStrategy, FindsTheBestWithinKnownBoundsForAQuarterOfTheCost) {
  EXPECT_EQ(gap(HillSearch(hill_space + bounds + fidelity)), 0);
}

TEST_P(EachStrategy, ComesNearTheBestWhenABoundIsOnlyMeasured) {
  const HillSearch search(
      hill_space +
      "  maximize: quality\n  cost: flops.train\n  subject_to: [{metric: flops.train, max: 1.7e+10}, "
      "{metric: smoothness, min: 17}]\n" +
      fidelity);
  EXPECT_LE(gap(search), 1.0);
}

TEST_P(EachStrategy, MinimisesWhatIsKnownSubjectToWhatIsMeasured) {
  const HillSearch search(hill_space +
                          "  minimize: flops.train\n  cost: flops.train\n"
                          "  subject_to: [{metric: quality, min: 36}]\n" +
                          fidelity);
  const Lab oracle = search.search(Strategy::exhaustive);
  EXPECT_LE(gap(search), 1.5 * -oracle.best()->score.value) << "the dearest costs 1280 times the cheapest";
}

TEST_P(EachStrategy, IsNotLedAstrayByNoise) {
  const HillSearch search(hill_space + bounds + fidelity, {{"params.hill.noise", "0.5"}});
  EXPECT_LE(gap(search), 1.5) << "two draws of 0.5 dB, and a little";
}

TEST_P(EachStrategy, EvaluatesTheOnlyStructureThoughTheBudgetIsLess) {
  const HillSearch search("  space: {params.hill.width: [32]}\n  maximize: quality\n" + fidelity);
  ASSERT_EQ(search.problem().structures.size(), 1U);
  const Lab lab = search.search(GetParam());
  ASSERT_NE(lab.best(), nullptr);
  EXPECT_EQ(lab.best()->ask.fidelity, search.problem().full());
}

TEST_P(EachStrategy, TellsTheNearestMissWhenNothingIsWithinTheBounds) {
  const HillSearch search(hill_space + "  maximize: quality\n  subject_to: [{metric: smoothness, min: 100}]\n" +
                          fidelity);
  const Lab lab = search.search(GetParam());
  EXPECT_GT(lab.best()->score.violation, 0);
  for (const Trial& trial : lab.trials()) {
    if (trial.ask.fidelity == search.problem().full()) {
      EXPECT_LE(lab.best()->score.violation, trial.score.violation);
    }
  }
}

TEST_P(EachStrategy, AsksTheSameAgain) {
  const HillSearch search(hill_space + bounds + fidelity);
  EXPECT_EQ(asks_of(search.search(GetParam())), asks_of(search.search(GetParam())));
}

TEST(ExhaustiveSearch, AsksForEveryStructureOnceAtFullFidelity) {
  const HillSearch search(hill_space + bounds + fidelity);
  const Lab lab = search.search(Strategy::exhaustive);
  ASSERT_EQ(lab.trials().size(), search.problem().structures.size());
  for (std::size_t i = 0; i < lab.trials().size(); ++i) EXPECT_EQ(lab.trials()[i].ask, (Ask{i, 2}));
}

TEST(KnownBounds, RuleOutStructuresBeforeAnythingRuns) {
  const HillSearch search(hill_space + bounds);
  EXPECT_EQ(search.problem().structures.size() + search.space().beyond_bounds, 140U);
  EXPECT_GT(search.space().beyond_bounds, 0U);
  for (const Structure& structure : search.problem().structures) {
    EXPECT_LE(structure.known.at("flops.train"), 1.7e10);
    EXPECT_LE(structure.known.at("parameters"), 1.1e6);
  }
}

TEST(KnownBounds, ThatNothingKeepsLeaveTheNearestMiss) {
  const HillSearch search(hill_space + "  maximize: quality\n  subject_to: [{metric: parameters, max: 100}]\n");
  EXPECT_TRUE(search.problem().structures.empty());
  EXPECT_EQ(search.space().nearest_miss, "grid=1 depth=0 width=16: parameters 256 is above 100");
}

TEST(GreedySearch, FollowsABoundOnWhichOneAxisMustGiveWayToAnother) {
  // Parameters allow (grid * width)^2 = 1024^2: the best grid is reached only by giving up width, step by step.
  const HillSearch search(
      "  space: {params.hill.grid: [1, 2, 4, 8, 16, 32, 64], params.hill.width: [16, 32, 64, 128, 256]}\n"
      "  maximize: quality\n  subject_to: [{metric: parameters, max: 786432}]\n  budget: 1\n");
  const Lab lab = search.search(Strategy::greedy);
  EXPECT_EQ(lab.best()->score.value, search.search(Strategy::exhaustive).best()->score.value);
  EXPECT_LT(lab.trials().size(), search.problem().structures.size() / 2);
}

TEST(GreedySearch, StepsOverStructuresThatCannotBeBuilt) {
  const HillSearch search("  space: {params.hill.grid: [1, 3, 8]}\n  maximize: quality\n  budget: 1\n",
                          {{"params.hill.width", "64"}});
  ASSERT_EQ(search.problem().structures.size(), 2U);
  EXPECT_EQ(search.search(Strategy::greedy).best()->ask.structure, 1U) << "grid 8";
}

TEST(HalvingSearch, KeepsTheShareThatTheFidelitiesCallFor) {
  const HillSearch search(hill_space + "  maximize: quality\n  budget: 1\n" + fidelity);
  std::vector<int> count(3);
  const Lab lab = search.search(Strategy::halving);
  for (const Trial& trial : lab.trials()) ++count[trial.ask.fidelity];
  EXPECT_THAT(count, ElementsAre(140, 35, 9));
}

TEST(HalvingSearch, BeginsWithAsManyAsTheBudgetPaysFor) {
  std::size_t starters = 0;
  for (const char* budget : {"0.05", "0.1", "0.2", "0.4"}) {
    const HillSearch search(hill_space + bounds + fidelity + "  budget: " + budget + "\n");
    const Lab lab = search.search(Strategy::halving);
    const auto begun = std::ranges::count_if(lab.trials(), [](const Trial& trial) { return trial.ask.fidelity == 0; });
    EXPECT_GT(static_cast<std::size_t>(begun), starters) << budget;
    EXPECT_LE(lab.spent(), lab.limit()) << budget;
    starters = static_cast<std::size_t>(begun);
  }
}

TEST(ModelSearch, StopsBeforeTheBudgetIsSpentWhenNothingIsToBeExpected) {
  const HillSearch search(hill_space + "  maximize: quality\n  budget: 1\n");
  const Lab lab = search.search(Strategy::model);
  EXPECT_EQ(lab.best()->score.value, search.search(Strategy::exhaustive).best()->score.value);
  EXPECT_LT(lab.trials().size(), 70U);
}

TEST(ModelSearch, GoesOnPastEvaluationsThatFail) {
  const HillSearch search(hill_space + "  maximize: quality\n");
  const auto fails = [&](std::size_t i) { return search.problem().structures[i].at[2] >= 3; };  // width from 128
  Lab lab(
      search.problem(),
      [&](std::span<const Ask> asks) {
        std::vector<MetricValues> values;
        for (const Ask& ask : asks) {
          const std::size_t cell = search.space().first_cell[ask.structure];
          values.push_back(fails(ask.structure) ? MetricValues() : HillWorkload::measured(search.plan().cells[cell]));
        }
        return values;
      },
      30);
  search_by_model(search.problem(), lab);
  ASSERT_NE(lab.best(), nullptr);
  EXPECT_FALSE(fails(lab.best()->ask.structure));
  EXPECT_EQ(lab.best()->score.violation, 0);
}

TEST(Scores, PutBoundsBeforeTheObjective) {
  const Score good{1, 0};
  EXPECT_TRUE(better({2, 0}, good));
  EXPECT_FALSE(better(good, good));
  EXPECT_TRUE(better(good, {100, 0.01}));
  EXPECT_TRUE(better({1, 0.1}, {100, 0.2}));
}

TEST(Scores, OfAShortTrainingUseWhatIsKnownOfTheFullOne) {
  const HillSearch search(hill_space + "  minimize: flops.train\n  subject_to: [{metric: smoothness, min: 10}]\n");
  const Structure& structure = search.problem().structures.front();
  const MetricValues measured{{"flops.train", 5.0}, {"smoothness", 9.0}};
  EXPECT_EQ(score_of(search.problem(), structure, measured, false).value, -structure.known.at("flops.train"));
  EXPECT_EQ(score_of(search.problem(), structure, measured, true).value, -5);
  EXPECT_DOUBLE_EQ(score_of(search.problem(), structure, measured, true).violation, 0.1);
  EXPECT_TRUE(std::isinf(score_of(search.problem(), structure, {}, true).violation)) << "a failed evaluation";
  EXPECT_TRUE(std::isinf(score_of(search.problem(), structure, {{"flops.train", 5.0}}, true).violation));
}

TEST(Coordinates, AreLogarithmicFromZeroToOne) {
  const HillSearch search(
      "  space: {params.hill.width: [16, 32, 256], params.hill.depth: [0, 1, 3], params.hill.shape: [round, flat]}\n"
      "  maximize: quality\n");
  std::vector<std::vector<double>> seen;
  for (const Structure& one : search.problem().structures) seen.push_back(one.coordinates);
  ASSERT_EQ(seen.size(), 18U);
  EXPECT_THAT(seen[0], ElementsAre(0, 0, 0));
  EXPECT_THAT(seen[1], ElementsAre(0, 0, 1));
  EXPECT_THAT(seen[2], ElementsAre(0, 0.5, 0)) << "depth + 1: 1, 2, 4";
  EXPECT_THAT(seen[6], ElementsAre(0.25, 0, 0)) << "width: 4, 5, 8 powers of two";
}

}  // namespace
}  // namespace frugal::harness
