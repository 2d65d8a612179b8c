#include <gtest/gtest.h>

#include "benchmarks/harness/study/cell_groups.hpp"
#include "tests/harness/sample_runs.hpp"

namespace frugal::harness {
namespace {

TEST(ValueText, OfAFilesNameIsOneLineThatNoTerminalActsOn) {
  EXPECT_EQ(value_text(Json("a\x1b[31mb\nc\x7f.png")), "a [31mb c .png");
}

TEST(CellLabels, NameWhatVariesWithinTheWorkloadAndTheDataSet) {
  const Json full = samples::sample_cell(1, 1, 0.5).cell.to_json();
  const Json tenth = samples::sample_cell(0.1, 1, 0.5).cell.to_json();
  Json made = tenth;
  made["dataset"] = {{"name", "synthetic"}, {"users", 100}};
  Json larger = made;
  larger["dataset"]["users"] = 1000;
  const Json picture = {{"workload", "inr"},
                        {"backend", "cpu"},
                        {"dataset", {{"name", "lake"}}},
                        {"params", {{"inr", {{"grid", 2}, {"width", 64}}}}}};
  Json threads = picture;
  threads["execution"] = {{"limits", {{"threads", 2}}}};
  const std::vector<const Json*> pictures{&picture, &threads};
  EXPECT_EQ(CellLabels(pictures).of(threads), "lake threads=2");
  const std::vector<const Json*> cells{&full, &tenth, &made, &larger, &picture};
  const CellLabels labels(cells);
  EXPECT_EQ(labels.of(full), "ml-1m keep_fraction=1");
  EXPECT_EQ(labels.of(tenth), "ml-1m keep_fraction=0.1");
  EXPECT_EQ(labels.of(larger), "synthetic dataset.users=1000 keep_fraction=0.1");
  EXPECT_EQ(labels.of(picture), "lake") << "the only cell of its workload";
}

}  // namespace
}  // namespace frugal::harness
