#include "benchmarks/harness/record/merge.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "benchmarks/harness/record/artifacts.hpp"
#include "benchmarks/harness/record/files.hpp"
#include "benchmarks/harness/record/merge_source.hpp"
#include "benchmarks/harness/record/provenance.hpp"
#include "benchmarks/harness/record/record.hpp"
#include "benchmarks/harness/record/same_conditions.hpp"
#include "impl/base/files.hpp"

namespace frugal::harness {
namespace {

namespace fs = std::filesystem;

using Entry = MergeEntry;
using Source = MergeSource;

Source open_shard(const fs::path& folder, const Source* alike) {
  for (const char* file : {"run.json", "cells.jsonl"})
    if (!fs::exists(folder / file))
      throw UserError(Place{folder.string()},
                      fmt::format("no run is here: it has no {} (a shard is a folder that `frugal run PLAN --shard I/N "
                                  "--out {}` wrote)",
                                  file, folder.string()));
  if (fs::exists(folder / "search.json"))
    throw UserError(Place{folder.string()}, "this is a search, which has no shards: only runs can be merged");
  Source source{folder, FolderLock(folder, FolderLock::Kind::reader)};
  read_source(source, alike);
  return source;
}

bool is_within(const fs::path& inner, const fs::path& outer) {
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

/// The shards, each folder once.
std::deque<Source> open_shards(const MergeRequest& request) {
  const fs::path out = fs::weakly_canonical(request.out);
  std::deque<Source> shards;
  std::set<fs::path> seen;
  for (const fs::path& folder : request.shards) {
    const fs::path real = fs::weakly_canonical(folder);
    if (is_within(out, real))
      throw UserError(
          Place{request.out.string()},
          fmt::format("the merged run would lie in the shard {}: give a folder of its own", folder.string()));
    if (seen.insert(real).second) shards.push_back(open_shard(folder, shards.empty() ? nullptr : &shards.front()));
  }
  return shards;
}

/// What is read is that of `out` before the merge; nothing where it holds no record yet.
void read_out(const fs::path& folder, FolderLock lock, std::deque<Source>& sources) {
  remove_half_brought(folder);
  Source out{folder, std::move(lock)};
  out.is_out = true;
  bool has_records = false;
  if (fs::exists(out.cells())) for_each_line(out.cells(), [&](std::string_view, std::uint64_t) { has_records = true; });
  if (has_records && !fs::exists(folder / "run.json"))
    throw UserError(
        Place{folder.string()},
        "there are records here but no run.json, so nobody knows which build made them. Give another folder");
  if (has_records) read_source(out, &sources.front());
  sources.push_front(std::move(out));
}

std::string plan_words(const Source& source) {
  return fmt::format("{} (sha256 {})", source.provenance.plan.value("file", "unknown"),
                     source.provenance.plan.value("sha256", "unknown").substr(0, 12));
}

void require_same_plan(const Source& a, const Source& b) {
  const auto refuse = [&](const std::string& why) {
    throw UserError(Place{b.folder.string()}, fmt::format("this is no shard of the plan that {} is of: {}. Only shards "
                                                          "of one plan, with the same --set, make one run",
                                                          a.folder.string(), why));
  };
  const Json& plan_a = a.provenance.plan;
  const Json& plan_b = b.provenance.plan;
  if (plan_a.value("sha256", Json()) != plan_b.value("sha256", Json()))
    refuse(fmt::format("{} there, {} here", plan_words(a), plan_words(b)));
  const Json set_a = plan_a.value("overrides", Json::array());
  const Json set_b = plan_b.value("overrides", Json::array());
  if (set_a != set_b) refuse(fmt::format("--set {} there, {} here", set_a.dump(), set_b.dump()));
  if (!a.planned->empty() && !b.planned->empty() && *a.planned != *b.planned)
    refuse(
        fmt::format("the same text gave {} cells there and {} other ones here, so its folder of files is not the same",
                    a.planned->size(), b.planned->size()));
}

void require_same_conditions(const Source& a, const Source& b, bool mix) {
  const auto difference = conditions_difference(a.provenance, b.provenance, mix);
  if (!difference) return;
  throw UserError(
      Place{b.folder.string()},
      fmt::format("this shard was run with another {} than {}: {} there, {} here. {}", difference->what,
                  a.folder.string(), difference->then, difference->now,
                  difference->of_machine ? "With --mix they are merged, and each record names its machine"
                                         : "Run one of them again as the other, or merge them into two runs"));
}

void require_same_inputs(const std::deque<Source>& sources) {
  std::unordered_map<std::string, std::pair<const SeenInput*, const Source*>> all;
  for (const Source& source : sources)
    for (const SeenInput& seen : source.inputs) {
      const auto& [first, of_first] = all.try_emplace(seen.input.file, &seen, &source).first->second;
      if (first->input.same_content(seen.input)) continue;
      throw UserError(
          Place{source.folder.string()},
          fmt::format(
              "the shards read different data: {} had {} bytes, sha256 {}, for the cell {} of {}, and {} bytes, "
              "sha256 {}, for the cell {} here. Run one of the shards again on the data of the other",
              seen.input.file, first->input.bytes, first->input.sha256, first->cell, of_first->folder.string(),
              seen.input.bytes, seen.input.sha256, seen.cell));
    }
}

/// Times, rates and memory are of the moment: two runs of a cell may differ in them. Other bytes (what a model takes) are
/// as good as any figure.
bool is_of_the_moment(const std::string& metric, const Provenance& provenance) {
  static const std::string peak = peak_memory_metric().name;
  const MetricDescriptor* known = provenance.metric(metric);
  return metric == peak || (known != nullptr && is_of_the_clock(known->unit));
}

/// The first result that differs in a bit, as words; empty: none does.
std::string other_result(const CellRecord& a, const Source& from_a, const CellRecord& b, const Source& from_b) {
  std::set<std::string> names;
  for (const CellRecord* record : {&a, &b})
    for (const auto& [name, value] : record->metrics) names.insert(name);
  std::erase_if(names, [&](const std::string& name) {
    return is_of_the_moment(name, from_a.provenance) || is_of_the_moment(name, from_b.provenance);
  });
  for (const std::string& name : names) {
    const auto of_a = a.metrics.find(name);
    const auto of_b = b.metrics.find(name);
    if (of_a == a.metrics.end())
      return fmt::format("it has no {} in the first and {} in the second", name, of_b->second);
    if (of_b == b.metrics.end())
      return fmt::format("{} is {} in the first and absent in the second", name, of_a->second);
    if (std::bit_cast<std::uint64_t>(of_a->second) != std::bit_cast<std::uint64_t>(of_b->second))
      return fmt::format("{} is {} in the first and {} in the second", name, of_a->second, of_b->second);
  }
  return "";
}

void require_same_result(const CellRecord& a, const Source& of_a, const CellRecord& b, const Source& of_b) {
  const std::string difference = other_result(a, of_a, b, of_b);
  if (difference.empty()) return;
  throw UserError(
      fmt::format("{} and {}: the cell {} ({} {}, seed {}) has two results: {}. Find out which one is right, "
                  "and merge without the other: a shard runs a cell again with --rerun {}",
                  of_a.cells(), of_b.cells(), a.id, a.cell.workload, a.cell.backend, a.cell.seed, difference, a.id));
}

/// The record of a cell that counts, and who else has it.
struct Kept {
  const Entry* entry;
  const Source* source;
  std::vector<const Source*> holders;  ///< of this result, `source` first
};

struct Merged {
  std::unordered_map<std::string, Kept> cells;
  std::vector<std::string> order;  ///< ids, as they come
  std::set<std::string> doubles;
};

Merged merge_records(const std::deque<Source>& sources) {
  Merged merged;
  for (const Source& source : sources)
    for (const Entry& entry : source.entries) {
      const auto [known, is_new] = merged.cells.try_emplace(entry.id, Kept{&entry, &source, {&source}});
      if (is_new) {
        merged.order.push_back(entry.id);
        continue;
      }
      Kept& kept = known->second;
      if (worth(entry.status) > worth(kept.entry->status)) {
        kept = {&entry, &source, {&source}};
      } else if (worth(entry.status) == worth(kept.entry->status) && entry.status == Status::ok) {
        const CellRecord first = kept.source->record(*kept.entry);
        const CellRecord second = source.record(entry);
        require_same_result(first, *kept.source, second, source);
        kept.holders.push_back(&source);
        if (second.to_json() != first.to_json()) merged.doubles.insert(entry.id);
      }
    }
  return merged;
}

/// In the plan's order; what it does not name, which only an older record can be, comes last.
void put_in_order(std::vector<std::string>& ids, const std::vector<std::string>& planned) {
  std::unordered_map<std::string, std::size_t> position;
  for (const std::string& id : planned) position.emplace(id, position.size());
  std::ranges::stable_sort(ids, {}, [&](const std::string& id) {
    const auto found = position.find(id);
    return found == position.end() ? position.size() : found->second;
  });
}

/// The command of a shard without what makes it one, into `out`.
std::vector<std::string> whole_command(const std::vector<std::string>& command, const fs::path& out) {
  static constexpr const char* of_shards[] = {"--shard", "--only", "--rerun", "--out"};
  std::vector<std::string> whole;
  for (std::size_t i = 0; i < command.size(); ++i) {
    const std::string& word = command[i];
    if (std::ranges::find(of_shards, word) != std::end(of_shards))
      ++i;
    else if (std::ranges::none_of(of_shards,
                                  [&](const char* option) { return word.starts_with(fmt::format("{}=", option)); }))
      whole.push_back(word);
  }
  whole.insert(whole.end(), {"--out", out.string()});
  return whole;
}

/// Whose times are disowned in the run that they come from.
std::optional<DisturbedTimes> disturbed_of(const Merged& merged) {
  DisturbedTimes all;
  std::vector<std::string> reasons;
  std::map<const DisturbedTimes*, std::unordered_set<std::string>> named;
  for (const std::string& id : merged.order) {
    const auto& disturbed = merged.cells.at(id).source->provenance.disturbed;
    if (!disturbed) continue;
    const auto [of_it, is_new] = named.try_emplace(&*disturbed);
    if (is_new) of_it->second.insert(disturbed->cells.begin(), disturbed->cells.end());
    if (!of_it->second.empty() && !of_it->second.contains(id)) continue;
    all.cells.push_back(id);
    if (std::ranges::find(reasons, disturbed->why) == reasons.end()) reasons.push_back(disturbed->why);
  }
  if (all.cells.empty()) return std::nullopt;
  all.why = fmt::format("{}", fmt::join(reasons, "; "));
  return all;
}

/// What run.json says of the merged run. `base` is the source it goes on from.
Provenance merged_provenance(const Source& base, const std::deque<Source>& sources, const Merged& merged,
                             const std::vector<std::string>& planned, const fs::path& out) {
  Provenance provenance = base.provenance;
  if (!base.is_out) provenance.command = whole_command(base.provenance.command, out);
  provenance.plan.erase("stale");
  if (!planned.empty()) provenance.plan["cells"] = planned;
  for (const Source& source : sources)
    if (!source.provenance.started.empty())
      provenance.started = std::min(provenance.started, source.provenance.started);
  provenance.machines = {{machine_id(provenance.machine), provenance.machine}};
  for (const auto& [id, kept] : merged.cells)
    if (!provenance.machines.contains(kept.entry->machine))
      provenance.machines[kept.entry->machine] = kept.source->machine_block(kept.entry->machine);
  if (provenance.machines.size() == 1) provenance.machines.clear();
  provenance.disturbed = disturbed_of(merged);
  if (const bool told = std::ranges::find(provenance.command, "--mix") != provenance.command.end();
      !provenance.machines.empty() && !told)
    provenance.command.emplace_back("--mix");
  return provenance;
}

/// By the first of those who have the result and its artifacts. What `out` has of a record that it keeps stays.
void bring_all_artifacts(const Merged& merged, const fs::path& out) {
  for (const std::string& id : merged.order) {
    const Kept& kept = merged.cells.at(id);
    if (kept.source->is_out && fs::exists(artifacts_of(out, id))) continue;
    const auto holder = std::ranges::find_if(
        kept.holders, [&](const Source* one) { return fs::exists(artifacts_of(one->folder, id)); });
    if (holder != kept.holders.end()) bring_artifacts((*holder)->folder, out, id);
  }
}

/// A file that says this already is left alone.
void replace_file(const fs::path& path, const std::string& text) {
  if (!fs::exists(path) || read_whole_file(path) != text) write_whole_file(path, text);
}

/// Replaces a file by text that comes in pieces, unless it says the same already.
class Replacement {
 public:
  explicit Replacement(const fs::path& path) : path_(path), next_(path) {
    if (fs::exists(path)) before_ = open_file(path);
  }
  void write(const std::string& text) {
    next_.write(text);
    if (!before_) return;
    std::string same(text.size(), '\0');
    same.resize(read_piece(before_.get(), same.data(), same.size(), path_));
    if (same != text) before_.reset();
  }
  void finish() {
    char more = 0;
    if (!before_ || read_piece(before_.get(), &more, 1, path_) > 0) next_.finish();
  }

 private:
  fs::path path_;
  FileWriter next_;
  FileHandle before_;
};

MergeSummary merge_sources(const std::deque<Source>& sources, const MergeRequest& request) {
  // The first with records: it is `out`, if that has any.
  const auto found = std::ranges::find_if(sources, [](const Source& source) { return !source.entries.empty(); });
  const Source& base = found == sources.end() ? sources.at(1) : *found;
  const Source* plan = &base;
  for (const Source& source : sources) {
    if (source.is_out && &source != &base) continue;  // it holds nothing
    require_same_conditions(base, source, request.mix);
    require_same_plan(base, source);
    if (!source.planned->empty()) {
      if (plan->planned->empty()) plan = &source;
      require_same_plan(*plan, source);
    }
  }
  require_same_inputs(sources);
  Merged merged = merge_records(sources);
  put_in_order(merged.order, *plan->planned);
  const Provenance provenance = merged_provenance(base, sources, merged, *plan->planned, request.out);

  MergeSummary summary;
  summary.plan_known = !plan->planned->empty();
  summary.shards = sources.size() - 1;
  summary.doubles = merged.doubles.size();
  summary.command = provenance.command;
  for (const std::string& id : *plan->planned)
    if (!merged.cells.contains(id)) summary.missing.push_back(id);
  std::set<std::string> machines;
  for (const std::string& id : merged.order) {
    const Entry& entry = *merged.cells.at(id).entry;
    machines.insert(entry.machine);
    if (worth(entry.status) > 0)
      ++summary.ended_well;
    else
      summary.failed.push_back(id);
  }
  summary.machines = machines.size();
  bring_all_artifacts(merged, request.out);
  Replacement cells(request.out / "cells.jsonl");
  const std::string first_machine = machine_id(provenance.machine);
  for (const std::string& id : merged.order) {
    const Kept& kept = merged.cells.at(id);
    CellRecord record = kept.source->record(*kept.entry);
    if (record.machine == first_machine) record.machine.clear();
    cells.write(record_line(record));
  }
  replace_file(request.out / "run.json", provenance.to_json().dump(2) + "\n");
  cells.finish();
  return summary;
}

}  // namespace

MergeSummary merge_runs(const MergeRequest& request) {
  std::deque<Source> sources = open_shards(request);
  const bool is_new = make_folders(request.out);
  try {
    read_out(request.out, FolderLock(request.out, FolderLock::Kind::writer), sources);
    return merge_sources(sources, request);
  } catch (...) {
    std::error_code not_empty;  // what has been brought is for the next try
    if (is_new) fs::remove(request.out, not_empty);
    throw;
  }
}

}  // namespace frugal::harness
