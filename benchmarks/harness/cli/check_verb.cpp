// `frugal check`: a run against a baseline, or two programs in turns.
#include <fmt/format.h>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/option_values.hpp"
#include "benchmarks/harness/cli/outputs.hpp"
#include "benchmarks/harness/cli/paired_check.hpp"
#include "benchmarks/harness/cli/reported_runs.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/judge/formats/formats.hpp"
#include "benchmarks/harness/study/origin_text.hpp"

namespace frugal::harness {
namespace {

/// What the baseline lacks no check would miss.
void require_whole(const Baseline& baseline) {
  const Run& run = baseline.run;
  if (run.to_do == 0) return;
  throw UserError(
      Place{baseline.file},
      fmt::format(
          "this baseline is not whole: {}, and a check would not miss them. Restore it, or make a whole run the "
          "baseline (frugal baseline update)",
          to_do_text(run)));
}

Judgement judge_call(const Call& call) {
  if (call.has("paired")) {
    refuse_options(call, {"baseline", "subset", "time", "across-machines"}, "has no meaning with --paired");
    if (call.arguments.size() != 2) throw UserError("check --paired needs two programs: the old one, then the new one");
    return check_pairs(call);
  }
  if (call.arguments.size() != 1 || !call.has("baseline"))
    throw UserError("check needs one run and --baseline FILE, or --paired and two programs (frugal check --help)");
  refuse_options(call, {"plan", "slowdown", "set", "set-old", "set-new", "out", "data-dir"}, "is for --paired only");
  Baseline baseline = load_baseline(*call.one("baseline"));
  require_whole(baseline);
  add_later_params(baseline.run, call.workloads);
  if (const auto time = call.one("time"))
    baseline.tolerances.push_back({.metric = "time.total", .relative = share_of("time", *time)});
  return check_run(load_up_to_date(call.arguments.at(0), call.workloads), baseline,
                   {.subset = call.has("subset"), .across_machines = call.has("across-machines")});
}

int run_check(const Call& call) {
  const std::vector<Output> outputs = outputs_of(call, words(verdict_format_names), "txt");
  Judgement judgement;
  try {
    judgement = judge_call(call);
  } catch (const Interrupted&) {
    fmt::print(stderr, "\nfrugal: stopped before all was decided; the records so far are kept\n");
    return exit_interrupted;
  }
  write_outputs(outputs, [&](const std::string& format) {
    return render_check(judgement, from_word(verdict_format_names, "format", format));
  });
  return judgement.passed() ? exit_ok : exit_gate;
}

}  // namespace

Verb check_verb() {
  return {
      .name = "check",
      .summary = "a run against a baseline: exit code 1 when it is worse",
      .help =
          "Holds a run against a baseline. RUN is a run folder. FILE is one as well, its cells.jsonl, or a YAML "
          "file that names one and gives tolerances.\n\nWith --paired the arguments are two programs: the old build "
          "in place of RUN, and NEW, the new one (or one program twice, with --set-new): their times are compared cell by cell, in turns, "
          "until all is decided, so that other work on the machine raises no alarm.\n\nExit code 1: something is "
          "worse, or it cannot be told (docs/checks.md).",
      .arguments = {{.name = "RUN", .values = {.files = true}}, {.name = "NEW", .least = 0, .values = {.files = true}}},
      .options =
          {{.name = "baseline", .value = "FILE", .help = "what to hold the run against", .values = {.files = true}},
           {.name = "subset", .value = "", .help = "the run may lack cells and seeds of the baseline"},
           {.name = "time", .value = "SHARE", .help = "judges total times too: 10% may be lost"},
           {.name = "across-machines",
            .value = "",
            .help = "judges times also where another machine took the baseline's"},
           outputs_option(words(verdict_format_names),
                          "txt (default), md: a comment for a pull request, json, junit, or github: annotations of a "
                          "workflow"),
           {.name = "paired", .value = "", .help = "compares the times of two programs"},
           {.name = "plan",
            .value = "PLAN",
            .help = "paired: what both run; default: smoke",
            .values = plan_argument().values},
           {.name = "slowdown",
            .value = "SHARE",
            .help = "paired: the slowdown that must not be missed; default: 0.03"},
           set_option(),
           {.name = "set-old", .value = "PATH=VALUE", .help = "paired: for the old one only", .repeatable = true},
           {.name = "set-new", .value = "PATH=VALUE", .help = "paired: for the new one only", .repeatable = true},
           {.name = "out",
            .value = "DIR",
            .help = "paired: where all records go; default: results/local/paired_<plan>",
            .values = {.folders = true}},
           data_dir_option()},
      .examples = {"frugal check results/local/ci --baseline results/baselines/smoke-avx2 --format junit=junit.xml",
                   "frugal check --paired old/frugal new/frugal --plan smoke"},
      .run = run_check};
}

}  // namespace frugal::harness
