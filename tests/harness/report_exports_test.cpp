// Figures for other tools: every metric of every cell, with unit and direction.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/report/exports/exports.hpp"
#include "tests/harness/sample_runs.hpp"

namespace frugal::harness {
namespace {

using samples::RunRecord;
using samples::sample_run_of;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<RunRecord> exported_runs{sample_run_of(3)};

TEST(Measurements, AreEveryMetricAndTimeOfEveryCell) {
  const std::vector<Measurement> figures = measurements_of(exported_runs);
  ASSERT_EQ(figures.size(), 12u) << "three metrics, two stages and the total, of two cells";
  const Measurement& rate = figures.at(0);
  EXPECT_EQ(rate.metric, "hr@10[neg=99]");
  EXPECT_EQ(rate.cell_name(), "cadc.cpu ml-1m keep_fraction=1");
  EXPECT_EQ(rate.direction, MetricDescriptor::Direction::higher_is_better);
  EXPECT_NEAR(rate.mean, 0.702, 1e-12);
  EXPECT_NEAR(*rate.half_width, 4.302653 * 0.001 / std::sqrt(3), 1e-8);
  EXPECT_EQ(rate.n, 3);
  EXPECT_EQ(figures.at(5).metric, "time.total");
  EXPECT_EQ(figures.at(5).unit, "s");
}

TEST(Measurements, LeaveOutTimesBesideOtherWork) {
  std::vector<RunRecord> busy = exported_runs;
  for (CellRecord& cell : busy[0].cells) cell.conditions = {{.others = 1.0}};
  for (const Measurement& figure : measurements_of(busy)) EXPECT_THAT(figure.metric, Not(HasSubstr("time.")));
}

TEST(Exports, BencherHasAValueWithItsInterval) {
  const Json json = Json::parse(export_runs(exported_runs, ExportFormat::bencher));
  const Json& metric = json.at("cadc.cpu ml-1m keep_fraction=0.1").at("logloss");
  EXPECT_NEAR(metric.at("value"), 0.318, 1e-12);
  EXPECT_LT(metric.at("lower_value"), metric.at("value"));
  EXPECT_GT(metric.at("upper_value"), metric.at("value"));
  EXPECT_FALSE(json.at("cadc.cpu ml-1m keep_fraction=1").at("time.total").contains("lower_value"));
}

TEST(Exports, BenchmarkActionNeverMixesDirections) {
  const std::string smaller = export_runs(exported_runs, ExportFormat::smaller_is_better);
  const std::string bigger = export_runs(exported_runs, ExportFormat::bigger_is_better);
  EXPECT_THAT(smaller, Not(HasSubstr("hr@10")));
  EXPECT_THAT(bigger, Not(HasSubstr("time.")));
  EXPECT_EQ(Json::parse(smaller).size() + Json::parse(bigger).size(), 10u) << "all but the parameters";
  EXPECT_EQ(Json::parse(smaller).at(0).at("unit"), "ratio");
  EXPECT_THAT(Json::parse(smaller).at(0).at("extra").get<std::string>(), HasSubstr("0123456789ab (Release)"));
}

TEST(Exports, OpenMetricsNamesUnitsAndEnds) {
  const std::string text = export_runs(exported_runs, ExportFormat::openmetrics);
  EXPECT_THAT(text, HasSubstr("# TYPE frugal_time_total_seconds gauge\n# UNIT frugal_time_total_seconds seconds\n"));
  EXPECT_THAT(text, HasSubstr("frugal_hr_10_neg_99_ratio{run=\"runs/sample\",workload=\"cadc\",backend=\"cpu\","));
  EXPECT_THAT(text, HasSubstr("frugal_parameters{"));
  EXPECT_TRUE(text.ends_with("# EOF\n"));
}

TEST(Exports, ARunWithoutFiguresIsRefused) {
  std::vector<RunRecord> failed = exported_runs;
  for (CellRecord& cell : failed[0].cells) cell.status = Status::failed;
  EXPECT_THROW(export_runs(failed, ExportFormat::bencher), UserError);
}

}  // namespace
}  // namespace frugal::harness
