// Cells of all seeds as one: what they hold once, so that a report of many cells stays small.
#include <gtest/gtest.h>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/plan/plan.hpp"
#include "benchmarks/harness/study/cell_groups.hpp"
#include "tests/harness/sample_runs.hpp"

namespace frugal::harness {
namespace {

using samples::RunRecord;
using samples::sample_run_of;

TEST(PooledCells, FindMachineAndBuildInTheirRunAndCopyNeither) {
  const std::vector<RunRecord> runs{sample_run_of(3)};
  const std::vector<PooledCell> pooled = pool_cells(runs, "cadc", {});
  ASSERT_EQ(pooled.size(), 2u);
  const Provenance& provenance = runs.front().provenance;
  for (const PooledCell& cell : pooled) {
    EXPECT_EQ(cell.records.size(), 3u);
    EXPECT_EQ(cell.value("machine"), &provenance.machine);
    EXPECT_EQ(cell.value("machine.cores"), &provenance.machine.at("cores"));
    EXPECT_EQ(cell.value("build.commit"), &provenance.build.at("commit"));
    EXPECT_EQ(*cell.value("implementation"), Json("cpu: test"));
    EXPECT_EQ(cell.value("params.cadc.mf.dim"), cell_value(cell.cell, "params.cadc.mf.dim"));
    for (const char* path : {"machine.nowhere", "build.commit.date", "implementation.of", "seed", "params.inr"})
      EXPECT_EQ(cell.value(path), nullptr) << path;
  }
}

TEST(PooledCells, AreSelectedByWhatTheyAreAndWhereTheyRan) {
  const std::vector<RunRecord> runs{sample_run_of(1)};
  EXPECT_EQ(pool_cells(runs, "cadc", {{"machine.cores", {2, 4}}, {"params.cadc.keep_fraction", {0.1}}}).size(), 1u);
  EXPECT_TRUE(pool_cells(runs, "cadc", {{"machine.cores", {4}}}).empty());
  EXPECT_TRUE(pool_cells(runs, "cadc", {{"machine.nowhere", {2}}}).empty());
  EXPECT_TRUE(pool_cells(runs, "inr", {}).empty());
}

TEST(PooledCells, AFailureNeverReplacesARecordThatEndedWell) {
  for (const std::size_t failed : {0, 1}) {
    std::vector<RunRecord> runs{sample_run_of(1), sample_run_of(1)};
    for (CellRecord& record : runs[failed].cells) {
      record.status = Status::failed;
      record.implementation.clear();
    }
    for (const PooledCell& cell : pool_cells(runs, "cadc", {})) {
      ASSERT_EQ(cell.records.size(), 1u);
      EXPECT_EQ(cell.records.front()->status, Status::ok) << failed;
      ASSERT_EQ(cell.left_out.size(), 1u);
      EXPECT_EQ(cell.left_out.front()->status, Status::failed) << failed;
      EXPECT_EQ(cell.implementation, Json("cpu: test")) << failed;
    }
  }
}

}  // namespace
}  // namespace frugal::harness
