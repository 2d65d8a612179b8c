// Crash-safe writing of a run folder. run.json is replaced whole; cells.jsonl grows by one write() and fsync a line, so
// that a crash or a full disk can tear at most the last line, which the next run cuts off. An flock on the folder keeps
// a second writer out.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "benchmarks/harness/record/files.hpp"
#include "benchmarks/harness/record/provenance.hpp"
#include "benchmarks/harness/record/record.hpp"
#include "benchmarks/harness/record/same_conditions.hpp"
#include "impl/base/files.hpp"

namespace frugal::harness {
namespace {

/// Figures of another build, machine, thread count or way to measure must not be mixed into one record. Where no cell has
/// ended well there are none, and those that failed may be tried with other threads, ranks and so on.
void require_same_conditions(Provenance before, const Provenance& now, const std::vector<CellRecord>& existing,
                             bool mix, const std::filesystem::path& folder) {
  if (std::ranges::none_of(existing, &CellRecord::ended_well)) {
    before.plan.erase("ranks");
    for (const char* condition : conditions_of_plans) before.plan.erase(condition);
    before.determinism.clear();
  }
  const auto difference = conditions_difference(before, now, mix);
  if (!difference) return;
  throw UserError(
      Place{folder.string()},
      fmt::format("this run was made with another {}: {} then, {} now. Give another --out to keep both, "
                  "or --rerun all to start this one anew{}",
                  difference->what, difference->then, difference->now,
                  difference->of_machine ? ", or --mix to go on with records that name their machine" : ""));
}

/// Finished cells that the plan file does not have. The same file may have been edited; another one is another run.
std::vector<std::string> stale_cells(const std::vector<CellRecord>& existing, const Provenance& before,
                                     const Provenance& now, const RunScope& scope,
                                     const std::filesystem::path& folder) {
  const std::string place = now.plan.value("place", "");
  const bool same_file = before.plan.value("place", place) == place;
  std::vector<std::string> stale;
  if (scope.cells) {
    const std::set<std::string> planned(scope.cells->begin(), scope.cells->end());
    for (const CellRecord& record : existing)
      if (!planned.contains(record.id)) stale.push_back(record.id);
  }
  const bool another_search = !scope.cells && before.plan.value("text", Json()) != now.plan.value("text", Json());
  if (!same_file && (another_search || !stale.empty()))
    throw UserError(Place{folder.string()},
                    fmt::format("this run is of another plan file ({}), and {}. Give another --out to keep both, or "
                                "--rerun all to start this one anew",
                                before.plan.value("file", "unknown"),
                                another_search ? "of another text"
                                               : fmt::format("{} of its cells are not in this one", stale.size())));
  return stale;
}

/// A cell that ended well under other data is no result of this run.
void require_same_inputs(const std::vector<CellRecord>& existing, const std::vector<InputRecord>& now,
                         const std::filesystem::path& folder) {
  for (const CellRecord& record : existing) {
    if (record.status != Status::ok) continue;
    for (const InputRecord& then : record.inputs) {
      const auto same = std::ranges::find(now, then.file, &InputRecord::file);
      if (same == now.end() || same->same_content(then)) continue;
      throw UserError(
          Place{folder.string()},
          fmt::format(
              "{} is another file now: {} bytes, sha256 {}; the finished cell {} read {} bytes, sha256 {}. Give "
              "another --out to keep both, or --rerun all to start this one anew",
              then.file, same->bytes, same->sha256, record.id, then.bytes, then.sha256));
    }
  }
}

/// The new provenance, with what the old one alone can say: when the run began, and which of the records that there are
/// were disturbed.
Provenance continued(const Provenance& before, Provenance now, std::size_t records) {
  now.started = before.started;
  now.disturbed = before.disturbed;
  if (now.disturbed && now.disturbed->records == 0) now.disturbed->records = records;
  now.machines = before.machines;
  if (const std::string id = machine_id(now.machine); id != machine_id(before.machine)) {
    now.machines[machine_id(before.machine)] = before.machine;
    now.machines[id] = std::move(now.machine);
  }
  now.machine = before.machine;
  for (const MetricDescriptor& metric : before.metrics) {
    const auto same = [&](const MetricDescriptor& other) { return other.name == metric.name; };
    if (std::none_of(now.metrics.begin(), now.metrics.end(), same)) now.metrics.push_back(metric);
  }
  now.clocks.insert(before.clocks.begin(), before.clocks.end());
  now.determinism.insert(before.determinism.begin(), before.determinism.end());
  const Json plans = now.plan.value("threads", Json::object());
  for (const char* key : {"ranks", "tables"}) {  // only of plans that have them
    Json all = before.plan.value(key, Json::object());
    for (const auto& [plan, threads] : plans.items()) all.erase(plan);
    all.update(now.plan.value(key, Json::object()));
    if (!all.empty()) now.plan[key] = std::move(all);
  }
  for (const char* condition : conditions_of_plans) {
    Json all = before.plan.value(condition, Json::object());
    all.update(now.plan.value(condition, Json::object()));
    now.plan[condition] = std::move(all);
  }
  return now;
}

void keep_as(const std::filesystem::path& path, const std::string& suffix) {
  const std::filesystem::path kept = path.string() + suffix;
  if (std::filesystem::exists(path) && ::rename(path.c_str(), kept.c_str()) != 0)
    refuse_output("rename this file to " + kept.string(), path);
}

/// Moves both files aside, under the first of .bak, .bak.1, .bak.2, ... that neither has taken: no record is lost.
void keep_old_record(const std::filesystem::path& cells, const std::filesystem::path& run) {
  std::string suffix = ".bak";
  const auto is_taken = [&] {
    return std::filesystem::exists(cells.string() + suffix) || std::filesystem::exists(run.string() + suffix);
  };
  for (int number = 1; is_taken(); ++number) suffix = fmt::format(".bak.{}", number);
  // The records go first: should a crash come between, run.json without records is an empty run, not a wrong one.
  keep_as(cells, suffix);
  keep_as(run, suffix);
}

/// Is the file of a descriptor the one that is at `path` now?
bool is_open_file(int file, const std::filesystem::path& path) {
  struct stat opened {
  }, there{};
  return ::fstat(file, &opened) == 0 && ::stat(path.c_str(), &there) == 0 && opened.st_dev == there.st_dev &&
         opened.st_ino == there.st_ino;
}

/// What a writer that was killed left beside run.json: whoever has the lock knows that it is dead.
void remove_leftovers(const std::filesystem::path& folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("run.json.") && name.ends_with(".tmp")) std::filesystem::remove(entry.path(), ignored);
  }
}

}  // namespace

std::string record_line(const CellRecord& record) {
  // An error text of a crashed child may hold any bytes; `replace` keeps the line valid UTF-8.
  return record.to_json().dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

ResultStore::ResultStore(std::filesystem::path folder, const Provenance& provenance, const RunScope& scope)
    : folder_(std::move(folder)) {
  make_folders(folder_);
  lock_.emplace(folder_, FolderLock::Kind::writer);
  const std::filesystem::path cells = folder_ / "cells.jsonl";
  const std::filesystem::path run = folder_ / "run.json";
  try {
    remove_leftovers(folder_);
    if (scope.start_anew) keep_old_record(cells, run);
    std::string text = std::filesystem::exists(cells) ? read_whole_file(cells) : std::string();
    text.resize(text.rfind('\n') + 1);  // npos + 1 is 0
    Provenance current = provenance;
    if (std::filesystem::exists(run)) {
      const Provenance before = load_provenance(folder_);
      if (!text.empty()) {
        existing_ = parse_records(text, cells.string());
        require_same_conditions(before, provenance, existing_, scope.mix, folder_);
        require_same_inputs(existing_, scope.inputs, folder_);
        stale_ = stale_cells(existing_, before, provenance, scope, folder_);
        current = continued(before, provenance, static_cast<std::size_t>(std::ranges::count(text, '\n')));
        if (!stale_.empty()) current.plan["stale"] = stale_;
        if (machine_id(provenance.machine) != machine_id(before.machine)) machine_ = machine_id(provenance.machine);
      }
    } else if (!text.empty()) {
      throw UserError(Place{folder_.string()},
                      "there are records here but no run.json, so nobody knows which build made them. Give another "
                      "--out, or --rerun all to start anew");
    }
    write_whole_file(run, current.to_json().dump(2) + "\n");
    file_ = ::open(cells.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    length_ = static_cast<off_t>(text.size());
    if (file_ < 0 || ::ftruncate(file_, length_) != 0) fail_to_write(cells);
    sync_folder(folder_);
  } catch (...) {
    if (file_ >= 0) ::close(file_);
    throw;
  }
}

ResultStore::~ResultStore() { ::close(file_); }

void ResultStore::append(CellRecord record) {
  if (!failure_.empty()) throw OutputError(failure_);
  record.machine = machine_;
  const std::string line = record_line(record);
  const std::filesystem::path cells = folder_ / "cells.jsonl";
  try {
    write_durably(file_, line, cells);
    if (!is_open_file(file_, cells))
      throw OutputError(cells.string() +
                        ": is no more the file that this run writes: it, or its folder, was moved, removed or replaced "
                        "while the run went on. Where it was moved to, it has the records so far; the same run begun "
                        "again goes on from those that it finds");
  } catch (const OutputError& error) {
    // A part of a line must not stay before what comes later. Should this fail too, the next run cuts it off, as nothing
    // is appended to it.
    failure_ = error.what();
    std::ignore = ::ftruncate(file_, length_);
    throw;
  }
  length_ += static_cast<off_t>(line.size());
}

}  // namespace frugal::harness
