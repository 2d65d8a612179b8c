// `frugal check`, `frugal compare` and `frugal report`: runs in, verdicts and tables out.
#include <fmt/format.h>

#include <cstdio>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/options.hpp"
#include "benchmarks/harness/judge/judge.hpp"
#include "benchmarks/harness/report/report.hpp"
#include "impl/base/files.hpp"

namespace frugal::harness {
namespace {

const VerbSpec check_verb = {
    "check RUN --baseline FILE [--junit FILE]",
    "Holds a run against a baseline. RUN is a run folder. FILE is one as well, its cells.jsonl, or a YAML file that "
    "names\n"
    "one and gives tolerances. Exit code 1: something is worse, or the seeds are too few to tell (docs/checks.md).",
    1,
    1,
    {{"baseline", "FILE", "what to hold the run against"},
     {"subset", "", "the run may lack cells and seeds of the baseline"},
     {"junit", "FILE", "writes the findings as JUnit XML too"}},
    {"frugal check results/local/ci --baseline results/baselines/smoke --junit junit.xml"}};

const VerbSpec compare_verb = {"compare RUN_A RUN_B [--format md|csv|tex|html]",
                               "How B does against A, cell by cell: times and metrics.",
                               2,
                               2,
                               {{"format", "FORMAT", "md (default), csv, tex or html"}},
                               {"frugal compare results/local/laptop results/local/server"}};

const VerbSpec report_verb = {
    "report RUN... [--table SPEC]... [--format md|csv|tex|html|svg] [--out FILE]",
    "Tables of one or more runs. Without --table: every built-in table that has something to show (frugal list "
    "tables).",
    1,
    64,
    {{"table", "SPEC", "a file, or the name of a built-in table", true},
     {"format", "FORMAT", "md (default), csv, tex, html, or svg: the plots of the tables"},
     {"out", "FILE", "writes here instead of to standard output"}},
    {"frugal report results/local/demo", "frugal report results/local/demo --format tex --out table.tex"}};

}  // namespace

int run_check_verb(const Args& args) {
  const std::optional<ParsedOptions> options = parse_options(check_verb, args);
  if (!options) return exit_ok;
  const auto baseline = options->one("baseline");
  if (!baseline) throw UserError("check needs --baseline FILE: what to hold the run against");
  const Judgement judgement =
      check_run(load_run(options->arguments.at(0)), load_baseline(*baseline), options->has("subset"));
  if (const auto path = options->one("junit")) write_junit(judgement, *path);
  fmt::print("{}", to_text(judgement));
  return judgement.passed() ? exit_ok : exit_gate;
}

int run_compare_verb(const Args& args) {
  const std::optional<ParsedOptions> options = parse_options(compare_verb, args);
  if (!options) return exit_ok;
  const TableFormat format = parse_format(options->one("format").value_or("md"));
  const std::vector<Table> tables =
      compare_runs(load_run(options->arguments.at(0)), load_run(options->arguments.at(1)));
  fmt::print("{}", render(tables, format));
  return exit_ok;
}

int run_report_verb(const Args& args) {
  const std::optional<ParsedOptions> options = parse_options(report_verb, args);
  if (!options) return exit_ok;
  const TableFormat format = parse_format(options->one("format").value_or("md"));
  std::vector<TableSpec> specs;
  for (const std::string& name : options->all("table")) {
    std::vector<TableSpec> loaded = load_table_specs(name);
    specs.insert(specs.end(), loaded.begin(), loaded.end());
  }
  std::vector<Run> runs;
  for (const std::string& path : options->arguments) runs.push_back(load_run(path));
  std::vector<Table> tables;
  if (specs.empty()) tables = default_tables(runs);
  for (const TableSpec& spec : specs) tables.push_back(make_table(spec, runs));
  if (tables.empty())
    throw UserError("no built-in table has anything to show of this run; give one with --table (frugal list tables)");
  const std::string text = render(tables, format);
  if (const auto path = options->one("out")) {
    write_whole_file(*path, text);
    fmt::print(stderr, "wrote {}\n", *path);
  } else {
    fmt::print("{}", text);
  }
  return exit_ok;
}

}  // namespace frugal::harness
