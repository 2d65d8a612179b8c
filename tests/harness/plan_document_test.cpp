// The keys of a document: which there are, what they may hold, and what the user is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/plan/planned_cells.hpp"
#include "tests/harness/plan_reading.hpp"
#include "tests/harness/record_fixture.hpp"

namespace frugal::harness {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(PlanDocument, DefaultsAreFilledIn) {
  const Plan plan = read_plan("");
  ASSERT_EQ(plan.cells.size(), 1U);
  EXPECT_EQ(plan.cells[0].to_json(), Json::parse(R"({"workload": "fake", "backend": "cpu", "dataset": {"name": "toy"},
    "params": {"fake": {"n": 3, "rate": 0.5, "mode": "a", "layers": [8], "flag": false, "mf": {"dim": 4}}},
    "seed": 1})"));
  EXPECT_EQ(plan.measure.warmup, 0);
  EXPECT_EQ(plan.measure.repeats, 1);
  EXPECT_EQ(plan.determinism, Determinism::free);
}

TEST(PlanDocument, EveryKeyIsRead) {
  const PlanFile file = read_text(
      "schema: 1\nname: a-plan_2\nworkload: fake\nbackend: reference\ndataset: {name: gen, size: 5}\n"
      "params: {fake: {n: 4, rate: 1, mode: b, layers: [1, 2], flag: true, mf: {dim: 9}}}\nseeds: [3]\n"
      "measure: {warmup: 2, repeats: 5}\nlimits: {timeout_s: 1.5, memory_gib: 2, threads: 3}\n"
      "determinism: bitwise\nreport: [cadc_bytes, cadc]\ngate: [{metric: score, min: 0.25, max: 1, where: {params.fake.n: 4, dataset: gen}}]\n");
  ASSERT_EQ(file.plans.size(), 1U);
  const Plan& plan = file.plans[0];
  EXPECT_EQ(plan.name, "a-plan_2");
  EXPECT_EQ(plan.workload, "fake");
  EXPECT_EQ(plan.cells.at(0).to_json(),
            Json::parse(R"({"workload": "fake", "backend": "reference", "dataset": {"name": "gen", "size": 5},
    "params": {"fake": {"n": 4, "rate": 1.0, "mode": "b", "layers": [1, 2], "flag": true, "mf": {"dim": 9}}},
    "seed": 3})"));
  EXPECT_EQ(plan.measure.warmup, 2);
  EXPECT_EQ(plan.measure.repeats, 5);
  EXPECT_EQ(plan.limits.timeout_s, 1.5);
  EXPECT_EQ(plan.limits.memory_gib, 2);
  EXPECT_EQ(plan.limits.threads, 3);
  EXPECT_EQ(plan.determinism, Determinism::bitwise);
  EXPECT_EQ(plan.tables, (std::vector<std::string>{"cadc_bytes", "cadc"}));
  ASSERT_EQ(plan.gates.size(), 1U);
  EXPECT_EQ(plan.gates[0].metric, "score");
  EXPECT_EQ(plan.gates[0].min, 0.25);
  EXPECT_EQ(plan.gates[0].max, 1);
  const std::vector<std::pair<std::string, Json>> where{{"params.fake.n", 4}, {"dataset.name", "gen"}};
  EXPECT_EQ(plan.gates[0].where, where);
  EXPECT_EQ(file.file, "p.yaml");
  EXPECT_EQ(file.sha256.size(), 64U);
}

TEST(PlanDocument, ALimitOfMemoryIsOneThatAProcessCanHave) {
  EXPECT_EQ(read_plan("limits: {memory_gib: 0}").limits.memory_gib, 0);
  EXPECT_EQ(read_plan("limits: {memory_gib: 0.5}").limits.memory_gib, 0.5);
  for (const char* bound : {"1e11", "1e-12"})
    EXPECT_EQ(
        plan_error(std::string("limits: {memory_gib: ") + bound + "}"),
        std::string("p.yaml:5:22: memory_gib must be 0 (no limit) or from 0.0009765625 to 1073741824, but this is ") +
            bound);
}

TEST(PlanDocument, PlansThatShareACellWantTheSameOfIt) {
  const std::string head = "schema: 1\nworkload: fake\nbackend: cpu\ndataset: toy\n";
  const auto planned = [&](const std::string& second) {
    return planned_cells(read_text(head + "name: one\nlimits: {threads: 1}\n---\n" + head + "name: two\n" + second))
        .size();
  };
  EXPECT_EQ(planned("limits: {threads: 1}\n"), 1U);
  EXPECT_EQ(planned("limits: {threads: 2}\nseeds: [2]\n"), 2U) << "nothing in common";
  for (const auto& [second, what] :
       std::vector<std::pair<std::string, std::string>>{{"limits: {threads: 2}\n", "limits"},
                                                        {"limits: {threads: 1}\nmeasure: {repeats: 2}\n", "measure"},
                                                        {"limits: {threads: 1}\ndeterminism: bitwise\n", "determinism"},
                                                        {"limits: {threads: 1}\nexport: true\n", "export"}})
    EXPECT_THAT(fixtures::user_error_of([&] { planned(second); }),
                testing::AllOf(HasSubstr("p.yaml: the plans 'one' and 'two' have a cell in common"),
                               HasSubstr("want it with different " + what)));
}

TEST(PlanDocument, CheckpointsAreForCellsThatRunOnce) {
  EXPECT_EQ(read_plan("").limits.checkpoint_s, 0);
  EXPECT_EQ(read_plan("limits: {checkpoint_s: 600}\nmeasure: {repeats: 1, limits: true}").limits.checkpoint_s, 600);
  for (const char* measure : {"{warmup: 1}", "{repeats: 2}", "{target_rel_ci: 0.02}", "{min_time_s: 3}"})
    EXPECT_EQ(
        plan_error("limits: {checkpoint_s: 600}\nmeasure: " + std::string(measure)),
        "p.yaml:5:24: limits.checkpoint_s is for cells that run once: leave warm-up and repeats out of measure, or "
        "this")
        << measure;
  EXPECT_THAT(plan_error("limits: {checkpoint_s: -1}"), StartsWith("p.yaml:5:24: a limit must be at least 0"));
}

TEST(PlanDocument, AReportIsOfBuiltInTables) {
  EXPECT_TRUE(read_plan("").tables.empty());
  EXPECT_EQ(plan_error("report: [cadc, cadc_byte]"),
            "p.yaml:5:16: unknown built-in table 'cadc_byte'; did you mean 'cadc_bytes'?");
  EXPECT_THAT(plan_error("report: cadc"), StartsWith("p.yaml:5:9: "));
}

TEST(PlanDocument, UnknownKeysAreRefusedWithASuggestion) {
  EXPECT_EQ(plan_error("sedes: [1]"), "p.yaml:5:1: unknown key 'sedes'; did you mean 'seeds'?");
  EXPECT_EQ(plan_error("measure: {repeat: 3}"),
            "p.yaml:5:11: unknown key of measure 'repeat'; did you mean 'repeats'?");
  EXPECT_EQ(plan_error("limits: {timeout: 3}"),
            "p.yaml:5:10: unknown key of limits 'timeout'; did you mean 'timeout_s'?");
  EXPECT_EQ(plan_error("params: {fake: {moed: a}}"),
            "p.yaml:5:17: unknown parameter of fake 'moed'; did you mean 'mode'?");
  EXPECT_EQ(plan_error("params: {fake: {mf: {dmi: 1}}}"),
            "p.yaml:5:22: unknown parameter of fake 'mf.dmi'; did you mean 'mf.dim'?");
  EXPECT_THAT(plan_error("params: {inr: {n: 1}}"), AllOf(StartsWith("p.yaml:5:10: "), HasSubstr("params.fake")));
  EXPECT_EQ(plan_error("determinism: bitwize"), "p.yaml:5:14: unknown determinism 'bitwize'; did you mean 'bitwise'?");
  EXPECT_EQ(plan_error("gate: [{metric: scroe, min: 1}]"),
            "p.yaml:5:17: unknown metric of fake 'scroe'; did you mean 'score'?");
}

TEST(PlanDocument, DuplicateKeysAreRefused) {
  EXPECT_EQ(plan_error("name: q"), "p.yaml:5:1: duplicate key 'name'; it was first given at line 2");
  EXPECT_EQ(plan_error("params: {fake: {mf: {dim: 1}, mf.dim: 2}}"),
            "p.yaml:5:31: params.fake.mf.dim is set twice here");
}

TEST(PlanDocument, SchemaNameAndWorkloadAreRequired) {
  EXPECT_EQ(text_error("name: p\nworkload: fake"), "p.yaml:1:1: a plan needs the key 'schema'");
  EXPECT_EQ(text_error("schema: 1\nworkload: fake"), "p.yaml:1:1: a plan needs the key 'name'");
  EXPECT_EQ(text_error("schema: 1\nname: p"), "p.yaml:1:1: a plan needs the key 'workload'");
  EXPECT_THAT(text_error("schema: 2\nname: p\nworkload: fake"), StartsWith("p.yaml:1:9: "));
  EXPECT_THAT(text_error("schema: '1'\nname: p\nworkload: fake"), StartsWith("p.yaml:1:9: expected an integer"));
  EXPECT_THAT(text_error("schema: 1\nname: A plan\nworkload: fake"), StartsWith("p.yaml:2:7: "));
  EXPECT_EQ(text_error("schema: 1\nname: p\nworkload: faek"),
            "p.yaml:3:11: unknown workload 'faek'; did you mean 'fake'?");
  EXPECT_THAT(text_error("[1, 2]"), StartsWith("p.yaml:1:1: expected a map"));
}

TEST(PlanDocument, DatasetIsRequiredWhenThereIsAChoice) {
  EXPECT_EQ(text_error("schema: 1\nname: p\nworkload: fake\n"),
            "p.yaml:1:1: the plan must name its dataset: one of toy, gen");
}

TEST(PlanDocument, DatasetsAndTheirParametersMustBeKnown) {
  const std::string head = "schema: 1\nname: p\nworkload: fake\n";
  EXPECT_EQ(text_error(head + "dataset: tyo"), "p.yaml:4:10: unknown dataset of fake 'tyo'; did you mean 'toy'?");
  EXPECT_EQ(text_error(head + "dataset: {name: gen, sise: 3}"),
            "p.yaml:4:22: unknown key of dataset 'sise'; did you mean 'size'?");
  EXPECT_THAT(text_error(head + "dataset: {name: toy, size: 3}"),
              AllOf(StartsWith("p.yaml:4:22: "), HasSubstr("unknown parameter of dataset toy")))
      << "size is a parameter of another data set";
  EXPECT_THAT(text_error(head + "dataset: {name: gen, size: 0}"), StartsWith("p.yaml:4:28: size must be at least 1"));
  EXPECT_THAT(text_error(head + "dataset: [toy]"), StartsWith("p.yaml:4:10: expected the name of a data set"));
}

TEST(PlanDocument, TypesAreStrict) {
  const auto error = [](const std::string& params) { return plan_error("params: {fake: {" + params + "}}"); };
  EXPECT_THAT(error("n: 1e1"), HasSubstr("expected an integer, but this is the real number 1e1"));
  EXPECT_THAT(error("n: '3'"), HasSubstr("expected an integer, but this is the string \"3\""));
  EXPECT_THAT(error("n: "), HasSubstr("expected an integer, but this is nothing"));
  EXPECT_THAT(error("rate: x"), HasSubstr("expected a number"));
  EXPECT_THAT(error("flag: yes"), HasSubstr("expected true or false, but this is the string \"yes\""));
  EXPECT_THAT(error("mode: true"), HasSubstr("expected a string"));
  EXPECT_THAT(error("layers: 8"), HasSubstr("expected a list"));
  EXPECT_THAT(error("layers: [8, x]"), AllOf(StartsWith("p.yaml:5:29: "), HasSubstr("expected an integer")));
  EXPECT_THAT(error("n: {a: 1}"), HasSubstr("expected an integer, but this is a map"));
  EXPECT_THAT(error("mf: 3"), HasSubstr("expected a map"));
  EXPECT_EQ(error("rate: 1"), "no error") << "an integer is a real number";
}

TEST(PlanDocument, RangesAndChoicesSayWhatIsAllowed) {
  const auto error = [](const std::string& params) { return plan_error("params: {fake: {" + params + "}}"); };
  EXPECT_EQ(error("n: 0"), "p.yaml:5:20: n must be from 1 to 100, but this is 0");
  EXPECT_EQ(error("n: 101"), "p.yaml:5:20: n must be from 1 to 100, but this is 101");
  EXPECT_EQ(error("rate: 1.5"), "p.yaml:5:23: rate must be from 0 to 1, but this is 1.5");
  EXPECT_EQ(error("layers: [1, 0]"), "p.yaml:5:29: layers must be at least 1, but this is 0");
  EXPECT_EQ(error("mode: c"), "p.yaml:5:23: unknown mode 'c'; known: a, b");
  EXPECT_EQ(error("mode: other"), "p.yaml:5:23: unknown mode 'other'; known: a, b");
}

TEST(PlanDocument, CountsAndLimitsHaveRanges) {
  EXPECT_THAT(plan_error("measure: {repeats: 0}"), StartsWith("p.yaml:5:20: "));
  EXPECT_THAT(plan_error("measure: {warmup: -1}"), StartsWith("p.yaml:5:19: "));
  EXPECT_THAT(plan_error("measure: {repeats: 1.5}"), HasSubstr("expected an integer"));
  EXPECT_THAT(plan_error("limits: {timeout_s: -1}"), StartsWith("p.yaml:5:21: "));
  EXPECT_THAT(plan_error("limits: {threads: 99999999999}"), StartsWith("p.yaml:5:19: "));
  EXPECT_THAT(plan_error("limits: {threads: 100000}"),
              StartsWith("p.yaml:5:19: threads must be from 0 (all cores) to 1024"));
  EXPECT_EQ(read_plan("limits: {threads: 1024}").limits.threads, 1024);
}

TEST(PlanDocument, RepeatableNeedsABand) {
  EXPECT_EQ(read_plan("determinism: {repeatable: 0.01}").band, 0.01);
  EXPECT_THAT(plan_error("determinism: repeatable"),
              AllOf(StartsWith("p.yaml:5:14: "), HasSubstr("Give the relative")));
  EXPECT_THAT(plan_error("determinism: {}"), HasSubstr("give the band"));
  EXPECT_THAT(plan_error("determinism: {repeatable: 0}"), HasSubstr("between 0 and 1"));
  EXPECT_THAT(plan_error("determinism: {repeatable: 1}"), HasSubstr("between 0 and 1"));
}

TEST(PlanDocument, GatesMustBeAbleToFail) {
  EXPECT_THAT(plan_error("gate: [{min: 1}]"), HasSubstr("'metric'"));
  EXPECT_THAT(plan_error("gate: [{metric: score}]"), HasSubstr("'min' or 'max'"));
  EXPECT_THAT(plan_error("gate: [{metric: score, min: 2, max: 1}]"), HasSubstr("min is above max"));
  EXPECT_EQ(plan_error("gate: [{metric: score, min: 1, where: {params.fake.n: 7}}]"),
            "p.yaml:5:8: no cell of this plan matches the gate's 'where'");
  EXPECT_EQ(plan_error("gate: [{metric: score, min: 1, where: {seed: 1, backend: cpu}}]"), "no error");
  EXPECT_EQ(plan_error("gate: [{metric: score, min: 1, where: {params.fake.rate: 0.5}}]"), "no error");
  EXPECT_THAT(plan_error("gate: [{metric: score, min: 1, where: {params.fake.m: 7}}]"),
              StartsWith("p.yaml:5:40: unknown parameter"));
}

TEST(PlanDocument, ComplaintsOfTheWorkloadPointAtTheValue) {
  EXPECT_EQ(plan_error("backend: gpu"), "p.yaml:5:10: unknown backend 'gpu'");
  EXPECT_EQ(plan_error("params: {fake: {flag: true, n: 5}}"), "p.yaml:5:32: flag needs an even n");
  EXPECT_EQ(plan_error("params: {fake: {flag: true}}"), "p.yaml:1:1: params.fake.n (a default): flag needs an even n");
  EXPECT_EQ(plan_error("params: {fake: {n: 5}}\nmatrix: {params.fake.flag: [true], params.fake.n: [2, 4, 7]}"),
            "p.yaml:6:58: flag needs an even n")
      << "the value of the axis";
  EXPECT_EQ(plan_error("params: {fake: {flag: true}}", {{"params.fake.n", "5"}}),
            "--set params.fake.n=5: flag needs an even n");
}

TEST(PlanDocument, WhatThisMachineLacksIsNotedOncePerPlace) {
  const PlanFile file = read_text(plan_head + "matrix: {backend: [cpu, cuda]}\nseeds: [1, 2, 3]");
  EXPECT_EQ(unavailable(planned_cells(file)), std::vector<std::string>{"p.yaml:5:25: cuda: no device on this machine"});
  EXPECT_EQ(file.plans[0].cells.size(), 6U) << "the plan itself reads well";
}

TEST(PlanDocument, SeveralDocumentsAreSeveralPlans) {
  const PlanFile file = read_text(plan_head + "---\nschema: 1\nname: q\nworkload: fake\ndataset: gen\nseeds: [1, 2]\n");
  ASSERT_EQ(file.plans.size(), 2U);
  EXPECT_EQ(file.plans[1].name, "q");
  EXPECT_EQ(file.plans[1].cells.size(), 2U);
  EXPECT_EQ(text_error(plan_head + "---\n" + plan_head), "p.yaml:7:7: another plan of this file is called 'p' too");
}

TEST(PlanDocument, EachCellIsCheckedOnce) {
  class CountingWorkload final : public FakeWorkload {
   public:
    std::vector<Complaint> check(const Cell& cell, const std::vector<std::filesystem::path>& dirs) const override {
      ++checks;
      return FakeWorkload::check(cell, dirs);
    }
    mutable int checks = 0;
  };
  const CountingWorkload counting;
  const PlanFile file =
      parse_plan(plan_head + "matrix: {backend: [cpu, cuda]}\nseeds: [1, 2]", "p.yaml", {}, {&counting}, {});
  const std::vector<PlannedCell> cells = planned_cells(file);
  EXPECT_EQ(unavailable(cells).size(), 1U);
  EXPECT_TRUE(unavailable({cells[0], cells[1]}).empty()) << "those of the cpu";
  EXPECT_EQ(counting.checks, 4);
}

}  // namespace
}  // namespace frugal::harness
