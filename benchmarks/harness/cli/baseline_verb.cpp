// `frugal baseline update`: a run becomes the one that others are held against.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/reported_runs.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/judge/formats/formats.hpp"
#include "benchmarks/harness/record/replace_run.hpp"
#include "benchmarks/harness/study/origin_text.hpp"
#include "benchmarks/harness/study/same_data.hpp"

namespace frugal::harness {
namespace {

/// A cell that did not end well, or did not run, would be one that nobody misses.
void require_whole(const Run& run) {
  if (run.cells.empty()) throw UserError(Place{run.folder.string()}, "this run has no cells yet");
  const auto bad = std::ranges::count(run.cells, false, &CellRecord::ended_well);
  if (bad > 0)
    throw UserError(Place{run.folder.string()},
                    fmt::format("{} of {} cells did not end well, and a check against them would not miss them; run "
                                "them again first (frugal run ... --rerun failed)",
                                bad, run.cells.size()));
  if (run.to_do > 0)
    throw UserError(Place{run.folder.string()},
                    fmt::format("{}, and a check would not miss them; run them first", to_do_text(run)));
}

/// What the old baseline has and the run has not. Prints what the next check would have said.
std::size_t missing_of(const Run& run, const Baseline& old, const Call& call) {
  try {
    require_same_data(old.run, "the old baseline", run, "this run");
  } catch (const UserError& error) {
    throw UserError(fmt::format("{}. Where the baseline is to be of these data: --other-data", error.what()));
  }
  const Judgement judgement = check_run(run, old, {.subset = call.has("subset"), .across_machines = true});
  fmt::print("{}", to_text(judgement));
  return judgement.count(Verdict::missing);
}

/// The same where figures cannot be held against each other.
std::size_t missing_on_other_data(const Run& run, const Run& old) {
  for (const auto& [file, contents] : changed_files(old, run))
    fmt::print("other data  {}: {} bytes, sha256 {} then; {} bytes, sha256 {} now\n", file, contents.a->bytes,
               contents.a->sha256, contents.b->bytes, contents.b->sha256);
  std::set<std::string> cells;
  for (const CellRecord& record : run.cells) cells.insert(same_cell_key(record));
  std::size_t missing = 0;
  for (const CellRecord& record : old.cells) {
    if (record.status != Status::ok || cells.contains(same_cell_key(record))) continue;
    fmt::print("missing     {} (seed {})\n", record.id, record.cell.seed);
    ++missing;
  }
  return missing;
}

int update_baseline(const Call& call) {
  const Run run = load_up_to_date(call.arguments.at(0), call.workloads);
  const std::filesystem::path target = *call.one("baseline");
  require_whole(run);
  const bool is_new = !std::filesystem::exists(target) || is_half_replaced(target) ||
                      (std::filesystem::is_directory(target) && std::filesystem::is_empty(target));
  if (is_new && (target.extension() == ".yaml" || target.extension() == ".jsonl"))
    throw UserError(Place{target.string()}, "there is no such file; a new baseline is a folder");
  std::filesystem::path folder = target;
  if (!is_new) {
    Baseline old = load_baseline(target);
    add_later_params(old.run, call.workloads);
    folder = old.run.folder;
    if (std::filesystem::equivalent(folder, run.folder))
      throw UserError(Place{target.string()}, "the run is this baseline already");
    require_tolerances_fit(target, run);
    const std::size_t missing =
        call.has("other-data") ? missing_on_other_data(run, old.run) : missing_of(run, old, call);
    if (missing > 0 && !call.has("subset"))
      throw UserError(Place{run.folder.string()},
                      fmt::format("{} cells, seeds or metrics that the old baseline has are not in this run (missing, "
                                  "above), and no check would miss them any more. Where they are to go: --subset",
                                  missing));
  }
  replace_run(run.folder, folder);
  fmt::print(stderr, "frugal: {} {} is now {}{}\n", is_new ? "new baseline" : "baseline", folder.string(),
             run.folder.string(),
             is_new ? "" : "; commit it when the changes above are meant (git diff shows every figure)");
  return exit_ok;
}

}  // namespace

Verb baseline_verb() {
  Verb update = {
      .name = "baseline update",
      .summary = "makes a run the baseline, and prints what changes by it",
      .help =
          "Prints how the run does against the old baseline, as `frugal check` would, and then puts run.json and "
          "cells.jsonl of the run in its place. The tolerances of a YAML file stay. A FILE that is not there, or an "
          "empty folder, becomes a new baseline. A run with cells that did not end well or have no record is refused, and "
          "so is one that lacks what the old baseline has, without --subset, or that read other data, without --other-data.",
      .arguments = {run_argument("RUN")},
      .options = {{.name = "baseline",
                   .value = "FILE",
                   .help = "what `frugal check` is given",
                   .required = true,
                   .values = {.files = true}},
                  {.name = "subset",
                   .value = "",
                   .help = "the run may lack cells, seeds and metrics of the old baseline"},
                  {.name = "other-data",
                   .value = "",
                   .help = "the run may have read files of other content than the old baseline: figures are then not "
                           "held against each other"}},
      .examples = {"frugal baseline update results/local/smoke --baseline results/baselines/smoke-avx2"},
      .run = update_baseline};
  return {.name = "baseline",
          .summary = "committed runs that others are held against",
          .help = "What `frugal check --baseline` holds a run against.",
          .actions = {std::move(update)}};
}

}  // namespace frugal::harness
