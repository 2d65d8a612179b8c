// Checkpoints as a cell's process sees them: when they are due, that they cost no time of the stage, and what the record says
// of a cell that was gone on with.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "benchmarks/harness/run/child.hpp"
#include "benchmarks/harness/run/measure.hpp"
#include "tests/harness/record_fixture.hpp"

namespace frugal::harness {
namespace {

class CheckpointMaker final : public FakeWorkload {
 public:
  explicit CheckpointMaker(std::function<void(RunContext&)> act) : act_(std::move(act)) {}
  std::vector<MetricDescriptor> metrics() const override {
    std::vector<MetricDescriptor> all = FakeWorkload::metrics();
    all.push_back({.name = "at 10", .unit = "s", .help = ""});
    return all;
  }
  Outcome run(const Cell&, RunContext& context) const override {
    act_(context);
    return {.implementation = "scripted", .metrics = {{"score", 1}}};
  }

 private:
  std::function<void(RunContext&)> act_;
};

/// The record of a cell that does this, as the run's process keeps it.
CellRecord record_of_cell(double checkpoint_s, const std::filesystem::path& folder, bool stop,
                          std::function<void(RunContext&)> act) {
  const CheckpointMaker workload(std::move(act));
  CellRequest request;
  request.cell = fixtures::fake_cell();
  request.checkpoints = folder;
  request.checkpoint_s = checkpoint_s;
  const std::atomic<bool> flag = stop;
  ChildReport report;
  measure_cell(workload, request, flag, [&](const CellMessage& sent) {
    CellMessage message = CellMessage::from_json(Json::parse(sent.to_json().dump()));
    if (message.kind == CellMessage::Kind::stages) report.stages = message.stages;
    if (message.kind != CellMessage::Kind::outcome) return;
    report.has_outcome = true;
    report.outcome = std::move(message);
  });
  const CellRecord record = record_of(request, {}, report);
  return CellRecord::from_json(Json::parse(record.to_json().dump()), {});
}

TEST(CellCheckpoint, IsDueByTimeOrAtAStopOrNow) {
  const ScratchFolder scratch;
  const auto written = [&](double checkpoint_s, bool stop, bool now) {
    int count = 0;
    record_of_cell(checkpoint_s, scratch.path(), stop, [&](RunContext& context) {
      context.stage("train", [&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        context.checkpoint(now, [&](double) { ++count; });
      });
    });
    return count;
  };
  EXPECT_EQ(written(0.001, false, false), 1);
  EXPECT_EQ(written(1000, false, false), 0);
  EXPECT_EQ(written(1000, true, false), 1);
  EXPECT_EQ(written(1000, false, true), 1);
}

TEST(CellCheckpoint, WithoutAFolderThereAreNone) {
  const CellRecord record = record_of_cell(0, {}, true, [](RunContext& context) {
    EXPECT_TRUE(context.checkpoint_file("train").empty());
    context.stage("train", [&] { context.checkpoint(true, [](double) { ADD_FAILURE() << "nobody asked for it"; }); });
  });
  EXPECT_TRUE(record.taken_up.empty());
  EXPECT_TRUE(record.is_quiet());
}

TEST(CellCheckpoint, EachTrainingHasAFileInAFolderThatIsThere) {
  const ScratchFolder scratch;
  record_of_cell(1, scratch / "a/b", false, [&](RunContext& context) {
    EXPECT_EQ(context.checkpoint_file("train"), scratch / "a/b/train.safetensors");
    EXPECT_EQ(context.checkpoint_file("factorize"), scratch / "a/b/factorize.safetensors");
    EXPECT_TRUE(std::filesystem::is_directory(scratch / "a/b"));
  });
}

TEST(CellCheckpoint, WhatItTakesToWriteIsNoTimeOfTheStage) {
  const ScratchFolder scratch;
  double whole = 0, written = 0, told = 0;
  const auto seconds_since = [](auto start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const CellRecord record = record_of_cell(1000, scratch.path(), false, [&](RunContext& context) {
    const auto start = std::chrono::steady_clock::now();
    context.stage("train", [&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      context.checkpoint(true, [&](double seconds) {
        const auto begin = std::chrono::steady_clock::now();
        told = seconds;
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
        written = seconds_since(begin);
      });
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      return Work{.flops = 7};
    });
    whole = seconds_since(start);
  });
  const StageRecord& train = record.stages.at(0);
  ASSERT_EQ(train.wall_s.size(), 1U);
  EXPECT_GE(told, 0.005);
  EXPECT_GE(train.wall_s[0], told + 0.005);
  EXPECT_LE(train.wall_s[0], whole - written);
  EXPECT_EQ(train.flops, 7);
}

TEST(CellCheckpoint, TheTimeOfAStepBeforeItIsStillKnown) {
  const ScratchFolder scratch;
  const CellRecord record = record_of_cell(1000, scratch.path(), false, [&](RunContext& context) {
    context.stage("train", [&] {
      context.pace(0, 30);
      context.pace(10, 30);
      context.checkpoint(true, [](double) {});
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      context.pace(30, 30);
      context.time_metric("at 10", 10);
    });
  });
  EXPECT_LE(record.metrics.at("at 10"), record.stages.at(0).wall_s.at(0) - 0.02);
}

TEST(CellCheckpoint, TimesOfEarlierTriesAreAddedAndDoNotCountAsUndisturbed) {
  const ScratchFolder scratch;
  const CellRecord record = record_of_cell(1000, scratch.path(), false, [&](RunContext& context) {
    context.stage("train", [&] {
      context.take_up("train", 120, 1000);
      context.checkpoint(true, [](double seconds) { EXPECT_GE(seconds, 1000); });
    });
  });
  EXPECT_GE(record.stages.at(0).wall_s.at(0), 1000);
  EXPECT_EQ(record.taken_up, (std::map<std::string, std::uint64_t>{{"train", 120}}));
  EXPECT_EQ(record.quiet(), std::optional(false));
}

}  // namespace
}  // namespace frugal::harness
