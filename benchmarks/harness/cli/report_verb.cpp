// `frugal report`: tables of runs.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/option_values.hpp"
#include "benchmarks/harness/cli/reported_runs.hpp"
#include "benchmarks/harness/cli/screen.hpp"
#include "benchmarks/harness/cli/shared_arguments.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/report/exports/exports.hpp"
#include "benchmarks/harness/report/machines.hpp"
#include "benchmarks/harness/report/page.hpp"
#include "benchmarks/harness/report/report.hpp"
#include "benchmarks/harness/report/user_table.hpp"
#include "benchmarks/harness/report/view.hpp"
#include "embedded_tables.hpp"
#include "impl/base/files.hpp"

namespace frugal::harness {
namespace {

/// Of a format that is no table.
std::string exported(const Call& call, ExportFormat format) {
  refuse_options(call, {"table", "users", "columns", "rows", "sort", "group", "pivot", "transpose"},
                 "is for tables; this format has all figures");
  return export_runs(load_by_machine(call.arguments, call.workloads), format);
}

int write_report(const Call& call, const std::string& text) {
  if (const auto path = call.one("out")) {
    write_whole_file(*path, text);
    fmt::print(stderr, "wrote {}\n", *path);
  } else {
    fmt::print("{}", text);
  }
  return exit_ok;
}

bool is_of_figures(TableFormat format) {
  return format == TableFormat::svg || format == TableFormat::vega || format == TableFormat::matplotlib;
}

View view_of(const Call& call, TableFormat format) {
  if (is_of_figures(format))
    refuse_options(call, {"columns", "rows", "sort", "group", "pivot", "transpose"},
                   "is for tables; figures have all rows (--table chooses)");
  View view{.columns = call.all("columns"),
            .rows = call.all("rows"),
            .sort = call.one("sort"),
            .group = call.one("group"),
            .pivot = call.one("pivot"),
            .transpose = call.has("transpose"),
            .whole = !is_for_people(format)};
  if (view.whole && (view.transpose || view.group || view.pivot))
    throw UserError(fmt::format("--{} is for people: {} has all figures in one form",
                                view.transpose ? "transpose" : (view.group ? "group" : "pivot"),
                                to_word(table_format_names, format)));
  return view;
}

int run_report(const Call& call) {
  if (call.has("users") != call.has("against"))
    throw UserError("--users METRIC and --against PATH=VALUE belong together: what is compared, and with which cell");
  const auto exporter =
      std::ranges::find(export_format_names, call.one("format").value_or(""), &Named<ExportFormat>::word);
  if (exporter != std::end(export_format_names)) return write_report(call, exported(call, exporter->value));
  const TableFormat format = table_format_of(call, call.has("out"));
  const View view = view_of(call, format);
  std::vector<TableSpec> specs;
  std::vector<bool> is_embedded;  // of each
  for (const std::string& name : call.all("table"))
    for (TableSpec& spec : load_table_specs(name)) {
      specs.push_back(std::move(spec));
      is_embedded.push_back(!std::filesystem::is_regular_file(name));
    }
  std::vector<Run> runs = load_by_machine(call.arguments, call.workloads);
  if (std::ranges::all_of(runs, [](const Run& run) { return run.cells.empty(); }))
    throw UserError("no cell of these runs has a record yet");
  tell_machines_apart(runs);
  for (std::size_t i = 0; i < specs.size(); ++i)
    is_embedded[i] ? leave_out_unknown(specs[i], runs) : require_known_params(specs[i], runs);
  std::vector<Table> tables;
  if (const auto metric = call.one("users"))
    tables.push_back(user_table(runs, *metric, call.one("against").value()));
  else if (specs.empty())
    tables = default_tables(runs, call.workloads);
  for (const TableSpec& spec : specs) tables.push_back(make_table(spec, runs, call.workloads));
  if (tables.empty())
    throw UserError("no built-in table has anything to show of this run; give one with --table (frugal list tables)");
  tables = arrange(std::move(tables), view);
  if (format != TableFormat::html)
    return write_report(call, render(tables, format, screen_columns().value_or(usual_width)));
  const auto out = call.one("out");
  const auto folder =
      out ? std::filesystem::absolute(*out).parent_path() : std::filesystem::current_path();  // its links begin there
  return write_report(call, to_page(tables, runs, folder));
}

std::vector<std::string> report_formats() {
  std::vector<std::string> formats = words(table_format_names);
  for (std::string& word : words(export_format_names)) formats.push_back(std::move(word));
  return formats;
}

}  // namespace

Verb report_verb() {
  Values tables{.files = true};
  for (const auto& [name, text] : embedded::tables()) tables.words.emplace_back(name);
  ArgumentSpec runs = run_argument("RUN");
  runs.most = 64;
  return {
      .name = "report",
      .summary = "tables and figures of runs, to read, to print or for other tools",
      .help =
          "Tables of one or more runs. Without --table: every built-in table that has something to show (frugal "
          "list tables).\n\nA table shows what names its rows and its first figures, eight columns in all, fewer where a "
          "terminal or a page is too narrow; what all rows have in common stands below it. Columns are called by "
          "their titles, or by what they show: hr@10[full], time.train, precision.",
      .arguments = {std::move(runs)},
      .options = {{.name = "table",
                   .value = "SPEC",
                   .help = "a file, or the name of a built-in table",
                   .repeatable = true,
                   .values = std::move(tables)},
                  {.name = "users",
                   .value = "METRIC",
                   .help =
                       "compares recommenders user by user, in this metric; cells that a plan with `export: true` ran"},
                  {.name = "against",
                   .value = "PATH=VALUE",
                   .help = "with --users: the cell with which all others of its data are compared, "
                           "params.cadc.model=mf,params.cadc.mf.dim=64"},
                  {.name = "columns",
                   .value = "NAMES",
                   .help = "these columns, with those that name the rows: a,b; or all",
                   .repeatable = true},
                  {.name = "rows",
                   .value = "COLUMN=VALUE",
                   .help = "these rows: precision=fp32,grid=2x2; of two values of one column either",
                   .repeatable = true},
                  {.name = "sort", .value = "COLUMN", .help = "by this column; -COLUMN: descending"},
                  {.name = "group", .value = "COLUMN", .help = "a table for each value of this column"},
                  {.name = "pivot",
                   .value = "COLUMN",
                   .help = "the values of this column side by side, of the first figure or of those in --columns"},
                  {.name = "transpose", .value = "", .help = "rows as columns"},
                  format_option(
                      report_formats(),
                      "txt (default in a terminal, as wide as that or COLUMNS), md (default elsewhere), csv, "
                      "json, tex, html; the figures alone: svg, vega (Vega-Lite), mpl (a script for matplotlib); or "
                      "for other tools (docs/ci.md): bencher, benchmark-action-smaller and -bigger, openmetrics"),
                  {.name = "out",
                   .value = "FILE",
                   .help = "writes here instead of to standard output",
                   .values = {.files = true}}},
      .examples = {"frugal report results/local/demo", "frugal report results/local/demo --format tex --out table.tex",
                   "frugal report results/local/demo --columns PSNR,SSIM --sort -PSNR",
                   "frugal report results/published/paper_cadc_ml1m --pivot kept",
                   "frugal report results/local/mine --users 'ndcg@10[full]' --against params.cadc.model=mf"},
      .run = run_report};
}

}  // namespace frugal::harness
