#include "benchmarks/harness/report/plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "benchmarks/harness/report/number_text.hpp"
#include "benchmarks/harness/report/writers.hpp"
#include "impl/base/error.hpp"
#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

constexpr double plot_width = 760, plot_height = 440;
constexpr double plot_left = 80, plot_right = 170, plot_top = 40, plot_bottom = 76;  // the legend is on the right

// Okabe and Ito's colours: told apart also by readers who do not see red or green.
constexpr const char* plot_colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                        "#e69f00", "#56b4e9", "#000000", "#8a8a00"};

/// A row of the table, as the plot sees it.
struct PlotMark {
  PlotPoint at{};
  double half_width = 0;  ///< of y
  std::size_t series = 0;
  std::string label{};  ///< what the pointer shows
};

/// Values along one axis to places on the page.
struct PlotAxis {
  double low, high;  ///< the values at its ends
  double first, last;
  bool logarithmic;
  std::vector<double> ticks;

  PlotAxis(double lowest, double highest, bool log, double from, double to)
      : first(from), last(to), logarithmic(log), ticks(axis_ticks(lowest, highest, log)) {
    low = ticks.front();
    high = ticks.back();
  }

  double place(double value) const {
    const auto scale = [this](double v) { return logarithmic ? std::log10(v) : v; };
    const double share = (scale(std::clamp(value, low, high)) - scale(low)) / (scale(high) - scale(low));
    return first + share * (last - first);
  }
};

std::string tick_text(double value, const Heading& heading) {
  if (reads_best_with_prefix(heading.unit)) {
    const TableEntry entry = number_entry(value, {}, "si", heading.unit);
    return fmt::format("{:g}{}", std::stod(entry.text), entry.suffix);
  }
  return fmt::format("{:g}", value);
}

std::string text_at(double x, double y, const char* anchor, const std::string& text, const char* style = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y, anchor, style,
                     markup_escaped(text));
}

std::string line_between(double x1, double y1, double x2, double y2, const char* stroke) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\"/>\n", x1, y1, x2, y2,
                     stroke);
}

/// One plot of a table: what it shows, and where that lies.
class PlotDrawing {
 public:
  PlotDrawing(const Table& table, const Plot& plot) : table_(table), plot_(plot) {
    for (const TableRow& row : table.rows) add_mark(row);
  }

  std::string svg() const {
    std::string text = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:g}\" height=\"{1:g}\" viewBox=\"0 0 {0:g} {1:g}\" "
        "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"{0:g}\" height=\"{1:g}\" fill=\"white\"/>\n",
        plot_width, plot_height);
    text += text_at(plot_left, 22, "start", table_.title, " font-size=\"15\" font-weight=\"bold\"");
    if (marks_.empty()) return text + text_at(plot_left, 60, "start", "No row has both figures.") + "</svg>\n";
    const PlotAxis x = axis(&PlotPoint::x, plot_.log_x, plot_left, plot_width - plot_right);
    const PlotAxis y = axis(&PlotPoint::y, plot_.log_y, plot_height - plot_bottom, plot_top);
    return text + grid(x, y) + curves(x, y) + points(x, y) + legend() + origin() + "</svg>\n";
  }

 private:
  static bool fits(const TableEntry& entry, bool logarithmic) {
    return entry.value && std::isfinite(*entry.value) && (!logarithmic || *entry.value > 0);
  }

  void add_mark(const TableRow& row) {
    const TableEntry& x = row.entries[plot_.x];
    const TableEntry& y = row.entries[plot_.y];
    if (!fits(x, plot_.log_x) || !fits(y, plot_.log_y)) {
      ++left_out_;
      return;
    }
    PlotMark mark{.at = {*x.value, *y.value}, .half_width = y.half_width.value_or(0)};
    if (plot_.series) {
      const std::string name = entry_text(row.entries[*plot_.series]);
      const auto known = std::ranges::find(series_, name);
      mark.series = static_cast<std::size_t>(known - series_.begin());
      if (known == series_.end()) series_.push_back(name);
    }
    for (std::size_t i = 0; i < row.entries.size(); ++i)
      mark.label +=
          fmt::format("{}{}: {}", i == 0 ? "" : "\n", heading_text(table_.headings[i]), entry_text(row.entries[i]));
    marks_.push_back(std::move(mark));
  }

  PlotAxis axis(double PlotPoint::*value, bool logarithmic, double from, double to) const {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const PlotMark& mark : marks_) {
      low = std::min(low, mark.at.*value);
      high = std::max(high, mark.at.*value);
    }
    return {low, high, logarithmic, from, to};
  }

  std::string grid(const PlotAxis& x, const PlotAxis& y) const {
    std::string text;
    for (const double tick : x.ticks) {
      text += line_between(x.place(tick), y.first, x.place(tick), y.last, "#ddd");
      text += text_at(x.place(tick), y.first + 16, "middle", tick_text(tick, table_.headings[plot_.x]));
    }
    for (const double tick : y.ticks) {
      text += line_between(x.first, y.place(tick), x.last, y.place(tick), "#ddd");
      text += text_at(x.first - 6, y.place(tick) + 4, "end", tick_text(tick, table_.headings[plot_.y]));
    }
    text += line_between(x.first, y.first, x.last, y.first, "black");
    text += line_between(x.first, y.first, x.first, y.last, "black");
    text += text_at((x.first + x.last) / 2, y.first + 36, "middle", heading_text(table_.headings[plot_.x]));
    const double middle = (y.first + y.last) / 2;
    return text + text_at(18, middle, "middle", heading_text(table_.headings[plot_.y]),
                          fmt::format(" transform=\"rotate(-90 18 {:.1f})\"", middle).c_str());
  }

  std::string polyline(const PlotAxis& x, const PlotAxis& y, const std::vector<std::size_t>& marks,
                       const std::string& stroke) const {
    std::string text = "<polyline fill=\"none\" stroke=\"" + stroke + "\" points=\"";
    for (const std::size_t i : marks)
      text += fmt::format("{:.1f},{:.1f} ", x.place(marks_[i].at.x), y.place(marks_[i].at.y));
    return text + "\"/>\n";
  }

  std::string curves(const PlotAxis& x, const PlotAxis& y) const {
    std::string text;
    for (std::size_t s = 0; plot_.lines && s < std::max<std::size_t>(series_.size(), 1); ++s) {
      std::vector<std::size_t> members;
      for (std::size_t i = 0; i < marks_.size(); ++i)
        if (marks_[i].series == s) members.push_back(i);
      std::ranges::stable_sort(members, {}, [this](std::size_t i) { return marks_[i].at.x; });
      text += polyline(x, y, members, colour(s));
    }
    if (plot_.front) {
      std::vector<PlotPoint> all;
      for (const PlotMark& mark : marks_) all.push_back(mark.at);
      text += polyline(x, y, pareto_front(all), "#555\" stroke-dasharray=\"5 3");
    }
    return text;
  }

  std::string points(const PlotAxis& x, const PlotAxis& y) const {
    std::string text;
    for (const PlotMark& mark : marks_) {
      const double across = x.place(mark.at.x);
      if (mark.half_width > 0) {
        const double least = plot_.log_y ? y.low : mark.at.y - mark.half_width;
        text += line_between(across, y.place(std::max(mark.at.y - mark.half_width, least)), across,
                             y.place(mark.at.y + mark.half_width), colour(mark.series));
      }
      text += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\" fill=\"{}\"><title>{}</title></circle>\n",
                          across, y.place(mark.at.y), colour(mark.series), markup_escaped(mark.label));
    }
    return text;
  }

  std::string legend() const {
    std::string text;
    const double x = plot_width - plot_right + 16;
    double y = plot_top + 4;
    if (plot_.series) {
      text += text_at(x, y, "start", table_.headings[*plot_.series].title, " font-weight=\"bold\"");
      y += 18;
    }
    for (std::size_t s = 0; s < series_.size(); ++s, y += 18) {
      text += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\" fill=\"{}\"/>\n", x + 4, y - 4, colour(s));
      text += text_at(x + 14, y, "start", series_[s]);
    }
    if (plot_.front) {
      text += fmt::format(
          "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#555\" stroke-dasharray=\"5 3\"/>\n",
          x - 4, y - 4, x + 12, y - 4);
      text += text_at(x + 16, y, "start", "Pareto front");
    }
    return text;
  }

  /// n, machine and commit of the rows, as far as they agree.
  std::string origin() const {
    const auto common = [this](const auto& value_of) -> std::string {
      const std::string first = value_of(table_.rows.front().origin);
      const bool agree =
          std::ranges::all_of(table_.rows, [&](const TableRow& row) { return value_of(row.origin) == first; });
      return agree ? first : "various";
    };
    const auto line = [](double above_bottom, const std::string& text) {
      return text_at(plot_left, plot_height - above_bottom, "start", text, " font-size=\"10\" fill=\"#555\"");
    };
    std::string measured = fmt::format("n = {}; {}", common([](const Origin& o) { return std::to_string(o.n); }),
                                       common([](const Origin& o) { return o.machine; }));
    if (left_out_ > 0) measured += fmt::format("; left out for want of a figure: {}", left_out_);
    return line(22, measured) + line(8, "commit " + common([](const Origin& o) { return o.commit; }));
  }

  static const char* colour(std::size_t series) { return plot_colours[series % std::size(plot_colours)]; }

  const Table& table_;
  const Plot& plot_;
  std::vector<PlotMark> marks_;
  std::vector<std::string> series_;
  int left_out_ = 0;
};

}  // namespace

std::vector<std::size_t> pareto_front(std::span<const PlotPoint> points) {
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    return points[a].x != points[b].x ? points[a].x < points[b].x : points[a].y > points[b].y;
  });
  std::vector<std::size_t> front;
  for (const std::size_t i : order)
    if (front.empty() || points[i].y > points[front.back()].y) front.push_back(i);
  return front;
}

std::vector<double> axis_ticks(double low, double high, bool logarithmic) {
  std::vector<double> ticks;
  if (logarithmic) {
    const int first = static_cast<int>(std::floor(std::log10(low)));
    const int last = std::max(static_cast<int>(std::ceil(std::log10(high))), first + 1);
    const bool few = last - first < 3;
    for (int power = first; power <= last; ++power) {
      for (const int factor : {1, 2, 5}) {
        if (factor == 1 || (few && power < last)) ticks.push_back(factor * std::pow(10, power));
      }
    }
    // With the ticks between, whole ones at the ends may lie outside of the data.
    while (ticks.size() > 2 && ticks[1] <= low) ticks.erase(ticks.begin());
    while (ticks.size() > 2 && ticks[ticks.size() - 2] >= high) ticks.pop_back();
    return ticks;
  }
  const double span = high > low ? high - low : std::max(std::abs(high), 1.0);
  const double rough = span / 6;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  const double step = power * (rough <= power ? 1 : rough <= 2 * power ? 2 : rough <= 5 * power ? 5 : 10);
  const double first = std::floor(low / step);
  const double last = std::max(std::ceil(high / step), first + 1);
  for (double i = first; i <= last; ++i) ticks.push_back(i * step);
  return ticks;
}

std::string to_svg(const Table& table, const Plot& plot) { return PlotDrawing(table, plot).svg(); }

std::string to_svg(std::span<const Table> tables) {
  std::string plots;
  int count = 0;
  for (const Table& table : tables) {
    for (const Plot& plot : table.plots) {
      plots += fmt::format("<g transform=\"translate(0 {:g})\">\n{}</g>\n", plot_height * count, to_svg(table, plot));
      ++count;
    }
  }
  if (count == 0) throw UserError("none of these tables has a plot (key `plots` of a table spec)");
  return fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{:g}\" height=\"{:g}\">\n{}</svg>\n",
                     plot_width, plot_height * count, plots);
}

}  // namespace frugal::harness
