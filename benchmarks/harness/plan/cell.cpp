// What a cell is called and how it is written down.
#include "benchmarks/harness/plan/params.hpp"
#include "benchmarks/harness/plan/plan.hpp"
#include "impl/base/sha256.hpp"

namespace frugal::harness {

Json Cell::to_json() const {
  return {{"workload", workload}, {"backend", backend}, {"dataset", dataset}, {"params", params}, {"seed", seed}};
}

Cell Cell::from_json(const Json& json) {
  const auto member = [&](const char* key) -> const Json& {
    const auto found = json.is_object() ? json.find(key) : json.end();
    if (!json.is_object() || found == json.end()) throw UserError(std::string("a cell lacks \"") + key + "\"");
    return *found;
  };
  const auto expect = [](bool right, const char* what) {
    if (!right) throw UserError(std::string("in a cell, ") + what);
  };
  Cell cell;
  expect(member("workload").is_string(), "\"workload\" must be a string");
  expect(member("backend").is_string(), "\"backend\" must be a string");
  expect(member("dataset").is_object(), "\"dataset\" must be an object");
  expect(member("params").is_object(), "\"params\" must be an object");
  cell.workload = member("workload").get<std::string>();
  cell.backend = member("backend").get<std::string>();
  cell.dataset = member("dataset");
  cell.params = member("params");
  const Json& seed = member("seed");
  expect(seed.is_number_unsigned() || (seed.is_number_integer() && seed.get<std::int64_t>() >= 0),
         "\"seed\" must be an integer from 0");
  cell.seed = seed.get<std::uint64_t>();
  expect(cell.params.contains(cell.workload) && cell.own().is_object(), "\"params\" must hold those of the workload");
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
