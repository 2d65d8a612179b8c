// The child's half: passes, clocks, metrics, and what becomes of exceptions.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <limits>
#include <thread>

#include "benchmarks/harness/run/child.hpp"
#include "benchmarks/harness/run/measure.hpp"
#include "tests/harness/record_fixture.hpp"

namespace frugal::harness {
namespace {

using ::testing::HasSubstr;

/// Runs what the test says; counts the runs.
class ScriptedWorkload final : public FakeWorkload {
 public:
  using Script = std::function<Outcome(int run, RunContext&)>;
  explicit ScriptedWorkload(Script script) : script_(std::move(script)) {}
  std::vector<MetricDescriptor> metrics() const override {
    std::vector<MetricDescriptor> all = FakeWorkload::metrics();
    for (const int done : {0, 10, 20, 30})
      all.push_back({.name = "at " + std::to_string(done), .unit = "s", .help = ""});
    return all;
  }
  Outcome run(const Cell&, RunContext& context) const override { return script_(runs_++, context); }
  int runs() const { return runs_; }

 private:
  Script script_;
  mutable int runs_ = 0;
};

struct Measured {
  std::vector<CellMessage> messages;
  int runs = 0;
  const CellMessage& outcome() const { return messages.back(); }
  std::vector<CellMessage> of(CellMessage::Kind kind) const {
    std::vector<CellMessage> some;
    for (const CellMessage& message : messages)
      if (message.kind == kind) some.push_back(message);
    return some;
  }
};

Measured measure(ScriptedWorkload::Script script, Measure passes = {}, Determinism determinism = Determinism::free,
                 bool stop = false, double band = 0) {
  const ScriptedWorkload workload(std::move(script));
  CellRequest request;
  request.cell = fixtures::fake_cell();
  request.measure = passes;
  request.determinism = determinism;
  request.band = band;
  const std::atomic<bool> flag = stop;
  Measured measured;
  // Through JSON and back: what the parent would see.
  measure_cell(workload, request, flag, [&](const CellMessage& message) {
    measured.messages.push_back(CellMessage::from_json(Json::parse(message.to_json().dump())));
  });
  measured.runs = workload.runs();
  return measured;
}

Outcome scored(double score) { return {.implementation = "scripted", .metrics = {{"score", score}}}; }

TEST(MeasureCell, WarmUpLeavesNoSamplesAndTheLastRepeatGivesTheMetrics) {
  const Measured measured = measure(
      [](int run, RunContext& context) {
        context.stage("train", [&] { return Work{.flops = 10.0 * run, .bytes = 1}; });
        return scored(run);
      },
      {.warmup = 2, .repeats = 3});
  EXPECT_EQ(measured.runs, 5);
  const auto stages = measured.of(CellMessage::Kind::stages);
  ASSERT_EQ(stages.size(), 3);
  EXPECT_EQ(stages[2].stages.at(0).flops, 40);
  EXPECT_EQ(measured.outcome().metrics.at("score"), 4);
  EXPECT_EQ(measured.outcome().failure, Failure::none);
  EXPECT_EQ(measured.outcome().implementation, "scripted");
}

TEST(MeasureCell, AStageEnteredSeveralTimesAddsUp) {
  const Measured measured = measure([](int, RunContext& context) {
    for (int i = 0; i < 3; ++i) {
      context.stage("load", [] { std::this_thread::sleep_for(std::chrono::milliseconds(2)); });
      context.stage("train", [] { return Work{.flops = 5, .bytes = 7}; });
    }
    return scored(1);
  });
  const auto stages = measured.of(CellMessage::Kind::stages).at(0).stages;
  ASSERT_EQ(stages.size(), 2);
  EXPECT_EQ(stages[0].name, "load");
  ASSERT_EQ(stages[0].wall_s.size(), 1);
  EXPECT_GE(stages[0].wall_s[0], 0.006);
  EXPECT_EQ(stages[1].flops, 15);
  EXPECT_EQ(stages[1].bytes, 21);
}

/// A loop of 30 steps: 10 of them in `first_ms`, the others in 20 ms.
Outcome timed_loop(RunContext& context, int first_ms) {
  const auto nap = [](int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); };
  context.stage("load", [&] { context.pace(0, 1); });
  context.stage("train", [&] {
    context.pace(0, 30);
    nap(first_ms);
    context.pace(10, 30);
    nap(20);
    context.pace(30, 30);
    for (const int done : {0, 10, 20, 30}) context.time_metric("at " + std::to_string(done), done);
  });
  return scored(1);
}

TEST(MeasureCell, ATimeMetricIsTheTimeOfItsStageUntilTheLoopHadDoneSoMuch) {
  const Measured measured = measure([](int, RunContext& context) { return timed_loop(context, 10); });
  const auto& metrics = measured.outcome().metrics;
  const double stage = measured.of(CellMessage::Kind::stages).at(0).stages.at(1).wall_s.at(0);
  EXPECT_GE(metrics.at("at 10") - metrics.at("at 0"), 0.01);
  EXPECT_DOUBLE_EQ(metrics.at("at 20"), (metrics.at("at 10") + metrics.at("at 30")) / 2);
  EXPECT_GE(metrics.at("at 30") - metrics.at("at 10"), 0.02);
  EXPECT_LE(metrics.at("at 30"), stage);
}

TEST(MeasureCell, ATimeMetricIsTheMedianOverTheRepeatsAndMayDifferBetweenThem) {
  const Measured measured =
      measure([](int run, RunContext& context) { return timed_loop(context, run == 1 ? 1000 : 1); },
              {.warmup = 0, .repeats = 3}, Determinism::bitwise);
  EXPECT_EQ(measured.outcome().failure, Failure::none) << measured.outcome().error;
  EXPECT_LT(measured.outcome().metrics.at("at 10"), 1);
}

TEST(BestRates, AreThoseOfTheFastestRunOfEachProbe) {
  int timed = 0;
  const auto work = [&] {  // the best run takes 2 ms
    std::this_thread::sleep_for(std::chrono::milliseconds(timed++ == 3 ? 2 : 6));
  };
  const DeviceRates limits = best_rates({{Probe::Resource::memory, 1000, work}});
  EXPECT_EQ(timed, 10);
  EXPECT_EQ(limits.flops, 0);
  EXPECT_GT(limits.bytes, 1000 / 0.006);
  EXPECT_LE(limits.bytes, 1000 / 0.002);
}

TEST(MeasureCell, SinesOfAStageAreInItsSamples) {
  const Measured measured = measure([](int, RunContext& context) {
    context.stage("train", [] { return Work{.flops = 5, .sines = 3}; });
    return scored(1);
  });
  EXPECT_EQ(measured.of(CellMessage::Kind::stages).at(0).stages.at(0).sines, 3);
}

TEST(MeasureCell, LossesAreThoseOfTheLastRepeat) {
  const Measured measured = measure(
      [](int run, RunContext& context) {
        context.loss("train", 1, 10 + run);
        context.loss("train", 2, 5 + run);
        return scored(1);
      },
      {.warmup = 1, .repeats = 2});
  ASSERT_EQ(measured.outcome().curves.size(), 1);
  EXPECT_EQ(measured.outcome().curves[0].losses, (std::vector<double>{12, 7}));
}

TEST(MeasureCell, ProgressCoversAllPasses) {
  const Measured measured = measure(
      [](int, RunContext& context) {
        context.stage("train", [&] { context.progress(0.5); });
        std::this_thread::sleep_for(std::chrono::milliseconds(210));
        return scored(1);
      },
      {.warmup = 1, .repeats = 1});
  const auto progress = measured.of(CellMessage::Kind::progress);
  ASSERT_EQ(progress.size(), 2);
  EXPECT_DOUBLE_EQ(progress[0].fraction, 0.25);
  EXPECT_DOUBLE_EQ(progress[1].fraction, 0.75);
  EXPECT_EQ(progress[1].stage, "train");
}

TEST(MeasureCell, ManyCallsOfProgressAreFewMessages) {
  const Measured measured = measure([](int, RunContext& context) {
    for (int i = 0; i < 100000; ++i) context.progress(i / 100000.0);
    return scored(1);
  });
  EXPECT_LT(measured.of(CellMessage::Kind::progress).size(), 20);
}

TEST(MeasureCell, AMetricThatIsNotFiniteFailsTheCellAndIsDropped) {
  const Measured measured = measure([](int, RunContext&) {
    Outcome outcome = scored(1);
    outcome.metrics["loss"] = std::numeric_limits<double>::infinity();
    return outcome;
  });
  EXPECT_EQ(measured.outcome().failure, Failure::other);
  EXPECT_THAT(measured.outcome().error, HasSubstr("metric loss is not finite"));
  EXPECT_EQ(measured.outcome().metrics.count("loss"), 0);
  EXPECT_EQ(measured.outcome().absent.at("loss"), "not finite (inf)");
  EXPECT_EQ(measured.outcome().metrics.at("score"), 1);
}

TEST(MeasureCell, AMetricThatTheWorkloadDoesNotDeclareFailsTheCellAndIsDropped) {
  const Measured measured = measure([](int, RunContext& context) {
    context.stage("train", [&] {
      context.pace(1, 1);
      context.time_metric("at 40", 1);
    });
    Outcome outcome = scored(1);
    outcome.metrics["scroe"] = 1;
    outcome.absent["lost"] = "there was none";
    return outcome;
  });
  EXPECT_EQ(measured.outcome().failure, Failure::other);
  EXPECT_EQ(measured.outcome().error, "the workload 'fake' gave what its metrics() do not declare: at 40, lost, scroe");
  EXPECT_EQ(measured.outcome().metrics, (std::map<std::string, double>{{"score", 1}}));
  EXPECT_TRUE(measured.outcome().absent.empty());
}

TEST(MeasureCell, RepeatsThatDifferFailOnlyWhenThePlanSaysBitwise) {
  const auto drifting = [](int run, RunContext&) { return scored(1 + run * 1e-15); };
  const Measured bitwise = measure(drifting, {.warmup = 0, .repeats = 2}, Determinism::bitwise);
  EXPECT_EQ(bitwise.outcome().failure, Failure::other);
  EXPECT_THAT(bitwise.outcome().error, HasSubstr("'score' differs between repeats"));
  EXPECT_EQ(measure(drifting, {.warmup = 1, .repeats = 1}, Determinism::bitwise).outcome().failure, Failure::none);
  EXPECT_EQ(measure(drifting, {.warmup = 0, .repeats = 2}).outcome().failure, Failure::none);
}

TEST(MeasureCell, AnyTwoRepeatsMustKeepTheBandOfRepeatable) {
  const auto drifting = [](int run, RunContext&) { return scored(-100 - run); };
  const auto failure = [&](int repeats, double band) {
    return measure(drifting, {.warmup = 0, .repeats = repeats}, Determinism::repeatable, false, band).outcome();
  };
  EXPECT_EQ(failure(2, 0.015).failure, Failure::none);
  EXPECT_EQ(failure(2, 0.005).failure, Failure::other);
  EXPECT_THAT(failure(2, 0.005).error, HasSubstr("determinism: {repeatable: 0.005}"));
  EXPECT_EQ(failure(3, 0.015).failure, Failure::other) << "the first and the third are too far apart";
}

TEST(MeasureCell, TellsTheKindsOfFailureApart) {
  const auto failure_when = [](const std::function<void()>& act) {
    return measure([&](int, RunContext& context) {
             context.stage("train", [&] { act(); });
             return scored(1);
           })
        .outcome();
  };
  EXPECT_EQ(failure_when([] { throw UserError(Place{"u.data", 3}, "torn"); }).error, "u.data:3: torn");
  EXPECT_EQ(failure_when([] { throw UnavailableError("no device"); }).failure, Failure::other);
  EXPECT_EQ(failure_when([] { throw OutputError("no room"); }).failure, Failure::output);
  EXPECT_EQ(failure_when([] { throw std::bad_alloc(); }).failure, Failure::memory);
  EXPECT_EQ(failure_when([] { throw OutOfMemoryError("8 bytes wanted"); }).failure, Failure::memory);
  EXPECT_EQ(failure_when([] { throw OutOfMemoryError("8 bytes wanted"); }).error, "8 bytes wanted");
  EXPECT_EQ(failure_when([] { throw std::logic_error("bug"); }).error, "bug");
  EXPECT_EQ(failure_when([] { throw 7; }).failure, Failure::other);
}

TEST(MeasureCell, StopsAtTheNextProgress) {
  const Measured measured = measure(
      [](int, RunContext& context) {
        context.progress(0.1);
        return scored(1);
      },
      {}, Determinism::free, true);
  EXPECT_EQ(measured.outcome().failure, Failure::interrupted);
}

TEST(MeasureCell, AnExportHasItsNameWhenItIsWhole) {
  const ScratchFolder scratch;
  const auto export_with = [&](bool dies) {
    const ScriptedWorkload workload([&](int, RunContext& context) {
      fixtures::write_file(*context.export_folder() / "weights", "");
      EXPECT_FALSE(std::filesystem::exists(scratch / "cell/export")) << "not yet";
      if (dies) throw std::runtime_error("in the middle");
      return scored(1);
    });
    CellRequest request;
    request.cell = fixtures::fake_cell();
    request.artifacts = scratch / "cell";
    request.exports = true;
    const std::atomic<bool> go_on = false;
    measure_cell(workload, request, go_on, [](const CellMessage&) {});
  };
  export_with(true);
  EXPECT_FALSE(std::filesystem::exists(scratch / "cell/export"));
  fixtures::write_file(scratch / "cell/export.unfinished/left", "");
  export_with(false);
  EXPECT_TRUE(std::filesystem::exists(scratch / "cell/export/weights"));
  EXPECT_FALSE(std::filesystem::exists(scratch / "cell/export/left"));
  EXPECT_FALSE(std::filesystem::exists(scratch / "cell/export.unfinished"));
}

TEST(CellRequestJson, SurvivesARoundTrip) {
  CellRequest request;
  request.cell = fixtures::fake_cell();
  request.measure = {.warmup = 2, .repeats = 5};
  request.determinism = Determinism::repeatable;
  request.band = 0.25;
  request.data_dirs = {"/a", "b c"};
  request.artifacts = "run/artifacts/x";
  request.checkpoints = "run/checkpoints/x";
  request.checkpoint_s = 600;
  const CellRequest back = CellRequest::from_json(Json::parse(request.to_json().dump()));
  EXPECT_EQ(back.to_json(), request.to_json());
  EXPECT_EQ(back.cell.id(), request.cell.id());
  EXPECT_EQ(back.determinism, request.determinism);
  EXPECT_EQ(back.band, 0.25);
}

// What the end of a child process means.

CellRecord record_after(const ChildReport& report, const Limits& limits = {}) {
  CellRequest request;
  request.cell = fixtures::fake_cell();
  return record_of(request, limits, report);
}

ChildReport report_of_good_child() {
  ChildReport report;
  report.has_outcome = true;
  report.outcome.metrics = {{"score", 1}};
  report.peak_bytes = 4096;
  return report;
}

TEST(ChildRecord, AGoodEndIsOkWithPeakMemory) {
  const CellRecord record = record_after(report_of_good_child());
  EXPECT_EQ(record.status, Status::ok);
  EXPECT_EQ(record.error, "");
  EXPECT_EQ(record.metrics.at("memory.peak"), 4096);
}

TEST(ChildRecord, ACrashNamesTheSignalAndTheLastWords) {
  ChildReport report;
  report.signal = SIGSEGV;
  report.error_output = "assertion failed: x";
  const CellRecord record = record_after(report);
  EXPECT_EQ(record.status, Status::failed);
  EXPECT_THAT(record.error, HasSubstr("SIGSEGV"));
  EXPECT_THAT(record.error, HasSubstr("assertion failed: x"));
}

TEST(ChildRecord, ARealTimeSignalIsToldByItsNumber) {
  ChildReport report;
  report.signal = SIGRTMIN + 1;
  EXPECT_THAT(record_after(report).error, HasSubstr(fmt::format("crashed with signal {} before", SIGRTMIN + 1)));
}

TEST(ChildRecord, ACrashAfterTheOutcomeIsNoSuccess) {
  ChildReport report = report_of_good_child();
  report.signal = SIGABRT;
  EXPECT_EQ(record_after(report).status, Status::failed);
  EXPECT_THAT(record_after(report).error, HasSubstr("after its last repeat"));
  EXPECT_EQ(failure_of(report), Failure::other);
}

TEST(ChildRecord, SilenceWithExitCodeZeroIsNoSuccess) {
  EXPECT_EQ(record_after({}).status, Status::failed);
  EXPECT_EQ(failure_of({}), Failure::other);
}

TEST(ChildRecord, OurKillIsATimeoutAndAnotherOneIsMemory) {
  ChildReport report;
  report.signal = SIGKILL;
  EXPECT_EQ(record_after(report).status, Status::oom);
  report.timed_out = true;
  EXPECT_EQ(record_after(report, {.timeout_s = 2}).status, Status::timeout);
  report.signal = 0;
  report.has_outcome = true;
  report.outcome.failure = Failure::interrupted;
  EXPECT_EQ(record_after(report, {.timeout_s = 2}).status, Status::timeout) << "it stopped when asked";
  EXPECT_EQ(failure_of(report), Failure::other);
}

TEST(ChildRecord, BadAllocIsMemoryAlsoInsideAParallelRegion) {
  ChildReport thrown = report_of_good_child();
  thrown.outcome.failure = Failure::memory;
  thrown.outcome.error = "out of memory";
  EXPECT_EQ(record_after(thrown, {.memory_gib = 2}).status, Status::oom);
  EXPECT_THAT(record_after(thrown, {.memory_gib = 2}).error, HasSubstr("limits.memory_gib: 2"));
  ChildReport terminated;
  terminated.signal = SIGABRT;
  terminated.error_output = "terminate called after throwing an instance of 'std::bad_alloc'";
  EXPECT_EQ(record_after(terminated).status, Status::oom);
}

}  // namespace
}  // namespace frugal::harness
