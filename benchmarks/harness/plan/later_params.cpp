#include "benchmarks/harness/plan/later_params.hpp"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "benchmarks/harness/plan/params.hpp"

namespace frugal::harness {
namespace {

/// Is there anything at root.a.b, for the dotted name "a.b"?
bool has_dotted(const Json& root, std::string_view name) {
  const Json* value = &root;
  while (value->is_object()) {
    const std::size_t dot = name.find('.');
    const auto found = value->find(std::string(name.substr(0, dot)));
    if (found == value->end()) return false;
    if (dot == std::string_view::npos) return true;
    value = &*found;
    name.remove_prefix(dot + 1);
  }
  return true;  // a value where today's program has a group: not ours to overwrite
}

/// Of those that are not among `values` and have one: name and value.
std::vector<std::pair<std::string_view, Json>> lacking_defaults(const Json& values, const std::vector<ParamSpec>& specs,
                                                                const Json& of_dataset) {
  std::vector<std::pair<std::string_view, Json>> defaults;
  for (const ParamSpec& spec : specs) {
    if (has_dotted(values, spec.name)) continue;
    if (const auto other = of_dataset.find(spec.name); other != of_dataset.end())
      defaults.emplace_back(spec.name, *other);
    else if (!spec.default_value.is_null())
      defaults.emplace_back(spec.name, default_value_of(spec));
  }
  return defaults;
}

}  // namespace

void add_later_params(std::span<Cell* const> cells, const Workloads& workloads) {
  std::map<std::string, Vocabulary> known;
  for (Cell* const cell : cells) {
    const Workload* const workload = find_workload(workloads, cell->workload);
    if (workload == nullptr) continue;
    const Vocabulary& vocabulary =
        known.try_emplace(cell->workload, *workload, std::vector<std::filesystem::path>{}).first->second;
    const DatasetChoice* const dataset = vocabulary.dataset(cell->dataset.value("name", ""));
    if (dataset != nullptr)
      for (auto& [name, value] : lacking_defaults(cell->dataset, dataset->params, Json::object()))
        set_dotted(cell->dataset, name, std::move(value));
    // What lacks nothing is not written to: cells share it.
    for (auto& [name, value] : lacking_defaults(cell->own(), vocabulary.params(),
                                                dataset != nullptr ? dataset->param_defaults : Json::object()))
      set_dotted(cell->params[cell->workload], name, std::move(value));
  }
}

}  // namespace frugal::harness
