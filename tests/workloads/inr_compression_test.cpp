// The plan `inr_compression` and its table: structures of equal bits, and pictures as draws.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <span>

#include "benchmarks/harness/plan/plan.hpp"
#include "benchmarks/harness/report/report.hpp"
#include "benchmarks/harness/report/table_spec.hpp"
#include "benchmarks/workloads/registry.hpp"

namespace frugal::workloads {
namespace {

using ::testing::SizeIs;

std::vector<harness::Cell> cells_of_plan() {
  return harness::load_plan("inr_compression", {}, all(), {}).plans.at(0).cells;
}

TEST(InrCompression, TriesEachStructureOnTenPictures) {
  std::map<std::pair<int, int>, std::set<std::string>> pictures;  // of grid and width
  for (const harness::Cell& cell : cells_of_plan())
    pictures[{cell.own().at("grid"), cell.own().at("width")}].insert(cell.dataset.at("name"));
  EXPECT_EQ(pictures.size(), 14U);
  for (const auto& [structure, names] : pictures) EXPECT_THAT(names, SizeIs(10));
}

TEST(InrCompression, ItsTableIsTheMeanOverPicturesWithTheShareOfJpeg) {
  harness::Run run;
  run.provenance.name = "inr_compression";
  for (const harness::Workload* workload : all())
    if (workload->name() == "inr") run.provenance.metrics = workload->metrics();
  double bits = 1;
  for (const harness::Cell& cell : cells_of_plan()) {
    harness::CellRecord record;
    record.cell = cell;
    record.id = cell.id();
    bits += 0.01;
    record.metrics = {{"psnr[int8]", 30}, {"bits_per_pixel[int8,coded]", 3 * bits}, {"bits_per_pixel[jpeg]", bits}};
    record.stages.push_back({.name = "train", .wall_s = {1.0}});
    run.cells.push_back(record);
  }
  const std::vector<harness::Table> tables = harness::default_tables(std::span(&run, 1));
  const auto table = std::ranges::find(tables, "inr_compression", &harness::Table::name);
  ASSERT_NE(table, tables.end());
  EXPECT_EQ(table->rows.size(), 14U);
  const auto heading = std::ranges::find(table->headings, "against JPEG", &harness::Heading::title);
  ASSERT_NE(heading, table->headings.end());
  for (const harness::TableRow& row : table->rows) {
    const harness::TableEntry& entry = row.entries[static_cast<std::size_t>(heading - table->headings.begin())];
    EXPECT_DOUBLE_EQ(entry.value.value_or(0), 3);
    EXPECT_THAT(entry.draws, SizeIs(10));
  }
  ASSERT_EQ(table->figures.size(), 1U);
  EXPECT_THAT(table->figures[0].series, SizeIs(2)) << "the networks and JPEG";
}

}  // namespace
}  // namespace frugal::workloads
