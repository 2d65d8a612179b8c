// Shards and their merge: a plan in parts is the plan in one go.
#include <gmock/gmock.h>

#include <cmath>
#include <csignal>

#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* toy_plan = R"(schema: 1
name: toy
workload: fake
backend: cpu
dataset: toy
matrix: {params.fake.n: [1, 2, 3]}
seeds: [1, 2]
limits: {threads: 1}
)";

constexpr const char* picture_plan = R"(schema: 1
name: pictures
workload: trouble
backend: cpu
dataset: toy
params: {trouble: {act: artifact}}
seeds: [1, 2]
limits: {threads: 1}
)";

using nlohmann::json;

class Merge : public ProgramTest {
 protected:
  Merge() { write("toy.yaml", toy_plan); }

  void run(const std::vector<std::string>& more, int code = 0) {
    std::vector<std::string> args = {"run", "toy.yaml"};
    args.insert(args.end(), more.begin(), more.end());
    const Said said = fake(args);
    ASSERT_EQ(said.code, code) << said.err;
  }
  void run_shards(int count = 2) {
    for (int i = 1; i <= count; ++i)
      run({"--shard", std::to_string(i) + "/" + std::to_string(count), "--out", "part" + std::to_string(i)});
  }
  Said merge(const std::vector<std::string>& more) {
    std::vector<std::string> args = {"merge"};
    args.insert(args.end(), more.begin(), more.end());
    return fake(args);
  }
  /// Refused, with nothing written.
  std::string refusal(const std::vector<std::string>& more) {
    const Said said = merge(more);
    EXPECT_EQ(said.code, 2) << said.out << said.err;
    EXPECT_FALSE(std::filesystem::exists(folder_ / "all")) << "nothing was to be written";
    return said.err;
  }
  /// As if another build, machine, ... had made the run.
  void edit_run(const std::string& run, const std::function<void(json&)>& edit) {
    json text = json::parse(read(run + "/run.json"));
    edit(text);
    write(run + "/run.json", text.dump());
  }
  void edit_cells(const std::string& run, const std::function<void(json&)>& edit) {
    std::string text;
    for (json record : records(run + "/cells.jsonl")) {
      edit(record);
      text += record.dump() + "\n";
    }
    write(run + "/cells.jsonl", text);
  }
  static void make_another_node(json& run) { run["machine"]["hostname_hash"] = "0123456789ab"; }
  /// Both files of a run, to the bit.
  std::string both(const std::string& run) { return read(run + "/run.json") + read(run + "/cells.jsonl"); }
  /// run.json without what tells when, where and by which command.
  json plain_run(const std::string& run) {
    json text = json::parse(read(run + "/run.json"));
    for (const char* key : {"command", "started"}) text.erase(key);
    text["plan"].erase("cells");
    text["machine"].erase("load");
    return text;
  }
};

TEST_F(Merge, ShardsMergedAreTheWholePlanInOneGoToTheBit) {
  run({"--out", "whole"});
  run_shards(4);
  const Said said = merge({"all", "part3", "part1", "part4", "part2"});
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(said.err, "");
  EXPECT_EQ(masked(said.out), "records: all (6 ok; 4 shards, 1 machine)\ntable:   frugal report all\n");
  EXPECT_EQ(masked(read("all/cells.jsonl")), masked(read("whole/cells.jsonl"))) << "in the plan's order, too";
  EXPECT_EQ(plain_run("all"), plain_run("whole"));
  EXPECT_EQ(fake({"check", "all", "--baseline", "whole"}).code, 0);
  EXPECT_EQ(fake({"compare", "all", "whole"}).code, 0);
}

TEST_F(Merge, AMergedRunGoesOnAsAnyRun) {
  run_shards(3);
  const Said part = merge({"all", "part1", "part3"});
  EXPECT_EQ(part.code, 0);
  EXPECT_THAT(masked(part.err), AllOf(HasSubstr("2 cells are still to do: 5ab88b20277d "),
                                      HasSubstr("to go on: frugal run toy.yaml --out all\n")));
  EXPECT_THAT(part.out, HasSubstr("(4 ok, 2 to do; 2 shards, 1 machine)"));
  const Said on = fake({"run", "toy.yaml", "--out", "all"});
  EXPECT_EQ(on.code, 0) << on.err;
  EXPECT_THAT(on.err, HasSubstr("going on: 4 of 6"));
  const std::string before = both("all");
  const Said again = merge({"all", "part1", "part2", "part3"});
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.err, HasSubstr("2 cells were run more than once, with the same figures"));
  std::vector<std::uint64_t> of_all;
  for (const json& record : records("all/cells.jsonl"))
    of_all.push_back(10 * record["params"]["fake"]["n"].get<std::uint64_t>() + record["seed"].get<std::uint64_t>());
  EXPECT_THAT(of_all, ::testing::ElementsAre(11, 12, 21, 22, 31, 32));
}

TEST_F(Merge, AgainChangesNothing) {
  run_shards();
  ASSERT_EQ(merge({"all", "part1"}).code, 0);
  ASSERT_EQ(merge({"all", "part2", "part2", "./part2"}).code, 0);
  const std::string once = both("all");
  const auto written = std::filesystem::last_write_time(folder_ / "all/cells.jsonl");
  const Said again = merge({"all", "part2", "part1"});
  EXPECT_EQ(again.err, "") << "the same records are no second ones";
  EXPECT_EQ(both("all"), once);
  EXPECT_EQ(std::filesystem::last_write_time(folder_ / "all/cells.jsonl"), written);
  EXPECT_EQ(records("all/cells.jsonl").size(), 6u);
}

TEST_F(Merge, RefusesWhatIsNoShard) {
  run_shards(1);
  EXPECT_THAT(refusal({"all", "part1", "nowhere"}), HasSubstr("nowhere: no run is here: it has no run.json"));
  run({"--out", "search"});
  write("search/search.json", "{}");
  EXPECT_THAT(refusal({"all", "part1", "search"}), HasSubstr("search: this is a search, which has no shards"));
}

TEST_F(Merge, RefusesShardsOfTwoPlans) {
  run_shards(1);
  run({"--shard", "1/1", "--out", "other", "--set", "seeds=[1,2,3]"});
  EXPECT_THAT(refusal({"all", "part1", "other"}), AllOf(HasSubstr("other: this is no shard of the plan"),
                                                        HasSubstr("--set [] there, [\"seeds=[1,2,3]\"] here")));
  write("toy.yaml", std::string(toy_plan) + "gate: [{metric: score, min: 0}]\n");
  run({"--shard", "1/1", "--out", "edited"});
  EXPECT_THAT(refusal({"all", "part1", "edited"}), AllOf(HasSubstr("toy.yaml (sha256 "), HasSubstr(" here.")));
}

TEST_F(Merge, RefusesShardsOfTwoBuildsOrThreadCounts) {
  run_shards();
  edit_run("part2", [](json& run) { run["plan"]["threads"]["toy"] = 8; });
  EXPECT_THAT(refusal({"all", "part1", "part2"}),
              HasSubstr("another threads than part1: 1 for plan 'toy' there, 8 here"));
  edit_run("part2", [](json& run) { run["build"]["commit"] = "0123456789abcdef"; });
  EXPECT_THAT(refusal({"all", "part1", "part2", "--mix"}),
              AllOf(HasSubstr("part2: this shard was run with another build (its commit differs) than part1"),
                    HasSubstr("commit 0123456789ab")));
}

TEST_F(Merge, RefusesShardsOfTwoData) {
  run_shards();
  int hash = 0;
  for (const char* part : {"part1", "part2"})
    edit_cells(part, [digit = ++hash](json& record) {
      const std::string sha256(64, static_cast<char>('0' + digit));
      record["inputs"] = json::array({json::object({{"file", "ratings.csv"}, {"sha256", sha256}, {"bytes", 5}})});
    });
  EXPECT_THAT(refusal({"all", "part1", "part2"}), AllOf(HasSubstr("ratings.csv"), HasSubstr("sha256 1111"),
                                                        HasSubstr("of part1"), HasSubstr("sha256 2222")));
}

TEST_F(Merge, NodesNeedMixAndTheirRecordsNameThem) {
  run_shards();
  edit_run("part2", make_another_node);
  EXPECT_THAT(refusal({"all", "part1", "part2"}), AllOf(HasSubstr("its hostname_hash differs"), HasSubstr("--mix")));
  const Said said = merge({"all", "part1", "part2", "--mix"});
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("2 shards, 2 machines"));
  const std::string once = both("all");
  ASSERT_EQ(merge({"all", "part2", "--mix"}).code, 0);
  EXPECT_EQ(both("all"), once);
  const json run = json::parse(read("all/run.json"));
  EXPECT_EQ(run["machines"].size(), 2u);
  EXPECT_EQ(run["command"].back(), "--mix");
  std::size_t named = 0;
  for (const json& record : records("all/cells.jsonl")) {
    if (!record.contains("machine")) continue;
    ++named;
    EXPECT_EQ(run["machines"][record["machine"].get<std::string>()]["hostname_hash"], "0123456789ab");
  }
  EXPECT_EQ(named, 3u);
  write(
      "table.yaml",
      "schema: 1\ntitle: toy\nworkload: fake\nrows: [{key: params.fake.n}]\ncolumns: [{metric: score}, {count: n}]\n");
  const Said report = fake({"report", "all", "--table", "table.yaml"});
  EXPECT_THAT(report.out, AllOf(HasSubstr("(2 machines alike)"), Not(HasSubstr("machine |")))) << report.err;
}

TEST_F(Merge, ShardsOfOtherKernelsOfOneMachineAreRefused) {
  run_shards();
  for (const auto& [part, isa] : {std::pair{"part1", "avx512"}, std::pair{"part2", "avx2"}})
    edit_run(part, [isa = isa](json& run) { run["machine"]["backends"]["cpu"]["instruction set"] = isa; });
  EXPECT_THAT(
      refusal({"all", "part1", "part2", "--mix"}),
      HasSubstr("instruction set of the back end cpu (FRUGAL_ISA) than part1: avx512 there, avx2 here. Run one"));
}

TEST_F(Merge, TwoResultsOfACellAreRefusedByFilesAndCell) {
  run({"--shard", "1/2", "--out", "part1"});
  run({"--out", "part2"});
  const std::string id = records("part1/cells.jsonl").at(1).at("id");
  edit_cells("part2", [&](json& record) {
    if (record["id"] == id) record["metrics"]["score"] = std::nextafter(record["metrics"]["score"].get<double>(), 1.0);
  });
  EXPECT_THAT(refusal({"all", "part1", "part2"}),
              AllOf(HasSubstr("part1/cells.jsonl and part2/cells.jsonl: the cell " + id),
                    HasSubstr("score is 0.012 in"), HasSubstr("--rerun " + id)));
}

TEST_F(Merge, TimesAmongTheMetricsMayDifferAsTheClockDoes) {
  run({"--out", "part1"});
  run({"--out", "part2"});
  const json descriptor = {{"name", "seconds[40dB]"}, {"unit", "s"},   {"direction", "lower_is_better"},
                           {"format", "{:.3g}"},      {"help", "..."}, {"exact", false}};
  double seconds = 0;
  for (const char* part : {"part1", "part2"}) {
    edit_run(part, [&](json& run) { run["metrics"].push_back(descriptor); });
    edit_cells(part, [&](json& record) { record["metrics"]["seconds[40dB]"] = seconds += 0.25; });
  }
  const Said said = merge({"all", "part1", "part2"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(records("all/cells.jsonl").at(0).at("metrics").at("seconds[40dB]"), 0.25) << "the first counts";
  for (const char* part : {"part1", "part2"}) edit_run(part, [](json& run) { run["metrics"].back()["unit"] = "B"; });
  EXPECT_THAT(merge({"other", "part1", "part2"}).err, HasSubstr("seconds[40dB] is 0.25 in the first"))
      << "bytes that no process took are a result";
}

TEST_F(Merge, ACellThatEndedWellElsewhereReplacesAFailure) {
  run_shards();
  edit_cells("part1", [](json& record) { record["status"] = "failed"; });
  const Said failed = merge({"all", "part1"});
  EXPECT_EQ(failed.code, 3);
  EXPECT_THAT(masked(failed.err), AllOf(HasSubstr("3 cells failed: "), HasSubstr("--out all --rerun failed\n")));
  run({"--out", "whole"});
  EXPECT_EQ(merge({"all", "whole"}).code, 0);
  for (const json& record : records("all/cells.jsonl")) EXPECT_EQ(record["status"], "ok");
}

TEST_F(Merge, RefusesAFolderThatIsNoRun) {
  run_shards();
  EXPECT_THAT(refusal({"all", "part1", "nowhere"}),
              AllOf(HasSubstr("nowhere: no run is here"), HasSubstr("--shard I/N")));
  std::filesystem::remove(folder_ / "part2/run.json");
  EXPECT_THAT(refusal({"all", "part1", "part2"}), HasSubstr("it has no run.json"));
  EXPECT_EQ(merge({"all"}).code, 2);
}

TEST_F(Merge, RefusesAnOutThatIsAShardOrInOne) {
  run_shards();
  const std::string before = both("part1");
  for (const char* out : {"part1", "part1/all", "part2/../part1/artifacts"}) {
    const Said said = merge({out, "part1", "part2"});
    EXPECT_EQ(said.code, 2);
    EXPECT_THAT(said.err, HasSubstr("would lie in the shard part1"));
  }
  EXPECT_EQ(both("part1"), before);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "part1/all"));
}

TEST_F(Merge, AShardThatStillRunsIsWaitedFor) {
  write("slow.yaml", picture_plan);
  auto program = start_fake(
      {"run", "slow.yaml", "--out", "slow", "--set", "params.trouble.act=sleep", "--set", "params.trouble.seconds=20"});
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(folder_ / "slow/cells.jsonl"); }));
  // With output files of its own: those of the running program are in this folder.
  std::filesystem::create_directories(folder_ / "beside");
  const Said said = Program(FAKE_FRUGAL_PROGRAM, {"merge", "../all", "../slow"}, folder_ / "beside").wait();
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, HasSubstr("../slow: another frugal is writing to this run folder. Wait until it is done"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "all"));
  program->send(SIGKILL);
  program->wait();
}

TEST_F(Merge, TornLastLinesAreIgnored) {
  run_shards();
  ASSERT_EQ(merge({"all", "part1"}).code, 0);
  for (const char* torn : {"all", "part2"}) {
    const std::string whole = read(std::string(torn) + "/cells.jsonl");
    write(std::string(torn) + "/cells.jsonl", whole.substr(0, whole.size() - 40));
  }
  const Said said = merge({"all", "part2"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("(4 ok, 2 to do; "));
  EXPECT_EQ(records("all/cells.jsonl").size(), 4u);
}

TEST_F(Merge, ArtifactsComeAlongWholeAndOnce) {
  write("toy.yaml", picture_plan);
  run_shards();
  const std::string id = records("part2/cells.jsonl").at(0).at("id");
  write("part2/artifacts/" + id + "/export/weights.bin", std::string(3 << 20, 'w'));
  // What a merge left that was killed while it brought them.
  write("all/artifacts/" + id + ".unfinished/export/weights.bin", "half");
  write("all/artifacts/" + id + "/old.txt", "of no record");
  ASSERT_EQ(merge({"all", "part1", "part2"}).code, 0);
  EXPECT_EQ(read("all/artifacts/" + id + "/export/weights.bin"), std::string(3 << 20, 'w'));
  EXPECT_FALSE(std::filesystem::exists(folder_ / ("all/artifacts/" + id + ".unfinished")));
  EXPECT_FALSE(std::filesystem::exists(folder_ / ("all/artifacts/" + id + "/old.txt")));
  for (const json& record : records("all/cells.jsonl"))
    EXPECT_TRUE(std::filesystem::exists(folder_ / "all/artifacts" / record["id"].get<std::string>() / "picture.txt"));
  // The shard's own file may be written again in place.
  write("part2/artifacts/" + id + "/export/weights.bin", "again");
  EXPECT_EQ(read("all/artifacts/" + id + "/export/weights.bin").size(), std::size_t{3} << 20);
  // Records are there but artifacts are not: they are brought when asked again.
  std::filesystem::remove_all(folder_ / "all/artifacts");
  ASSERT_EQ(merge({"all", "part1", "part2"}).code, 0);
  EXPECT_EQ(read("all/artifacts/" + id + "/export/weights.bin"), "again");
}

TEST_F(Merge, AMergeThatWasCutShortIsCompletedByTheSameCommand) {
  run_shards();
  ASSERT_EQ(merge({"whole", "part1", "part2"}).code, 0);
  // After run.json, before cells.jsonl.
  std::filesystem::create_directories(folder_ / "all");
  write("all/run.json", read("whole/run.json"));
  write("all/cells.jsonl.1-0.tmp", "half a line");
  ASSERT_EQ(merge({"all", "part1", "part2"}).code, 0);
  EXPECT_EQ(read("all/cells.jsonl"), read("whole/cells.jsonl"));
}

TEST_F(Merge, AKillOrAFullDiskLeavesOutAsItWasAndTheSameCommandCompletesIt) {
  write("toy.yaml", picture_plan);
  run_shards();
  ASSERT_EQ(merge({"all", "part1"}).code, 0);
  const std::string before = both("all");
  const std::string id = records("part2/cells.jsonl").at(0).at("id");
  const std::string weights = "/artifacts/" + id + "/export/weights.bin";
  write("part2" + weights, std::string(3 << 20, 'w'));
  // No file may be larger than 1 MiB.
  const std::string limited = std::string("ulimit -f 2048; exec ") + FAKE_FRUGAL_PROGRAM + " merge all part2";
  const Said cut = Program("/bin/sh", {"-c", limited}, folder_).wait();
  EXPECT_EQ(cut.code, 4) << cut.err;
  EXPECT_EQ(both("all"), before);
  EXPECT_FALSE(std::filesystem::exists(folder_ / ("all/artifacts/" + id)));
  ASSERT_EQ(merge({"all", "part2"}).code, 0);
  EXPECT_EQ(read("all" + weights).size(), std::size_t{3} << 20);
  EXPECT_FALSE(std::filesystem::exists(folder_ / ("all/artifacts/" + id + ".unfinished")));
  EXPECT_EQ(records("all/cells.jsonl").size(), 2u);
}

TEST_F(Merge, DisownedTimesStayDisowned) {
  run_shards();
  edit_run("part2", [](json& run) { run["disturbed"] = {{"why", "beside a build"}}; });
  ASSERT_EQ(merge({"all", "part1", "part2"}).code, 0);
  const json disturbed = json::parse(read("all/run.json")).at("disturbed");
  EXPECT_EQ(disturbed["why"], "beside a build");
  EXPECT_EQ(disturbed["cells"].size(), 3u);
  EXPECT_FALSE(records("all/cells.jsonl").at(1)["stages"][0]["wall_s"].empty()) << "the samples themselves are kept";

  edit_run("part2", [](json& run) { run["disturbed"]["records"] = 2; });  // and the last one was measured anew
  ASSERT_EQ(merge({"some", "part1", "part2"}).code, 0);
  const json some = json::parse(read("some/run.json")).at("disturbed");
  EXPECT_EQ(some["cells"].size(), 2u);
  EXPECT_FALSE(some.contains("records"));
}

TEST_F(Merge, PlanTellsWhatEachShardGets) {
  const Said counts = fake({"plan", "toy.yaml", "--shards", "4"});
  EXPECT_EQ(counts.code, 0);
  EXPECT_THAT(counts.out, AllOf(HasSubstr("  c1ca599763d5  1/4    1  1\n"), HasSubstr("shards, by number of cells\n"),
                                HasSubstr("  1/4    1      16.7%\n  2/4    2      33.3%\n"),
                                HasSubstr("the largest is 1.33 times the mean\n")));
  EXPECT_EQ(fake({"plan", "toy.yaml", "--shards", "7"}).code, 2);
  for (const char* wrong : {"0", "two", "-1", ""}) EXPECT_EQ(fake({"plan", "toy.yaml", "--shards", wrong}).code, 2);
  run({"--out", "whole"});
  edit_cells("whole",
             [](json& record) { record["stages"][0]["wall_s"] = json::array({record["seed"] == 1 ? 3.0 : 1.0}); });
  EXPECT_THAT(fake({"plan", "toy.yaml", "--shards", "2", "--out", "whole"}).out,
              AllOf(HasSubstr("shards, by times of whole\n"), HasSubstr("  1/2    3      58.3%  7.00 s\n")));
  const Said more = fake({"plan", "toy.yaml", "--shards", "2", "--out", "whole", "--set", "seeds=[1,2,3]"});
  EXPECT_THAT(more.err, HasSubstr("6 of 9 cells have a time in whole"));
  EXPECT_EQ(fake({"plan", "toy.yaml", "--shards", "2", "--out", "nowhere"}).code, 2);
  EXPECT_EQ(fake({"plan", "toy.yaml", "--out", "whole"}).code, 2) << "nothing to weigh";
}

}  // namespace
}  // namespace frugal::end_to_end
