// A check compares nothing that is not comparable without saying so: other data, several machines, disturbed times.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/judge/formats/formats.hpp"
#include "benchmarks/harness/study/joined_cells.hpp"
#include "tests/harness/sample_runs.hpp"

namespace frugal::harness {
namespace {

using samples::RunRecord;
using samples::sample_cell;
using samples::sample_run_of;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

RunRecord run_on(const std::string& sha256, std::uint64_t seeds = 1) {
  RunRecord run = sample_run_of(seeds);
  for (CellRecord& cell : run.cells) cell.inputs = {{"ml-1m/ratings.dat", sha256, 100}};
  return run;
}

Judgement trust_check(const RunRecord& now, const RunRecord& before, std::vector<Tolerance> tolerances = {}) {
  return check_run(now, {.file = "base.yaml", .run = before, .tolerances = std::move(tolerances)});
}

TEST(CheckOfData, ABaselineOfOtherDataIsRefused) {
  std::string error;
  try {
    trust_check(run_on("bbbb"), run_on("aaaa"));
  } catch (const UserError& refused) {
    error = refused.what();
  }
  EXPECT_THAT(error, AllOf(HasSubstr("ml-1m/ratings.dat"), HasSubstr("sha256 aaaa, in the baseline"),
                           HasSubstr("sha256 bbbb, in this run")));
}

TEST(CheckOfCells, RunsWithoutACellInCommonAreToldApartByWhatDiffers) {
  RunRecord other = sample_run_of(3);
  for (CellRecord& cell : other.cells) cell.cell.dataset["name"] = "ml-100k";
  for (CellRecord& cell : other.cells) cell.id = cell.cell.id();
  const Judgement judgement = trust_check(other, sample_run_of(3));
  EXPECT_EQ(judgement.how, "no cell is in both: dataset.name is ml-1m in the baseline and ml-100k in the run");
  EXPECT_FALSE(judgement.passed());
  std::string error;
  try {
    join_runs(sample_run_of(3), other);
  } catch (const UserError& refused) {
    error = refused.what();
  }
  EXPECT_THAT(error, HasSubstr("dataset.name is ml-1m in the first and ml-100k in the second"));
}

TEST(CheckOfData, TheSameDataAreNoMatterOfNote) {
  EXPECT_THAT(trust_check(run_on("aaaa"), run_on("aaaa")).notes, IsEmpty());
  EXPECT_THAT(trust_check(sample_run_of(1), sample_run_of(1)).notes, IsEmpty()) << "generated data: no files";
}

TEST(CheckOfData, ABaselineThatDoesNotTellItsDataIsToldOf) {
  const Judgement judgement = trust_check(run_on("aaaa", 3), sample_run_of(3));
  EXPECT_THAT(judgement.notes, Contains(HasSubstr("does not say which data 6 of its cells read")));
  EXPECT_THAT(to_text(judgement), HasSubstr("does not say which data"));
}

TEST(CheckOfData, NorDoesABaselineWhoseIdsAreThoseOfAnOlderProgram) {
  RunRecord before = sample_run_of(3);
  for (CellRecord& cell : before.cells) cell.id = "old " + cell.id;
  EXPECT_THAT(trust_check(run_on("aaaa", 3), before).notes,
              Contains(HasSubstr("does not say which data 6 of its cells read")));
}

TEST(CompareOfData, RunsOfOtherDataAreNotJoined) {
  EXPECT_THROW(join_runs(run_on("aaaa"), run_on("bbbb")), UserError);
  EXPECT_EQ(join_runs(run_on("aaaa"), run_on("aaaa")).of_unknown_data, 0);
  EXPECT_EQ(join_runs(run_on("aaaa"), sample_run_of(1)).of_unknown_data, 2);
}

TEST(CheckOfParts, ARunThatIsNotFinishedIsToldOf) {
  RunRecord now = sample_run_of(1);
  now.planned = 6;
  now.to_do = 2;
  EXPECT_THAT(trust_check(now, sample_run_of(1)).notes,
              Contains("runs/sample is not finished: 2 of the 6 cells of its plan have no record"));
}

TEST(CheckOfMachines, AMixedRunIsToldOfAndNeverExact) {
  RunRecord before = sample_run_of(1);
  before.provenance.determinism = {{"sample", "bitwise (checked)"}};
  RunRecord now = before;
  EXPECT_EQ(trust_check(now, before).why_not_exact, "");
  now.provenance.machines = {{"aaaaaaaaaaaa", {{"cpu", "Zen 3"}}}, {"bbbbbbbbbbbb", {{"cpu", "Zen 4"}}}};
  const Judgement judgement = trust_check(now, before);
  EXPECT_EQ(judgement.why_not_exact, "runs/sample is of 2 machines");
  EXPECT_THAT(judgement.how, HasSubstr("one seed on each side tells nothing of it, so the tolerances alone decide"));
  EXPECT_THAT(judgement.notes,
              Contains(AllOf(HasSubstr("2 machines (--mix)"), HasSubstr("Zen 3"), HasSubstr("Zen 4"))));
}

/// hr 0.7, time.train as given, one seed each.
RunRecord run_of_times(const std::vector<double>& times, const std::vector<double>& others) {
  RunRecord run = samples::sample_run();
  for (std::size_t i = 0; i < times.size(); ++i) {
    run.cells.push_back(sample_cell(1, i + 1, 0.7));
    run.cells.back().stages[1].wall_s = {times[i]};
    run.cells.back().conditions = {{.others = others[i], .steal = 0.0}};
  }
  return run;
}

const std::vector<Tolerance> times_by_a_tenth = {{.metric = "time.train", .relative = 0.1}};

const Finding& finding_of(const Judgement& judgement, const std::string& metric) {
  for (const Finding& finding : judgement.findings)
    if (finding.metric == metric) return finding;
  throw std::runtime_error("no finding about " + metric);
}

TEST(CheckOfTimes, WhatOtherWorkDisturbedDoesNotCount) {
  const RunRecord before = run_of_times({1.00, 1.01, 0.99}, {0, 0, 0});
  const RunRecord now = run_of_times({1.00, 1.01, 2.50}, {0, 0, 1.5});
  const Judgement judgement = trust_check(now, before, times_by_a_tenth);
  const Finding& time = finding_of(judgement, "time.train");
  EXPECT_EQ(time.verdict, Verdict::same) << time.message;
  EXPECT_EQ(time.current_n, 2);
  EXPECT_THAT(time.message, HasSubstr("2 times beside other work did not count"));
  EXPECT_EQ(finding_of(judgement, "hr@10[neg=99]").current_n, 3) << "no matter of time";
}

TEST(CheckOfTimes, WhatOtherWorkDisturbedIsNoNoiseEither) {
  const RunRecord before = run_of_times({10.0, 10.1, 30.0}, {0, 0, 1.5});
  const Judgement judgement = check_run(run_of_times({10.2}, {0}),
                                        {.file = "b", .run = before, .tolerances = times_by_a_tenth}, {.subset = true});
  const Finding& time = finding_of(judgement, "time.train");
  EXPECT_EQ(time.verdict, Verdict::same) << time.message;
}

TEST(CheckOfTimes, NothingIsPassedWhenAllWereDisturbed) {
  const RunRecord before = run_of_times({1.0, 1.0}, {0, 0});
  const Judgement judgement = trust_check(run_of_times({1.0, 1.0}, {0.5, 0.5}), before, times_by_a_tenth);
  const Finding& time = finding_of(judgement, "time.train");
  EXPECT_EQ(time.verdict, Verdict::ambiguous);
  EXPECT_THAT(time.message, HasSubstr("--paired"));
  EXPECT_FALSE(judgement.passed());
  EXPECT_TRUE(trust_check(run_of_times({1.0, 1.0}, {0.5, 0.5}), before).passed()) << "nobody asked for times";
}

}  // namespace
}  // namespace frugal::harness
