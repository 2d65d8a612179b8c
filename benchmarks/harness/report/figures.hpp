// From finished tables and their records to figures: the same numbers as the table, nothing selected anew.
#pragma once
#include <vector>

#include "benchmarks/harness/report/aggregate.hpp"
#include "benchmarks/harness/report/figure.hpp"
#include "benchmarks/harness/report/table.hpp"

namespace frugal::harness {

/// Two columns against each other. Rows whose x or y is no number, or not positive on a logarithmic axis, are left out,
/// and `origin` says how many. Rows that only other key columns tell apart are series of their own where these are few
/// enough to be told apart, else figures of their own. None where fewer than two points, or joined points of fewer than
/// two x, would be left.
std::vector<Figure> column_figures(const Table& table, const Plot& plot);

/// What each stage takes, as a bar a row. At most `most_bars` rows. Empty when no row has times.
std::vector<Figure> stage_figures(const Table& table, const RowSet& set);
inline constexpr std::size_t most_bars = 60;

/// Rate against arithmetic intensity for each stage that states FLOPs and bytes, below the limits that were measured
/// beside it. Empty when no record has limits.
std::vector<Figure> roofline_figures(const Table& table, const RowSet& set);

/// Loss against steps, a figure a curve ("train") and a line a row: of its first seed. At most `most_loss_lines` rows.
/// Empty when no record has curves.
std::vector<Figure> loss_figures(const Table& table, const RowSet& set);
inline constexpr std::size_t most_loss_lines = 8;

/// "n = 5; AMD EPYC, 2 cores; commit 0123456": of the rows, as far as they agree.
std::string origin_text(const Table& table);

}  // namespace frugal::harness
