#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <span>

#include "benchmarks/harness/plan/execution.hpp"
#include "benchmarks/harness/record/provenance.hpp"
#include "benchmarks/harness/report/report.hpp"
#include "benchmarks/harness/report/table_spec.hpp"
#include "benchmarks/workloads/registry.hpp"
#include "datasets/load/datasets.hpp"
#include "tests/workloads/run_cell.hpp"

namespace frugal::workloads {
namespace {

const harness::Workload* workload_of(const harness::TableSpec& spec) {
  for (const harness::Workload* workload : all()) {
    if (workload->name() == spec.workload) return workload;
  }
  return nullptr;
}

std::set<std::string> known_paths(const harness::Workload& workload) {
  std::set<std::string> paths{"workload", "backend", "implementation", "dataset.name"};
  paths.insert(std::begin(harness::execution_paths), std::end(harness::execution_paths));
  for (const ParamSpec& param : workload.params()) paths.insert("params." + workload.name() + "." + param.name);
  for (const harness::DatasetChoice& choice : workload.datasets({}))
    for (const ParamSpec& param : choice.params) paths.insert("dataset." + param.name);
  return paths;
}

TEST(EmbeddedTables, ShowOnlyWhatTheirWorkloadDeclares) {
  const std::vector<harness::TableSpec> specs = harness::embedded_table_specs();
  ASSERT_FALSE(specs.empty());
  for (const harness::TableSpec& spec : specs) {
    const harness::Workload* workload = workload_of(spec);
    ASSERT_NE(workload, nullptr) << spec.name;
    std::set<std::string> metrics{harness::peak_memory_metric().name};
    for (const harness::MetricDescriptor& metric : workload->metrics()) metrics.insert(metric.name);
    const std::set<std::string> paths = known_paths(*workload);
    for (const harness::ColumnSpec& column : spec.columns) {
      if (column.source == harness::ColumnSpec::Source::metric) {
        EXPECT_TRUE(metrics.contains(column.name)) << spec.name << ": " << column.name;
        EXPECT_TRUE(column.divided_by.empty() || metrics.contains(column.divided_by))
            << spec.name << ": " << column.divided_by;
      }
    }
    for (const harness::RowKey& key : spec.rows) {
      EXPECT_TRUE(key.path.empty() || paths.contains(key.path)) << spec.name << ": " << key.path;
      for (const harness::RowKey::Choice& choice : key.choices) {
        for (const auto& [path, values] : choice.when) {
          EXPECT_TRUE(paths.contains(path)) << spec.name << ": " << path;
        }
      }
    }
  }
}

/// Of a program that knew the parameters and data sets of today and the first metric alone, which no table lacks.
TEST(EmbeddedTables, OfARunThatLacksMetricsShowTheRest) {
  std::set<const harness::Workload*> with_tables;
  for (const harness::TableSpec& spec : harness::embedded_table_specs()) with_tables.insert(workload_of(spec));
  for (const harness::Workload* workload : with_tables) {
    SCOPED_TRACE(workload->name());
    const std::vector<harness::DatasetChoice> datasets = workload->datasets({});
    const auto made = std::ranges::find_if(
        datasets, [](const harness::DatasetChoice& choice) { return data::find_generator(choice.name) != nullptr; });
    ASSERT_NE(made, datasets.end());
    harness::Run run;
    run.provenance.name = "old";
    for (int k = 0; k < 3; ++k) {
      harness::CellRecord record;
      record.cell = first_cell(fmt::format("schema: 1\nname: p\nworkload: {}\nbackend: cpu\ndataset: {}\nseeds: [{}]\n",
                                           workload->name(), made->name, k + 1));
      record.id = record.cell.id();
      record.metrics[workload->metrics().front().name] = 0.5 + 0.1 * k;
      record.stages.push_back({.name = "train", .wall_s = {1.0}});
      run.cells.push_back(record);
    }
    const std::vector<harness::Table> tables = harness::default_tables(std::span(&run, 1));
    EXPECT_FALSE(tables.empty());
  }
}

}  // namespace
}  // namespace frugal::workloads
