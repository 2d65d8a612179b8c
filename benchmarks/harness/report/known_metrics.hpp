// Which metrics runs have, as far as a table asks: runs of older programs have fewer.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "benchmarks/harness/record/record.hpp"
#include "benchmarks/harness/report/table_spec.hpp"

namespace frugal::harness {

/// As the first run that knows it describes it, or null.
const MetricDescriptor* declared_metric(std::span<const Run> runs, const std::string& name);

/// Has any cell a value of it?
bool recorded_metric(std::span<const Run> runs, const std::string& name);

/// That the column is made of: none of a stage, two of a quotient.
std::vector<std::string> metrics_of(const ColumnSpec& column);

/// The first metric of the column that these runs know nothing of; empty: none.
std::string unknown_metric(std::span<const Run> runs, const ColumnSpec& column);

/// Of a metric or a stage: what is measured, where all else says what it is of.
bool is_figure(const ColumnSpec& column);

}  // namespace frugal::harness
