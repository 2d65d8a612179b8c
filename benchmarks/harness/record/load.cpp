// Reads a run folder back.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <unordered_set>

#include "benchmarks/harness/plan/json_reader.hpp"
#include "benchmarks/harness/record/files.hpp"
#include "benchmarks/harness/record/record.hpp"
#include "impl/base/files.hpp"

namespace frugal::harness {

namespace {

class RecordList {
 public:
  explicit RecordList(std::string file) : place_{std::move(file)} {}
  void add(std::string_view line) {
    ++place_.line;
    if (line.empty()) return;
    CellRecord record = CellRecord::from_json(parsed(line), place_);
    share(record.cell.params);
    records_.add(std::move(record));
  }
  std::vector<CellRecord> take() { return records_.take(); }

 private:
  Json parsed(std::string_view line) const {
    try {
      return parse_json(line, place_);
    } catch (const UserError& error) {
      throw UserError(
          fmt::format("{}: a damaged line; delete it, and the same frugal run does its cell again", error.what()));
    }
  }

  /// Equal parameters are held once: most of a record's memory, and the same for all seeds.
  void share(SharedJson& params) {
    const std::string text = params.dump();
    const std::size_t hash = std::hash<std::string>()(text);
    const auto [first, last] = known_params_.equal_range(hash);
    for (auto known = first; known != last; ++known) {
      if (known->second.dump() != text) continue;
      params = known->second;
      return;
    }
    known_params_.emplace(hash, params);
  }

  Place place_;
  LastOfEachId<CellRecord> records_;
  std::unordered_multimap<std::size_t, SharedJson> known_params_;  ///< by the hash of their text
};

/// later: ids of records that came after those that are meant.
void disown_times(const Provenance& provenance, const std::unordered_set<std::string>& later,
                  std::vector<CellRecord>& cells) {
  const DisturbedTimes& disturbed = *provenance.disturbed;
  const std::unordered_set<std::string> ids(disturbed.cells.begin(), disturbed.cells.end());
  for (CellRecord& record : cells) {
    if ((!ids.empty() && !ids.contains(record.id)) || later.contains(record.id)) continue;
    record.disowned = true;
    for (StageRecord& stage : record.stages) {
      stage.wall_s.clear();
      stage.use.clear();
    }
    for (const MetricDescriptor& metric : provenance.metrics)
      if (is_of_the_clock(metric.unit)) record.metrics.erase(metric.name);
  }
}

}  // namespace

Provenance load_provenance(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "run.json";
  const Place place{path.string()};
  return Provenance::from_json(parse_json(read_whole_file(path), place), place);
}

std::vector<CellRecord> parse_records(std::string_view text, const std::string& file) {
  RecordList list(file);
  while (true) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) break;  // what is left, if anything, is a torn line
    list.add(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return list.take();
}

void for_each_line(const std::filesystem::path& file,
                   const std::function<void(std::string_view line, std::uint64_t from)>& visit) {
  const FileHandle handle = open_file(file);
  std::string pending;
  std::uint64_t from = 0;
  std::vector<char> piece(1 << 16);
  while (const std::size_t got = read_piece(handle.get(), piece.data(), piece.size(), file)) {
    pending.append(piece.data(), got);
    std::size_t begin = 0;
    for (std::size_t end; (end = pending.find('\n', begin)) != std::string::npos; begin = end + 1) {
      visit(std::string_view(pending).substr(begin, end - begin), from);
      from += end + 1 - begin;
    }
    pending.erase(0, begin);
  }
}

std::vector<CellRecord> read_records(const std::filesystem::path& file) {
  RecordList list(file.string());
  for_each_line(file, [&](std::string_view line, std::uint64_t) { list.add(line); });
  return list.take();
}

std::vector<std::string> plan_ids(const Provenance& provenance, const std::filesystem::path& folder, const char* key) {
  std::vector<std::string> ids;
  if (!provenance.plan.contains(key)) return ids;
  const Place place{(folder / "run.json").string()};
  const JsonReader reader(provenance.plan, place, "the plan");
  for (const Json& id : reader.list(key)) {
    if (!id.is_string()) reader.fail(fmt::format("'{}' holds what is no id: {}", key, id.dump()));
    ids.push_back(id.get<std::string>());
  }
  return ids;
}

namespace {

/// Ids of the records that stand after so many lines.
std::unordered_set<std::string> ids_after(std::size_t lines, const std::filesystem::path& cells) {
  std::unordered_set<std::string> ids;
  std::size_t seen = 0;
  for_each_line(cells, [&](std::string_view line, std::uint64_t) {
    if (++seen > lines && !line.empty())
      ids.insert(CellRecord::from_json(parse_json(line, {cells.string()}), {cells.string()}).id);
  });
  return ids;
}

}  // namespace

void apply_provenance(Run& run, const std::unordered_set<std::string>& later) {
  const std::vector<std::string> ids = plan_ids(run.provenance, run.folder, "stale");
  const std::unordered_set<std::string> stale(ids.begin(), ids.end());
  std::erase_if(run.cells, [&](const CellRecord& record) { return stale.contains(record.id); });
  if (run.provenance.disturbed) disown_times(run.provenance, later, run.cells);
  std::unordered_map<std::string, std::size_t> position;
  for (const std::string& id : plan_ids(run.provenance, run.folder, "cells")) position.emplace(id, position.size());
  std::unordered_set<std::string_view> known;
  for (const CellRecord& record : run.cells) known.insert(record.id);
  run.planned = position.size();
  run.to_do = static_cast<std::size_t>(
      std::ranges::count_if(position, [&](const auto& planned) { return !known.contains(planned.first); }));
  const auto place_in_plan = [&](const CellRecord& record) {
    const auto found = position.find(record.id);
    return found == position.end() ? position.size() : found->second;
  };
  // A sort needs room for half of the records again.
  if (!std::ranges::is_sorted(run.cells, {}, place_in_plan)) std::ranges::stable_sort(run.cells, {}, place_in_plan);
}

Run load_run(const std::filesystem::path& path) {
  std::error_code ignored;
  Run run;
  run.folder = std::filesystem::is_directory(path, ignored) ? path : path.parent_path();
  if (run.folder.empty()) run.folder = ".";
  const std::filesystem::path cells = std::filesystem::is_directory(path, ignored) ? path / "cells.jsonl" : path;
  if (!std::filesystem::exists(cells, ignored))
    throw UserError(fmt::format(
        "{}: no run is here: {} does not exist ({})", path.string(), cells.string(),
        std::filesystem::exists(run.folder / "run.json", ignored)
            ? "run.json does: what was to put its records here did not end; a baseline is completed by frugal baseline "
              "update RUN --baseline FOLDER"
            : "a run is a folder that `frugal run` wrote"));
  run.provenance = load_provenance(run.folder);
  run.cells = read_records(cells);
  const auto& disturbed = run.provenance.disturbed;
  const bool some = disturbed && disturbed->records > 0;
  apply_provenance(run, some ? ids_after(disturbed->records, cells) : std::unordered_set<std::string>());
  return run;
}

std::vector<Run> by_machine(Run run) {
  std::vector<Run> runs;
  std::map<std::string, std::size_t> position;
  for (const CellRecord& record : run.cells) {
    if (!position.try_emplace(record.machine, runs.size()).second) continue;
    runs.push_back({run.folder, run.provenance, {}, run.planned, run.to_do});
    runs.back().provenance.machines.clear();
    if (record.machine.empty()) continue;
    const auto block = run.provenance.machines.find(record.machine);
    if (block == run.provenance.machines.end())
      throw UserError(
          Place{run.folder.string()},
          fmt::format("cell {} is of the machine {}, which run.json does not know", record.id, record.machine));
    runs.back().provenance.machine = block->second;
  }
  if (runs.empty()) {
    runs.push_back(std::move(run));
  } else if (runs.size() == 1) {
    runs.front().cells = std::move(run.cells);
  } else {
    for (CellRecord& record : run.cells) runs[position.at(record.machine)].cells.push_back(std::move(record));
  }
  return runs;
}

}  // namespace frugal::harness
