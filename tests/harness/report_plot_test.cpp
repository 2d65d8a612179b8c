#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/report/number_text.hpp"
#include "benchmarks/harness/report/plot.hpp"
#include "impl/base/error.hpp"

namespace frugal::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ParetoFront, KeepsWhatNoOtherBeats) {
  const std::vector<PlotPoint> points{{3, 5}, {1, 2}, {2, 2}, {2, 4}, {4, 5}, {5, 9}};
  EXPECT_THAT(pareto_front(points), ElementsAre(1, 3, 0, 5));
}

TEST(ParetoFront, OfEqualPointsKeepsOneAndOfNoneNone) {
  const std::vector<PlotPoint> points{{1, 1}, {1, 1}};
  EXPECT_THAT(pareto_front(points), ElementsAre(0));
  EXPECT_TRUE(pareto_front({}).empty());
}

TEST(AxisTicks, AreRoundAndEncloseTheValues) {
  EXPECT_THAT(axis_ticks(0, 11, false), ElementsAre(0, 2, 4, 6, 8, 10, 12));
  EXPECT_THAT(axis_ticks(1e3, 1e6, true), ElementsAre(1e3, 1e4, 1e5, 1e6));
  EXPECT_THAT(axis_ticks(3, 40, true), ElementsAre(2, 5, 10, 20, 50));
}

TEST(AxisTicks, OfOneValueStillSpanAnAxis) {
  for (const bool logarithmic : {false, true}) {
    const std::vector<double> ticks = axis_ticks(7, 7, logarithmic);
    EXPECT_LT(ticks.front(), ticks.back());
    EXPECT_LE(ticks.front(), 7);
    EXPECT_GE(ticks.back(), 7);
  }
}

Table plotted_table() {
  Table table{.name = "t", .title = "A < B"};
  table.headings = {{.title = "grid"},
                    {.title = "work", .unit = "FLOP", .numeric = true},
                    {.title = "PSNR", .unit = "dB", .numeric = true, .interval = true}};
  const auto add = [&](const char* grid, double work, std::optional<double> psnr) {
    TableRow row;
    row.entries = {{.text = grid},
                   number_entry(work, {}, "si", "FLOP"),
                   psnr ? number_entry(*psnr, 0.5, "{:.1f}", "dB") : TableEntry{.text = "failed"}};
    row.origin = {.n = 3, .machine = "CPU", .commit = "0123456"};
    table.rows.push_back(row);
  };
  add("2x2", 1e9, 30);
  add("4x4", 1e10, 40);
  add("4x4", 1e10, std::nullopt);
  table.plots = {{.x = 1, .y = 2, .series = 0, .log_x = true, .front = true}};
  return table;
}

std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(Plot, HasAPointARowAColourASeriesAndSaysWhatIsMissing) {
  const Table table = plotted_table();
  const std::string svg = to_svg(table, table.plots.front());
  EXPECT_EQ(occurrences(svg, "<title>"), 2);
  EXPECT_THAT(svg, HasSubstr("A &lt; B"));
  EXPECT_THAT(svg, HasSubstr("left out for want of a figure: 1"));
  EXPECT_THAT(svg, HasSubstr("n = 3; CPU"));
  EXPECT_THAT(svg, HasSubstr("commit 0123456"));
  EXPECT_THAT(svg, HasSubstr("Pareto front"));
  EXPECT_THAT(svg, HasSubstr("10 GFLOP"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
}

TEST(Plot, LargerValuesAreFurtherRightAndFurtherUp) {
  const Table table = plotted_table();
  const std::string svg = to_svg(table, table.plots.front());
  // The ends of the axes are the values of the two points.
  EXPECT_THAT(svg, HasSubstr("cx=\"80.0\" cy=\"364.0\""));
  EXPECT_THAT(svg, HasSubstr("cx=\"590.0\" cy=\"40.0\""));
}

TEST(Plot, IsPartOfThePageAndAFileOfItsOwn) {
  const Table table = plotted_table();
  EXPECT_THAT(render({&table, 1}, TableFormat::html), HasSubstr("<svg"));
  EXPECT_TRUE(render({&table, 1}, TableFormat::svg).starts_with("<svg"));
  const Table bare{.name = "t", .title = "t"};
  EXPECT_THROW(render({&bare, 1}, TableFormat::svg), UserError);
}

}  // namespace
}  // namespace frugal::harness
