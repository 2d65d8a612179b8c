#include "benchmarks/harness/report/best_value.hpp"

#include <algorithm>

namespace frugal::harness {
namespace {

/// Draws that all agree (counts, analytic figures) have an interval of no width.
bool has_interval(const TableEntry& entry) { return entry.value && entry.draws.size() > 1 && !entry.disturbed; }

/// The end of the interval that is the worse one, or the better, as a number of which more is better.
double end_of(const TableEntry& entry, double sign, bool better) {
  return sign * *entry.value + (better ? 1 : -1) * entry.half_width.value_or(0);
}

void mark_best_of(Table& table, std::size_t column) {
  const double sign = table.headings[column].better == Better::higher ? 1 : -1;
  TableEntry* best = nullptr;
  std::size_t figures = 0;
  for (TableRow& row : table.rows) {
    TableEntry& entry = row.entries[column];
    if (!entry.value) continue;
    if (!has_interval(entry)) return;
    ++figures;
    if (!best || sign * *entry.value > sign * *best->value) best = &entry;
  }
  if (figures < 2) return;
  best->best = std::ranges::all_of(table.rows, [&](const TableRow& row) {
    const TableEntry& other = row.entries[column];
    return &other == best || !other.value || end_of(other, sign, true) < end_of(*best, sign, false);
  });
}

}  // namespace

void mark_best(Table& table) {
  for (std::size_t column = 0; column < table.headings.size(); ++column)
    if (table.headings[column].better != Better::neither) mark_best_of(table, column);
}

void note_best(Table& table) {
  const Table seen = visible(table);
  const bool any = std::ranges::any_of(
      seen.rows, [](const TableRow& row) { return std::ranges::any_of(row.entries, &TableEntry::best); });
  if (any) table.caption.emplace_back(best_sentence);
}

}  // namespace frugal::harness
