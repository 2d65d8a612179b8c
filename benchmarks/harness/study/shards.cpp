#include "benchmarks/harness/study/shards.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <numeric>
#include <optional>
#include <string_view>

#include "impl/base/number.hpp"

namespace frugal::harness {

CellCosts planned_costs(const std::vector<PlannedCell>& cells, const Workloads& workloads) {
  CellCosts costs{.of = {}, .unit = "FLOP of training"};
  for (const PlannedCell& cell : cells) {
    const std::optional<double> flops = known_flops(cell, workloads);
    if (!flops) return {.of = std::vector<double>(cells.size(), 1.0), .unit = "number of cells"};
    costs.of.push_back(*flops);
  }
  return costs;
}

std::vector<std::size_t> deal(const std::vector<double>& costs, std::size_t count) {
  assert(count > 0);
  std::vector<std::size_t> dearest_first(costs.size());
  std::iota(dearest_first.begin(), dearest_first.end(), std::size_t{0});
  std::ranges::stable_sort(dearest_first, [&](std::size_t a, std::size_t b) { return costs[a] > costs[b]; });
  std::vector<double> load(count);
  std::vector<std::size_t> shard_of(costs.size());
  for (std::size_t turn = 0; turn < costs.size(); ++turn) {
    const std::size_t first = turn / count % count;
    std::size_t best = first;
    for (std::size_t step = 1; step < count; ++step) {
      const std::size_t next = (first + step) % count;
      if (load[next] < load[best]) best = next;
    }
    shard_of[dearest_first[turn]] = best;
    load[best] += costs[dearest_first[turn]];
  }
  return shard_of;
}

std::vector<std::vector<PlannedCell>> all_shards(const std::vector<PlannedCell>& cells, std::size_t count,
                                                 const Workloads& workloads) {
  const std::vector<std::size_t> shard_of = deal(planned_costs(cells, workloads).of, count);
  std::vector<std::vector<PlannedCell>> shards(count);
  for (std::size_t i = 0; i < cells.size(); ++i) shards[shard_of[i]].push_back(cells[i]);
  return shards;
}

std::vector<PlannedCell> shard(const std::vector<PlannedCell>& cells, const std::string& which,
                               const Workloads& workloads) {
  const auto number = [](std::string_view text) { return number_in<std::size_t>(text).value_or(0); };
  const std::size_t slash = which.find('/');
  const std::size_t index = slash == std::string::npos ? 0 : number(std::string_view(which).substr(0, slash));
  const std::size_t count = slash == std::string::npos ? 0 : number(std::string_view(which).substr(slash + 1));
  if (index < 1 || index > count)
    throw UserError(fmt::format("--shard '{}': write I/N with 1 <= I <= N, for example 1/4", which));
  if (index > cells.size()) return {};
  // More shards than cells are empty, all but the first ones.
  return all_shards(cells, std::min(count, cells.size()), workloads)[index - 1];
}

}  // namespace frugal::harness
