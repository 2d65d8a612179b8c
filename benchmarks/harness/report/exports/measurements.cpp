#include "benchmarks/harness/report/exports/measurements.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/study/cell_groups.hpp"
#include "benchmarks/harness/study/seed_values.hpp"
#include "benchmarks/harness/study/stage_times.hpp"

namespace frugal::harness {
namespace {

void add_measurement(std::vector<Measurement>& measurements, const Measurement& of_cell, const MetricDescriptor& metric,
                     const std::vector<double>& values) {
  if (values.empty()) return;
  const Estimate mean = estimate(values);
  if (!std::isfinite(mean.mean)) return;  // values so large that their sum overflows
  Measurement measurement = of_cell;
  measurement.metric = metric.name;
  measurement.unit = metric.unit;
  measurement.help = metric.help;
  measurement.direction = metric.direction;
  measurement.mean = mean.mean;
  if (mean.half_width && std::isfinite(*mean.half_width)) measurement.half_width = mean.half_width;
  measurement.n = static_cast<int>(values.size());
  measurements.push_back(std::move(measurement));
}

MetricDescriptor time_metric(const std::string& stage) {
  return {.name = "time." + stage,
          .unit = "s",
          .direction = MetricDescriptor::Direction::lower_is_better,
          .help = stage == "total" ? "wall clock of all stages, median over the repeats of a seed"
                                   : "wall clock of this stage, median over the repeats of a seed"};
}

void add_cell(std::vector<Measurement>& measurements, const CellGroup& group, const Measurement& of_cell) {
  const std::vector<const CellRecord*> finished = group.finished();
  std::vector<const CellRecord*> quiet = finished;
  std::erase_if(quiet, [](const CellRecord* record) { return !record->is_quiet(); });
  std::set<std::string> names;
  std::vector<std::string> stages;
  for (const CellRecord* record : finished) {
    for (const auto& [name, value] : record->metrics) names.insert(name);
    for (const StageRecord& stage : record->stages)
      if (std::ranges::find(stages, stage.name) == stages.end()) stages.push_back(stage.name);
  }
  stages.emplace_back("total");
  for (const std::string& name : names) {
    const MetricDescriptor* known = of_cell.run->provenance.metric(name);
    MetricDescriptor metric = known ? *known : MetricDescriptor{};
    metric.name = name;
    add_measurement(measurements, of_cell, metric,
                    metric_values(is_of_the_clock(metric.unit) ? quiet : finished, name));
  }
  for (const std::string& stage : stages) {
    std::vector<double> seconds;
    for (const CellRecord* record : quiet)
      if (const std::optional<double> time = stage_seconds(*record, stage)) seconds.push_back(*time);
    add_measurement(measurements, of_cell, time_metric(stage), seconds);
  }
}

}  // namespace

std::vector<Measurement> measurements_of(std::span<const Run> runs) {
  std::vector<Measurement> measurements;
  for (const Run& run : runs) {
    const std::vector<CellGroup> groups = group_cells(run);
    std::vector<const Json*> cells;
    cells.reserve(groups.size());
    for (const CellGroup& group : groups) cells.push_back(&group.cell);
    const CellLabels labels(cells);
    for (const CellGroup& group : groups) {
      Measurement of_cell;
      of_cell.run = &run;
      of_cell.workload = value_text(group.cell.at("workload"));
      of_cell.backend = value_text(group.cell.at("backend"));
      of_cell.cell = labels.of(group.cell);
      of_cell.id = group.records.front()->id;
      add_cell(measurements, group, of_cell);
    }
  }
  return measurements;
}

}  // namespace frugal::harness
