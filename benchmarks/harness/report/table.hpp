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

/// Which value of a column a reader looks for.
enum class Better { neither, higher, lower };

struct Heading {
  std::string title;
  std::string unit{};            ///< "" for none
  bool numeric = false;          ///< right-aligned
  bool interval = false;         ///< its entries may carry half widths (a column of their own in CSV)
  bool unit_in_entries = false;  ///< entries print it themselves, with a prefix ("1.02 TFLOP")
  std::string name{};            ///< what it shows, in the words of records: "hr@10[neg=99]", "time.train", a path
  std::string relation{};        ///< of a column relative to another row: "percent"
  bool key = false;              ///< tells rows apart
  bool more = false;             ///< shown only to those who ask for it
  Better better = Better::neither;
};

struct TableEntry {
  std::string text{};                  ///< as printed, rounded, without the half width
  std::string suffix{};                ///< printed after text and half width: " TFLOP", " (n=2)"
  std::optional<double> value{};       ///< unrounded, in the heading's unit; none for words such as "failed"
  std::string half_width_text{};       ///< as printed; empty: none
  std::optional<double> half_width{};  ///< of the 95% interval, in the heading's unit
  bool disturbed = false;              ///< from a time that was measured beside other work: printed with "~"
  std::vector<double> draws{};         ///< what `value` is the mean of: one a seed, unrounded, in the heading's unit
  bool best = false;                   ///< of its column, and its interval is apart from every other: printed bold
};

/// Where the figures of a row come from. Writers without a caption (CSV) put it into every row.
struct Origin {
  int n = 0;  ///< cells (seeds) that ended well
  std::string machine{};
  std::string commit{};
  std::string run{};  ///< name of the run, or names
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
  std::vector<std::size_t> beside_x{};    ///< the same of x; only one of the two has any
  std::optional<std::size_t> series{};    ///< rows that agree in this column look alike
  std::optional<std::size_t> label{};     ///< stands beside a point where there is room
  std::vector<std::string> references{};  ///< rows with one of these in `series` are lines across the figure
  std::vector<std::size_t> facets{};      ///< rows that differ in these never share a figure: data sets
  bool log_x = false;
  bool log_y = false;
  bool front = false;  ///< draw what no other row beats: less of x and more of y
  bool lines = false;  ///< join the points of a series, in order of x
};

/// A sentence that a reader needs only while he sees one of these columns (by their index).
struct Concern {
  std::string sentence;  ///< one of the notes or of the caption
  std::vector<std::size_t> columns{};
};

/// A column of the spec for which no cell has a figure.
struct Unmeasured {
  std::string title;
  std::string name;   ///< as that of a Heading
  std::string why{};  ///< half a sentence; empty: nobody knows
};

struct Table {
  std::string name;  ///< of the spec: "cadc"; a LaTeX label and an HTML anchor
  std::string title;
  std::vector<Heading> headings{};
  std::vector<TableRow> rows{};
  std::vector<std::string> notes{};    ///< one sentence each: the spec's, and what went wrong
  std::vector<std::string> caption{};  ///< one sentence each: n and interval, clock, machine, commit
  std::vector<Figure> figures{};
  std::vector<Concern> concerns{};
  std::vector<Unmeasured> unmeasured{};
  std::vector<std::size_t> shown{};     ///< the columns of the view, in its order (arrange()); empty: all
  std::vector<std::string> left_out{};  ///< columns that the view lacks and `--columns` can bring back
  bool fits_by_leaving_out = false;     ///< where a medium is too narrow, its last columns may join them
};

/// What "~" means, for the caption of a table that has one.
inline constexpr const char* disturbed_sentence = "~: measured beside other work, more than 0.1 cores of it.";

/// What a bold figure means; a terminal has a star.
inline constexpr const char* best_sentence =
    "Bold: the best of its column on its data, its 95% interval apart from that of every other row.";

bool has_disturbed(const Table& table);

/// The table with its shown columns alone, without the sentences that concern others, and without figures.
Table visible(const Table& table);

enum class TableFormat { text, markdown, csv, json, latex, html, svg, vega, matplotlib };
inline constexpr Named<TableFormat> table_format_names[] = {
    {TableFormat::text, "txt"},  {TableFormat::markdown, "md"}, {TableFormat::csv, "csv"},
    {TableFormat::json, "json"}, {TableFormat::latex, "tex"},   {TableFormat::html, "html"},
    {TableFormat::svg, "svg"},   {TableFormat::vega, "vega"},   {TableFormat::matplotlib, "mpl"}};

/// Columns of a terminal of which nobody says how wide it is.
inline constexpr std::size_t usual_width = 120;

/// Throws UserError.
TableFormat parse_format(std::string_view name);

/// Text for a terminal of `width` columns; GitHub's Markdown tables; CSV in one long form (RFC 4180, full precision);
/// JSON (results/schema/tables.schema.json); LaTeX with booktabs and siunitx, to be \input; one standalone HTML page, with
/// the tables' figures; the figures alone (UserError when there are none), as SVG, as Vega-Lite, as a Python script for
/// matplotlib.
std::string render(std::span<const Table> tables, TableFormat format, std::size_t width = usual_width);

}  // namespace frugal::harness
