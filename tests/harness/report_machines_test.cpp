// Figures of two machines, and figures of a busy one, are told from the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/judge/formats/formats.hpp"
#include "benchmarks/harness/report/machines.hpp"
#include "benchmarks/harness/report/report.hpp"
#include "tests/harness/sample_runs.hpp"

namespace frugal::harness {
namespace {

using samples::RunRecord;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* times = R"(schema: 1
title: Times
workload: cadc
rows: [{key: params.cadc.keep_fraction, title: keep}]
columns:
  - {metric: "hr@10[neg=99]"}
  - {stage: train}
  - {stage: train, relative_to: {params.cadc.keep_fraction: 1}, as: speedup}
)";

std::string report_of(std::span<const RunRecord> runs, TableFormat format = TableFormat::markdown) {
  const std::vector<Table> tables{make_table(parse_table_specs(times, "times.yaml").front(), runs)};
  return render(tables, format);
}

TEST(MachinesOfReport, TwoProcessorsOfOneNameAreTwoRowsAndBothStandInTheCaption) {
  std::vector<RunRecord> runs{samples::sample_run_of(2), samples::sample_run_of(2)};
  runs[0].provenance.machine["cpu_model"] = "1";
  runs[1].provenance.machine["cpu_model"] = "17";
  for (CellRecord& record : runs[1].cells) record.cell.seed += 10;
  tell_machines_apart(runs);
  const std::string text = report_of(runs);
  EXPECT_THAT(text, HasSubstr("model 1,"));
  EXPECT_THAT(text, HasSubstr("model 17,"));
  EXPECT_THAT(text, HasSubstr("machine"));
}

TEST(MachinesOfReport, NodesOfOneRunThatAreAlikeShareRowsAndAreCounted) {
  std::vector<RunRecord> runs{samples::sample_run_of(2), samples::sample_run_of(2)};
  runs[1].provenance.machine["hostname_hash"] = "of another node";
  for (CellRecord& record : runs[1].cells) record.cell.seed += 10;
  std::vector<RunRecord> apart = runs;
  tell_machines_apart(runs);
  for (const RunRecord& run : runs) EXPECT_EQ(run.provenance.machine.at("cpu"), "Test CPU (2 machines alike)");
  EXPECT_THAT(report_of(runs), Not(HasSubstr("machine |")));
  apart[1].folder = "another run";
  tell_machines_apart(apart);
  EXPECT_THAT(report_of(apart), HasSubstr("host of ano")) << "two runs are there to be compared";
}

TEST(MachinesOfReport, OneMachineKeepsItsName) {
  std::vector<RunRecord> runs{samples::sample_run_of(2), samples::sample_run_of(2)};
  tell_machines_apart(runs);
  EXPECT_EQ(runs[0].provenance.machine.at("cpu"), "Test CPU");
}

TEST(MachinesOfReport, RunsOfOneMachineThatWereMeasuredInOtherWaysAreTwoRows) {
  std::vector<RunRecord> runs{samples::sample_run_of(2), samples::sample_run_of(2)};
  for (const std::size_t i : {0, 1}) {
    Provenance& provenance = runs[i].provenance;
    provenance.plan["measure"] = {{"sample", {{"warmup", 0}, {"repeats", 1 + 4 * i}, {"limits", false}}}};
    provenance.machine["backends"] = {{"cpu", {{"instruction set", i == 0 ? "avx512" : "avx2"}}}};
  }
  std::vector<RunRecord> others = runs;
  tell_machines_apart(runs);
  EXPECT_EQ(runs[0].provenance.machine.at("cpu"), "Test CPU (cpu instruction set avx512, repeats 1)");
  EXPECT_EQ(runs[1].provenance.machine.at("cpu"), "Test CPU (cpu instruction set avx2, repeats 5)");
  const std::string text = report_of(runs);
  EXPECT_THAT(text, HasSubstr("repeats 1"));
  EXPECT_THAT(text, HasSubstr("repeats 5"));
  EXPECT_THAT(text, Not(HasSubstr("is shown, and not"))) << "no record stands for another";
  for (CellRecord& record : others[1].cells) record.cell.params["cadc"]["mf"]["dim"] = 32;
  tell_machines_apart(others);
  EXPECT_EQ(others[1].provenance.machine.at("cpu"), "Test CPU") << "no cell of one is a cell of the other";
}

TEST(MachinesOfReport, RecordsThatStandForThoseOfAnotherRunAreTold) {
  std::vector<RunRecord> runs{samples::sample_run_of(2), samples::sample_run_of(2)};
  runs[1].provenance.started = "2025-02-01T12:00:00Z";
  EXPECT_THAT(report_of(runs), Not(HasSubstr("is shown"))) << "the same records are no second ones";
  for (CellRecord& record : runs[1].cells) record.stages.back().wall_s = {4.0};
  runs[1].cells.front().status = Status::failed;
  const std::string text = report_of(runs);
  EXPECT_THAT(text,
              HasSubstr("Of 3 cells the record of run sample (2025-02-01T12:00:00Z) is shown, and not that of run "
                        "sample (2025-01-31T12:00:00Z)."));
  EXPECT_THAT(text, HasSubstr("Of 1 cell the record of run sample (2025-01-31T12:00:00Z) is shown, and not that of run "
                              "sample (2025-02-01T12:00:00Z)."))
      << "a failure does not replace a result";
}

TEST(DisturbedTimes, AreMarkedWithTheirSpeedupsAndMetricsAreNot) {
  std::vector<RunRecord> runs{samples::sample_run_of(1)};
  EXPECT_THAT(report_of(runs), Not(HasSubstr("~")));
  runs[0].cells[0].conditions = {{.others = 0.8}};  // keep = 1, the reference
  const std::string text = report_of(runs);
  EXPECT_THAT(text, HasSubstr("~1.50 |"));
  EXPECT_THAT(text, HasSubstr("~1.00 |"));
  EXPECT_THAT(text, Not(HasSubstr("~0.7"))) << "a busy machine computes the same";
  EXPECT_THAT(text, HasSubstr("~: measured beside other work"));
  EXPECT_THAT(report_of(runs, TableFormat::latex), HasSubstr("$\\sim 1.50$"));
  EXPECT_THAT(report_of(runs, TableFormat::csv), HasSubstr("time.train,train time,,s,1,1.5,,1.5,1.5,,true,"));
}

TEST(AbsentMetrics, SayWhyUnderTheTable) {
  std::vector<RunRecord> runs{samples::sample_run_of(2)};
  runs[0].cells[0].metrics.erase("hr@10[neg=99]");
  runs[0].cells[0].absent["hr@10[neg=99]"] = "no more than 3 candidates";
  EXPECT_THAT(report_of(runs), HasSubstr("has no value: no more than 3 candidates (1 cell)"));
}

TEST(DisturbedTimes, DoNotCountWhereRunsAreCompared) {
  RunRecord a = samples::sample_run_of(2);
  const RunRecord b = samples::sample_run_of(2);
  a.cells[0].conditions = {{.steal = 0.5}};
  const Judgement judgement = compare_runs(a, b);
  EXPECT_THAT(to_json_text(judgement), HasSubstr("2 times beside other work did not count"));
}

}  // namespace
}  // namespace frugal::harness
