// One function a format; each sees only the finished table.
#pragma once
#include <span>
#include <string>

#include "benchmarks/harness/report/table.hpp"

namespace frugal::harness {

/// GitHub's Markdown, columns padded so that it also reads well in a terminal.
std::string to_markdown(std::span<const Table> tables);

/// RFC 4180 with "\n" line ends. Values as written to the record (shortest form that reads back the same); a column
/// "... half width" beside each that has intervals; n, machine and commit in every row. Tables are a blank line apart.
std::string to_csv(std::span<const Table> tables);

/// `table` environments; needs \usepackage{booktabs}.
std::string to_latex(std::span<const Table> tables);

/// One page that needs nothing else.
std::string to_html(std::span<const Table> tables);

/// The figures of all tables, one below the other, as one SVG file: no titles, n, machine and commit in small print.
std::string to_svg(std::span<const Table> tables);

/// Vega-Lite 5, with the data inside.
std::string to_vega(std::span<const Table> tables);

/// A Python script that makes a PDF and a PNG of each figure, with the data inside, to be edited.
std::string to_matplotlib(std::span<const Table> tables);

/// Of all tables. Throws UserError when there is none.
std::vector<const Figure*> all_figures(std::span<const Table> tables);

/// "title [unit]", without the unit where entries print it.
std::string heading_text(const Heading& heading);

/// "0.7238 ± 0.0021 (n=2)".
std::string entry_text(const TableEntry& entry);

/// Characters, not bytes, of UTF-8.
std::size_t display_width(std::string_view text);

}  // namespace frugal::harness
