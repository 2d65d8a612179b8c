// The plans in README.md and docs are plans: what a reader copies is right.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

/// The ```yaml blocks of a page that are plans: they have a schema and a workload, and run on a back end.
std::vector<std::string> plans_of(const std::filesystem::path& page) {
  std::ifstream file(page);
  std::vector<std::string> plans;
  std::string block;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (!inside && line == "```yaml") {
      inside = true;
      block.clear();
    } else if (inside && line == "```") {
      inside = false;
      const auto has = [&](const char* key) { return block.find(key) != std::string::npos; };
      if (has("schema: 1") && has("workload:") && has("backend:")) plans.push_back(block);
    } else if (inside) {
      block += line + "\n";
    }
  }
  return plans;
}

class Docs : public ProgramTest {
 protected:
  /// What the pages call a picture, ratings and a click log of one's own.
  void bring_own_files() {
    ASSERT_EQ(frugal({"data", "make", "synthetic-photo", "--out", "photo.png", "--param", "size=48"}).code, 0);
    const std::filesystem::path root = FRUGAL_SOURCE_DIR;
    std::filesystem::create_directory_symlink(root / "examples", folder_ / "examples");
    std::filesystem::copy_file(root / "examples/ratings.csv", folder_ / "ratings.csv");
    std::string log = "clicked,age,price,site,device,when\n";
    for (int k = 0; k < 80; ++k)
      log += std::to_string(k % 3 == 0) + "," + std::to_string(20 + k % 50) + ",3." + std::to_string(k % 10) + ",s" +
             std::to_string(k % 7) + (k % 2 == 0 ? ",phone" : ",desk") + ",2024-02-" + std::to_string(10 + k % 19) +
             "\n";
    write("log.csv", log);
  }
};

TEST_F(Docs, EveryPlanOfThePagesIsAPlan) {
  bring_own_files();
  const std::filesystem::path root = FRUGAL_SOURCE_DIR;
  std::vector<std::filesystem::path> pages{root / "README.md"};
  for (const auto& entry : std::filesystem::directory_iterator(root / "docs"))
    if (entry.path().extension() == ".md") pages.push_back(entry.path());
  std::sort(pages.begin(), pages.end());
  std::size_t plans = 0;
  for (const std::filesystem::path& page : pages)
    for (const std::string& plan : plans_of(page)) {
      write("plan.yaml", plan);
      const Said said = frugal({"plan", "plan.yaml"});
      // 4: the plan is right, but the program was built without MPI.
      const bool lacks_mpi = said.code == 4 && plan.find("backend: mpi") != std::string::npos;
      EXPECT_TRUE(said.code == 0 || lacks_mpi) << page << "\n" << plan << said.err;
      ++plans;
    }
  EXPECT_GE(plans, 4u) << "the pages have lost their plans, or this test no longer finds them";
}

/// The blocks of a page in order: (language, text).
std::vector<std::pair<std::string, std::string>> blocks_of(const std::filesystem::path& page) {
  std::ifstream file(page);
  std::vector<std::pair<std::string, std::string>> blocks;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) {
      inside = !inside;
      if (inside) blocks.emplace_back(line.substr(3), "");
    } else if (inside) {
      blocks.back().second += line + "\n";
    }
  }
  return blocks;
}

/// A reader who does what the page says, from top to bottom: a ```yaml block that begins with "# NAME" is saved as
/// NAME, the lines of a ```sh block are run.
TEST_F(Docs, TheTutorialOnOnesOwnDataRunsFromTopToBottom) {
  bring_own_files();
  std::filesystem::create_symlink(FRUGAL_PROGRAM, folder_ / "frugal");
  std::size_t commands = 0;
  for (const auto& [language, text] : blocks_of(std::filesystem::path(FRUGAL_SOURCE_DIR) / "docs/data.md")) {
    if (language == "yaml" && text.starts_with("# ")) write(text.substr(2, text.find('\n') - 2), text);
    if (language != "sh") continue;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line); ++commands) {
      const Said said =
          Program("/usr/bin/env", {"PATH=.:/usr/bin:/bin", "XDG_CACHE_HOME=cache", "sh", "-c", line}, folder_).wait();
      EXPECT_EQ(said.code, 0) << line << "\n" << said.out << said.err;
    }
  }
  EXPECT_GE(commands, 6u);
}

/// A sweep on a cluster, whose Slurm is that of submit_test.cpp: by `frugal submit`, and by hand.
TEST_F(Docs, TheSweepOnAClusterRunsAsWritten) {
  std::filesystem::create_symlink(FRUGAL_PROGRAM, folder_ / "frugal");
  const auto run = [&](const std::string& program, const std::string& first, const std::string& second,
                       const std::string& task) {
    const Said said =
        Program("/usr/bin/env",
                {"PATH=" + folder_.string() + ":" FRUGAL_SOURCE_DIR "/tests/end_to_end/program/slurm:/usr/bin:/bin",
                 "XDG_CACHE_HOME=cache", "SLURM_ARRAY_TASK_ID=" + task, program, first, second},
                folder_)
            .wait();
    EXPECT_EQ(said.code, 0) << second << "\n" << said.out << said.err;
    return said;
  };
  std::vector<std::string> lines;
  std::string script;
  for (const auto& [language, text] : blocks_of(std::filesystem::path(FRUGAL_SOURCE_DIR) / "docs/cluster.md")) {
    if (language == "yaml") write(text.substr(2, text.find('\n') - 2), text);
    if (language == "bash") script = text;
    std::istringstream commands(language == "sh" ? text : "");
    for (std::string line; std::getline(commands, line);) lines.push_back(line);
  }
  ASSERT_EQ(lines.size(), 7u) << "plan, submit here and to Slurm, report; merge, run, report";
  EXPECT_THAT(run("sh", "-c", lines[0], "").out, ::testing::HasSubstr("shards, by FLOP of training"));
  EXPECT_THAT(run("sh", "-c", lines[1], "").out, ::testing::HasSubstr("(6 ok; 2 shards, 1 machine)"));
  EXPECT_THAT(run("sh", "-c", lines[2], "").out, ::testing::HasSubstr("(12 ok; 4 shards, 1 machine)"));
  EXPECT_THAT(run("sh", "-c", lines[3], "").out, ::testing::HasSubstr("PSNR"));
  const std::size_t array = script.find("--array=1-4\n");
  ASSERT_NE(array, std::string::npos);
  write("sweep.sbatch", script);
  for (const std::string task : {"1", "2", "3", "4"}) run("bash", "-e", "sweep.sbatch", task);
  EXPECT_THAT(run("sh", "-c", lines[4], "").out, ::testing::HasSubstr("(12 ok; 4 shards, 1 machine)"));
  EXPECT_THAT(run("sh", "-c", lines[5], "").err, ::testing::HasSubstr("nothing to do: all 12 cells are done"));
  EXPECT_THAT(run("sh", "-c", lines[6], "").out, ::testing::HasSubstr("PSNR"));
}

}  // namespace
}  // namespace frugal::end_to_end
