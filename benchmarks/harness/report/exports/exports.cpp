#include "benchmarks/harness/report/exports/exports.hpp"

#include <fmt/format.h>

namespace frugal::harness {

std::string export_runs(std::span<const Run> runs, ExportFormat format) {
  if (format != ExportFormat::openmetrics && runs.size() > 1)
    throw UserError(
        fmt::format("{} has no word for which run, or which machine, a figure is of: give it one run of one "
                    "machine",
                    to_word(export_format_names, format)));
  const std::vector<Measurement> figures = measurements_of(runs);
  if (figures.empty()) throw UserError("no cell of these runs ended well, so there is no figure to export");
  switch (format) {
    case ExportFormat::bencher:
      return to_bencher(figures);
    case ExportFormat::smaller_is_better:
      return to_benchmark_action(figures, MetricDescriptor::Direction::lower_is_better);
    case ExportFormat::bigger_is_better:
      return to_benchmark_action(figures, MetricDescriptor::Direction::higher_is_better);
    case ExportFormat::openmetrics:
      return to_openmetrics(figures);
  }
  return "";
}

}  // namespace frugal::harness
