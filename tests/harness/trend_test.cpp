// Runs over time: a change is found where it happened, once, by the rule of a check.
#include "benchmarks/harness/compare/trend.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/sample_runs.hpp"

namespace frugal::harness {
namespace {

using samples::change_metric;
using samples::RunRecord;
using samples::sample_run_of;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

RunRecord run_of_day(int day, double slowdown, double loss = 0) {
  RunRecord run = sample_run_of(3);
  run.folder = "runs/" + std::to_string(day);
  run.provenance.build["commit_date"] = "2025-01-0" + std::to_string(day) + "T00:00:00Z";
  for (CellRecord& cell : run.cells)
    for (StageRecord& stage : cell.stages)
      for (double& sample : stage.wall_s) sample *= slowdown;
  change_metric(run, "hr@10[neg=99]", [&](double x) { return x - loss; });
  return run;
}

/// Numbers of the runs, from 1, at which the metric of the first cell changed.
std::vector<std::size_t> changes_of(const Trend& trend, const std::string& metric) {
  std::vector<std::size_t> runs;
  const auto series = std::ranges::find(trend.series, metric, &TrendSeries::metric);
  for (const TrendPoint& point : series->points)
    if (point.is_change) runs.push_back(point.run + 1);
  return runs;
}

TEST(Trend, OrdersByTheCommitsDatesAndFindsEachChangeOnce) {
  const std::vector<RunRecord> runs{run_of_day(4, 1.3, 0.1), run_of_day(1, 1), run_of_day(5, 1, 0.1),
                                    run_of_day(3, 1.3), run_of_day(2, 1.01)};
  const Trend trend = trend_of(runs);
  EXPECT_TRUE(trend.by_commit);
  EXPECT_THAT(changes_of(trend, "time.total"), ElementsAre(3, 5));
  EXPECT_THAT(changes_of(trend, "hr@10[neg=99]"), ElementsAre(4));
  EXPECT_THAT(changes_of(trend, "parameters"), IsEmpty());
}

TEST(Trend, ARunThatSharesNoCellWithThoseBeforeItIsToldOf) {
  std::vector<RunRecord> runs{run_of_day(1, 1), run_of_day(2, 1), run_of_day(3, 1)};
  EXPECT_THAT(trend_of(runs).notes, IsEmpty());
  for (CellRecord& cell : runs[1].cells) {
    Json params = cell.cell.params.json();
    params["cadc"]["mf"]["dim"] = 32;
    cell.cell.params = std::move(params);
  }
  EXPECT_THAT(
      trend_of(runs).notes,
      ElementsAre("runs/2 has none of the cells of the runs before it: params.cadc.mf.dim is 64 in runs/1 and 32 "
                  "in runs/2"));
}

TEST(Trend, ADriftTooSlowForNeighboursIsFound) {
  std::vector<RunRecord> runs;
  for (int day = 1; day <= 6; ++day) runs.push_back(run_of_day(day, 1 + 0.02 * day));
  EXPECT_THAT(changes_of(trend_of(runs), "time.total"), ElementsAre(4)) << "1.08 of 1.02 is the first beyond 5%";
}

TEST(Trend, CellsOfAnOlderProgramAreTheSameWhateverTheirIds) {
  std::vector<RunRecord> runs{run_of_day(1, 1), run_of_day(2, 1, 0.1)};
  for (CellRecord& cell : runs[0].cells) cell.id = "of an older program";  // the cell itself was given what it lacked
  EXPECT_THAT(changes_of(trend_of(runs), "hr@10[neg=99]"), ElementsAre(2));
}

TEST(Trend, TimesBeginAnewOnAnotherMachine) {
  std::vector<RunRecord> runs{run_of_day(1, 1), run_of_day(2, 2, 0.1), run_of_day(3, 2, 0.1)};
  for (std::size_t i : {1, 2}) runs[i].provenance.machine["cpu"] = "Other CPU";
  const Trend trend = trend_of(runs);
  EXPECT_THAT(changes_of(trend, "time.total"), IsEmpty());
  EXPECT_THAT(changes_of(trend, "hr@10[neg=99]"), ElementsAre(2)) << "accuracy is of the code on any machine";
  const auto times = std::ranges::find(trend.series, "time.total", &TrendSeries::metric);
  EXPECT_EQ(times->points.at(1).change, "another machine");
}

void read_file_of(RunRecord& run, char content, double keep) {
  for (CellRecord& cell : run.cells)
    if (cell.cell.own().at("keep_fraction") == keep)
      cell.inputs = {{.file = "ratings.csv", .sha256 = std::string(64, content), .bytes = 5}};
}

/// The change of a cell's hit rate at each run.
std::vector<std::string> hit_rates_of(const Trend& trend, const std::string& cell) {
  std::vector<std::string> changes;
  for (const TrendSeries& series : trend.series)
    if (series.metric == "hr@10[neg=99]" && series.cell == cell)
      for (const TrendPoint& point : series.points) changes.push_back(point.change);
  return changes;
}

TEST(Trend, TimesBeginAnewWhereSeveralMachinesRanThePlan) {
  std::vector<RunRecord> runs{run_of_day(1, 1), run_of_day(2, 2)};
  runs[1].provenance.machines = {{"aaaaaaaaaaaa", {{"cpu", "Zen 3"}}}, {"bbbbbbbbbbbb", {{"cpu", "Zen 4"}}}};
  EXPECT_THAT(changes_of(trend_of(runs), "time.total"), IsEmpty());
}

TEST(Trend, FiguresOfACellBeginAnewOnOtherDataAndLaterChangesAreFound) {
  std::vector<RunRecord> runs{run_of_day(1, 1), run_of_day(2, 1, 0.2), run_of_day(3, 1, 0.3), run_of_day(4, 1, 0.3)};
  for (std::size_t i = 0; i < runs.size(); ++i) read_file_of(runs[i], i == 0 ? 'a' : 'b', 0.1);
  const Trend trend = trend_of(runs);
  EXPECT_THAT(hit_rates_of(trend, "ml-1m keep_fraction=0.1"),
              ElementsAre("", "other data", HasSubstr("worse: -0.1"), ""));
  EXPECT_THAT(hit_rates_of(trend, "ml-1m keep_fraction=1"),
              ElementsAre("", HasSubstr("worse: -0.2"), HasSubstr("worse: -0.1"), ""))
      << "this cell did not read the file";
  const std::vector<Table> tables = trend_tables(trend);
  EXPECT_THAT(tables.front().notes, Contains("Begins anew at run 2 (0123456789ab): other data."));
  EXPECT_THAT(tables.front().notes, Contains("Of these some begin anew at run 2 (0123456789ab): other data."));
}

TEST(Trend, OtherDataAreToldWhereNothingElseIsShown) {
  std::vector<RunRecord> runs{run_of_day(1, 1), run_of_day(2, 1)};
  for (std::size_t i = 0; i < runs.size(); ++i) {
    read_file_of(runs[i], i == 0 ? 'a' : 'b', 1);
    for (CellRecord& cell : runs[i].cells) cell.stages.clear();
  }
  const std::vector<Table> tables = trend_tables(trend_of(runs));
  ASSERT_EQ(tables.size(), 3u);
  EXPECT_THAT(tables.front().notes, Contains(HasSubstr("other data")));
}

TEST(Trend, OtherSeedsBeginAnewAndLaterChangesAreFound) {
  std::vector<RunRecord> runs{run_of_day(1, 1), run_of_day(2, 1), run_of_day(3, 1, 0.1)};
  for (std::size_t i : {1, 2})
    for (CellRecord& cell : runs[i].cells) {
      cell.cell.seed += 10;
      cell.id = cell.cell.id();
    }
  const Trend trend = trend_of(runs);
  EXPECT_THAT(hit_rates_of(trend, "ml-1m keep_fraction=1"), ElementsAre("", "other seeds", HasSubstr("worse: -0.1")));
}

TEST(Trend, WithoutCommitDatesTheRunsOwnDatesOrderThem) {
  std::vector<RunRecord> runs{run_of_day(1, 1), run_of_day(2, 1.3)};
  runs[0].provenance.build.erase("commit_date");
  runs[0].provenance.started = "2025-03-01T00:00:00Z";
  const Trend trend = trend_of(runs);
  EXPECT_FALSE(trend.by_commit);
  EXPECT_EQ(trend.runs.front(), &runs[1]);
}

TEST(Trend, ShowsWhatChangedAndTheTotalTime) {
  const std::vector<RunRecord> runs{run_of_day(1, 1), run_of_day(2, 1, 0.1)};
  const Trend trend = trend_of(runs);
  const std::vector<Table> tables = trend_tables(trend);
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_THAT(tables[0].title, HasSubstr("hr@10[neg=99] over 2 runs"));
  EXPECT_THAT(tables[0].notes,
              Contains(HasSubstr("cadc.cpu ml-1m keep_fraction=1: worse: -0.1 at run 2 (0123456789ab).")));
  EXPECT_THAT(tables[0].notes, Contains(HasSubstr("without a table: logloss, parameters")));
  EXPECT_THAT(tables[1].notes, Contains("No change."));
  EXPECT_THAT(render(tables, TableFormat::svg), HasSubstr("<svg"));
  EXPECT_EQ(trend_tables(trend, {"logloss"}).size(), 1u);
  EXPECT_THROW(trend_tables(trend, {"loglos"}), UserError);
}

}  // namespace
}  // namespace frugal::harness
