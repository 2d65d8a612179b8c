// Figures of records (time per stage, roofline), and a figure in the forms that authors edit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "benchmarks/harness/report/report.hpp"
#include "tests/harness/sample_runs.hpp"

namespace frugal::harness {
namespace {

using samples::RunRecord;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* figure_spec = R"(schema: 1
title: T
workload: cadc
rows: [{key: params.cadc.keep_fraction, title: kept, scale: 100, unit: "%", format: "{:g}"}]
columns: [{metric: "hr@10[neg=99]", title: HR}]
plots:
  - {x: kept, y: HR, log: [x], lines: true}
  - {kind: stages}
  - {kind: roofline}
)";

Table table_of(const RunRecord& run) { return make_table(parse_table_specs(figure_spec, "t.yaml").front(), {&run, 1}); }

std::vector<std::string> titles(const Table& table) {
  std::vector<std::string> texts;
  for (const Figure& figure : table.figures) texts.push_back(figure.title);
  return texts;
}

TEST(StageFigure, IsABarARowOfMedianSeconds) {
  const Table table = table_of(samples::sample_run_of(2));
  EXPECT_THAT(titles(table), ElementsAre("HR against kept", "Time per stage")) << "no record has limits";
  const Figure& figure = table.figures[1];
  EXPECT_THAT(figure.bars, ElementsAre("100 %", "10 %"));
  ASSERT_EQ(figure.series.size(), 2U);
  EXPECT_EQ(figure.series[0].name, "factorize");
  EXPECT_EQ(figure.series[0].points[1].at.x, 2.0);
  EXPECT_EQ(figure.series[0].points[1].at.y, 1.0);
  EXPECT_EQ(figure.series[1].points[0].at.x, 1.5) << "the median of 1, 3 and 1.5";
  EXPECT_GE(figure.x.high, 3.5);
}

TEST(StageFigure, StagesThatCannotBeSeenAreOne) {
  RunRecord run = samples::sample_run_of(1);
  for (CellRecord& cell : run.cells) {
    cell.stages.push_back({"load", {0.001}});
    cell.stages.push_back({"evaluate", {0.002}});
  }
  const Figure figure = table_of(run).figures[1];
  ASSERT_EQ(figure.series.size(), 3U);
  EXPECT_EQ(figure.series[2].name, "other");
  EXPECT_EQ(figure.series[2].points.size(), 4U);
}

TEST(StageFigure, TimesThatTheRunDisownsAreNotDrawn) {
  RunRecord run = samples::sample_run_of(1);
  run.provenance.disturbed = {.why = "a build ran beside it"};
  for (CellRecord& cell : run.cells) {
    cell.disowned = true;
    for (StageRecord& stage : cell.stages) stage.wall_s.clear();
  }
  EXPECT_THAT(titles(table_of(run)), ElementsAre("HR against kept"));
}

TEST(Roofline, IsTheLesserOfBothLimits) {
  RunRecord run = samples::sample_run_of(2);
  for (CellRecord& cell : run.cells) cell.limits = {.flops = 2e12, .bytes = 1e11};
  const Figure figure = table_of(run).figures.at(2);
  ASSERT_EQ(figure.curves.size(), 1U);
  EXPECT_EQ(figure.curves[0].name, "limit: 2.00 TFLOP/s, 100 GB/s");
  const std::vector<PlotPoint>& roof = figure.curves[0].points;
  ASSERT_EQ(roof.size(), 3U);
  EXPECT_DOUBLE_EQ(roof[0].y, roof[0].x * 1e11);
  EXPECT_DOUBLE_EQ(roof[1].x, 20);
  EXPECT_DOUBLE_EQ(roof[1].y, 2e12);
  EXPECT_DOUBLE_EQ(roof[2].y, 2e12);
  // Training alone states bytes, so its rows are what is told apart: 1.5e12 FLOP and 3e6 B in 1.5 s.
  ASSERT_EQ(figure.series.size(), 2U);
  EXPECT_EQ(figure.series_title, "train");
  EXPECT_EQ(figure.series[0].name, "100 %");
  EXPECT_DOUBLE_EQ(figure.series[0].points[0].at.x, 5e5);
  EXPECT_DOUBLE_EQ(figure.series[0].points[0].at.y, 1e12);
}

TEST(Roofline, HasTheSlopesOfTheCachesThatWereMeasured) {
  RunRecord run = samples::sample_run_of(1);
  for (CellRecord& cell : run.cells) cell.limits = {.flops = 2e12, .bytes = 1e11, .l1 = 1e12, .l3 = 2e11};
  const Figure figure = table_of(run).figures.at(2);
  ASSERT_EQ(figure.curves.size(), 3U);
  EXPECT_EQ(figure.curves[1].name, "if all came from L3: 200 GB/s");
  EXPECT_EQ(figure.curves[2].name, "if all came from L1: 1.00 TB/s");
  const std::vector<PlotPoint>& slope = figure.curves[2].points;
  ASSERT_EQ(slope.size(), 2U);
  EXPECT_LT(slope[0].x, slope[1].x);
  EXPECT_DOUBLE_EQ(slope[0].y, slope[0].x * 1e12);
  EXPECT_DOUBLE_EQ(slope[1].x, 2);
}

TEST(LossFigure, HasALineARow) {
  RunRecord run = samples::sample_run_of(2);
  const std::string losses =
      "schema: 1\ntitle: t\nworkload: cadc\nrows: [{key: params.cadc.keep_fraction, title: kept}]\n"
      "columns: [{stage: train}]\nplots: [{kind: losses}]\n";
  const auto figures = [&] { return make_table(parse_table_specs(losses, "t.yaml").at(0), {&run, 1}).figures; };
  EXPECT_TRUE(figures().empty()) << "no record has losses";
  for (CellRecord& cell : run.cells)
    cell.curves = {{"train", {1, 50, 100}, {1.0, 0.1, static_cast<double>(cell.cell.seed) / 100}}};
  ASSERT_EQ(figures().size(), 1U);
  const Figure figure = figures().at(0);
  EXPECT_EQ(figure.title, "Loss during train");
  EXPECT_TRUE(figure.lines);
  EXPECT_TRUE(figure.y.logarithmic);
  ASSERT_EQ(figure.series.size(), 2U);
  EXPECT_EQ(figure.series[0].name, "kept 1");
  ASSERT_EQ(figure.series[0].points.size(), 3U);
  EXPECT_EQ(figure.series[0].points[2].at.x, 100);
  EXPECT_EQ(figure.series[0].points[2].at.y, 0.01) << "of the first seed";
}

TEST(VegaWriter, HasEveryPointWithItsInterval) {
  const Table table = table_of(samples::sample_run_of(3));
  const auto vega = nlohmann::json::parse(render({&table, 1}, TableFormat::vega));
  ASSERT_EQ(vega.at("vconcat").size(), 2U);
  const auto& values = vega["vconcat"][0]["data"]["values"];
  ASSERT_EQ(values.size(), 2U);
  EXPECT_EQ(values[0]["x"], 10);
  EXPECT_NEAR(values[0]["y"], 0.682, 1e-12);
  EXPECT_LT(values[0]["low"], values[0]["y"]);
  EXPECT_EQ(vega["vconcat"][1]["data"]["values"].size(), 4U) << "two stages of two rows";
}

TEST(MatplotlibWriter, HasTheDataInIt) {
  const Table table = table_of(samples::sample_run_of(1));
  const std::string script = render({&table, 1}, TableFormat::matplotlib);
  EXPECT_TRUE(script.starts_with("#!/usr/bin/env python3\n"));
  EXPECT_THAT(script, HasSubstr("    (10, 0.681"));
  EXPECT_THAT(script, HasSubstr("finish(figure, axes, \"stage\", \"t_2\")"));
}

std::string with_plot(const std::string& plot) {
  return "schema: 1\ntitle: T\nworkload: cadc\nrows: [{key: params.cadc.keep_fraction, title: kept}]\ncolumns: [{metric: "
         "logloss}, {stage: train, title: train}, {stage: total, title: total}]\nplots: [" +
         plot + "]\n";
}

TEST(PlotSpecs, SeveralColumnsOfOneUnitAreSeries) {
  const RunRecord run = samples::sample_run_of(1);
  const Table table = make_table(
      parse_table_specs(with_plot("{x: kept, y: [total, train], lines: true}"), "t.yaml").front(), {&run, 1});
  ASSERT_EQ(table.figures.size(), 1U);
  const Figure& figure = table.figures.front();
  EXPECT_EQ(figure.title, "time against kept");
  EXPECT_EQ(figure.y.title, "time [s]");
  ASSERT_EQ(figure.series.size(), 2U);
  EXPECT_EQ(figure.series[0].name, "total");
  EXPECT_DOUBLE_EQ(figure.series[0].points[0].at.y, 3.5);
  EXPECT_DOUBLE_EQ(figure.series[1].points[0].at.y, 1.5);
  EXPECT_EQ(figure.series[1].points[0].detail, "kept: 0.1\ntrain [s]: 1.50");
}

TEST(PlotSpecs, SeveralColumnsOfXAreSeriesToo) {
  const RunRecord run = samples::sample_run_of(1);
  const Table table =
      make_table(parse_table_specs(with_plot("{x: [total, train], y: logloss}"), "t.yaml").front(), {&run, 1});
  ASSERT_EQ(table.figures.size(), 1U);
  const Figure& figure = table.figures.front();
  EXPECT_EQ(figure.title, "logloss against time");
  EXPECT_EQ(figure.x.title, "time [s]");
  EXPECT_EQ(figure.y.title, "logloss");
  ASSERT_EQ(figure.series.size(), 2U);
  EXPECT_EQ(figure.series[0].name, "total");
  EXPECT_DOUBLE_EQ(figure.series[0].points[0].at.x, 3.5);
  EXPECT_EQ(figure.series[1].name, "train");
  EXPECT_DOUBLE_EQ(figure.series[1].points[0].at.x, 1.5);
  EXPECT_DOUBLE_EQ(figure.series[1].points[0].at.y, figure.series[0].points[0].at.y);
  EXPECT_EQ(figure.series[1].points[0].detail, "kept: 1\ntrain [s]: 1.50\nlogloss: 0.2990");
}

TEST(PlotSpecs, ColumnsOfDifferentUnitsCannotShareAnAxis) {
  const RunRecord run = samples::sample_run_of(1);
  const auto specs = parse_table_specs(with_plot("{x: kept, y: [total, logloss]}"), "t.yaml");
  EXPECT_THROW(make_table(specs.front(), {&run, 1}), UserError);
  const auto of_x = parse_table_specs(with_plot("{x: [total, logloss], y: train}"), "t.yaml");
  EXPECT_THROW(make_table(of_x.front(), {&run, 1}), UserError);
  EXPECT_THROW(parse_table_specs(with_plot("{x: kept, y: [total, train], series: kept}"), "t.yaml"), UserError);
}

TEST(PlotSpecs, OfAKindThatNeedsNoColumnsHaveNone) {
  const std::string text = std::string(figure_spec) + "  - {kind: stages, x: kept}\n";
  EXPECT_THROW(parse_table_specs(text, "t.yaml"), UserError);
}

}  // namespace
}  // namespace frugal::harness
