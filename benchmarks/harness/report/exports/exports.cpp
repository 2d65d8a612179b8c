#include "benchmarks/harness/report/exports/exports.hpp"

#include <fmt/format.h>

namespace frugal::harness {

std::string export_runs(std::span<const Run> runs, ExportFormat format) {
  if (format != ExportFormat::openmetrics && runs.size() > 1)
    throw UserError(
        fmt::format("{} has no word for which run, or which machine, a measurement is of: give it one run of one "
                    "machine",
                    to_word(export_format_names, format)));
  const std::vector<Measurement> measurements = measurements_of(runs);
  if (measurements.empty())
    throw UserError(
        "these runs have nothing to export: no cell ended well, or none has a metric or a time that was taken in quiet");
  switch (format) {
    case ExportFormat::bencher:
      return to_bencher(measurements);
    case ExportFormat::smaller_is_better:
      return to_benchmark_action(measurements, MetricDescriptor::Direction::lower_is_better);
    case ExportFormat::bigger_is_better:
      return to_benchmark_action(measurements, MetricDescriptor::Direction::higher_is_better);
    case ExportFormat::openmetrics:
      return to_openmetrics(measurements);
  }
  return "";
}

}  // namespace frugal::harness
