// The strategy `records`: what runs on other data say of a space.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "benchmarks/harness/record/files.hpp"
#include "benchmarks/harness/record/up_to_date.hpp"
#include "benchmarks/harness/search/records.hpp"
#include "tests/harness/record_fixture.hpp"
#include "tests/harness/search_fixture.hpp"

namespace frugal::harness {
namespace {

using fixtures::hill;
using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string three_widths =
    "  space: {params.hill.width: [16, 32, 64]}\n  maximize: quality\n  cost: flops.train\n  budget: 0.8\n"
    "  records: {runs: [other], across: [params.hill.noise]}\nseeds: [1]\n";

/// Finds by the records alone, which a test writes by hand.
class SearchRecords : public ::testing::Test {
 protected:
  void add(const std::string& data, int width, double quality, const Json& more = Json::object(),
           const std::string& less = "") {
    CellRecord record;
    record.cell = plan().cells.front();
    record.cell.dataset["name"] = data;
    record.cell.params["hill"]["width"] = width;
    record.cell.params["hill"].update(more);
    if (!less.empty()) record.cell.params["hill"].erase(less);
    record.metrics = {{"quality", quality}};
    run_.cells.push_back(record);
  }

  void add(const std::string& data, const std::vector<double>& qualities) {
    for (std::size_t i = 0; i < qualities.size(); ++i) add(data, 16 << i, qualities[i]);
  }

  const Plan& plan() const { return file_.plans.front(); }

  SearchSpace learn() const {
    SearchSpace learnt = make_search_space(plan(), hill());
    frugal::harness::Run run = run_;
    add_later_params(run, {&hill()});
    learn_from_records(plan(), hill(), {&run, 1}, learnt);
    return learnt;
  }

  /// Of the structures asked for, in order.
  std::vector<int> widths() const {
    const SearchSpace learnt = learn();
    Lab lab(
        learnt.problem, [](std::span<const Ask> asks) { return std::vector<MetricValues>(asks.size()); },
        spending_limit(Strategy::records, learnt.problem));
    search_with(Strategy::records, learnt.problem, lab);
    std::vector<int> widths;
    for (const Trial& trial : lab.trials())
      widths.push_back(plan().search->axes[0].values[learnt.problem.structures[trial.ask.structure].at[0]]);
    return widths;
  }

  PlanFile file_ = fixtures::hill_plan(three_widths);
  frugal::harness::Run run_;
};

TEST_F(SearchRecords, AskFirstForWhatWasLeastBelowTheBestOnOtherData) {
  add("a", {10, 20, 22});  // below the best: 12, 2, 0
  add("b", {40, 39, 30});  // 0, 1, 10
  EXPECT_THAT(widths(), ElementsAre(32, 16)) << "64, which is next, is more than the budget has left; 16 is not";
  const SearchSpace learnt = learn();
  EXPECT_THAT(*learnt.problem.structures[0].expected_gap, DoubleEq(6));
  EXPECT_THAT(*learnt.problem.structures[1].expected_gap, DoubleEq(1.5));
  EXPECT_THAT(*learnt.problem.structures[2].expected_gap, DoubleEq(5));
  EXPECT_THAT(learnt.left_out, ElementsAre(12, 10)) << "b would choose 16 for a, a 64 for b";
}

TEST_F(SearchRecords, OfTheOwnDataAreLeftOut) {
  add("toy", {90, 1, 1});
  EXPECT_THAT(fixtures::user_error_of([&] { learn(); }), HasSubstr("no structure of this space on other data"));
  add("a", {1, 2, 3});
  EXPECT_THAT(widths(), ElementsAre(64));
}

TEST_F(SearchRecords, CountWhereAllAgreesButTheDataAndWhatGoesWithThem) {
  add("a", 16, 1, {{"noise", 5}});
  add("a", 32, 2, {{"noise", 5}}, "depth");  // a record of before there was a depth
  add("a", 64, 9, {{"noise", 5}, {"depth", 1}});
  EXPECT_THAT(widths(), ElementsAre(32, 16));
}

/// Its data sets got a parameter after the records were made, and one of them has a default of its own.
class LaterHill final : public HillWorkload {
 public:
  std::vector<DatasetChoice> datasets(const std::vector<std::filesystem::path>&) const override {
    return {{"toy", "generated", {{.name = "size", .type = ParamSpec::Type::integer, .default_value = 10, .help = ""}}},
            {"flat", "fixed", {}, {{"depth", 1}}}};
  }
};

TEST_F(SearchRecords, OfAnOlderProgramAreReadAsThoseOfToday) {
  add("toy", {90, 1, 1});  // the plan's own data, whose size they do not tell
  add("a", {1, 2, 3});
  add("flat", 16, 90, Json::object(), "depth");  // of depth 1, and not 2 as the plan
  const ScratchFolder scratch;
  std::string lines;
  for (CellRecord& record : run_.cells) {
    record.id = record.cell.id();
    lines += record_line(record);
  }
  fixtures::write_file(scratch / "cells.jsonl", lines);
  fixtures::write_file(scratch / "run.json", fixtures::fake_provenance().to_json().dump());
  const LaterHill later;
  std::string text = fixtures::hill_head + three_widths;
  text.replace(text.find("runs: [other]"), 13, "runs: [" + scratch.path().string() + "]");
  text.insert(text.find("  records:"), "  strategies: [records]\n");
  const PlanFile file = parse_plan(text, "p.yaml", {}, {&later}, {});
  CellRecords records;
  const RunCells run = [&](const std::vector<PlannedCell>& cells) {
    for (const PlannedCell& cell : cells) records[cell.id].cell = *cell.cell;
  };
  const SearchOutcome outcome = run_search(file.plans.front(), later, records, run, [](const std::string&) {});
  std::vector<double> gaps;
  for (const Structure& structure : outcome.space.problem.structures)
    gaps.push_back(structure.expected_gap.value_or(-1));
  EXPECT_THAT(gaps, ElementsAre(2, 1, 0)) << "what 'a' says, and nobody else";
}

TEST_F(SearchRecords, SayNothingOfWhatOneOfTheirDataSetsLacksOrHasBeyondTheBounds) {
  add("a", {1, 2, 3});
  add("b", 16, 1);
  add("b", 32, 2);
  EXPECT_FALSE(learn().problem.structures[2].expected_gap);
  file_ = fixtures::hill_plan("  subject_to: [{metric: smoothness, min: 1}]\n" + three_widths);
  EXPECT_THAT(fixtures::user_error_of([&] { learn(); }), HasSubstr("no structure")) << "none has a smoothness";
}

TEST_F(SearchRecords, WithoutTheKeyTheStrategyIsAMistake) {
  const std::string two_widths = "  space: {params.hill.width: [16, 32]}\n  maximize: quality\n";
  const auto error = [&](const std::string& more) {
    return fixtures::user_error_of([&] { fixtures::hill_plan(two_widths + more); });
  };
  EXPECT_THAT(error("  strategies: [records]\n"), HasSubstr("p.yaml:8:16: the strategy 'records' needs the key"));
  EXPECT_THAT(error("  records: {across: []}\n"), HasSubstr("'runs': folders of finished runs"));
  EXPECT_THAT(error("  records: {runs: [a], across: [params.hill.nose]}\n"),
              HasSubstr("did you mean 'params.hill.noise'"));
}

}  // namespace
}  // namespace frugal::harness
