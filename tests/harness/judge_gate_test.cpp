// What a gate means where there are several seeds: the mean decides, and its noise is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/judge/gate.hpp"
#include "tests/harness/record_fixture.hpp"

namespace frugal::harness {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// With this gate, and no cells yet.
Plan toy_plan(const MetricBound& bound) {
  Plan plan;
  plan.name = "toy";
  plan.workload = "fake";
  plan.gates = {bound};
  return plan;
}

/// A gate on the score of one cell, a seed for each score.
GateReport gate(const MetricBound& bound, const std::vector<double>& scores) {
  Plan plan = toy_plan(bound);
  PlanFile file;
  std::vector<CellRecord> records;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    CellRecord record = fixtures::fake_record(3, i + 1);
    record.metrics["score"] = scores[i];
    plan.cells.push_back(record.cell);
    records.push_back(std::move(record));
  }
  file.plans.push_back(plan);
  StoredRecords stored;
  for (const CellRecord& record : records) stored[record.id] = &record;
  return check_gates(file, stored);
}

const MetricBound at_least{.metric = "score", .min = 0.6, .max = {}};

TEST(GateOverSeeds, HoldsTheMeanNotEachSeed) {
  const GateReport report = gate(at_least, {0.59, 0.62, 0.63, 0.64});
  EXPECT_THAT(report.broken, IsEmpty());
  EXPECT_THAT(gate(at_least, {0.50, 0.51, 0.52}).broken,
              ElementsAre(AllOf(HasSubstr("score is 0.51 ± 0.025 (n = 3), below 0.6"), Not(HasSubstr("noise")))));
}

TEST(GateOverSeeds, TimesThatWereTakenBesideOtherWorkDecideNothing) {
  MetricBound seconds{.metric = "seconds", .min = {}, .max = 1.0};
  seconds.of_the_clock = true;
  Plan plan = toy_plan(seconds);
  std::vector<CellRecord> records;
  for (const std::uint64_t seed : {1U, 2U}) {
    CellRecord record = fixtures::fake_record(3, seed);
    record.metrics["seconds"] = seed == 1 ? 0.5 : 9;
    plan.cells.push_back(record.cell);
    records.push_back(std::move(record));
  }
  PlanFile file;
  file.plans.push_back(plan);
  const auto report = [&] {
    StoredRecords stored;
    for (const CellRecord& record : records) stored[record.id] = &record;
    return check_gates(file, stored);
  };
  EXPECT_THAT(report().broken, ElementsAre(HasSubstr("seconds is 4.75")));
  records[1].jobs = 2;
  EXPECT_THAT(report().broken, IsEmpty());
  EXPECT_THAT(report().not_judged, IsEmpty()) << "one seed is left";
  records[0].jobs = 2;
  EXPECT_THAT(report().not_judged, ElementsAre(HasSubstr("seconds, which was taken beside other work in every seed")));
  file.plans[0].gates[0].of_the_clock = false;
  EXPECT_THAT(report().broken, ElementsAre(HasSubstr("seconds is 4.75"))) << "of counts it does not matter";
}

TEST(GateOverSeeds, AMeanBeyondTheBoundBreaksItAndSaysThatItMayBeNoise) {
  EXPECT_THAT(gate(at_least, {0.55, 0.60, 0.62}).broken,
              ElementsAre(AllOf(HasSubstr("below 0.6"), HasSubstr("within the noise of the seeds"))));
}

TEST(GateOverSeeds, AMeanThatKeepsTheBoundSaysWhenThatMayBeNoise) {
  const GateReport report = gate(at_least, {0.58, 0.61, 0.64});
  EXPECT_THAT(report.broken, IsEmpty());
  EXPECT_THAT(report.close, ElementsAre(HasSubstr("the bound is within the noise")));
  EXPECT_THAT(gate(at_least, {0.70, 0.71, 0.72}).close, IsEmpty());
  EXPECT_THAT(gate({.metric = "score", .min = 0.60, .max = 0.62}, {0.58, 0.61, 0.64}).close.size(), 1)
      << "an interval that reaches beyond both bounds";
}

TEST(GateOverSeeds, OneSeedHasNoNoiseToTell) {
  EXPECT_THAT(gate(at_least, {0.59}).broken, ElementsAre(HasSubstr("score is 0.59, below 0.6")));
  EXPECT_THAT(gate(at_least, {0.61}).close, IsEmpty());
}

TEST(GateOverSeeds, ACellThatAnEarlierPlanHasTooCountsInBoth) {
  PlanFile file;
  std::vector<CellRecord> records;
  Plan full = toy_plan(at_least);
  for (const std::uint64_t seed : {1, 2, 3}) {
    records.push_back(fixtures::fake_record(3, seed));
    records.back().metrics["score"] = seed == 1 ? 0.3 : 0.7;
    full.cells.push_back(records.back().cell);
  }
  full.name = "full";
  Plan quick = full;
  quick.name = "quick";
  quick.gates.clear();
  StoredRecords stored;
  for (const CellRecord& record : records) stored[record.id] = &record;

  quick.cells.resize(1);
  file.plans = {quick, full};
  EXPECT_THAT(check_gates(file, stored).broken, ElementsAre(HasSubstr("(n = 3), below 0.6")));
  file.plans = {full, full};
  EXPECT_EQ(check_gates(file, stored).broken.size(), 2U);
}

TEST(GateOverSeeds, NothingIsDecidedWhileASeedHasNoRecord) {
  Plan plan = toy_plan(at_least);
  PlanFile file;
  std::vector<CellRecord> records;
  for (const int n : {1, 2})
    for (const std::uint64_t seed : {1, 2}) {
      records.push_back(fixtures::fake_record(n, seed));
      records.back().metrics["score"] = seed == 1 ? 0.5 : 0.9;
      plan.cells.push_back(records.back().cell);
    }
  file.plans.push_back(plan);
  StoredRecords stored{{records[0].id, &records[0]}, {records[2].id, &records[2]}, {records[3].id, &records[3]}};
  const GateReport report = check_gates(file, stored);
  EXPECT_THAT(report.broken, IsEmpty()) << "0.5 is of one seed of two";
  EXPECT_THAT(report.not_judged, ElementsAre("plan 'toy': score of 1 cell, as 1 of 2 seeds has no record here yet"));
  EXPECT_THAT(report.text(), HasSubstr("gate kept: "));
  EXPECT_THAT(check_gates(file, stored, std::set{records[2].id}).not_judged, IsEmpty()) << "another cell was asked for";
  records[1].status = Status::failed;
  stored[records[1].id] = &records[1];
  EXPECT_THAT(check_gates(file, stored).broken, ElementsAre(HasSubstr("score is 0.5, below 0.6")))
      << "what ended well decides";
}

}  // namespace
}  // namespace frugal::harness
