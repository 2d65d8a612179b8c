// matrix, zip, include, exclude and seeds: which cells there are, and in which order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/plan_reading.hpp"

namespace frugal::harness {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(PlanExpansion, MatrixIsTheProductWithTheFirstAxisOutermostAndSeedsInnermost) {
  const Plan plan = read_plan("matrix: {params.fake.n: [1, 2], params.fake.mode: [a, b]}\nseeds: [5, 6]");
  EXPECT_EQ(values_of(plan, "params.fake.n"), "1 1 1 1 2 2 2 2");
  EXPECT_EQ(values_of(plan, "params.fake.mode"), R"("a" "a" "b" "b" "a" "a" "b" "b")");
  EXPECT_EQ(values_of(plan, "seed"), "5 6 5 6 5 6 5 6");
}

TEST(PlanExpansion, ZippedAxesAdvanceTogetherInsideTheMatrix) {
  const Plan plan =
      read_plan("zip: [{params.fake.n: [1, 2], params.fake.mf.dim: [10, 20]}]\nmatrix: {backend: [reference, cpu]}");
  EXPECT_EQ(values_of(plan, "backend"), R"("reference" "reference" "cpu" "cpu")");
  EXPECT_EQ(values_of(plan, "params.fake.n"), "1 2 1 2");
  EXPECT_EQ(values_of(plan, "params.fake.mf.dim"), "10 20 10 20");
}

TEST(PlanExpansion, SeveralZipsMultiply) {
  const Plan plan = read_plan("zip:\n- {params.fake.n: [1, 2]}\n- {params.fake.mf.dim: [10, 20, 30]}");
  EXPECT_EQ(values_of(plan, "params.fake.n"), "1 1 1 2 2 2");
  EXPECT_EQ(values_of(plan, "params.fake.mf.dim"), "10 20 30 10 20 30");
}

TEST(PlanExpansion, AValueThatAnAxisHasTwiceIsRefusedAsATwiceNamedSeedIs) {
  EXPECT_THAT(plan_error("matrix: {params.fake.n: [2, 1, 2]}"),
              HasSubstr("params.fake.n is here already with this value, and a cell runs once with each"));
  EXPECT_THAT(plan_error("matrix: {params.fake.rate: [1, 1.0]}"), HasSubstr("is here already"));
  EXPECT_THAT(plan_error("zip: [{params.fake.n: [1, 1], params.fake.mf.dim: [2, 2]}]"),
              HasSubstr("params.fake.n is here already with these values"));
  EXPECT_EQ(values_of(read_plan("zip: [{params.fake.n: [1, 1], params.fake.mf.dim: [2, 3]}]"), "params.fake.n"), "1 1");
}

TEST(PlanExpansion, AnAxisWinsOverTheDocument) {
  EXPECT_EQ(values_of(read_plan("params: {fake: {n: 9}}\nmatrix: {params.fake.n: [1, 2]}"), "params.fake.n"), "1 2");
}

TEST(PlanExpansion, AxisValuesMayBeListsOrGroups) {
  EXPECT_EQ(values_of(read_plan("matrix: {params.fake.layers: [[], [4], [4, 2]]}"), "params.fake.layers"),
            "[] [4] [4,2]");
  const Plan plan = read_plan("matrix: {params.fake: [{n: 1, rate: 0}, {n: 2, mf: {dim: 5}}]}");
  EXPECT_EQ(values_of(plan, "params.fake.n"), "1 2");
  EXPECT_EQ(values_of(plan, "params.fake.rate"), "0.0 0.5");
  EXPECT_EQ(values_of(plan, "params.fake.mf.dim"), "4 5");
}

TEST(PlanExpansion, ADatasetAxisReplacesTheWholeDataset) {
  const Plan plan = read_text(
                        "schema: 1\nname: p\nworkload: fake\ndataset: {name: gen, size: 3}\n"
                        "matrix: {dataset: [toy, gen, {name: gen, size: 7}]}")
                        .plans.at(0);
  EXPECT_EQ(values_of(plan, "dataset"), R"({"name":"toy"} {"name":"gen","size":10} {"name":"gen","size":7})");
}

TEST(PlanExpansion, ADatasetParameterMayBeAnAxis) {
  const Plan plan = read_plan("matrix: {dataset.size: [1, 2], dataset: [gen]}");
  EXPECT_EQ(values_of(plan, "dataset.size"), "1 2");
  EXPECT_THAT(plan_error("matrix: {dataset.size: [1], dataset: [gen, toy]}"),
              AllOf(StartsWith("p.yaml:5:10: "), HasSubstr("parameter of dataset toy 'size'")));
}

TEST(PlanExpansion, ExcludeDropsPointsThatMatchAllPairs) {
  const Plan plan = read_plan(
      "matrix: {params.fake.n: [1, 2], params.fake.mode: [a, b]}\nexclude: [{params.fake.n: 1, params.fake.mode: b}]");
  EXPECT_EQ(values_of(plan, "params.fake.n"), "1 2 2");
  EXPECT_EQ(values_of(plan, "params.fake.mode"), R"("a" "a" "b")");
}

TEST(PlanExpansion, ExcludeSeesDefaultsSeedsAndOtherWaysToWriteANumber) {
  EXPECT_EQ(read_plan("matrix: {params.fake.rate: [0, 1]}\nexclude: [{params.fake.rate: 1.0}]").cells.size(), 1U);
  EXPECT_EQ(
      read_plan("matrix: {params.fake.n: [3, 4]}\nexclude: [{params.fake.n: 3, params.fake.mf.dim: 4}]").cells.size(),
      1U);
  EXPECT_EQ(values_of(read_plan("seeds: [1, 2, 3]\nexclude: [{seed: 2}]"), "seed"), "1 3");
}

TEST(PlanExpansion, ExcludeMayDropPointsThatCannotExist) {
  const Plan plan = read_plan("matrix: {dataset: [toy, gen], dataset.size: [1, 2]}\nexclude: [{dataset: toy}]");
  EXPECT_EQ(values_of(plan, "dataset.size"), "1 2");
}

TEST(PlanExpansion, AnExcludeThatDropsNothingIsAMistake) {
  EXPECT_EQ(plan_error("matrix: {params.fake.n: [1, 2]}\nexclude: [{params.fake.n: 5}]"),
            "p.yaml:6:11: this exclude drops nothing: no point has these values");
  EXPECT_EQ(plan_error("matrix: {params.fake.n: [1, 2]}\nexclude: [{params.fake.n: 1}]", {{"params.fake.n", "2"}}),
            "no error")
      << "an override may make it idle";
}

TEST(PlanExpansion, ExcludingEverythingIsAMistake) {
  EXPECT_THAT(plan_error("exclude: [{params.fake.n: 3}]"), HasSubstr("nothing is left"));
}

TEST(PlanExpansion, IncludesComeLastOverTheBaseAndEscapeExclude) {
  const Plan plan = read_plan(
      "params: {fake: {mf: {dim: 7}}}\nmatrix: {params.fake.n: [1, 2]}\nexclude: [{params.fake.n: 2}]\n"
      "include: [{params.fake.n: 2, params.fake.mode: b}]\nseeds: [1, 2]");
  EXPECT_EQ(values_of(plan, "params.fake.n"), "1 1 2 2");
  EXPECT_EQ(values_of(plan, "params.fake.mode"), R"("a" "a" "b" "b")");
  EXPECT_EQ(values_of(plan, "params.fake.mf.dim"), "7 7 7 7");
}

TEST(PlanExpansion, EqualCellsAreKeptOnce) {
  EXPECT_EQ(read_plan("matrix: {params.fake.n: [1, 2]}\ninclude: [{params.fake.n: 2}]").cells.size(), 2U);
}

TEST(PlanExpansion, OnePathInTwoAxesIsRefused) {
  EXPECT_EQ(plan_error("matrix: {params.fake.n: [1]}\nzip: [{params.fake.n: [2]}]"),
            "p.yaml:6:8: params.fake.n is already set by the axis at p.yaml:5:10");
  EXPECT_THAT(plan_error("matrix: {params.fake.mf: [{dim: 1}], params.fake.mf.dim: [2]}"),
              StartsWith("p.yaml:5:38: params.fake.mf.dim is already set"));
}

TEST(PlanExpansion, AxesMustBeListsOfValues) {
  EXPECT_EQ(plan_error("matrix: {params.fake.n: []}"), "p.yaml:5:25: the axis params.fake.n has no values");
  EXPECT_THAT(plan_error("matrix: {params.fake.n: 3}"), HasSubstr("expected a list"));
  EXPECT_THAT(plan_error("matrix: {params: {fake: {n: [1]}}}"), HasSubstr("an axis is a dotted path"));
  EXPECT_THAT(plan_error("zip: {params.fake.n: [1]}"), HasSubstr("expected a list"));
  EXPECT_THAT(plan_error("zip: [{}]"), HasSubstr("at least one axis"));
  EXPECT_EQ(
      plan_error("zip: [{params.fake.n: [1, 2], params.fake.mf.dim: [1]}]"),
      "p.yaml:5:51: axes that are zipped must be equally long: params.fake.n has 2 values, params.fake.mf.dim has 1");
}

TEST(PlanExpansion, OnlyValuesOfCellsAreAxes) {
  EXPECT_THAT(plan_error("matrix: {workload: [fake]}"), StartsWith("p.yaml:5:10: unknown path 'workload'"));
  EXPECT_THAT(plan_error("matrix: {seed: [1]}"), HasSubstr("the key 'seeds'"));
  EXPECT_EQ(plan_error("matrix: {bakend: [cpu]}"), "p.yaml:5:10: unknown path 'bakend'; did you mean 'backend'?");
  EXPECT_THAT(plan_error("include: [{params.fake.x: 1}]"), StartsWith("p.yaml:5:12: unknown parameter of fake 'x'"));
  EXPECT_THAT(plan_error("exclude: [{dataset: tyo}]"), StartsWith("p.yaml:5:21: unknown dataset of fake 'tyo'"));
}

TEST(PlanExpansion, SeedsAreAListOfNaturalNumbers) {
  EXPECT_THAT(plan_error("seeds: 3"), StartsWith("p.yaml:5:8: expected a list"));
  EXPECT_THAT(plan_error("seeds: []"), StartsWith("p.yaml:5:8: "));
  EXPECT_THAT(plan_error("seeds: [1, -1]"), StartsWith("p.yaml:5:12: "));
  EXPECT_THAT(plan_error("seeds: [1.0]"), HasSubstr("expected an integer"));
  EXPECT_EQ(
      plan_error("seeds: [1, 2, 1]"),
      "p.yaml:5:15: seed 1 is here already, and a cell runs once with each; measure.repeats runs it several times");
}

TEST(PlanExpansion, AnExplosionIsRefusedBeforeItHappens) {
  std::string values = "[1";
  for (int i = 2; i <= 100; ++i) values += ", " + std::to_string(i);
  values += "]";
  EXPECT_THAT(
      plan_error("matrix: {params.fake.n: " + values + ", params.fake.mf.dim: " + values + "}\nseeds: " + values),
      HasSubstr("this would be 1000000 cells"));
}

}  // namespace
}  // namespace frugal::harness
