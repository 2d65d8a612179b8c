// `frugal compare`: the answer first, by the rule of a check.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "benchmarks/harness/compare/compare_table.hpp"
#include "benchmarks/harness/judge/formats/formats.hpp"
#include "benchmarks/harness/judge/judge.hpp"
#include "tests/harness/sample_runs.hpp"

namespace frugal::harness {
namespace {

using samples::change_metric;
using samples::RunRecord;
using samples::sample_run_of;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

void scale_times(RunRecord& run, double factor) {
  for (CellRecord& cell : run.cells) {
    for (StageRecord& stage : cell.stages) {
      for (double& sample : stage.wall_s) sample *= factor;
    }
  }
}

RunRecord scaled(double factor, std::uint64_t seeds = 3) {
  RunRecord run = sample_run_of(seeds);
  run.folder = "runs/other";
  scale_times(run, factor);
  return run;
}

const Finding& compared_finding(const Judgement& judgement, const std::string& cell, const std::string& metric) {
  for (const Finding& finding : judgement.findings)
    if (finding.cell.find(cell) != std::string::npos && finding.metric == metric) return finding;
  throw std::runtime_error("no finding " + cell + " " + metric);
}

std::string answer(const RunRecord& base, const RunRecord& run) {
  const Judgement judgement = compare_runs(base, run);
  return compared_text({&judgement, 1});
}

TEST(CompareRuns, SaysInTheFirstSentenceHowManyTimesAsLongOrAsFast) {
  EXPECT_THAT(
      answer(sample_run_of(3), scaled(1.3)),
      StartsWith("Slower: runs/other takes 1.30 times as long as runs/sample (90% interval 1.30 to 1.30; geometric "
                 "mean of the total time of 2 cells).\n"));
  EXPECT_THAT(answer(sample_run_of(3), scaled(0.25)),
              StartsWith("Faster: runs/other is 4.00 times as fast as runs/sample"));
  EXPECT_THAT(answer(sample_run_of(3), scaled(1.01)), StartsWith("Same: runs/other takes 1.01 times as long"));
}

TEST(CompareRuns, ARatioThatIsTheSameOfEverySeedIsCertainHoweverTheSeedsDiffer) {
  RunRecord base = sample_run_of(3);
  for (std::size_t i = 0; i < base.cells.size(); ++i)
    for (StageRecord& stage : base.cells[i].stages)
      for (double& sample : stage.wall_s) sample *= 1 + 0.2 * static_cast<double>(i % 3);
  for (const double factor : {0.25, 10.0}) {
    RunRecord run = base;
    run.folder = "runs/other";
    scale_times(run, factor);
    const std::optional<Speed> speed = compare_runs(base, run).speed;
    ASSERT_TRUE(speed && speed->interval);
    EXPECT_EQ(speed->verdict, factor < 1 ? SpeedVerdict::faster : SpeedVerdict::slower);
    EXPECT_NEAR(speed->interval->first, factor, 1e-6 * factor);
    EXPECT_NEAR(speed->interval->second, factor, 1e-6 * factor);
  }
}

TEST(CompareRuns, ARatiosIntervalKnowsTheNoiseOfTheBase) {
  // Base times apart by factors of 4, run times equal: of the logarithms of the ratio one pair differs by log 4.
  RunRecord base = sample_run_of(2);
  RunRecord run = base;
  run.folder = "runs/other";
  scale_times(run, 10);
  for (CellRecord& cell : base.cells)
    if (cell.cell.seed == 2)
      for (StageRecord& stage : cell.stages)
        for (double& sample : stage.wall_s) sample *= 4;
  const std::optional<Speed> speed = compare_runs(base, run).speed;
  ASSERT_TRUE(speed && speed->interval);
  EXPECT_NEAR(speed->ratio, 10 / 2.0, 1e-6) << "the geometric mean of 10 and 2.5";
  // Two cells of a pair of seeds each: variance log(4)^2 / 2 with 2 degrees, half of a half of it, t(90%, 2) = 2.92.
  const double half = 2.91999 * std::log(4.0) / std::sqrt(2.0) / 2;
  EXPECT_NEAR(std::log(speed->interval->second / speed->ratio), half, 1e-3);
}

/// Multiplies the times of a seed of the cells that the filter lets through.
void scale_seed(RunRecord& run, std::uint64_t seed, double factor, double keep) {
  for (CellRecord& cell : run.cells)
    if (cell.cell.seed == seed && cell.cell.own().at("keep_fraction") == keep)
      for (StageRecord& stage : cell.stages)
        for (double& sample : stage.wall_s) sample *= factor;
}

TEST(CompareRuns, ANoisyCellIsNotAveragedAwayByQuietOnes) {
  const RunRecord base = sample_run_of(2);
  RunRecord run = base;
  run.folder = "runs/other";
  scale_times(run, 10);
  scale_seed(run, 1, std::exp(0.2), 0.1);
  scale_seed(run, 2, std::exp(-0.2), 0.1);
  const std::optional<Speed> speed = compare_runs(base, run).speed;
  ASSERT_TRUE(speed && speed->interval);
  EXPECT_NEAR(speed->ratio, 10, 1e-6);
  // One cell's variance, .08, of two pairs, half of a half of it, and its one degree: t(90%, 1) = 6.31.
  EXPECT_NEAR(std::log(speed->interval->second / speed->ratio), 6.313752 * std::sqrt(0.08 / 2) / 2, 1e-3);
}

TEST(CompareRuns, TheIntervalOfATimeIsThatOfItsRatioSoThatNoneIsBelowNothing) {
  const RunRecord base = sample_run_of(3);
  RunRecord run = scaled(0.05);
  for (const double keep : {1.0, 0.1})
    for (const std::uint64_t seed : {1, 2, 3})
      scale_seed(run, seed, std::exp(0.1 * (static_cast<double>(seed) - 2)), keep);
  const Judgement judgement = compare_runs(base, run);
  const Finding& total = compared_finding(judgement, "keep_fraction=0.1", "time.total");
  ASSERT_TRUE(total.half_width);
  // A deviation of .1 over the root of three pairs, by Student's quantile of 95% for two degrees.
  EXPECT_NEAR(*total.half_width / *total.current, std::sinh(2.919986 * 0.1 / std::sqrt(3.0)), 1e-3);
  EXPECT_LT((*total.current - *total.baseline - *total.half_width) / *total.baseline, -0.94);
  EXPECT_GT((*total.current - *total.baseline - *total.half_width) / *total.baseline, -1);
}

TEST(CompareRuns, TimesThatDoNotCountAreToldOf) {
  RunRecord base = sample_run_of(3);
  RunRecord run = scaled(0.5);
  run.cells[0].conditions = {{.others = 1.0}};
  ASSERT_FALSE(run.cells[0].is_quiet());
  EXPECT_THAT(compare_runs(base, run).notes, Contains(HasSubstr("2 total times do not count")));
}

TEST(CompareRuns, OfRepeatsOfOneSeedTheNoiseIsThatOfTheirMedian) {
  RunRecord base = sample_run_of(1), run = scaled(1.02, 1);
  for (RunRecord* one : {&base, &run})
    for (CellRecord& cell : one->cells)
      for (StageRecord& stage : cell.stages) {
        const double middle = stage.wall_s[0];
        stage.wall_s = {middle * std::exp(-0.01), middle, middle * std::exp(0.01)};
      }
  const std::optional<Speed> speed = compare_runs(base, run).speed;
  ASSERT_TRUE(speed && speed->interval);
  // Two cells of variance .0001 and four degrees each, of a difference of two medians of three: t(90%, 8) = 1.86.
  EXPECT_NEAR(std::log(speed->interval->second / speed->ratio),
              1.859548 * 0.01 * std::sqrt(2 * std::numbers::pi / 2 / 3 * 2) / 2, 1e-4);
}

TEST(CompareRuns, WhatTheNoiseHidesIsAmbiguous) {
  RunRecord b = scaled(1.04);
  for (std::size_t i = 0; i < b.cells.size(); ++i)
    for (StageRecord& stage : b.cells[i].stages)
      for (double& sample : stage.wall_s) sample *= i % 2 == 0 ? 1.3 : 0.8;
  EXPECT_THAT(answer(sample_run_of(3), b),
              AllOf(StartsWith("Ambiguous: "), HasSubstr("too uncertain to tell a change of 5%")));
}

TEST(CompareRuns, TwiceAsFastAndTwiceAsSlowAreAsFastOnTheWhole) {
  RunRecord b = sample_run_of(1);
  for (StageRecord& stage : b.cells[0].stages)
    for (double& sample : stage.wall_s) sample *= 2;
  for (StageRecord& stage : b.cells[1].stages)
    for (double& sample : stage.wall_s) sample /= 2;
  EXPECT_NEAR(compare_runs(sample_run_of(1), b).speed->ratio, 1, 1e-12);
}

TEST(CompareRuns, SeveralCellsOfTheSameNoiseAreMoreCertainThanOne) {
  RunRecord a = sample_run_of(3), b = scaled(1.02);
  for (CellRecord& cell : b.cells)
    for (StageRecord& stage : cell.stages)
      for (double& sample : stage.wall_s) sample *= 1 + 0.002 * static_cast<double>(cell.cell.seed);
  const auto width_of = [](const RunRecord& base, const RunRecord& run) {
    const auto [low, high] = compare_runs(base, run).speed.value().interval.value();
    return std::log(high / low);
  };
  const double two = width_of(a, b);
  for (RunRecord* run : {&a, &b})
    std::erase_if(run->cells, [&](const CellRecord& cell) { return cell.cell.params != run->cells[0].cell.params; });
  // The mean of two has half the variance; Student's quantiles of 95% for 4 and 2 degrees of freedom.
  EXPECT_NEAR(two / width_of(a, b), 2.131847 / 2.919986 / std::sqrt(2), 1e-6);
}

TEST(CompareRuns, TimesOtherWorkDisturbedAreNotComparable) {
  RunRecord b = sample_run_of(2);
  for (CellRecord& cell : b.cells) cell.conditions = {{.others = 1.0}};
  const Judgement judgement = compare_runs(sample_run_of(2), b);
  EXPECT_EQ(judgement.speed->verdict, SpeedVerdict::not_comparable);
  EXPECT_THAT(compared_text({&judgement, 1}),
              AllOf(StartsWith("Not comparable: "), HasSubstr("(they give 1.00 times as long)")));
}

TEST(CompareRuns, AHeadlineIsNeverCut) {
  const RunRecord run = sample_run_of(3);
  RunRecord other = run;
  other.folder = "runs/" + std::string(300, 'x');
  EXPECT_THAT(compared_markdown(std::vector{compare_runs(run, other)}),
              HasSubstr(std::string(300, 'x') + " takes 1.00 times as long"));
}

TEST(CompareRuns, TheVerdictOfACellIsThatOfACheck) {
  RunRecord b = sample_run_of(3);
  change_metric(b, "hr@10[neg=99]", [](double x) { return x + 0.015; });
  change_metric(b, "logloss", [](double x) { return x + 0.015; });
  const RunRecord a = sample_run_of(3);
  const Judgement compared = compare_runs(a, b);
  const Judgement checked = check_run(b, {.file = "a", .run = a});
  ASSERT_FALSE(checked.findings.empty());
  for (const Finding& finding : checked.findings)
    EXPECT_EQ(compared_finding(compared, finding.cell, finding.metric).verdict, finding.verdict) << finding.metric;
  EXPECT_EQ(compared_finding(compared, "keep_fraction=1", "logloss").verdict, Verdict::worse);
  EXPECT_EQ(compared_finding(compared, "keep_fraction=1", "hr@10[neg=99]").verdict, Verdict::better);
}

TEST(CompareRuns, OnlyWhatChangedIsListedAndTheRestIsCounted) {
  RunRecord b = sample_run_of(2);
  for (std::size_t seed : {0, 1}) b.cells[seed].metrics["parameters"] = 2000;
  const std::string text = answer(sample_run_of(2), b);
  EXPECT_THAT(text, HasSubstr("changed  parameters of cadc.cpu ml-1m keep_fraction=1"));
  EXPECT_THAT(text, Not(HasSubstr("logloss")));
  EXPECT_THAT(text, HasSubstr("the others: "));
}

TEST(CompareRuns, WhatIsAmbiguousIsNotCalledUnchanged) {
  EXPECT_THAT(answer(sample_run_of(2), sample_run_of(2)), HasSubstr("nothing changed: "));
  Judgement judgement = compare_runs(sample_run_of(2), sample_run_of(2));
  judgement.findings.front().verdict = Verdict::ambiguous;
  const std::string text = compared_text({&judgement, 1});
  EXPECT_THAT(text,
              AllOf(HasSubstr("no change is certain: "), HasSubstr("1 ambiguous"), Not(HasSubstr("nothing changed"))));
}

TEST(CompareRuns, AStageOfATwentiethIsNoLineOfItsOwn) {
  RunRecord a = sample_run_of(2);
  for (CellRecord& cell : a.cells) cell.stages.push_back({"load", {0.01, 0.01, 0.01}, 0, 0});
  RunRecord b = a;
  for (CellRecord& cell : b.cells) cell.stages.back().wall_s = {0.05, 0.05, 0.05};
  const Judgement judgement = compare_runs(a, b);
  EXPECT_TRUE(std::ranges::none_of(judgement.findings, [](const Finding& f) { return f.metric == "time.load"; }));
  for (CellRecord& cell : b.cells) cell.stages.back().wall_s = {0.5, 0.5, 0.5};
  EXPECT_EQ(compared_finding(compare_runs(a, b), "keep_fraction=1", "time.load").verdict, Verdict::worse)
      << "one that has become large counts";
}

TEST(CompareRuns, DifferentBackEndsMeet) {
  const Judgement judgement = compare_runs(sample_run_of(1, "reference"), sample_run_of(1, "cpu"));
  EXPECT_EQ(judgement.findings.at(0).suite, "cadc.reference → cpu");
  EXPECT_EQ(judgement.why_not_exact, "another back end");
}

TEST(CompareRuns, ASharedBackEndIsComparedWithItselfOnly) {
  RunRecord a = sample_run_of(1, "reference");
  for (const CellRecord& cell : sample_run_of(1, "cpu").cells) a.cells.push_back(cell);
  const Judgement judgement = compare_runs(a, sample_run_of(1, "cpu"));
  for (const Finding& finding : judgement.findings) EXPECT_EQ(finding.suite, "cadc.cpu");
  EXPECT_EQ(judgement.left_out, 2u);
}

TEST(CompareRuns, CountsWhatCannotBeCompared) {
  const RunRecord a = sample_run_of(3);
  RunRecord b = sample_run_of(2);
  b.cells.pop_back();
  b.cells[0].status = Status::failed;
  const Judgement judgement = compare_runs(a, b);
  EXPECT_EQ(judgement.left_out, 3u);
  EXPECT_EQ(compared_finding(judgement, "keep_fraction=1", "status").verdict, Verdict::missing)
      << "it ended well in the base";
}

TEST(CompareRuns, NothingInCommonIsNotComparableAndSaysWhy) {
  RunRecord b = sample_run_of(1);
  for (CellRecord& cell : b.cells) cell.cell.seed = 99;
  for (const RunRecord& other : {b, samples::sample_run()}) {
    const Judgement judgement = compare_runs(sample_run_of(1), other);
    EXPECT_EQ(judgement.speed->verdict, SpeedVerdict::not_comparable);
    EXPECT_THAT(judgement.speed->why, HasSubstr("nothing to compare"));
    EXPECT_TRUE(judgement.findings.empty());
  }
}

TEST(CompareRuns, BothMachinesStandOnTop) {
  RunRecord b = sample_run_of(1);
  b.folder = "runs/other";
  b.provenance.machine["cpu"] = "Other CPU";
  b.provenance.machine["isa"] = {"avx2"};
  const std::string text = answer(sample_run_of(1), b);
  EXPECT_THAT(text, AllOf(HasSubstr("runs/sample: Test CPU, 2 cores"), HasSubstr("runs/other: Other CPU, 2 cores"),
                          HasSubstr("runs/other: avx2\n"), HasSubstr("threads          2 threads"),
                          HasSubstr("build            0123456789ab (Release)")));
}

TEST(CompareRuns, TheLimitsOfBothMachinesStandSideBySide) {
  RunRecord a = sample_run_of(1), b = sample_run_of(1);
  b.folder = "runs/other";
  for (CellRecord& cell : a.cells) cell.limits = {.flops = 1e11, .bytes = 2e10, .sines = 5e9};
  for (CellRecord& cell : b.cells)
    cell.limits = {.flops = 2e11, .bytes = 3e10, .sines = 5e9, .l1 = 4e11, .precision = "fp32"};
  b.cells.back().limits = {.flops = 8e11, .bytes = 2e10, .sines = 5e9, .precision = "bf16"};
  const std::string text = answer(a, b);
  EXPECT_THAT(text, AllOf(HasSubstr("arithmetic limit runs/sample: 100 GFLOP/s"),
                          HasSubstr("runs/other: fp32 200, bf16 800 GFLOP/s"),
                          HasSubstr("bandwidth limit  runs/sample: memory 20 GB/s"),
                          HasSubstr("runs/other: L1 400, memory 30 GB/s"), Not(HasSubstr("sines"))));
}

TEST(CompareRuns, SeveralRunsAreHeldAgainstTheFirst) {
  const RunRecord base = sample_run_of(3);
  const std::vector<Judgement> judgements{compare_runs(base, scaled(2)), compare_runs(base, scaled(0.5))};
  EXPECT_THAT(compared_text(judgements), AllOf(HasSubstr("takes 2.00 times as long"), HasSubstr("2.00 times as fast")));
  EXPECT_THAT(compared_markdown(judgements), AllOf(HasSubstr("| | base | run 1 | run 2 |"), HasSubstr("#### run 2")));
  EXPECT_EQ(Json::parse(compared_json(judgements)).at(1).at("speed").at("verdict"), "faster");
}

TEST(CompareRuns, ATableHasEveryFigureWithItsRatioAndVerdict) {
  const RunRecord a = sample_run_of(3);
  const RunRecord b = scaled(1.3);
  const Judgement judgement = compare_runs(a, b);
  const Table table = compare_table(judgement, a, b);
  EXPECT_EQ(table.rows.size(), judgement.findings.size());
  const auto row =
      std::ranges::find_if(table.rows, [](const TableRow& r) { return r.entries[2].text == "time.total"; });
  ASSERT_NE(row, table.rows.end());
  EXPECT_NEAR(*row->entries[8].value, 1.3, 1e-12);
  EXPECT_EQ(row->entries[9].text, "slower");
  EXPECT_THAT(table.caption, Contains("Stage 2 is the training."));
  EXPECT_THAT(render({&table, 1}, TableFormat::csv), HasSubstr("slower"));
}

}  // namespace
}  // namespace frugal::harness
