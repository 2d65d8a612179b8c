// Figures for the tools that follow them over time. One small file a format; each is read by its tool in the tests
// (tests/end_to_end/consumers_test.cpp).
#pragma once
#include <span>
#include <string>

#include "benchmarks/harness/report/exports/measurements.hpp"
#include "impl/base/names.hpp"

namespace frugal::harness {

enum class ExportFormat { bencher, smaller_is_better, bigger_is_better, openmetrics };
inline constexpr Named<ExportFormat> export_format_names[] = {
    {ExportFormat::bencher, "bencher"},
    {ExportFormat::smaller_is_better, "benchmark-action-smaller"},
    {ExportFormat::bigger_is_better, "benchmark-action-bigger"},
    {ExportFormat::openmetrics, "openmetrics"}};

/// Throws UserError when there is no figure to export, or when there are several runs and the format cannot tell them
/// apart (all but OpenMetrics).
std::string export_runs(std::span<const Run> runs, ExportFormat format);

/// Bencher Metric Format (https://bencher.dev/bmf.json): cell -> metric -> {value, lower_value, upper_value}.
std::string to_bencher(std::span<const Measurement> measurements);

/// For the tools customSmallerIsBetter and customBiggerIsBetter of github-action-benchmark: a list of {name, unit,
/// value, range, extra}, of the figures that have this direction.
std::string to_benchmark_action(std::span<const Measurement> measurements, MetricDescriptor::Direction direction);

/// OpenMetrics 1.0 text: a gauge a metric, with labels for run, workload, back end and cell; half widths as gauges of
/// their own.
std::string to_openmetrics(std::span<const Measurement> measurements);

}  // namespace frugal::harness
