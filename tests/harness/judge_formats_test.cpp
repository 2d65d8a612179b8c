// What a check writes, as a CI engineer meets it: in a log, in a pull request, on a server's page.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/judge/formats/formats.hpp"
#include "tests/harness/sample_runs.hpp"

namespace frugal::harness {
namespace {

using samples::RunRecord;
using samples::sample_run_of;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

/// One cell worse in a metric, and all times 1.3 times as long.
Judgement planted(std::uint64_t seeds = 3) {
  const RunRecord before = sample_run_of(seeds);
  RunRecord now = before;
  now.folder = "runs/now";
  now.provenance.build["commit"] = "fedcba9876543210";
  now.provenance.machine["hostname_hash"] = "5bce98f73f3e";
  for (CellRecord& cell : now.cells) {
    for (StageRecord& stage : cell.stages)
      for (double& sample : stage.wall_s) sample *= 1.3;
    if (cell.cell.params["cadc"]["keep_fraction"] == 0.1) cell.metrics["hr@10[neg=99]"] -= 0.1;
  }
  return check_run(now, {.file = "base", .run = before, .tolerances = {{.metric = "time.total", .relative = 0.1}}},
                   {.across_machines = true});
}

/// Many findings with names that mean something to Markdown, XML and workflow commands.
Judgement huge() {
  Judgement judgement = planted();
  const Finding worse = *std::ranges::find(judgement.findings, Verdict::worse, &Finding::verdict);
  for (int i = 0; i < 3000; ++i) {
    Finding finding = worse;
    finding.cell = "|<x>*" + std::to_string(i) + std::string(i % 7 == 0 ? 5000 : 10, 'y');
    finding.verdict = i % 3 == 0 ? Verdict::worse : i % 3 == 1 ? Verdict::ambiguous : Verdict::same;
    judgement.findings.push_back(std::move(finding));
  }
  return judgement;
}

TEST(CheckMarkdown, SaysTheVerdictBothSetupsAndWhatChanged) {
  const std::string text = to_markdown(planted());
  EXPECT_THAT(text,
              StartsWith("### frugal check: FAILED\n\n**1 worse, 2 slower, 5 same** against base. Slower: runs/now "
                         "takes 1.30 times as long as base"));
  EXPECT_THAT(text, HasSubstr("| machine | Test CPU, 2 cores | Test CPU, 2 cores, host 5bce98f |"));
  EXPECT_THAT(text, HasSubstr("| build | 0123456789ab (Release) | fedcba987654 (Release) |"));
  EXPECT_THAT(text,
              HasSubstr("| worse | hr\\@10\\[neg=99] | cadc.cpu ml-1m keep_fraction=0.1 | 0.682 | 0.582 | -0.1 |"));
  EXPECT_THAT(text, HasSubstr("<details><summary>the others: 5 same</summary>"));
  EXPECT_EQ(count_of(text, "<details>"), count_of(text, "</details>"));
}

TEST(CheckMarkdown, FitsIntoACommentWhateverItsSize) {
  const Judgement many = huge();
  const std::vector<Judgement> all(5, many);
  for (const std::string& text : {to_markdown(many), compared_markdown(all)}) {
    EXPECT_LE(text.size(), most_comment_bytes);
    EXPECT_THAT(text, HasSubstr("more, for which this comment has no room"));
    EXPECT_EQ(count_of(text, "<details>"), count_of(text, "</details>"));
  }
  EXPECT_THAT(compared_markdown(all), HasSubstr("#### run 5"));
}

TEST(CheckText, CallsATimeSlowerAsTheOtherFormatsDo) {
  EXPECT_THAT(to_text(planted()),
              AllOf(HasSubstr("\nslower     "), HasSubstr("\n1 worse, 2 slower, 5 same\nFAILED\n")));
}

TEST(CheckText, ACellWithoutALabelLeavesNoGap) {
  Judgement judgement;
  Finding& finding = judgement.findings.emplace_back();
  finding.id = "0123";
  finding.suite = "inr.cpu";
  finding.metric = "time.total";
  finding.verdict = Verdict::worse;
  finding.message = "slow";
  EXPECT_THAT(to_text(judgement), HasSubstr("slower     0123 inr.cpu time.total: slow\n"));
}

TEST(CheckJson, IsOneObjectWithEveryFinding) {
  const Judgement judgement = planted();
  const Json json = Json::parse(to_json_text(judgement));
  EXPECT_EQ(json.at("schema"), 1);
  EXPECT_EQ(json.at("passed"), false);
  EXPECT_EQ(json.at("counts").at("worse"), 3);
  EXPECT_EQ(json.at("speed").at("verdict"), "slower");
  EXPECT_NEAR(json.at("speed").at("ratio"), 1.3, 1e-9);
  EXPECT_EQ(json.at("setup").at("build").at("run"), "fedcba987654 (Release)");
  EXPECT_EQ(json.at("findings").size(), judgement.findings.size());
}

TEST(CheckJunit, HasTimesMachineAndBodies) {
  const Judgement judgement = planted();
  const std::string xml = to_junit(judgement);
  EXPECT_THAT(xml, HasSubstr("timestamp=\"2025-01-31T12:00:00\" hostname=\"5bce98f73f3e\" tests=\"8\" failures=\"3\""));
  EXPECT_THAT(xml, HasSubstr("<property name=\"build\" value=\"fedcba987654 (Release)\"/>"));
  EXPECT_THAT(xml, HasSubstr("<property name=\"build of the baseline\" value=\"0123456789ab (Release)\"/>"));
  // 3 seeds of (2 + 2 + 2) + (1 + 3 + 1.5) seconds, 1.3 times as long, in each of the two cells.
  EXPECT_EQ(count_of(xml, "time=\"44.850\""), 2u) << "the first case of each cell has its seconds";
  EXPECT_THAT(xml, HasSubstr("skipped=\"0\" time=\"89.700\""));
  EXPECT_THAT(xml, HasSubstr("hr@10[neg=99] of cadc.cpu ml-1m keep_fraction=0.1&#10;"));
  EXPECT_THAT(xml, HasSubstr("again: frugal run sample --out runs/now --rerun "));
}

TEST(CheckJunit, SaysHowToRunAgainWithTheSettingsOfTheRun) {
  const RunRecord before = sample_run_of(3);
  RunRecord now = before;
  now.folder = "runs/now";
  now.provenance.plan["overrides"] = {"params.cadc.mf.dim=8", "seeds=[1,2,3]"};
  for (CellRecord& cell : now.cells) cell.metrics["hr@10[neg=99]"] -= 0.1;
  EXPECT_THAT(to_junit(check_run(now, {.file = "base", .run = before})),
              HasSubstr("again: frugal run sample --set &#39;params.cadc.mf.dim=8&#39; --set "
                        "&#39;seeds=[1,2,3]&#39; --out runs/now --rerun "));
}

TEST(CheckJunit, IsEscapedAndNamesEachFailure) {
  Judgement judgement{.run = "a<b", .baseline = "c"};
  judgement.findings = {{.id = "0123",
                         .suite = "cadc.cpu",
                         .cell = "d=\"1\"",
                         .metric = "hr & ndcg",
                         .verdict = Verdict::worse,
                         .message = "1 > 0\nsecond \x01line"},
                        {.id = "4567", .suite = "cadc.cpu", .cell = "", .metric = "auc", .message = "fine"}};
  const std::string expected = R"xml(<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="frugal check a&lt;b" timestamp="1970-01-01T00:00:00" hostname="unknown" tests="2" failures="1" errors="0" skipped="0" time="0.000">
    <properties>
      <property name="run" value="a&lt;b"/>
      <property name="baseline" value="c"/>
    </properties>
    <testcase classname="cadc.cpu" name="d=&quot;1&quot; hr &amp; ndcg" time="0.000">
      <failure type="worse" message="worse: 1 &gt; 0&#10;second  line (0123)">hr &amp; ndcg of cadc.cpu d=&quot;1&quot;&#10;1 &gt; 0&#10;second  line&#10;</failure>
    </testcase>
    <testcase classname="cadc.cpu" name="auc" time="0.000">
      <system-out>same: fine (4567)</system-out>
    </testcase>
  </testsuite>
</testsuites>
)xml";
  EXPECT_EQ(to_junit(judgement), expected);
}

TEST(CheckGithub, AnnotatesWhatFailedAndNeverMoreThanAStepShows) {
  const std::string text = to_github(planted());
  EXPECT_THAT(text, StartsWith("::error title=frugal check FAILED::1 worse, 2 slower, 5 same. Slower: "));
  EXPECT_THAT(text,
              HasSubstr("::error title=worse%3A hr@10[neg=99] of cadc.cpu ml-1m keep_fraction=0.1::0.682 (n=3) -> "));
  EXPECT_THAT(text, HasSubstr("(90%25"));
  const std::string many = to_github(huge());
  EXPECT_EQ(count_of(many, "::error "), 10u);
  EXPECT_EQ(count_of(many, "::warning "), 10u);
  EXPECT_THAT(many, HasSubstr("title=and 99"));
}

TEST(CheckTimes, OfAnotherMachineAreRefusedUnlessAskedFor) {
  const RunRecord before = sample_run_of(2);
  RunRecord now = before;
  now.provenance.machine["hostname_hash"] = "ffff";
  const auto error_of = [&](const RunRecord& run, CheckRules rules, const std::string& metric) {
    try {
      check_run(run, {.file = "base.yaml", .run = before, .tolerances = {{.metric = metric, .relative = 0.1}}}, rules);
    } catch (const UserError& refused) {
      return std::string(refused.what());
    }
    return std::string();
  };
  EXPECT_THAT(error_of(now, {}, "time.total"), AllOf(HasSubstr("base.yaml"), HasSubstr("of another machine"),
                                                     HasSubstr("--across-machines"), HasSubstr("host ffff")));
  EXPECT_EQ(error_of(now, {.across_machines = true}, "time.total"), "");
  EXPECT_EQ(error_of(now, {}, "logloss"), "") << "no matter of time";
  EXPECT_EQ(error_of(before, {}, "time.total"), "");
  RunRecord threads = before;
  threads.provenance.plan["threads"]["sample"] = 4;
  EXPECT_THAT(error_of(threads, {}, "time.total"), HasSubstr("another number of threads"));
  RunRecord ranks = before;
  ranks.provenance.plan["ranks"]["sample"] = 4;
  EXPECT_THAT(error_of(ranks, {}, "time.total"), HasSubstr("4 ranks of"));
  RunRecord kernels = before;
  kernels.provenance.machine["backends"]["cpu"]["instruction set"] = "avx2";
  EXPECT_EQ(error_of(kernels, {}, "time.total"), "") << "only one of them tells";
  RunRecord others = kernels;
  others.provenance.machine["backends"]["cpu"]["instruction set"] = "avx512";
  EXPECT_THROW(
      check_run(others, {.file = "b", .run = kernels, .tolerances = {{.metric = "time.total", .relative = 0.1}}}),
      UserError);
  EXPECT_NO_THROW(check_run(others,
                            {.file = "b", .run = kernels, .tolerances = {{.metric = "time.total", .relative = 0.1}}},
                            {.across_machines = true}));
}

}  // namespace
}  // namespace frugal::harness
