#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "benchmarks/harness/report/axis.hpp"
#include "benchmarks/harness/report/figures.hpp"
#include "benchmarks/harness/report/label_place.hpp"
#include "benchmarks/harness/report/number_text.hpp"
#include "benchmarks/harness/report/svg.hpp"
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
  EXPECT_THAT(axis_ticks(3e11, 1.2e13, true), ElementsAre(2e11, 5e11, 1e12, 2e12, 5e12, 1e13, 2e13));
}

TEST(AxisTicks, ThatLieCloseHaveTheDigitsThatTellThemApart) {
  EXPECT_THAT(tick_texts(std::vector{13.71e9, 13.72e9}, "FLOP"), ElementsAre("13.71 GFLOP", "13.72 GFLOP"));
  EXPECT_THAT(tick_texts(std::vector{5e11, 1e12}, "FLOP"), ElementsAre("500 GFLOP", "1 TFLOP"));
  EXPECT_THAT(tick_texts(std::vector{0.0, 0.30000000000000004}, ""), ElementsAre("0", "0.3"));
  EXPECT_THAT(tick_texts(std::vector{1e5, 3.162e5}, ""), ElementsAre("100 k", "316 k"));
  EXPECT_THAT(tick_texts(std::vector{10000.0, 20000.0}, "s"), ElementsAre("10000", "20000"));
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
  table.headings = {{.title = "grid", .key = true},
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
  table.figures = column_figures(table, {.x = 1, .y = 2, .series = 0, .log_x = true, .front = true});
  return table;
}

std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(LabelPlace, IsAboveTheMarkOrWhereItCoversNothing) {
  const Box frame{0, 0, 100, 100};
  EXPECT_EQ(free_place({50, 50}, 20, 10, frame, {})->bottom, 42);
  const std::vector<Box> above{{40, 30, 60, 45}};
  EXPECT_EQ(free_place({50, 50}, 20, 10, frame, above)->left, 58) << "right of it";
  EXPECT_EQ(free_place({95, 50}, 20, 10, frame, above)->right, 87) << "left of it, as the frame ends";
  EXPECT_FALSE(free_place({50, 50}, 20, 10, frame, std::vector{frame}));
}

/// Where the mark with this in its title stands: {x, y} of a circle's or a polygon's middle.
PlotPoint place_of_mark(const std::string& svg, const std::string& title) {
  const std::size_t end = svg.find(title), begin = svg.rfind("class=\"mark\"", end), element = svg.rfind('<', begin);
  const std::string mark = svg.substr(element, end - element);
  std::smatch found;
  if (std::regex_search(mark, found, std::regex("cx=\"([0-9.]+)\" cy=\"([0-9.]+)\"")))
    return {std::stod(found[1]), std::stod(found[2])};
  double left = 1e9, right = 0, top = 1e9, bottom = 0;
  const std::regex pair("([0-9.]+),([0-9.]+)");
  for (std::sregex_iterator it(mark.begin(), mark.end(), pair); it != std::sregex_iterator(); ++it) {
    const double x = std::stod((*it)[1]), y = std::stod((*it)[2]);
    left = std::min(left, x), right = std::max(right, x), top = std::min(top, y), bottom = std::max(bottom, y);
  }
  return {(left + right) / 2, (top + bottom) / 2};
}

TEST(Figure, HasAPointARowAColourASeriesAndSaysWhatIsMissing) {
  const Table table = plotted_table();
  const std::string svg = to_svg(table.figures.front());
  EXPECT_EQ(occurrences(svg, "<title>"), 2);
  EXPECT_THAT(svg, HasSubstr("left out for want of a figure: 1"));
  EXPECT_THAT(svg, HasSubstr("n = 3; CPU"));
  EXPECT_THAT(svg, HasSubstr("commit 0123456"));
  EXPECT_THAT(svg, HasSubstr("Pareto front"));
  EXPECT_THAT(svg, HasSubstr("10 GFLOP"));
  EXPECT_THAT(svg, HasSubstr("viewBox=\"0 0 640 "));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
}

TEST(Figure, TellsSeriesApartByShapeToo) {
  const std::string svg = to_svg(plotted_table().figures.front());
  EXPECT_EQ(occurrences(svg, "<circle"), 2) << "a point and its entry in the legend";
  EXPECT_EQ(occurrences(svg, "<polygon"), 2);
}

TEST(Figure, ItsTitleIsForReadersWhoCannotSeeItAndIsNotDrawn) {
  Table table = plotted_table();
  table.figures.front().title = "A < B";
  const std::string svg = to_svg(table.figures.front());
  EXPECT_THAT(svg, HasSubstr("aria-label=\"A &lt; B\""));
  EXPECT_EQ(occurrences(svg, "A &lt; B"), 1);
}

TEST(Figure, LargerValuesAreFurtherRightAndFurtherUp) {
  const std::string svg = to_svg(plotted_table().figures.front());
  const PlotPoint small = place_of_mark(svg, "grid: 2x2"), large = place_of_mark(svg, "grid: 4x4");
  EXPECT_LT(small.x, large.x);
  EXPECT_GT(small.y, large.y);
}

TEST(Figure, IntervalsLieWithinTheAxes) {
  const Figure figure = plotted_table().figures.front();
  EXPECT_LE(figure.y.low, 29.5);
  EXPECT_GE(figure.y.high, 40.5);
  for (const FigureAxis& axis : {figure.x, figure.y}) {
    for (const FigureTick& tick : axis.ticks) {
      EXPECT_GE(tick.value, axis.low);
      EXPECT_LE(tick.value, axis.high);
    }
  }
}

TEST(Figure, TheFrontIsAStaircaseToTheEndOfTheAxis) {
  const Figure figure = plotted_table().figures.front();
  ASSERT_EQ(figure.curves.size(), 1U);
  const std::vector<PlotPoint>& stairs = figure.curves.front().points;
  ASSERT_EQ(stairs.size(), 4U);
  EXPECT_EQ(stairs[1].x, 1e10);
  EXPECT_EQ(stairs[1].y, 30) << "nothing between the two points is reached yet";
  EXPECT_EQ(stairs[3].x, figure.x.high);
  EXPECT_EQ(stairs[3].y, 40);
}

/// Two strategies at three shares of the data, twice, and two controls.
Table strategies_table() {
  Table table{.name = "c", .title = "C"};
  table.headings = {{.title = "kept", .unit = "%", .numeric = true, .key = true},
                    {.title = "embeddings", .key = true},
                    {.title = "batch", .numeric = true, .key = true},
                    {.title = "HR", .numeric = true, .interval = true}};
  const auto add = [&](double kept, const std::string& embeddings, double batch, double hr) {
    TableRow row;
    row.entries = {number_entry(kept, {}, "{:g}", ""),
                   {.text = embeddings},
                   number_entry(batch, {}, "{:g}", ""),
                   number_entry(hr, 0.01, "{:.2f}", "")};
    row.origin = {.n = 3, .machine = "CPU", .commit = "0123456"};
    table.rows.push_back(row);
  };
  for (const double batch : {64, 128})
    for (const double kept : {1, 10, 100})
      for (const char* embeddings : {"mf", "random"}) add(kept, embeddings, batch, 0.3 + kept / 1000);
  add(100, "MF alone", 64, 0.5);
  add(100, "popularity", 64, 0.2);
  return table;
}

TEST(Figure, RowsThatOnlyAnotherColumnTellsApartAreLinesOfTheirOwnAndControlsCrossTheFigure) {
  const Table table = strategies_table();
  const std::vector<Figure> figures = column_figures(
      table, {.x = 0, .y = 3, .series = 1, .references = {"MF alone", "popularity"}, .log_x = true, .lines = true});
  ASSERT_EQ(figures.size(), 1U);
  const Figure& figure = figures.front();
  std::vector<std::string> names;
  for (const FigureSeries& series : figure.series) {
    names.push_back(series.name);
    EXPECT_EQ(series.points.size(), 3U);
  }
  EXPECT_THAT(names, ElementsAre("mf, batch 64", "random, batch 64", "mf, batch 128", "random, batch 128"));
  ASSERT_EQ(figure.curves.size(), 2U);
  EXPECT_EQ(figure.curves[0].name, "MF alone");
  EXPECT_EQ(figure.curves[0].points.front().y, 0.5);
  EXPECT_EQ(figure.curves[0].points.front().x, figure.x.low);
  EXPECT_EQ(figure.curves[0].half_width, 0.01);
}

TEST(Figure, TooManyLinesFallIntoSeveralFigures) {
  Table table = strategies_table();
  for (TableRow row : std::vector(table.rows.begin(), table.rows.begin() + 6)) {
    row.entries[2] = number_entry(256, {}, "{:g}", "");
    table.rows.push_back(row);
    row.entries[2] = number_entry(512, {}, "{:g}", "");
    table.rows.push_back(row);
  }
  const std::vector<Figure> figures = column_figures(
      table, {.x = 0, .y = 3, .series = 1, .references = {"MF alone", "popularity"}, .log_x = true, .lines = true});
  ASSERT_EQ(figures.size(), 4U);
  for (const Figure& figure : figures) {
    EXPECT_EQ(figure.series.size(), 2U);
    EXPECT_EQ(figure.curves.size(), 2U);
  }
  EXPECT_EQ(figures.front().title, "HR against kept (batch 64)");
  EXPECT_THAT(figures.front().origin, testing::StartsWith("batch 64; n = ")) << "a picture has no title";
}

TEST(Figure, TicksStandAtTheSettingsWithTheirUnit) {
  const Table table = strategies_table();
  const Figure figure = column_figures(table, {.x = 0, .y = 3, .series = 1, .log_x = true, .lines = true}).front();
  std::vector<std::string> ticks;
  for (const FigureTick& tick : figure.x.ticks) ticks.push_back(tick.text);
  EXPECT_THAT(ticks, ElementsAre("1 %", "10 %", "100 %"));
}

TEST(Figure, OfOneSettingIsNone) {
  Table table = strategies_table();
  std::erase_if(table.rows, [](const TableRow& row) { return *row.entries[0].value < 100; });
  EXPECT_TRUE(column_figures(table, {.x = 0, .y = 3, .series = 1, .lines = true}).empty());
}

TEST(Figure, IsPartOfThePageAndAFileOfItsOwn) {
  const Table table = plotted_table();
  EXPECT_THAT(render({&table, 1}, TableFormat::html), HasSubstr("<svg"));
  EXPECT_TRUE(render({&table, 1}, TableFormat::svg).starts_with("<svg"));
  const Table bare{.name = "t", .title = "t"};
  EXPECT_THROW(render({&bare, 1}, TableFormat::svg), UserError);
}

}  // namespace
}  // namespace frugal::harness
