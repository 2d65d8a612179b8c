#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "benchmarks/harness/report/report.hpp"
#include "benchmarks/harness/report/table_spec.hpp"
#include "benchmarks/harness/report/template_text.hpp"
#include "tests/harness/record_fixture.hpp"
#include "tests/harness/sample_runs.hpp"
#include "tests/scratch_folder.hpp"

namespace frugal::harness {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string table_spec_error(const std::string& text) {
  try {
    parse_table_specs(text, "t.yaml");
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

const std::string spec_head = "schema: 1\ntitle: T\nworkload: cadc\n";  // lines 1 to 3

TEST(ReportTableSpec, ReadsEveryKey) {
  const std::vector<TableSpec> specs = parse_table_specs(R"(schema: 1
title: CADC on {dataset.name}
workload: cadc
where: {params.cadc.model: [two_tower, mf], backend: cpu}
rows:
  - {key: params.cadc.keep_fraction, title: kept, scale: 100, unit: "%", format: "{:g}"}
  - {key: params.cadc.embedding_trainable, labels: {"true": trainable, "false": frozen}}
  - title: strategy
    label:
      - {when: {params.cadc.model: popularity}, text: popularity}
      - {text: "{params.cadc.embedding_init}!"}
columns:
  - {metric: "hr@10[full]", relative_to: {params.cadc.keep_fraction: 1, strategy: x}, as: percent}
  - {metric: samples, per: train}
  - {stage: train, of: flop_rate}
  - {key: params.cadc.budget}
  - {count: n}
sort: [{key: params.cadc.keep_fraction, order: descending}]
notes: [one, two]
---
schema: 1
title: Second
workload: cadc
rows: [{key: backend}]
columns: [{stage: total}]
)",
                                                         "dir/t.yaml");
  ASSERT_EQ(specs.size(), 2u);
  const TableSpec& spec = specs[0];
  EXPECT_EQ(spec.name, "t");
  EXPECT_EQ(specs[1].name, "t-2");
  ASSERT_EQ(spec.where.size(), 2u);
  EXPECT_THAT(spec.where[0].second, ElementsAre(Json("two_tower"), Json("mf")));
  ASSERT_EQ(spec.rows.size(), 3u);
  EXPECT_EQ(spec.rows[0].number.scale, 100);
  EXPECT_EQ(spec.rows[1].labels[0], std::pair(std::string("true"), std::string("trainable")));
  EXPECT_EQ(spec.rows[2].choices[1].text, "{params.cadc.embedding_init}!");
  EXPECT_TRUE(spec.rows[2].choices[1].when.empty());
  ASSERT_EQ(spec.columns.size(), 5u);
  EXPECT_EQ(spec.columns[0].relation, ColumnSpec::Relation::percent);
  EXPECT_EQ(spec.columns[1].per, "train");
  EXPECT_EQ(spec.columns[2].stage_value, ColumnSpec::StageValue::flop_rate);
  EXPECT_EQ(spec.columns[3].source, ColumnSpec::Source::key);
  EXPECT_EQ(spec.columns[4].source, ColumnSpec::Source::count);
  EXPECT_TRUE(spec.sort.at(0).descending);
  EXPECT_THAT(spec.notes, ElementsAre("one", "two"));
}

TEST(ReportTableSpec, MistakesAreToldWithTheirPlace) {
  const std::string rows = spec_head + "rows: [{key: backend}]\n";  // lines 1 to 4
  const auto column = [&](const std::string& text) { return table_spec_error(rows + "columns:\n  - " + text + "\n"); };
  EXPECT_THAT(table_spec_error(rows), HasSubstr("needs `columns`"));
  EXPECT_THAT(table_spec_error("schema: 2\n"), HasSubstr("t.yaml:1:9"));
  EXPECT_THAT(table_spec_error(rows + "colums: []\n"), HasSubstr("did you mean 'columns'"));
  EXPECT_THAT(table_spec_error(rows + "columns: []\n"), HasSubstr("must not be empty"));
  EXPECT_THAT(column("{metric: auc, stage: train}"), HasSubstr("t.yaml:6:5"));
  EXPECT_THAT(column("{metric: auc, format: \"{:d}\"}"), HasSubstr("formats no number"));
  EXPECT_THAT(column("{metric: auc, of: time}"), HasSubstr("`of` belongs to a `stage`"));
  EXPECT_THAT(column("{stage: train, per: total}"), HasSubstr("`per` belongs to a `metric`"));
  for (const char* no_metric : {"{stage: train, divided_by: auc}", "{metric: auc, per: train, divided_by: auc}"})
    EXPECT_THAT(column(no_metric), HasSubstr("`divided_by` belongs to a `metric` without `per`")) << no_metric;
  EXPECT_THAT(column("{stage: train, of: tme}"), HasSubstr("did you mean 'time'"));
  EXPECT_THAT(column("{metric: auc, as: ratio}"), HasSubstr("relative_to"));
  EXPECT_THAT(column("{metric: auc, relative_to: {backed: cpu}}"), HasSubstr("did you mean 'backend'"));
  EXPECT_THAT(column("{key: backend, relative_to: {backend: cpu}}"), HasSubstr("only a metric or a stage"));
  EXPECT_THAT(column("{key: params.inr.width}"), HasSubstr("params.cadc.*"));
  EXPECT_THAT(column("{metric: auc, per: train, of: flops}"), HasSubstr("per second (`of: time`) or per joule"));
  EXPECT_EQ(column("{metric: auc, per: train, of: joules}"), "no error");
  EXPECT_THAT(column("{stage: train, of: predicted}"), HasSubstr("t.yaml:6:5: `of: predicted` needs a `network: {"));
  const auto network = [&](const std::string& text) {
    return table_spec_error(rows + "columns: [{stage: train, of: predicted}]\nnetwork: " + text + "\n");
  };
  EXPECT_EQ(network("{latency_us: 2, gbit_per_s: 100}"), "no error");
  EXPECT_THAT(network("{latency_us: 2}"), HasSubstr("needs `gbit_per_s`"));
  EXPECT_THAT(network("{latency_us: 0, gbit_per_s: 100}"), HasSubstr("t.yaml:6:23: latency_us must be above 0"));
  const std::string of_one = "relative_to: {backend: cpu}, as: efficiency}";
  EXPECT_THAT(column("{metric: auc, " + of_one), HasSubstr("an efficiency is the speed-up of a stage"));
  EXPECT_EQ(column("{stage: train, " + of_one), "no error");
  const auto row = [&](const std::string& text) { return table_spec_error(spec_head + "rows:\n  - " + text + "\n"); };
  for (const char* none_or_two : {"{title: x}", "{key: backend, text: x, title: x}", "{text: x, label: [{text: y}]}"})
    EXPECT_THAT(row(none_or_two), HasSubstr("t.yaml:5:5: a row needs one of")) << none_or_two;
  EXPECT_THAT(row("{text: x, title: x, labels: {a: b}}"), HasSubstr("`labels` names the values of a `key`"));
  const auto plot = [&](const std::string& text) {
    return table_spec_error(rows + "columns: [{stage: total}]\nplots:\n  - " + text + "\n");
  };
  EXPECT_EQ(plot("{x: backend, y: [a, b]}"), "no error");
  EXPECT_THAT(plot("{x: backend, y: [a, b], series: c}"), HasSubstr("t.yaml:7:37: where y is a list"));
  EXPECT_EQ(plot("{x: [a, b], y: backend}"), "no error");
  EXPECT_THAT(plot("{x: [a, b], y: backend, series: c}"), HasSubstr("t.yaml:7:37: where x is a list"));
  EXPECT_THAT(plot("{x: [a, b], y: [c, d]}"), HasSubstr("t.yaml:7:5: only one of x and y may be a list"));
  EXPECT_THAT(plot("{x: backend, y: []}"), HasSubstr("must not be empty"));
  EXPECT_THAT(plot("{y: a}"), HasSubstr("needs `x`"));
  EXPECT_THAT(plot("{kind: stages, x: a}"), HasSubstr("unknown key of a plot of this kind 'x'"));
  EXPECT_THAT(column("{count: m}"), HasSubstr("`count: n`"));
  EXPECT_THAT(table_spec_error(spec_head + "rows: [{text: \"{backend\", title: x}]\n"), HasSubstr("t.yaml:4:15"));
  EXPECT_THAT(table_spec_error(spec_head + "rows: [{text: \"{backend}\"}]\n"), HasSubstr("needs a `title`"));
  EXPECT_THAT(table_spec_error(spec_head + "rows: [{key: bakend}]\n"), HasSubstr("did you mean 'backend'"));
  EXPECT_THAT(table_spec_error("schema: 1\ntitle: \"{oops}\"\nworkload: cadc\n"), HasSubstr("t.yaml:2:8"));
  EXPECT_THAT(table_spec_error(""), HasSubstr("holds no YAML document"));
}

TEST(ReportTableSpec, AParameterThatNoCellHasIsAMistakeWithItsPlace) {
  const samples::RunRecord run = samples::sample_run_of(1);
  const std::string head = "schema: 1\ntitle: t\nworkload: cadc\ncolumns: [{count: n}]\n";
  const auto error = [&](const std::string& more) {
    const TableSpec spec = parse_table_specs(head + more, "t.yaml").front();
    return fixtures::user_error_of([&] { require_known_params(spec, {&run, 1}); });
  };
  for (const char* wrong : {"rows: [{key: params.cadc.keep_fractoin}]\n",
                            "rows: [{key: backend}]\nsort: [{key: params.cadc.keep_fractoin}]\n",
                            "rows: [{title: a, text: 'x {params.cadc.keep_fractoin}'}]\n",
                            "rows: [{key: backend}]\nwhere: {params.cadc.keep_fractoin: 1}\n"})
    EXPECT_THAT(error(wrong), AllOf(HasSubstr("t.yaml:"), HasSubstr("did you mean 'params.cadc.keep_fraction'")))
        << wrong;
  const TableSpec right = parse_table_specs(head + "rows: [{key: params.cadc.keep_fraction}]\n", "t.yaml").front();
  EXPECT_NO_THROW(require_known_params(right, {&run, 1}));
}

TEST(ReportTableSpec, EveryEmbeddedSpecReads) {
  std::set<std::string> names, files;
  for (const TableSpec& spec : embedded_table_specs()) names.insert(spec.name);
  for (const auto& file : std::filesystem::directory_iterator(FRUGAL_SOURCE_DIR "/benchmarks/tables"))
    files.insert(file.path().stem().string());
  EXPECT_FALSE(files.empty());
  EXPECT_EQ(names, files);
}

TEST(ReportTableSpec, IsFoundByNameOrPath) {
  EXPECT_EQ(load_table_specs("inr").at(0).workload, "inr");
  const ScratchFolder scratch;
  const std::string path = scratch / "my_table.yaml";
  std::ofstream(path) << spec_head << "rows: [{key: backend}]\ncolumns: [{stage: total}]\n";
  EXPECT_EQ(load_table_specs(path).at(0).name, "my_table");
  EXPECT_THROW(load_table_specs("irn"), UserError);
}

TEST(ReportTemplate, BracesMustPair) {
  EXPECT_THAT(*template_paths("a {b.c} d{e}"), ElementsAre("b.c", "e"));
  EXPECT_TRUE(template_paths("no braces")->empty());
  for (const char* bad : {"{", "}", "{}", "{a", "a}", "{a{b}}", "{a}}"}) EXPECT_FALSE(template_paths(bad)) << bad;
}

TEST(ReportTemplate, ValuesReplacePaths) {
  EXPECT_EQ(fill_template("{a}x{a}, {b}", [](const std::string& path) { return path + path; }), "aaxaa, bb");
}

}  // namespace
}  // namespace frugal::harness
