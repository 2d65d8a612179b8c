// One run of several: shards of one plan, from one machine or many.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace frugal::harness {

struct MergeRequest {
  std::filesystem::path out;
  std::vector<std::filesystem::path> shards{};
  bool mix = false;  ///< they may be of several machines
};

struct MergeSummary {
  std::size_t ended_well = 0;          ///< cells of the merged run
  std::vector<std::string> failed{};   ///< ids
  std::vector<std::string> missing{};  ///< ids of the plan without a record, in its order
  bool plan_known = true;              ///< else no shard says what cells its plan has, and `missing` is empty
  std::size_t doubles = 0;  ///< cells that were run more than once with the same figures: one of them is kept
  std::size_t shards = 0;   ///< different folders
  std::size_t machines = 0;
  std::vector<std::string> command{};  ///< that goes on with the merged run
};

/// Makes `out` the run of all shards' records, together with what it holds already; the shards stay as they are.
///
/// Of a cell's records the one that ended well counts, else the first (of `out`, then in the order of the shards). The
/// records stand in the plan's order and name their machine, where there are several. Doing it again changes nothing, and
/// after a crash it completes what was begun: artifacts are brought first, each cell's whole or not at all, then run.json
/// and cells.jsonl are replaced, each at once.
///
/// Throws UserError, and leaves `out` as it was: a shard is no run, somebody writes to it or to `out`, `out` is a shard or
/// in one, the shards are of several plans, builds, data, conditions or (without `mix`) machines, or one cell has two
/// results. UnavailableError: the disk is full.
MergeSummary merge_runs(const MergeRequest& request);

}  // namespace frugal::harness
