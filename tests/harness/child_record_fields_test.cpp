// Whatever a child told is in its record.
#include <gtest/gtest.h>

#include "benchmarks/harness/record/provenance.hpp"
#include "benchmarks/harness/run/child.hpp"
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

}  // namespace
}  // namespace frugal::harness
