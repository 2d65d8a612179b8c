// How a plan's `measure` ends up in what a run leaves.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

using ::testing::HasSubstr;

class MeasureOfARun : public ProgramTest {
 protected:
  void run(const std::string& measure) {
    write("toy.yaml",
          "schema: 1\nname: toy\nworkload: fake\nbackend: cpu\ndataset: toy\nlimits: {threads: 1}\n"
          "matrix: {params.fake.n: [1, 2, 3, 4, 5, 6]}\nmeasure: " +
              measure + "\n");
    const Said said = fake({"run", "toy.yaml", "--out", "run"});
    ASSERT_EQ(said.code, 0) << said.err;
  }
};

TEST_F(MeasureOfARun, RandomOrderIsOfTheRunNotOfItsReport) {
  run("{order: {random: 3}}");
  std::vector<int> ran;
  for (const auto& record : records("run/cells.jsonl"))
    ran.push_back(record.at("params").at("fake").at("n").get<int>());
  EXPECT_FALSE(std::is_sorted(ran.begin(), ran.end()));
  EXPECT_EQ(nlohmann::json::parse(read("run/run.json")).at("plan").at("measure").at("toy").at("order").at("random"), 3);
  write("table.yaml",
        "schema: 1\ntitle: t\nworkload: fake\nrows: [{key: params.fake.n}]\ncolumns: [{metric: score}]\n");
  const std::string table = fake({"report", "run", "--table", "table.yaml"}).out;
  std::vector<std::size_t> places;
  for (int n = 1; n <= 6; ++n) places.push_back(table.find("| " + std::to_string(n) + " |"));
  EXPECT_TRUE(std::is_sorted(places.begin(), places.end())) << table;
  EXPECT_THAT(fake({"run", "toy.yaml", "--out", "run"}).err, HasSubstr("nothing to do"));
}

TEST_F(MeasureOfARun, EverySampleIsKeptBesideItsConditionsAndWhatEndedThem) {
  run("{min_time_s: 1000, max_repeats: 4}");
  for (const auto& record : records("run/cells.jsonl")) {
    EXPECT_EQ(record.at("stages").at(0).at("wall_s").size(), 4);
    EXPECT_EQ(record.at("conditions").size(), 4);
    EXPECT_EQ(record.at("sampling").at("ended_by"), "max_repeats");
  }
}

TEST_F(MeasureOfARun, PinnedThreadsNameTheirProcessors) {
  run("{pin: true}");
  for (const auto& record : records("run/cells.jsonl")) EXPECT_EQ(record.at("cpus").size(), 1);
  EXPECT_EQ(fake({"run", "toy.yaml", "--out", "other", "--set", "limits.threads=1000"}).code, 4);
}

TEST_F(MeasureOfARun, ACellWhoseThreadsCannotAllBePinnedIsFourBeforeAnyRuns) {
  write("toy.yaml",
        "schema: 1\nname: toy\nworkload: fake\nbackend: cpu\ndataset: toy\nmeasure: {pin: true}\n"
        "matrix: {limits.threads: [1, 1000]}\n");
  const Said said = fake({"run", "toy.yaml", "--out", "run"});
  EXPECT_EQ(said.code, 4);
  EXPECT_THAT(said.err, HasSubstr("measure.pin gives each of 1000 threads a processor of its own"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run"));
  EXPECT_EQ(fake({"run", "toy.yaml", "--out", "run", "--only", "limits.threads=1"}).code, 0);
}

}  // namespace
}  // namespace frugal::end_to_end
