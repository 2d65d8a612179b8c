// The page that `report --format html` writes: what it says of a run before any table, and the pictures it holds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/report/page.hpp"
#include "benchmarks/harness/report/report.hpp"
#include "impl/base/files.hpp"
#include "tests/harness/sample_runs.hpp"
#include "tests/scratch_folder.hpp"

namespace frugal::harness {
namespace {

using samples::RunRecord;
using ::testing::HasSubstr;
using ::testing::Not;

std::string summary_of(const RunRecord& run) { return page_summary({&run, 1}); }

TEST(PageSummary, SaysWhatRanWhereAndThatAllIsDone) {
  const std::string text = summary_of(samples::sample_run_of(3));
  EXPECT_THAT(text, HasSubstr("<dt>Cells</dt><dd>all 6 done</dd>"));
  EXPECT_THAT(text, HasSubstr("cadc on ml-1m; back end cpu; seeds 1, 2, 3"));
  EXPECT_THAT(text, HasSubstr("Test CPU, 2 cores"));
  EXPECT_THAT(text, HasSubstr("commit 0123456789ab (Release)"));
  EXPECT_THAT(text, Not(HasSubstr("Note:")));
}

TEST(PageSummary, CountsCellsThatDidNotEndWell) {
  RunRecord run = samples::sample_run_of(2);
  run.cells[0].status = Status::failed;
  run.cells[1].status = Status::timeout;
  EXPECT_THAT(summary_of(run), HasSubstr("Note:</b> 2 of 4 done, 1 failed, 1 timeout"));
}

TEST(PageSummary, SaysWhetherTimesAreToBeTrusted) {
  RunRecord run = samples::sample_run_of(1);
  EXPECT_THAT(summary_of(run), HasSubstr("not known of all cells whether anything else ran"));
  for (CellRecord& cell : run.cells) cell.conditions = {{.others = 0.0}};
  EXPECT_THAT(summary_of(run), HasSubstr("<dt>Times</dt><dd>undisturbed</dd>"));
  run.cells[1].conditions = {{.load = 0.1}};
  EXPECT_THAT(summary_of(run), HasSubstr("not known of 1 of 2 cells whether anything else ran: their repeats are too"));
  run.cells[1].conditions = {{.others = 0.0}};
  run.cells[0].conditions = {{.others = 0.8}};
  EXPECT_THAT(summary_of(run), HasSubstr("Note:</b> disturbed in 1 of 2 cells, by more than 0.1 cores"));
  run.cells[0].disowned = true;
  run.provenance.disturbed = {.why = "a build ran <beside> it"};
  EXPECT_THAT(summary_of(run), HasSubstr("those of 1 of 2 cells are left out: a build ran &lt;beside&gt; it"));
}

TEST(PageSummary, OfARunWithoutCellsIsNoSuccess) {
  EXPECT_THAT(summary_of(samples::sample_run()), HasSubstr("Note:</b> no cell has a record"));
}

class PagePictureTest : public ::testing::Test {
 protected:
  void SetUp() override {
    table_.headings = {{.title = "grid", .key = true}, {.title = "PSNR", .unit = "dB", .numeric = true}};
    for (const char* cell : {"a", "b"}) {
      TableRow row;
      row.entries = {{.text = cell}, {.text = "30.1"}};
      row.artifacts = (folder_ / "artifacts" / cell).string();
      std::filesystem::create_directories(row.artifacts);
      table_.rows.push_back(row);
    }
    for (const char* name : {"original", "reconstruction", "error"}) write("a", name, "png");
  }

  void write(const char* cell, const std::string& name, const std::string& bytes) {
    write_whole_file(folder_ / "artifacts" / cell / (name + ".png"), bytes);
  }

  std::string page() { return to_page({&table_, 1}, {}, folder_); }

  ScratchFolder scratch_;
  std::filesystem::path folder_ = scratch_.path();
  Table table_{.name = "inr", .title = "INR"};
};

TEST_F(PagePictureTest, StandBesideEachOtherWithinThePage) {
  const std::string text = page();
  EXPECT_THAT(text, HasSubstr("<img src=\"data:image/png;base64,cG5n\" alt=\"original: grid a\">"));
  EXPECT_THAT(text, HasSubstr("alt=\"reconstruction: grid a\""));
  EXPECT_THAT(text, HasSubstr("alt=\"error: grid a\""));
  EXPECT_THAT(text, HasSubstr("<figcaption>grid a; PSNR 30.1 dB</figcaption>"));
  EXPECT_THAT(text, Not(HasSubstr("grid b;"))) << "its cell left none";
}

TEST_F(PagePictureTest, AreEncodedAsRfc4648HasIt) {
  write("a", "original", "f");
  EXPECT_THAT(page(), HasSubstr("base64,Zg==\""));
  write("a", "original", "fo");
  EXPECT_THAT(page(), HasSubstr("base64,Zm8=\""));
  write("a", "original", "fo\xff\xfe");
  EXPECT_THAT(page(), HasSubstr("base64,Zm///g==\""));
}

TEST_F(PagePictureTest, BeyondFiveMegabytesAreLinked) {
  write("a", "original", std::string(std::size_t{4} << 20, 'x'));
  const std::string text = page();
  EXPECT_THAT(text, HasSubstr("<a href=\"artifacts/a/original.png\">original</a>"));
  EXPECT_THAT(text, HasSubstr("alt=\"error: grid a\"")) << "a small one still fits";
}

TEST_F(PagePictureTest, AreShownOnceThoughTwoTablesHaveTheRow) {
  const std::vector<Table> tables{table_, table_};
  const std::string text = to_page(tables, {}, folder_);
  EXPECT_EQ(text.find("class=\"gallery\""), text.rfind("class=\"gallery\""));
  EXPECT_THAT(text, HasSubstr("<section id=\"inr-2\">")) << "an id is of one section";
}

TEST(RowsOfATable, KnowTheFolderOfTheirFirstCellThatLeftSomething) {
  const ScratchFolder scratch;
  RunRecord run = samples::sample_run_of(2);
  run.folder = scratch.path();
  const std::filesystem::path left = run.folder / "artifacts" / run.cells[1].id;
  std::filesystem::create_directories(left);
  const Table table = make_table(parse_table_specs("schema: 1\ntitle: t\nworkload: cadc\nrows: [{key: "
                                                   "params.cadc.keep_fraction}]\ncolumns: [{metric: logloss}]\n",
                                                   "t.yaml")
                                     .front(),
                                 {&run, 1});
  EXPECT_EQ(table.rows[0].artifacts, left.string());
  EXPECT_EQ(table.rows[1].artifacts, "");
}

}  // namespace
}  // namespace frugal::harness
