// One document -> one Plan: the keys that are not axes, the overrides, and the workload's own complaints.
#include "benchmarks/harness/plan/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/plan/execution.hpp"
#include "benchmarks/harness/plan/expand.hpp"
#include "benchmarks/harness/plan/overrides.hpp"
#include "benchmarks/harness/plan/read_search.hpp"
#include "embedded_tables.hpp"
#include "impl/base/sha256.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

const Node& required(const Node& document, std::string_view key) {
  const Node* value = document.find(key);
  if (value == nullptr) throw UserError(document.place, fmt::format("a plan needs the key '{}'", key));
  return *value;
}

double read_bound(const Node& node) {
  if (node.as_real() < 0) throw UserError(node.place, "a limit must be at least 0 (0: none), but this is " + node.text);
  return node.real;
}

/// The kernel counts bytes in 64 bits, and no process begins in less than a MiB.
double read_memory(const Node& node) {
  constexpr double least = 1.0 / 1024, most = 1 << 30;
  const double bound = read_bound(node);
  if (bound != 0 && (bound < least || bound > most))
    throw UserError(node.place, fmt::format("memory_gib must be 0 (no limit) or from {} to {}, but this is {}", least,
                                            most, node.text));
  return bound;
}

Limits read_limits(const Node* node) {
  Limits limits;
  if (node == nullptr) return limits;
  require_keys(*node, {"timeout_s", "memory_gib", "threads", "ranks", "checkpoint_s"}, "key of limits");
  if (const Node* timeout = node->find("timeout_s")) limits.timeout_s = read_bound(*timeout);
  if (const Node* memory = node->find("memory_gib")) limits.memory_gib = read_memory(*memory);
  if (const Node* threads = node->find("threads")) limits.threads = read_threads(*threads, 0);
  if (const Node* ranks = node->find("ranks")) limits.ranks = read_ranks(*ranks);
  if (const Node* seconds = node->find("checkpoint_s")) limits.checkpoint_s = read_bound(*seconds);
  return limits;
}

/// A run that was stopped in one of several repeats has nothing that the next one could go on from.
void require_one_run(const Limits& limits, const Measure& measure, const Node& document) {
  if (limits.checkpoint_s == 0 || (measure.warmup == 0 && measure.repeats == 1 && measure.max_repeats <= 1)) return;
  throw UserError(document.find("limits")->find("checkpoint_s")->place,
                  "limits.checkpoint_s is for cells that run once: leave warm-up and repeats out of measure, or this");
}

void read_determinism(const Node* node, Plan& plan) {
  if (node == nullptr) return;
  if (node->kind == Node::Kind::map) {
    require_keys(*node, {"repeatable"}, "determinism");
    const Node* band = node->find("repeatable");
    if (band == nullptr) throw UserError(node->place, "give the band: determinism: {repeatable: 0.01}");
    if (!(band->as_real() > 0 && band->real < 1))
      throw UserError(band->place, "the band of repeatable is relative, between 0 and 1, but this is " + band->text);
    plan.determinism = Determinism::repeatable;
    plan.band = band->real;
    return;
  }
  plan.determinism = from_word(determinism_names, "determinism", node->as_string(), node->place);
  if (plan.determinism == Determinism::repeatable)
    throw UserError(node->place, "repeatable within what? Give the relative band: determinism: {repeatable: 0.01}");
}

/// A gate over no cell could never fail, which is not what its author wanted.
void require_use(const MetricBound& gate, const Node& node, const std::vector<Cell>& cells) {
  const bool used = std::ranges::any_of(cells, [&](const Cell& cell) { return matches(cell.to_json(), gate.where); });
  if (!used) throw UserError(node.place, "no cell of this plan matches the gate's 'where'");
}

/// Where a plan asks for ranks, of its axis or for all cells.
Place place_of_ranks(const Point& point, const Node& document) {
  const Node* limits = document.find("limits");
  const Node* of_all = limits == nullptr ? nullptr : limits->find("ranks");
  return point.place_of("limits.ranks", of_all == nullptr ? document.place : of_all->place);
}

void require_ranks(const Workload& workload, const Cell& cell, const Limits& limits, const Measure& measure,
                   const Point& point, const Node& document) {
  if (limits.ranks == 1) return;
  if (measure.pin)
    throw UserError(place_of_ranks(point, document),
                    "measure.pin binds the threads of one process: leave it out where there are several ranks");
  if (const std::string why = workload.why_no_ranks(cell); !why.empty())
    throw UserError(place_of_ranks(point, document), fmt::format("limits.ranks {}: {}", limits.ranks, why));
}

std::string read_name(const Node& node) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  const std::string& name = node.as_string();
  if (name.empty() || !std::ranges::all_of(name, fits)) {
    throw UserError(node.place, "a plan's name is made of the characters a-z 0-9 _ -");
  }
  return name;
}

Vocabulary read_workload(const Node& node, const Workloads& workloads,
                         const std::vector<std::filesystem::path>& data_dirs) {
  std::vector<std::string> names;
  for (const Workload* workload : workloads) {
    names.push_back(workload->name());
    if (node.as_string() == names.back()) return Vocabulary(*workload, data_dirs);
  }
  throw UserError(node.place, unknown_word("workload", node.as_string(), names));
}

std::vector<std::string> read_tables(const Node& node) {
  std::vector<std::string> known, tables;
  for (const auto& [name, text] : embedded::tables()) known.emplace_back(name);
  for (const Node& item : node.as_list()) {
    tables.push_back(item.as_string());
    if (std::ranges::find(known, tables.back()) == known.end())
      throw UserError(item.place, unknown_word("built-in table", tables.back(), known));
  }
  return tables;
}

/// Checks the keys and everything that says which plan this is.
Vocabulary read_head(const Node& document, const Workloads& workloads,
                     const std::vector<std::filesystem::path>& data_dirs) {
  require_keys(document,
               {"schema", "name", "workload", "backend", "dataset", "params", "matrix", "zip", "include", "exclude",
                "seeds", "measure", "limits", "determinism", "export", "report", "gate", "search"},
               "key");
  const Node& schema = required(document, "schema");
  if (schema.as_integer() != 1) {
    throw UserError(schema.place, "this version reads plans of schema 1, but this one is of schema " + schema.text);
  }
  read_name(required(document, "name"));
  return read_workload(required(document, "workload"), workloads, data_dirs);
}

/// Turns the workload's complaints about a cell into an error, or into notes about what this machine lacks.
std::vector<std::string> hear(const std::vector<Complaint>& complaints, const Point& point, const Node& document) {
  std::vector<std::string> lacks;
  for (const Complaint& complaint : complaints) {
    const Node* seeds = document.find("seeds");
    const bool of_seed = complaint.path == "seed" && seeds != nullptr;
    const Place place = of_seed ? seeds->place : point.place_of(complaint.path, document.place);
    // A default is written nowhere, so it must be named.
    const bool is_default = place.str() == document.place.str() && !complaint.path.empty();
    const UserError error(place, (is_default ? complaint.path + " (a default): " : "") + complaint.message);
    if (!complaint.unavailable) throw error;
    lacks.emplace_back(error.what());
  }
  return lacks;
}

}  // namespace

PlanFile parse_plan(const std::string& text, const std::string& file, const std::vector<Override>& overrides,
                    const Workloads& workloads, const std::vector<std::filesystem::path>& data_dirs,
                    const std::filesystem::path& folder) {
  std::vector<Node> documents = parse_yaml(text, file);
  std::vector<Vocabulary> vocabularies;
  std::set<std::string> names;
  for (const Node& document : documents) {
    vocabularies.push_back(read_head(document, workloads, data_dirs));
    const Node& name = *document.find("name");
    if (!names.insert(name.text).second) {
      throw UserError(name.place, "another plan of this file is called '" + name.text + "' too");
    }
  }
  const std::vector<OverrideValue> values = read_overrides(overrides, vocabularies);

  PlanFile result{.file = file, .text = text, .sha256 = sha256(text), .plans = {}};
  std::size_t cells_left = max_cells;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    Node& document = documents[i];
    const Vocabulary& vocabulary = vocabularies[i];
    const std::vector<OverrideValue> settings = override_document(document, values);
    Plan plan;
    plan.name = document.find("name")->text;
    plan.workload = vocabulary.name();
    plan.measure = read_measure(document.find("measure"));
    plan.limits = read_limits(document.find("limits"));
    require_one_run(plan.limits, plan.measure, document);
    read_determinism(document.find("determinism"), plan);
    if (const Node* exports = document.find("export")) plan.exports = exports->as_boolean();
    if (const Node* report = document.find("report")) plan.tables = read_tables(*report);
    if (document.find("search") != nullptr) plan.search = read_search(vocabulary, document, folder);
    if (plan.search && plan.measure.order_seed)
      throw UserError(document.find("measure")->find("order")->place, "a search decides the order of its cells itself");
    Space space = read_space(vocabulary, document);
    space.overrides = override_layers(vocabulary, settings);
    space.folder = folder;
    const auto check = [&](const Cell& cell, const Point& point) {
      std::vector<std::string> lacks = hear(vocabulary.workload().check(cell, data_dirs), point, document);
      require_ranks(vocabulary.workload(), cell, limits_of(cell, plan.limits), measure_of(cell, plan.measure), point,
                    document);
      if (!lacks.empty()) plan.unavailable.emplace(cell.id(), std::move(lacks));
    };
    std::size_t runs_of_a_cell = 1;
    if (plan.search) {
      plan.cells = search_cells(*plan.search, space, vocabulary, document, cells_left, check, data_dirs);
      if (plan.search->fidelity) runs_of_a_cell = plan.search->fidelity->values.size();
    } else {
      for_each_cell(space, vocabulary, document.place, cells_left, [&](const Cell& cell, const Point& point) {
        check(cell, point);
        plan.cells.push_back(cell);
      });
    }
    cells_left -= plan.cells.size() * runs_of_a_cell;
    if (const Node* gates = document.find("gate")) {
      for (const Node& gate : gates->as_list()) {
        plan.gates.push_back(read_metric_bound(vocabulary, gate, "gate", true));
        if (values.empty()) require_use(plan.gates.back(), gate, plan.cells);
      }
    }
    result.plans.push_back(std::move(plan));
  }
  return result;
}

}  // namespace frugal::harness
