// A result is that of its data: replaced, truncated or other files are found before anything runs.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class InputFiles : public ProgramTest {
 protected:
  InputFiles() {
    write("mine.yaml", R"(schema: 1
name: mine
workload: inr
backend: reference
dataset: {name: file, path: photo.png}
params: {inr: {size: 16, steps: 2, grid: 2, width: 4, hidden_layers: 1}}
)");
    write("ratings.yaml", R"(schema: 1
name: ratings
workload: cadc
backend: reference
dataset: {name: ml-100k, negatives: 99}
params: {cadc: {model: popularity}}
)");
    make_photo("photo.png", 1);
  }

  void make_photo(const std::string& name, int seed) {
    ASSERT_EQ(
        frugal({"data", "make", "synthetic-photo", "--out", name, "--param", "size=16", "--seed", std::to_string(seed)})
            .code,
        0);
  }
  /// Of the size and the form of u.data, and yet another file.
  void make_ratings(int seed) {
    std::filesystem::create_directories(folder_ / "data/ml-100k");
    ASSERT_EQ(frugal({"data", "make", "synthetic-interactions", "--out", "data/ml-100k/u.data", "--param", "users=50",
                      "--param", "items=300", "--param", "interactions=500", "--seed", std::to_string(seed)})
                  .code,
              0);
  }
  Said run_in(const std::string& folder, std::vector<std::string> args) {
    const std::string cache = "XDG_CACHE_HOME=" + (folder_ / "cache").string();
    return Program(FRUGAL_PROGRAM, args, folder_ / folder, {cache}).wait();
  }
  Said run(const std::string& plan, const std::vector<std::string>& more = {}) {
    std::vector<std::string> args = {"run", plan, "--out", "run", "--data-dir", "data"};
    args.insert(args.end(), more.begin(), more.end());
    return run_in(".", args);
  }
};

TEST_F(InputFiles, TheRecordNamesThePictureByContentAndNoPlaceOfThisMachine) {
  ASSERT_EQ(run("mine.yaml").code, 0);
  const nlohmann::json input = records("run/cells.jsonl").at(0).at("inputs").at(0);
  EXPECT_EQ(input.at("file"), "photo.png");
  EXPECT_EQ(input.at("bytes"), std::filesystem::file_size(folder_ / "photo.png"));
  EXPECT_EQ(input.at("sha256").get<std::string>().size(), 64u);
  EXPECT_FALSE(input.contains("modified"));
  EXPECT_THAT(run("mine.yaml").err, HasSubstr("nothing to do"));
}

TEST_F(InputFiles, AReplacedPictureIsNotTheDataOfTheFinishedCells) {
  ASSERT_EQ(run("mine.yaml").code, 0);
  const std::string provenance = read("run/run.json");
  make_photo("photo.png", 2);
  const Said refused = run("mine.yaml");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err,
              AllOf(HasSubstr("photo.png is another file now"), HasSubstr("--out"), HasSubstr("--rerun all")));
  EXPECT_EQ(read("run/run.json"), provenance) << "a run that is refused leaves the folder as it was";
  EXPECT_EQ(run("mine.yaml", {"--rerun", "all"}).code, 0);
}

TEST_F(InputFiles, RunsFromTwoFoldersWithPicturesOfOneNameAreNotMixed) {
  make_photo("one.png", 1);
  make_photo("two.png", 2);
  for (const std::string folder : {"one", "two"}) {
    std::filesystem::create_directories(folder_ / folder);
    std::filesystem::copy_file(folder_ / (folder + ".png"), folder_ / folder / "photo.png");
    std::filesystem::copy_file(folder_ / "mine.yaml", folder_ / folder / "mine.yaml");
  }
  const std::vector<std::string> shared = {"run", "mine.yaml", "--out", "../shared"};
  EXPECT_EQ(run_in("one", shared).code, 0);
  EXPECT_EQ(run_in("two", shared).code, 2);
  EXPECT_EQ(run_in("two", {"run", "mine.yaml", "--out", "../other"}).code, 0);
  const Said report = run_in(".", {"report", "shared", "other"});
  EXPECT_EQ(report.code, 2);
  EXPECT_THAT(report.err, HasSubstr("different files called photo.png"));
}

TEST_F(InputFiles, AFileThatIsNotThePublishedOneIsRefusedBeforeAnythingRuns) {
  make_ratings(1);
  const Said refused = run("ratings.yaml");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("not the published ml-100k/u.data"), HasSubstr("published is 1979173 bytes"),
                                 HasSubstr("frugal data fetch ml-100k"), HasSubstr("--allow-modified-data")));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run"));
}

TEST_F(InputFiles, ShuffledLinesGiveTheSameFigures) {
  make_ratings(1);
  ASSERT_EQ(run("ratings.yaml", {"--allow-modified-data", "--set", "params.cadc.model=mf"}).code, 0);
  std::vector<std::string> lines;
  std::ifstream stream(folder_ / "data/ml-100k/u.data");
  for (std::string line; std::getline(stream, line);) lines.push_back(line + "\n");
  std::ranges::reverse(lines);
  std::string text;
  for (const std::string& line : lines) text += line;
  write("data/ml-100k/u.data", text);
  ASSERT_EQ(run("ratings.yaml", {"--allow-modified-data", "--set", "params.cadc.model=mf", "--rerun", "all"}).code, 0);
  nlohmann::json before = records("run/cells.jsonl.bak").at(0);
  nlohmann::json after = records("run/cells.jsonl").at(0);
  EXPECT_NE(before.at("inputs"), after.at("inputs"));
  for (nlohmann::json* record : {&before, &after}) record->at("metrics").erase("memory.peak");
  EXPECT_EQ(before.at("metrics"), after.at("metrics"));
  EXPECT_TRUE(after.at("metrics").contains("users.tied"));
}

TEST_F(InputFiles, AModifiedFileIsAllowedOnRequestAndNamedInRecordAndTable) {
  make_ratings(1);
  const Said allowed = run("ratings.yaml", {"--allow-modified-data"});
  ASSERT_EQ(allowed.code, 0) << allowed.err;
  const nlohmann::json input = records("run/cells.jsonl").at(0).at("inputs").at(0);
  EXPECT_EQ(input.at("file"), "ml-100k/u.data");
  EXPECT_EQ(input.at("modified"), true);
  EXPECT_THAT(frugal({"report", "run"}).out, HasSubstr("ml-100k (modified: u.data)"));
  make_ratings(2);
  EXPECT_THAT(run("ratings.yaml", {"--allow-modified-data"}).err, HasSubstr("is another file now"));
}

}  // namespace
}  // namespace frugal::end_to_end
