// What a cell is called and how it is written down.
#include "benchmarks/harness/plan/json_reader.hpp"
#include "benchmarks/harness/plan/params.hpp"
#include "benchmarks/harness/plan/plan.hpp"
#include "impl/base/sha256.hpp"

namespace frugal::harness {

Json Cell::to_json() const {
  return {{"workload", workload}, {"backend", backend}, {"dataset", dataset}, {"params", params}, {"seed", seed}};
}

Cell Cell::from_json(const Json& json, const Place& place) {
  const JsonReader reader(json, place, "a cell");
  Cell cell;
  cell.workload = reader.string("workload");
  cell.backend = reader.string("backend");
  cell.dataset = reader.object("dataset");
  cell.params = reader.object("params");
  cell.seed = reader.natural("seed");
  if (!cell.params.contains(cell.workload) || !cell.own().is_object())
    reader.fail("must hold the parameters of its workload under 'params'");
  return cell;
}

std::string Cell::id() const { return sha256(to_json().dump()).substr(0, 12); }

const Json* cell_value(const Json& cell_json, std::string_view path) {
  const Json* value = &cell_json;
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
  return Cell::from_json(json);
}

}  // namespace frugal::harness
