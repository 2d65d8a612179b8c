// A search over cells: who is charged for what, what is written down, and what the table says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/search/search_table.hpp"
#include "tests/harness/record_fixture.hpp"
#include "tests/harness/search_fixture.hpp"

namespace frugal::harness {
namespace {

using fixtures::hill;
using fixtures::hill_space;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string small =
    "  space: {params.hill.grid: [2, 4, 8, 16], params.hill.width: [16, 32, 64]}\n  maximize: quality\n"
    "  subject_to: [{metric: flops.train, max: 3e+9}, {metric: smoothness, min: 12}]\n  cost: flops.train\n"
    "  fidelity: {params.hill.steps: [128, 512]}\n  budget: 0.5\nseeds: [1, 2]\n";

class SearchRun : public ::testing::Test {
 protected:
  SearchOutcome search(const std::string& text, const std::vector<Override>& overrides = {}) {
    file = fixtures::hill_plan(text, overrides);
    const RunCells run = [this](const std::vector<PlannedCell>& cells) {
      for (const PlannedCell& cell : cells) {
        if (records.contains(cell.id)) continue;
        labels.push_back(cell.label);
        records[cell.id] = record_of(cell);
      }
    };
    return run_search(file.plans.front(), hill(), records, run,
                      [this](const std::string& line) { talk += line + "\n"; });
  }

  Table table_of(const SearchOutcome& outcome) const {
    frugal::harness::Run done;  // plain Run is a member of the test
    done.provenance = fixtures::fake_provenance();
    done.provenance.metrics = hill().metrics();
    for (const auto& [id, record] : records) done.cells.push_back(record);
    return search_table(outcome, done);
  }

  /// A second a cell.
  static CellRecord record_of(const PlannedCell& cell) {
    CellRecord record;
    record.id = cell.id;
    record.cell = *cell.cell;
    record.metrics = HillWorkload::measured(*cell.cell);
    record.stages = {{"train", {1.0}, 0, 0}};
    if (cell.cell->own().at("fails_at") == cell.cell->own().at("width")) {
      record.status = Status::failed;
      record.metrics.clear();
    }
    return record;
  }

  PlanFile file;
  CellRecords records;
  std::vector<std::string> labels;
  std::string talk;
};

TEST_F(SearchRun, StrategiesShareCellsAndEachIsChargedForItsOwn) {
  const SearchOutcome outcome = search(small);
  ASSERT_THAT(outcome.strategies, SizeIs(4));
  std::size_t asked = 0;
  for (const StrategyOutcome& one : outcome.strategies) {
    double flops = 0;
    for (const SearchTrial& trial : one.trials) {
      ASSERT_THAT(trial.cells, SizeIs(2)) << "one a seed";
      for (const std::string& id : trial.cells) flops += records.at(id).metrics.at("flops.train");
      EXPECT_EQ(trial.seconds, 2);
    }
    EXPECT_DOUBLE_EQ(one.cost, flops);
    EXPECT_EQ(one.seconds, 2.0 * static_cast<double>(one.trials.size()));
    asked += 2 * one.trials.size();
    EXPECT_NE(one.found(), nullptr);
  }
  EXPECT_EQ(labels.size(), records.size());
  EXPECT_LT(records.size(), asked) << "greedy and model asked for nothing that the oracle had not run";
  EXPECT_EQ(outcome.strategies[0].trials.size(), outcome.space.problem.structures.size());
}

TEST_F(SearchRun, AgainWithAllRecordsAsksTheSameAndRunsNothing) {
  const Json first = to_json(search(small));
  labels.clear();
  EXPECT_EQ(to_json(search(small)), first);
  EXPECT_THAT(labels, IsEmpty());
}

TEST_F(SearchRun, CellsAreCalledByTheirAxesFidelityAndSeed) {
  search(small);
  EXPECT_EQ(labels.front(), "grid=2 width=16 steps=512 seed=1");
  EXPECT_EQ(labels.back().substr(labels.back().find("steps")), "steps=128 seed=2") << "halving's lower rung";
}

TEST_F(SearchRun, TheObjectiveIsTheMeanOverSeeds) {
  const SearchOutcome outcome = search(small, {{"params.hill.noise", "3"}});
  for (const SearchTrial& trial : outcome.strategies.front().trials) {
    const double sum =
        records.at(trial.cells[0]).metrics.at("quality") + records.at(trial.cells[1]).metrics.at("quality");
    EXPECT_DOUBLE_EQ(trial.trial.metrics.at("quality"), sum / 2);
  }
}

TEST_F(SearchRun, AFailedSeedMakesTheEvaluationTheWorst) {
  const SearchOutcome outcome = search(small, {{"params.hill.fails_at", "32"}});
  for (const StrategyOutcome& one : outcome.strategies) {
    ASSERT_NE(one.found(), nullptr);
    const Structure& found = outcome.space.problem.structures[one.found()->trial.ask.structure];
    EXPECT_NE(file.plans[0].search->axes[1].values[found.at[1]], 32);
  }
  EXPECT_THAT(table_of(outcome).notes, ::testing::Contains(HasSubstr("failed and count as worst")));
}

TEST_F(SearchRun, TheTrajectoryIsWrittenDown) {
  const SearchOutcome outcome = search(small);
  const Json json = to_json(outcome);
  EXPECT_EQ(json.at("objective"), "quality");
  EXPECT_EQ(json.at("fidelity").at("params.hill.steps"), Json({128, 512}));
  EXPECT_EQ(json.at("space").at("params.hill.width"), Json({16, 32, 64}));
  const Json& oracle = json.at("strategies").at(0);
  EXPECT_EQ(oracle.at("name"), "exhaustive");
  double best = 0;
  for (const Json& trial : oracle.at("trials")) {
    if (trial.at("within_bounds") == true) best = std::max(best, trial.at("metrics").at("quality").get<double>());
    EXPECT_EQ(trial.value("best_so_far", 0.0), best);
    EXPECT_THAT(trial.at("cells"), SizeIs(2));
    EXPECT_TRUE(trial.at("metrics").contains("smoothness"));
  }
  const Json& found = oracle.at("trials").at(oracle.at("best").get<std::size_t>());
  EXPECT_EQ(found.at("metrics").at("quality"), best);
  EXPECT_EQ(oracle.at("cost"), outcome.strategies[0].cost);
}

TEST_F(SearchRun, TheTableHoldsEachStrategyAgainstTheOracle) {
  const Table table = table_of(search(small, {{"params.hill.noise", "0.1"}}));
  EXPECT_EQ(table.title, "p: maximise quality subject to flops.train at most 3e+09, smoothness at least 12");
  std::vector<std::string> titles;
  for (const Heading& heading : table.headings) titles.push_back(heading.title);
  EXPECT_THAT(titles, ElementsAre("strategy", "grid", "width", "quality", "flops.train", "smoothness", "gap",
                                  "evaluations", "cost: flops.train", "cost: time", "cost against exhaustive"));
  ASSERT_THAT(table.rows, SizeIs(4));
  for (const TableRow& row : table.rows) {
    ASSERT_EQ(row.entries.size(), table.headings.size());
    EXPECT_TRUE(row.entries[3].half_width);
    EXPECT_FALSE(row.entries[4].half_width) << "FLOPs do not depend on the seed";
    EXPECT_GE(*row.entries[6].value, 0);
    EXPECT_EQ(row.origin.n, 2);
  }
  EXPECT_EQ(table.rows[0].entries[6].value, 0.0);
  EXPECT_EQ(table.rows[0].entries[10].text, "100.0");
  EXPECT_LT(*table.rows[1].entries[10].value, 100);
  EXPECT_THAT(table.caption, ::testing::Contains(HasSubstr("n = 2 seeds")));
  EXPECT_THAT(table.caption.back(), AllOf(HasSubstr("Test CPU"), HasSubstr("0123456789ab")));
  for (const TableFormat format : {TableFormat::markdown, TableFormat::csv, TableFormat::latex, TableFormat::html}) {
    EXPECT_THAT(render({&table, 1}, format), HasSubstr("greedy"));
  }
}

TEST_F(SearchRun, WithoutTheOracleThereIsNothingToHoldAgainst) {
  const Table table = table_of(search("  strategies: [greedy]\n" + hill_space + "  maximize: quality\n"));
  EXPECT_EQ(table.rows[0].entries[5].text, "-") << "gap";
  EXPECT_EQ(table.rows[0].entries.back().text, "-") << "share";
}

TEST_F(SearchRun, AGapInFlopsHasAPrefix) {
  const Table table = table_of(
      search("  space: {params.hill.width: [16, 32, 64]}\n  minimize: flops.train\n  strategies: [exhaustive]\n"));
  EXPECT_EQ(table.rows[0].entries[2].text + table.rows[0].entries[2].suffix, "393 MFLOP");
  EXPECT_EQ(table.rows[0].entries[3].text + table.rows[0].entries[3].suffix, "0 FLOP");
}

TEST_F(SearchRun, NothingWithinMeasuredBoundsNamesTheNearestMiss) {
  const SearchOutcome outcome = search(
      "  space: {params.hill.grid: [2, 4]}\n  maximize: quality\n  strategies: [exhaustive]\n"
      "  subject_to: [{metric: smoothness, min: 50}]\n");
  EXPECT_FALSE(outcome.found());
  const Table table = table_of(outcome);
  EXPECT_EQ(table.rows[0].entries[1].text, "none");
  EXPECT_THAT(table.notes, ::testing::Contains("exhaustive: no structure within the bounds; the nearest is grid=2: "
                                               "smoothness 32.29 is below 50."));
}

TEST_F(SearchRun, NothingWithinKnownBoundsRunsNothing) {
  const SearchOutcome outcome =
      search(hill_space + "  maximize: quality\n  subject_to: [{metric: parameters, max: 1}]\n");
  EXPECT_THAT(outcome.strategies, IsEmpty());
  EXPECT_THAT(records, IsEmpty());
  EXPECT_FALSE(outcome.found());
  EXPECT_THAT(table_of(outcome).notes, ::testing::Contains(HasSubstr("the nearest is grid=1 depth=0 width=16")));
}

TEST_F(SearchRun, TellsHowTheSpaceCameAbout) {
  search(
      "  space: {params.hill.grid: [2, 3, 64], params.hill.width: [16, 32]}\n  maximize: quality\n"
      "  strategies: [exhaustive]\n  subject_to: [{metric: parameters, max: 1e+7}]\n");
  EXPECT_THAT(talk,
              HasSubstr("search p: 3 structures of 6; 1 beyond the bounds on what is known before a run; 2 refused: "
                        "p.yaml:6:33: a grid of 3 does not divide 64"));
  EXPECT_THAT(talk, HasSubstr("exhaustive: 3 evaluations; best grid="));
}

TEST_F(SearchRun, AnInterruptionEndsIt) {
  file = fixtures::hill_plan(small);
  const RunCells stop = [](const std::vector<PlannedCell>&) { throw Interrupted(); };
  EXPECT_THROW(run_search(file.plans.front(), hill(), records, stop, [](const std::string&) {}), Interrupted);
}

}  // namespace
}  // namespace frugal::harness
