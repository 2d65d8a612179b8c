// run --jobs: cells of one thread each, side by side.
#include <gmock/gmock.h>
#include <signal.h>

#include <chrono>

#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

using ::testing::HasSubstr;

class Jobs : public ProgramTest {
 protected:
  Jobs() {
    write("plan.yaml",
          "schema: 1\nname: plan\nworkload: trouble\nbackend: cpu\ndataset: toy\nseeds: [1, 2, 3, 4]\n"
          "params: {trouble: {act: sleep, seconds: 1.5}}\nlimits: {threads: 1}\n");
  }
};

TEST_F(Jobs, RunSideBySideAndTheirTimesCountAsDisturbed) {
  const auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(fake({"run", "plan.yaml", "--out", "run", "--jobs", "4"}).code, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(5500)) << "6 s one after another";
  const auto cells = records("run/cells.jsonl");
  ASSERT_EQ(cells.size(), 4);
  for (const nlohmann::json& cell : cells) EXPECT_EQ(cell.at("jobs"), 4);
  EXPECT_THAT(fake({"run", "plan.yaml", "--out", "run"}).err, HasSubstr("nothing to do"));
}

TEST_F(Jobs, StopTogetherAndGoOnWhereTheyWere) {
  const auto program = start_fake({"run", "plan.yaml", "--out", "run", "--jobs", "2", "--set",
                                   "params.trouble.seconds=60", "--set", "seeds=[1,2]"});
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(folder_ / "run/cells.jsonl"); }));
  program->send(SIGINT);
  const Said said = program->wait();
  EXPECT_EQ(said.code, 130);
  EXPECT_EQ(lines_of("run/cells.jsonl"), 0);
  EXPECT_THAT(said.err, HasSubstr("interrupted: 0 of 2 cells"));
}

TEST_F(Jobs, AreRefusedWhereTimesAreWantedOrACellNeedsMoreThreads) {
  const Said timed = fake({"run", "plan.yaml", "--jobs", "2", "--set", "measure.repeats=3"});
  EXPECT_EQ(timed.code, 2);
  EXPECT_THAT(timed.err, HasSubstr("--jobs: plan 'plan' measures times"));
  const Said threads = fake({"run", "plan.yaml", "--jobs", "2", "--set", "limits.threads=2"});
  EXPECT_EQ(threads.code, 2);
  EXPECT_THAT(threads.err, HasSubstr("--jobs runs cells of one thread each"));
  EXPECT_THAT(fake({"run", "plan.yaml", "--jobs", "none"}).err, HasSubstr("from 1 to"));
}

}  // namespace
}  // namespace frugal::end_to_end
