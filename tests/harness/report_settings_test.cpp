// What a caption tells of the settings that no column shows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "benchmarks/harness/report/report.hpp"
#include "benchmarks/harness/report/table_spec.hpp"
#include "tests/harness/fake_workload.hpp"
#include "tests/harness/sample_runs.hpp"

namespace frugal::harness {
namespace {

using samples::RunRecord;
using samples::sample_run;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class FirstHalf : public FakeWorkload {
  std::vector<DatasetChoice> datasets(const std::vector<std::filesystem::path>& dirs) const override {
    std::vector<DatasetChoice> choices = FakeWorkload::datasets(dirs);
    choices.back().param_defaults["rate"] = 0.25;  // of `gen`
    return choices;
  }
};

CellRecord cell_of(const Json& own, const std::string& dataset = "gen", std::uint64_t seed = 1) {
  CellRecord record;
  Json all = {{"n", 3}, {"rate", 0.25}, {"mode", "a"}, {"layers", {8}}, {"flag", false}, {"mf", {{"dim", 4}}}};
  all.merge_patch(own);
  record.cell = {.workload = "fake", .backend = "cpu", .dataset = {{"name", dataset}}, .params = {}, .seed = seed};
  if (dataset == "gen") record.cell.dataset["size"] = 10;
  record.cell.params = {{"fake", all}};
  record.id = record.cell.id();
  record.metrics = {{"score", 0.5}};
  return record;
}

std::vector<std::string> caption_of(std::vector<CellRecord> cells, const std::string& rows = "[{key: params.fake.n}]") {
  static const FirstHalf workload;
  RunRecord run = sample_run();
  run.provenance.metrics = workload.metrics();
  run.cells = std::move(cells);
  const TableSpec spec =
      parse_table_specs("schema: 1\ntitle: t\nworkload: fake\nrows: " + rows + "\ncolumns: [{metric: score}]\n",
                        "t.yaml")
          .at(0);
  return make_table(spec, {&run, 1}, {&workload}).caption;
}

const auto tells_settings = Contains(HasSubstr("Settings"));

TEST(ReportSettings, TheCaptionTellsThoseThatAreNotTheDefaultsAndThatNoColumnShows) {
  EXPECT_THAT(caption_of({cell_of({{"n", 5}, {"mode", "b"}, {"layers", {8, 4}}, {"mf", {{"dim", 2}}}})}),
              Contains("Settings that are not the defaults: layers 8-4, mf.dim 2, mode b."));
  EXPECT_THAT(caption_of({cell_of({{"n", 5}})}), Not(tells_settings)) << "the rows have it";
  EXPECT_THAT(caption_of({cell_of({{"n", 5}})}, "[{title: count, text: \"{params.fake.n} times\"}]"),
              Not(tells_settings));
}

TEST(ReportSettings, TheDefaultIsThatOfTheDataSet) {
  EXPECT_THAT(caption_of({cell_of(Json::object())}), Not(tells_settings));
  EXPECT_THAT(caption_of({cell_of({{"rate", 0.5}})}), Contains("Settings that are not the defaults: rate 0.5."));
  EXPECT_THAT(caption_of({cell_of(Json::object(), "toy")}), Contains("Settings that are not the defaults: rate 0.25."));
  CellRecord larger = cell_of(Json::object());
  larger.cell.dataset["size"] = 20;
  EXPECT_THAT(caption_of({larger}), Contains("Settings that are not the defaults: dataset.size 20."));
}

TEST(ReportSettings, WhatSomeCellsHaveOtherwiseIsForTheColumns) {
  const std::vector<CellRecord> cells = {cell_of({{"n", 5}, {"mode", "b"}, {"flag", true}}),
                                         cell_of({{"n", 6}, {"flag", true}})};
  EXPECT_THAT(caption_of(cells), Contains("Settings that are not the defaults: flag true."));
}

}  // namespace
}  // namespace frugal::harness
