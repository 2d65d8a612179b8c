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

#include "benchmarks/harness/record/artifacts.hpp"
#include "benchmarks/harness/record/files.hpp"
#include "benchmarks/harness/record/provenance.hpp"
#include "benchmarks/harness/record/record.hpp"
#include "benchmarks/harness/record/same_conditions.hpp"
#include "impl/base/files.hpp"

namespace frugal::harness {
namespace {

namespace fs = std::filesystem;

/// A run that is merged: `out` as it was, or a shard. Nobody writes to it meanwhile.
struct Source {
  fs::path folder;
  FolderLock lock;
  Provenance provenance{};
  std::vector<CellRecord> records{};  ///< without stale ones; each names its machine
  std::vector<std::string> planned{};
  bool is_out = false;

  std::string cells() const { return (folder / "cells.jsonl").string(); }
  Json machine_block(const std::string& id) const {
    const auto block = provenance.machines.find(id);
    if (block != provenance.machines.end()) return block->second;
    if (id == machine_id(provenance.machine)) return provenance.machine;
    throw UserError(Place{cells()}, fmt::format("a record is of the machine {}, which run.json does not know", id));
  }
};

void read_source(Source& source) {
  source.provenance = load_provenance(source.folder);
  source.records = parse_records(read_whole_file(source.cells()), source.cells());
  source.planned = plan_ids(source.provenance, source.folder, "cells");
  const std::vector<std::string> stale = plan_ids(source.provenance, source.folder, "stale");
  std::erase_if(source.records,
                [&](const CellRecord& record) { return std::ranges::find(stale, record.id) != stale.end(); });
  for (CellRecord& record : source.records)
    if (record.machine.empty()) record.machine = machine_id(source.provenance.machine);
}

Source open_shard(const fs::path& folder) {
  for (const char* file : {"run.json", "cells.jsonl"})
    if (!fs::exists(folder / file))
      throw UserError(Place{folder.string()},
                      fmt::format("no run is here: it has no {} (a shard is a folder that `frugal run PLAN --shard I/N "
                                  "--out {}` wrote)",
                                  file, folder.string()));
  if (fs::exists(folder / "search.json"))
    throw UserError(Place{folder.string()}, "this is a search, which has no shards: only runs can be merged");
  Source source{folder, FolderLock(folder, FolderLock::Kind::reader)};
  read_source(source);
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
    if (seen.insert(real).second) shards.push_back(open_shard(folder));
  }
  return shards;
}

/// What is read is that of `out` before the merge; nothing where it holds no record yet.
void read_out(const fs::path& folder, FolderLock lock, std::deque<Source>& sources) {
  remove_half_brought(folder);
  Source out{folder, std::move(lock)};
  out.is_out = true;
  const std::string text = fs::exists(out.cells()) ? read_whole_file(out.cells()) : "";
  const bool has_records = text.find('\n') != std::string::npos;
  if (has_records && !fs::exists(folder / "run.json"))
    throw UserError(
        Place{folder.string()},
        "there are records here but no run.json, so nobody knows which build made them. Give another folder");
  if (has_records) read_source(out);
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
  if (!a.planned.empty() && !b.planned.empty() && a.planned != b.planned)
    refuse(
        fmt::format("the same text gave {} cells there and {} other ones here, so its folder of files is not the same",
                    a.planned.size(), b.planned.size()));
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

/// A file that a cell read, and where that is said.
struct SeenInput {
  const InputRecord* input;
  const CellRecord* record;
  const Source* source;
};

void require_same_inputs(const std::deque<Source>& sources) {
  std::unordered_map<std::string, SeenInput> seen;
  for (const Source& source : sources)
    for (const CellRecord& record : source.records) {
      if (record.status != Status::ok) continue;
      for (const InputRecord& input : record.inputs) {
        const SeenInput& first = seen.try_emplace(input.file, SeenInput{&input, &record, &source}).first->second;
        if (first.input->same_content(input)) continue;
        throw UserError(
            Place{source.folder.string()},
            fmt::format(
                "the shards read different data: {} had {} bytes, sha256 {}, for the cell {} of {}, and {} bytes, "
                "sha256 {}, for the cell {} here. Run one of the shards again on the data of the other",
                input.file, first.input->bytes, first.input->sha256, first.record->id, first.source->folder.string(),
                input.bytes, input.sha256, record.id));
      }
    }
}

int worth(const CellRecord& record) {
  return record.status == Status::ok ? 2 : record.status == Status::skipped ? 1 : 0;
}

/// The first figure that differs in a bit, as words; empty: none does. Times and memory are no result of a cell.
std::string other_figure(const CellRecord& a, const CellRecord& b) {
  static const std::string peak = peak_memory_metric().name;
  std::set<std::string> names;
  for (const CellRecord* record : {&a, &b})
    for (const auto& [name, value] : record->metrics) names.insert(name);
  names.erase(peak);
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
  const std::string difference = other_figure(a, b);
  if (difference.empty()) return;
  throw UserError(
      fmt::format("{} and {}: the cell {} ({} {}, seed {}) has two results: {}. Find out which one is right, "
                  "and merge without the other: a shard runs a cell again with --rerun {}",
                  of_a.cells(), of_b.cells(), a.id, a.cell.workload, a.cell.backend, a.cell.seed, difference, a.id));
}

/// The record of a cell that counts, and who else has it.
struct Kept {
  const CellRecord* record;
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
    for (const CellRecord& record : source.records) {
      const auto [known, is_new] = merged.cells.try_emplace(record.id, Kept{&record, &source, {&source}});
      if (is_new) {
        merged.order.push_back(record.id);
        continue;
      }
      Kept& kept = known->second;
      if (worth(record) > worth(*kept.record)) {
        kept = {&record, &source, {&source}};
      } else if (worth(record) == worth(*kept.record) && record.status == Status::ok) {
        require_same_result(*kept.record, *kept.source, record, source);
        kept.holders.push_back(&source);
        if (record.to_json() != kept.record->to_json()) merged.doubles.insert(record.id);
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
  for (const std::string& id : merged.order) {
    const auto& disturbed = merged.cells.at(id).source->provenance.disturbed;
    if (!disturbed) continue;
    if (!disturbed->cells.empty() && std::ranges::find(disturbed->cells, id) == disturbed->cells.end()) continue;
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
    provenance.machines.try_emplace(kept.record->machine, kept.source->machine_block(kept.record->machine));
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

MergeSummary merge_sources(const std::deque<Source>& sources, const MergeRequest& request) {
  // The first with records: it is `out`, if that has any.
  const auto found = std::ranges::find_if(sources, [](const Source& source) { return !source.records.empty(); });
  const Source& base = found == sources.end() ? sources.at(1) : *found;
  const Source* plan = &base;
  for (const Source& source : sources) {
    if (source.is_out && &source != &base) continue;  // it holds nothing
    require_same_conditions(base, source, request.mix);
    require_same_plan(base, source);
    if (!source.planned.empty()) {
      if (plan->planned.empty()) plan = &source;
      require_same_plan(*plan, source);
    }
  }
  require_same_inputs(sources);
  Merged merged = merge_records(sources);
  put_in_order(merged.order, plan->planned);
  const Provenance provenance = merged_provenance(base, sources, merged, plan->planned, request.out);

  MergeSummary summary;
  summary.plan_known = !plan->planned.empty();
  summary.shards = sources.size() - 1;
  summary.doubles = merged.doubles.size();
  summary.command = provenance.command;
  for (const std::string& id : plan->planned)
    if (!merged.cells.contains(id)) summary.missing.push_back(id);
  std::set<std::string> machines;
  std::string text;
  const std::string first_machine = machine_id(provenance.machine);
  for (const std::string& id : merged.order) {
    CellRecord record = *merged.cells.at(id).record;
    machines.insert(record.machine);
    if (worth(record) > 0)
      ++summary.ended_well;
    else
      summary.failed.push_back(id);
    if (record.machine == first_machine) record.machine.clear();
    text += record_line(record);
  }
  summary.machines = machines.size();
  bring_all_artifacts(merged, request.out);
  replace_file(request.out / "run.json", provenance.to_json().dump(2) + "\n");
  replace_file(request.out / "cells.jsonl", text);
  return summary;
}

}  // namespace

MergeSummary merge_runs(const MergeRequest& request) {
  std::deque<Source> sources = open_shards(request);
  std::error_code told_by_lock;
  const bool is_new = fs::create_directories(request.out, told_by_lock);
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
