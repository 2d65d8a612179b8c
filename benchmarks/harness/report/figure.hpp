// A figure, ready for any writer (SVG, Vega-Lite, matplotlib): the places of everything that is drawn, in the units of
// its axes, and the words beside it.
#pragma once
#include <span>
#include <string>
#include <vector>

namespace frugal::harness {

struct PlotPoint {
  double x;
  double y;
};

struct FigureTick {
  double value;
  std::string text;
};

/// From low to high, both positive where logarithmic.
struct FigureAxis {
  std::string title{};
  bool logarithmic = false;
  double low = 0;
  double high = 1;
  std::vector<FigureTick> ticks{};  ///< ascending, from low to high
};

struct FigurePoint {
  PlotPoint at{};
  double half_width = 0;  ///< of the 95% interval of y; 0: none
  std::string label{};    ///< to stand beside it where there is room
  std::string detail{};   ///< what the pointer shows: a line a column
};

/// Points that share colour, marker and dashes.
struct FigureSeries {
  std::string name{};
  std::vector<FigurePoint> points{};  ///< ascending in x where they are joined
};

/// A line behind the points: a reference, a front, a roof.
struct FigureCurve {
  std::string name;
  std::vector<PlotPoint> points;
  double half_width = 0;  ///< of the 95% interval of y
};

struct Figure {
  std::string title{};  ///< stands beside the figure, never in it
  FigureAxis x{}, y{};  ///< y has no ticks where there are bars
  std::string series_title{};
  std::vector<FigureSeries> series{};
  bool lines = false;               ///< the points of a series are joined, and their intervals are a band
  std::vector<std::string> bars{};  ///< not empty: horizontal bars of these names, from the top; a series is then a
                                    ///< part of each, its points (length, index of the bar)
  std::vector<FigureCurve> curves{};
  std::string origin{};  ///< n, machine, commit, and what is left out
};

/// Indices of the points that none beats: no other has as small an x and as large a y, one of them strictly better.
/// Ascending in x. Of equal points the first.
std::vector<std::size_t> pareto_front(std::span<const PlotPoint> points);

}  // namespace frugal::harness
