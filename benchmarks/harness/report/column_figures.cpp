#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "benchmarks/harness/report/axis.hpp"
#include "benchmarks/harness/report/figures.hpp"
#include "benchmarks/harness/report/number_text.hpp"
#include "benchmarks/harness/report/writers.hpp"

namespace frugal::harness {
namespace {

constexpr std::size_t most_series = 6;  // of one figure, before it falls into several
constexpr std::size_t most_ticks_of_values = 9;
constexpr std::size_t most_labels = 16;

bool has_place(const TableEntry& entry, bool logarithmic) {
  return entry.value && std::isfinite(*entry.value) && (!logarithmic || *entry.value > 0);
}

/// A heading without a title stands for several columns, of which each is a series.
Heading named(Heading heading) {
  if (heading.title.empty()) heading.title = heading.unit == "s" ? "time" : "each column";
  return heading;
}

/// The rows of a table that one plot shows, dealt into figures and series.
class ColumnFigures {
 public:
  ColumnFigures(const Table& table, const Plot& plot) : table_(table), plot_(plot) {
    for (const TableRow& row : table.rows) {
      if (!has_place(row.entries[plot.x], plot.log_x) || !has_place(row.entries[plot.y], plot.log_y))
        ++left_out_;
      else if (is_reference(row))
        references_.push_back(&row);
      else
        rows_.push_back(&row);
    }
  }

  std::vector<Figure> make() {
    std::vector<Figure> figures;
    for (const Rows& rows : dealt(rows_, [&](const TableRow& row) { return name_in(plot_.facets, row); })) {
      find_extra_columns(rows);
      faceted_ = plot_.lines && names_of(rows).size() > most_series;
      const auto parts = dealt(rows, [&](const TableRow& row) { return faceted_ ? name_in(extra_, row) : ""; });
      for (const Rows& part : parts)
        if (is_worth_drawing(part)) figures.push_back(figure_of(part));
    }
    return figures;
  }

 private:
  using Rows = std::vector<const TableRow*>;

  /// The rows of each name together, in order of first appearance.
  template <class NameOf>
  static std::vector<Rows> dealt(const Rows& rows, const NameOf& name_of) {
    std::vector<std::string> names;
    std::vector<Rows> dealt;
    for (const TableRow* row : rows) {
      const auto known = std::ranges::find(names, name_of(*row));
      const auto index = static_cast<std::size_t>(known - names.begin());
      if (known == names.end()) {
        names.push_back(name_of(*row));
        dealt.emplace_back();
      }
      dealt[index].push_back(row);
    }
    return dealt;
  }

  bool is_reference(const TableRow& row) const {
    return plot_.series &&
           std::ranges::find(plot_.references, entry_text(row.entries[*plot_.series])) != plot_.references.end();
  }

  /// Key columns without which a line would have two points above one x.
  void find_extra_columns(const Rows& rows) {
    extra_.clear();
    if (!plot_.lines) return;
    std::map<std::pair<std::string, double>, const TableRow*> first;
    for (const TableRow* row : rows) {
      const auto [other, added] = first.try_emplace({series_text(*row), *row->entries[plot_.x].value}, row);
      if (added) continue;
      for (std::size_t i = 0; i < table_.headings.size(); ++i)
        if (table_.headings[i].key && i != plot_.x && i != plot_.series &&
            row->entries[i].text != other->second->entries[i].text)
          if (std::ranges::find(extra_, i) == extra_.end()) extra_.push_back(i);
    }
  }

  std::string series_text(const TableRow& row) const {
    return plot_.series ? entry_text(row.entries[*plot_.series]) : "";
  }

  /// "batch 512, sgd".
  std::string name_in(const std::vector<std::size_t>& columns, const TableRow& row) const {
    std::string name;
    for (const std::size_t i : columns) {
      const Heading& heading = table_.headings[i];
      const std::string text = entry_text(row.entries[i]);
      const bool speaks = !heading.numeric && text != "true" && text != "false";
      name += fmt::format("{}{}{}", name.empty() ? "" : ", ", speaks ? "" : heading.title + " ", text);
    }
    return name;
  }

  std::string name_of(const TableRow& row) const {
    const std::string series = series_text(row), extra = faceted_ ? "" : name_in(extra_, row);
    return series + (series.empty() || extra.empty() ? "" : ", ") + extra;
  }

  std::vector<std::string> names_of(const Rows& rows) const {
    std::vector<std::string> names;
    for (const TableRow* row : rows)
      if (std::string name = name_of(*row); std::ranges::find(names, name) == names.end())
        names.push_back(std::move(name));
    return names;
  }

  bool is_worth_drawing(const Rows& rows) const {
    std::set<double> xs;
    for (const TableRow* row : rows) xs.insert(*row->entries[plot_.x].value);
    return rows.size() > 1 && (!plot_.lines || xs.size() > 1);
  }

  Figure figure_of(const Rows& rows) {
    std::vector<std::size_t> apart = plot_.facets;
    if (faceted_) apart.insert(apart.end(), extra_.begin(), extra_.end());
    const std::string part = name_in(apart, *rows.front());
    Figure figure{.title = fmt::format("{} against {}{}", named(table_.headings[plot_.y]).title,
                                       named(table_.headings[plot_.x]).title, part.empty() ? "" : " (" + part + ")"),
                  .lines = plot_.lines};
    if (plot_.series) figure.series_title = table_.headings[*plot_.series].title;
    for (std::string& name : names_of(rows)) figure.series.push_back({.name = std::move(name)});
    for (const TableRow* row : rows) {
      const std::string name = name_of(*row);
      std::ranges::find(figure.series, name, &FigureSeries::name)->points.push_back(point_of(*row));
    }
    thin_labels(figure);
    if (plot_.lines)
      for (FigureSeries& series : figure.series)
        std::ranges::stable_sort(series.points, {}, [](const FigurePoint& point) { return point.at.x; });
    const Rows references = references_of(rows);
    make_axes(figure, references);
    for (const TableRow* row : references) {
      const TableEntry& value = row->entries[plot_.y];
      figure.curves.push_back({series_text(*row),
                               {{figure.x.low, *value.value}, {figure.x.high, *value.value}},
                               value.half_width.value_or(0)});
    }
    if (plot_.front) figure.curves.push_back({"Pareto front", staircase(figure)});
    figure.origin = (part.empty() ? "" : part + "; ") + origin_text(table_);  // the title may be far from it
    if (left_out_ > 0) figure.origin += fmt::format("; left out for want of a figure: {}", left_out_);
    return figure;
  }

  FigurePoint point_of(const TableRow& row) const {
    const TableEntry& y = row.entries[plot_.y];
    return {.at = {*row.entries[plot_.x].value, *y.value},
            .half_width = y.half_width.value_or(0),
            .label = plot_.label ? entry_text(row.entries[*plot_.label]) : "",
            .detail = detail_of(row)};
  }

  /// "heading: entry", a line a column: what tells the row from others, x and y.
  std::string detail_of(const TableRow& row) const {
    std::string detail;
    const auto add = [&](const Heading& heading, const TableEntry& entry) {
      detail += fmt::format("{}{}: {}", detail.empty() ? "" : "\n", heading_text(heading), entry_text(entry));
    };
    for (std::size_t i = 0; i < table_.headings.size(); ++i) {
      if (!table_.headings[i].key) continue;
      const auto differs = [&](const TableRow& other) { return other.entries[i].text != row.entries[i].text; };
      if (i == plot_.x || std::ranges::any_of(table_.rows, differs)) add(table_.headings[i], row.entries[i]);
    }
    const auto add_value = [&](std::size_t column) {
      Heading heading = table_.headings[column];
      if (heading.title.empty()) heading.title = series_text(row);
      add(heading, row.entries[column]);
    };
    if (!table_.headings[plot_.x].key) add_value(plot_.x);
    add_value(plot_.y);
    return detail;
  }

  /// With many points, only those of the front keep their labels.
  static void thin_labels(Figure& figure) {
    std::vector<FigurePoint*> all;
    std::vector<PlotPoint> places;
    for (FigureSeries& series : figure.series) {
      for (FigurePoint& point : series.points) {
        all.push_back(&point);
        places.push_back(point.at);
      }
    }
    if (all.size() <= most_labels) return;
    const std::vector<std::size_t> front = pareto_front(places);
    for (std::size_t i = 0; i < all.size(); ++i)
      if (std::ranges::find(front, i) == front.end()) all[i]->label.clear();
  }

  /// One a name: the reference that agrees with the rows in most of the extra columns, of equals the first.
  Rows references_of(const Rows& rows) const {
    Rows chosen;
    for (const std::string& name : plot_.references) {
      const TableRow* best = nullptr;
      std::ptrdiff_t best_agreement = -1;
      for (const TableRow* reference : references_) {
        if (series_text(*reference) != name) continue;
        const auto agrees = [&](std::size_t i) { return reference->entries[i].text == rows.front()->entries[i].text; };
        if (!std::ranges::all_of(plot_.facets, agrees)) continue;
        const auto agreement = std::ranges::count_if(extra_, agrees);
        if (agreement > best_agreement) best = reference;
        best_agreement = std::max(best_agreement, agreement);
      }
      if (best != nullptr) chosen.push_back(best);
    }
    return chosen;
  }

  void make_axes(Figure& figure, const Rows& references) const {
    std::vector<double> xs, ys;
    const auto add_y = [&](double value, double half_width) {
      ys.push_back(value + half_width);
      // A logarithmic axis cannot show an interval down to nought: the whisker ends with the axis.
      ys.push_back(plot_.log_y && value <= half_width ? value : value - half_width);
    };
    for (const FigureSeries& series : figure.series) {
      for (const FigurePoint& point : series.points) {
        xs.push_back(point.at.x);
        add_y(point.at.y, point.half_width);
      }
    }
    for (const TableRow* row : references)
      add_y(*row->entries[plot_.y].value, row->entries[plot_.y].half_width.value_or(0));
    const bool is_setting =
        table_.headings[plot_.x].key && std::set<double>(xs.begin(), xs.end()).size() <= most_ticks_of_values;
    figure.x = make_axis(named(table_.headings[plot_.x]), xs, plot_.log_x, is_setting);
    figure.y = make_axis(named(table_.headings[plot_.y]), ys, plot_.log_y, false);
  }

  /// What is reached for at most so much: steps up where a point of the front lies, and on to the end of the axis.
  static std::vector<PlotPoint> staircase(const Figure& figure) {
    std::vector<PlotPoint> all, stairs;
    for (const FigureSeries& series : figure.series)
      for (const FigurePoint& point : series.points) all.push_back(point.at);
    for (const std::size_t i : pareto_front(all)) {
      if (!stairs.empty()) stairs.push_back({all[i].x, stairs.back().y});
      stairs.push_back(all[i]);
    }
    stairs.push_back({figure.x.high, stairs.back().y});
    return stairs;
  }

  const Table& table_;
  const Plot& plot_;
  Rows rows_, references_;
  std::vector<std::size_t> extra_;
  bool faceted_ = false;
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

std::string origin_text(const Table& table) {
  const auto common = [&](const auto& value_of) -> std::string {
    const std::string first = value_of(table.rows.front().origin);
    const bool agree =
        std::ranges::all_of(table.rows, [&](const TableRow& row) { return value_of(row.origin) == first; });
    return agree ? first : "various";
  };
  const auto [first, last] =
      std::ranges::minmax_element(table.rows, {}, [](const TableRow& row) { return row.origin.n; });
  const int least = first->origin.n, most = last->origin.n;
  const std::string n = least == most ? std::to_string(least) : fmt::format("{} to {}", least, most);
  return fmt::format("n = {}; {}; commit {}", n, common([](const Origin& o) { return o.machine; }),
                     common([](const Origin& o) { return o.commit; }));
}

std::vector<Figure> column_figures(const Table& table, const Plot& plot) {
  const bool of_x = !plot.beside_x.empty();
  const std::vector<std::size_t>& beside = of_x ? plot.beside_x : plot.beside;
  if (beside.empty()) return ColumnFigures(table, plot).make();
  // A table with a row for each of the columns: which one it is, and its figure.
  std::vector<std::size_t> columns{of_x ? plot.x : plot.y};
  columns.insert(columns.end(), beside.begin(), beside.end());
  Table longer = table;
  longer.rows.clear();
  longer.headings.push_back({});
  longer.headings.push_back({.title = "", .unit = table.headings[columns.front()].unit, .numeric = true});
  for (const std::size_t column : columns) {
    for (TableRow row : table.rows) {
      row.entries.push_back({.text = table.headings[column].title});
      row.entries.push_back(row.entries[column]);
      longer.rows.push_back(std::move(row));
    }
  }
  Plot of_longer = plot;
  of_longer.series = table.headings.size();
  (of_x ? of_longer.x : of_longer.y) = table.headings.size() + 1;
  return ColumnFigures(longer, of_longer).make();
}

}  // namespace frugal::harness
