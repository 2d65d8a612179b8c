// What a table shows is what the records hold: relations, sums and limits by hand, and the ways to write them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "benchmarks/harness/report/column_values.hpp"
#include "benchmarks/harness/report/figures.hpp"
#include "benchmarks/harness/report/number_text.hpp"
#include "benchmarks/harness/report/report.hpp"
#include "benchmarks/harness/report/svg.hpp"
#include "benchmarks/harness/report/table.hpp"
#include "impl/base/error.hpp"
#include "tests/harness/sample_runs.hpp"

namespace frugal::harness {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Relation = ColumnSpec::Relation;
using StageValue = ColumnSpec::StageValue;

TEST(ReportValues, RelationsAreSeedBySeedAndTheRightWayUp) {
  const std::map<std::string, double> values{{"1", 8}, {"2", 30}, {"3", 7}};
  const std::map<std::string, double> reference{{"1", 4}, {"2", 20}, {"9", 1}};
  EXPECT_THAT(related_values(Relation::difference, values, reference), ElementsAre(4, 10));
  EXPECT_THAT(related_values(Relation::percent, values, reference), ElementsAre(100, 50));
  EXPECT_THAT(related_values(Relation::percent, {{"1", -10}, {"2", -4}}, {{"1", -5}, {"2", -5}}),
              ElementsAre(-100, 20));
  EXPECT_THAT(related_values(Relation::ratio, values, reference), ElementsAre(2, 1.5));
  EXPECT_THAT(related_values(Relation::speedup, values, reference), ElementsAre(0.5, DoubleEq(20.0 / 30)));
  // What cannot be divided by has no relation but the difference.
  EXPECT_THAT(related_values(Relation::ratio, {{"1", 2}}, {{"1", 0}}), ElementsAre());
  EXPECT_THAT(related_values(Relation::speedup, {{"1", 0}}, {{"1", 2}}), ElementsAre());
  EXPECT_THAT(related_values(Relation::difference, {{"1", 2}}, {{"1", 0}}), ElementsAre(2));
}

TEST(ReportValues, AWidthThatIsNotZeroIsNotShownAsZero) {
  const auto text = [](double value, double half_width, const char* format) {
    const TableEntry entry = number_entry(value, half_width, format, "");
    return entry.text + " ± " + entry.half_width_text;
  };
  EXPECT_EQ(text(0.159, 0.003, "{:.2f}"), "0.159 ± 0.003");
  EXPECT_EQ(text(0.6456, 0.0092, "{:.1f}"), "0.646 ± 0.009");
  EXPECT_EQ(text(0.159, 0.006, "{:.2f}"), "0.16 ± 0.01");
  EXPECT_EQ(text(0.159, 0, "{:.2f}"), "0.16 ± 0.00") << "seeds that agree";
  EXPECT_EQ(text(1, 1e-9, "{:.2f}"), "1.00 ± 0.00") << "two decimals more do not show it";
}

/// Stages "a" of 1, 2, 6 s and "b" of 10, 10, 10 s.
CellRecord two_stages() {
  CellRecord record = samples::sample_cell(1, 1, 0.5);
  record.stages = {{"a", {1, 2, 6}, 40, 8, 6}, {"b", {10, 10, 10}, 20, 2, 0}};
  record.limits = {.flops = 10, .bytes = 4, .sines = 1};
  return record;
}

std::optional<double> stage_column(const char* stage, StageValue value) {
  return column_value({.source = ColumnSpec::Source::stage, .name = stage, .stage_value = value}, two_stages());
}

TEST(ReportValues, OfAStageAndOfAllStages) {
  EXPECT_EQ(stage_column("a", StageValue::time), 2) << "the median of the repeats";
  EXPECT_EQ(stage_column("total", StageValue::time), 12);
  EXPECT_EQ(stage_column("a", StageValue::flops), 40);
  EXPECT_EQ(stage_column("total", StageValue::flops), 60);
  EXPECT_EQ(stage_column("total", StageValue::bytes), 10);
  EXPECT_EQ(stage_column("a", StageValue::flop_rate), 20);
  EXPECT_EQ(stage_column("total", StageValue::flop_rate), 5);
  EXPECT_EQ(stage_column("a", StageValue::byte_rate), 4);
  EXPECT_EQ(stage_column("c", StageValue::flops), std::nullopt);
}

TEST(ReportValues, TheBoundIsThatOfTheScarcestResource) {
  // Of "a": 4 s of compute, 2 s of memory, 6 s of sines, in 2 s.
  EXPECT_EQ(stage_column("a", StageValue::bound), 300);
  // Of "b": 2 s of compute, 0.5 s of memory, no sines, in 10 s.
  EXPECT_EQ(stage_column("b", StageValue::bound), 20);
}

std::string csv_of(const std::string& cell) {
  Table table{.name = "t", .title = "t"};
  table.headings = {{.title = "x"}, {.title = "y", .numeric = true}};
  TableRow row;
  row.entries = {{.text = cell}, {.text = "1", .value = 1}};
  row.origin = {.n = 1, .machine = "m", .commit = "c"};
  table.rows = {row};
  return render({&table, 1}, TableFormat::csv);
}

TEST(ReportValues, WhateverWouldEndAFieldIsQuotedInCsv) {
  const std::string head =
      "run,table,x,metric,column,relation,unit,n,mean,half_width,min,max,status,disturbed,machine,commit\n,t,";
  const std::string tail = ",y,y,,,1,1,,,,,,m,c\n";
  EXPECT_EQ(csv_of("plain"), head + "plain" + tail);
  EXPECT_EQ(csv_of("a,b"), head + "\"a,b\"" + tail);
  EXPECT_EQ(csv_of("a\nb"), head + "\"a\nb\"" + tail);
  EXPECT_EQ(csv_of("a\rb"), head + "\"a\rb\"" + tail);
  EXPECT_EQ(csv_of("a\"b"), head + "\"a\"\"b\"" + tail);
}

TEST(ReportValues, APlotOfAColumnThatNobodyKnowsIsAMistakeWithASuggestion) {
  const samples::RunRecord run = samples::sample_run_of(2);
  const auto table = [&](const std::string& x) {
    return make_table(
        parse_table_specs("schema: 1\ntitle: t\nworkload: cadc\nrows: [{key: params.cadc.keep_fraction, title: "
                          "kept}]\ncolumns: [{metric: \"hr@10[neg=99]\", title: HR}]\nplots: [{x: " +
                              x + ", y: HR}]\n",
                          "t.yaml")
            .at(0),
        {&run, 1});
  };
  EXPECT_EQ(table("kept").figures.size(), 1U);
  try {
    table("kpet");
    FAIL() << "accepted";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("t.yaml:6:"));
    EXPECT_THAT(error.what(), HasSubstr("did you mean 'kept'"));
  }
}

TEST(ReportValues, ALogarithmicAxisGivesEachFactorOfTenTheSameWay) {
  Table table{.name = "t", .title = "t"};
  table.headings = {{.title = "x", .numeric = true}, {.title = "y", .numeric = true}};
  for (const double x : {1.0, 10.0, 100.0, 1000.0, 10000.0}) {
    TableRow row;
    row.entries = {{.text = "x", .value = x}, {.text = "y", .value = x == 1 ? 0.0 : 1.0}};
    table.rows.push_back(row);
  }
  const std::string svg = to_svg(column_figures(table, {.x = 0, .y = 1, .log_x = true}).front());
  std::vector<double> places;
  const std::regex place("<circle cx=\"([0-9.]+)\"");
  for (std::sregex_iterator it(svg.begin(), svg.end(), place); it != std::sregex_iterator(); ++it)
    places.push_back(std::stod((*it)[1]));
  ASSERT_EQ(places.size(), 5U);
  EXPECT_GT(places[1] - places[0], 100);
  for (std::size_t i = 2; i < places.size(); ++i)
    EXPECT_NEAR(places[i] - places[i - 1], places[1] - places[0], 0.11) << "rounded to a tenth of a pixel";
}

}  // namespace
}  // namespace frugal::harness
