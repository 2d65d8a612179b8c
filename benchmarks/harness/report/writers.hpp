// One function a format; each sees only the finished table.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "benchmarks/harness/report/table.hpp"

namespace frugal::harness {

/// For a terminal of `width` columns: no line is longer, unless a word is. Headings, words in the columns that name rows,
/// and sentences are broken at blanks; then the last columns are left out where the table allows it, or follow in a block
/// of their own.
std::string to_text(std::span<const Table> tables, std::size_t width);

/// GitHub's Markdown, columns padded so that it also reads well in a terminal.
std::string to_markdown(std::span<const Table> tables);

/// RFC 4180 with "\n" line ends, a line a figure: run, table, what names the row (a column each), metric, column, relation,
/// unit, n, mean, half_width, min, max, status (the word that stands for a figure), disturbed, machine, commit. Values as
/// in the record (shortest form that reads back the same), in the unit.
std::string to_csv(std::span<const Table> tables);

/// One document, by results/schema/tables.schema.json.
std::string to_json_text(std::span<const Table> tables);

/// `table` environments; `table*` where it is wider than half a page.
std::string to_latex(std::span<const Table> tables);

/// One page that needs nothing else.
std::string to_html(std::span<const Table> tables);

/// The figures of all tables, one below the other, as one SVG file: no titles, n, machine and commit in small print.
std::string to_svg(std::span<const Table> tables);

/// Vega-Lite 5, with the data inside.
std::string to_vega(std::span<const Table> tables);

/// A Python script that makes a PDF and a PNG of each figure, with the data inside, to be edited.
std::string to_matplotlib(std::span<const Table> tables);

struct NamedFigure {
  std::string name;  ///< of its table (anchors_of()) and its number there: "cadc_1"; each is there once
  const Figure* figure;
};

/// Of all tables. Throws UserError when there is none.
std::vector<NamedFigure> all_figures(std::span<const Table> tables);

/// A word for each table to point at it, in an HTML page or by \ref: its name, of letters, digits, `_` and `-`; a second
/// table of one name is "name-2".
std::vector<std::string> anchors_of(std::span<const Table> tables);

/// "title [unit]", without the unit where entries print it.
std::string heading_text(const Heading& heading);

/// "0.7238 ± 0.0021 (n=2)".
std::string entry_text(const TableEntry& entry);

/// Where a reader finds what the view lacks: "Not shown: a, b. ..."; "" when nothing.
std::string left_out_sentence(const Table& table);

}  // namespace frugal::harness
