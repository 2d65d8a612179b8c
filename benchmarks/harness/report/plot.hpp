// A scatter plot of two columns of a finished table, as SVG: the same figures as the table, nothing selected anew.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "benchmarks/harness/report/table.hpp"

namespace frugal::harness {

struct PlotPoint {
  double x;
  double y;
};

/// Indices of the points that none beats: no other has as small an x and as large a y, one of them strictly better.
/// Ascending in x. Of equal points the first.
std::vector<std::size_t> pareto_front(std::span<const PlotPoint> points);

/// Ticks from at most `low` to at least `high`: steps of 1, 2 or 5 times a power of ten; on a logarithmic axis powers
/// of ten, with 2 and 5 between them where it spans less than three. Both ends positive where logarithmic.
std::vector<double> axis_ticks(double low, double high, bool logarithmic);

/// An <svg> element. Rows whose x or y is no number, or not positive on a logarithmic axis, are left out, and the plot
/// says how many. Intervals are drawn as whiskers. Machine, commit and n stand below, as under the table.
std::string to_svg(const Table& table, const Plot& plot);

/// The plots of all tables, one below the other, as one SVG file. Throws UserError when there is none.
std::string to_svg(std::span<const Table> tables);

}  // namespace frugal::harness
