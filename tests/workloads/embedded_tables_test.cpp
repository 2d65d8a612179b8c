#include <gtest/gtest.h>

#include <iterator>
#include <set>

#include "benchmarks/harness/plan/execution.hpp"
#include "benchmarks/harness/record/provenance.hpp"
#include "benchmarks/harness/report/table_spec.hpp"
#include "benchmarks/workloads/registry.hpp"

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

}  // namespace
}  // namespace frugal::workloads
