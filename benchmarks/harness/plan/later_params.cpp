#include "benchmarks/harness/plan/later_params.hpp"

#include <map>
#include <string>

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

void add_defaults(Json& values, const std::vector<ParamSpec>& specs, const Json& of_dataset) {
  for (const ParamSpec& spec : specs) {
    if (has_dotted(values, spec.name)) continue;
    if (const auto other = of_dataset.find(spec.name); other != of_dataset.end())
      set_dotted(values, spec.name, *other);
    else if (!spec.default_value.is_null())
      set_dotted(values, spec.name, default_value_of(spec));
  }
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
    if (dataset != nullptr) add_defaults(cell->dataset, dataset->params, Json::object());
    add_defaults(cell->params[cell->workload], vocabulary.params(),
                 dataset != nullptr ? dataset->param_defaults : Json::object());
  }
}

}  // namespace frugal::harness
