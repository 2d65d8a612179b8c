// `frugal check`: a run against a baseline.
#include <fmt/format.h>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/judge/judge.hpp"

namespace frugal::harness {
namespace {

int run_check(const Call& call) {
  const Judgement judgement =
      check_run(load_run(call.arguments.at(0)), load_baseline(call.one("baseline").value()), call.has("subset"));
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
          "file that names one and gives tolerances.\n\nExit code 1: something is worse, or the seeds are too few to tell.",
      .arguments = {run_argument("RUN")},
      .options = {{.name = "baseline",
                   .value = "FILE",
                   .help = "what to hold the run against",
                   .required = true,
                   .values = {.files = true}},
                  {.name = "subset", .value = "", .help = "the run may lack cells and seeds of the baseline"},
                  {.name = "junit",
                   .value = "FILE",
                   .help = "writes the findings as JUnit XML too",
                   .values = {.files = true}}},
      .examples = {"frugal check results/local/ci --baseline results/baselines/smoke --junit junit.xml"},
      .run = run_check};
}

}  // namespace frugal::harness
