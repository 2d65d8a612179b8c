#include "benchmarks/harness/report/column_names.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "impl/base/error.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

/// "precision" of "params.inr.precision".
std::string_view without_root(std::string_view name) {
  constexpr std::string_view root = "params.";
  if (!name.starts_with(root)) return name;
  const std::size_t dot = name.find('.', root.size());
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

}  // namespace

std::optional<std::size_t> column_called(const Table& table, std::string_view name) {
  const auto index = [&](auto found) { return static_cast<std::size_t>(found - table.headings.begin()); };
  // A title comes first: several columns may show one metric, each in another way.
  if (const auto found = std::ranges::find(table.headings, name, &Heading::title); found != table.headings.end())
    return index(found);
  const auto found = std::ranges::find_if(table.headings, [&](const Heading& heading) {
    return !heading.name.empty() && (heading.name == name || without_root(heading.name) == name);
  });
  if (found != table.headings.end()) return index(found);
  return std::nullopt;
}

bool some_table_has(std::span<const Table> tables, std::string_view name) {
  return std::ranges::any_of(tables, [&](const Table& table) { return column_called(table, name).has_value(); });
}

void require_column(std::span<const Table> tables, std::string_view option, const std::string& name) {
  if (some_table_has(tables, name)) return;
  for (const Table& table : tables)
    for (const Unmeasured& column : table.unmeasured)
      if (column.title == name || column.name == name)
        throw UserError(fmt::format("{}: '{}' was not measured in these runs{}{}", option, name,
                                    column.why.empty() ? "" : ": ", column.why));
  std::vector<std::string> known;
  for (const Table& table : tables)
    for (const Heading& heading : table.headings)
      if (std::ranges::find(known, heading.title) == known.end()) known.push_back(heading.title);
  // Names are for those who know them: nearest() may find one, the list would only be longer.
  std::vector<std::string> names = known;
  for (const Table& table : tables)
    for (const Heading& heading : table.headings) names.push_back(heading.name);
  if (nearest(name, names)) throw UserError(fmt::format("{}: {}", option, unknown_word("column", name, names)));
  throw UserError(fmt::format("{}: {}", option, unknown_word("column", name, known)));
}

std::vector<std::string> column_list(std::span<const Table> tables, std::string_view option, const std::string& list) {
  std::vector<std::string> names;
  std::size_t from = 0;
  while (from <= list.size()) {
    // The longest name that a table knows and that ends at a comma; else what stands before the next one.
    std::size_t end = std::min(list.find(',', from), list.size());
    for (std::size_t comma = end; comma < list.size();) {
      comma = std::min(list.find(',', comma + 1), list.size());
      if (some_table_has(tables, std::string_view(list).substr(from, comma - from))) end = comma;
    }
    std::string name = list.substr(from, end - from);
    name.erase(0, std::min(name.find_first_not_of(' '), name.size()));
    require_column(tables, option, name);
    names.push_back(std::move(name));
    from = end + 1;
  }
  return names;
}

}  // namespace frugal::harness
