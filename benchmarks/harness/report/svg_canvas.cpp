#include "benchmarks/harness/report/svg_canvas.hpp"

#include <fmt/format.h>

#include <array>

#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

constexpr double marker_size = 4;  // half of its width

/// The corners of a marker around the origin, in units of marker_size; empty: a circle.
std::span<const PlotPoint> corners_of(std::string_view shape) {
  static constexpr std::array<PlotPoint, 4> square{{{-0.9, -0.9}, {0.9, -0.9}, {0.9, 0.9}, {-0.9, 0.9}}};
  static constexpr std::array<PlotPoint, 4> diamond{{{0, -1.25}, {1.25, 0}, {0, 1.25}, {-1.25, 0}}};
  static constexpr std::array<PlotPoint, 3> up{{{0, -1.2}, {1.15, 0.9}, {-1.15, 0.9}}};
  static constexpr std::array<PlotPoint, 3> down{{{0, 1.2}, {1.15, -0.9}, {-1.15, -0.9}}};
  static constexpr std::array<PlotPoint, 3> left{{{-1.2, 0}, {0.9, -1.15}, {0.9, 1.15}}};
  static constexpr std::array<PlotPoint, 3> right{{{1.2, 0}, {-0.9, -1.15}, {-0.9, 1.15}}};
  static constexpr std::array<PlotPoint, 12> cross{{{-0.4, -1.15},
                                                    {0.4, -1.15},
                                                    {0.4, -0.4},
                                                    {1.15, -0.4},
                                                    {1.15, 0.4},
                                                    {0.4, 0.4},
                                                    {0.4, 1.15},
                                                    {-0.4, 1.15},
                                                    {-0.4, 0.4},
                                                    {-1.15, 0.4},
                                                    {-1.15, -0.4},
                                                    {-0.4, -0.4}}};
  if (shape == "square") return square;
  if (shape == "diamond") return diamond;
  if (shape == "triangle-up") return up;
  if (shape == "triangle-down") return down;
  if (shape == "triangle-left") return left;
  if (shape == "triangle-right") return right;
  if (shape == "cross") return cross;
  return {};
}

std::string points_text(std::span<const PlotPoint> points) {
  std::string text;
  for (const PlotPoint& point : points)
    text += fmt::format("{}{:.1f},{:.1f}", text.empty() ? "" : " ", point.x, point.y);
  return text;
}

std::string title_element(const std::string& title) {
  return title.empty() ? "" : "<title>" + markup_escaped(title) + "</title>";
}

}  // namespace

double text_width(std::string_view text, double font_size) {
  double width = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) == 0x80) continue;  // within a character of UTF-8
    if (std::string_view("iljtfI.,:;|'!()[]/ ").find(c) != std::string_view::npos)
      width += 0.34;
    else if (std::string_view("mwMW@%").find(c) != std::string_view::npos)
      width += 0.9;
    else
      width += c >= 'A' && c <= 'Z' ? 0.7 : 0.61;
  }
  return width * font_size;
}

std::string SvgCanvas::colour(std::size_t series) const {
  return look_.in_page ? fmt::format("var(--s{})", series % series_style_count) : style_of_series(series).colour;
}

void SvgCanvas::text(PlotPoint at, const char* anchor, std::string_view text, const std::string& style) {
  marks_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", at.x, at.y, anchor,
                        style.find("fill=") == std::string::npos ? fmt::format(" fill=\"{}\"{}", ink(), style) : style,
                        markup_escaped(text));
}

void SvgCanvas::line(PlotPoint from, PlotPoint to, const std::string& stroke, const std::string& style) {
  marks_ += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\"{}/>\n", from.x,
                        from.y, to.x, to.y, stroke, style);
}

void SvgCanvas::polyline(std::span<const PlotPoint> points, const std::string& stroke, const std::string& style) {
  marks_ +=
      fmt::format("<polyline fill=\"none\" stroke=\"{}\"{} points=\"{}\"/>\n", stroke, style, points_text(points));
}

void SvgCanvas::polygon(std::span<const PlotPoint> points, const std::string& fill, double opacity) {
  marks_ +=
      fmt::format("<polygon fill=\"{}\" fill-opacity=\"{:g}\" points=\"{}\"/>\n", fill, opacity, points_text(points));
}

void SvgCanvas::marker(PlotPoint at, std::size_t series, const std::string& title) {
  const std::string of_data = title.empty() ? "" : " class=\"mark\"";
  const std::span<const PlotPoint> corners = corners_of(style_of_series(series).shape);
  if (corners.empty()) {
    marks_ += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:g}\"{} fill=\"{}\">{}</circle>\n", at.x, at.y,
                          marker_size, of_data, colour(series), title_element(title));
    return;
  }
  std::vector<PlotPoint> points;
  for (const PlotPoint& corner : corners)
    points.push_back({at.x + marker_size * corner.x, at.y + marker_size * corner.y});
  marks_ += fmt::format("<polygon points=\"{}\"{} fill=\"{}\">{}</polygon>\n", points_text(points), of_data,
                        colour(series), title_element(title));
}

void SvgCanvas::bar(PlotPoint from, PlotPoint size, std::size_t series, const std::string& title) {
  marks_ += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\"{}>{}</rect>\n",
                        from.x, from.y, size.x, size.y, colour(series), title.empty() ? "" : " class=\"mark\"",
                        title_element(title));
}

}  // namespace frugal::harness
