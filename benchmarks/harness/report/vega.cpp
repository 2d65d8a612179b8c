#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/report/figure_styles.hpp"
#include "benchmarks/harness/report/writers.hpp"

namespace frugal::harness {
namespace {

using VegaJson = nlohmann::ordered_json;

VegaJson dashes_json(std::string_view dashes) {
  VegaJson list = VegaJson::array();
  for (std::size_t at = 0; at < dashes.size();) {
    const std::size_t end = std::min(dashes.find(' ', at), dashes.size());
    list.push_back(std::stoi(std::string(dashes.substr(at, end - at))));
    at = end + 1;
  }
  return list.empty() ? VegaJson{1, 0} : list;
}

/// The ticks with the words of the other writers; `index` of a tick runs from 0 to 1.
VegaJson axis_json(const FigureAxis& axis) {
  VegaJson values = VegaJson::array(), texts = VegaJson::array();
  for (const FigureTick& tick : axis.ticks) {
    values.push_back(tick.value);
    texts.push_back(tick.text);
  }
  VegaJson json{{"title", axis.title}, {"values", values}};
  if (values.size() > 1)
    json["labelExpr"] = fmt::format("{}[round(datum.index * {})]", texts.dump(), values.size() - 1);
  return json;
}

VegaJson position_json(const char* field, const FigureAxis& axis) {
  return {
      {"field", field},
      {"type", "quantitative"},
      {"scale", {{"type", axis.logarithmic ? "log" : "linear"}, {"domain", {axis.low, axis.high}}, {"nice", false}}},
      {"axis", axis_json(axis)}};
}

/// Colour, shape or dashes of the series, by name.
template <class Value>
VegaJson by_series(const Figure& figure, const Value& value_of) {
  VegaJson domain = VegaJson::array(), range = VegaJson::array();
  for (std::size_t s = 0; s < figure.series.size(); ++s) {
    domain.push_back(figure.series[s].name);
    range.push_back(value_of(style_of_series(s)));
  }
  return {{"field", "series"},
          {"type", "nominal"},
          {"title", figure.series_title.empty() ? VegaJson(nullptr) : VegaJson(figure.series_title)},
          {"scale", {{"domain", domain}, {"range", range}}},
          {"legend", figure.series.front().name.empty() ? VegaJson(nullptr) : VegaJson{{"symbolOpacity", 1}}}};
}

VegaJson colour_of(const Figure& figure) {
  return by_series(figure, [](const SeriesStyle& style) { return VegaJson(style.colour); });
}

const VegaJson series_detail{{"field", "series"}, {"type", "nominal"}};
const VegaJson detail_tooltip{{"field", "detail"}, {"type", "nominal"}, {"title", "row"}};

/// References, fronts and roofs: grey lines of their own data, named where they end.
void add_curves(const Figure& figure, VegaJson& layers) {
  if (figure.curves.empty()) return;
  VegaJson values = VegaJson::array(), names = VegaJson::array(), dashes = VegaJson::array();
  for (std::size_t c = 0; c < figure.curves.size(); ++c) {
    const FigureCurve& curve = figure.curves[c];
    names.push_back(curve.name);
    dashes.push_back(dashes_json(dashes_of_curve(c)));
    for (std::size_t i = 0; i < curve.points.size(); ++i)
      values.push_back({{"line", curve.name},
                        {"order", i},
                        {"x", curve.points[i].x},
                        {"y", curve.points[i].y},
                        {"low", curve.points[i].y - curve.half_width},
                        {"high", curve.points[i].y + curve.half_width}});
  }
  const VegaJson x = position_json("x", figure.x), y = position_json("y", figure.y);
  const VegaJson name{
      {"field", "line"}, {"type", "nominal"}, {"title", nullptr}, {"scale", {{"domain", names}, {"range", dashes}}}};
  const VegaJson data{{"values", values}};
  if (std::ranges::any_of(figure.curves, [](const FigureCurve& curve) { return curve.half_width > 0; }))
    layers.push_back({{"data", data},
                      {"mark", {{"type", "area"}, {"color", "#595959"}, {"opacity", 0.18}, {"clip", true}}},
                      {"encoding",
                       {{"x", x},
                        {"y", position_json("low", figure.y)},
                        {"y2", {{"field", "high"}}},
                        {"detail", {{"field", "line"}, {"type", "nominal"}}}}}});
  layers.push_back(
      {{"data", data},
       {"mark", {{"type", "line"}, {"color", "#595959"}, {"clip", true}}},
       {"encoding",
        {{"x", x}, {"y", y}, {"order", {{"field", "order"}, {"type", "quantitative"}}}, {"strokeDash", name}}}});
}

VegaJson points_spec(const Figure& figure) {
  VegaJson values = VegaJson::array();
  bool any_interval = false, any_label = false;
  for (const FigureSeries& series : figure.series) {
    for (const FigurePoint& point : series.points) {
      VegaJson value{{"series", series.name}, {"x", point.at.x}, {"y", point.at.y}, {"detail", point.detail}};
      value["low"] =
          figure.y.logarithmic ? std::max(point.at.y - point.half_width, figure.y.low) : point.at.y - point.half_width;
      value["high"] = point.at.y + point.half_width;
      if (!point.label.empty()) value["label"] = point.label;
      any_interval = any_interval || point.half_width > 0;
      any_label = any_label || !point.label.empty();
      values.push_back(std::move(value));
    }
  }
  const VegaJson x = position_json("x", figure.x), y = position_json("y", figure.y), colour = colour_of(figure);
  VegaJson layers = VegaJson::array();
  add_curves(figure, layers);
  if (any_interval)
    layers.push_back(
        {{"mark", figure.lines ? VegaJson{{"type", "area"}, {"opacity", 0.18}} : VegaJson{{"type", "rule"}}},
         {"encoding",
          {{"x", x}, {"y", position_json("low", figure.y)}, {"y2", {{"field", "high"}}}, {"color", colour}}}});
  VegaJson dashes = by_series(figure, [](const SeriesStyle& style) { return dashes_json(style.dashes); });
  dashes["legend"] = nullptr;
  if (figure.lines)
    layers.push_back(
        {{"mark", {{"type", "line"}}}, {"encoding", {{"x", x}, {"y", y}, {"color", colour}, {"strokeDash", dashes}}}});
  layers.push_back({{"mark", {{"type", "point"}, {"filled", true}, {"size", 60}, {"opacity", 1}}},
                    {"encoding",
                     {{"x", x},
                      {"y", y},
                      {"color", colour},
                      {"shape", by_series(figure, [](const SeriesStyle& style) { return VegaJson(style.shape); })},
                      {"tooltip", detail_tooltip}}}});
  if (any_label)
    layers.push_back({{"mark", {{"type", "text"}, {"dy", -10}, {"fontSize", 10}, {"color", "#595959"}}},
                      {"encoding", {{"x", x}, {"y", y}, {"text", {{"field", "label"}, {"type", "nominal"}}}}}});
  return {{"width", 520},
          {"height", 320},
          {"data", {{"values", values}}},
          {"layer", layers},
          {"resolve", {{"scale", {{"strokeDash", "independent"}}}}}};
}

VegaJson bars_spec(const Figure& figure) {
  VegaJson values = VegaJson::array();
  for (std::size_t s = 0; s < figure.series.size(); ++s)
    for (const FigurePoint& part : figure.series[s].points)
      values.push_back({{"bar", figure.bars[static_cast<std::size_t>(part.at.y)]},
                        {"series", figure.series[s].name},
                        {"order", s},
                        {"x", part.at.x},
                        {"detail", part.detail}});
  return {{"width", 520},
          {"data", {{"values", values}}},
          {"mark", {{"type", "bar"}}},
          {"encoding",
           {{"y",
             {{"field", "bar"},
              {"type", "nominal"},
              {"sort", figure.bars},
              {"title", nullptr},
              {"axis", {{"labelLimit", 320}}}}},
            {"x", {{"field", "x"}, {"type", "quantitative"}, {"stack", "zero"}, {"title", figure.x.title}}},
            {"color", colour_of(figure)},
            {"order", {{"field", "order"}, {"type", "quantitative"}}},
            {"tooltip", detail_tooltip}}}};
}

VegaJson figure_spec(const NamedFigure& named) {
  const Figure& figure = *named.figure;
  VegaJson spec{{"name", named.name}, {"description", fmt::format("{}. {}.", figure.title, figure.origin)}};
  spec.update(figure.bars.empty() ? points_spec(figure) : bars_spec(figure));
  return spec;
}

}  // namespace

std::string to_vega(std::span<const Table> tables) {
  const std::vector<NamedFigure> figures = all_figures(tables);
  VegaJson spec{{"$schema", "https://vega.github.io/schema/vega-lite/v5.json"}};
  if (figures.size() == 1) {
    spec.update(figure_spec(figures.front()));
  } else {
    VegaJson list = VegaJson::array();
    for (const NamedFigure& figure : figures) list.push_back(figure_spec(figure));
    spec["vconcat"] = list;
    // Two figures may call different things alike.
    spec["resolve"] = {{"scale", {{"color", "independent"}, {"shape", "independent"}}}};
  }
  return spec.dump(1) + "\n";
}

}  // namespace frugal::harness
