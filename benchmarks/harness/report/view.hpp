// What of a table a reader wants to see: `frugal report --columns --rows --sort --group --pivot --transpose`.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/harness/report/table.hpp"

namespace frugal::harness {

/// Others take all columns, whatever is shown (View::whole).
bool is_for_people(TableFormat format);

struct View {
  std::vector<std::string>
      columns{};  ///< each "a,b"; "all" for all; none: the first ones, eight with those that name rows
  std::vector<std::string> rows{};     ///< each "column=value,other=value": all must match, of one column any
  std::optional<std::string> sort{};   ///< a column; "-column" descending
  std::optional<std::string> group{};  ///< a column: a table for each of its values
  std::optional<std::string>
      pivot{};  ///< a column that names rows: its values side by side, of the first figure or those named
  bool transpose = false;
  bool whole = false;  ///< for machines: all columns unless some are named, constant ones too, and units as declared
};

/// The tables with the rows of the view, and its columns in Table::shown. Columns that are alike in all rows become a
/// sentence of the caption; sentences about columns that are not shown are dropped; the best of a column is marked. Of
/// several tables those remain that have a named column, and a row that matches. Columns are called by title or by what
/// they show ("hr@10[neg=99]", "params.inr.precision", "precision"). Throws UserError for a name or value that no table has,
/// and where nothing is left.
std::vector<Table> arrange(std::vector<Table> tables, const View& view);

/// A column a row, a row a column, of what is shown.
Table transposed(const Table& table);

}  // namespace frugal::harness
