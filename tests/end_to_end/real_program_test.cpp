// The program with its real workloads and back ends, on the plan that exists for this.
#include <gmock/gmock.h>

#include "impl/base/sanitizer.hpp"
#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class RealProgram : public ProgramTest {
 protected:
  /// Of its own minute a cell takes more under a sanitizer.
  Said run_smoke(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"run", "smoke"};
    words.insert(words.end(), more.begin(), more.end());
    if (has_sanitizer) words.insert(words.end(), {"--set", "limits.timeout_s=1000"});
    return frugal(words);
  }
};

TEST_F(RealProgram, TheSmokePlanRunsReportsAndPassesItsOwnCheck) {
  ASSERT_EQ(frugal({"plan", "smoke"}).code, 0);
  const Said run = run_smoke();
  ASSERT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("frugal report results/local/smoke"));
  const Said report = frugal({"report", "results/local/smoke"});
  EXPECT_EQ(report.code, 0) << report.err;
  EXPECT_THAT(report.out, HasSubstr("|"));
  EXPECT_EQ(frugal({"check", "results/local/smoke", "--baseline", "results/local/smoke"}).code, 0);
  const Said again = run_smoke();
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.err, HasSubstr("nothing to do"));
}

TEST_F(RealProgram, TwoRunsOfTheSmokePlanAgreeBitForBit) {
  ASSERT_EQ(run_smoke({"--out", "a", "--only", "seed=1"}).code, 0);
  ASSERT_EQ(run_smoke({"--out", "b", "--only", "seed=1"}).code, 0);
  const auto a = records("a/cells.jsonl");
  const auto b = records("b/cells.jsonl");
  ASSERT_EQ(a.size(), b.size());
  ASSERT_FALSE(a.empty());
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto repeatable = [](nlohmann::json metrics) {
      metrics.erase("memory.peak");
      for (const char* quality : {"30", "35", "40", "50", "60"})
        metrics.erase("seconds[" + std::string(quality) + "dB]");  // by the clock
      return metrics;
    };
    EXPECT_EQ(repeatable(a[i].at("metrics")), repeatable(b[i].at("metrics"))) << a[i].at("id");
  }
}

TEST_F(RealProgram, ABaselineThatLacksALaterParameterStillJudgesARun) {
  ASSERT_EQ(run_smoke({"--out", "new", "--set", "seeds=[1]"}).code, 0);
  std::filesystem::copy(folder_ / "new", folder_ / "old");
  std::string lines;
  for (nlohmann::json record : records("new/cells.jsonl")) {
    ASSERT_EQ(record.at("params").at("inr").erase("weight_scale"), 1U);
    lines += record.dump() + "\n";
  }
  write("old/cells.jsonl", lines);
  const Said check = frugal({"check", "new", "--baseline", "old"});
  EXPECT_EQ(check.code, 0) << check.out << check.err;
  EXPECT_THAT(check.out, Not(HasSubstr("new cell")));
  const Said compare = frugal({"compare", "old", "new"});
  EXPECT_EQ(compare.code, 0) << compare.out << compare.err;
}

TEST_F(RealProgram, AMisspelledParameterIsFoundBeforeAnythingRuns) {
  const Said said = frugal({"run", "smoke", "--set", "params.inr.widht=16"});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, HasSubstr("width"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "results"));
}

TEST_F(RealProgram, WhatABackEndRefusesAndAFileThatIsMissingAreFoundAtTheirPlaceBeforeAnythingRuns) {
  write("tf32.yaml",
        "schema: 1\nname: t\nworkload: inr\nbackend: cpu\ndataset: synthetic-photo\nmatrix:\n"
        "  params.inr.grid: [1, 2]\n  params.inr.precision: [fp32, tf32]\nseeds: [1]\n");
  const Said refused = frugal({"plan", "tf32.yaml"});
  EXPECT_THAT(refused.out + refused.err, AllOf(HasSubstr("tf32.yaml:8:32: cpu"), Not(HasSubstr("tf32.yaml:7"))));
  write("from.yaml",
        "schema: 1\nname: t\nworkload: inr\nbackend: cpu\ndataset: synthetic-photo\n"
        "params: {inr: {initial_weights: nowhere.safetensors}}\nseeds: [1]\n");
  const Said missing = frugal({"plan", "from.yaml"});
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err, AllOf(HasSubstr("from.yaml:6:"), HasSubstr("nowhere.safetensors")));
}

TEST_F(RealProgram, DoctorAndListKnowTheThreeWorkloads) {
  const Said list = frugal({"list", "workloads"});
  EXPECT_EQ(list.code, 0);
  for (const char* name : {"params.cadc.keep_fraction", "params.dlrm.", "params.inr.width"})
    EXPECT_THAT(list.out, HasSubstr(name));
  EXPECT_EQ(frugal({"doctor"}).code, 0);
}

}  // namespace
}  // namespace frugal::end_to_end
