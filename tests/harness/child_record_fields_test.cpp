// Whatever a child told is in its record.
#include <gtest/gtest.h>

#include "benchmarks/harness/record/provenance.hpp"
#include "benchmarks/harness/run/child.hpp"
#include "benchmarks/harness/run/rank_job.hpp"
#include "tests/harness/record_fixture.hpp"

namespace frugal::harness {
namespace {

TEST(ChildRecordFields, AreAllThatTheChildTold) {
  ChildReport report;
  report.has_outcome = true;
  report.peak_bytes = 12345;
  report.stages = {{"train", {0.5}, 6, 7, 8, {StageUse{.cpu_s = 0.75, .joules = 9}}}};
  report.conditions = {RepeatConditions{.load = 2.5}};
  report.outcome.kind = CellMessage::Kind::outcome;
  report.outcome.implementation = "fake:x";
  report.outcome.metrics = {{"score", 3}};
  report.outcome.absent = {{"loss", "nobody knows"}};
  report.outcome.curves = {{"train", {1, 2}, {0.5, 0.25}}};
  CellRequest request;
  request.cell = fixtures::fake_cell();
  request.threads = 2;
  const Json json = record_of(request, {}, report).to_json();
  EXPECT_EQ(json.at("status"), "ok");
  EXPECT_EQ(json.at("id"), request.cell.id());
  EXPECT_EQ(json.at("implementation"), "fake:x");
  EXPECT_EQ(json.at("metrics"), (Json{{"score", 3.0}, {"memory.peak", 12345.0}}));
  EXPECT_EQ(json.at("absent"), (Json{{"loss", "nobody knows"}}));
  EXPECT_EQ(json.at("stages").at(0), (Json{{"name", "train"},
                                           {"wall_s", {0.5}},
                                           {"flops", 6.0},
                                           {"bytes", 7.0},
                                           {"sines", 8.0},
                                           {"use", Json::array({{{"cpu_s", 0.75}, {"joules", 9.0}}})}}));
  EXPECT_EQ(json.at("threads"), 2);
  EXPECT_EQ(json.at("curves").at(0).at("losses"), (Json{0.5, 0.25}));
  EXPECT_EQ(json.at("conditions").at(0).at("load"), 2.5);
  EXPECT_EQ(CellRecord::from_json(json, {}).to_json(), json);
}

TEST(LostRank, IsNamedByWhatMpirunSays) {
  EXPECT_EQ(lost_rank("noise\n-----\nmpirun noticed that process rank 2 with PID 71 on node node-7 exited on signal 9 "
                      "(Killed).\n----"),
            "rank 2 on node-7: exited on signal 9 (Killed)");
  EXPECT_EQ(lost_rank("noise"), std::nullopt);
  EXPECT_EQ(lost_rank("mpirun noticed that process rank 2 with"), std::nullopt);
}

TEST(LostRank, IsNamedByItsOwnWordsWhereItHadSome) {
  EXPECT_EQ(lost_rank("x\nfrugal: rank 1 on node-7: out of memory\nMPI_ABORT was invoked"),
            "rank 1 on node-7: out of memory");
}

TEST(LostRank, EndsTheCellWithItsStage) {
  ChildReport report;
  report.exit_code = 137;
  report.stage = "train";
  report.error_output = "mpirun noticed that process rank 2 with PID 71 on node b exited on signal 9 (Killed).";
  CellRequest request;
  request.cell = fixtures::fake_cell();
  request.ranks = 3;
  const CellRecord record = record_of(request, {.ranks = 3}, report);
  EXPECT_EQ(record.status, Status::failed);
  EXPECT_EQ(record.error, "rank 2 on b: exited on signal 9 (Killed), in stage train");
  EXPECT_EQ(record.ranks, 3);
  report.error_output = "frugal: rank 1 on b: out of memory\n";
  EXPECT_EQ(record_of(request, {.ranks = 3}, report).status, Status::oom);
}

}  // namespace
}  // namespace frugal::harness
