// What a plan may say, as rows of tables: for `frugal list` and for docs/parameters.md.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "benchmarks/harness/workload.hpp"

namespace frugal::harness {

using TextRows = std::vector<std::vector<std::string>>;

/// A head, and a row a parameter: prefix + name, type, default, range, meaning.
TextRows parameter_rows(std::span<const ParamSpec> params, const std::string& prefix, const std::string& head);

/// A head, and a row a metric: name, unit, which is better, meaning.
TextRows metric_rows(std::span<const MetricDescriptor> metrics);

/// docs/parameters.md: every parameter, data set and metric of every workload, in Markdown.
std::string parameters_page(const Workloads& workloads);

}  // namespace frugal::harness
