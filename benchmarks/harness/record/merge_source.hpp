// A run that is merged, of which no more is held than what must be known of all its records at once.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// A line of a cells.jsonl.
struct MergeEntry {
  std::string id;
  Status status = Status::ok;
  std::string machine;  ///< of each record, the first one's, too
  std::uint64_t from = 0;
  std::size_t bytes = 0;
};

/// A file that a cell read, and where that is said.
struct SeenInput {
  InputRecord input;
  std::string cell;
};

/// A run that is merged: `out` as it was, or a shard. Nobody writes to it meanwhile.
struct MergeSource {
  std::filesystem::path folder;
  FolderLock lock;
  Provenance provenance{};
  std::vector<MergeEntry> entries{};  ///< without stale ones
  std::vector<SeenInput> inputs{};    ///< different ones, of cells that ended well
  /// Ids of all cells of the plan, where run.json has them: shards of one plan share the list, which is not in
  /// `provenance` as well.
  std::shared_ptr<const std::vector<std::string>> planned = std::make_shared<const std::vector<std::string>>();
  bool is_out = false;

  std::string cells() const { return (folder / "cells.jsonl").string(); }
  /// Reads it again. Throws UserError.
  CellRecord record(const MergeEntry& entry) const;
  /// Of run.json. Throws UserError when it has none.
  Json machine_block(const std::string& id) const;
};

/// Reads folder/run.json and cells.jsonl; `planned` is `alike`'s where it says the same. Throws UserError.
void read_source(MergeSource& source, const MergeSource* alike = nullptr);

}  // namespace frugal::harness
