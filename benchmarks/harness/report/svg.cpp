#include "benchmarks/harness/report/svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "benchmarks/harness/report/axis.hpp"
#include "benchmarks/harness/report/label_place.hpp"
#include "benchmarks/harness/report/number_text.hpp"
#include "benchmarks/harness/report/writers.hpp"
#include "impl/base/error.hpp"
#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

std::string dashed(std::string_view dashes) {
  return dashes.empty() ? "" : fmt::format(" stroke-dasharray=\"{}\"", dashes);
}

/// At most so many pixels of a text, with "…" where something was left out.
std::string fitted(const std::string& text, double width, double font_size) {
  if (text_width(text, font_size) <= width) return text;
  std::string head;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t bytes = std::max<std::size_t>(utf8_length(std::string_view(text).substr(i)), 1);
    if (text_width(head, font_size) + 1.4 * font_size > width) break;
    head += text.substr(i, bytes);
    i += bytes;
  }
  return head + "…";
}

/// Lays one figure out, from the top: legend, plot, ticks, title of the x axis, origin.
class SvgDrawing {
 public:
  SvgDrawing(const Figure& figure, const SvgLook& look)
      : figure_(figure), look_(look), size_(look.font_size), is_narrow_(look.width < 500), canvas_(look) {}

  std::string draw() {
    const double below_legend = draw_legend();
    double height = 0;
    if (figure_.bars.empty()) {
      plot_ = {y_ticks_width() + 2.1 * size_ + 8, below_legend + 6, look_.width - 14, 0};
      plot_.bottom = plot_.top + (is_narrow_ ? 230 : 330);
      draw_points_plot();
    } else {
      draw_bars_plot(below_legend + 6);
    }
    height = plot_.bottom + 3.6 * size_;
    if (!look_.in_page) height = draw_origin(height);
    const std::string paper =
        look_.in_page ? ""
                      : fmt::format("<rect width=\"{:g}\" height=\"{:.0f}\" fill=\"white\"/>\n", look_.width, height);
    const std::string extent =
        look_.in_page ? "" : fmt::format(" width=\"{:g}\" height=\"{:.0f}\"", look_.width, height);
    const std::string space = look_.in_page ? "" : " xmlns=\"http://www.w3.org/2000/svg\"";
    height_ = height;
    return fmt::format(
        "<svg{} class=\"{}\"{} viewBox=\"0 0 {:g} {:.0f}\" role=\"img\" aria-label=\"{}\" font-family=\"{}\" "
        "font-size=\"{:g}\">\n{}{}</svg>\n",
        space, is_narrow_ ? "narrow" : "wide", extent, look_.width, height, markup_escaped(figure_.title),
        look_.in_page ? "inherit" : "Helvetica, Arial, sans-serif", size_, paper, canvas_.marks());
  }

  double height() const { return height_; }

 private:
  /// The legend's entries side by side, in as many lines as they need. Returns where it ends.
  double draw_legend() {
    constexpr double left = 6;
    const double line_height = 1.55 * size_;
    double x = left, y = 1.2 * size_;
    const auto advance = [&](double width) {
      if (x > left && x + width > look_.width - 4) {
        x = left;
        y += line_height;
      }
    };
    bool any = false;
    if (!figure_.series_title.empty() && !figure_.series.empty()) {
      canvas_.text({x, y}, "start", figure_.series_title, fmt::format(" fill=\"{}\"", canvas_.muted()));
      x += text_width(figure_.series_title, size_) + 14;
      any = true;
    }
    const auto entry = [&](const std::string& name, double sample, auto&& draw_sample) {
      const std::string shown = fitted(name, look_.width - sample - 24, size_);
      const double width = sample + 6 + text_width(shown, size_);
      advance(width);
      draw_sample(PlotPoint{x, y - 0.35 * size_});
      canvas_.text({x + sample + 6, y}, "start", shown);
      x += width + 18;
      any = true;
    };
    for (std::size_t s = 0; s < figure_.series.size(); ++s) {
      if (figure_.series[s].name.empty()) continue;
      const double sample = figure_.lines ? 30 : 12;
      entry(figure_.series[s].name, sample, [&](PlotPoint at) {
        if (!figure_.bars.empty()) {
          canvas_.bar({at.x, at.y - 6}, {12, 12}, s, "");
          return;
        }
        if (figure_.lines) canvas_.line(at, {at.x + sample, at.y}, canvas_.colour(s), line_style(s));
        canvas_.marker({at.x + sample / 2, at.y}, s, "");
      });
    }
    for (std::size_t c = 0; c < figure_.curves.size(); ++c)
      entry(figure_.curves[c].name, 30, [&](PlotPoint at) {
        canvas_.line(at, {at.x + 30, at.y}, canvas_.muted(), " stroke-width=\"1.6\"" + dashed(dashes_of_curve(c)));
      });
    return any ? y + 0.5 * size_ : 4;
  }

  static std::string line_style(std::size_t series) {
    return " stroke-width=\"1.8\"" + dashed(style_of_series(series).dashes);
  }

  double y_ticks_width() const {
    double width = 0;
    for (const FigureTick& tick : figure_.y.ticks) width = std::max(width, text_width(tick.text, size_));
    return width;
  }

  double x_of(double value) const { return plot_.left + place_on(figure_.x, value) * (plot_.right - plot_.left); }
  double y_of(double value) const { return plot_.bottom - place_on(figure_.y, value) * (plot_.bottom - plot_.top); }
  /// Within the axes also where an interval on a logarithmic axis reaches down to nought.
  double clamped_y(double value) const { return y_of(std::clamp(value, figure_.y.low, figure_.y.high)); }
  PlotPoint place(PlotPoint at) const { return {x_of(at.x), y_of(at.y)}; }

  /// Where the text of a tick of the x axis stands: below it, but within the figure.
  double middle_of(const FigureTick& tick) const {
    return std::min(x_of(tick.value), look_.width - text_width(tick.text, size_) / 2 - 2);
  }

  /// The ticks of the x axis that have a text: all, or where these would meet the powers of ten, or each that leaves
  /// room for the one right of it.
  std::vector<const FigureTick*> told_ticks() const {
    const auto fitting = [&](const auto& is_wanted) {
      std::vector<const FigureTick*> told;
      double free_to = look_.width + 1;
      bool all = true;
      for (auto tick = figure_.x.ticks.rbegin(); tick != figure_.x.ticks.rend(); ++tick) {
        if (!is_wanted(tick->value)) continue;
        const double middle = middle_of(*tick), half = text_width(tick->text, size_) / 2;
        if (middle + half > free_to) {
          all = false;
          continue;
        }
        told.push_back(&*tick);
        free_to = middle - half - 8;
      }
      return std::pair(told, all);
    };
    const auto [every, all_fit] = fitting([](double) { return true; });
    if (all_fit || !figure_.x.logarithmic) return every;
    const auto [powers, powers_fit] = fitting([](double value) {
      const double power = std::log10(value);
      return std::abs(power - std::round(power)) < 1e-9;
    });
    return powers_fit && powers.size() >= 2 ? powers : every;
  }

  void draw_x_axis() {
    for (const FigureTick& tick : figure_.x.ticks) {
      const double x = x_of(tick.value);
      canvas_.line({x, plot_.bottom}, {x, plot_.top}, canvas_.grid());
      canvas_.line({x, plot_.bottom}, {x, plot_.bottom + 4}, canvas_.muted());
    }
    for (const FigureTick* tick : told_ticks())
      canvas_.text({middle_of(*tick), plot_.bottom + 4 + 1.1 * size_}, "middle", tick->text);
    canvas_.line({plot_.left, plot_.bottom}, {plot_.right, plot_.bottom}, canvas_.muted());
    canvas_.text({(plot_.left + plot_.right) / 2, plot_.bottom + 4 + 2.6 * size_}, "middle",
                 fitted(figure_.x.title, look_.width - 2 * size_, size_));
  }

  void draw_y_axis() {
    for (const FigureTick& tick : figure_.y.ticks) {
      const double y = y_of(tick.value);
      canvas_.line({plot_.left, y}, {plot_.right, y}, canvas_.grid());
      canvas_.text({plot_.left - 7, y + 0.35 * size_}, "end", tick.text);
    }
    canvas_.line({plot_.left, plot_.bottom}, {plot_.left, plot_.top}, canvas_.muted());
    const double middle = (plot_.top + plot_.bottom) / 2, x = 1.1 * size_;
    canvas_.text({x, middle}, "middle", fitted(figure_.y.title, plot_.bottom - plot_.top, size_),
                 fmt::format(" transform=\"rotate(-90 {:.1f} {:.1f})\"", x, middle));
  }

  void draw_points_plot() {
    draw_x_axis();
    draw_y_axis();
    for (std::size_t c = 0; c < figure_.curves.size(); ++c) draw_curve(c);
    for (std::size_t s = 0; s < figure_.series.size(); ++s) draw_series(s);
    draw_labels();
  }

  void draw_curve(std::size_t index) {
    const FigureCurve& curve = figure_.curves[index];
    std::vector<PlotPoint> points;
    for (const PlotPoint& point : curve.points) points.push_back(place(point));
    if (curve.half_width > 0) {
      const double above = clamped_y(curve.points.front().y + curve.half_width);
      const double below = clamped_y(curve.points.front().y - curve.half_width);
      canvas_.polygon(
          std::vector<PlotPoint>{
              {points.front().x, above}, {points.back().x, above}, {points.back().x, below}, {points.front().x, below}},
          canvas_.muted(), 0.2);
    }
    canvas_.polyline(points, canvas_.muted(), " stroke-width=\"1.6\"" + dashed(dashes_of_curve(index)));
  }

  void draw_series(std::size_t index) {
    const FigureSeries& series = figure_.series[index];
    canvas_.begin("series");
    if (figure_.lines) {
      draw_band(index);
      std::vector<PlotPoint> points;
      for (const FigurePoint& point : series.points) points.push_back(place(point.at));
      canvas_.polyline(points, canvas_.colour(index), line_style(index));
    }
    for (const FigurePoint& point : series.points) {
      if (!figure_.lines && point.half_width > 0) draw_whisker(point, canvas_.colour(index));
      canvas_.marker(place(point.at), index, point.detail);
    }
    canvas_.end();
  }

  void draw_band(std::size_t index) {
    const std::vector<FigurePoint>& points = figure_.series[index].points;
    if (std::ranges::none_of(points, [](const FigurePoint& point) { return point.half_width > 0; })) return;
    std::vector<PlotPoint> edge;
    edge.reserve(2 * points.size());
    for (const FigurePoint& point : points)
      edge.push_back({x_of(point.at.x), clamped_y(point.at.y + point.half_width)});
    for (auto point = points.rbegin(); point != points.rend(); ++point)
      edge.push_back({x_of(point->at.x), clamped_y(point->at.y - point->half_width)});
    canvas_.polygon(edge, canvas_.colour(index), 0.18);
  }

  void draw_whisker(const FigurePoint& point, const std::string& stroke) {
    const double x = x_of(point.at.x), cap = 4;
    const double above = clamped_y(point.at.y + point.half_width), below = clamped_y(point.at.y - point.half_width);
    const std::string style = " stroke-width=\"1.3\"";
    canvas_.line({x, below}, {x, above}, stroke, style);
    for (const double y : {below, above}) canvas_.line({x - cap, y}, {x + cap, y}, stroke, style);
  }

  /// The lines of curves as boxes: thin ones where they run along an axis, as stairs do.
  std::vector<Box> boxes_of_curves() const {
    std::vector<Box> boxes;
    for (const FigureCurve& curve : figure_.curves) {
      for (std::size_t i = 1; i < curve.points.size(); ++i) {
        const PlotPoint a = place(curve.points[i - 1]), b = place(curve.points[i]);
        boxes.push_back(
            {std::min(a.x, b.x) - 1, std::min(a.y, b.y) - 1, std::max(a.x, b.x) + 1, std::max(a.y, b.y) + 1});
      }
    }
    return boxes;
  }

  /// Beside each point that has room for it: those of a front first.
  void draw_labels() {
    std::vector<const FigurePoint*> all;
    std::vector<PlotPoint> places;
    std::vector<Box> taken = boxes_of_curves();
    for (const FigureSeries& series : figure_.series) {
      for (const FigurePoint& point : series.points) {
        all.push_back(&point);
        places.push_back(point.at);
        const PlotPoint at = place(point.at);
        taken.push_back({at.x - 6, std::min(at.y - 6, clamped_y(point.at.y + point.half_width)), at.x + 6,
                         std::max(at.y + 6, clamped_y(point.at.y - point.half_width))});
      }
    }
    std::vector<std::size_t> order = pareto_front(places);
    for (std::size_t i = 0; i < all.size(); ++i)
      if (std::ranges::find(order, i) == order.end()) order.push_back(i);
    const double size = 0.87 * size_;
    const Box frame{plot_.left + 2, plot_.top, plot_.right, plot_.bottom - 2};
    for (const std::size_t i : order) {
      const std::string& label = all[i]->label;
      if (label.empty()) continue;
      const auto box = free_place(place(all[i]->at), text_width(label, size), size, frame, taken);
      if (!box) continue;
      canvas_.text({box->left, box->bottom - 0.15 * size}, "start", label,
                   fmt::format(" font-size=\"{:.1f}\" fill=\"{}\"", size, canvas_.muted()));
      taken.push_back({box->left - 4, box->top, box->right + 4, box->bottom});
    }
  }

  void draw_bars_plot(double top) {
    double label_width = 0;
    for (const std::string& name : figure_.bars) label_width = std::max(label_width, text_width(name, size_));
    const double bar = 0.95 * size_, row = is_narrow_ ? 2.95 * size_ : 1.55 * size_;
    // On a narrow page the name of a bar stands above it.
    label_width = is_narrow_ ? 0 : std::min(label_width, 0.4 * look_.width);
    const double totals = text_width("0000 s", size_);
    plot_ = {is_narrow_ ? 8 : label_width + 14, top, look_.width - totals - 12,
             top + row * static_cast<double>(figure_.bars.size()) + 4};
    draw_x_axis();
    std::vector<double> ends(figure_.bars.size(), 0.0);
    const auto top_of = [&](std::size_t i) { return top + row * static_cast<double>(i) + (row - bar) - 0.3 * size_; };
    for (std::size_t i = 0; i < figure_.bars.size(); ++i) {
      if (is_narrow_)
        canvas_.text({plot_.left + 2, top_of(i) - 0.3 * size_}, "start",
                     fitted(figure_.bars[i], look_.width - 16, size_));
      else
        canvas_.text({plot_.left - 8, top_of(i) + 0.8 * size_}, "end", fitted(figure_.bars[i], label_width, size_));
    }
    for (std::size_t s = 0; s < figure_.series.size(); ++s) {
      canvas_.begin("series");
      for (const FigurePoint& part : figure_.series[s].points) {
        const auto i = static_cast<std::size_t>(part.at.y);
        canvas_.bar({x_of(ends[i]), top_of(i)}, {std::max(x_of(ends[i] + part.at.x) - x_of(ends[i]), 0.1), bar}, s,
                    part.detail);
        ends[i] += part.at.x;
      }
      canvas_.end();
    }
    for (std::size_t i = 0; i < ends.size(); ++i)
      canvas_.text({x_of(ends[i]) + 6, top_of(i) + 0.8 * size_}, "start",
                   number_entry(ends[i], {}, "", "s").text + " s", fmt::format(" fill=\"{}\"", canvas_.muted()));
    canvas_.line({plot_.left, plot_.bottom}, {plot_.left, plot_.top}, canvas_.muted());
  }

  /// In small print, broken between its parts. Returns where it ends.
  double draw_origin(double y) {
    const double size = 0.77 * size_;
    std::string line, rest = figure_.origin;
    const auto put = [&] {
      y += 1.3 * size;
      canvas_.text({6, y}, "start", line, fmt::format(" font-size=\"{:.1f}\" fill=\"{}\"", size, canvas_.muted()));
    };
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find("; "), rest.size());
      const std::string part = rest.substr(0, end);
      rest = end == rest.size() ? "" : rest.substr(end + 2);
      const std::string longer = line.empty() ? part : fmt::format("{}; {}", line, part);
      if (!line.empty() && text_width(longer, size) > look_.width - 12) {
        put();
        line = part;
      } else {
        line = longer;
      }
    }
    put();
    return y + size;
  }

  const Figure& figure_;
  SvgLook look_;
  double size_;
  bool is_narrow_;
  SvgCanvas canvas_;
  Box plot_{};
  double height_ = 0;
};

}  // namespace

std::string to_svg(const Figure& figure, const SvgLook& look) { return SvgDrawing(figure, look).draw(); }

std::vector<NamedFigure> all_figures(std::span<const Table> tables) {
  const std::vector<std::string> anchors = anchors_of(tables);
  std::vector<NamedFigure> named;
  for (std::size_t t = 0; t < tables.size(); ++t)
    for (std::size_t i = 0; i < tables[t].figures.size(); ++i)
      named.push_back({fmt::format("{}_{}", anchors[t], i + 1), &tables[t].figures[i]});
  if (named.empty())
    throw UserError(
        "nothing to draw: these tables have no plots (key `plots` of a table spec), or nothing was measured for them");
  return named;
}

std::string to_svg(std::span<const Table> tables) {
  const std::vector<NamedFigure> figures = all_figures(tables);
  if (figures.size() == 1) return to_svg(*figures.front().figure);
  constexpr double gap = 24;
  std::string drawings;
  double height = 0;
  for (const auto& [name, figure] : figures) {
    SvgDrawing drawing(*figure, {});
    drawings += fmt::format("<g transform=\"translate(0 {:.0f})\">\n{}</g>\n", height, drawing.draw());
    height += drawing.height() + gap;
  }
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:g}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:g} {1:.0f}\">\n"
      "<rect width=\"{0:g}\" height=\"{1:.0f}\" fill=\"white\"/>\n{2}</svg>\n",
      SvgLook{}.width, height - gap, drawings);
}

}  // namespace frugal::harness
