#include "benchmarks/harness/plan/read_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "benchmarks/harness/plan/plan.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

/// A search makes its own points, and has its own bounds.
constexpr const char* not_beside_search[] = {"matrix", "zip", "include", "exclude", "gate"};

bool is_number(const Node& node) { return node.kind == Node::Kind::integer || node.kind == Node::Kind::real; }

/// Small to large is what the strategies step along; names have the order in which they are written.
void require_order(const std::vector<Node>& values) {
  for (std::size_t i = 1; i < values.size(); ++i) {
    const bool numbers = is_number(values[i - 1]) && is_number(values[i]);
    if (numbers && !(values[i].real > values[i - 1].real)) {
      throw UserError(values[i].place, fmt::format("the values of a search go from small to large, but {} follows {}",
                                                   values[i].text, values[i - 1].text));
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (to_json(values[j]) == to_json(values[i])) throw UserError(values[i].place, "this value is here already");
    }
  }
}

void read_objective(const Vocabulary& vocabulary, const Node& node, SearchSpec& search) {
  const Node* maximize = node.find("maximize");
  const Node* minimize = node.find("minimize");
  if ((maximize == nullptr) == (minimize == nullptr)) {
    throw UserError(node.place, "a search needs either 'maximize' or 'minimize', with the name of a metric");
  }
  search.maximize = maximize != nullptr;
  search.objective = read_metric(vocabulary, maximize != nullptr ? *maximize : *minimize);
}

/// The workload's of that path.
const ParamSpec& own_param(const Vocabulary& vocabulary, const std::string& path, const Place& place) {
  const std::string own = "params." + vocabulary.name() + ".";
  const ParamSpec* spec = path.starts_with(own) ? vocabulary.param(path.substr(own.size())) : nullptr;
  if (spec != nullptr) return *spec;
  std::vector<std::string> known;
  for (const std::string& name : vocabulary.param_names()) known.push_back(own + name);
  throw UserError(place, unknown_word("parameter", path, known));
}

/// A number, and not an axis.
const ParamSpec& fidelity_param(const Vocabulary& vocabulary, const Node::Entry& entry, const SearchSpec& search) {
  const ParamSpec& spec = own_param(vocabulary, entry.key, entry.key_place);
  if (spec.type != ParamSpec::Type::integer && spec.type != ParamSpec::Type::real) {
    throw UserError(entry.key_place, "a fidelity is a number that grows, but " + entry.key + " is none");
  }
  if (std::ranges::find(search.axes, entry.key, &OrderedAxis::path) != search.axes.end()) {
    throw UserError(entry.key_place, entry.key + " is an axis of the space: it cannot be the fidelity too");
  }
  return spec;
}

OrderedAxis read_fidelity(const Vocabulary& vocabulary, const Node& node, const SearchSpec& search) {
  if (node.as_map().size() != 1) {
    throw UserError(node.place, "fidelity is one path with a list of values, such as {params." + vocabulary.name() +
                                    ".steps: [125, 501]}");
  }
  const Node::Entry& entry = node.entries.front();
  const ParamSpec& spec = fidelity_param(vocabulary, entry, search);
  OrderedAxis fidelity{entry.key};
  for (const Node& value : entry.value.as_list()) {
    fidelity.values.push_back(read_param(spec, value));
    if (!(value.real > 0)) throw UserError(value.place, "a fidelity must be above 0, but this is " + value.text);
  }
  if (fidelity.values.size() < 2) throw UserError(entry.value.place, "a fidelity needs two values or more");
  require_order(entry.value.items);
  return fidelity;
}

void read_records(const Vocabulary& vocabulary, const Node& node, const std::filesystem::path& folder,
                  SearchSpec& search) {
  require_keys(node, {"runs", "across"}, "key of records");
  const Node* runs = node.find("runs");
  if (runs == nullptr || runs->as_list().empty()) {
    throw UserError((runs == nullptr ? node : *runs).place, "records need 'runs': folders of finished runs");
  }
  for (const Node& run : runs->items) search.records.push_back((folder / run.as_string()).string());
  const Node* across = node.find("across");
  if (across == nullptr) return;
  for (const Node& path : across->as_list()) {
    own_param(vocabulary, path.as_string(), path.place);
    search.across.push_back(path.text);
  }
}

/// What a strategy needs beside the space; null: nothing that is missing.
const char* why_unable(Strategy strategy, const SearchSpec& search) {
  if (strategy == Strategy::halving && !search.fidelity)
    return "halving needs the key 'fidelity': what it raises from rung to rung";
  if (strategy == Strategy::records && search.records.empty())
    return "the strategy 'records' needs the key 'records': the runs that it learns from";
  return nullptr;
}

std::vector<Strategy> read_strategies(const Node* node, const SearchSpec& search) {
  std::vector<Strategy> strategies;
  if (node == nullptr) {
    for (const auto& [strategy, name] : strategy_names) {
      if (why_unable(strategy, search) == nullptr) strategies.push_back(strategy);
    }
    return strategies;
  }
  for (const Node& item : node->as_list()) {
    const Strategy strategy = from_word(strategy_names, "strategy", item.as_string(), item.place);
    if (std::ranges::find(strategies, strategy) != strategies.end()) {
      throw UserError(item.place, item.text + " is here already");
    }
    if (const char* why = why_unable(strategy, search)) throw UserError(item.place, why);
    strategies.push_back(strategy);
  }
  if (strategies.empty()) throw UserError(node->place, "a search needs at least one strategy");
  return strategies;
}

double read_budget(const Node& node) {
  if (!(node.as_real() > 0 && node.real <= 1)) {
    throw UserError(node.place,
                    "the budget is a share of the exhaustive search's cost, above 0 and at most 1, but "
                    "this is " +
                        node.text);
  }
  return node.real;
}

/// All but the seed.
std::string structure_key(const Cell& cell) {
  Json json = cell.to_json();
  json.erase("seed");
  return json.dump();
}

void note_values(const Cell& cell, std::vector<OrderedAxis>& axes) {
  const Json json = cell.to_json();
  for (OrderedAxis& axis : axes) {
    const Json* found = cell_value(json, axis.path);
    const Json value = found != nullptr ? *found : Json();  // an override took the data set with this parameter away
    if (std::ranges::find(axis.values, value) == axis.values.end()) axis.values.push_back(value);
  }
}

/// The places of the values as they were written.
const Node::Entry& fidelity_entry(const Node& document) {
  return document.find("search")->find("fidelity")->entries.front();
}

/// A fidelity that the workload refuses would only show in the middle of the search.
void check_fidelities(const SearchSpec& search, const std::vector<Cell>& cells, const Vocabulary& vocabulary,
                      const Node& document, const std::vector<std::filesystem::path>& data_dirs) {
  if (!search.fidelity) return;
  const Node::Entry& entry = fidelity_entry(document);
  const Json& last = search.fidelity->values.back();
  for (const Cell& cell : cells) {
    const Json own = *cell_value(cell.to_json(), search.fidelity->path);
    if (own != last) {
      throw UserError(entry.value.items.back().place,
                      fmt::format("the last fidelity is the full one, the plan's own {} = {}, but this is {}",
                                  search.fidelity->path, own.dump(), last.dump()));
    }
    if (cell.seed != cells.front().seed) continue;
    for (std::size_t i = 0; i + 1 < search.fidelity->values.size(); ++i) {
      const Cell lower = with_value(cell, search.fidelity->path, search.fidelity->values[i]);
      for (const Complaint& complaint : vocabulary.workload().check(lower, data_dirs)) {
        if (!complaint.unavailable) throw UserError(entry.value.items[i].place, complaint.message);
      }
    }
  }
}

}  // namespace

SearchSpec read_search(const Vocabulary& vocabulary, const Node& document, const std::filesystem::path& folder) {
  for (const Node::Entry& entry : document.entries) {
    if (std::ranges::find(not_beside_search, entry.key) != std::end(not_beside_search)) {
      throw UserError(entry.key_place, "a plan with 'search' has no '" + entry.key +
                                           "': its points are those of search.space, its bounds search.subject_to");
    }
  }
  const Node& node = *document.find("search");
  require_keys(node,
               {"space", "maximize", "minimize", "subject_to", "strategies", "fidelity", "records", "cost", "budget"},
               "key of search");
  const Node* space = node.find("space");
  if (space == nullptr || space->as_map().empty()) {
    throw UserError((space == nullptr ? node : *space).place, "a search needs 'space': its axes, from small to large");
  }
  SearchSpec search;
  for (const Node::Entry& entry : space->entries) {
    require_order(entry.value.as_list());
    search.axes.push_back({entry.key});
  }
  read_objective(vocabulary, node, search);
  if (const Node* bounds = node.find("subject_to")) {
    for (const Node& bound : bounds->as_list())
      search.bounds.push_back(read_metric_bound(vocabulary, bound, "bound", false));
  }
  if (const Node* fidelity = node.find("fidelity")) search.fidelity = read_fidelity(vocabulary, *fidelity, search);
  if (const Node* records = node.find("records")) read_records(vocabulary, *records, folder, search);
  search.strategies = read_strategies(node.find("strategies"), search);
  if (const Node* cost = node.find("cost")) search.cost = read_metric(vocabulary, *cost);
  if (const Node* budget = node.find("budget")) search.budget = read_budget(*budget);
  return search;
}

std::vector<Cell> search_cells(SearchSpec& search, const Space& space, const Vocabulary& vocabulary,
                               const Node& document, std::size_t limit, const CellCheck& check,
                               const std::vector<std::filesystem::path>& data_dirs) {
  for (const AxisGroup& group : space.groups) {
    const Axis& axis = group.front();
    const std::vector<Setting>& settings = axis.values.front().settings;
    if (settings.size() != 1 || settings.front().path != axis.path) {
      throw UserError(axis.key_place, "an axis of a search is the path of one parameter, but this is " + axis.path);
    }
  }
  std::vector<Cell> cells;
  std::map<std::string, std::string> refused;  // structure -> why
  std::optional<UserError> first;
  const std::size_t rungs = search.fidelity ? search.fidelity->values.size() : 1;
  for_each_cell(space, vocabulary, document.place, limit / rungs, [&](const Cell& cell, const Point& point) {
    note_values(cell, search.axes);
    try {
      check(cell, point);
      cells.push_back(cell);
    } catch (const UserError& error) {
      if (!first) first = error;
      refused.emplace(structure_key(cell), error.what());
    }
  });
  std::set<std::string> structures;
  for (const Cell& cell : cells) structures.insert(structure_key(cell));
  std::size_t points = 1;
  for (const AxisGroup& group : space.groups) points *= group.front().values.size();
  if (structures.size() > points)
    throw UserError(document.place,
                    "a search compares structures on one signal, but a point of this one stands for several cells: "
                    "name a file, not a folder");
  std::erase_if(cells, [&](const Cell& cell) { return refused.contains(structure_key(cell)); });
  if (cells.empty()) throw UserError(*first);
  for (const auto& [structure, why] : refused) ++search.refused[why];
  check_fidelities(search, cells, vocabulary, document, data_dirs);
  return cells;
}

}  // namespace frugal::harness
