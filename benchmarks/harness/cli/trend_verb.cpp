// `frugal trend`: runs over time, and where they changed.
#include <fmt/format.h>

#include <cstdio>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/option_values.hpp"
#include "benchmarks/harness/cli/reported_runs.hpp"
#include "benchmarks/harness/cli/screen.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/compare/trend.hpp"
#include "benchmarks/harness/report/view.hpp"

namespace frugal::harness {
namespace {

int run_trend(const Call& call) {
  const TableFormat format = table_format_of(call);
  const auto time = call.one("time");
  const double tolerance = time ? share_of("time", *time) : compared_time_tolerance;
  const std::vector<Run> runs = load_by_machine(call.arguments, call.workloads);
  const Trend trend = trend_of(runs, tolerance);
  for (const std::string& note : trend.notes) fmt::print(stderr, "frugal: {}\n", note);
  std::vector<Table> tables = trend_tables(trend, call.all("metric"));
  if (tables.empty() && trend.notes.empty()) {
    fmt::print(is_for_people(format) ? stdout : stderr,
               "nothing changed in these runs, and none has times taken without other work; --metric NAME shows one\n");
    if (format == TableFormat::json) fmt::print("{}", render(tables, format));
    return exit_ok;
  }
  tables = arrange(std::move(tables), {.whole = !is_for_people(format)});
  fmt::print("{}", render(tables, format, screen_columns().value_or(usual_width)));
  return exit_ok;
}

}  // namespace

Verb trend_verb() {
  ArgumentSpec runs = run_argument("RUN");
  runs.least = 2;
  runs.most = 1000;
  return {
      .name = "trend",
      .summary = "runs over time, and where a figure changed",
      .help =
          "The runs in order of their commits' dates, figure by figure. A run is a change point where it is better, "
          "worse or changed against the last change point, or the first run, by the rule of `frugal check` "
          "(docs/checks.md). Times begin anew on another machine, all figures of a cell on other data. Without --metric: what changed, and the total time.",
      .arguments = {std::move(runs)},
      .options = {{.name = "metric", .value = "NAME", .help = "this metric, or time.STAGE", .repeatable = true},
                  {.name = "time", .value = "SHARE", .help = "times within it are the same; default: 5%"},
                  format_option(words(table_format_names),
                                "txt (default in a terminal), md (default elsewhere), csv, json, tex, html; the plots "
                                "alone: svg, vega, mpl")},
      .examples = {"frugal trend nightly/*", "frugal trend nightly/* --metric time.total --format svg"},
      .run = run_trend};
}

}  // namespace frugal::harness
