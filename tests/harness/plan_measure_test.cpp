// The keys of `measure` that say how long repeats go on, in which order cells run, and where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/plan/planned_cells.hpp"
#include "benchmarks/harness/run/pinning.hpp"
#include "tests/harness/plan_reading.hpp"
#include "tests/harness/record_fixture.hpp"

namespace frugal::harness {
namespace {

using ::testing::HasSubstr;

TEST(MeasureKeys, AreReadAndWrittenOnlyWhereGiven) {
  const std::string text =
      "measure: {warmup: 1, repeats: 7, max_repeats: 30, target_rel_ci: 0.02, min_time_s: 1.5, order: {random: 9}, "
      "pin: true}\n";
  const Measure measure = read_plan("backend: cpu\n" + text).measure;
  EXPECT_EQ(to_json(measure), Json({{"warmup", 1},
                                    {"repeats", 7},
                                    {"limits", false},
                                    {"max_repeats", 30},
                                    {"target_rel_ci", 0.02},
                                    {"min_time_s", 1.5},
                                    {"order", {{"random", 9}}},
                                    {"pin", true}}));
  EXPECT_EQ(to_json(measure_from_json(to_json(measure))), to_json(measure));
  EXPECT_EQ(to_json(Measure{}), Json({{"warmup", 0}, {"repeats", 1}, {"limits", false}}));
}

TEST(MeasureKeys, HaveDefaultsThatEnd) {
  EXPECT_EQ(read_plan("backend: cpu\nmeasure: {target_rel_ci: 0.05}\n").measure.max_repeats, default_max_repeats);
  EXPECT_EQ(read_plan("backend: cpu\nmeasure: {min_time_s: 2, repeats: 300}\n").measure.max_repeats, 300);
  EXPECT_EQ(read_plan("backend: cpu\nmeasure: {order: random}\n").measure.order_seed, 1);
  EXPECT_FALSE(read_plan("backend: cpu\nmeasure: {order: plan}\n").measure.order_seed);
  EXPECT_EQ(read_plan("backend: cpu\n", {{"measure.target_rel_ci", "0.1"}, {"measure.order", "{random: 3}"}})
                .measure.order_seed,
            3);
}

TEST(MeasureKeys, ThatCannotBeMeantAreRefused) {
  EXPECT_THAT(plan_error("measure: {max_repeats: 9}"), HasSubstr("p.yaml:5:24: max_repeats ends what"));
  EXPECT_THAT(plan_error("measure: {repeats: 9, max_repeats: 8, min_time_s: 1}"), HasSubstr("at least repeats, 9"));
  EXPECT_THAT(plan_error("measure: {max_repeats: 5, target_rel_ci: 0.1}"), HasSubstr("below 6 values"));
  EXPECT_THAT(plan_error("measure: {target_rel_ci: 5}"), HasSubstr("between 0 and 1"));
  EXPECT_THAT(plan_error("measure: {min_time_s: 0}"), HasSubstr("above 0"));
  EXPECT_THAT(plan_error("measure: {order: shuffled}"), HasSubstr("unknown order 'shuffled'"));
  EXPECT_THAT(plan_error("measure: {order: {random: -1}}"), HasSubstr("at least 0"));
  EXPECT_THAT(plan_error("measure: {order: {}}"), HasSubstr("p.yaml:5:18: give the seed: order: {random: 7}"));
  EXPECT_THAT(plan_error("backend: cpu\nmeasure: {order: random}\nsearch: {space: {params.fake.n: [1, 2]}, maximize: "
                         "score}"),
              HasSubstr("p.yaml:6:18: a search decides the order"));
}

std::vector<std::string> ids_in_run_order(const PlanFile& file) {
  std::vector<std::string> ids;
  for (const PlannedCell& cell : in_run_order(planned_cells(file))) ids.push_back(cell.id);
  return ids;
}

TEST(RunOrder, IsDrawnByItsSeedAndKeptByWhatIsLeft) {
  const auto file = [](const std::string& order) {
    return read_text(plan_head + "backend: cpu\nmatrix: {params.fake.n: [1, 2, 3, 4, 5, 6, 7, 8]}\nmeasure: {order: " +
                     order + "}\n");
  };
  const std::vector<std::string> plan = ids_in_run_order(file("plan"));
  const std::vector<std::string> drawn = ids_in_run_order(file("{random: 7}"));
  EXPECT_NE(drawn, plan);
  EXPECT_THAT(drawn, ::testing::UnorderedElementsAreArray(plan));
  EXPECT_EQ(drawn, ids_in_run_order(file("{random: 7}")));
  EXPECT_NE(drawn, ids_in_run_order(file("{random: 8}")));
  const PlanFile shuffled = file("{random: 7}");
  std::vector<PlannedCell> cells = planned_cells(shuffled);
  std::erase_if(cells, [&](const PlannedCell& cell) { return cell.id == drawn[2]; });
  std::vector<std::string> left;
  for (const PlannedCell& cell : in_run_order(cells)) left.push_back(cell.id);
  std::vector<std::string> expected = drawn;
  expected.erase(expected.begin() + 2);
  EXPECT_EQ(left, expected);
}

TEST(Pinning, GivesEachThreadAProcessorOfItsOwnOrSaysThatThereAreTooFew) {
  const std::set<int> usable = usable_processors();
  const std::vector<int> all = pinned_processors(static_cast<int>(usable.size()));
  EXPECT_EQ(std::set<int>(all.begin(), all.end()), usable);
  EXPECT_EQ(pinned_processors(1).size(), 1);
  EXPECT_THROW(pinned_processors(max_threads), UnavailableError);
  EXPECT_EQ(openmp_places({0, 2}), "{0},{2}");
}

TEST(Pinning, OfEveryCellIsJudgedBeforeTheFirstOneRuns) {
  const auto reasons = [](const std::string& threads) {
    const PlanFile file =
        read_text(plan_head + "backend: cpu\nmeasure: {pin: true}\nmatrix: {limits.threads: " + threads + "}\n");
    return why_not_pinned(planned_cells(file));
  };
  EXPECT_THAT(reasons("[1]"), ::testing::IsEmpty());
  EXPECT_THAT(reasons("[1, 1024]"),
              ::testing::ElementsAre(::testing::AllOf(HasSubstr("each of 1024 threads a processor of its own"),
                                                      HasSubstr("set limits.threads"))));
  const PlanFile some =
      read_text(plan_head + "backend: cpu\nlimits: {threads: 1024}\nmatrix: {measure.pin: [false, true]}\n");
  const std::vector<PlannedCell> cells = planned_cells(some);
  EXPECT_THAT(why_not_pinned({cells[0]}), ::testing::IsEmpty()) << "it is not pinned";
  EXPECT_EQ(why_not_pinned(cells).size(), 1);
}

TEST(SamplingRecord, SurvivesTheRecord) {
  CellRecord record = fixtures::fake_record();
  EXPECT_FALSE(record.to_json().contains("sampling"));
  EXPECT_FALSE(record.to_json().contains("cpus"));
  record.sampling = {SamplingEnd::max_repeats, 0.03};
  record.cpus = {0, 3};
  record.conditions = {{.mhz = 2600, .throttled = 2}};
  const CellRecord back = CellRecord::from_json(record.to_json(), {});
  EXPECT_EQ(back.to_json(), record.to_json());
  EXPECT_EQ(back.sampling->ended_by, SamplingEnd::max_repeats);
  EXPECT_EQ(back.cpus, record.cpus);
  EXPECT_EQ(back.conditions.at(0).throttled, 2);
}

TEST(SamplingRecord, IsKnownToTheSchema) {
  const Json schema =
      Json::parse(fixtures::text_of(std::string(FRUGAL_SOURCE_DIR) + "/results/schema/cells.schema.json"));
  const Json& known = schema.at("properties");
  EXPECT_EQ(known.at("sampling").at("properties").at("ended_by").at("enum"), Json(words(sampling_end_names)));
  const RepeatConditions all{.load = 1, .others = 1, .steal = 1, .cpu_s = 1, .mhz = 1, .throttled = 1};
  const Json conditions = to_json(all);
  for (const auto& [key, value] : conditions.items())
    EXPECT_TRUE(known.at("conditions").at("items").at("properties").contains(key)) << key;
  EXPECT_TRUE(known.contains("cpus"));
}

}  // namespace
}  // namespace frugal::harness
