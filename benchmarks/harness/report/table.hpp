// A finished table, ready for any writer: what a reader sees, and the numbers behind it.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/harness/report/figure.hpp"
#include "impl/base/names.hpp"

namespace frugal::harness {

struct Heading {
  std::string title;
  std::string unit{};            ///< "" for none
  bool numeric = false;          ///< right-aligned
  bool interval = false;         ///< its entries may carry half widths (a column of their own in CSV)
  bool unit_in_entries = false;  ///< entries print it themselves, with a prefix ("1.02 TFLOP")
};

struct TableEntry {
  std::string text{};                  ///< as printed, rounded, without the half width
  std::string suffix{};                ///< printed after text and half width: " TFLOP", " (n=2)"
  std::optional<double> value{};       ///< unrounded, in the heading's unit; none for words such as "failed"
  std::string half_width_text{};       ///< as printed; empty: none
  std::optional<double> half_width{};  ///< of the 95% interval, in the heading's unit
  bool disturbed = false;              ///< from a time that was measured beside other work: printed with "~"
};

/// Where the figures of a row come from. Writers without a caption (CSV) put it into every row.
struct Origin {
  int n = 0;  ///< cells (seeds) that ended well
  std::string machine{};
  std::string commit{};
};

struct TableRow {
  std::vector<TableEntry> entries{};  ///< one a heading
  Origin origin{};
  std::string artifacts{};  ///< folder that the first of its cells which has one left; empty: none
};

/// Two numeric columns against each other. Columns are indices into the headings.
struct Plot {
  std::size_t x = 0;
  std::size_t y = 0;
  std::vector<std::size_t> beside{};      ///< more columns in the unit of y; then each column is a series, y the first
  std::optional<std::size_t> series{};    ///< rows that agree in this column look alike
  std::optional<std::size_t> label{};     ///< stands beside a point where there is room
  std::vector<std::string> references{};  ///< rows with one of these in `series` are lines across the figure
  std::vector<std::size_t> facets{};      ///< rows that differ in these never share a figure: data sets
  bool log_x = false;
  bool log_y = false;
  bool front = false;  ///< draw what no other row beats: less of x and more of y
  bool lines = false;  ///< join the points of a series, in order of x
};

struct Table {
  std::string name;  ///< of the spec: "cadc"; a LaTeX label and an HTML anchor
  std::string title;
  std::vector<Heading> headings{};
  std::size_t keys = 0;  ///< so many of the headings, the first ones, say what a row is
  std::vector<TableRow> rows{};
  std::vector<std::string> notes{};    ///< one sentence each: the spec's, and what went wrong
  std::vector<std::string> caption{};  ///< one sentence each: n and interval, clock, machine, commit
  std::vector<Figure> figures{};
};

/// What "~" means, for the caption of a table that has one.
inline constexpr const char* disturbed_sentence = "~: measured beside other work, more than 0.1 cores of it.";

bool has_disturbed(const Table& table);

enum class TableFormat { markdown, csv, latex, html, svg, vega, matplotlib };
inline constexpr Named<TableFormat> table_format_names[] = {
    {TableFormat::markdown, "md"},   {TableFormat::csv, "csv"}, {TableFormat::latex, "tex"},
    {TableFormat::html, "html"},     {TableFormat::svg, "svg"}, {TableFormat::vega, "vega"},
    {TableFormat::matplotlib, "mpl"}};

/// Throws UserError.
TableFormat parse_format(std::string_view name);

/// GitHub's Markdown tables; CSV (RFC 4180, full precision, blank line between tables); LaTeX with booktabs, to be
/// \input; one standalone HTML page, with the tables' figures; the figures alone (UserError when there are none), as SVG,
/// as Vega-Lite, as a Python script for matplotlib.
std::string render(std::span<const Table> tables, TableFormat format);

}  // namespace frugal::harness
