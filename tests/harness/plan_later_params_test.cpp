// A record that an older program wrote, seen by one with more parameters.
#include <gtest/gtest.h>

#include "benchmarks/harness/plan/later_params.hpp"
#include "tests/harness/fake_workload.hpp"

namespace frugal::harness {
namespace {

const FakeWorkload today;

Cell up_to_date(Cell cell) {
  Cell* const one = &cell;
  add_later_params(std::span(&one, 1), {&today});
  return cell;
}

Cell old_cell() {
  return {.workload = "fake",
          .backend = "cpu",
          .dataset = {{"name", "gen"}},
          .params = {{"fake", {{"rate", 0.25}, {"n", 3}}}},
          .seed = 7};
}

TEST(LaterParams, ComeAtTheirDefaultsInTheFormThatAPlanGivesThem) {
  const Cell cell = up_to_date(old_cell());
  EXPECT_EQ(cell.dataset, Json({{"name", "gen"}, {"size", 10}}));
  EXPECT_EQ(cell.params.dump(), R"({"fake":{"flag":false,"layers":[8],"mf":{"dim":4},"mode":"a","n":3,"rate":0.25}})");
}

TEST(LaterParams, LeaveAloneWhatTheRecordSays) {
  Cell cell = old_cell();
  cell.dataset["size"] = 11;
  cell.params["fake"]["mode"] = "b";
  cell.params["fake"]["gone"] = 5;
  const Cell now = up_to_date(cell);
  EXPECT_EQ(now.dataset.at("size"), 11);
  EXPECT_EQ(now.own().at("mode"), "b");
  EXPECT_EQ(now.own().at("gone"), 5) << "a parameter that the program no longer has";
  EXPECT_EQ(up_to_date(now).to_json(), now.to_json());
}

TEST(LaterParams, KnowTheDefaultsOfADataSet) {
  class Other : public FakeWorkload {
    std::vector<DatasetChoice> datasets(const std::vector<std::filesystem::path>& dirs) const override {
      std::vector<DatasetChoice> choices = FakeWorkload::datasets(dirs);
      choices.back().param_defaults["rate"] = 0.125;
      return choices;
    }
  };
  const Other other;
  Cell cell = old_cell();
  cell.params["fake"].erase("rate");
  Cell* const one = &cell;
  add_later_params(std::span(&one, 1), {&other});
  EXPECT_EQ(cell.own().at("rate"), 0.125);
}

TEST(LaterParams, DoNotTouchCellsOfAnUnknownWorkload) {
  Cell cell = old_cell();
  cell.workload = "other";
  cell.params = {{"other", {{"n", 3}}}};
  EXPECT_EQ(up_to_date(cell).to_json(), cell.to_json());
}

}  // namespace
}  // namespace frugal::harness
