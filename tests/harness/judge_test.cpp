#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "benchmarks/harness/judge/formats/formats.hpp"
#include "benchmarks/harness/study/statistics.hpp"
#include "tests/harness/sample_runs.hpp"
#include "tests/scratch_folder.hpp"

namespace frugal::harness {
namespace {

using samples::change_metric;
using samples::RunRecord;
using samples::sample_cell;
using samples::sample_run;
using samples::sample_run_of;
using ::testing::HasSubstr;

const Finding* judge_finding(const Judgement& judgement, const std::string& metric, const std::string& cell = "") {
  for (const Finding& finding : judgement.findings) {
    if (finding.metric == metric && finding.cell.find(cell) != std::string::npos) return &finding;
  }
  return nullptr;
}

Verdict judge_verdict(const Judgement& judgement, const std::string& metric) {
  const Finding* finding = judge_finding(judgement, metric);
  if (!finding) throw std::runtime_error("no finding about " + metric);
  return finding->verdict;
}

Baseline baseline_of(Run run) { return {.file = "base.yaml", .run = std::move(run)}; }

/// One cell a seed, hr as given.
Run run_of_rates(const std::vector<double>& rates, std::uint64_t first_seed = 1) {
  RunRecord run = sample_run();
  for (double rate : rates) run.cells.push_back(sample_cell(1, first_seed++, rate));
  return run;
}

TEST(Statistics, StudentQuantilesAreThoseOfTheTables) {
  EXPECT_NEAR(student_t(0.95, 1), 12.706, 5e-4);
  EXPECT_NEAR(student_t(0.95, 2), 4.303, 5e-4);
  EXPECT_NEAR(student_t(0.95, 4), 2.776, 5e-4);
  EXPECT_NEAR(student_t(0.95, 29), 2.045, 5e-4);
  EXPECT_NEAR(student_t(0.99, 4), 4.604, 5e-4);
  EXPECT_NEAR(student_t(0.95, 1000000), 1.960, 5e-4);
}

TEST(Statistics, HalfWidthIsTTimesStandardError) {
  const std::vector<double> values{1, 2, 3, 4, 5};
  EXPECT_NEAR(*half_width_95(values), 2.7764451 * std::sqrt(2.5 / 5), 1e-6);
  EXPECT_FALSE(half_width_95(std::vector<double>{1}));
}

TEST(Statistics, EqualValuesHaveTheirOwnMeanAndNoSpread) {
  const std::vector<double> values(7, 165.5234375123);
  EXPECT_EQ(mean(values), 165.5234375123);
  EXPECT_EQ(*sample_deviation(values), 0);
}

TEST(Statistics, MedianOfEvenCountIsBetweenTheMiddleTwo) {
  EXPECT_EQ(median(std::vector<double>{9, 1, 2, 4}), 3);
  EXPECT_EQ(median(std::vector<double>{9, 1, 2}), 2);
}

TEST(Statistics, GeometricMeanOfReciprocalsIsOne) {
  EXPECT_NEAR(geometric_mean(std::vector<double>{4, 0.25}), 1, 1e-15);
}

TEST(Judge, ARunAgainstItselfIsTheSame) {
  const RunRecord run = sample_run_of(3);
  const Judgement judgement = check_run(run, baseline_of(run));
  EXPECT_TRUE(judgement.passed());
  EXPECT_EQ(judgement.count(Verdict::same), 6u) << "three metrics of two cells";
  EXPECT_EQ(judgement.findings.size(), 6u);
}

TEST(Judge, DirectionDecidesWhatIsWorse) {
  const RunRecord before = sample_run_of(1);
  RunRecord now = before;
  change_metric(now, "hr@10[neg=99]", [](double x) { return x + 0.05; });
  change_metric(now, "logloss", [](double x) { return x + 0.05; });
  const Judgement judgement = check_run(now, baseline_of(before));
  EXPECT_EQ(judge_verdict(judgement, "hr@10[neg=99]"), Verdict::better);
  EXPECT_EQ(judge_verdict(judgement, "logloss"), Verdict::worse);
  EXPECT_FALSE(judgement.passed());
  EXPECT_EQ(judge_finding(judgement, "logloss", "keep_fraction=0.1")->suite, "cadc.cpu");
}

TEST(Judge, AChangeWithinTheToleranceIsTheSame) {
  const RunRecord before = sample_run_of(1);
  RunRecord now = before;
  change_metric(now, "hr@10[neg=99]", [](double x) { return x - 0.01; });
  EXPECT_EQ(judge_verdict(check_run(now, baseline_of(before)), "hr@10[neg=99]"), Verdict::same);
  change_metric(now, "hr@10[neg=99]", [](double x) { return x - 0.0001; });
  EXPECT_EQ(judge_verdict(check_run(now, baseline_of(before)), "hr@10[neg=99]"), Verdict::worse);
}

TEST(Judge, AnalyticMetricsMustBeEqual) {
  const RunRecord before = sample_run_of(1);
  RunRecord now = before;
  change_metric(now, "parameters", [](double x) { return x - 1; });
  const Judgement judgement = check_run(now, baseline_of(before));
  EXPECT_EQ(judge_verdict(judgement, "parameters"), Verdict::changed);
  EXPECT_FALSE(judgement.passed());
}

TEST(Judge, OtherInformativeMetricsAndTimesAreLeftAlone) {
  RunRecord before = sample_run_of(1);
  change_metric(before, "loss[mf]", [](double) { return 0.5; });
  RunRecord now = before;
  change_metric(now, "loss[mf]", [](double) { return 0.7; });
  for (CellRecord& cell : now.cells) cell.stages[1].wall_s = {100};
  const Judgement judgement = check_run(now, baseline_of(before));
  EXPECT_TRUE(judgement.passed());
  EXPECT_EQ(judge_finding(judgement, "loss[mf]"), nullptr);
  EXPECT_EQ(judge_finding(judgement, "time.train"), nullptr);
}

TEST(Judge, TimesAreJudgedWhereTheBaselineAsks) {
  RunRecord before = sample_run_of(1);
  for (CellRecord& cell : before.cells) cell.stages[1].wall_s = {1.00, 1.01, 0.99};
  Baseline baseline = baseline_of(before);
  baseline.tolerances = {{.metric = "time.train", .relative = 0.1}};
  RunRecord now = before;
  for (CellRecord& cell : now.cells) cell.stages[1].wall_s = {1.05, 1.06, 1.04};
  EXPECT_EQ(judge_verdict(check_run(now, baseline), "time.train"), Verdict::same);
  for (CellRecord& cell : now.cells) cell.stages[1].wall_s = {1.30, 1.31, 1.29};
  EXPECT_EQ(judge_verdict(check_run(now, baseline), "time.train"), Verdict::worse);
  for (CellRecord& cell : now.cells) cell.stages[1].wall_s = {0.5, 0.51, 0.49};
  EXPECT_EQ(judge_verdict(check_run(now, baseline), "time.train"), Verdict::better);
  for (CellRecord& cell : now.cells) cell.stages[1].wall_s = {0.9, 1.2, 2.0};
  EXPECT_EQ(judge_verdict(check_run(now, baseline), "time.train"), Verdict::ambiguous);
  for (CellRecord& cell : now.cells) cell.stages.pop_back();
  EXPECT_EQ(judge_verdict(check_run(now, baseline), "time.train"), Verdict::missing);
}

TEST(Judge, TheLastMatchingToleranceHolds) {
  const RunRecord before = sample_run_of(1);
  RunRecord now = before;
  change_metric(now, "hr@10[neg=99]", [](double x) { return x - 0.1; });
  Baseline baseline = baseline_of(before);
  baseline.tolerances = {{.metric = "hr@10[neg=99]", .absolute = 0.2},
                         {.metric = "hr@10[neg=99]", .absolute = 0.05, .where = {{"params.cadc.keep_fraction", 0.1}}},
                         {.metric = "logloss", .ignore = true}};
  const Judgement judgement = check_run(now, baseline);
  EXPECT_EQ(judge_finding(judgement, "hr@10[neg=99]", "keep_fraction=1")->verdict, Verdict::same);
  EXPECT_EQ(judge_finding(judgement, "hr@10[neg=99]", "keep_fraction=0.1")->verdict, Verdict::worse);
  EXPECT_EQ(judge_finding(judgement, "logloss"), nullptr);
}

TEST(Judge, RelativeToleranceIsOfTheBaseline) {
  const RunRecord before = run_of_rates({0.5});
  Baseline baseline = baseline_of(before);
  baseline.tolerances = {{.metric = "hr@10[neg=99]", .relative = 0.1}};
  EXPECT_EQ(judge_verdict(check_run(run_of_rates({0.451}), baseline), "hr@10[neg=99]"), Verdict::same);
  EXPECT_EQ(judge_verdict(check_run(run_of_rates({0.449}), baseline), "hr@10[neg=99]"), Verdict::worse);
}

TEST(Judge, AMissingCellIsARegression) {
  const RunRecord before = sample_run_of(2);
  RunRecord now = before;
  now.cells.resize(2);
  const Judgement judgement = check_run(now, baseline_of(before));
  ASSERT_NE(judge_finding(judgement, "status", "keep_fraction=0.1"), nullptr);
  EXPECT_EQ(judge_verdict(judgement, "status"), Verdict::missing);
  EXPECT_FALSE(judgement.passed());
}

TEST(Judge, AFailedCellIsARegressionEvenWhenOtherSeedsAreFine) {
  const RunRecord before = sample_run_of(3);
  RunRecord now = before;
  now.cells[1].status = Status::oom;
  now.cells[1].error = "killed";
  now.cells[1].metrics.clear();
  const Judgement judgement = check_run(now, baseline_of(before));
  EXPECT_FALSE(judgement.passed());
  const Finding* finding = judge_finding(judgement, "status");
  ASSERT_NE(finding, nullptr);
  EXPECT_EQ(finding->id, now.cells[1].id);
  EXPECT_THAT(finding->message, HasSubstr("seed 2: oom: killed"));
}

TEST(Judge, ASeedThatFailedInTheBaselineTooIsNoRegression) {
  RunRecord before = sample_run_of(3);
  before.cells[1].status = Status::failed;
  before.cells[1].metrics.clear();
  EXPECT_TRUE(check_run(before, baseline_of(before)).passed());
  RunRecord now = before;
  now.cells[2].status = Status::failed;
  EXPECT_EQ(check_run(now, baseline_of(before)).count(Verdict::missing), 1u) << "this one ended well in the baseline";
}

TEST(Judge, ASeedThatIsGoneIsMissedAlsoBesideOneThatFailedInBoth) {
  RunRecord before = sample_run_of(3);
  before.cells[2].status = Status::failed;
  RunRecord now = before;
  now.cells.erase(now.cells.begin() + 1);
  const Judgement judgement = check_run(now, baseline_of(before));
  EXPECT_EQ(judgement.count(Verdict::missing), 1U);
  EXPECT_THAT(judge_finding(judgement, "status")->message,
              HasSubstr("the baseline has 2 seeds of this cell, the run 1"));
}

TEST(Judge, WhatAnErrorHoldsForATerminalIsNotPassedOn) {
  const RunRecord before = sample_run_of(1);
  RunRecord now = before;
  now.cells[0].status = Status::failed;
  now.cells[0].error = "\x1b[2Jgone\a";
  EXPECT_THAT(judge_finding(check_run(now, baseline_of(before)), "status")->message, HasSubstr("failed:  [2Jgone "));
}

TEST(Judge, ASkippedSeedIsNoRegression) {
  const RunRecord before = sample_run_of(2);
  RunRecord now = before;
  now.cells[1].status = Status::skipped;
  EXPECT_TRUE(check_run(now, baseline_of(before)).passed());
}

TEST(Judge, OnlyTheFirstLineOfAnErrorIsTold) {
  const RunRecord before = sample_run_of(1);
  RunRecord now = before;
  now.cells[0].status = Status::failed;
  now.cells[0].error = "what went wrong\nand much more";
  EXPECT_EQ(judge_finding(check_run(now, baseline_of(before)), "status")->message, "seed 1: failed: what went wrong");
}

TEST(Judge, NoiseOfThreePairsIsThatOfStudentAndNotOfTheNormalDistribution) {
  // Differences of mean -0.02 and deviation 0.005: 6.9 standard errors, which chance alone shows twice in a hundred.
  const RunRecord three = run_of_rates({0.70, 0.70, 0.70});
  EXPECT_EQ(judge_verdict(check_run(run_of_rates({0.675, 0.68, 0.685}), baseline_of(three)), "hr@10[neg=99]"),
            Verdict::ambiguous);
  // For 6 seeds of the same spread it is 10.9 standard errors, which chance shows once in ten thousand.
  const RunRecord six = run_of_rates(std::vector<double>(6, 0.70));
  const RunRecord lower = run_of_rates({0.675, 0.675, 0.68, 0.68, 0.685, 0.685});
  EXPECT_EQ(judge_verdict(check_run(lower, baseline_of(six)), "hr@10[neg=99]"), Verdict::worse);
}

TEST(Judge, TimesOfSeveralSeedsAreMediansWhoseMeansAreCompared) {
  RunRecord before = run_of_rates({0.7, 0.7, 0.7});
  for (CellRecord& cell : before.cells) cell.stages[1].wall_s = {1.0, 1.0, 50.0};
  RunRecord now = before;
  for (CellRecord& cell : now.cells) cell.stages[1].wall_s = {1.5, 1.5, 90.0};
  Baseline baseline = baseline_of(before);
  baseline.tolerances = {{.metric = "time.train", .relative = 0.1}};
  const Judgement judgement = check_run(now, baseline);
  EXPECT_EQ(judge_verdict(judgement, "time.train"), Verdict::worse) << "an outlier among repeats is no spread of seeds";
  EXPECT_EQ(judge_finding(judgement, "time.train")->baseline_n, 3);
  EXPECT_EQ(*judge_finding(judgement, "time.train")->current, 1.5);
}

TEST(Judge, AMetricThatVanishedIsARegression) {
  const RunRecord before = sample_run_of(2);
  RunRecord now = before;
  now.cells[0].metrics.erase("logloss");
  EXPECT_EQ(judge_verdict(check_run(now, baseline_of(before)), "logloss"), Verdict::missing);
}

TEST(Judge, ACellThatFailedInTheBaselineIsNotExpected) {
  RunRecord before = sample_run_of(1);
  before.cells[1].status = Status::failed;
  RunRecord now = before;
  now.cells.pop_back();
  const Judgement judgement = check_run(now, baseline_of(before));
  EXPECT_TRUE(judgement.passed());
  EXPECT_EQ(judge_finding(judgement, "status"), nullptr);
}

TEST(Judge, ACheckThatComparedNothingFails) {
  const Judgement nothing;
  EXPECT_FALSE(nothing.passed());
  EXPECT_THAT(to_text(nothing), HasSubstr("nothing was compared\nFAILED"));
  EXPECT_THAT(to_junit(nothing), HasSubstr("failures=\"1\""));
}

TEST(Judge, NewCellsAreCountedButNotJudged) {
  const RunRecord now = sample_run_of(2);
  RunRecord before = now;
  before.cells.resize(2);
  const Judgement judgement = check_run(now, baseline_of(before));
  EXPECT_TRUE(judgement.passed());
  EXPECT_EQ(judgement.new_cells, 1u);
}

/// The same run as a bitwise plan would leave it.
Run bitwise(Run run) {
  run.provenance.determinism = {{"sample", "bitwise (checked)"}};
  return run;
}

TEST(Judge, OtherSeedsAreComparedAsDistributions) {
  const RunRecord before = run_of_rates({0.70, 0.72, 0.68, 0.71, 0.69}, 1);
  const Judgement noisy = check_run(run_of_rates({0.69, 0.68, 0.70}, 11), baseline_of(before), {.subset = true});
  EXPECT_EQ(judge_finding(noisy, "hr@10[neg=99]")->baseline_n, 5);
  EXPECT_EQ(judge_finding(noisy, "hr@10[neg=99]")->current_n, 3);
  EXPECT_EQ(judge_verdict(noisy, "hr@10[neg=99]"), Verdict::ambiguous) << "0.01 below, give or take 0.02";
  EXPECT_FALSE(noisy.passed());
  const Judgement quiet = check_run(run_of_rates({0.702, 0.700, 0.701}, 11),
                                    baseline_of(run_of_rates({0.700, 0.702, 0.701, 0.700, 0.701})), {.subset = true});
  EXPECT_EQ(judge_verdict(quiet, "hr@10[neg=99]"), Verdict::same);
  const Judgement bad = check_run(run_of_rates({0.50, 0.51, 0.52}, 11), baseline_of(before), {.subset = true});
  EXPECT_EQ(judge_verdict(bad, "hr@10[neg=99]"), Verdict::worse);
}

TEST(Judge, OtherSeedsOfABitwisePlanAreATestAndTheFirstLineSaysSo) {
  const RunRecord before = bitwise(run_of_rates({0.70, 0.72, 0.68}, 1));
  const Judgement others =
      check_run(bitwise(run_of_rates({0.69, 0.73, 0.70}, 11)), baseline_of(before), {.subset = true});
  EXPECT_EQ(judge_verdict(others, "hr@10[neg=99]"), Verdict::ambiguous);
  EXPECT_THAT(others.how, HasSubstr("not the same seeds"));
  EXPECT_THAT(check_run(before, baseline_of(before)).how, HasSubstr("the same seeds must give the same bits"));
}

TEST(Judge, SharedSeedsAreComparedPairwiseSoThatASmallDropShows) {
  // The seeds spread by 0.1, but each loses 0.02 to 0.021: pairing sees it, the two distributions would not.
  const RunRecord before = run_of_rates({0.60, 0.65, 0.70, 0.55, 0.75});
  const Judgement judgement = check_run(run_of_rates({0.58, 0.629, 0.68}), baseline_of(before));
  EXPECT_EQ(judge_finding(judgement, "hr@10[neg=99]")->baseline_n, 3);
  EXPECT_EQ(judge_verdict(judgement, "hr@10[neg=99]"), Verdict::worse);
}

TEST(Judge, OneSeedIsHeldAgainstTheSpreadOfTheBaseline) {
  const RunRecord before = run_of_rates({0.70, 0.72, 0.68, 0.71, 0.69});
  EXPECT_EQ(judge_verdict(check_run(run_of_rates({0.66}), baseline_of(before)), "hr@10[neg=99]"), Verdict::ambiguous);
  EXPECT_EQ(judge_verdict(check_run(run_of_rates({0.50}), baseline_of(before)), "hr@10[neg=99]"), Verdict::worse);
}

TEST(Judge, OneSeedOfTheBaselineIsHeldAgainstTheSpreadOfTheRun) {
  const RunRecord before = run_of_rates({0.70});
  EXPECT_EQ(
      judge_verdict(check_run(run_of_rates({0.66, 0.72, 0.68, 0.71, 0.69}), baseline_of(before)), "hr@10[neg=99]"),
      Verdict::ambiguous);
}

TEST(Judge, ASeedOfTheSameBitsIsTheSameHoweverFewThereAre) {
  const RunRecord before = run_of_rates({0.70, 0.75, 0.65});
  const Judgement judgement = check_run(run_of_rates({0.70}), baseline_of(before), {.subset = true});
  EXPECT_EQ(judge_verdict(judgement, "hr@10[neg=99]"), Verdict::same);
  EXPECT_TRUE(judgement.passed());
}

TEST(Judge, CellsThatFailedInTheBaselineAreToldOf) {
  RunRecord before = run_of_rates({0.70, 0.75});
  before.cells.push_back(sample_cell(0.5, 1, 0.7));
  before.cells.back().status = Status::failed;
  EXPECT_THAT(check_run(before, baseline_of(before)).notes,
              Contains(HasSubstr("1 of the baseline's 2 cells ended badly")));
}

TEST(Judge, ALossOfABitwisePlanIsWorseHoweverMuchItsSeedsDiffer) {
  // HR falls by 5, 20 and 45%: three standard errors of its own, and no noise at all.
  const RunRecord before = bitwise(run_of_rates({0.70, 0.71, 0.69}));
  const Judgement lost = check_run(bitwise(run_of_rates({0.665, 0.568, 0.3795})), baseline_of(before));
  EXPECT_EQ(judge_verdict(lost, "hr@10[neg=99]"), Verdict::worse);
  EXPECT_EQ(judge_verdict(lost, "logloss"), Verdict::worse);
  EXPECT_TRUE(lost.why_not_exact.empty());
  const Judgement small = check_run(bitwise(run_of_rates({0.679, 0.699, 0.691})), baseline_of(before));
  EXPECT_EQ(judge_verdict(small, "hr@10[neg=99]"), Verdict::worse) << "0.0103 of 0.01";
  const Judgement within = check_run(bitwise(run_of_rates({0.69, 0.70, 0.69})), baseline_of(before));
  EXPECT_TRUE(within.passed());
  EXPECT_EQ(judge_verdict(within, "hr@10[neg=99]"), Verdict::same);
}

TEST(Judge, WhatMayChangeABitMakesACheckATest) {
  const RunRecord before = bitwise(run_of_rates({0.70, 0.71, 0.69}));
  const auto why = [&](const std::function<void(RunRecord&)>& change) {
    RunRecord now = before;
    change(now);
    return check_run(now, baseline_of(before)).why_not_exact;
  };
  EXPECT_EQ(why([](RunRecord&) {}), "");
  EXPECT_EQ(why([](RunRecord& run) { run.provenance.build["commit"] = "fedcba"; }), "")
      << "the code is what is checked";
  EXPECT_EQ(why([](RunRecord& run) { run.provenance.machine["isa"] = {"avx2"}; }),
            "not the same instruction set: avx2-fma-avx512f then, avx2 now");
  const auto avx2 = [](RunRecord& run) {
    run.provenance.machine["backends"] = {{"cpu", {{"instruction set", "avx2"}}}};
  };
  EXPECT_THAT(why(avx2), HasSubstr("not the same instruction set: avx2-fma-avx512f then, avx2 now")) << "FRUGAL_ISA";
  RunRecord small = before;
  RunRecord large = before;
  for (RunRecord* run : {&small, &large}) avx2(*run);
  small.provenance.machine["isa"] = {"avx2", "fma"};
  EXPECT_EQ(check_run(small, baseline_of(large)).why_not_exact, "") << "AVX-512 that was not used";
  const auto amx = [](RunRecord& run) {
    run.provenance.machine["isa"] = {"avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16"};
    run.provenance.machine["backends"] = {{"cpu", {{"products of bf16", "amx_bf16"}}}};
  };
  EXPECT_EQ(why(amx), "") << "nothing is bf16";
  EXPECT_THAT(why([&](RunRecord& run) {
                amx(run);
                for (CellRecord& record : run.cells) record.cell.params[record.cell.workload]["precision"] = "bf16";
              }),
              HasSubstr("not the same instruction set"));
  EXPECT_THAT(why([](RunRecord& run) { run.provenance.build["compiler"] = "clang++ 15"; }), HasSubstr("compiler"));
  EXPECT_THAT(why([](RunRecord& run) { run.provenance.build["flags"] = "-O1"; }), HasSubstr("flags"));
  EXPECT_THAT(why([](RunRecord& run) {
                run.provenance.build["libraries"] = {{"onednn", "3.3"}};
              }),
              HasSubstr("not the same libraries"));
  EXPECT_EQ(why([](RunRecord& run) {
              run.provenance.build["libraries"] = {{"mpi", "4.1.4"}};
            }),
            "")
      << "it carries copies, and computes nothing";
  EXPECT_THAT(why([](RunRecord& run) {
                run.provenance.machine["backends"] = {{"cpu", {{"device", "B"}}}};
              }),
              HasSubstr("device"));
  EXPECT_THAT(why([](RunRecord& run) { run.provenance.determinism = {{"sample", "free"}}; }), HasSubstr("not bitwise"));
  EXPECT_THAT(why([](RunRecord& run) { run.provenance.determinism.clear(); }), HasSubstr("does not say"));
}

TEST(Judge, TheNumberOfRanksDecidesBitsOnlyWhereTheyShareExamples) {
  const auto run_by = [](int ranks, const char* share) {
    RunRecord run = bitwise(run_of_rates({0.70, 0.71, 0.69}));
    for (CellRecord& record : run.cells) {
      record.ranks = ranks;
      record.cell.params[record.cell.workload]["tower"] = {{"ranks_share", share}};
      record.id = record.cell.id();
    }
    return run;
  };
  const auto why = [&](int before, int now, const char* share) {
    return check_run(run_by(now, share), baseline_of(run_by(before, share))).why_not_exact;
  };
  EXPECT_EQ(why(1, 4, "rows"), "");
  EXPECT_EQ(why(4, 4, "examples"), "");
  EXPECT_EQ(why(2, 4, "examples"), "the ranks of a step share its examples, and are not as many: 2 then, 4 now");
}

TEST(Judge, ACountThatFollowsTheTrainingMayDifferWhereBitsMay) {
  RunRecord before = run_of_rates({0.70, 0.71});
  before.cells[0].metrics["parameters"] = 1001;
  RunRecord now = before;
  now.cells[0].metrics["parameters"] = 1010;
  EXPECT_EQ(judge_verdict(check_run(now, baseline_of(before)), "parameters"), Verdict::same);
  EXPECT_EQ(judge_verdict(check_run(bitwise(now), baseline_of(bitwise(before))), "parameters"), Verdict::changed);
  now.cells[0].metrics["parameters"] = 1100;
  EXPECT_EQ(judge_verdict(check_run(now, baseline_of(before)), "parameters"), Verdict::changed);
}

TEST(Judge, AMetricThatFallsToZeroIsWorseHoweverNoisyItWas) {
  const RunRecord before = run_of_rates({0.9, 0.1, 0.5});
  EXPECT_EQ(judge_verdict(check_run(run_of_rates({0, 0, 0}), baseline_of(before)), "hr@10[neg=99]"), Verdict::worse);
  EXPECT_EQ(judge_verdict(check_run(run_of_rates({0.1, 0, 0}), baseline_of(before)), "hr@10[neg=99]"),
            Verdict::ambiguous);
}

TEST(Judge, AnAmbiguousFindingFailsAndAsksForSeeds) {
  const Judgement judgement =
      check_run(run_of_rates({0.69, 0.72, 0.66}), baseline_of(run_of_rates({0.70, 0.70, 0.70})));
  const Finding* finding = judge_finding(judgement, "hr@10[neg=99]");
  EXPECT_EQ(finding->verdict, Verdict::ambiguous);
  EXPECT_FALSE(judgement.passed());
  // Deviation 0.03 of a pair, tolerance 0.01: (1.66 + 1.29) 0.03 / sqrt(n) <= 0.01 from n = 79 on.
  EXPECT_THAT(finding->message, HasSubstr("cannot tell: needs at least 79 seeds to see a loss of 0.01"));
  Baseline strict = baseline_of(run_of_rates({0.70, 0.70, 0.70}));
  strict.tolerances = {{.metric = "hr@10[neg=99]", .absolute = 0}};
  EXPECT_THAT(judge_finding(check_run(run_of_rates({0.69, 0.72, 0.66}), strict), "hr@10[neg=99]")->message,
              HasSubstr("give a larger tolerance"));
}

TEST(Judge, AChangeOfTheToleranceItselfAsksForNoFewerSeedsThanThereAre) {
  // 0.0099, 0.0098 and 0.01 lost, of 0.01: one seed would do to tell that nothing has changed, but something has.
  const Judgement judgement =
      check_run(run_of_rates({0.6901, 0.6902, 0.69}), baseline_of(run_of_rates({0.70, 0.70, 0.70})));
  const Finding* finding = judge_finding(judgement, "hr@10[neg=99]");
  EXPECT_EQ(finding->verdict, Verdict::ambiguous);
  EXPECT_THAT(finding->message, HasSubstr("cannot tell: the change is as large as the tolerance"));
}

TEST(Judge, AGainThatIsNotCertainIsNoWorse) {
  const RunRecord before = run_of_rates({0.70, 0.70, 0.70});
  const Judgement judgement = check_run(run_of_rates({0.715, 0.73, 0.745}), baseline_of(before));
  EXPECT_EQ(judge_verdict(judgement, "hr@10[neg=99]"), Verdict::no_worse);
  EXPECT_EQ(judge_verdict(judgement, "logloss"), Verdict::no_worse);
  EXPECT_TRUE(judgement.passed());
}

TEST(Judge, FewerSeedsOrCellsThanTheBaselineFailUnlessASubsetIsAskedFor) {
  const RunRecord before = bitwise(sample_run_of(3));
  RunRecord now = before;
  now.cells.erase(now.cells.begin());
  Judgement judgement = check_run(now, baseline_of(before));
  EXPECT_FALSE(judgement.passed());
  EXPECT_THAT(judge_finding(judgement, "status")->message,
              HasSubstr("the baseline has 3 seeds of this cell, the run 2"));
  EXPECT_TRUE(check_run(now, baseline_of(before), {.subset = true}).passed());
  now.cells.resize(2);
  judgement = check_run(now, baseline_of(before), {.subset = true});
  EXPECT_TRUE(judgement.passed());
  EXPECT_EQ(judgement.left_out, 1u);
  EXPECT_THAT(to_text(judgement), HasSubstr("1 left out"));
}

TEST(Judge, TheNoiseOfOneCellIsLearnedFromTheOthersToo) {
  // Ten cells with two seeds each. Alone, two pairs say nothing: t with one degree of freedom needs 63 standard errors.
  RunRecord before = sample_run();
  RunRecord now = sample_run();
  for (int cell = 1; cell <= 10; ++cell)
    for (std::uint64_t seed : {1, 2}) {
      const double noise = (seed == 1 ? 0.001 : -0.001) * (1 + 0.1 * cell);
      const double lost = cell == 1 ? 0.03 : 0;
      before.cells.push_back(sample_cell(cell, seed, 0.7));
      now.cells.push_back(sample_cell(cell, seed, 0.7 + noise - lost));
    }
  const Judgement together = check_run(now, baseline_of(before));
  EXPECT_EQ(judge_finding(together, "hr@10[neg=99]", "keep_fraction=1")->verdict, Verdict::worse);
  EXPECT_EQ(judge_finding(together, "hr@10[neg=99]", "keep_fraction=2")->verdict, Verdict::same);
  before.cells.resize(2);
  now.cells.resize(2);
  EXPECT_EQ(judge_verdict(check_run(now, baseline_of(before)), "hr@10[neg=99]"), Verdict::ambiguous);
}

/// 12 cells of three seeds; each seed loses `loss` in the first cell, and noise of deviation 0.003 * (1 to 2).
Judgement simulated(double loss, std::mt19937_64& random) {
  RunRecord before = sample_run();
  RunRecord now = sample_run();
  std::normal_distribution<double> normal;
  for (int cell = 1; cell <= 12; ++cell)
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      const double level = 0.7 + 0.05 * normal(random);
      before.cells.push_back(sample_cell(cell, seed, level));
      now.cells.push_back(
          sample_cell(cell, seed, level + 0.003 * (1 + cell / 12.0) * normal(random) - (cell == 1 ? loss : 0)));
    }
  return check_run(now, baseline_of(before));
}

TEST(Judge, ChanceIsCalledWorseAtMostOnceInAHundredChecks) {
  std::mt19937_64 random(1);
  int alarms = 0;
  for (int i = 0; i < 300; ++i) alarms += simulated(0, random).count(Verdict::worse) > 0;
  EXPECT_LE(alarms, 3 + 5) << "1%, and three standard deviations of 300 trials";
}

TEST(Judge, ALossOfTwiceTheTolerancePassesHardlyEver) {
  std::mt19937_64 random(2);
  int passed = 0;
  int named = 0;
  for (int i = 0; i < 300; ++i) {
    const Judgement judgement = simulated(0.02, random);
    const Verdict verdict = judge_finding(judgement, "hr@10[neg=99]", "keep_fraction=1")->verdict;
    passed += verdict == Verdict::same || verdict == Verdict::no_worse || verdict == Verdict::better;
    named += verdict == Verdict::worse;
  }
  EXPECT_LE(passed, 1);
  EXPECT_GE(named, 240) << "four of five; the others are ambiguous, and fail as well";
}

TEST(Judge, WithoutAnySpreadTheToleranceAloneDecides) {
  EXPECT_EQ(judge_verdict(check_run(run_of_rates({0.68}), baseline_of(run_of_rates({0.70}))), "hr@10[neg=99]"),
            Verdict::worse);
}

TEST(Judge, TextTellsRegressionsFirstAndCounts) {
  const RunRecord before = sample_run_of(1);
  RunRecord now = before;
  now.cells[0].metrics["hr@10[neg=99]"] = 0.9;
  now.cells[1].metrics["hr@10[neg=99]"] = 0.5;
  const std::string text = to_text(check_run(now, baseline_of(before)));
  EXPECT_THAT(text, HasSubstr("worse      " + now.cells[1].id +
                              " cadc.cpu ml-1m keep_fraction=0.1 hr@10[neg=99]: "
                              "0.681 (n=1) -> 0.5 (n=1): -0.181, tolerance 0.01"));
  EXPECT_LT(text.find("worse "), text.find("better "));
  EXPECT_THAT(text, HasSubstr("1 worse, 1 better, 4 same\nFAILED\n"));
}

class BaselineFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_ / "run");
    write_run(sample_run_of(2));
  }

  void write_run(const RunRecord& run) {
    std::ofstream(folder_ / "run" / "run.json") << run.provenance.to_json().dump();
    std::ofstream cells(folder_ / "run" / "cells.jsonl");
    for (const CellRecord& cell : run.cells) cells << cell.to_json().dump() << "\n";
  }
  std::filesystem::path write(const std::string& text) {
    std::ofstream(folder_ / "base.yaml") << text;
    return folder_ / "base.yaml";
  }
  std::string error_of(const std::string& text) {
    try {
      load_baseline(write(text));
    } catch (const UserError& error) {
      return error.what();
    }
    return "no error";
  }
  ScratchFolder scratch_;
  const std::filesystem::path folder_ = scratch_.path();
};

TEST_F(BaselineFile, NamesARunAndItsTolerances) {
  const Baseline baseline = load_baseline(write(R"(schema: 1
run: run
tolerances:
  - {metric: "hr@10[neg=99]", absolute: 0.02, where: {params.cadc.keep_fraction: 0.1}}
  - {metric: time.train, relative: 0.2}
  - {metric: logloss, ignore: true}
)"));
  EXPECT_EQ(baseline.run.cells.size(), 4u);
  ASSERT_EQ(baseline.tolerances.size(), 3u);
  EXPECT_EQ(baseline.tolerances[0].absolute, 0.02);
  EXPECT_EQ(baseline.tolerances[0].where.at(0).second, Json(0.1));
  EXPECT_EQ(baseline.tolerances[1].relative, 0.2);
  EXPECT_TRUE(baseline.tolerances[2].ignore);
}

TEST_F(BaselineFile, MayBeTheRunItself) {
  const Baseline folder = load_baseline(folder_ / "run");
  const Baseline lines = load_baseline(folder_ / "run" / "cells.jsonl");
  EXPECT_EQ(folder.run.cells.size(), 4u);
  EXPECT_TRUE(check_run(folder.run, lines).passed());
}

TEST_F(BaselineFile, ErrorsNameTheirPlace) {
  EXPECT_THAT(error_of("schema: 1\nrun: run\ntolerences: []\n"), HasSubstr("base.yaml:3:1"));
  EXPECT_THAT(error_of("schema: 1\nrun: run\ntolerances:\n  - {metric: \"hr@10[neg=9]\", absolute: 1}\n"),
              HasSubstr("did you mean 'hr@10[neg=99]'"));
  EXPECT_THAT(error_of("schema: 1\nrun: run\ntolerances:\n  - {metric: logloss}\n"), HasSubstr("base.yaml:4:5"));
  EXPECT_THAT(error_of("schema: 1\nrun: run\ntolerances:\n  - {metric: logloss, absolute: -1}\n"),
              HasSubstr("0 or more"));
  EXPECT_THAT(error_of("schema: 1\nrun: elsewhere\n"), HasSubstr("base.yaml:2:6"));
  EXPECT_THAT(error_of("schema: 2\nrun: run\n"), HasSubstr("base.yaml:1:9"));
}

TEST_F(BaselineFile, AToleranceOfNoCellsPathIsRefused) {
  const auto with_where = [](const std::string& where) {
    return "schema: 1\nrun: run\ntolerances:\n  - {metric: logloss, absolute: 1, where: {" + where + "}}\n";
  };
  const std::string typo = error_of(with_where("params.cadc.keep_fractoin: 0.1"));
  EXPECT_THAT(typo, HasSubstr("base.yaml:4:44"));
  EXPECT_THAT(typo, HasSubstr("did you mean 'params.cadc.keep_fraction'"));
  EXPECT_THAT(error_of(with_where("seed: 1")), HasSubstr("'seed'")) << "a tolerance is for all seeds of a cell";
  EXPECT_THAT(error_of(with_where("params.cadc.keep_fraction: 0.7")), HasSubstr("no cell of the baseline matches"));
  const Baseline baseline = load_baseline(write(with_where("dataset: ml-1m")));
  EXPECT_EQ(baseline.tolerances[0].where.at(0), std::make_pair(std::string("dataset.name"), Json("ml-1m")));
}

TEST_F(BaselineFile, WithoutAGoodCellIsRefused) {
  RunRecord run = sample_run_of(1);
  for (CellRecord& cell : run.cells) cell.status = Status::failed;
  write_run(run);
  EXPECT_THAT(error_of("schema: 1\nrun: run\n"), HasSubstr("no cell that ended well"));
}

}  // namespace
}  // namespace frugal::harness
