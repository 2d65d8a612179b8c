#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/report/report.hpp"
#include "tests/harness/sample_runs.hpp"

namespace frugal::harness {
namespace {

using samples::change_metric;
using samples::RunRecord;
using samples::sample_run_of;
using ::testing::Contains;
using ::testing::HasSubstr;

void scale_times(RunRecord& run, double factor) {
  for (CellRecord& cell : run.cells) {
    for (StageRecord& stage : cell.stages) {
      for (double& sample : stage.wall_s) sample *= factor;
    }
  }
}

const TableRow& compared_row(const Table& table, const std::string& cell, const std::string& what) {
  for (const TableRow& row : table.rows) {
    if (row.entries[0].text.find(cell) != std::string::npos && row.entries[1].text == what) return row;
  }
  throw std::runtime_error("no row " + cell + " " + what);
}

TEST(CompareRuns, SaysHowManyTimesFasterBIs) {
  RunRecord b = sample_run_of(2);
  scale_times(b, 0.25);
  const std::vector<Table> tables = compare_runs(sample_run_of(2), b);
  ASSERT_EQ(tables.size(), 2u);
  const TableRow& row = compared_row(tables[0], "keep_fraction=0.1", "train");
  EXPECT_DOUBLE_EQ(*row.entries[3].value, 1.5);
  EXPECT_DOUBLE_EQ(*row.entries[4].value, 0.375);
  EXPECT_DOUBLE_EQ(*row.entries[5].value, 4);
  EXPECT_NEAR(*compared_row(tables[0], "geometric mean of 2 cells", "total").entries[5].value, 4, 1e-12);
  EXPECT_EQ(tables[0].rows.back().entries[1].text, "total");
}

TEST(CompareRuns, GeometricMeanBalancesTwiceAsFastAndTwiceAsSlow) {
  RunRecord b = sample_run_of(1);
  for (double& sample : b.cells[0].stages[1].wall_s) sample *= 2;
  for (double& sample : b.cells[1].stages[1].wall_s) sample /= 2;
  const Table times = compare_runs(sample_run_of(1), b)[0];
  EXPECT_NEAR(*compared_row(times, "geometric mean", "train").entries[5].value, 1, 1e-12);
}

TEST(CompareRuns, TheSeedsOfACellAreAlsoAveragedGeometrically) {
  RunRecord b = sample_run_of(2);
  for (double& sample : b.cells[0].stages[1].wall_s) sample *= 2;
  for (double& sample : b.cells[1].stages[1].wall_s) sample /= 2;
  const Table times = compare_runs(sample_run_of(2), b)[0];
  const TableEntry& ratio = compared_row(times, "keep_fraction=1", "train").entries[5];
  EXPECT_NEAR(*ratio.value, 1, 1e-12);
  EXPECT_FALSE(ratio.half_width);
  EXPECT_THAT(times.caption, Contains(HasSubstr("geometric mean over the seeds")));
}

TEST(CompareRuns, MetricsOfOneSideAreNamed) {
  RunRecord a = sample_run_of(1);
  RunRecord b = a;
  change_metric(a, "psnr", [](double) { return 30.0; });
  change_metric(b, "loss[mf]", [](double) { return 0.5; });
  const std::vector<std::string> notes = compare_runs(a, b)[1].notes;
  EXPECT_THAT(notes, Contains("metric psnr: only in A."));
  EXPECT_THAT(notes, Contains("metric loss[mf]: only in B."));
  for (RunRecord* run : {&a, &b}) {
    for (CellRecord& cell : run->cells) cell.metrics = {{run == &a ? "psnr" : "hr@10[neg=99]", 1.0}};
  }
  const std::vector<Table> tables = compare_runs(a, b);
  ASSERT_EQ(tables.size(), 1u) << "no metric has a row";
  EXPECT_THAT(tables[0].notes, Contains("metric psnr: only in A."));
}

TEST(CompareRuns, MetricDifferencesHaveASignAndArePaired) {
  RunRecord b = sample_run_of(3);
  change_metric(b, "hr@10[neg=99]", [](double x) { return x + 0.015; });
  const Table metrics = compare_runs(sample_run_of(3), b)[1];
  const TableRow& row = compared_row(metrics, "keep_fraction=1", "hr@10[neg=99]");
  EXPECT_EQ(row.entries[2].text, "higher");
  EXPECT_EQ(row.entries[6].text, "+0.0150");
  EXPECT_LT(row.entries[6].half_width.value_or(0), 1e-12) << "every seed gained the same";
  EXPECT_EQ(compared_row(metrics, "keep_fraction=1", "logloss").entries[2].text, "lower");
}

TEST(CompareRuns, AnalyticMetricsShowOnlyWhereTheyDiffer) {
  const auto rows_of_parameters = [](const Table& table) {
    return std::ranges::count_if(table.rows, [](const TableRow& row) { return row.entries[1].text == "parameters"; });
  };
  RunRecord b = sample_run_of(1);
  const Table same = compare_runs(sample_run_of(1), b)[1];
  EXPECT_EQ(rows_of_parameters(same), 0);
  EXPECT_THAT(same.notes, Contains(HasSubstr("parameters")));
  change_metric(b, "parameters", [](double x) { return x + 1; });
  EXPECT_GT(rows_of_parameters(compare_runs(sample_run_of(1), b)[1]), 0);
}

TEST(CompareRuns, DifferentBackEndsMeet) {
  const std::vector<Table> tables = compare_runs(sample_run_of(1, "reference"), sample_run_of(1, "cpu"));
  EXPECT_THAT(tables[0].rows[0].entries[0].text, HasSubstr("reference → cpu"));
}

TEST(CompareRuns, ASharedBackEndIsComparedWithItselfOnly) {
  RunRecord a = sample_run_of(1, "reference");
  for (const CellRecord& cell : sample_run_of(1, "cpu").cells) a.cells.push_back(cell);
  const std::vector<Table> tables = compare_runs(a, sample_run_of(1, "cpu"));
  for (const TableRow& row : tables[1].rows) EXPECT_EQ(row.entries[0].text.find("reference"), std::string::npos);
  EXPECT_THAT(tables[1].notes, Contains("2 cells joined; 2 only in A, 0 only in B, 0 did not end well on both sides."));
}

TEST(CompareRuns, CountsWhatCannotBeCompared) {
  const RunRecord a = sample_run_of(3);
  RunRecord b = sample_run_of(2);
  b.cells.pop_back();
  b.cells[0].status = Status::failed;
  const std::vector<Table> tables = compare_runs(b, a);
  EXPECT_THAT(tables[0].notes, Contains("2 cells joined; 0 only in A, 3 only in B, 1 did not end well on both sides."));
}

TEST(CompareRuns, NothingInCommonIsAnError) {
  RunRecord b = sample_run_of(1);
  for (CellRecord& cell : b.cells) cell.cell.seed = 99;
  EXPECT_THROW(compare_runs(sample_run_of(1), b), UserError);
  EXPECT_THROW(compare_runs(sample_run_of(1), samples::sample_run()), UserError);
}

TEST(CompareRuns, TheCaptionNamesBothMachinesAndTheClock) {
  RunRecord b = sample_run_of(1);
  b.provenance.machine["cpu"] = "Other CPU";
  const std::vector<Table> tables = compare_runs(sample_run_of(1), b);
  EXPECT_THAT(tables[0].caption[0], HasSubstr("A: Run sample (2025-01-31T12:00:00Z): Test CPU"));
  EXPECT_THAT(tables[0].caption[1], HasSubstr("B: Run sample (2025-01-31T12:00:00Z): Other CPU"));
  EXPECT_THAT(tables[0].caption, Contains("Stage 2 is the training."));
}

}  // namespace
}  // namespace frugal::harness
