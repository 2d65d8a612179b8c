// `frugal compare`: runs against the first of them.
#include <fmt/format.h>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/option_values.hpp"
#include "benchmarks/harness/cli/outputs.hpp"
#include "benchmarks/harness/cli/reported_runs.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/compare/compare_table.hpp"
#include "benchmarks/harness/judge/formats/formats.hpp"

namespace frugal::harness {
namespace {

/// A comparison is one of two machines at most.
Run load_unmixed(const std::string& path, const Workloads& workloads) {
  Run run = load_up_to_date(path, workloads);
  if (!run.provenance.machines.empty())
    throw UserError(Place{path}, fmt::format("this run is of {} machines: `frugal report` shows them apart",
                                             run.provenance.machines.size()));
  return run;
}

std::string render_comparison(const std::vector<Judgement>& judgements, const std::vector<Run>& runs,
                              const std::string& format) {
  if (format == "txt") return compared_text(judgements);
  if (format == "md") return compared_markdown(judgements);
  if (format == "json") return compared_json(judgements);
  std::vector<Table> tables;
  for (std::size_t i = 0; i < judgements.size(); ++i)
    tables.push_back(compare_table(judgements[i], runs.front(), runs[i + 1]));
  return render(tables, parse_format(format));
}

const std::vector<std::string>& comparison_formats() {
  static const std::vector<std::string> formats{"txt", "md", "json", "csv", "tex", "html"};
  return formats;
}

int run_compare(const Call& call) {
  const std::vector<Output> outputs = outputs_of(call, comparison_formats(), "txt");
  std::vector<Run> runs;
  for (const std::string& path : call.arguments) runs.push_back(load_unmixed(path, call.workloads));
  const auto time = call.one("time");
  const double tolerance = time ? share_of("time", *time) : compared_time_tolerance;
  std::vector<Judgement> judgements;
  for (std::size_t i = 1; i < runs.size(); ++i) judgements.push_back(compare_runs(runs.front(), runs[i], tolerance));
  write_outputs(outputs, [&](const std::string& format) { return render_comparison(judgements, runs, format); });
  bool nothing = true;
  for (const Judgement& judgement : judgements) {
    if (!judgement.findings.empty())
      nothing = false;
    else
      fmt::print(stderr, "frugal: {}\n", judgement.speed->why);
  }
  return nothing ? exit_usage : exit_ok;
}

}  // namespace

Verb compare_verb() {
  ArgumentSpec others = run_argument("RUN");
  others.most = 16;
  return {
      .name = "compare",
      .summary = "runs against a first one: faster, slower, what changed",
      .help =
          "How each RUN does against BASE. First whether it is faster, slower, the same, too uncertain to tell, or "
          "not comparable, with the ratio of the times; then both machines and builds; then what changed. It judges "
          "as `frugal check` does (docs/checks.md) and always ends with 0, unless nothing can be compared (2).",
      .arguments = {run_argument("BASE"), std::move(others)},
      .options = {outputs_option(comparison_formats(),
                                 "txt (default), md: a comment for a pull request, json, or tables of everything: "
                                 "csv, tex, html"),
                  {.name = "time", .value = "SHARE", .help = "times within it are the same; default: 5%"}},
      .examples = {"frugal compare results/local/laptop results/local/server",
                   "frugal compare results/local/main results/local/branch --format md=comment.md"},
      .run = run_compare};
}

}  // namespace frugal::harness
