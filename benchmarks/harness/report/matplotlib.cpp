#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/report/figure_styles.hpp"
#include "benchmarks/harness/report/writers.hpp"

namespace frugal::harness {
namespace {

constexpr const char* script_head = R"py(#!/usr/bin/env python3
"""Figures from `frugal report`, to be edited: writes a PDF and a PNG of each into the current folder,
their names behind this file's.

Needs matplotlib 3.6. The data stand beside what draws them: x, y, half the width of y's 95% interval, label.
"""
import pathlib

import matplotlib

matplotlib.use("Agg")  # no screen needed
import matplotlib.pyplot as plt

SCRIPT = pathlib.Path(__file__).stem + "_" if "__file__" in globals() else ""
plt.rcParams.update({
    "font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": "#e0e0e0",
    "axes.axisbelow": True, "lines.markersize": 5, "lines.scale_dashes": False, "pdf.fonttype": 42, "text.parse_math": False})


def draw_series(axes, name, colour, marker, dashes, points):
    """Joined, with a band, where there are dashes; else with error bars."""
    x, y, half, labels = zip(*points)
    if dashes:
        axes.fill_between(x, [a - b for a, b in zip(y, half)], [a + b for a, b in zip(y, half)], color=colour,
                          alpha=0.18, linewidth=0)
        axes.plot(x, y, label=name, color=colour, marker=marker, linestyle=dashes)
    else:
        axes.errorbar(x, y, yerr=half if any(half) else None, label=name, color=colour, marker=marker,
                      linestyle="none", capsize=2.5)
    for place in zip(x, y, labels):
        axes.annotate(place[2], place[:2], xytext=(0, 6), textcoords="offset points", fontsize=7, ha="center",
                      color="#595959")


def draw_curve(axes, name, dashes, half, points):
    x, y = zip(*points)
    if half:
        axes.fill_between(x, [a - half for a in y], [a + half for a in y], color="#595959", alpha=0.18, linewidth=0)
    axes.plot(x, y, label=name, color="#595959", linewidth=1.2, linestyle=dashes)


def set_axis(axis, set_scale, set_limits, logarithmic, limits, ticks):
    if logarithmic:
        set_scale("log")
    set_limits(*limits)
    axis.set_ticks([value for value, text in ticks], labels=[text for value, text in ticks])
    axis.set_minor_locator(matplotlib.ticker.NullLocator())


def finish(figure, axes, title, name):
    handles, names = axes.get_legend_handles_labels()
    if any(names):
        axes.legend(handles, names, title=title, loc="lower left", bbox_to_anchor=(0, 1), ncol=3, frameon=False,
                    alignment="left")
    for ending in ("pdf", "png"):
        figure.savefig(f"{SCRIPT}{name}.{ending}", bbox_inches="tight", dpi=200)
    plt.close(figure)
)py";

/// A Python literal: JSON's strings are Python's too.
std::string python_text(const std::string& text) { return nlohmann::json(text).dump(); }

/// matplotlib's (offset, (on, off, ...)), "-" for a solid line.
std::string python_dashes(std::string_view dashes) {
  if (dashes.empty()) return "\"-\"";
  std::string list(dashes);
  for (std::size_t at = list.find(' '); at != std::string::npos; at = list.find(' ', at + 2)) list.replace(at, 1, ", ");
  return "(0, (" + list + "))";
}

/// Comments may not hold a line break.
std::string comment_text(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

std::string axis_call(const char* which, const FigureAxis& axis) {
  std::string ticks;
  for (const FigureTick& tick : axis.ticks)
    ticks += fmt::format("{}({}, {})", ticks.empty() ? "" : ", ", tick.value, python_text(tick.text));
  return fmt::format(
      "axes.set_{0}label({1})\nset_axis(axes.{0}axis, axes.set_{0}scale, axes.set_{0}lim, {2}, ({3}, {4}), [{5}])\n",
      which, python_text(axis.title), axis.logarithmic ? "True" : "False", axis.low, axis.high, ticks);
}

std::string points_block(const Figure& figure) {
  std::string text = "figure, axes = plt.subplots(figsize=(5.5, 3.4))\n";
  for (std::size_t c = 0; c < figure.curves.size(); ++c) {
    const FigureCurve& curve = figure.curves[c];
    text += fmt::format("draw_curve(axes, {}, {}, {}, [", python_text(curve.name), python_dashes(dashes_of_curve(c)),
                        curve.half_width);
    for (std::size_t i = 0; i < curve.points.size(); ++i)
      text += fmt::format("{}({}, {})", i == 0 ? "" : ", ", curve.points[i].x, curve.points[i].y);
    text += "])\n";
  }
  for (std::size_t s = 0; s < figure.series.size(); ++s) {
    const SeriesStyle& style = style_of_series(s);
    text += fmt::format("draw_series(axes, {}, \"{}\", \"{}\", {}, [\n", python_text(figure.series[s].name),
                        style.colour, style.mpl_marker, figure.lines ? python_dashes(style.dashes) : "None");
    for (const FigurePoint& point : figure.series[s].points)
      text +=
          fmt::format("    ({}, {}, {}, {}),\n", point.at.x, point.at.y, point.half_width, python_text(point.label));
    text += "])\n";
  }
  return text + axis_call("x", figure.x) + axis_call("y", figure.y);
}

std::string bars_block(const Figure& figure) {
  std::string text = "bars = [\n";
  for (const std::string& bar : figure.bars) text += fmt::format("    {},\n", python_text(bar));
  text += fmt::format(
      "]\nfigure, axes = plt.subplots(figsize=(5.5, {:.1f}))\nends = [0.0] * len(bars)\nfor name, colour, parts in [  # parts: "
      "bar, seconds\n",
      0.8 + 0.2 * static_cast<double>(figure.bars.size()));
  for (std::size_t s = 0; s < figure.series.size(); ++s) {
    std::string parts;
    for (const FigurePoint& part : figure.series[s].points)
      parts += fmt::format("{}({:g}, {})", parts.empty() ? "" : ", ", part.at.y, part.at.x);
    text +=
        fmt::format("    ({}, \"{}\", [{}]),\n", python_text(figure.series[s].name), style_of_series(s).colour, parts);
  }
  return text + fmt::format(R"py(]:
    axes.barh([bar for bar, seconds in parts], [seconds for bar, seconds in parts], left=[ends[bar] for bar, _ in parts],
              label=name, color=colour, height=0.7)
    for bar, seconds in parts:
        ends[bar] += seconds
axes.set_yticks(range(len(bars)), labels=bars)
axes.invert_yaxis()
axes.grid(False, axis="y")
axes.set_xlabel({})
)py",
                            python_text(figure.x.title));
}

}  // namespace

std::string to_matplotlib(std::span<const Table> tables) {
  std::string text = script_head;
  for (const auto& [name, figure] : all_figures(tables)) {
    text += fmt::format("\n\n# {}: {}\n# {}\n", name, comment_text(figure->title), comment_text(figure->origin));
    text += figure->bars.empty() ? points_block(*figure) : bars_block(*figure);
    text += fmt::format("finish(figure, axes, {}, {})\n", python_text(figure->series_title), python_text(name));
  }
  return text;
}

}  // namespace frugal::harness
