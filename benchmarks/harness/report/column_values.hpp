// The figures of a table: one value a seed (or a picture), their mean and interval, or their relation to another row.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/harness/report/aggregate.hpp"

namespace frugal::harness {

/// What a column measures of one cell, unscaled; nothing when the record lacks it.
std::optional<double> column_value(const ColumnSpec& column, const CellRecord& record);

/// Of each unit (RowGroup::unit_of) the mean over its cells that ended well; a seed has one.
std::map<std::string, double> column_values(const ColumnSpec& column, const RowGroup& row);

/// Of a column `of: bound`: which limit binds, "compute", or "compute/memory" where seeds differ.
std::string binding_resources(const ColumnSpec& column, const RowGroup& row);

/// Unit by unit, over those that both have. ratio = value / reference, speedup and efficiency = reference / value; a
/// reference of 0 gives nothing.
std::vector<double> related_values(ColumnSpec::Relation relation, const std::map<std::string, double>& values,
                                   const std::map<std::string, double>& reference);

/// Of `as: efficiency`: how many times the number that the column is relative to is that of the reference row; nothing
/// where it is no number.
std::optional<double> growth(const ColumnSpec& column, const RowSet& set, const RowGroup& row,
                             const RowGroup& reference);

/// The row whose keys are those of `row` but for `column.relative_to`; null when there is none, or more than one.
const RowGroup* reference_row(const ColumnSpec& column, const RowSet& set, const RowGroup& row);

/// What a column shows, in the words of records: a metric's name ("samples/time.train" per second of a stage),
/// "time.train", a path.
std::string column_name(const ColumnSpec& column);

/// Title, unit and format of a column, from the spec or from what it shows. `descriptor` is that of the metric, or
/// null.
struct ColumnStyle {
  std::string title;
  std::string unit;
  std::string format;
};
ColumnStyle column_style(const ColumnSpec& column, const std::string& workload, const MetricDescriptor* descriptor);

}  // namespace frugal::harness
