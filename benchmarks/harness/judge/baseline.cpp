// Reading a baseline: where the committed run lies, and how much may change.
#include <fmt/format.h>

#include <algorithm>

#include "benchmarks/harness/judge/judge.hpp"
#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/study/cell_groups.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

double read_tolerance_bound(const Node& node) {
  const double bound = node.as_real();
  if (!(bound >= 0)) throw UserError(node.place, "a tolerance must be 0 or more");
  return bound;
}

/// `dataset: name` stands for dataset.name, and a map for each of its leaves. A path that no cell has is a typing error
/// that would leave the tolerance without effect.
void add_condition(const Node::Entry& entry, const std::vector<std::string>& paths,
                   std::vector<std::pair<std::string, Json>>& where) {
  const Json given = to_json(entry.value);
  const std::string key = entry.key == "dataset" && !given.is_object() ? "dataset.name" : entry.key;
  for (auto& [path, value] : flatten(Json{{key, given}})) {
    if (!std::ranges::binary_search(paths, path)) {
      throw UserError(entry.key_place, unknown_word("path of the baseline's cells", path, paths));
    }
    where.emplace_back(path, value);
  }
}

/// `paths`: what the baseline's cells have, but their seed: a tolerance is for all seeds of a cell.
Tolerance read_tolerance(const Node& node, const std::vector<std::string>& paths) {
  require_keys(node, {"metric", "absolute", "relative", "ignore", "where"}, "key of a tolerance");
  const Node* metric = node.find("metric");
  if (!metric) throw UserError(node.place, "a tolerance needs `metric`: a metric's name, or time.<stage>");
  Tolerance tolerance;
  tolerance.metric = metric->as_string();
  const Node* absolute = node.find("absolute");
  const Node* relative = node.find("relative");
  const Node* ignore = node.find("ignore");
  if (absolute) tolerance.absolute = read_tolerance_bound(*absolute);
  if (relative) tolerance.relative = read_tolerance_bound(*relative);
  if (ignore) tolerance.ignore = ignore->as_boolean();
  if (tolerance.ignore ? (absolute || relative) : (!absolute && !relative)) {
    throw UserError(node.place, "a tolerance gives either `absolute` and/or `relative`, or `ignore: true`");
  }
  if (const Node* where = node.find("where")) {
    for (const Node::Entry& entry : where->as_map()) add_condition(entry, paths, tolerance.where);
  }
  return tolerance;
}

/// A tolerance for what nobody measured is a typing error that would let a regression pass.
void check_metric_known(const Tolerance& tolerance, const Place& place, const Run& run) {
  std::vector<std::string> known;
  for (const MetricDescriptor& metric : run.provenance.metrics) known.push_back(metric.name);
  known.emplace_back("time.total");
  for (const CellRecord& record : run.cells) {
    for (const auto& [name, value] : record.metrics) known.push_back(name);
    for (const StageRecord& stage : record.stages) known.push_back("time." + stage.name);
  }
  std::ranges::sort(known);
  known.erase(std::unique(known.begin(), known.end()), known.end());
  if (!std::ranges::binary_search(known, tolerance.metric)) {
    throw UserError(place, unknown_word("metric", tolerance.metric, known));
  }
}

/// One for cells that the baseline has not would let their twins' regressions pass.
void check_cells_known(const Tolerance& tolerance, const Place& place, std::span<const CellGroup> groups) {
  const auto meant = [&](const CellGroup& group) { return matches(group.cell, tolerance.where); };
  if (std::ranges::none_of(groups, meant)) throw UserError(place, "no cell of the baseline matches this 'where'");
}

std::vector<std::string> paths_of(std::span<const CellGroup> groups) {
  std::vector<const Json*> cells;
  for (const CellGroup& group : groups) cells.push_back(&group.cell);
  return known_paths(cells);
}

std::vector<Tolerance> read_tolerances(const Node& root, const Run& run) {
  std::vector<Tolerance> all;
  const Node* tolerances = root.find("tolerances");
  if (!tolerances) return all;
  const std::vector<CellGroup> groups = group_cells(run);
  const std::vector<std::string> paths = paths_of(groups);
  for (const Node& node : tolerances->as_list()) {
    all.push_back(read_tolerance(node, paths));
    check_metric_known(all.back(), node.find("metric")->place, run);
    if (const Node* where = node.find("where")) check_cells_known(all.back(), where->place, groups);
  }
  return all;
}

bool is_yaml_baseline(const std::filesystem::path& path) {
  return !std::filesystem::is_directory(path) && path.extension() != ".jsonl";
}

}  // namespace

Baseline load_baseline(const std::filesystem::path& path) {
  Baseline baseline;
  baseline.file = path.string();
  if (!is_yaml_baseline(path)) {
    baseline.run = load_run(path);
  } else {
    const std::vector<Node> documents = load_yaml(path);
    if (documents.size() != 1) throw UserError(Place{path.string()}, "a baseline is one YAML document");
    const Node& root = documents.front();
    require_keys(root, {"schema", "run", "tolerances"}, "key of a baseline");
    const Node* schema = root.find("schema");
    if (!schema || schema->as_integer() != 1) {
      throw UserError(schema ? schema->place : root.place, "a baseline must begin with `schema: 1`");
    }
    const Node* run = root.find("run");
    if (!run) throw UserError(root.place, "a baseline needs `run`: a run folder, relative to this file");
    const std::filesystem::path folder = path.parent_path() / run->as_string();
    if (!std::filesystem::exists(folder)) {
      throw UserError(run->place, "there is no run at " + folder.string());
    }
    baseline.run = load_run(folder);
    baseline.tolerances = read_tolerances(root, baseline.run);
  }
  if (std::ranges::none_of(baseline.run.cells, [](const CellRecord& cell) { return cell.status == Status::ok; })) {
    throw UserError(Place{path.string()}, "this baseline has no cell that ended well: nothing to compare with");
  }
  return baseline;
}

void require_tolerances_fit(const std::filesystem::path& path, const Run& run) {
  if (!is_yaml_baseline(path)) return;
  try {
    read_tolerances(load_yaml(path).front(), run);
  } catch (const UserError& error) {
    throw UserError(fmt::format("{}. That is so of the run that is to become the baseline: mend the tolerance first",
                                error.what()));
  }
}

}  // namespace frugal::harness
