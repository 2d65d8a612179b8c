#include "benchmarks/harness/report/best_value.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <span>
#include <string_view>

namespace frugal::harness {
namespace {

/// Draws that all agree (counts, analytic figures) have an interval of no width.
bool has_interval(const TableEntry& entry) { return entry.value && entry.draws.size() > 1 && !entry.disturbed; }

/// The end of the interval that is the worse one, or the better, as a number of which more is better.
double end_of(const TableEntry& entry, double sign, bool better) {
  return sign * *entry.value + (better ? 1 : -1) * entry.half_width.value_or(0);
}

void mark_best_of(std::span<TableRow* const> rows, std::size_t column, double sign) {
  TableEntry* best = nullptr;
  std::size_t figures = 0;
  for (TableRow* row : rows) {
    TableEntry& entry = row->entries[column];
    if (!entry.value) continue;
    if (!has_interval(entry)) return;
    ++figures;
    if (!best || sign * *entry.value > sign * *best->value) best = &entry;
  }
  if (figures < 2) return;
  best->best = std::ranges::all_of(rows, [&](const TableRow* row) {
    const TableEntry& other = row->entries[column];
    return &other == best || !other.value || end_of(other, sign, true) < end_of(*best, sign, false);
  });
}

/// Does a column tell data apart: the data set, or what is made of a signal before it is learned?
bool is_of_the_data(std::string_view path) {
  constexpr std::string_view of_signals[] = {"params.inr.image", "params.inr.size", "params.inr.colour"};
  return path.starts_with("dataset.") || std::ranges::find(of_signals, path) != std::end(of_signals);
}

}  // namespace

void mark_best(Table& table) {
  std::map<std::string, std::vector<TableRow*>> of_data;
  for (TableRow& row : table.rows) {
    std::string data;
    for (std::size_t i = 0; i < table.headings.size(); ++i)
      if (is_of_the_data(table.headings[i].name)) data += row.entries[i].text + "\n";
    of_data[data].push_back(&row);
  }
  for (std::size_t column = 0; column < table.headings.size(); ++column) {
    const Better better = table.headings[column].better;
    if (better == Better::neither) continue;
    for (const auto& [data, rows] : of_data) mark_best_of(rows, column, better == Better::higher ? 1 : -1);
  }
}

void note_best(Table& table) {
  const Table seen = visible(table);
  const bool any = std::ranges::any_of(
      seen.rows, [](const TableRow& row) { return std::ranges::any_of(row.entries, &TableEntry::best); });
  if (any) table.caption.emplace_back(best_sentence);
}

}  // namespace frugal::harness
