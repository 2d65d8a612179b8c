// Where a submission stands, and following it to its end.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "benchmarks/harness/cli/submit_engine.hpp"
#include "benchmarks/harness/run/progress.hpp"
#include "benchmarks/harness/run/signals.hpp"

namespace frugal::harness {

/// The record of a shard, read as it grows on another machine: only whole lines count, and one that is not yet all there
/// (a shared folder may lag) is read again.
class ShardRecord {
 public:
  explicit ShardRecord(std::filesystem::path cells) : cells_(std::move(cells)) {}
  /// What came since the last time.
  void read();
  std::size_t ok() const { return ok_; }
  std::size_t failed() const { return ended_well_.size() - ok_; }
  /// Has this cell a record, of one that ended well where `well`?
  bool has(const std::string& id, bool well) const;

 private:
  std::filesystem::path cells_;
  std::uintmax_t read_ = 0;                 ///< bytes
  std::map<std::string, bool> ended_well_;  ///< by id; the last line of an id counts
  std::size_t ok_ = 0;
};

/// The records of all shards; shard I is at I - 1.
std::vector<ShardRecord> read_shards(const SubmittedJob& job);

/// A table of the shards for standard output.
std::string status_text(const SubmittedJob& job, const std::vector<ShardRecord>& shards,
                        const std::optional<TasksNow>& now);

/// One live line until no task lives. False: a signal came first, and the tasks go on.
bool follow(SubmittedJob& job, std::vector<ShardRecord>& shards, SubmitEngine& engine, StopSignals& stops,
            Progress& progress);

/// Shards that ended with cells to do: how, on which node, and what their logs say. Empty: none did.
std::string ends_text(const SubmittedJob& job, const std::vector<ShardRecord>& shards,
                      const std::map<std::size_t, std::string>& ends);

}  // namespace frugal::harness
