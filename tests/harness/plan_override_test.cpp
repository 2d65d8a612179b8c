// --set path=value, and where a plan's text comes from.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "benchmarks/harness/plan/overrides.hpp"
#include "tests/harness/plan_reading.hpp"
#include "tests/scratch_folder.hpp"

namespace frugal::harness {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(PlanOverride, ReplacesTheValueAndAnyAxisOverIt) {
  const std::string body = "params: {fake: {n: 9}}\nmatrix: {params.fake.n: [1, 2], params.fake.mf.dim: [3, 4]}";
  const Plan plan = read_plan(body, {{"params.fake.n", "7"}});
  EXPECT_EQ(values_of(plan, "params.fake.n"), "7 7");
  EXPECT_EQ(values_of(plan, "params.fake.mf.dim"), "3 4");
}

TEST(PlanOverride, AListReplacesTheValuesOfAnAxis) {
  const std::string body =
      "matrix: {params.fake.n: [1, 2], params.fake.layers: [[1], [2]]}\ninclude: [{params.fake.n: 9}]";
  EXPECT_EQ(
      values_of(read_plan(body, {{"params.fake.n", "[5, 6, 7]"}, {"params.fake.layers", "[1, 2]"}}), "params.fake.n"),
      "5 6 7 9")
      << "a list is one value of layers, so its axis is gone";
  EXPECT_EQ(values_of(read_plan(body, {{"params.fake.layers", "[[3], [4], [5]]"}}), "params.fake.n"), "1 1 1 2 2 2 9");
  EXPECT_EQ(values_of(read_plan(body, {{"params.fake.n", "8"}, {"params.fake.n", "[5]"}}), "params.fake.n"), "5 5 9");
  EXPECT_EQ(
      values_of(read_plan("zip: [{params.fake.n: [1, 2], params.fake.mf.dim: [3, 4]}]", {{"params.fake.n", "[5, 6]"}}),
                "params.fake.n"),
      "5 6");
}

TEST(PlanOverride, OneOfTwoZippedAxesMayBeReplaced) {
  const Plan plan = read_plan("zip: [{params.fake.n: [1, 2], params.fake.mf.dim: [3, 4]}]", {{"params.fake.n", "7"}});
  EXPECT_EQ(values_of(plan, "params.fake.mf.dim"), "3 4");
  EXPECT_EQ(values_of(plan, "params.fake.n"), "7 7");
}

TEST(PlanOverride, ReachesIncludes) {
  EXPECT_EQ(values_of(read_plan("include: [{params.fake.n: 1}]", {{"params.fake.n", "7"}}), "params.fake.n"), "7");
}

TEST(PlanOverride, ValuesAreYaml) {
  const Plan plan = read_plan("", {{"seeds", "[4, 5]"},
                                   {"params.fake.layers", "[1, 2]"},
                                   {"params.fake.flag", "false"},
                                   {"params.fake.mf", "{dim: 6}"},
                                   {"dataset", "{name: gen, size: 8}"},
                                   {"backend", "reference"},
                                   {"measure.repeats", "3"},
                                   {"limits.timeout_s", "2.5"},
                                   {"determinism", "{repeatable: 0.05}"}});
  EXPECT_EQ(values_of(plan, "seed"), "4 5");
  EXPECT_EQ(plan.cells[0].own()["layers"], Json::parse("[1, 2]"));
  EXPECT_EQ(plan.cells[0].own()["mf"]["dim"], 6);
  EXPECT_EQ(plan.cells[0].dataset, Json::parse(R"({"name": "gen", "size": 8})"));
  EXPECT_EQ(plan.cells[0].backend, "reference");
  EXPECT_EQ(plan.measure.repeats, 3);
  EXPECT_EQ(plan.limits.timeout_s, 2.5);
  EXPECT_EQ(plan.determinism, Determinism::repeatable);
  EXPECT_EQ(plan.band, 0.05);
}

TEST(PlanOverride, AValueIsNoComment) {
  for (const char* value : {"#", "# b", "#\\"})
    EXPECT_EQ(read_assigned({"dataset.comment", value}, {}).as_string(), value);
}

TEST(PlanOverride, TheLastOneWins) {
  EXPECT_EQ(values_of(read_plan("", {{"params.fake.n", "1"}, {"params.fake.n", "2"}}), "params.fake.n"), "2");
  EXPECT_EQ(read_plan("", {{"measure.repeats", "4"}, {"measure.repeats", "5"}}).measure.repeats, 5);
}

TEST(PlanOverride, KeepsWhatItDoesNotName) {
  EXPECT_EQ(read_plan("measure: {warmup: 2, repeats: 3}", {{"measure.repeats", "9"}}).measure.warmup, 2);
}

TEST(PlanOverride, ANewDatasetForgetsTheOldOnesParameters) {
  const std::string text = "schema: 1\nname: p\nworkload: fake\ndataset: {name: gen, size: 3}\n";
  EXPECT_EQ(read_text(text, {{"dataset", "toy"}}).plans[0].cells[0].dataset, Json::parse(R"({"name": "toy"})"));
  EXPECT_EQ(read_text(text, {{"dataset.size", "4"}}).plans[0].cells[0].dataset["size"], 4);
}

TEST(PlanOverride, ErrorsNameTheOption) {
  EXPECT_EQ(plan_error("", {{"params.fake.n", "x"}}),
            "--set params.fake.n=x: expected an integer, but this is the string \"x\"");
  EXPECT_EQ(plan_error("", {{"params.fake.n", "0"}}), "--set params.fake.n=0: n must be from 1 to 100, but this is 0");
  EXPECT_EQ(plan_error("", {{"params.fake.mod", "a"}}),
            "--set params.fake.mod=a: unknown path 'params.fake.mod'; did you mean 'params.fake.mode'?");
  EXPECT_THAT(plan_error("", {{"params.fake.mf", "{dmi: 1}"}}),
              StartsWith("--set params.fake.mf={dmi: 1}: unknown parameter of fake 'mf.dmi'"));
  EXPECT_THAT(plan_error("", {{"params.fake.n", ""}}), StartsWith("--set params.fake.n=: there is no value"));
  EXPECT_THAT(plan_error("", {{"params.fake.layers", "[1,"}}), StartsWith("--set params.fake.layers=[1,:1:"));
  EXPECT_THAT(plan_error("measure: 3", {{"measure.repeats", "9"}}), HasSubstr("expected a map"));
}

TEST(PlanOverride, OnlyValuesMayBeSet) {
  for (const char* path : {"matrix.params.fake.n", "matrix", "name", "workload", "seed", "params.inr.width", ""}) {
    EXPECT_THAT(plan_error("", {{path, "1"}}), HasSubstr("unknown path '" + std::string(path) + "'")) << path;
  }
}

/// Another workload beside `fake`, so that an override can belong to one of two documents.
class OtherWorkload : public FakeWorkload {
 public:
  std::string name() const override { return "other"; }
  std::vector<ParamSpec> params() const override {
    return {{.name = "depth", .type = ParamSpec::Type::integer, .default_value = 1, .help = "levels"}};
  }
  std::vector<Complaint> check(const Cell&, const std::vector<std::filesystem::path>&) const override { return {}; }
};

TEST(PlanOverride, AppliesToTheDocumentsOfItsWorkload) {
  const FakeWorkload fake;
  const OtherWorkload other;
  const std::string text = plan_head + "---\nschema: 1\nname: q\nworkload: other\ndataset: toy\n";
  const auto read = [&](const std::string& path, const std::string& value) {
    return parse_plan(text, "p.yaml", {{path, value}}, {&fake, &other}, {});
  };
  EXPECT_EQ(values_of(read("params.other.depth", "5").plans[1], "params.other.depth"), "5");
  EXPECT_EQ(values_of(read("params.fake.n", "5").plans[0], "params.fake.n"), "5");
  const PlanFile seeded = read("seeds", "[8]");
  EXPECT_EQ(values_of(seeded.plans[0], "seed") + values_of(seeded.plans[1], "seed"), "88");
  EXPECT_THROW(read("params.other.n", "5"), UserError);
}

TEST(LoadPlan, ReadsAFileOfAnyName) {
  const FakeWorkload fake;
  const ScratchFolder scratch;
  const std::string path = scratch / "plan.txt";
  std::ofstream(path) << plan_head;
  const PlanFile file = load_plan(path, {}, {&fake}, {});
  EXPECT_EQ(file.file, path);
  EXPECT_EQ(file.text, plan_head);
  EXPECT_EQ(file.plans.at(0).cells.size(), 1U);
}

TEST(LoadPlan, UnknownNamesComeWithTheBuiltInOnes) {
  const auto error = [](const std::string& name) -> std::string {
    try {
      load_plan(name, {}, {}, {});
    } catch (const UserError& caught) {
      return caught.what();
    }
    return "no error";
  };
  EXPECT_EQ(error("smoek"), "no file 'smoek', and unknown built-in plan 'smoek'; did you mean 'smoke'?");
  EXPECT_THAT(error("no-such-plan.yaml"), AllOf(HasSubstr("no file 'no-such-plan.yaml'"), HasSubstr("smoke")));
  for (const char* name : {"smoke", "smoke.yaml"}) {
    EXPECT_THAT(error(name), AllOf(StartsWith(std::string(name) + ":"), HasSubstr("unknown workload 'inr'")))
        << "the built-in plan was found, though not the workload";
  }
}

}  // namespace
}  // namespace frugal::harness
