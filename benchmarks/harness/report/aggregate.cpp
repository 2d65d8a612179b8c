#include "benchmarks/harness/report/aggregate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <tuple>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/report/number_text.hpp"
#include "benchmarks/harness/report/template_text.hpp"

namespace frugal::harness {
namespace {

std::string text_of(const Json* value) { return value ? value_text(*value) : "-"; }

/// Value and printed text of one key of a row.
std::pair<Json, std::string> key_of(const RowKey& key, const RowGroup& row) {
  if (key.path.empty()) {
    for (const RowKey::Choice& choice : key.choices) {
      if (!row.meets(choice.when)) continue;
      const std::string text =
          fill_template(choice.text, [&](const std::string& path) { return text_of(row.value(path)); });
      return {text, text};
    }
    return {"other", "other"};
  }
  const Json* value = row.value(key.path);
  if (!value) return {nullptr, "-"};
  for (const auto& [known, label] : key.labels) {
    if (known == value_text(*value)) return {*value, label};
  }
  if (!value->is_number()) return {*value, value_text(*value)};
  if (key.number.format.empty() && key.number.scale == 1) return {*value, value_text(*value)};
  const std::string format = key.number.format.empty() ? "{:g}" : key.number.format;
  const TableEntry entry = number_entry(value->get<double>() * key.number.scale, {}, format, "");
  return {*value, entry.text + entry.suffix};
}

bool is_of_data(std::string_view path) { return path.starts_with("dataset."); }

/// Does the key, or a label that is chosen or made by it, tell something of the data set?
bool is_of_data(const RowKey& key) {
  return is_of_data(key.path) || std::ranges::any_of(key.choices, [](const RowKey::Choice& choice) {
           return choice.text.find("{dataset.") != std::string::npos ||
                  std::ranges::any_of(choice.when, [](const auto& condition) { return is_of_data(condition.first); });
         });
}

/// What the row shows of its data set.
std::string data_labels(const std::vector<KeyColumn>& columns, const RowGroup& row) {
  std::string labels;
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (is_of_data(columns[i].key)) labels += row.labels[i] + "\n";
  return labels;
}

/// Which column of one's own file holds what says nothing of the data.
bool tells_data_apart(const std::string& path) { return is_of_data(path) && !path.starts_with("dataset.columns."); }

/// What the spec's keys do not show and yet tells rows apart: back end and data set always, so that no row is taken for
/// one on another one's data, parameters where two rows would read the same.
std::set<std::string> hidden_differences(const std::vector<KeyColumn>& columns, const std::vector<RowGroup>& rows) {
  std::set<std::string> hidden;
  std::vector<const Json*> all;
  std::map<std::vector<std::string>, std::vector<const Json*>> alike;
  std::map<std::string, std::vector<const Json*>> of_data;
  for (const RowGroup& row : rows) {
    all.push_back(&row.cell);
    alike[row.labels].push_back(&row.cell);
    of_data[data_labels(columns, row)].push_back(&row.cell);
  }
  for (const std::string& path : varying_paths(all)) {
    if (path == "backend" || path == "dataset.name") hidden.insert(path);
  }
  for (const auto& [labels, same] : of_data) {
    for (std::string& path : varying_paths(same))
      if (tells_data_apart(path)) hidden.insert(std::move(path));
  }
  for (const auto& [labels, same] : alike) {
    for (std::string& path : varying_paths(same)) hidden.insert(std::move(path));
  }
  return hidden;
}

KeyColumn key_column(const RowKey& key, const std::string& workload, const std::vector<RowGroup>& rows) {
  KeyColumn column{key, key.path.empty() ? key.number.title : key.path, key.number.title, false};
  if (column.title.empty()) column.title = short_path(key.path, workload);
  column.numeric = !key.path.empty() && key.labels.empty() && std::ranges::all_of(rows, [&](const RowGroup& row) {
    const Json* value = row.value(key.path);
    return value && value->is_number();
  });
  return column;
}

bool less_value(const Json& left, const Json& right) {
  if (left.is_number() && right.is_number()) return left.get<double>() < right.get<double>();
  return value_text(left) < value_text(right);
}

void sort_rows(const std::vector<SortKey>& keys, std::vector<RowGroup>& rows) {
  std::ranges::stable_sort(rows, [&](const RowGroup& left, const RowGroup& right) {
    for (const SortKey& key : keys) {
      const Json* l = left.value(key.path);
      const Json* r = right.value(key.path);
      if (!l || !r) {
        if (l || r) return l != nullptr;  // rows without the value come last
        continue;
      }
      if (less_value(*l, *r)) return !key.descending;
      if (less_value(*r, *l)) return key.descending;
    }
    return false;
  });
}

/// Two files of one name are two data sets, which no row and no comparison of rows may mix. Asked of all records: of
/// two of one seed only the later one becomes part of a row.
void require_one_content(std::span<const Run> runs, const std::string& workload) {
  struct Content {
    std::string sha256;
    std::string run;
  };
  std::map<std::string, Content> content_of;
  for (const Run& run : runs) {
    for (const CellRecord& record : run.cells) {
      if (record.cell.workload != workload || record.status != Status::ok) continue;
      for (const InputRecord& input : record.inputs) {
        const Content& known =
            content_of.try_emplace(input.file, Content{input.sha256, run.folder.string()}).first->second;
        if (known.sha256 == input.sha256) continue;
        throw UserError(
            fmt::format("{} and {} read different files called {} (sha256 {} and {}): report them one by one",
                        known.run, run.folder.string(), input.file, known.sha256, input.sha256));
      }
    }
  }
}

void erase_path(Json& json, std::string_view path) {
  const std::size_t dot = path.find('.');
  const std::string key(path.substr(0, dot));
  if (!json.is_object() || !json.contains(key)) return;
  if (dot == std::string_view::npos)
    json.erase(key);
  else
    erase_path(json[key], path.substr(dot + 1));
}

/// The cells of a table; those that differ in the value at `over` alone are one.
std::vector<RowGroup> rows_of(const TableSpec& spec, std::span<const Run> runs) {
  std::vector<RowGroup> rows;
  std::map<std::tuple<std::string, std::string, Json>, std::size_t> known;  // machine, build, cell -> its place
  for (PooledCell& cell : pool_cells(runs, spec.workload, spec.where)) {
    if (!spec.needs.empty() && cell.value(spec.needs) == nullptr) continue;
    if (!spec.over.empty()) {
      erase_path(cell.cell, spec.over);
      const auto [place, is_new] = known.try_emplace({cell.machine, cell.build, cell.cell}, rows.size());
      if (!is_new) {
        std::vector<const CellRecord*>& own = rows[place->second].records;
        own.insert(own.end(), cell.records.begin(), cell.records.end());
        std::vector<const CellRecord*>& left_out = rows[place->second].left_out;
        left_out.insert(left_out.end(), cell.left_out.begin(), cell.left_out.end());
        continue;
      }
    }
    rows.push_back({std::move(cell), spec.over, {}, {}});
  }
  return rows;
}

}  // namespace

std::string RowGroup::unit_of(const CellRecord& record) const {
  return over.empty() ? fmt::format("{:020}", record.cell.seed) : text_of(cell_value(record.cell.to_json(), over));
}

std::size_t RowGroup::units(std::span<const CellRecord* const> some) const {
  std::set<std::string> different;
  for (const CellRecord* record : some) different.insert(unit_of(*record));
  return different.size();
}

bool has_cells(const TableSpec& spec, std::span<const Run> runs) { return !rows_of(spec, runs).empty(); }

bool averages(const TableSpec& spec, std::span<const Run> runs) {
  return !spec.over.empty() &&
         std::ranges::any_of(rows_of(spec, runs), [](const RowGroup& row) { return row.units(row.records) > 1; });
}

std::vector<std::string> texts_at(const RowSet& set, const std::string& path) {
  std::vector<std::string> texts;
  for (const RowGroup& row : set.rows) {
    std::string text = text_of(row.value(path));
    if (std::ranges::find(texts, text) == texts.end()) texts.push_back(std::move(text));
  }
  return texts;
}

RowSet make_rows(const TableSpec& spec, std::span<const Run> runs) {
  RowSet set;
  set.rows = rows_of(spec, runs);
  if (set.rows.empty()) {
    throw UserError(spec.place, fmt::format("this table is about {}, but no cell of the run matches", spec.workload));
  }
  require_one_content(runs, spec.workload);
  const auto add_column = [&](const RowKey& key) {
    set.columns.push_back(key_column(key, spec.workload, set.rows));
    for (RowGroup& row : set.rows) {
      auto [value, label] = key_of(key, row);
      row.keys.push_back(std::move(value));
      row.labels.push_back(std::move(label));
    }
  };
  std::set<std::string> shown;
  for (const RowKey& key : spec.rows) {
    add_column(key);
    shown.insert(key.path);
  }
  for (const std::string& path : hidden_differences(set.columns, set.rows)) {
    if (!shown.contains(path)) add_column(RowKey{.path = path});
  }
  const auto add_origin = [&](const char* title, std::string PooledCell::*member) {
    if (std::ranges::all_of(set.rows, [&](const RowGroup& row) { return row.*member == set.rows.front().*member; })) {
      return;
    }
    set.columns.push_back({RowKey{}, title, title, false});
    for (RowGroup& row : set.rows) {
      row.keys.emplace_back(row.*member);
      row.labels.push_back(row.*member);
    }
  };
  add_origin("machine", &PooledCell::machine);
  add_origin("commit", &PooledCell::build);
  sort_rows(spec.sort, set.rows);
  return set;
}

}  // namespace frugal::harness
