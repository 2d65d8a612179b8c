// `frugal submit`: the shards of a plan as tasks of Slurm, or as processes of this machine; then one run of them.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/command_line.hpp"
#include "benchmarks/harness/cli/merge_closing.hpp"
#include "benchmarks/harness/cli/option_values.hpp"
#include "benchmarks/harness/cli/parse.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/cli/submit_follow.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/judge/gate.hpp"
#include "benchmarks/harness/plan/execution.hpp"
#include "benchmarks/harness/record/provenance.hpp"
#include "benchmarks/harness/study/shards.hpp"
#include "impl/base/files.hpp"
#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t default_tasks = 100;

/// "slurm", "slurm:N" or "local:N".
struct EngineWish {
  std::string name;
  std::optional<std::size_t> tasks{};
};

EngineWish engine_wish(const Call& call) {
  const auto text = call.one("engine");
  if (!text) throw UserError("submit needs --engine: slurm, slurm:N for N tasks, or local:N for N processes");
  const std::size_t colon = text->find(':');
  EngineWish wish{.name = text->substr(0, colon)};
  const std::vector<std::string> known = {"slurm", "local"};
  if (std::ranges::find(known, wish.name) == known.end()) throw UserError(unknown_word("engine", wish.name, known));
  if (colon != std::string::npos) wish.tasks = count_of("--engine " + wish.name + ":N", text->substr(colon + 1));
  if (wish.name == "local") {
    if (!wish.tasks) throw UserError("--engine local: say how many processes, local:4");
    refuse_options(call, {"max-parallel", "partition", "time", "sbatch"},
                   "is for Slurm; --engine local:N runs N processes at a time");
  }
  return wish;
}

/// What stands in comments and #SBATCH lines of the script: with a line break in it, the rest would be a command there.
void require_one_line(const SubmittedJob& job, const SlurmWishes& wishes) {
  std::vector<std::pair<std::string, std::string>> texts = {{"the folder of --out", job.out},
                                                            {"the current folder", job.folder},
                                                            {"the path of the program", job.run.at(0)},
                                                            {"the path of the plan", job.run.at(2)},
                                                            {"--partition", wishes.partition.value_or("")},
                                                            {"--time", wishes.time.value_or("")}};
  for (const std::string& options : wishes.more) texts.emplace_back("--sbatch", options);
  for (const auto& [what, text] : texts)
    if (std::ranges::any_of(text, [](unsigned char c) { return std::iscntrl(c) != 0; }))
      throw UserError(fmt::format(
          "{} {}: a line break, or another control character, cannot stand in a script for sbatch", what, shown(text)));
}

/// Of the cell that asks for most. Shards of nodes that differ in it could not be merged, so the plan must say.
int threads_of(const std::vector<PlannedCell>& cells, const std::string& file) {
  int most = 1;
  for (const PlannedCell& planned : cells) {
    const Limits limits = limits_of(*planned.cell, planned.plan->limits);
    if (limits.threads == 0 && std::getenv("OMP_NUM_THREADS") == nullptr)
      throw UserError(Place{file},
                      fmt::format("plan '{}' does not say how many threads a cell has, so it would be as many as each "
                                  "machine has cores, and shards would be in each other's way, or could not be merged: "
                                  "give --set limits.threads=1, or limits: {{threads: N}} in the plan",
                                  planned.plan->name));
    most = std::max(most, effective_threads(limits));
  }
  return most;
}

Args run_command(const Call& call) {
  Args words = {call.command[0], "run", call.arguments.at(0)};
  for (const char* option : {"set", "data-dir", "rerun"})
    for (const std::string& value : call.all(option)) words.insert(words.end(), {"--" + std::string(option), value});
  if (call.has("allow-modified-data")) words.emplace_back("--allow-modified-data");
  words.emplace_back("--mix");  // a shard may go on on another node
  return words;
}

/// What of a run_command() decides which cells there are: the plan and its --set.
std::string plan_words(const Args& run) {
  Args words = {run.at(2)};
  for (std::size_t i = 3; i + 1 < run.size(); ++i)
    if (run[i] == "--set") words.insert(words.end(), {run[i], run[i + 1]});
  return command_line(words);
}

std::unique_ptr<SubmitEngine> engine_of(const std::string& name, const SlurmWishes& wishes = {}) {
  return name == "slurm" ? slurm_engine(wishes) : local_engine();
}

/// A folder in which one submission goes on: of the same plan, and of tasks that have all ended.
void require_continuable(const std::optional<SubmittedJob>& before, const SubmittedJob& job) {
  const Place place{job.dir.string()};
  if (!before) {
    std::error_code ignored;
    if (fs::exists(job.dir / "run.json", ignored))
      throw UserError(place, "a run is here that was not submitted, and its cells would run again: give another --out");
    return;
  }
  if (before->cells != job.cells)
    throw UserError(place,
                    fmt::format("the plan was submitted here in {} shards of {} cells, and this would be {} of {}: "
                                "give as many (--engine NAME:{}) and the same plan, or another --out",
                                before->cells.size(), before->all_cells(), job.cells.size(), job.all_cells(),
                                before->cells.size()));
  if (plan_words(before->run) != plan_words(job.run))
    throw UserError(place, fmt::format("here was submitted {}, and this would be {}: give another --out to keep both",
                                       plan_words(before->run), plan_words(job.run)));
  SubmittedJob now = *before;
  const auto tasks = engine_of(now.engine)->now(now);
  if (!tasks) throw UnavailableError("Slurm does not answer: nobody knows whether the tasks of this folder still run");
  if (!tasks->alive.empty())
    throw UserError(
        place, fmt::format("{} of its tasks have not ended. To follow them: {} submit --follow {}; to cancel "
                           "them: {} submit --cancel {}",
                           tasks->alive.size(), shell_word(job.run[0]), shell_word(job.out), shell_word(job.run[0]),
                           shell_word(job.out)));
}

/// Tasks whose shard has cells to run.
std::vector<std::size_t> tasks_to_run(const std::vector<std::vector<PlannedCell>>& shards,
                                      const std::vector<ShardRecord>& records, bool failed_too) {
  std::vector<std::size_t> tasks;
  for (std::size_t i = 0; i < shards.size(); ++i)
    if (std::ranges::any_of(shards[i], [&](const PlannedCell& cell) { return !records[i].has(cell.id, failed_too); }))
      tasks.push_back(i + 1);
  return tasks;
}

/// As `frugal run` does at its end.
int judge_gates(const Call& call, const SubmittedJob& job) {
  const fs::path dir = fs::absolute(job.dir);
  fs::current_path(job.folder);
  const Call run = parse_call(run_verb(), Args(job.run.begin() + 2, job.run.end()), call.workloads, job.run);
  const LoadedPlan loaded = load_plan_of(run);
  if (std::ranges::all_of(loaded.file.plans, [](const Plan& plan) { return plan.gates.empty(); })) return exit_ok;
  const Run merged = load_run(dir);
  StoredRecords records;
  for (const CellRecord& record : merged.cells) records[record.id] = &record;
  const GateReport gates = check_gates(loaded.file, records);
  fmt::print(stderr, "{}", gates.text());
  return gates.broken.empty() ? exit_ok : exit_gate;
}

/// One run of what the shards have.
int merge_all(const Call& call, const SubmittedJob& job, const std::string& ends) {
  std::vector<fs::path> shards;
  std::error_code ignored;
  for (std::size_t shard = 1; shard <= job.cells.size(); ++shard) {
    const fs::path folder = job.shard_folder(shard);
    if (fs::exists(folder / "run.json", ignored) && fs::exists(folder / "cells.jsonl", ignored))
      shards.push_back(folder);
  }
  const std::string again = command_again(job.submit);
  fmt::print(stderr, "{}", ends);
  if (shards.empty()) {
    fmt::print(stderr, "no shard has begun, so there is nothing to merge\nto go on: {}\n", again);
    return exit_cells_failed;
  }
  const MergeSummary summary = merge_runs({.out = job.dir, .shards = std::move(shards), .mix = true});
  print_merged(summary, job.dir.string(), call.command[0], again);
  if (!summary.failed.empty()) fmt::print(stderr, "why they failed: {}\n", (job.dir / "logs").string());
  if (!summary.failed.empty() || !summary.missing.empty()) return exit_cells_failed;
  return judge_gates(call, job);
}

/// stops: given up when the tasks have ended, so that the merging can be stopped like any program.
int follow_and_merge(const Call& call, SubmittedJob& job, SubmitEngine& engine, std::optional<StopSignals>& stops) {
  std::vector<ShardRecord> records = read_shards(job);
  bool have_ended = false;
  {
    Progress progress(Progress::standard_screen());
    have_ended = follow(job, records, engine, *stops, progress);
  }
  stops.reset();
  if (!have_ended) {
    const std::string dir = shell_word(job.dir.string());
    const std::string program = shell_word(call.command[0]);
    fmt::print(stderr,
               "\nno longer followed; the tasks go on\nto follow: {} submit --follow {}\nto cancel: {} submit --cancel "
               "{}\n",
               program, dir, program, dir);
    return exit_interrupted;
  }
  return merge_all(call, job, ends_text(job, records, engine.ends(job)));
}

int submit_plan(const Call& call) {
  const EngineWish wish = engine_wish(call);
  const LoadedPlan loaded = load_plan_of(call);
  refuse_searches(loaded.file);
  const std::vector<PlannedCell> cells = planned_cells(loaded.file);
  SlurmWishes wishes{.cpus = threads_of(cells, loaded.file.file),
                     .parallel = call.one("max-parallel"),
                     .partition = call.one("partition"),
                     .time = call.one("time"),
                     .more = call.all("sbatch")};
  if (wishes.parallel) count_of("--max-parallel", *wishes.parallel);
  const fs::path dir = records_folder(call, loaded.file);
  std::optional<SubmittedJob> before = SubmittedJob::load(dir);
  const std::size_t most = before ? before->cells.size() : default_tasks;
  const auto shards = all_shards(cells, std::min(cells.size(), wish.tasks.value_or(most)), call.workloads);
  SubmittedJob job{.dir = dir,
                   .engine = wish.name,
                   .cells = {},
                   .folder = fs::current_path().string(),
                   .out = dir.string(),
                   .submit = call.command,
                   .run = run_command(call),
                   .slurm_job = "",
                   .host = "",
                   .processes = {}};
  if (wish.name == "slurm") require_one_line(job, wishes);
  for (const auto& shard : shards) job.cells.push_back(shard.size());
  const std::vector<std::size_t> tasks = tasks_to_run(shards, read_shards(job), call.has("rerun"));
  if (call.has("dry-run")) {
    if (wish.name == "slurm") fmt::print("{}", slurm_script(job, wishes, tasks));
    if (wish.name == "local")
      for (const std::size_t task : tasks) fmt::print("{}\n", command_line(job.command(task)));
    return exit_ok;
  }
  // A node may have what this machine has not: its log says when it has not.
  if (report_unavailable(cells) && wish.name == "local") return exit_unavailable;
  const std::unique_ptr<SubmitEngine> engine = engine_of(wish.name, wishes);
  make_folders(dir / "shards");
  make_folders(dir / "logs");
  const FolderLock lock(dir / "shards", FolderLock::Kind::writer);
  before = SubmittedJob::load(dir);  // as nobody changes it any more
  require_continuable(before, job);
  if (tasks.empty()) {
    fmt::print(stderr, "nothing to do: all {} cells have run{}\n", cells.size(),
               call.has("rerun") ? "" : " (--rerun failed runs those again that failed)");
    return merge_all(call, job, "");
  }
  std::optional<StopSignals> stops(std::in_place);  // who stops us now must not lose the number of what was started
  engine->start(job, tasks);
  job.save();
  fmt::print(stderr, "{} {} of {} cells: {}; Ctrl-C leaves {} running\n", tasks.size(),
             tasks.size() == 1 ? "task" : "tasks", cells.size(),
             wish.name == "slurm" ? "Slurm job " + job.slurm_job : "processes of this machine",
             tasks.size() == 1 ? "it" : "them");
  return follow_and_merge(call, job, *engine, stops);
}

/// Of --status DIR and the like.
SubmittedJob submitted_job(const std::string& dir) {
  std::optional<SubmittedJob> job = SubmittedJob::load(dir);
  if (!job)
    throw UserError(Place{dir}, "nothing was submitted here: `frugal submit PLAN --engine ... --out " + dir + "` does");
  return *job;
}

int show_status(const Call& call) {
  SubmittedJob job = submitted_job(*call.one("status"));
  fmt::print("{}", status_text(job, read_shards(job), engine_of(job.engine)->now(job)));
  return exit_ok;
}

int follow_again(const Call& call) {
  SubmittedJob job = submitted_job(*call.one("follow"));
  const FolderLock lock(job.dir / "shards", FolderLock::Kind::writer);
  std::optional<StopSignals> stops(std::in_place);
  return follow_and_merge(call, job, *engine_of(job.engine), stops);
}

int cancel_tasks(const Call& call) {
  const SubmittedJob job = submitted_job(*call.one("cancel"));
  engine_of(job.engine)->cancel(job);
  fmt::print(stderr, "cancelled; what is done is kept. To merge it: {} submit --follow {}\nto go on: {}\n",
             shell_word(call.command[0]), shell_word(job.dir.string()), command_again(job.submit));
  return exit_ok;
}

int submit(const Call& call) {
  const std::pair<const char*, int (*)(const Call&)> of_folders[] = {
      {"status", show_status}, {"follow", follow_again}, {"cancel", cancel_tasks}};
  for (const auto& [option, act] : of_folders) {
    if (!call.has(option)) continue;
    if (!call.arguments.empty() || call.values.size() > 1)
      throw UserError(fmt::format("--{} DIR is given alone: the folder knows its plan", option));
    return act(call);
  }
  if (call.arguments.empty()) throw UserError("submit needs PLAN, or --status, --follow or --cancel with a folder");
  return submit_plan(call);
}

OptionSpec of_folder(const std::string& name, const std::string& help) {
  return {.name = name, .value = "DIR", .help = help, .values = {.folders = true}};
}

}  // namespace

Verb submit_verb() {
  ArgumentSpec plan = plan_argument();
  plan.least = 0;
  return {
      .name = "submit",
      .summary = "run a plan on a cluster, or in several processes",
      .help =
          "Runs a plan as tasks of Slurm (--engine slurm), or as processes of this machine (--engine local:N): each task "
          "is `frugal run PLAN --shard I/N`, with a record of its own in DIR/shards/I and a log in DIR/logs/I.txt. "
          "Follows them, and makes one run of all in DIR at the end, as frugal merge does.\n\nCtrl-C leaves the tasks "
          "running. What is done is kept whatever happens to a task or its node; the same command submits what is "
          "missing. Cells that failed are run again with --rerun failed.\n\nExit code 2: refused, as when tasks of "
          "the folder still run; 3: cells failed or are still to do; 4: there is no Slurm here; 130: no longer followed.",
      .arguments = {std::move(plan)},
      .options = {{.name = "engine",
                   .value = "ENGINE",
                   .help = "slurm, slurm:N for N tasks (default: a cell each, at most 100), local:N for N processes",
                   .values = {.words = {"slurm", "local:2"}}},
                  set_option(),
                  out_option("shards, logs and the merged run go"),
                  {.name = "max-parallel", .value = "K", .help = "Slurm: at most so many tasks at a time"},
                  {.name = "partition", .value = "NAME", .help = "Slurm: the partition"},
                  {.name = "time", .value = "TIME", .help = "Slurm: the limit of a task, 01:30:00"},
                  {.name = "sbatch",
                   .value = "OPTIONS",
                   .help = "Slurm: further options of sbatch, '--mem=4G --constraint=zen4'",
                   .repeatable = true},
                  {.name = "rerun",
                   .value = "failed",
                   .help = "also runs again what failed",
                   .values = {.words = {"failed"}, .closed = true},
                   .repeats_work = true},
                  {.name = "dry-run",
                   .value = "",
                   .help = "prints the script for sbatch, or the commands of the processes, and starts nothing"},
                  of_folder("status", "how far the tasks of a folder are"),
                  of_folder("follow", "follows the tasks of a folder again, and merges"),
                  of_folder("cancel", "ends the tasks of a folder; what is done is kept"),
                  data_dir_option(),
                  modified_data_option()},
      .examples = {"frugal submit sweep.yaml --engine local:4",
                   "frugal submit sweep.yaml --engine slurm:32 --partition compute --time 02:00:00",
                   "frugal submit sweep.yaml --engine slurm:32 --dry-run",
                   "frugal submit --follow results/local/sweep"},
      .run = submit};
}

}  // namespace frugal::harness
