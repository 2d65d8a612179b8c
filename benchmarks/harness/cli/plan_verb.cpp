// `frugal plan`: what would run, and what each shard of it would get.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/option_values.hpp"
#include "benchmarks/harness/cli/plan_cells.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/cli/text_table.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/run/progress.hpp"
#include "benchmarks/harness/study/shards.hpp"
#include "benchmarks/harness/study/stage_times.hpp"

namespace frugal::harness {
namespace {

/// Of all cells, by the records of a run; nothing where one has no time there.
std::optional<CellCosts> costs_by_times(const std::vector<PlannedCell>& cells, const std::string& folder) {
  std::map<std::string, double> times;
  for (const CellRecord& record : load_run(folder).cells)
    if (const auto seconds = stage_seconds(record, "total"); seconds && record.status == Status::ok)
      times[record.id] = *seconds;
  CellCosts costs{.of = {}, .unit = "times of " + folder};
  for (const PlannedCell& cell : cells)
    if (const auto known = times.find(cell.id); known != times.end()) costs.of.push_back(known->second);
  if (costs.of.size() == cells.size()) return costs;
  fmt::print(stderr, "{} of {} cells have a time in {}: the shards are not weighed by times\n", costs.of.size(),
             cells.size(), folder);
  return std::nullopt;
}

std::size_t shard_count(const std::string& text, std::size_t cells) {
  const std::size_t count = count_of("--shards", text);
  if (count > cells)
    throw UserError(fmt::format("--shards {}: the plan has {} cell{}, so some shards would be empty", count, cells,
                                cells == 1 ? "" : "s"));
  return count;
}

/// What each shard gets, and by how much the last one to end is behind the mean.
std::string balance_text(const std::vector<std::size_t>& shard_of, std::size_t count, const CellCosts& costs,
                         bool are_times) {
  std::vector<double> sums(count);
  std::vector<std::size_t> cells(count);
  for (std::size_t i = 0; i < shard_of.size(); ++i) {
    sums[shard_of[i]] += costs.of[i];
    ++cells[shard_of[i]];
  }
  const double all = std::accumulate(sums.begin(), sums.end(), 0.0);
  std::vector<std::vector<std::string>> rows = {{"shard", "cells", "share"}};
  if (are_times) rows.front().push_back("time");
  for (std::size_t i = 0; i < count; ++i) {
    rows.push_back({fmt::format("{}/{}", i + 1, count), std::to_string(cells[i]),
                    fmt::format("{:.1f}%", all > 0 ? 100 * sums[i] / all : 0)});
    if (are_times) rows.back().push_back(duration_text(sums[i]));
  }
  const double mean = all / static_cast<double>(count);
  return fmt::format("shards, by {}\n{}the largest is {:.2f} times the mean\n", costs.unit, text_table(rows, 2),
                     mean > 0 ? *std::ranges::max_element(sums) / mean : 1);
}

int show_plan(const Call& call) {
  const LoadedPlan loaded = load_plan_of(call);
  const std::vector<PlannedCell> cells = planned_cells(loaded.file);
  if (call.has("out") && !call.has("shards"))
    throw UserError("--out is for --shards: it names the run whose times weigh them");
  const auto count_text = call.one("shards");
  if (!count_text) return print_cells(loaded.file, cells, call.workloads);
  const std::size_t count = shard_count(*count_text, cells.size());
  const CellCosts planned = planned_costs(cells, call.workloads);
  const std::vector<std::size_t> shard_of = deal(planned.of, count);
  ShardOfCell named;
  for (std::size_t i = 0; i < cells.size(); ++i) named[cells[i].id] = fmt::format("{}/{}", shard_of[i] + 1, count);
  const int exit_code = print_cells(loaded.file, cells, call.workloads, named);
  std::optional<CellCosts> times;
  if (const auto folder = call.one("out")) times = costs_by_times(cells, *folder);
  fmt::print("{}", balance_text(shard_of, count, times ? *times : planned, times.has_value()));
  return exit_code;
}

}  // namespace

Verb plan_verb() {
  return {
      .name = "plan",
      .summary = "expand and validate a plan, run nothing",
      .help =
          "Expands and validates a plan, and prints its cells: the id, and what varies between them, and the "
          "work of their training where the plan alone tells. Runs nothing. PLAN is a file or the name of a built-in plan (frugal list plans).\n\nExit code 2: the plan "
          "has a mistake; 4: it is right, but something it needs is not available here.",
      .arguments = {plan_argument()},
      .options = {set_option(),
                  {.name = "shards",
                   .value = "N",
                   .help =
                       "also what each of N shards (frugal run --shard I/N) gets, and how even that is: by the work "
                       "of training where the plan tells, else by the number of cells"},
                  {.name = "out",
                   .value = "DIR",
                   .help = "with --shards: by the times of this run, where it has all cells",
                   .values = {.folders = true}},
                  data_dir_option()},
      .examples = {"frugal plan demo", "frugal plan benchmarks/plans/smoke.yaml --set seeds=[1,2,3]",
                   "frugal plan demo --shards 4"},
      .run = show_plan};
}

}  // namespace frugal::harness
