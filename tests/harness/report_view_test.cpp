// What a reader sees of a table: columns, rows and order that were asked for, in the width that there is.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/report/number_text.hpp"
#include "benchmarks/harness/report/report.hpp"
#include "benchmarks/harness/report/text_layout.hpp"
#include "benchmarks/harness/report/view.hpp"
#include "benchmarks/harness/study/seed_values.hpp"
#include "impl/base/error.hpp"
#include "tests/harness/record_fixture.hpp"
#include "tests/harness/sample_runs.hpp"

namespace frugal::harness {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

Heading figure_of(const std::string& title, const std::string& name = "") {
  return {.title = title, .numeric = true, .name = name};
}

/// Three rows that differ in `kept`, named by it and by `budget`, which they share; and `figures` columns f0, f1, ...
Table three_rows(std::size_t figures) {
  Table table{.name = "t", .title = "Three rows"};
  table.headings = {{.title = "kept", .unit = "%", .numeric = true, .name = "params.cadc.keep_fraction", .key = true},
                    {.title = "budget", .name = "params.cadc.budget", .key = true}};
  for (std::size_t i = 0; i < figures; ++i) table.headings.push_back(figure_of("f" + std::to_string(i)));
  for (const double kept : {100.0, 10.0, 1.0}) {
    TableRow row;
    row.entries = {{.text = std::to_string(static_cast<int>(kept)), .value = kept}, {.text = "epochs"}};
    for (std::size_t i = 0; i < figures; ++i) {
      const double value = kept + static_cast<double>(i);
      row.entries.push_back({.text = std::to_string(static_cast<int>(value)), .value = value});
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table arranged(const Table& table, const View& view) { return arrange({table}, view).at(0); }

std::vector<std::string> shown_titles(const Table& table) {
  std::vector<std::string> titles;
  for (const Heading& heading : visible(table).headings) titles.push_back(heading.title);
  return titles;
}

std::vector<std::string> first_texts(const Table& table) {
  std::vector<std::string> texts;
  for (const TableRow& row : visible(table).rows) texts.push_back(row.entries.at(0).text);
  return texts;
}

std::string view_error(const View& view) {
  return fixtures::user_error_of([&] { arrange({three_rows(3)}, view); });
}

TEST(ReportView, WhatAllRowsShareStandsInTheCaption) {
  Table table = three_rows(2);
  for (TableRow& row : table.rows) row.entries[3] = {.text = "2048", .value = 2048};
  table.headings[3].unit = "B";
  const Table seen = arranged(table, {});
  EXPECT_THAT(shown_titles(seen), ElementsAre("kept", "f0"));
  EXPECT_THAT(seen.caption, Contains("All rows: budget epochs, f1 2048 B."));
  EXPECT_THAT(seen.left_out, IsEmpty());
}

TEST(ReportView, OneRowKeepsItsColumns) {
  Table table = three_rows(2);
  table.rows.resize(1);
  EXPECT_THAT(shown_titles(arranged(table, {})), ElementsAre("kept", "budget", "f0", "f1"));
}

TEST(ReportView, AtMostEightColumnsAndTheTableSaysWhichItLacks) {
  const Table seen = arranged(three_rows(12), {});
  EXPECT_THAT(shown_titles(seen), ElementsAre("kept", "f0", "f1", "f2", "f3", "f4", "f5", "f6"));
  EXPECT_THAT(seen.left_out, ElementsAre("f7", "f8", "f9", "f10", "f11"));
  EXPECT_THAT(render({&seen, 1}, TableFormat::markdown), HasSubstr("Not shown: f7, f8, f9, f10, f11 (--columns all"));
  EXPECT_EQ(shown_titles(arranged(three_rows(12), {.columns = {"all"}})).size(), 13u);
}

TEST(ReportView, TheNumberOfSeedsIsTheLastToGoWhereRowsDifferInIt) {
  Table table = three_rows(9);
  table.headings.push_back(figure_of("n", "n"));
  for (std::size_t i = 0; i < 3; ++i)
    table.rows[i].entries.push_back({.text = std::to_string(i), .value = static_cast<double>(i)});
  EXPECT_THAT(shown_titles(arranged(table, {})), ElementsAre("kept", "f0", "f1", "f2", "f3", "f4", "f5", "n"));
}

TEST(ReportView, ColumnsOnDemandAreShownOnDemand) {
  Table table = three_rows(3);
  table.headings[3].more = true;
  EXPECT_THAT(shown_titles(arranged(table, {})), ElementsAre("kept", "f0", "f2"));
  EXPECT_THAT(arranged(table, {}).left_out, ElementsAre("f1"));
  EXPECT_THAT(shown_titles(arranged(table, {.columns = {"f1"}})), ElementsAre("kept", "f1"));
}

TEST(ReportView, NamedColumnsComeInTheirOrderBesideWhatNamesTheRows) {
  EXPECT_THAT(shown_titles(arranged(three_rows(3), {.columns = {"f2,f0"}})), ElementsAre("kept", "f2", "f0"));
  EXPECT_THAT(shown_titles(arranged(three_rows(3), {.columns = {"budget", "f1"}})),
              ElementsAre("kept", "budget", "f1"));
}

TEST(ReportView, AColumnIsCalledByItsTitleOrByWhatItShowsWithCommasOrNot) {
  Table table = three_rows(2);
  table.headings[2].name = "hr@10[neg=99,q1]";
  table.headings[3].title = "HR@10, all";
  EXPECT_THAT(shown_titles(arranged(table, {.columns = {"hr@10[neg=99,q1],HR@10, all"}})),
              ElementsAre("kept", "f0", "HR@10, all"));
  EXPECT_THAT(first_texts(arranged(table, {.rows = {"keep_fraction=10"}})), ElementsAre("10"));
}

TEST(ReportView, RowsAreThoseThatMatchEveryColumnAndOfOneColumnAnyValue) {
  EXPECT_THAT(first_texts(arranged(three_rows(1), {.rows = {"kept=10,kept=1.0"}})), ElementsAre("10", "1"));
  EXPECT_THAT(first_texts(arranged(three_rows(1), {.rows = {"budget=epochs", "kept=100"}})), ElementsAre("100"));
}

TEST(ReportView, SortsByAColumnEitherWayRowsWithoutAFigureLast) {
  Table table = three_rows(1);
  table.rows[0].entries[2] = {.text = "failed"};
  EXPECT_THAT(first_texts(arranged(table, {.sort = "f0"})), ElementsAre("1", "10", "100"));
  EXPECT_THAT(first_texts(arranged(table, {.sort = "-f0"})), ElementsAre("10", "1", "100"));
}

TEST(ReportView, WordsAreSortedByTheNumbersInThem) {
  Table table = three_rows(1);
  for (const auto& [row, grid] : {std::pair(0, "16x16"), {1, "2x2"}, {2, "4x4"}})
    table.rows[static_cast<std::size_t>(row)].entries[1].text = grid;
  EXPECT_THAT(first_texts(arranged(table, {.sort = "budget"})), ElementsAre("10", "1", "100"));
  EXPECT_THAT(first_texts(arranged(table, {.sort = "-budget"})), ElementsAre("100", "1", "10"));
}

TEST(ReportView, RowsAndColumnsChangePlaces) {
  const Table turned = arranged(three_rows(2), {.transpose = true});
  EXPECT_THAT(shown_titles(turned), ElementsAre("kept [%]", "100", "10", "1"));
  EXPECT_THAT(first_texts(turned), ElementsAre("f0", "f1"));
}

/// Rates 100, 10 and 1 of the budgets "epochs" and "steps"; of the last the rate 1 is missing. f0 = rate, f1 = rate + 1,
/// and 50 more of each with "steps".
Table two_budgets() {
  Table table = three_rows(2);
  for (std::size_t i = 0; i < 2; ++i) {
    TableRow row = table.rows[i];
    row.entries[1].text = "steps";
    for (std::size_t column = 2; column < 4; ++column) {
      *row.entries[column].value += 50;
      row.entries[column].text = std::to_string(static_cast<int>(*row.entries[column].value));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::vector<std::string> texts_of(const TableRow& row) {
  std::vector<std::string> texts;
  for (const TableEntry& entry : row.entries) texts.push_back(entry.text);
  return texts;
}

TEST(ReportView, APivotPutsTheValuesOfAColumnSideBySide) {
  Table table = two_budgets();
  table.headings[2].unit = "dB";
  const Table seen = visible(arranged(table, {.pivot = "kept"}));
  EXPECT_EQ(seen.title, "Three rows: f0 [dB]");
  EXPECT_EQ(seen.headings[1].unit, "");
  EXPECT_THAT(shown_titles(seen), ElementsAre("budget", "kept 100%", "kept 10%", "kept 1%"));
  ASSERT_EQ(seen.rows.size(), 2u);
  EXPECT_THAT(texts_of(seen.rows[0]), ElementsAre("epochs", "100", "10", "1"));
  EXPECT_THAT(texts_of(seen.rows[1]), ElementsAre("steps", "150", "60", "-"));
}

TEST(ReportView, APivotOfPrefixedFiguresHasTheirUnitsInItsHeadings) {
  Table table = two_budgets();
  table.headings[2].unit = "B";
  table.headings[2].unit_in_entries = true;
  for (TableRow& row : table.rows) row.entries[2] = number_entry(1e6 * *row.entries[2].value, {}, "si", "B");
  const Table seen = visible(arranged(table, {.columns = {"f0"}, .pivot = "kept"}));
  EXPECT_EQ(seen.headings[1].unit, "MB");
  EXPECT_FALSE(seen.headings[1].unit_in_entries);
  EXPECT_EQ(seen.rows.at(0).entries[1].text, "100");
  EXPECT_EQ(seen.rows.at(0).entries[1].suffix, "");
}

TEST(ReportView, APivotTakesTheFiguresThatAreNamed) {
  const Table seen = visible(arranged(two_budgets(), {.columns = {"f1,f0"}, .pivot = "budget"}));
  EXPECT_THAT(shown_titles(seen),
              ElementsAre("kept", "f1, budget epochs", "f1, budget steps", "f0, budget epochs", "f0, budget steps"));
  EXPECT_THAT(texts_of(seen.rows.at(0)), ElementsAre("100", "101", "151", "100", "150"));
}

TEST(ReportView, APivotRefusesAFigureAndTwoRowsInOnePlace) {
  Table twice = two_budgets();
  twice.rows.push_back(twice.rows.front());
  const auto error = [](const Table& table, const View& view) {
    try {
      arranged(table, view);
    } catch (const UserError& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_THAT(error(twice, {.pivot = "kept"}), HasSubstr("two rows have kept 100% beside epochs"));
  EXPECT_THAT(error(two_budgets(), {.pivot = "f0"}), HasSubstr("this is a figure"));
  EXPECT_THAT(error(two_budgets(), {.pivot = "kpt"}), HasSubstr("--pivot: unknown column 'kpt'"));
}

TEST(ReportView, APivotKeepsTheSentencesOfWhatIsStillThere) {
  Table table = two_budgets();
  table.notes = {"about f0", "about f1"};
  table.concerns = {{"about f0", {2}}, {"about f1", {3}}};
  EXPECT_THAT(visible(arranged(table, {.pivot = "kept"})).notes, ElementsAre("about f0"));
}

TEST(ReportView, GroupsAreTablesWithTheValueInTheTitle) {
  const std::vector<Table> tables = arrange({two_budgets()}, {.group = "budget"});
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(tables[0].title, "Three rows: budget epochs");
  EXPECT_EQ(tables[1].title, "Three rows: budget steps");
  EXPECT_THAT(shown_titles(tables[1]), ElementsAre("kept", "f0", "f1"));
  EXPECT_THAT(first_texts(tables[1]), ElementsAre("100", "10"));
}

TEST(ReportView, ATableWithoutTheColumnStaysWhole) {
  Table other = three_rows(1);
  other.headings[1].title = other.headings[1].name = "other";
  EXPECT_EQ(arrange({two_budgets(), other}, {.group = "budget"}).size(), 3u);
  const std::vector<Table> tables = arrange({two_budgets(), other}, {.pivot = "budget"});
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_THAT(shown_titles(tables[0]), ElementsAre("kept", "budget epochs", "budget steps"));
  EXPECT_THAT(first_texts(tables[1]), ElementsAre("100", "10", "1"));
}

TEST(ReportView, AFigureOfAllGroupsStandsOnce) {
  Table table = two_budgets();
  table.figures.resize(1);
  const std::vector<Table> tables = arrange({table}, {.group = "budget"});
  EXPECT_EQ(tables.at(0).figures.size(), 1u);
  EXPECT_EQ(tables.at(1).figures.size(), 0u);
}

TEST(ReportView, APivotOfAColumnOfOneValueChangesNothing) {
  EXPECT_THAT(shown_titles(arranged(three_rows(1), {.pivot = "budget"})), ElementsAre("kept", "f0"));
}

TEST(ReportView, SideBySideMachinesMayStillBeGrouped) {
  const std::vector<Table> tables = arrange({two_budgets()}, {.group = "budget", .pivot = "kept"});
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(tables[1].title, "Three rows: budget steps: f0");
  EXPECT_THAT(shown_titles(tables[1]), ElementsAre("budget", "kept 100%", "kept 10%"));
}

TEST(ReportView, UnknownNamesAndValuesGetASuggestion) {
  EXPECT_THAT(view_error({.columns = {"f1,bugdet"}}),
              AllOf(HasSubstr("--columns: unknown column 'bugdet'"), HasSubstr("did you mean 'budget'")));
  EXPECT_THAT(view_error({.sort = "-nonsense"}), AllOf(HasSubstr("--sort"), HasSubstr("known: kept, budget, f0")));
  EXPECT_THAT(view_error({.rows = {"kept"}}), HasSubstr("write COLUMN=VALUE"));
  EXPECT_THAT(view_error({.rows = {"budget=a=b"}}), HasSubstr("unknown budget 'a=b'"));
  EXPECT_THAT(view_error({.rows = {"kpt=10"}}), HasSubstr("did you mean 'kept'"));
  EXPECT_THAT(view_error({.rows = {"budget=epoch"}}), HasSubstr("did you mean 'epochs'"));
  EXPECT_THAT(view_error({.rows = {"kept=50"}}), HasSubstr("unknown kept '50'"));
  EXPECT_THAT(view_error({.rows = {"kept=nothing"}}), HasSubstr("known: 100, 10, 1"));
}

TEST(ReportView, OfSeveralTablesThoseThatHaveTheColumnRemain) {
  Table other = three_rows(1);
  other.headings[2].title = "other";
  EXPECT_EQ(arrange({three_rows(1), other}, {.columns = {"other"}}).size(), 1u);
}

TEST(ReportView, WhereNoTableHasBothRowsAndColumnThereIsNoEmptyReport) {
  Table other = three_rows(1);
  other.headings[1].title = other.headings[1].name = "other";
  EXPECT_THAT(fixtures::user_error_of([&] {
                arrange({three_rows(2), other}, {.columns = {"f1"}, .rows = {"other=epochs"}});
              }),
              HasSubstr("no table with rows that match --rows has one of the --columns"));
}

TEST(ReportView, ASortWithoutAColumnIsAMistake) {
  for (const char* sort : {"", "-"}) EXPECT_THAT(view_error({.sort = sort}), HasSubstr("--sort: unknown column ''"));
}

TEST(ReportView, SentencesOfColumnsThatAreNotShownAreNotSaid) {
  Table table = three_rows(3);
  table.notes = {"of all", "of f0", "of f2"};
  table.concerns = {{"of f0", {2}}, {"of f2", {4}}};
  const Table seen = visible(arranged(table, {.columns = {"f0,f1"}}));
  EXPECT_THAT(seen.notes, ElementsAre("of all", "of f0"));
}

TEST(ReportView, MachinesAreLettersThatTheCaptionSpellsOut) {
  Table table = three_rows(1);
  table.headings[1] = {.title = "machine", .name = "machine", .key = true};
  for (std::size_t i = 0; i < 3; ++i)
    table.rows[i].entries[1].text = i == 1 ? "slow one, 2 cores" : "fast one, 64 cores";
  const Table seen = arranged(table, {});
  EXPECT_EQ(seen.rows[0].entries[1].text + seen.rows[1].entries[1].text + seen.rows[2].entries[1].text, "ABA");
  EXPECT_THAT(seen.caption, Contains("Machine A: fast one, 64 cores; B: slow one, 2 cores."));
  EXPECT_EQ(arranged(table, {.rows = {"machine=slow one, 2 cores"}}).rows.size(), 1u) << "called by its name";
}

TEST(ReportView, AColumnHasOnePrefixInItsHeading) {
  Table table = three_rows(1);
  table.headings[2] = {.title = "work", .unit = "FLOP", .numeric = true, .unit_in_entries = true};
  const std::vector<std::pair<double, std::string>> works{{4e11, " GFLOP"}, {8e11, " GFLOP"}, {9.7e12, " TFLOP"}};
  for (std::size_t i = 0; i < 3; ++i)
    table.rows[i].entries[2] = {.text = "x", .suffix = works[i].second + " (n=2)", .value = works[i].first};
  const Table seen = arranged(table, {});
  EXPECT_EQ(seen.headings[2].unit, "GFLOP");
  EXPECT_EQ(seen.rows[2].entries[2].text + seen.rows[2].entries[2].suffix, "9700 (n=2)");
  EXPECT_EQ(arranged(table, {.whole = true}).headings[2].unit, "FLOP") << "machines get it unscaled";
}

Table of_rates(std::vector<std::vector<double>> seeds_of_rows) {
  Table table{.name = "t", .title = "t"};
  table.headings = {{.title = "row", .key = true}, figure_of("rate")};
  table.headings[1].better = Better::higher;
  for (const std::vector<double>& seeds : seeds_of_rows) {
    TableRow row;
    const Estimate mean = estimate(seeds);
    row.entries = {
        {.text = std::to_string(table.rows.size())},
        {.text = fmt::format("{:.2f}", mean.mean), .value = mean.mean, .half_width = mean.half_width, .draws = seeds}};
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::vector<bool> best_rows(const Table& table) {
  std::vector<bool> best;
  for (const TableRow& row : arranged(table, {}).rows) best.push_back(row.entries[1].best);
  return best;
}

TEST(ReportView, TheBestIsMarkedOnlyWhereIntervalsAreApart) {
  EXPECT_THAT(best_rows(of_rates({{0.70, 0.71, 0.70}, {0.50, 0.51, 0.50}})), ElementsAre(true, false));
  EXPECT_THAT(best_rows(of_rates({{0.70, 0.80, 0.60}, {0.69, 0.71, 0.68}})), ElementsAre(false, false));
  EXPECT_THAT(best_rows(of_rates({{0.9}, {0.50, 0.51, 0.50}})), ElementsAre(false, false)) << "one seed tells nothing";
  Table of_two_data = of_rates({{0.70, 0.71, 0.70}, {0.50, 0.51, 0.50}});
  of_two_data.headings[0].name = "dataset.name";
  EXPECT_THAT(best_rows(of_two_data), ElementsAre(false, false)) << "two data sets are no contest";
  of_two_data.headings[0].name = "params.inr.size";
  EXPECT_THAT(best_rows(of_two_data), ElementsAre(false, false)) << "nor are two sizes of a picture";
  Table lower = of_rates({{0.70, 0.71, 0.70}, {0.50, 0.51, 0.50}});
  lower.headings[1].better = Better::lower;
  EXPECT_THAT(best_rows(lower), ElementsAre(false, true));
  const Table seen = arranged(lower, {});
  EXPECT_THAT(render({&seen, 1}, TableFormat::markdown), AllOf(HasSubstr("**0.50**"), HasSubstr("Bold: the best")));
  EXPECT_THAT(render({&seen, 1}, TableFormat::text), AllOf(HasSubstr("0.50*\n"), HasSubstr("*: the best")));
  EXPECT_THAT(render({&seen, 1}, TableFormat::latex), HasSubstr("bfseries"));
}

std::size_t widest_line(const std::string& text) {
  std::size_t widest = 0;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    widest = std::max(widest, display_width(std::string_view(text).substr(from, end - from)));
    from = end + 1;
  }
  return widest;
}

Table wide_table() {
  Table table = three_rows(10);
  for (std::size_t i = 2; i < table.headings.size(); ++i) {
    table.headings[i].title = "NDCG@10 (99 neg.) against all data of kind " + std::to_string(i);
    for (TableRow& row : table.rows) row.entries[i].half_width_text = "0.0123";
  }
  table.headings.insert(table.headings.begin(), {.title = "model", .key = true});
  for (std::size_t i = 0; i < 3; ++i)
    table.rows[i].entries.insert(table.rows[i].entries.begin(),
                                 {.text = "towers 64-32-" + std::to_string(i) + ", embeddings that were trained too"});
  table.notes = {std::string("a note of many words that go on and on and on, ") +
                 "much further than any line of a screen"};
  return table;
}

TEST(ReportText, NoLineIsWiderThanTheTerminal) {
  for (const std::size_t width : {80u, 120u}) {
    for (const View& view : {View{}, View{.columns = {"all"}}, View{.transpose = true}}) {
      const Table seen = arranged(wide_table(), view);
      EXPECT_LE(widest_line(render({&seen, 1}, TableFormat::text, width)), width);
    }
  }
}

TEST(ReportText, AFigureThatIsTooWideBesideTheNamesHasABlockWithNumberedRows) {
  Table table = three_rows(2);
  for (TableRow& row : table.rows) {
    row.entries[1].text = std::string(30, 'b');
    row.entries[3].text = std::string(40, '9');  // the first figure, of two digits, has room
  }
  const std::string text = render({&table, 1}, TableFormat::text, 60);
  EXPECT_LE(widest_line(text), 60u);
  EXPECT_THAT(text, HasSubstr("row"));
}

TEST(ReportText, LettersOfEastAsiaAreTwoColumnsWideAndAccentsNone) {
  EXPECT_EQ(display_width("写真.png"), 8u);
  EXPECT_EQ(display_width("\u00e9 \u00b1 e\u0301"), 5u);
  EXPECT_EQ(padded("写真", 6, false), "写真  ");
  EXPECT_EQ(display_width("\xff"), 1u) << "no UTF-8, and yet no end";
}

TEST(ReportText, WhatDoesNotFitIsNamedOrFollowsInABlock) {
  const Table seen = arranged(wide_table(), {});
  EXPECT_THAT(render({&seen, 1}, TableFormat::text, 80), HasSubstr("Not shown: NDCG"));
  const Table all = arranged(wide_table(), {.columns = {"all"}});
  const std::string text = render({&all, 1}, TableFormat::text, 80);
  EXPECT_THAT(text, Not(HasSubstr("Not shown")));
  EXPECT_GT(text.find("kept", text.find("kept") + 1), text.find("kept")) << "each block names its rows";
}

TEST(ReportText, WhereNamesLeaveNoRoomForAFigureRowsAreNumbered) {
  Table table = wide_table();
  for (const char* name : {"machine", "commit", "implementation"}) {
    table.headings.insert(table.headings.begin(), {.title = name, .key = true});
    for (std::size_t i = 0; i < 3; ++i)
      table.rows[i].entries.insert(table.rows[i].entries.begin(),
                                   {.text = "a-word-that-nobody-breaks-" + std::to_string(i)});
  }
  const Table seen = arranged(table, {});
  const std::string text = render({&seen, 1}, TableFormat::text, 80);
  EXPECT_LE(widest_line(text), 80u);
  EXPECT_THAT(text, HasSubstr("\nrow  "));
}

TEST(ReportText, LinesBreakAtBlanksAndKeepShortAsidesWhole) {
  EXPECT_THAT(wrapped_lines("HR@10 (99 neg.) against all data", 15),
              ElementsAre("HR@10 (99 neg.)", "against all", "data"));
  EXPECT_THAT(wrapped_lines("HR@10 (99 neg.)", 10), ElementsAre("HR@10", "(99 neg.)"));
  EXPECT_THAT(wrapped_lines("tower.side_features", 12), ElementsAre("tower.side_", "features"));
  EXPECT_THAT(wrapped_lines("", 10), ElementsAre(""));
  EXPECT_EQ(width_in_lines("one two three", 1, 2), 7u);
}

}  // namespace
}  // namespace frugal::harness
