// Times that run.json disowns are in no table, no comparison and no check; the reason is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/judge/formats/formats.hpp"
#include "benchmarks/harness/record/files.hpp"
#include "benchmarks/harness/report/report.hpp"
#include "impl/base/files.hpp"
#include "tests/harness/record_fixture.hpp"
#include "tests/harness/sample_runs.hpp"

namespace frugal::harness {
namespace {

using samples::RunRecord;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// Written and read back: keep 1 and 0.1, two seeds each.
class DisownedTimes : public ::testing::Test {
 protected:
  RunRecord load(const std::optional<DisturbedTimes>& disturbed) {
    RunRecord run = samples::sample_run_of(2);
    run.provenance.disturbed = disturbed;
    std::string cells;
    for (const CellRecord& cell : run.cells) cells += cell.to_json().dump() + "\n";
    fixtures::write_file(scratch_ / "run.json", run.provenance.to_json().dump());
    fixtures::write_file(scratch_ / "cells.jsonl", cells);
    return load_run(scratch_.path());
  }
  static std::string table_of(const RunRecord& run) {
    const TableSpec spec =
        parse_table_specs(
            "schema: 1\ntitle: t\nworkload: cadc\nrows: [{key: params.cadc.keep_fraction}]\n"
            "columns: [{metric: logloss}, {stage: train}, {stage: train, of: flop_rate}, {stage: render}]\n",
            "t.yaml")
            .front();
    const Table table = make_table(spec, {&run, 1});
    return render({&table, 1}, TableFormat::markdown);
  }
  ScratchFolder scratch_;
};

TEST_F(DisownedTimes, AreLeftOutOfATableThatSaysWhy) {
  EXPECT_THAT(table_of(load({})), AllOf(HasSubstr("| train time [s] |"), Not(HasSubstr("eft out"))));
  const std::string text = table_of(load(DisturbedTimes{"a compiler ran beside them"}));
  EXPECT_THAT(text, AllOf(Not(HasSubstr("| train time [s] |")), HasSubstr("Left out: train time, train FLOP rate."),
                          HasSubstr("The times of all cells are left out: a compiler ran beside them."),
                          HasSubstr("log"), HasSubstr("Not measured here: render time.")));
}

TEST_F(DisownedTimes, OfSomeCellsLeaveThoseOfTheOthers) {
  const RunRecord all = load({});
  const RunRecord run = load(DisturbedTimes{"a compiler ran beside it", {all.cells.at(0).id}});
  EXPECT_THAT(table_of(run), AllOf(HasSubstr("1.50 (n=1)"), HasSubstr("The times of 1 of its 4 cells are left out")));
}

TEST_F(DisownedTimes, OfTheFirstRecordsAreNotThoseThatCameLater) {
  RunRecord run = load(DisturbedTimes{"a compiler ran beside them", {}, 4});
  EXPECT_THAT(table_of(run), HasSubstr("The times of all cells are left out"));
  fixtures::write_file(scratch_ / "cells.jsonl", read_whole_file(scratch_ / "cells.jsonl") +
                                                     samples::sample_run_of(2).cells.at(0).to_json().dump() + "\n");
  EXPECT_THAT(table_of(load_run(scratch_.path())), HasSubstr("The times of 3 of its 4 cells are left out"));
}

TEST_F(DisownedTimes, AreLeftOutWhereAMetricHoldsThemToo) {
  RunRecord run = samples::sample_run_of(2);
  run.provenance.metrics.push_back({.name = "seconds[40dB]", .unit = "s", .help = "to 40 dB"});
  for (CellRecord& cell : run.cells) cell.metrics["seconds[40dB]"] = 2;
  const auto table = [&] {
    const TableSpec spec = parse_table_specs(
                               "schema: 1\ntitle: t\nworkload: cadc\nrows: [{key: "
                               "params.cadc.keep_fraction}]\ncolumns: [{metric: logloss}, {metric: "
                               "\"seconds[40dB]\"}]\n",
                               "t.yaml")
                               .front();
    const Table made = make_table(spec, {&run, 1});
    return render({&made, 1}, TableFormat::markdown);
  };
  EXPECT_THAT(table(), AllOf(HasSubstr("seconds[40dB] [s]"), HasSubstr("Stage 2 is the training.")));
  run.provenance.disturbed = DisturbedTimes{"a compiler ran beside them"};
  apply_provenance(run);
  EXPECT_THAT(table(), AllOf(Not(HasSubstr("seconds[40dB] [s]")), HasSubstr("Left out: seconds[40dB].")));
}

TEST_F(DisownedTimes, AreNothingToCheckAgainst) {
  const RunRecord before = load(DisturbedTimes{"busy"});
  Baseline baseline{.file = "base.yaml", .run = before, .tolerances = {{.metric = "time.train", .relative = 0.1}}};
  const Judgement judgement = check_run(load({}), baseline);
  EXPECT_EQ(judgement.count(Verdict::ambiguous), 2) << to_text(judgement);
}

TEST_F(DisownedTimes, AndOrderOfAPlanAreIdsOrTheRunIsRefused) {
  RunRecord run = samples::sample_run_of(1);
  run.provenance.plan["cells"] = {run.cells[1].id, run.cells[0].id};
  const std::string first = run.cells[0].id;
  apply_provenance(run);
  EXPECT_EQ(run.cells[1].id, first);
  run.provenance.plan["cells"] = {1, 2};
  EXPECT_THAT(fixtures::user_error_of([&] { apply_provenance(run); }), HasSubstr("'cells' holds what is no id: 1"));
  run.provenance.plan["stale"] = "all";
  EXPECT_THAT(fixtures::user_error_of([&] { apply_provenance(run); }), HasSubstr("stale"));
}

TEST_F(DisownedTimes, SurviveTheRecord) {
  const Provenance back = load(DisturbedTimes{"busy", {"0123456789ab"}}).provenance;
  EXPECT_EQ(back.disturbed->why, "busy");
  EXPECT_EQ(back.disturbed->cells, std::vector<std::string>{"0123456789ab"});
}

}  // namespace
}  // namespace frugal::harness
