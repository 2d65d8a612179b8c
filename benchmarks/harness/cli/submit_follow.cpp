#include "benchmarks/harness/cli/submit_follow.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "benchmarks/harness/cli/text_table.hpp"
#include "impl/base/files.hpp"

namespace frugal::harness {
namespace {

constexpr double log_interval_s = 30;
constexpr int rewrite_interval_ms = 250;

/// A stale record of an edited plan may be one too many.
std::size_t to_do(const SubmittedJob& job, const std::vector<ShardRecord>& shards, std::size_t shard) {
  const ShardRecord& record = shards[shard - 1];
  const std::size_t known = record.ok() + record.failed();
  return job.cells[shard - 1] > known ? job.cells[shard - 1] - known : 0;
}

struct Counts {
  std::size_t ok = 0;
  std::size_t failed = 0;
  std::size_t done() const { return ok + failed; }
};

Counts counts_of(const std::vector<ShardRecord>& shards) {
  Counts counts;
  for (const ShardRecord& shard : shards) {
    counts.ok += shard.ok();
    counts.failed += shard.failed();
  }
  return counts;
}

/// "6 running, 2 waiting (Resources)"
std::string tasks_text(const TasksNow& now) {
  const auto runs = std::ranges::count_if(now.alive, [](const auto& task) { return task.second.runs; });
  const auto waits = static_cast<std::ptrdiff_t>(now.alive.size()) - runs;
  std::string text = fmt::format("{} running", runs);
  if (waits == 0) return text;
  const auto first = std::ranges::find_if(now.alive, [](const auto& task) { return !task.second.runs; });
  return text + fmt::format(", {} waiting ({})", waits, first->second.why_not);
}

/// The live line.
class Line {
 public:
  Line(Progress& progress, std::size_t done, std::size_t all)
      : progress_(progress), before_(done), all_(all), done_(done) {}

  void show(double elapsed_s, const Counts& counts, const std::string& tasks) {
    if (counts.done() > done_) {
      done_ = counts.done();
      done_at_s_ = elapsed_s;
    }
    const std::size_t digits = std::to_string(all_).size();
    std::string line = fmt::format("[{:>{}}/{}] {}% | elapsed {} | ", counts.done(), digits, all_,
                                   100 * counts.done() / std::max<std::size_t>(1, all_), clock_text(elapsed_s));
    if (done_ > before_ && done_ < all_) line += fmt::format("left about {} | ", clock_text(left_s(elapsed_s)));
    if (counts.failed > 0) line += fmt::format("{} failed | ", counts.failed);
    progress_.rewrite(line + tasks, elapsed_s - last_told_s_ >= log_interval_s);
    if (elapsed_s - last_told_s_ >= log_interval_s) last_told_s_ = elapsed_s;
  }

 private:
  /// At the pace until the last cell that ended.
  double left_s(double elapsed_s) const {
    const double a_cell = done_at_s_ / static_cast<double>(done_ - before_);
    return a_cell * static_cast<double>(all_ - done_) - (elapsed_s - done_at_s_);
  }

  Progress& progress_;
  std::size_t before_;
  std::size_t all_;
  std::size_t done_;
  double done_at_s_ = 0;
  double last_told_s_ = 0;
};

/// What a task's log says of its last run.
struct LogEnd {
  std::string node{};
  std::string words{};  ///< its errors, else its last line
};

LogEnd read_log(const std::filesystem::path& path) {
  LogEnd end;
  std::ifstream log(path);
  std::string errors;
  for (std::string line; std::getline(log, line);) {
    if (line.starts_with("shard ") && line.find(" on ") != std::string::npos) {
      end = {.node = line.substr(line.find(" on ") + 4), .words = {}};
      errors.clear();
    } else if (line.starts_with("frugal: ")) {
      errors += "  " + line + "\n";
    } else if (line.starts_with("interrupted: ")) {
      errors += "  " + line.substr(0, line.find(". ")) + "\n";
    } else if (const std::size_t why = line.find(" DUE TO "); why != std::string::npos) {
      errors += "  slurmstepd: " + line.substr(why + 1) + "\n";
    } else if (!line.empty()) {
      end.words = "  " + line + "\n";
    }
  }
  if (!errors.empty()) end.words = errors;
  return end;
}

}  // namespace

void ShardRecord::read() {
  std::ifstream file(cells_, std::ios::binary);
  if (!file) return;
  file.seekg(0, std::ios::end);
  if (static_cast<std::uintmax_t>(file.tellg()) < read_) {  // begun anew
    read_ = 0;
    ended_well_.clear();
    ok_ = 0;
  }
  file.seekg(static_cast<std::streamoff>(read_));
  for (std::string line; std::getline(file, line) && !file.eof(); read_ += line.size() + 1) {
    const Json record = Json::parse(line, nullptr, false);
    if (record.is_discarded() || !record.is_object()) return;
    const std::string status = record.value("status", "");
    const bool well = status == to_string(Status::ok) || status == to_string(Status::skipped);
    const auto [known, is_new] = ended_well_.try_emplace(record.value("id", ""), well);
    if (!is_new && known->second) --ok_;
    known->second = well;
    if (well) ++ok_;
  }
}

bool ShardRecord::has(const std::string& id, bool well) const {
  const auto known = ended_well_.find(id);
  return known != ended_well_.end() && (known->second || !well);
}

std::vector<ShardRecord> read_shards(const SubmittedJob& job) {
  std::vector<ShardRecord> shards;
  for (std::size_t shard = 1; shard <= job.cells.size(); ++shard) {
    shards.emplace_back(job.shard_folder(shard) / "cells.jsonl");
    shards.back().read();
  }
  return shards;
}

std::string status_text(const SubmittedJob& job, const std::vector<ShardRecord>& shards,
                        const std::optional<TasksNow>& now) {
  std::vector<std::vector<std::string>> rows = {{"shard", "cells", "ok", "failed", "to do", "node", "task"}};
  for (std::size_t shard = 1; shard <= shards.size(); ++shard) {
    const ShardRecord& record = shards[shard - 1];
    const std::string node = read_log(job.log(shard)).node;
    std::string task = now ? "ended" : "unknown";
    if (now && now->alive.contains(shard)) {
      const TasksNow::Task& alive = now->alive.at(shard);
      task = alive.runs ? "running" : fmt::format("waiting ({})", alive.why_not);
    }
    rows.push_back({job.name(shard), std::to_string(job.cells[shard - 1]), std::to_string(record.ok()),
                    std::to_string(record.failed()), std::to_string(to_do(job, shards, shard)),
                    node.empty() ? "-" : node, task});
  }
  const Counts counts = counts_of(shards);
  std::string text = text_table(rows) + fmt::format("cells: {} ok", counts.ok);
  if (counts.failed > 0) text += fmt::format(", {} failed", counts.failed);
  if (job.all_cells() > counts.done()) text += fmt::format(", {} to do", job.all_cells() - counts.done());
  text += job.engine == "slurm" ? fmt::format("; Slurm job {}: ", job.slurm_job)
                                : fmt::format("; processes of {}: ", job.host);
  if (!now) return text + "nobody answers\n";
  return text + (now->alive.empty() ? "all have ended\n" : tasks_text(*now) + "\n");
}

bool follow(SubmittedJob& job, std::vector<ShardRecord>& shards, SubmitEngine& engine, StopSignals& stops,
            Progress& progress) {
  const double start = progress.now();
  Line line(progress, counts_of(shards).done(), job.all_cells());
  std::optional<TasksNow> last;
  double asked_s = 0;
  while (stops.count() == 0) {
    const double elapsed_s = progress.now() - start;
    if (!last || elapsed_s - asked_s >= engine.interval_s(elapsed_s)) {
      asked_s = elapsed_s;
      std::optional<TasksNow> now = engine.now(job);
      if (stops.count() > 0) break;  // Ctrl-C reaches what was asked, too
      if (!now && !last) throw UnavailableError("Slurm does not answer: squeue says why");
      if (now) {
        for (const std::string& news : now->news) progress.say(news);
        if (last)
          for (const auto& [task, state] : last->alive)
            if (!now->alive.contains(task)) {
              shards[task - 1].read();
              const std::size_t left = to_do(job, shards, task);
              progress.say(fmt::format(
                  "shard {} has ended: {} of {} cells done{}", job.name(task), job.cells[task - 1] - left,
                  job.cells[task - 1],
                  shards[task - 1].failed() == 0 ? "" : fmt::format(", {} of them failed", shards[task - 1].failed())));
            }
        last = std::move(now);
      }
    }
    if (last->alive.empty()) break;
    for (const auto& [task, state] : last->alive) shards[task - 1].read();
    line.show(elapsed_s, counts_of(shards), tasks_text(*last));
    pollfd signal{stops.fd(), POLLIN, 0};
    ::poll(&signal, 1, rewrite_interval_ms);
  }
  progress.clear();
  for (ShardRecord& shard : shards) shard.read();
  return stops.count() == 0;
}

std::string ends_text(const SubmittedJob& job, const std::vector<ShardRecord>& shards,
                      const std::map<std::size_t, std::string>& ends) {
  struct Alike {
    std::string head;
    std::string words;
    std::vector<std::string> shards;
    std::string log;
  };
  std::vector<Alike> groups;  // those of a node that ended alike together
  for (std::size_t shard = 1; shard <= shards.size(); ++shard) {
    if (to_do(job, shards, shard) == 0) continue;
    const LogEnd log = read_log(job.log(shard));
    const auto end = ends.find(shard);
    const std::string how =
        (log.node.empty() ? "" : " on " + log.node) + (end == ends.end() ? "" : fmt::format(": {}", end->second));
    auto group =
        std::ranges::find_if(groups, [&](const Alike& one) { return one.head == how && one.words == log.words; });
    if (group == groups.end()) {
      groups.push_back({how, log.words, {}, fmt::format("{}/logs/{}.txt", job.out, shard)});
      group = groups.end() - 1;
    }
    group->shards.push_back(job.name(shard));
  }
  std::string text;
  for (const Alike& group : groups)
    text += fmt::format("shard{} {} with cells to do ended{}\n{}  log: {}\n", group.shards.size() == 1 ? "" : "s",
                        fmt::join(group.shards, ", "), group.head, group.words, group.log);
  return text;
}

}  // namespace frugal::harness
