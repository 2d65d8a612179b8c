#include "benchmarks/harness/report/page.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "benchmarks/harness/report/figure_styles.hpp"
#include "benchmarks/harness/report/svg.hpp"
#include "benchmarks/harness/report/writers.hpp"
#include "embedded_page.hpp"
#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

std::string_view page_file(std::string_view name) {
  const auto files = embedded::page();
  return std::ranges::find(files, name, [](const auto& file) { return file.first; })->second;
}

/// The colours of the series as variables, for light and for dark.
std::string series_variables(const char* SeriesStyle::*colour) {
  std::string text;
  for (std::size_t s = 0; s < series_style_count; ++s) text += fmt::format(" --s{}: {};", s, series_styles[s].*colour);
  return text;
}

std::string page_head(const std::string& title) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<style>\n:root {{{} }}\n"
      "@media (prefers-color-scheme: dark) {{ :root {{{} }} }}\n{}</style>\n</head>\n<body>\n",
      markup_escaped(title), series_variables(&SeriesStyle::colour), series_variables(&SeriesStyle::on_dark),
      page_file("page_style"));
}

/// The number apart from its interval, so that the eye finds it.
std::string cell_text(const TableEntry& entry) {
  if (entry.text == "-") return "<span class=\"none\">–</span>";
  std::string text = markup_escaped((entry.disturbed ? "~" : "") + entry.text);
  if (!entry.half_width_text.empty())
    text += "<span class=\"pm\"> ± " + markup_escaped(entry.half_width_text) + "</span>";
  text += markup_escaped(entry.suffix);
  return entry.best ? "<strong>" + text + "</strong>" : text;
}

/// A name such as tower.side_features may break after a point or an underscore.
std::string breakable(const std::string& text) {
  std::string broken;
  for (const char c : markup_escaped(text)) {
    broken += c;
    if (c == '.' || c == '_') broken += "<wbr>";
  }
  return broken;
}

std::string head_cells(const Table& table) {
  std::string text;
  for (const Heading& heading : table.headings)
    text += fmt::format("<th scope=\"col\"{}><button type=\"button\">{}</button></th>",
                        heading.numeric ? " class=\"n\"" : "", breakable(heading_text(heading)));
  return text;
}

std::string body_rows(const Table& table) {
  std::string text;
  for (const TableRow& row : table.rows) {
    text += "<tr>";
    for (std::size_t i = 0; i < row.entries.size(); ++i) {
      const TableEntry& entry = row.entries[i];
      text += fmt::format("<td{}{}>{}</td>", table.headings[i].numeric ? " class=\"n\"" : "",
                          entry.value ? fmt::format(" data-v=\"{}\"", *entry.value) : "", cell_text(entry));
    }
    text += "</tr>\n";
  }
  return text;
}

/// For a wide page and for a phone: text in a figure that is merely scaled down cannot be read.
std::string drawn_figure(const Figure& figure) {
  return fmt::format("<figure class=\"chart\">\n{}{}<figcaption><b>{}.</b> {}.</figcaption>\n</figure>\n",
                     to_svg(figure, {.width = 640, .font_size = 13, .in_page = true}),
                     to_svg(figure, {.width = 360, .font_size = 12, .in_page = true}), markup_escaped(figure.title),
                     markup_escaped(figure.origin));
}

/// A long figure stays folded until somebody asks for it.
std::string page_figure(const Figure& figure) {
  constexpr std::size_t many_bars = 20;
  std::string drawn = drawn_figure(figure);
  if (figure.bars.size() <= many_bars) return drawn;
  return fmt::format("<details>\n<summary>{} of {} rows</summary>\n{}</details>\n", markup_escaped(figure.title),
                     figure.bars.size(), drawn);
}

std::string sentences(std::span<const std::string> list) {
  std::string text;
  for (const std::string& sentence : list) text += (text.empty() ? "" : " ") + markup_escaped(sentence);
  return text;
}

std::string table_section(const Table& whole, const std::string& id, PagePictures& pictures) {
  const Table table = visible(whole);
  std::vector<std::string> caption = table.caption;
  if (!table.left_out.empty()) caption.push_back(left_out_sentence(table));
  std::string text =
      fmt::format("<section id=\"{0}\">\n<h2 id=\"{0}-title\">{1}</h2>\n", id, markup_escaped(table.title));
  if (!whole.figures.empty()) {
    text += "<div class=\"charts\">\n";
    for (const Figure& figure : whole.figures) text += page_figure(figure);
    text += "</div>\n";
  }
  // A region that scrolls must be reachable by the keyboard.
  text += fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"{0}-title\">\n<table "
      "aria-labelledby=\"{0}-title\" aria-describedby=\"{0}-caption\">\n<thead><tr>{1}</tr></thead>\n<tbody>\n{2}"
      "</tbody>\n</table>\n</div>\n<p class=\"caption\" id=\"{0}-caption\">{3}</p>\n",
      id, head_cells(table), body_rows(table), sentences(caption));
  if (!table.notes.empty()) {
    text += "<ul class=\"notes\">\n";
    for (const std::string& note : table.notes) text += "<li>" + markup_escaped(note) + "</li>\n";
    text += "</ul>\n";
  }
  return text + pictures.of(whole) + "</section>\n";
}

std::string page_title(std::span<const Run> runs) {
  std::string title;
  for (const Run& run : runs)
    if (title.find(run.provenance.name) == std::string::npos)
      title += (title.empty() ? "" : ", ") + run.provenance.name;
  return title.empty() ? "frugal report" : title;
}

}  // namespace

std::string to_page(std::span<const Table> tables, std::span<const Run> runs, const std::filesystem::path& folder) {
  const std::string title = page_title(runs);
  const std::vector<std::string> ids = anchors_of(tables);
  std::string text = page_head(title) + "<header>\n<h1>" + markup_escaped(title) + "</h1>\n" + page_summary(runs);
  if (tables.size() > 1) {
    text += "<nav aria-label=\"Tables\">\n<ul>\n";
    for (std::size_t i = 0; i < tables.size(); ++i)
      text += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", ids[i], markup_escaped(tables[i].title));
    text += "</ul>\n</nav>\n";
  }
  text += "</header>\n<main>\n";
  PagePictures pictures(folder);
  for (std::size_t i = 0; i < tables.size(); ++i) text += table_section(tables[i], ids[i], pictures);
  return text + "</main>\n<script>\n" + std::string(page_file("page_script")) + "</script>\n</body>\n</html>\n";
}

std::string to_html(std::span<const Table> tables) { return to_page(tables, {}, "."); }

}  // namespace frugal::harness
