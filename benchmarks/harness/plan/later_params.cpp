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

}  // namespace

void add_later_params(std::span<Cell* const> cells, const Workloads& workloads) {
  std::map<std::string, Vocabulary> known;
  std::map<std::pair<std::string, std::string>, std::map<std::string, Json>> usual;  // by workload and data set
  for (Cell* const cell : cells) {
    const Workload* const workload = find_workload(workloads, cell->workload);
    if (workload == nullptr) continue;
    const std::string dataset = cell->dataset.value("name", "");
    const auto [defaults, is_new] = usual.try_emplace({cell->workload, dataset});
    if (is_new) {
      const Vocabulary& vocabulary =
          known.try_emplace(cell->workload, *workload, std::vector<std::filesystem::path>{}).first->second;
      defaults->second = vocabulary.defaults(dataset);
    }
    constexpr std::string_view of_dataset = "dataset.";
    const std::string own = "params." + cell->workload + ".";
    for (const auto& [path, value] : defaults->second) {
      if (path.starts_with(own)) {
        const std::string name = path.substr(own.size());
        // What lacks nothing is not written to: cells share it.
        if (!has_dotted(cell->own(), name)) set_dotted(cell->params[cell->workload], name, value);
      } else if (const std::string name = path.substr(of_dataset.size()); !has_dotted(cell->dataset, name)) {
        set_dotted(cell->dataset, name, value);
      }
    }
  }
}

}  // namespace frugal::harness
