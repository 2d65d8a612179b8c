// Marks on a page of SVG: text, lines, markers. Coordinates are pixels from the upper left corner.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "benchmarks/harness/report/figure.hpp"
#include "benchmarks/harness/report/figure_styles.hpp"

namespace frugal::harness {

/// Where a figure is to stand.
struct SvgLook {
  double width = 640;  ///< pixels
  double font_size = 13;
  bool in_page = false;  ///< colours are the page's variables, so that they follow light and dark
};

/// About so many pixels in a sans-serif font: SVG has no way to ask.
double text_width(std::string_view text, double font_size);

class SvgCanvas {
 public:
  explicit SvgCanvas(const SvgLook& look) : look_(look) {}

  std::string ink() const { return look_.in_page ? "var(--ink)" : "#1b1b1b"; }
  std::string muted() const { return look_.in_page ? "var(--muted)" : "#595959"; }
  std::string grid() const { return look_.in_page ? "var(--line)" : "#dcdcdc"; }
  std::string paper() const { return look_.in_page ? "var(--paper)" : "#ffffff"; }
  std::string colour(std::size_t series) const;

  /// `anchor`: start, middle or end. `style`: more attributes.
  void text(PlotPoint at, const char* anchor, std::string_view text, const std::string& style = "");
  void line(PlotPoint from, PlotPoint to, const std::string& stroke, const std::string& style = "");
  void polyline(std::span<const PlotPoint> points, const std::string& stroke, const std::string& style = "");
  void polygon(std::span<const PlotPoint> points, const std::string& fill, double opacity);
  /// With `title` for the pointer; empty: none.
  void marker(PlotPoint at, std::size_t series, const std::string& title);
  void bar(PlotPoint from, PlotPoint size, std::size_t series, const std::string& title);
  void begin(const std::string& css_class) { marks_ += "<g class=\"" + css_class + "\">\n"; }
  void end() { marks_ += "</g>\n"; }

  /// What was drawn, without the <svg> around it.
  const std::string& marks() const { return marks_; }

 private:
  SvgLook look_;
  std::string marks_;
};

}  // namespace frugal::harness
