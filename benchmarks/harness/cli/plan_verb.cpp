// `frugal plan`: what would run, and what each shard of it would get.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/plan_cells.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/cli/text_table.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/study/select.hpp"
#include "benchmarks/harness/study/stage_times.hpp"

namespace frugal::harness {
namespace {

/// What cells cost, in one unit for all of them.
struct CellCosts {
  std::map<std::string, double> of;  ///< by id
  std::string unit;
};

/// Of all cells, by the records of a run; nothing where one has no time there.
std::optional<CellCosts> costs_by_times(const std::vector<PlannedCell>& cells, const std::string& folder) {
  CellCosts costs{.of = {}, .unit = "times of " + folder};
  for (const CellRecord& record : load_run(folder).cells)
    if (const auto seconds = stage_seconds(record, "total"); seconds && record.status == Status::ok)
      costs.of[record.id] = *seconds;
  const auto with_time =
      std::ranges::count_if(cells, [&](const PlannedCell& cell) { return costs.of.contains(cell.id); });
  if (static_cast<std::size_t>(with_time) == cells.size()) return costs;
  fmt::print(stderr, "{} of {} cells have a time in {}: the shards are not weighed by times\n", with_time, cells.size(),
             folder);
  return std::nullopt;
}

CellCosts costs_of(const std::vector<PlannedCell>& cells, const Call& call) {
  if (const auto folder = call.one("out"))
    if (const auto costs = costs_by_times(cells, *folder)) return *costs;
  CellCosts by_work{.of = {}, .unit = "FLOP of training"};
  for (const PlannedCell& cell : cells)
    if (const auto flops = known_flops(cell, call.workloads)) by_work.of[cell.id] = *flops;
  if (by_work.of.size() == cells.size()) return by_work;
  CellCosts by_count{.of = {}, .unit = "number of cells"};
  for (const PlannedCell& cell : cells) by_count.of[cell.id] = 1;
  return by_count;
}

std::vector<std::vector<PlannedCell>> all_shards(const std::vector<PlannedCell>& cells, const std::string& count) {
  std::vector<std::vector<PlannedCell>> shards;
  try {
    shards.push_back(shard(cells, "1/" + count));
  } catch (const UserError&) {
    throw UserError(fmt::format("--shards '{}': write how many, at least 1", count));
  }
  if (std::stoull(count) > cells.size())
    throw UserError(fmt::format("--shards {}: the plan has {} cell{}, so some shards would be empty", count,
                                cells.size(), cells.size() == 1 ? "" : "s"));
  for (std::size_t i = 2; i <= std::stoull(count); ++i) shards.push_back(shard(cells, fmt::format("{}/{}", i, count)));
  return shards;
}

/// What each shard gets, and by how much the last one to end is behind the mean.
std::string balance_text(const std::vector<std::vector<PlannedCell>>& shards, const CellCosts& costs) {
  std::vector<double> sums;
  double all = 0;
  for (const std::vector<PlannedCell>& one : shards) {
    sums.push_back(0);
    for (const PlannedCell& cell : one) sums.back() += costs.of.at(cell.id);
    all += sums.back();
  }
  std::vector<std::vector<std::string>> rows = {{"shard", "cells", "share"}};
  for (std::size_t i = 0; i < shards.size(); ++i)
    rows.push_back({fmt::format("{}/{}", i + 1, shards.size()), std::to_string(shards[i].size()),
                    fmt::format("{:.1f}%", all > 0 ? 100 * sums[i] / all : 0)});
  const double mean = all / static_cast<double>(shards.size());
  return fmt::format("shards, by {}\n{}the largest is {:.2f} times the mean\n", costs.unit, text_table(rows, 2),
                     mean > 0 ? *std::ranges::max_element(sums) / mean : 1);
}

int show_plan(const Call& call) {
  const LoadedPlan loaded = load_plan_of(call);
  const std::vector<PlannedCell> cells = planned_cells(loaded.file);
  if (call.has("out") && !call.has("shards"))
    throw UserError("--out is for --shards: it names the run whose times weigh them");
  std::vector<std::vector<PlannedCell>> shards;
  ShardOfCell shard_of;
  if (const auto count = call.one("shards")) shards = all_shards(cells, *count);
  for (std::size_t i = 0; i < shards.size(); ++i)
    for (const PlannedCell& cell : shards[i]) shard_of[cell.id] = fmt::format("{}/{}", i + 1, shards.size());
  const int exit_code = print_cells(loaded.file, cells, call.workloads, shard_of);
  if (!shards.empty()) fmt::print("{}", balance_text(shards, costs_of(cells, call)));
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
