#include "benchmarks/harness/report/fitting.hpp"

#include <algorithm>
#include <numeric>

#include "benchmarks/harness/report/writers.hpp"

namespace frugal::harness {
namespace {

/// Indices of the columns that name rows, or of the others.
std::vector<std::size_t> columns_where(const Table& table, bool naming) {
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < table.headings.size(); ++i)
    if (names_rows(table.headings[i]) == naming) columns.push_back(i);
  return columns;
}

Table part_of(const Table& table, std::vector<std::size_t> columns) {
  std::ranges::sort(columns);
  Table part = table;
  part.shown = std::move(columns);
  return visible(part);
}

/// Each part has the columns `names` and some of `others`.
std::vector<Table> split(const Table& table, const std::vector<std::size_t>& names,
                         const std::vector<std::size_t>& others, const std::function<bool(const Table&)>& fits) {
  std::vector<Table> parts;
  std::vector<std::size_t> columns = names;
  for (const std::size_t other : others) {
    std::vector<std::size_t> more = columns;
    more.push_back(other);
    if (columns.size() > names.size() && !fits(part_of(table, more))) {
      parts.push_back(part_of(table, columns));
      more = names;
      more.push_back(other);
    }
    columns = std::move(more);
  }
  parts.push_back(part_of(table, columns));
  return parts;
}

/// With a first column that counts the rows.
Table numbered(const Table& table) {
  Table counted = table;
  counted.headings.insert(counted.headings.begin(), {.title = "row", .numeric = true, .key = true});
  for (std::size_t row = 0; row < counted.rows.size(); ++row) {
    std::vector<TableEntry>& entries = counted.rows[row].entries;
    entries.insert(entries.begin(), {.text = std::to_string(row + 1), .value = static_cast<double>(row + 1)});
  }
  for (Concern& concern : counted.concerns)
    for (std::size_t& column : concern.columns) ++column;
  return counted;
}

}  // namespace

bool names_rows(const Heading& heading) { return heading.key || !heading.numeric; }

std::vector<Table> fitting_parts(const Table& table, const std::function<bool(const Table&)>& fits) {
  if (fits(table)) return {table};
  const std::vector<std::size_t> names = columns_where(table, true);
  const std::vector<std::size_t> all_figures = columns_where(table, false);
  const auto fits_beside_names = [&](std::size_t figure) {
    std::vector<std::size_t> least = names;
    least.push_back(figure);
    return fits(part_of(table, least));
  };
  // A table that leaves columns out keeps its first figure; of another each figure has to find room.
  const bool names_leave_room =
      !all_figures.empty() && (table.fits_by_leaving_out ? fits_beside_names(all_figures.front())
                                                         : std::ranges::all_of(all_figures, fits_beside_names));
  if (!names_leave_room) {
    std::vector<std::size_t> others(table.headings.size());
    std::iota(others.begin(), others.end(), std::size_t{1});
    return split(numbered(table), {0}, others, fits);
  }
  if (!table.fits_by_leaving_out) return split(table, names, all_figures, fits);
  Table fewer = table;
  std::vector<std::string> left_out;
  while (!fits(fewer)) {
    const std::vector<std::size_t> figures = columns_where(fewer, false);
    if (figures.size() < 2) break;
    const bool last_is_count = figures.size() > 2 && fewer.headings[figures.back()].name == "n";
    const std::size_t victim = last_is_count ? figures[figures.size() - 2] : figures.back();
    left_out.insert(left_out.begin(), heading_text(fewer.headings[victim]));
    std::vector<std::size_t> others;
    for (std::size_t i = 0; i < fewer.headings.size(); ++i)
      if (i != victim) others.push_back(i);
    fewer = part_of(fewer, others);
  }
  fewer.left_out.insert(fewer.left_out.begin(), left_out.begin(), left_out.end());
  return {fewer};
}

}  // namespace frugal::harness
