// The two files of a run folder, shared by the loader, the store and the merge.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// folder/run.json.
Provenance load_provenance(const std::filesystem::path& folder);

/// The lines of a cells.jsonl: the last record of each id, in order of first appearance. Text after the last newline is
/// ignored: a crash while writing left it.
std::vector<CellRecord> parse_records(std::string_view text, const std::string& file);

/// What lines of a cells.jsonl hold, as they come: the last item of an id counts, where the first one stood.
template <class Item>
class LastOfEachId {
 public:
  void add(Item item) {
    const auto [known, is_new] = position_.try_emplace(item.id, items_.size());
    if (is_new)
      items_.push_back(std::move(item));
    else
      items_[known->second] = std::move(item);
  }
  std::vector<Item> take() { return std::move(items_); }

 private:
  std::vector<Item> items_;
  std::unordered_map<std::string, std::size_t> position_;
};

/// Calls `visit` for each line of a cells.jsonl, without its newline, with the byte at which it begins; text after the last
/// newline is ignored. Holds one line at a time. Throws UserError when the file cannot be read.
void for_each_line(const std::filesystem::path& file,
                   const std::function<void(std::string_view line, std::uint64_t from)>& visit);

/// parse_records() of a file, of which never more than a line is held beside the records.
std::vector<CellRecord> read_records(const std::filesystem::path& file);

/// A record as a line of cells.jsonl, with its newline.
std::string record_line(const CellRecord& record);

/// The list of ids under a key of run.json's plan ("stale", "cells"); empty where there is none. Throws UserError.
std::vector<std::string> plan_ids(const Provenance& provenance, const std::filesystem::path& folder, const char* key);

/// What run.json says of the records: stale cells and disowned times are left out, and the plan's order is kept. later: ids
/// of records that came after those whose times are disowned. Throws UserError.
void apply_provenance(Run& run, const std::unordered_set<std::string>& later = {});

}  // namespace frugal::harness
