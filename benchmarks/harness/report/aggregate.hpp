// The rows of a table: cells selected, grouped over seeds, labelled, told apart, sorted.
#pragma once
#include <set>
#include <span>
#include <string>
#include <vector>

#include "benchmarks/harness/record/record.hpp"
#include "benchmarks/harness/report/table_spec.hpp"

namespace frugal::harness {

/// Cells of one machine (and number of threads) and one build that differ in nothing but their seed.
struct RowGroup {
  Json view;                               ///< the cell without seed, and implementation, machine and build
  std::vector<const CellRecord*> records;  ///< in order of appearance; at most one a seed
  std::string machine;                     ///< machine_text
  std::string commit;                      ///< build_text
  std::vector<Json> keys;                  ///< one a key column: value, or text of a label
  std::vector<std::string> labels;         ///< the same as printed

  std::vector<const CellRecord*> finished() const;
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

/// Does the spec select any cell of these runs?
bool selects_any(const TableSpec& spec, std::span<const Run> runs);

/// Throws UserError when the spec selects nothing.
RowSet make_rows(const TableSpec& spec, std::span<const Run> runs);

}  // namespace frugal::harness
