// `frugal capsule` packs a run so that others can repeat it; `frugal reproduce` repeats it and judges every claim.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/reported_runs.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/judge/formats/formats.hpp"
#include "benchmarks/harness/judge/formats/words.hpp"
#include "benchmarks/harness/judge/gate.hpp"
#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/report/exports/capsule.hpp"

namespace frugal::harness {
namespace {

/// Files of one's own that the cells read, as the plan names them.
std::set<std::string> own_files(const Run& run) {
  std::set<std::string> files;
  for (const CellRecord& record : run.cells)
    if (const Json* path = cell_value(record.cell.dataset, "path"); path && path->is_string())
      files.insert(path->get<std::string>());
  return files;
}

/// Where a plan in this folder looks for such a file.
std::string in_folder(const std::filesystem::path& folder, const std::string& path) {
  return (folder / path).lexically_normal().string();
}

int make_capsule(const Call& call) {
  const Run run = load_run(call.arguments.at(0));
  const Args& command = run.provenance.command;
  if (command.size() > 1 && command[1] == "search")
    throw UserError(
        Place{run.folder.string()},
        "this is a search: what it tries depends on what it finds, so there are no cells to repeat. Its plan is "
        "in run.json; frugal run of the structures that it found makes a run for a capsule");
  write_capsule(run, *call.one("out"));
  fmt::print("{}\n", *call.one("out"));
  if (const std::string why = why_not_whole(run); !why.empty())
    fmt::print(stderr, "frugal: {}: whoever repeats this capsule is not told what they would have been\n", why);
  for (const std::string& path : own_files(run)) {
    const std::string file = in_folder(*call.one("out"), path);
    if (!std::filesystem::exists(file))
      fmt::print("not in it, and looked for by reproduce: {}\n", file);
    else if (std::filesystem::path(path).is_absolute())
      fmt::print(stderr,
                 "frugal: {}: reproduce looks for this file there, on any machine; where a plan gives a relative path, "
                 "the file can go with the capsule\n",
                 path);
  }
  return exit_ok;
}

/// --out; without it a new folder, as another capsule may have the same name.
std::string new_records_folder(const Call& call, const std::string& name) {
  if (const auto out = call.one("out")) return *out;
  const std::string first = "results/local/reproduced_" + name;
  std::string folder = first;
  for (int number = 2; std::filesystem::exists(folder); ++number) folder = fmt::format("{}_{}", first, number);
  return folder;
}

/// The words that go on in this folder.
Args command_into(const std::string& out, const Call& call) {
  Args command = call.command;
  if (!call.has("out")) command.insert(command.end(), {"--out", out});
  return command;
}

/// Before time is spent on other data than those that the claims are of.
void require_claimed_data(const Run& claimed, const Call& run) {
  std::map<std::string, InputRecord> then;
  for (const CellRecord& record : claimed.cells)
    for (const InputRecord& input : record.inputs) then.try_emplace(input.file, input);
  for (const std::string& path : own_files(claimed)) {
    const std::string file = in_folder(std::filesystem::path(run.arguments.at(0)).parent_path(), path);
    if (const auto known = then.find(path); known != then.end() && !std::filesystem::exists(file))
      throw UserError(Place{file},
                      fmt::format("this file is not here, and no capsule holds data: put the one of {} bytes "
                                  "with sha256 {} there",
                                  known->second.bytes, known->second.sha256));
  }
  const LoadedPlan loaded = load_plan_of(run);
  Inputs inputs = inputs_of(loaded, run);
  for (const InputRecord& now : inputs.of_all(planned_cells(loaded.file)))
    if (const auto known = then.find(now.file); known != then.end() && !known->second.same_content(now))
      throw UserError(
          fmt::format("{} is another file here, of {} bytes, sha256 {}; the capsule's claims are of {} bytes, "
                      "sha256 {}",
                      now.file, now.bytes, now.sha256, known->second.bytes, known->second.sha256));
}

/// As `frugal run PLAN --set ... --out DIR` would be called.
Call run_call(const Call& call, const Args& command, const Run& claimed, const std::string& out) {
  const std::filesystem::path folder = call.arguments.at(0);
  Call again{.workloads = call.workloads, .command = command, .arguments = {(folder / capsule_plan).string()}};
  again.values["out"] = {out};
  for (const char* option : {"data-dir", "allow-modified-data", "rerun", "mix"})
    if (call.has(option)) again.values[option] = call.all(option);
  const Json* overrides = cell_value(claimed.provenance.plan, "overrides");
  if (overrides && overrides->is_array())
    for (const Json& one : *overrides) again.values["set"].push_back(one.get<std::string>());
  return again;
}

/// A run that was stopped goes on; figures of an earlier one that was not are no answer to "does it hold here, now?".
void refuse_finished(const Call& run, const std::string& out) {
  if (run.has("rerun") || !std::filesystem::exists(std::filesystem::path(out) / "run.json")) return;
  std::set<std::string> known;
  for (const CellRecord& record : load_run(out).cells) known.insert(record.id);
  const std::vector<PlannedCell> cells = planned_cells(load_plan_of(run).file);
  if (std::ranges::all_of(cells, [&](const PlannedCell& cell) { return known.contains(cell.id); }))
    throw UserError(Place{out},
                    "all cells of this capsule have been run here. --rerun all runs them again; without --out, or with "
                    "another one, the new records lie beside these");
}

/// A line a claim, what does not hold first.
std::string claims_text(const Judgement& judgement) {
  std::string text;
  std::size_t hold = 0;
  for (const Verdict verdict : all_verdicts)
    for (const Finding& finding : judgement.findings) {
      if (finding.verdict != verdict) continue;
      hold += finding.failed() ? 0 : 1;
      text += fmt::format("{:<9}  {}: {}\n", to_string(verdict), finding_name(finding), finding.message);
    }
  return text + fmt::format("{}\n{} of {} claims hold ({})\n", judgement.how, hold, judgement.findings.size(),
                            counts_text(judgement));
}

int reproduce(const Call& call) {
  const std::filesystem::path folder = call.arguments.at(0);
  const Run claimed = load_up_to_date(folder.string(), call.workloads);
  if (!std::filesystem::exists(folder / capsule_plan))
    throw UserError(Place{folder.string()},
                    fmt::format("no capsule: it has no {} (frugal capsule makes one of a run)", capsule_plan));
  const std::string out = new_records_folder(call, claimed.provenance.name);
  const Args command = command_into(out, call);
  const Call run = run_call(call, command, claimed, out);
  refuse_finished(run, out);
  require_claimed_data(claimed, run);
  const int code = run_verb().run(run);
  // Cells that failed, and gates that broke, are claims that do not hold; all else stopped the run.
  if (code != exit_ok && code != exit_gate && code != exit_cells_failed) return code;
  const Judgement judgement =
      check_run(load_up_to_date(out, call.workloads), {.file = folder.string(), .run = claimed});
  fmt::print("{}", claims_text(judgement));
  // A gate that the claimed run had broken, too, is no claim.
  StoredRecords then;
  for (const CellRecord& record : claimed.cells) then[record.id] = &record;
  const bool lost_gate = code == exit_gate && check_gates(load_plan_of(run).file, then).broken.empty();
  if (lost_gate) fmt::print("a gate of the plan that the claimed run kept is broken\n");
  return judgement.passed() && !lost_gate ? exit_ok : exit_gate;
}

}  // namespace

Verb capsule_verb() {
  OptionSpec out{
      .name = "out", .value = "DIR", .help = "the new folder", .required = true, .values = {.folders = true}};
  return {
      .name = "capsule",
      .summary = "packs a run so that others can repeat it",
      .help =
          "Makes a folder with the records of a run, its plan as it was, and a description that other tools read (a "
          "Workflow Run RO-Crate). Every verb takes it as a run. Data files are named with their hashes, and not "
          "copied: many may not be passed on.",
      .arguments = {run_argument("RUN")},
      .options = {std::move(out)},
      .examples = {"frugal capsule results/local/demo --out demo_capsule"},
      .run = make_capsule};
}

Verb reproduce_verb() {
  return {
      .name = "reproduce",
      .summary = "runs a capsule's plan again and judges each of its claims",
      .help =
          "Runs the plan of a capsule with its settings on this machine, and holds every figure of it against the "
          "new one, by the rule of `frugal check`: same, no worse and better hold. Exit code 1: a claim does not "
          "hold, or it cannot be told. Files of one's own are looked for where the plan names them, from the capsule's "
          "folder on; `frugal capsule` lists them.",
      .arguments = {run_argument("CAPSULE")},
      .options = {{.name = "out",
                   .value = "DIR",
                   .help = "where the new records go; a run that was stopped there goes on. Default: a new folder "
                           "results/local/reproduced_<name of the run>",
                   .values = {.folders = true}},
                  rerun_option(),
                  mix_option(),
                  data_dir_option(),
                  modified_data_option()},
      .examples = {"frugal reproduce demo_capsule"},
      .run = reproduce};
}

}  // namespace frugal::harness
