// Axes over how cells run: part of a cell and its id where they are one, and nowhere else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/plan/execution.hpp"
#include "benchmarks/harness/plan/planned_cells.hpp"
#include "benchmarks/harness/record/provenance.hpp"
#include "tests/harness/plan_reading.hpp"
#include "tests/harness/record_fixture.hpp"

namespace frugal::harness {
namespace {

using ::testing::HasSubstr;

TEST(PlanExecution, AnAxisOfThreadsMakesCellsWithIdsOfTheirOwn) {
  const Plan plan = read_plan("matrix: {limits.threads: [1, 2]}\nlimits: {threads: 7}");
  ASSERT_EQ(plan.cells.size(), 2);
  EXPECT_EQ(values_of(plan, "limits.threads"), "1 2");
  EXPECT_NE(plan.cells[0].id(), plan.cells[1].id());
  EXPECT_EQ(limits_of(plan.cells[1], plan.limits).threads, 2);
  EXPECT_EQ(plan.cells[1].to_json().at("execution"), (Json{{"limits", {{"threads", 2}}}}));
}

TEST(PlanExecution, ASettingReachesIncludedPointsToo) {
  const std::string body = "limits: {threads: 4}\ninclude: [{params.fake.n: 9, limits.threads: 2}]";
  EXPECT_EQ(values_of(read_plan(body), "limits.threads"), "- 2");
  const Plan plan = read_plan(body, {{"limits.threads", "1"}});
  ASSERT_EQ(plan.cells.size(), 2U);
  for (const Cell& cell : plan.cells) EXPECT_EQ(limits_of(cell, plan.limits).threads, 1);
}

TEST(PlanExecution, WithoutTheAxisIdsAreAsEver) {
  const Plan plan = read_plan("limits: {threads: 2}\nmeasure: {pin: true}");
  EXPECT_EQ(plan.cells[0].id(), read_plan("").cells[0].id());
  EXPECT_FALSE(plan.cells[0].to_json().contains("execution"));
  EXPECT_EQ(limits_of(plan.cells[0], plan.limits).threads, 2);
  EXPECT_TRUE(measure_of(plan.cells[0], plan.measure).pin);
}

TEST(PlanExecution, AffinityAndInstructionSetAreAxesToo) {
  const Plan plan = read_plan("matrix: {measure.pin: [false, true], limits.isa: [avx2, avx512]}");
  EXPECT_EQ(values_of(plan, "measure.pin"), "false false true true");
  EXPECT_EQ(values_of(plan, "limits.isa"), R"("avx2" "avx512" "avx2" "avx512")");
  EXPECT_TRUE(measure_of(plan.cells[2], plan.measure).pin);
  EXPECT_EQ(limits_of(plan.cells[2], plan.limits).isa, "avx2");
}

TEST(PlanExecution, MayBeZippedExcludedAndIncluded) {
  const Plan plan = read_plan(
      "zip: [{limits.threads: [1, 2, 4], params.fake.n: [1, 2, 4]}]\nexclude: [{limits.threads: 2}]\n"
      "include: [{limits.threads: 8, params.fake.n: 1}]");
  EXPECT_EQ(values_of(plan, "limits.threads"), "1 4 8");
  EXPECT_EQ(values_of(plan, "params.fake.n"), "1 4 1");
}

TEST(PlanExecution, AnOverrideReplacesTheAxis) {
  const std::string body = "matrix: {limits.threads: [1, 2]}";
  EXPECT_EQ(values_of(read_plan(body, {{"limits.threads", "[1, 2, 4]"}}), "limits.threads"), "1 2 4");
  EXPECT_EQ(values_of(read_plan(body, {{"limits.threads", "3"}}), "limits.threads"), "3");
  const Plan plain = read_plan("", {{"limits.threads", "3"}});
  EXPECT_EQ(values_of(plain, "limits.threads"), "-");
  EXPECT_EQ(plain.limits.threads, 3);
}

TEST(PlanExecution, LabelsAndSelectionsSpeakAsThePlanDoes) {
  const PlanFile file = read_text(plan_head + "matrix: {limits.threads: [1, 2]}");
  const std::vector<PlannedCell> cells = planned_cells(file);
  EXPECT_EQ(cells[1].label, "threads=2");
  const std::pair<std::string, Json> two{"limits.threads", 2};
  EXPECT_FALSE(matches(cells[0].json, {&two, 1}));
  EXPECT_TRUE(matches(cells[1].json, {&two, 1}));
}

TEST(PlanExecution, ValuesThatNoMachineCouldHaveAreRefusedWithTheirPlace) {
  EXPECT_THAT(plan_error("matrix: {limits.threads: [1, 0]}"), HasSubstr("p.yaml:5:30: threads must be from 1 to"));
  EXPECT_THAT(plan_error("matrix: {limits.isa: [avx9]}"), HasSubstr("unknown instruction set 'avx9'"));
  EXPECT_THAT(plan_error("matrix: {limits.thread: [1]}"), HasSubstr("did you mean 'limits.threads'?"));
}

class RankedWorkload final : public FakeWorkload {
 public:
  std::string why_no_ranks(const Cell& cell) const override {
    return cell.backend == "cpu" ? "" : "not with " + cell.backend;
  }
};

std::string ranks_error(const std::string& body) {
  const RankedWorkload ranked;
  try {
    parse_plan(plan_head + body, "p.yaml", {}, {&ranked}, {});
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

TEST(PlanExecution, RanksAreRefusedWithTheirPlaceWhereTheCellCannotHaveThem) {
  EXPECT_EQ(plan_error("limits: {ranks: 3}"),
            "p.yaml:5:17: limits.ranks 3: cells of this workload are computed in one process");
  EXPECT_EQ(ranks_error("limits: {ranks: 3}"), "no error");
  EXPECT_EQ(ranks_error("limits: {ranks: 3}\nbackend: reference"), "p.yaml:5:17: limits.ranks 3: not with reference");
  EXPECT_EQ(ranks_error("limits: {ranks: 1}\nbackend: reference"), "no error");
  EXPECT_EQ(ranks_error("backend: reference\nmatrix: {limits.ranks: [1, 2]}"),
            "p.yaml:6:28: limits.ranks 2: not with reference");
  EXPECT_THAT(ranks_error("limits: {ranks: 2}\nmeasure: {pin: true}"), HasSubstr("p.yaml:5:17: measure.pin binds"));
  EXPECT_THAT(plan_error("limits: {ranks: 0}"), HasSubstr("p.yaml:5:17: ranks must be from 1 to"));
}

TEST(PlanExecution, AnAxisOfRanksMakesCellsWithIdsOfTheirOwn) {
  const RankedWorkload ranked;
  const auto plan_of = [&](const std::string& body) {
    return parse_plan(plan_head + body, "p.yaml", {}, {&ranked}, {}).plans.at(0);
  };
  const Plan plan = plan_of("matrix: {limits.ranks: [1, 2]}\nlimits: {threads: 3}");
  EXPECT_NE(plan.cells.at(0).id(), plan.cells.at(1).id());
  EXPECT_EQ(limits_of(plan.cells[1], plan.limits).ranks, 2);
  const Plan whole = plan_of("limits: {ranks: 2}");
  EXPECT_EQ(whole.cells.at(0).id(), read_plan("").cells.at(0).id());
  EXPECT_EQ(limits_of(whole.cells[0], whole.limits).ranks, 2);
  const auto ranks_told = [&](const std::string& body) {
    const PlanFile file = parse_plan(plan_head + body, "p.yaml", {}, {&ranked}, {});
    return make_provenance(file, {}, {&ranked}, {}, {}, {}).plan.value("ranks", Json());
  };
  EXPECT_EQ(ranks_told(""), Json());
  EXPECT_EQ(ranks_told("limits: {ranks: 2}"), (Json{{"p", 2}}));
  EXPECT_EQ(ranks_told("matrix: {limits.ranks: [4, 1]}"), (Json{{"p", {1, 4}}}));
}

TEST(PlanExecution, TheRunTellsWhichTablesItsPlansName) {
  const auto tables_told = [](const std::string& body) {
    const FakeWorkload fake;
    return make_provenance(read_text(plan_head + body), {}, {&fake}, {}, {}, {}).plan.value("tables", Json());
  };
  EXPECT_EQ(tables_told(""), Json());
  EXPECT_EQ(tables_told("report: [inr, cadc]"), (Json{{"p", {"inr", "cadc"}}}));
}

TEST(PlanExecution, SurvivesTheRecord) {
  CellRecord record = fixtures::fake_record();
  record.cell.execution = {{"limits", {{"threads", 2}}}};
  record.id = record.cell.id();
  record.threads = 2;
  record.ranks = 2;
  record.hosts = {"0123456789ab", "0123456789ab"};
  const CellRecord back = CellRecord::from_json(Json::parse(record.to_json().dump()), {});
  EXPECT_EQ(back.cell.id(), record.id);
  EXPECT_EQ(back.to_json(), record.to_json());
  Json wrong = record.to_json();
  wrong["execution"]["limits"]["threads"] = "many";
  EXPECT_THAT(fixtures::user_error_of([&] { CellRecord::from_json(wrong, {}); }), HasSubstr("holds what no plan has"));
}

TEST(PlanExecution, TheRunSaysWhichThreadsItsPlanHas) {
  const FakeWorkload fake;
  const auto threads = [&](const std::string& body) {
    return make_provenance(read_text(plan_head + body), {}, {&fake}, {}, {}, {}).plan.at("threads").at("p");
  };
  EXPECT_EQ(threads("limits: {threads: 3}"), 3);
  EXPECT_EQ(threads("matrix: {limits.threads: [4, 1]}"), (Json{1, 4}));
}

}  // namespace
}  // namespace frugal::harness
