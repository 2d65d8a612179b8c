// `frugal report`: tables of runs.
#include <fmt/format.h>

#include <cstdio>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/report/machines.hpp"
#include "benchmarks/harness/report/page.hpp"
#include "benchmarks/harness/report/report.hpp"
#include "embedded_tables.hpp"
#include "impl/base/files.hpp"

namespace frugal::harness {
namespace {

int run_report(const Call& call) {
  const TableFormat format = parse_format(call.one("format").value_or("md"));
  std::vector<TableSpec> specs;
  for (const std::string& name : call.all("table")) {
    std::vector<TableSpec> loaded = load_table_specs(name);
    specs.insert(specs.end(), loaded.begin(), loaded.end());
  }
  std::vector<Run> runs;
  for (const std::string& path : call.arguments)
    for (Run& run : by_machine(load_run(path))) runs.push_back(std::move(run));
  tell_machines_apart(runs);
  std::vector<Table> tables;
  if (specs.empty()) tables = default_tables(runs);
  for (const TableSpec& spec : specs) tables.push_back(make_table(spec, runs));
  if (tables.empty())
    throw UserError("no built-in table has anything to show of this run; give one with --table (frugal list tables)");
  const auto path = call.one("out");
  const std::string text = format == TableFormat::html ? to_page(tables, runs,
                                                                 path ? std::filesystem::absolute(*path).parent_path()
                                                                      : std::filesystem::current_path())
                                                       : render(tables, format);
  if (path) {
    write_whole_file(*path, text);
    fmt::print(stderr, "wrote {}\n", *path);
  } else {
    fmt::print("{}", text);
  }
  return exit_ok;
}

}  // namespace

Verb report_verb() {
  Values tables{.files = true};
  for (const auto& [name, text] : embedded::tables()) tables.words.emplace_back(name);
  ArgumentSpec runs = run_argument("RUN");
  runs.most = 64;
  return {
      .name = "report",
      .summary = "a table of a run, as text, Markdown, CSV, LaTeX or HTML",
      .help =
          "Tables of one or more runs. Without --table: every built-in table that has something to show (frugal "
          "list tables).",
      .arguments = {std::move(runs)},
      .options =
          {{.name = "table",
            .value = "SPEC",
            .help = "a file, or the name of a built-in table",
            .repeatable = true,
            .values = std::move(tables)},
           format_option(
               words(table_format_names),
               "md (default), csv, tex, html; or the figures alone: svg, vega (Vega-Lite), mpl (a script for matplotlib)"),
           {.name = "out",
            .value = "FILE",
            .help = "writes here instead of to standard output",
            .values = {.files = true}}},
      .examples = {"frugal report results/local/demo", "frugal report results/local/demo --format tex --out table.tex"},
      .run = run_report};
}

}  // namespace frugal::harness
