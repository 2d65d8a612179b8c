// The rows of a table: cells selected, grouped over seeds, labelled, told apart, sorted.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "benchmarks/harness/record/record.hpp"
#include "benchmarks/harness/report/table_spec.hpp"
#include "benchmarks/harness/study/cell_groups.hpp"

namespace frugal::harness {

struct RowGroup : PooledCell {
  std::string over{};  ///< TableSpec::over

  /// What a record is a draw of: its value at `over`, else its seed; texts that sort as the seeds do.
  std::string unit_of(const CellRecord& record) const;
  std::size_t units(std::span<const CellRecord* const> some) const;  ///< different ones

  std::vector<Json> keys;           ///< one a key column: value, or text of a label
  std::vector<std::string> labels;  ///< the same as printed
};

/// A key column: of the spec, or added because rows would not differ without it.
struct KeyColumn {
  RowKey key;
  std::string name;  ///< path, or title of a text or label: what `relative_to` calls it
  std::string title;
  bool numeric = false;
};

struct RowSet {
  std::vector<KeyColumn> columns;
  std::vector<RowGroup> rows;
};

/// What the rows have at a path, each text once, in order of appearance; "-" for a row without a value.
std::vector<std::string> texts_at(const RowSet& set, const std::string& path);

/// Is there a cell that the spec is about?
bool has_cells(const TableSpec& spec, std::span<const Run> runs);

/// Do some of the spec's rows stand for several values at `over`? False without `over`.
bool averages(const TableSpec& spec, std::span<const Run> runs);

/// Throws UserError when the spec selects nothing.
RowSet make_rows(const TableSpec& spec, std::span<const Run> runs);

}  // namespace frugal::harness
