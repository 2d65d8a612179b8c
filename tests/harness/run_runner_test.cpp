// Order, resuming, what counts as done, gates: with an executor that runs nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>

#include "benchmarks/harness/judge/gate.hpp"
#include "benchmarks/harness/run/runner.hpp"
#include "impl/base/sha256.hpp"
#include "tests/harness/hill_workload.hpp"
#include "tests/harness/record_fixture.hpp"

namespace frugal::harness {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Runner : public ::testing::Test {
 protected:
  Runner() {
    Plan plan;
    plan.name = "toy";
    plan.workload = "fake";
    for (const int n : {1, 2, 3, 4}) plan.cells.push_back(fixtures::fake_cell(n));
    file.plans.push_back(plan);
    cells = planned_cells(file);
  }

  /// Cells whose n is in `fate` end so; the others end well.
  RunSummary run(const Rerun& rerun = {}, const std::map<int, Failure>& fate = {}, bool fail_fast = false) {
    ran.clear();
    const CellExecutor execute = [&](const CellRequest& request, const Limits&, const ProgressSink&) {
      const int n = request.cell.own().at("n").get<int>();
      ran.push_back(n);
      CellEnd end{fixtures::fake_record(n), Failure::none};
      if (const auto found = fate.find(n); found != fate.end()) {
        end.failure = found->second;
        end.record.status = Status::failed;
        end.record.error = "made to fail";
      }
      return end;
    };
    return run_by(execute, rerun, fail_fast);
  }

  RunSummary run_by(const CellExecutor& execute, const Rerun& rerun, bool fail_fast = false) {
    ResultStore store(scratch / "run", fixtures::fake_provenance(), {.start_anew = rerun.what == Rerun::What::all});
    Inputs inputs(workloads, {}, scratch / "hashes.json", false);
    Progress progress({.write = [this](std::string_view text) { talk += text; }, .now = [] { return 0.0; }});
    return run_cells({.workloads = workloads,
                      .store = store,
                      .progress = progress,
                      .execute = execute,
                      .inputs = inputs,
                      .cells = cells,
                      .rerun = rerun,
                      .fail_fast = fail_fast});
  }

  const FakeWorkload fake;
  Workloads workloads = {&fake};
  ScratchFolder scratch;
  PlanFile file;
  std::vector<PlannedCell> cells;
  std::vector<int> ran;
  std::string talk;
};

TEST_F(Runner, RunsAllInOrderOnceAndThenNothing) {
  EXPECT_EQ(run().done_now, 4);
  EXPECT_THAT(ran, ElementsAre(1, 2, 3, 4));
  const RunSummary again = run();
  EXPECT_THAT(ran, IsEmpty());
  EXPECT_EQ(again.done_before, 4);
  EXPECT_EQ(again.records.size(), 4);
  EXPECT_THAT(talk, HasSubstr("nothing to do: all 4 cells are done"));
}

TEST_F(Runner, JobsRunCellsSideBySideAndEachOnce) {
  std::mutex mutex;
  std::condition_variable changed;
  int at_work = 0;
  ResultStore store(scratch / "run", fixtures::fake_provenance(), {});
  Inputs inputs(workloads, {}, scratch / "hashes.json", false);
  Progress progress({.write = [this](std::string_view text) { talk += text; }, .now = [] { return 0.0; }});
  const CellExecutor execute = [&](const CellRequest& request, const Limits&, const ProgressSink& tell) {
    const int n = request.cell.own().at("n").get<int>();
    tell(0.5, "train");
    if (n <= 3) {
      std::unique_lock lock(mutex);
      ++at_work;
      changed.notify_all();
      EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(20), [&] { return at_work == 3; })) << n;
    }
    return CellEnd{fixtures::fake_record(n), Failure::none};
  };
  const RunSummary summary = run_cells({.workloads = workloads,
                                        .store = store,
                                        .progress = progress,
                                        .execute = execute,
                                        .inputs = inputs,
                                        .cells = cells,
                                        .jobs = 3});
  EXPECT_EQ(summary.done_now, 4);
  const std::vector<CellRecord> records = load_run(scratch / "run").cells;
  ASSERT_EQ(records.size(), 4);
  for (const CellRecord& record : records) {
    EXPECT_EQ(record.jobs, 3);
    EXPECT_FALSE(record.is_quiet());
  }
  for (const char* number : {"[1/4]", "[2/4]", "[3/4]", "[4/4]"}) EXPECT_THAT(talk, HasSubstr(number));
}

TEST_F(Runner, WhatOneJobThrowsEndsTheRunWhenTheOthersHaveEnded) {
  std::atomic<int> ended = 0;
  ResultStore store(scratch / "run", fixtures::fake_provenance(), {});
  Inputs inputs(workloads, {}, scratch / "hashes.json", false);
  Progress progress({.write = [](std::string_view) {}, .now = [] { return 0.0; }});
  const CellExecutor execute = [&](const CellRequest& request, const Limits&, const ProgressSink&) {
    const int n = request.cell.own().at("n").get<int>();
    if (n == 1) throw UserError("the file changed");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ++ended;
    return CellEnd{fixtures::fake_record(n), Failure::none};
  };
  EXPECT_THROW(run_cells({.workloads = workloads,
                          .store = store,
                          .progress = progress,
                          .execute = execute,
                          .inputs = inputs,
                          .cells = cells,
                          .jobs = 2}),
               UserError);
  EXPECT_EQ(load_run(scratch / "run").cells.size(), static_cast<std::size_t>(ended.load()));
  EXPECT_LT(ended.load(), 3);
}

TEST_F(Runner, TheLastCellOfAnotherPlanIsWeighedByItsWork) {
  const HillWorkload hill;
  const Workloads workloads_of_hill = {&hill};
  const std::string head = "schema: 1\nworkload: hill\ndataset: toy\n";
  const PlanFile plans = parse_plan(head + "name: small\nmatrix: {params.hill.width: [16, 32]}\n---\n" + head +
                                        "name: large\nparams: {hill: {width: 128}}\nmeasure: {warmup: 1}\n",
                                    "p.yaml", {}, workloads_of_hill, {});
  double now = 0;
  ResultStore store(scratch / "run", fixtures::fake_provenance(), {});
  Inputs inputs(workloads_of_hill, {}, scratch / "hashes.json", false);
  Progress progress({.write = [this](std::string_view text) { talk += text; }, .now = [&] { return now; }});
  const CellExecutor execute = [&](const CellRequest& request, const Limits&, const ProgressSink& tell) {
    const double width = request.cell.own().at("width").get<double>();
    now += width == 128 ? 30 : width * width / 256;  // 1 s, 4 s; then 64 s, twice, of which 30 s are gone
    tell(0, "train");
    CellEnd end;
    end.record.cell = request.cell;
    end.record.id = request.cell.id();
    return end;
  };
  run_cells({.workloads = workloads_of_hill,
             .store = store,
             .progress = progress,
             .execute = execute,
             .inputs = inputs,
             .cells = planned_cells(plans)});
  EXPECT_THAT(talk, HasSubstr("[3/3] 66% | elapsed 0:35 | left about 1:38 | "));
}

TEST_F(Runner, AfterAnInterruptionGoesOnWithTheNextCell) {
  const RunSummary first = run({}, {{3, Failure::interrupted}});
  EXPECT_TRUE(first.interrupted);
  EXPECT_EQ(first.done_now, 2);
  EXPECT_EQ(load_run(scratch / "run").cells.size(), 2) << "the cell that was stopped leaves no record";
  run();
  EXPECT_THAT(ran, ElementsAre(3, 4));
}

TEST_F(Runner, AFailedCellIsNeitherRepeatedNorCalledDone) {
  const RunSummary first = run({}, {{2, Failure::other}});
  EXPECT_THAT(first.failed, ElementsAre(cells[1].id));
  EXPECT_EQ(first.done_now, 3);
  const RunSummary second = run();
  EXPECT_THAT(ran, IsEmpty());
  EXPECT_THAT(second.failed_before, ElementsAre(cells[1].id));
  EXPECT_EQ(second.done_before, 3);
}

TEST_F(Runner, RerunFailedRunsTheFailedAndTheMissing) {
  run({}, {{2, Failure::other}, {4, Failure::interrupted}});
  const RunSummary summary = run({Rerun::What::failed});
  EXPECT_THAT(ran, ElementsAre(2, 4));
  EXPECT_THAT(summary.failed_before, IsEmpty());
  const CellRecord again = load_run(scratch / "run").cells.at(1);
  EXPECT_EQ(again.id, cells[1].id);
  EXPECT_EQ(again.status, Status::ok);
}

TEST_F(Runner, RerunOfOneRunsOnlyThatOne) {
  run({}, {{1, Failure::other}, {3, Failure::interrupted}});
  run({Rerun::What::one, cells[1].id});
  EXPECT_THAT(ran, ElementsAre(2));
}

TEST_F(Runner, RerunAllRunsAll) {
  run();
  EXPECT_EQ(run({Rerun::What::all}).done_now, 4);
  EXPECT_THAT(ran, ElementsAre(1, 2, 3, 4));
}

/// A plan of one cell that asks for checkpoints; each cell writes one and ends as it is told.
class RunnerCheckpoints : public Runner {
 protected:
  RunnerCheckpoints() {
    file.plans[0].cells.resize(1);
    file.plans[0].limits.checkpoint_s = 600;
    cells = planned_cells(file);
  }

  /// Did the cell find the checkpoint of an earlier one?
  bool finds_one(Failure fate, const Rerun& rerun = {Rerun::What::failed}) {
    bool found = false;
    const CellExecutor execute = [&](const CellRequest& request, const Limits& limits, const ProgressSink&) {
      EXPECT_EQ(request.checkpoint_s, limits.checkpoint_s);
      found = std::filesystem::exists(request.checkpoints / "train");
      std::filesystem::create_directories(request.checkpoints);
      fixtures::write_file(request.checkpoints / "train", "");
      CellEnd end{fixtures::fake_record(1), fate};
      if (fate != Failure::none) end.record.status = Status::failed;
      return end;
    };
    run_by(execute, rerun);
    return found;
  }
};

TEST_F(RunnerCheckpoints, StayUntilTheCellIsDone) {
  EXPECT_FALSE(finds_one(Failure::interrupted));
  EXPECT_THAT(talk, testing::Not(HasSubstr("goes on from its checkpoint")));
  EXPECT_TRUE(finds_one(Failure::other));
  EXPECT_THAT(talk, HasSubstr(cells[0].id + " goes on from its checkpoint"));
  EXPECT_TRUE(finds_one(Failure::none));
  EXPECT_FALSE(std::filesystem::exists(scratch / "run/checkpoints"));
}

TEST_F(RunnerCheckpoints, WhoAsksForAllAnewGetsAllAnew) {
  finds_one(Failure::other);
  EXPECT_TRUE(finds_one(Failure::other, {Rerun::What::one, cells[0].id}))
      << "as the line that names a failed cell says";
  EXPECT_FALSE(finds_one(Failure::other, {Rerun::What::all}));
}

TEST_F(RunnerCheckpoints, OfOtherFilesDoNotCount) {
  struct Reader final : FakeWorkload {
    std::filesystem::path path;
    std::vector<InputFile> inputs(const Cell&, const std::vector<std::filesystem::path>&) const override {
      return {{.name = "data.txt", .path = path}};
    }
  } reader;
  reader.path = scratch / "data.txt";
  workloads = {&reader};
  fixtures::write_file(reader.path, "one");
  finds_one(Failure::interrupted);
  EXPECT_TRUE(finds_one(Failure::interrupted));
  fixtures::write_file(reader.path, "other");
  EXPECT_FALSE(finds_one(Failure::interrupted));
}

TEST_F(Runner, AfterAStopBetweenTwoCellsNothingNewBegins) {
  std::signal(SIGINT, SIG_DFL);  // a shell lets its background jobs ignore it
  StopSignals stops;
  ASSERT_EQ(std::raise(SIGINT), 0);
  CellRequest request;
  request.cell = fixtures::fake_cell();
  EXPECT_EQ(child_executor(stops, workloads)(request, {}, [](double, const std::string&) {}).failure,
            Failure::interrupted);
}

TEST_F(Runner, FailFastLeavesTheRestToDo) {
  const RunSummary first = run({}, {{2, Failure::other}}, true);
  EXPECT_TRUE(first.stopped);
  EXPECT_THAT(ran, ElementsAre(1, 2));
  EXPECT_EQ(first.to_do(), 2u);
  EXPECT_FALSE(run({}, {{4, Failure::other}}, true).stopped) << "nothing was left after the last cell";
  EXPECT_THAT(ran, ElementsAre(3, 4));
}

/// Reads one file, which is published as "abc".
class ReadingWorkload final : public FakeWorkload {
 public:
  explicit ReadingWorkload(std::filesystem::path path) : path_(std::move(path)) {}
  std::vector<InputFile> inputs(const Cell&, const std::vector<std::filesystem::path>&) const override {
    return {{.name = "set/data.txt",
             .path = path_,
             .dataset = "set",
             .published = {.bytes = 3, .sha256 = {sha256("abc")}}}};
  }

 private:
  std::filesystem::path path_;
};

class RunnerInputs : public Runner {
 protected:
  RunnerInputs() { fixtures::write_file(scratch / "data.txt", "abc"); }
  const ReadingWorkload reading{scratch / "data.txt"};
  const Workloads reading_workloads = {&reading};
  Inputs inputs{reading_workloads, {}, scratch / "hashes.json", false};
};

TEST_F(RunnerInputs, AFileThatChangesUnderACellLeavesItWithoutARecord) {
  ResultStore store(scratch / "run", fixtures::fake_provenance(), {});
  Progress progress({.write = [](std::string_view) {}, .now = [] { return 0.0; }});
  const CellExecutor execute = [&](const CellRequest& request, const Limits&, const ProgressSink&) {
    const int n = request.cell.own().at("n").get<int>();
    if (n == 2) fixtures::write_file(scratch / "data.txt", "abd");
    return CellEnd{fixtures::fake_record(n), Failure::none};
  };
  const std::string error = fixtures::user_error_of([&] {
    run_cells({.workloads = reading_workloads,
               .store = store,
               .progress = progress,
               .execute = execute,
               .inputs = inputs,
               .cells = cells,
               .rerun = {}});
  });
  EXPECT_THAT(error, HasSubstr("set/data.txt has changed since this run began"));
  const auto written = load_run(scratch / "run");
  ASSERT_EQ(written.cells.size(), 1);
  EXPECT_EQ(written.cells[0].inputs.at(0).sha256, sha256("abc"));
}

TEST_F(RunnerInputs, AnyPublishedHashVouchesAndOtherwiseTheRequest) {
  EXPECT_FALSE(inputs.of(*cells[0].cell).at(0).modified);
  fixtures::write_file(scratch / "data.txt", "ab");
  Inputs strict(reading_workloads, {}, scratch / "hashes.json", false);
  EXPECT_THAT(
      fixtures::user_error_of([&] { strict.of(*cells[0].cell); }),
      testing::AllOf(HasSubstr("2 bytes"), HasSubstr("3 bytes"), HasSubstr(sha256("abc")), HasSubstr(sha256("ab"))));
  Inputs lenient(reading_workloads, {}, scratch / "hashes.json", true);
  EXPECT_TRUE(lenient.of(*cells[0].cell).at(0).modified);
}

TEST_F(Runner, ACellThatCannotWriteItsArtifactsEndsTheRunAndRunsAgain) {
  try {
    run({}, {{3, Failure::output}});
    FAIL() << "it went on";
  } catch (const OutputError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("made to fail. The cells that were done before are kept"),
                                    HasSubstr("give the same command again")));
  }
  EXPECT_THAT(ran, ElementsAre(1, 2, 3));
  EXPECT_EQ(load_run(scratch / "run").cells.size(), 2);
  EXPECT_EQ(run().failures(), 0);
  EXPECT_THAT(ran, ElementsAre(3, 4));
}

class Gates : public Runner {
 protected:
  std::vector<std::string> broken(MetricBound gate, bool is_part = false) {
    file.plans.front().gates = {std::move(gate)};
    StoredRecords stored;
    std::set<std::string> ids;
    for (const auto& [id, record] : records) {
      stored[id] = &record;
      ids.insert(id);
    }
    return check_gates(file, stored, is_part ? std::optional(ids) : std::nullopt).broken;
  }
  Gates() {
    for (const PlannedCell& cell : cells) {
      const int n = cell.cell->own().at("n").get<int>();
      records[cell.id] = fixtures::fake_record(n);
      records[cell.id].metrics["score"] = n;
    }
  }
  std::map<std::string, CellRecord> records;
};

TEST_F(Gates, HoldEachMatchingCellToTheBound) {
  EXPECT_THAT(broken({.metric = "score", .min = 1, .max = 4, .where = {}}), IsEmpty());
  const std::vector<std::string> lines = broken({.metric = "score", .min = 2, .max = 3, .where = {}});
  ASSERT_EQ(lines.size(), 2);
  EXPECT_THAT(lines[0], HasSubstr("n=1: score is 1, below 2"));
  EXPECT_THAT(lines[1], HasSubstr("n=4: score is 4, above 3"));
  EXPECT_THAT(broken({.metric = "score", .min = 4, .max = {}, .where = {{"params.fake.n", 4}}}), IsEmpty());
}

TEST_F(Gates, ThatCheckNothingAreBroken) {
  EXPECT_THAT(broken({.metric = "score", .min = 0, .max = {}, .where = {{"backend", "cuda"}}}),
              ElementsAre(HasSubstr("matches no cell")));
  EXPECT_THAT(broken({.metric = "score", .min = 0, .max = {}, .where = {{"backend", "cuda"}}}, true), IsEmpty());
  EXPECT_EQ(broken({.metric = "psnr", .min = 0, .max = {}, .where = {}}).size(), 4) << "an absent metric";
}

TEST_F(Gates, SayWhyAMetricIsAbsent) {
  for (auto& [id, record] : records) record.absent["psnr"] = "one network has no border";
  EXPECT_THAT(broken({.metric = "psnr", .min = 0, .max = {}, .where = {}}).at(0),
              HasSubstr("psnr is absent: one network has no border"));
}

TEST_F(Gates, LeaveFailedCellsToTheExitCodeForThem) {
  for (auto& [id, record] : records) record.status = Status::failed;
  EXPECT_THAT(broken({.metric = "score", .min = 100, .max = {}, .where = {}}), IsEmpty());
}

}  // namespace
}  // namespace frugal::harness
