// What `frugal report RUN` shows where no table is asked for.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/report/aggregate.hpp"
#include "benchmarks/harness/report/column_values.hpp"
#include "benchmarks/harness/report/known_metrics.hpp"
#include "benchmarks/harness/report/report.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

using Source = ColumnSpec::Source;

/// Those that the runs' plans name, each once; none where one of the plans names none.
std::vector<TableSpec> named_specs(std::span<const Run> runs) {
  std::vector<std::string> names;
  for (const Run& run : runs) {
    if (!run.provenance.plan.contains("tables")) return {};
    const Json& tables = run.provenance.plan.at("tables");
    const Json plans = run.provenance.plan.value("threads", Json::object());
    for (const auto& [plan, threads] : plans.items()) {
      const Json of_plan = tables.value(plan, Json::array());
      if (of_plan.empty()) return {};
      for (const Json& name : of_plan)
        if (std::ranges::find(names, name.get<std::string>()) == names.end()) names.push_back(name);
    }
  }
  std::vector<TableSpec> named, known = embedded_table_specs();
  for (const std::string& name : names)  // a run of another version may name one that is not known
    for (const TableSpec& spec : known)
      if (spec.name == name) named.push_back(spec);
  return named;
}

std::vector<Table> tables_with_something(std::vector<TableSpec> specs, std::span<const Run> runs,
                                         const Workloads& workloads) {
  std::vector<Table> tables;
  const bool any_ended_well = std::ranges::any_of(runs, [](const Run& run) {
    return std::ranges::find(run.cells, Status::ok, &CellRecord::status) != run.cells.end();
  });
  const auto is_empty = [&](const ColumnSpec& column) {
    return !is_figure(column) || (column.source == Source::metric && !recorded_metric(runs, column.name));
  };
  for (TableSpec& spec : specs) {
    if (!has_cells(spec, runs)) continue;
    if (!spec.over.empty() && !averages(spec, runs)) continue;
    leave_out_unknown(spec, runs);
    if (std::ranges::none_of(spec.columns, is_figure)) continue;
    if (any_ended_well && std::ranges::all_of(spec.columns, is_empty)) continue;
    tables.push_back(make_table(spec, runs, workloads));
  }
  return tables;
}

}  // namespace

void leave_out_unknown(TableSpec& spec, std::span<const Run> runs) {
  const auto is_unknown = [&](const ColumnSpec& column) { return !unknown_metric(runs, column).empty(); };
  std::set<std::string> left_out;
  for (const ColumnSpec& column : spec.columns)
    if (is_unknown(column)) left_out.insert(column_style(column, spec.workload, nullptr).title);
  std::erase_if(spec.columns, is_unknown);
  std::erase_if(spec.plots, [&](PlotSpec& plot) {
    for (std::vector<std::string>* titles : {&plot.x, &plot.y})
      std::erase_if(*titles, [&](const std::string& title) { return left_out.contains(title); });
    return plot.kind == PlotSpec::Kind::columns && (plot.x.empty() || plot.y.empty());
  });
}

void require_known_params(const TableSpec& spec, std::span<const Run> runs) {
  std::vector<Json> cells;
  for (const Run& run : runs)
    for (const CellRecord& record : run.cells)
      if (record.cell.workload == spec.workload) cells.push_back(record.cell.to_json());
  if (cells.empty()) return;
  std::vector<const Json*> pointers;
  pointers.reserve(cells.size());
  for (const Json& cell : cells) pointers.push_back(&cell);
  const std::vector<std::string> known = known_paths(pointers);
  for (const auto& named : spec.params) {
    const std::string& path = named.first;
    const auto is_it = [&](const std::string& one) { return one == path || one.starts_with(path + "."); };
    if (std::ranges::none_of(known, is_it)) throw UserError(named.second, unknown_word("parameter", path, known));
  }
}

std::vector<Table> default_tables(std::span<const Run> runs, const Workloads& workloads) {
  std::vector<Table> tables = tables_with_something(named_specs(runs), runs, workloads);
  return tables.empty() ? tables_with_something(embedded_table_specs(), runs, workloads) : tables;
}

}  // namespace frugal::harness
