#include <gtest/gtest.h>

#include "impl/base/sha256.hpp"
#include "tests/harness/plan_reading.hpp"

namespace frugal::harness {
namespace {

Cell some_cell() {
  return {.workload = "fake",
          .backend = "cpu",
          .dataset = {{"name", "gen"}, {"size", 10}},
          .params = {{"fake", {{"rate", 0.5}, {"n", 3}, {"mf", {{"dim", 4}}}}}},
          .seed = 7};
}

TEST(Cell, CanonicalJsonHasSortedKeysAndShortestNumbers) {
  EXPECT_EQ(
      some_cell().to_json().dump(),
      R"({"backend":"cpu","dataset":{"name":"gen","size":10},"params":{"fake":{"mf":{"dim":4},"n":3,"rate":0.5}},)"
      R"("seed":7,"workload":"fake"})");
}

TEST(Cell, IdIsTheStartOfTheHashOfTheCanonicalJson) {
  EXPECT_EQ(some_cell().id(), sha256(some_cell().to_json().dump()).substr(0, 12));
  EXPECT_EQ(some_cell().id(), "871f39402598") << "ids in committed baselines would no longer match";
}

TEST(Cell, EachOfTheFivePartsChangesTheId) {
  std::vector<Cell> cells(6, some_cell());
  cells[1].workload = "other";
  cells[2].backend = "reference";
  cells[3].dataset["size"] = 11;
  cells[4].params["fake"]["n"] = 4;
  cells[5].seed = 8;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(cells[i].id(), cells[j].id()) << i << " and " << j;
  }
}

TEST(Cell, JsonRoundTripKeepsTheId) {
  const Cell cell = some_cell();
  const Cell back = Cell::from_json(Json::parse(cell.to_json().dump()));
  EXPECT_EQ(back.to_json(), cell.to_json());
  EXPECT_EQ(back.id(), cell.id());
}

TEST(Cell, FromJsonRefusesWhatIsMissingOrOfAWrongType) {
  const Json good = some_cell().to_json();
  for (const auto& [key, value] : good.items()) {
    Json without = good;
    without.erase(key);
    EXPECT_THROW(Cell::from_json(without), UserError) << key;
    Json wrong = good;
    wrong[key] = nullptr;
    EXPECT_THROW(Cell::from_json(wrong), UserError) << key;
  }
  Json negative = good;
  negative["seed"] = -1;
  EXPECT_THROW(Cell::from_json(negative), UserError);
  Json foreign = good;
  foreign["workload"] = "other";
  EXPECT_THROW(Cell::from_json(foreign), UserError) << "params without those of the workload";
  EXPECT_THROW(Cell::from_json(Json::array()), UserError);
}

TEST(Cell, ValueIsFoundByDottedPath) {
  const Json json = some_cell().to_json();
  EXPECT_EQ(*cell_value(json, "params.fake.mf.dim"), 4);
  EXPECT_EQ(*cell_value(json, "dataset.name"), "gen");
  EXPECT_EQ(*cell_value(json, "seed"), 7);
  EXPECT_EQ(cell_value(json, "params.fake.mf.dim.x"), nullptr);
  EXPECT_EQ(cell_value(json, "params.fake.nothing"), nullptr);
  EXPECT_EQ(cell_value(json, ""), nullptr);
}

TEST(Cell, WayOfWritingANumberDoesNotChangeTheId) {
  const auto id = [](const std::string& params) { return read_plan("params: {fake: {" + params + "}}").cells[0].id(); };
  EXPECT_EQ(id("rate: 1"), id("rate: 1.0"));
  EXPECT_EQ(id("rate: 1"), id("rate: 10e-1"));
  EXPECT_EQ(id("rate: 0"), id("rate: -0.0"));
  EXPECT_EQ(id("n: 010"), id("n: 0xA"));
  EXPECT_EQ(id("n: 3"), id("rate: 0.5")) << "a default written out";
  EXPECT_EQ(id("mf: {dim: 4}"), id("mf.dim: 4"));
  EXPECT_NE(id("n: 4"), id("n: 5"));
}

}  // namespace
}  // namespace frugal::harness
