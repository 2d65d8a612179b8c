#include "benchmarks/harness/report/plot.hpp"
#include "benchmarks/harness/report/writers.hpp"
#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

constexpr const char* page_head = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>frugal report</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { caption-side: bottom; color: #555; font-size: 13px; padding-top: .5rem; text-align: left; }
thead th { border-bottom: 1px solid; border-top: 2px solid; }
tbody tr:last-child > * { border-bottom: 2px solid; }
th, td { font-weight: normal; padding: .2rem .8rem; text-align: left; }
thead th { font-weight: 600; }
.n { text-align: right; }
</style>
</head>
<body>
)";

std::string html_table(const Table& whole) {
  const Table table = visible(whole);
  std::string text = "<section id=\"" + markup_escaped(table.name) + "\">\n<h2>" + markup_escaped(table.title) +
                     "</h2>\n<table>\n<caption>";
  for (std::size_t i = 0; i < table.caption.size(); ++i) text += (i == 0 ? "" : " ") + markup_escaped(table.caption[i]);
  text += "</caption>\n<thead><tr>";
  for (const Heading& heading : table.headings) {
    text += std::string("<th scope=\"col\"") + (heading.numeric ? " class=\"n\">" : ">") +
            markup_escaped(heading_text(heading)) + "</th>";
  }
  text += "</tr></thead>\n<tbody>\n";
  for (const TableRow& row : table.rows) {
    text += "<tr>";
    for (std::size_t i = 0; i < row.entries.size(); ++i) {
      const std::string entry = markup_escaped(entry_text(row.entries[i]));
      text += std::string("<td") + (table.headings[i].numeric ? " class=\"n\">" : ">") +
              (row.entries[i].best ? "<strong>" + entry + "</strong>" : entry) + "</td>";
    }
    text += "</tr>\n";
  }
  text += "</tbody>\n</table>\n";
  for (const Plot& plot : whole.plots) text += "<figure>\n" + to_svg(whole, plot) + "</figure>\n";
  if (!table.notes.empty()) {
    text += "<ul>\n";
    for (const std::string& note : table.notes) text += "<li>" + markup_escaped(note) + "</li>\n";
    text += "</ul>\n";
  }
  return text + "</section>\n";
}

}  // namespace

std::string to_html(std::span<const Table> tables) {
  std::string text = page_head;
  for (const Table& table : tables) text += html_table(table);
  return text + "</body>\n</html>\n";
}

}  // namespace frugal::harness
