#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/run/runner.hpp"
#include "benchmarks/harness/study/select.hpp"
#include "benchmarks/harness/study/shards.hpp"
#include "tests/harness/record_fixture.hpp"

namespace frugal::harness {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// n = 1, 2 by seeds 1, 2, 3.
PlanFile six_cells() {
  PlanFile file;
  Plan plan;
  plan.name = "six";
  plan.workload = "fake";
  for (const int n : {1, 2})
    for (const std::uint64_t seed : {1, 2, 3}) plan.cells.push_back(fixtures::fake_cell(n, seed));
  file.plans.push_back(plan);
  return file;
}

std::vector<std::string> labels(const std::vector<PlannedCell>& cells) {
  std::vector<std::string> texts;
  for (const PlannedCell& cell : cells) texts.push_back(cell.label);
  return texts;
}

TEST(PlannedCells, AreCalledByWhatVaries) {
  const PlanFile file = six_cells();
  EXPECT_THAT(labels(planned_cells(file)),
              ElementsAre("n=1 seed=1", "n=1 seed=2", "n=1 seed=3", "n=2 seed=1", "n=2 seed=2", "n=2 seed=3"));
}

TEST(PlannedCells, ACellOfTwoPlansIsOne) {
  PlanFile file = six_cells();
  file.plans.push_back(file.plans.front());
  const std::vector<PlannedCell> cells = planned_cells(file);
  ASSERT_EQ(cells.size(), 6);
  EXPECT_EQ(cells.back().plan, &file.plans.front());
}

TEST(VaryingPaths, APathThatOnlySomeCellsHaveVaries) {
  Cell with = fixtures::fake_cell();
  Cell without = with;
  without.params["fake"].erase("n");
  EXPECT_THAT(varying_paths({&with, &without}), ElementsAre("params.fake.n"));
  EXPECT_THAT(varying_paths({&without, &with}), ElementsAre("params.fake.n"));
  EXPECT_TRUE(varying_paths({&with, &with}).empty());
}

TEST(Only, KeepsTheCellsThatMatchAllPairs) {
  const PlanFile file = six_cells();
  EXPECT_THAT(labels(only(planned_cells(file), "params.fake.n=2,seed=3")), ElementsAre("n=2 seed=3"));
  EXPECT_EQ(only(planned_cells(file), "dataset=toy").size(), 6);
  EXPECT_EQ(only(planned_cells(file), "params.fake.layers=[64, 32],seed=1").size(), 2);
}

TEST(Only, SplitsAtNoCommaOfAQuotedValueOrAList) {
  const Json json = fixtures::fake_cell().to_json();
  const Json* const cells[] = {&json};
  const auto values = [&](const std::string& expression) {
    std::vector<std::string> texts;
    for (const auto& [path, value] : read_where("only", expression, cells)) texts.push_back(value.dump());
    return texts;
  };
  EXPECT_THAT(values(R"(dataset="a,b",seed=1)"), ElementsAre(R"("a,b")", "1"));
  EXPECT_THAT(values(R"(dataset='a,b',seed=1)"), ElementsAre(R"("a,b")", "1"));
  EXPECT_THAT(values(R"(dataset="a\",b",seed=1)"), ElementsAre(R"("a\",b")", "1"));
  EXPECT_THAT(values(R"(dataset="a\\",seed=1)"), ElementsAre(R"("a\\")", "1"));
  EXPECT_THAT(values("dataset=it's,seed=1"), ElementsAre(R"("it's")", "1"));
  EXPECT_THAT(values("dataset=a[1,seed=1"), ElementsAre(R"("a[1")", "1"));
  EXPECT_THAT(values(R"(params.fake.layers=[64, "3,2"],seed=1)"), ElementsAre(R"([64,"3,2"])", "1"));
}

TEST(Only, RefusesAnUnknownPathWithASuggestion) {
  const PlanFile file = six_cells();
  EXPECT_THAT(fixtures::user_error_of([&] { only(planned_cells(file), "params.fake.rat=1"); }),
              HasSubstr("did you mean 'params.fake.rate'"));
}

TEST(Only, RefusesWhatMatchesNothingOrIsNoPair) {
  const PlanFile file = six_cells();
  EXPECT_THAT(fixtures::user_error_of([&] { only(planned_cells(file), "seed=9"); }), HasSubstr("matches no cell"));
  for (const char* wrong : {"", "seed", "=1", "seed=", "seed=1,"})
    EXPECT_THAT(fixtures::user_error_of([&] { only(planned_cells(file), wrong); }), HasSubstr("path=value")) << wrong;
}

TEST(Shard, PartsAreDisjointAndComplete) {
  const PlanFile file = six_cells();
  const std::vector<PlannedCell> cells = planned_cells(file);
  for (const int count : {1, 2, 4, 6}) {
    std::multiset<std::string> seen;
    for (int index = 1; index <= count; ++index)
      for (const PlannedCell& cell : shard(cells, std::to_string(index) + "/" + std::to_string(count), {}))
        seen.insert(cell.id);
    std::multiset<std::string> all;
    for (const PlannedCell& cell : cells) all.insert(cell.id);
    EXPECT_EQ(seen, all) << count;
  }
}

TEST(Shard, EachRoundBeginsOneShardFurtherOn) {
  const PlanFile file = six_cells();
  const std::vector<PlannedCell> cells = planned_cells(file);
  ASSERT_EQ(cells.size(), 6u);
  const auto ids = [](const std::vector<PlannedCell>& some) {
    std::vector<std::string> all;
    for (const PlannedCell& cell : some) all.push_back(cell.id);
    return all;
  };
  EXPECT_EQ(ids(shard(cells, "1/2", {})), (std::vector{cells[0].id, cells[3].id, cells[4].id}));
  EXPECT_EQ(ids(shard(cells, "3/4", {})), (std::vector{cells[2].id, cells[5].id}));
  EXPECT_EQ(ids(shard(cells, "5/6", {})), (std::vector{cells[4].id})) << "as many shards as cells: one each, in order";
}

TEST(Shard, TheDearestCellIsDealtFirstToWhoHasLeast) {
  EXPECT_THAT(deal({1, 1, 8, 1, 5, 1, 1}, 2), ElementsAre(1, 1, 0, 1, 1, 0, 1)) << "9 each";
  EXPECT_THAT(deal({4, 3, 2}, 5), ElementsAre(0, 1, 2));
  EXPECT_THAT(deal({1, 1, 1, 1, 1}, 2), ElementsAre(0, 1, 1, 0, 0)) << "each round begins one shard further on";
}

TEST(Shard, RefusesWhatIsNoShare) {
  const PlanFile file = six_cells();
  for (const char* wrong : {"", "1", "0/2", "3/2", "a/b", "1/2/3", "-1/2", "1/"})
    EXPECT_THAT(fixtures::user_error_of([&] { shard(planned_cells(file), wrong, {}); }), HasSubstr("I/N")) << wrong;
}

TEST(RerunOption, TakesTheFirstDigitsOfAnId) {
  const PlanFile file = six_cells();
  const std::vector<PlannedCell> cells = planned_cells(file);
  EXPECT_EQ(Rerun::parse("failed", cells).what, Rerun::What::failed);
  EXPECT_EQ(Rerun::parse("all", cells).what, Rerun::What::all);
  EXPECT_EQ(Rerun::parse(cells[2].id.substr(0, 8), cells).id, cells[2].id);
  EXPECT_THAT(fixtures::user_error_of([&] { Rerun::parse("faild", cells); }), HasSubstr("failed, all, or the id"));
  EXPECT_THAT(fixtures::user_error_of([&] { Rerun::parse("", cells); }), HasSubstr("failed, all, or the id"));
}

}  // namespace
}  // namespace frugal::harness
