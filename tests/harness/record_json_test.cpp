// The JSON forms: what is written is read back, and what is not understood is refused with its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "benchmarks/harness/record/provenance.hpp"
#include "tests/harness/record_fixture.hpp"

namespace frugal::harness {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

const Place record_place{"cells.jsonl", 3};

TEST(RecordJson, SurvivesARoundTrip) {
  const CellRecord record = fixtures::fake_record();
  const CellRecord back = CellRecord::from_json(Json::parse(record.to_json().dump()), record_place);
  EXPECT_EQ(back.to_json(), record.to_json());
  EXPECT_EQ(back.cell.id(), record.id);
  EXPECT_EQ(back.stages.at(0).wall_s, record.stages.at(0).wall_s);
}

TEST(RecordJson, HasExactlyTheKeysThatOtherToolsRead) {
  std::vector<std::string> keys;
  const Json json = fixtures::fake_record().to_json();
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_THAT(keys, UnorderedElementsAre("schema", "id", "workload", "backend", "implementation", "dataset", "params",
                                         "seed", "status", "error", "metrics", "stages"));
}

TEST(RecordJson, NeverWritesANumberThatIsNotFinite) {
  CellRecord record = fixtures::fake_record();
  record.metrics["bad"] = std::numeric_limits<double>::quiet_NaN();
  record.metrics["worse"] = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(record.to_json().at("metrics").contains("bad"));
  EXPECT_FALSE(record.to_json().at("metrics").contains("worse"));
}

TEST(RecordJson, KeepsEveryBitOfASeedAndOfAMetric) {
  CellRecord record = fixtures::fake_record();
  record.cell.seed = std::numeric_limits<std::uint64_t>::max();
  record.metrics["score"] = 0.1 + 0.2;
  const CellRecord back = CellRecord::from_json(Json::parse(record.to_json().dump()), record_place);
  EXPECT_EQ(back.cell.seed, record.cell.seed);
  EXPECT_EQ(back.metrics.at("score"), 0.1 + 0.2);
}

TEST(RecordJson, LimitsOfAnOlderProgramHaveNoCachesAndNoPrecision) {
  const Json old = {{"flops", 1.0}, {"bytes", 2.0}, {"sines", 3.0}};
  EXPECT_EQ(to_json(limits_from_json(old, record_place)), old);
  Json now = old;
  now.update({{"l1", 9.0}, {"l2", 8.0}, {"precision", "bf16"}});
  EXPECT_EQ(to_json(limits_from_json(now, record_place)), now);
}

TEST(RecordJson, RefusesWhatItDoesNotUnderstandWithItsPlace) {
  const Json good = fixtures::fake_record().to_json();
  const auto error_after = [&](const std::function<void(Json&)>& damage) {
    Json json = good;
    damage(json);
    return fixtures::user_error_of([&] { CellRecord::from_json(json, record_place); });
  };
  EXPECT_THAT(error_after([](Json& json) { json.erase("status"); }),
              AllOf(HasSubstr("cells.jsonl:3"), HasSubstr("'status'")));
  EXPECT_THAT(error_after([](Json& json) { json["status"] = "timeot"; }), HasSubstr("did you mean 'timeout'"));
  EXPECT_THAT(error_after([](Json& json) { json["seed"] = -1; }), HasSubstr("'seed'"));
  EXPECT_THAT(error_after([](Json& json) { json["metrics"]["score"] = nullptr; }), HasSubstr("'score'"));
  EXPECT_THAT(error_after([](Json& json) { json["stages"][0]["wall_s"][0] = "fast"; }), HasSubstr("'train'"));
  EXPECT_THAT(error_after([](Json& json) { json["schema"] = 2; }), HasSubstr("schema 2"));
  EXPECT_THAT(error_after([](Json& json) { json = Json::array(); }), HasSubstr("not an object"));
  EXPECT_EQ(error_after([](Json&) {}), "");
}

TEST(ProvenanceJson, SurvivesARoundTrip) {
  const Provenance provenance = fixtures::fake_provenance();
  const Provenance back = Provenance::from_json(Json::parse(provenance.to_json().dump()), {"run.json"});
  EXPECT_EQ(back.to_json(), provenance.to_json());
  EXPECT_EQ(back.metrics.at(1).direction, MetricDescriptor::Direction::lower_is_better);
}

TEST(ProvenanceJson, ADamagedPlanIsRefusedWithItsPlace) {
  const auto error_with = [](const char* key, const Json& value) {
    Json json = fixtures::fake_provenance().to_json();
    json["plan"][key] = value;
    return fixtures::user_error_of([&] { Provenance::from_json(json, {"run.json"}); });
  };
  EXPECT_THAT(error_with("overrides", Json::array({1})), AllOf(HasSubstr("run.json"), HasSubstr("'overrides'")));
  EXPECT_THAT(error_with("overrides", "seeds=[1]"), HasSubstr("'overrides'"));
  EXPECT_THAT(error_with("measure", {{"toy", 5}}), HasSubstr("'measure'"));
  EXPECT_THAT(error_with("threads", Json::array()), HasSubstr("'threads'"));
  EXPECT_EQ(error_with("overrides", Json::array({"seeds=[1]"})), "");
  Json machine = fixtures::fake_provenance().machine;
  machine["memory_gib"] = "much";
  EXPECT_FALSE(machine_id(machine).empty());
}

TEST(ProvenanceJson, OfBeforeMetricsWereExactIsRead) {
  Json json = fixtures::fake_provenance().to_json();
  json["metrics"][0]["exact"] = true;
  json["metrics"][1].erase("exact");
  const Provenance provenance = Provenance::from_json(json, {"run.json"});
  EXPECT_TRUE(provenance.metrics.at(0).exact);
  EXPECT_FALSE(provenance.metrics.at(1).exact);
}

TEST(PublishedRuns, AreStillRead) {
  std::size_t runs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(FRUGAL_SOURCE_DIR "/results/published")) {
    if (!std::filesystem::exists(entry.path() / "run.json")) continue;
    EXPECT_FALSE(load_run(entry.path()).cells.empty()) << entry.path();
    ++runs;
  }
  EXPECT_GT(runs, 0U);
}

TEST(Provenance, SaysWhichProgramOnWhichMachine) {
  const FakeWorkload fake;
  PlanFile plan;
  plan.file = "plans/toy.yaml";
  plan.plans.push_back({.name = "one",
                        .workload = "fake",
                        .measure = {},
                        .limits = {.threads = 3},
                        .determinism = Determinism::repeatable,
                        .band = 0.01,
                        .gates = {},
                        .cells = {}});
  const Provenance provenance =
      make_provenance(plan, {{"seeds", "[1]"}}, {&fake}, {"frugal", "run"}, {{"cpu", {{"oneDNN", "3.2"}}}}, {});
  EXPECT_EQ(provenance.name, "toy");
  EXPECT_EQ(provenance.plan.at("threads"), Json({{"one", 3}}));
  EXPECT_EQ(provenance.plan.at("overrides"), Json({"seeds=[1]"}));
  EXPECT_EQ(provenance.determinism.at("one"), "repeatable: 0.01 (declared)");
  EXPECT_EQ(provenance.plan.at("measure").at("one"), Json({{"warmup", 0}, {"repeats", 1}, {"limits", false}}));
  plan.plans[0].measure.repeats = 2;
  EXPECT_EQ(determinism_text(plan.plans[0]), "repeatable: 0.01 (checked)");
  plan.plans[0].determinism = Determinism::bitwise;
  EXPECT_EQ(determinism_text(plan.plans[0]), "bitwise (checked)");
  plan.plans[0].measure = {.max_repeats = 100, .target_rel_ci = 0.1};
  EXPECT_EQ(determinism_text(plan.plans[0]), "bitwise (checked)") << "a target takes six repeats or more";
  plan.plans[0].measure = {.max_repeats = 100, .min_time_s = 1};
  EXPECT_EQ(determinism_text(plan.plans[0]), "bitwise (declared)");
  EXPECT_EQ(provenance.clocks.at("fake"), fake.clock());
  EXPECT_GE(provenance.machine.at("cores").get<int>(), 1);
  EXPECT_GT(provenance.machine.at("memory_gib").get<double>(), 0.1);
  EXPECT_EQ(provenance.machine.at("backends").at("cpu").at("oneDNN"), "3.2");
  EXPECT_FALSE(provenance.build.at("commit").get<std::string>().empty());
  std::vector<std::string> metrics;
  for (const MetricDescriptor& metric : provenance.metrics) metrics.push_back(metric.name);
  EXPECT_THAT(metrics, ElementsAre("score", "loss", "memory.peak"));
  EXPECT_THAT(provenance.started, ::testing::MatchesRegex("....-..-..T..:..:..Z"));
}

TEST(Provenance, ThePlansThreadsWinOverTheUsers) {
  ::setenv("OMP_NUM_THREADS", "5,2", 1);
  EXPECT_EQ(effective_threads({.threads = 3}), 3);
  EXPECT_EQ(effective_threads({}), 5);
  ::setenv("OMP_NUM_THREADS", "many", 1);
  EXPECT_GE(effective_threads({}), 1);
  for (const char* crowd : {"100000", "99999999999"}) {
    ::setenv("OMP_NUM_THREADS", crowd, 1);
    EXPECT_THROW(effective_threads({}), UserError);
  }
  ::unsetenv("OMP_NUM_THREADS");
}

}  // namespace
}  // namespace frugal::harness
