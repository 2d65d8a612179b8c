// Which cells a table and a comparison are made of: data that differ, and cells that one side lacks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/judge/judge.hpp"
#include "benchmarks/harness/report/report.hpp"
#include "benchmarks/harness/report/table_spec.hpp"
#include "impl/base/error.hpp"
#include "tests/harness/sample_runs.hpp"

namespace frugal::harness {
namespace {

using samples::RunRecord;
using samples::sample_run_of;
using ::testing::Contains;
using ::testing::HasSubstr;

Table rates(std::span<const RunRecord> runs) {
  return make_table(parse_table_specs("schema: 1\ntitle: t\nworkload: cadc\nrows: [{key: params.cadc.keep_fraction}]\n"
                                      "columns: [{metric: \"hr@10[neg=99]\"}]\n",
                                      "t.yaml")
                        .at(0),
                    runs);
}

TEST(ReportOrigin, ModifiedDataAreNamedInTheCaption) {
  RunRecord run = sample_run_of(2);
  for (CellRecord& record : run.cells) record.inputs = {{"ml-1m/ratings.dat", "aa", 3, false}};
  EXPECT_THAT(rates({&run, 1}).caption, Contains("Data: ml-1m."));
  run.cells[1].inputs[0].modified = true;
  EXPECT_THAT(rates({&run, 1}).caption, Contains("Data: ml-1m (modified: ratings.dat)."));
}

TEST(ReportOrigin, RowsNeverMixFilesOfOneName) {
  std::vector<RunRecord> runs(2, sample_run_of(2));
  for (RunRecord& run : runs)
    for (CellRecord& record : run.cells) record.inputs = {{"ml-1m/ratings.dat", "aa", 3, false}};
  EXPECT_NO_THROW(rates(runs));
  runs[1].cells[0].inputs[0].sha256 = "bb";
  EXPECT_THROW(rates(runs), UserError);
}

TEST(ReportOrigin, AComparisonCountsWhatOneSideLacksOrFailed) {
  const RunRecord a = sample_run_of(3);
  RunRecord b = sample_run_of(3);
  b.cells[0].status = Status::failed;
  b.cells[1].cell.params["cadc"]["keep_fraction"] = 0.5;
  b.cells[1].id = b.cells[1].cell.id();
  const Judgement judgement = compare_runs(a, b);
  EXPECT_EQ(judgement.left_out, 1u);
  EXPECT_EQ(judgement.new_cells, 1u);
  EXPECT_EQ(judgement.count(Verdict::missing), 1u);
}

}  // namespace
}  // namespace frugal::harness
