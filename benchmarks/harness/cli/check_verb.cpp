// `frugal check`: a run against a baseline, or two programs in turns.
#include <fmt/format.h>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/paired_check.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/judge/judge.hpp"

namespace frugal::harness {
namespace {

Judgement judge_call(const Call& call) {
  if (call.has("paired")) {
    if (call.arguments.size() != 2) throw UserError("check --paired needs two programs: the old one, then the new one");
    return check_pairs(call);
  }
  if (call.arguments.size() != 1 || !call.has("baseline"))
    throw UserError("check needs one run and --baseline FILE, or --paired and two programs (frugal check --help)");
  return check_run(load_run(call.arguments.at(0)), load_baseline(*call.one("baseline")), call.has("subset"));
}

int run_check(const Call& call) {
  const Judgement judgement = judge_call(call);
  if (const auto path = call.one("junit")) write_junit(judgement, *path);
  fmt::print("{}", to_text(judgement));
  return judgement.passed() ? exit_ok : exit_gate;
}

}  // namespace

Verb check_verb() {
  return {
      .name = "check",
      .summary = "a run against a baseline: exit code 1 when it is worse",
      .help =
          "Holds a run against a baseline. RUN is a run folder. FILE is one as well, its cells.jsonl, or a YAML "
          "file that names one and gives tolerances.\n\nWith --paired the arguments are two programs, the old build "
          "and the new one (or one program twice, with --set-new): their times are compared cell by cell, in turns, "
          "until all is decided, so that other work on the machine raises no alarm.\n\nExit code 1: something is "
          "worse, or it cannot be told (docs/checks.md).",
      .arguments = {{.name = "RUN", .least = 1, .most = 2, .values = {.files = true}}},
      .options =
          {{.name = "baseline", .value = "FILE", .help = "what to hold the run against", .values = {.files = true}},
           {.name = "subset", .value = "", .help = "the run may lack cells and seeds of the baseline"},
           {.name = "junit",
            .value = "FILE",
            .help = "writes the findings as JUnit XML too",
            .values = {.files = true}},
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
      .examples = {"frugal check results/local/ci --baseline results/baselines/smoke-avx2 --junit junit.xml",
                   "frugal check --paired old/frugal new/frugal --plan smoke"},
      .run = run_check};
}

}  // namespace frugal::harness
