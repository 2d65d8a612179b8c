// What a cell is called and how it is written down.
#include <fmt/format.h>

#include "benchmarks/harness/plan/execution.hpp"
#include "benchmarks/harness/plan/json_reader.hpp"
#include "benchmarks/harness/plan/params.hpp"
#include "benchmarks/harness/plan/plan.hpp"
#include "impl/base/sha256.hpp"

namespace frugal::harness {
namespace {

bool counts_to(const Json& value, int most) { return value.is_number_integer() && value >= 1 && value <= most; }

/// Of a record, which others may have written: what it is used as must be that.
Json read_back(const Json& execution, const JsonReader& reader) {
  for (const auto& [group, values] : execution.items()) {
    if (!values.is_object()) reader.fail("'execution' holds what no plan has: " + group);
    for (const auto& [key, value] : values.items()) {
      const std::string path = fmt::format("{}.{}", group, key);
      const bool fits = path == "limits.threads" ? counts_to(value, max_threads)
                        : path == "limits.ranks" ? counts_to(value, max_ranks)
                        : path == "measure.pin"  ? value.is_boolean()
                                                 : path == "limits.isa" && value.is_string();
      if (!fits) reader.fail("'execution' holds what no plan has: " + path + ": " + value.dump());
    }
  }
  return execution;
}

}  // namespace

std::filesystem::path Cell::located(const std::string& path) const {
  return path.empty() ? std::filesystem::path() : folder / path;
}

Json Cell::to_json() const {
  Json json = {
      {"workload", workload}, {"backend", backend}, {"dataset", dataset}, {"params", params.json()}, {"seed", seed}};
  if (!execution.empty()) json["execution"] = execution;
  return json;
}

Cell Cell::from_json(const Json& json, const Place& place) {
  const JsonReader reader(json, place, "a cell");
  Cell cell;
  cell.workload = reader.string("workload");
  cell.backend = reader.string("backend");
  cell.dataset = reader.object("dataset");
  cell.params = reader.object("params");
  cell.seed = reader.natural("seed");
  if (json.contains("execution")) cell.execution = read_back(reader.object("execution"), reader);
  if (!cell.params.contains(cell.workload) || !cell.own().is_object())
    reader.fail("must hold the parameters of its workload under 'params'");
  return cell;
}

std::string Cell::id() const { return sha256(to_json().dump()).substr(0, 12); }

const Json* cell_value(const Json& cell_json, std::string_view path) {
  const Json* value = &cell_json;
  // As a plan writes it: limits.threads, not execution.limits.threads.
  if (is_execution_path(path) && cell_json.is_object()) {
    const auto execution = cell_json.find("execution");
    if (execution == cell_json.end()) return nullptr;
    value = &*execution;
  }
  while (true) {
    const std::size_t dot = path.find('.');
    const std::string key(path.substr(0, dot));
    if (!value->is_object()) return nullptr;
    const auto found = value->find(key);
    if (found == value->end()) return nullptr;
    value = &*found;
    if (dot == std::string_view::npos) return value;
    path.remove_prefix(dot + 1);
  }
}

Cell with_value(const Cell& cell, std::string_view path, Json value) {
  Json json = cell.to_json();
  set_dotted(json, path, std::move(value));
  Cell changed = Cell::from_json(json);
  changed.folder = cell.folder;
  return changed;
}

}  // namespace frugal::harness
