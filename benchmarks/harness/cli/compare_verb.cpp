// `frugal compare`: two runs, side by side.
#include <fmt/format.h>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/report/report.hpp"

namespace frugal::harness {
namespace {

/// A comparison is one of two machines at most.
Run load_unmixed(const std::string& path) {
  Run run = load_run(path);
  if (!run.provenance.machines.empty())
    throw UserError(Place{path}, fmt::format("this run is of {} machines: `frugal report` shows them apart",
                                             run.provenance.machines.size()));
  return run;
}

int run_compare(const Call& call) {
  const TableFormat format = parse_format(call.one("format").value_or("md"));
  fmt::print("{}",
             render(compare_runs(load_unmixed(call.arguments.at(0)), load_unmixed(call.arguments.at(1))), format));
  return exit_ok;
}

}  // namespace

Verb compare_verb() {
  return {.name = "compare",
          .summary = "two runs, side by side",
          .help = "How B does against A, cell by cell: times and metrics.",
          .arguments = {run_argument("RUN_A"), run_argument("RUN_B")},
          .options = {format_option({"md", "csv", "tex", "html"}, "md (default), csv, tex or html")},
          .examples = {"frugal compare results/local/laptop results/local/server"},
          .run = run_compare};
}

}  // namespace frugal::harness
