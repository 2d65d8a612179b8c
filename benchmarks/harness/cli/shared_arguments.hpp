// What several verbs take: a plan with its overrides and data folders, runs, formats; and where records go.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "benchmarks/harness/cli/verb.hpp"
#include "benchmarks/harness/plan/planned_cells.hpp"
#include "benchmarks/harness/record/record.hpp"
#include "benchmarks/harness/report/table.hpp"
#include "benchmarks/harness/run/inputs.hpp"

namespace frugal::harness {

ArgumentSpec plan_argument();
/// The folder of a run.
ArgumentSpec run_argument(const std::string& name);
OptionSpec set_option();
OptionSpec data_dir_option();
OptionSpec modified_data_option();
OptionSpec mix_option();
/// As Rerun::parse() reads it.
OptionSpec rerun_option();
/// `what` lies in the folder.
OptionSpec out_option(const std::string& what);
/// `words` of table_format_names, the default first.
OptionSpec format_option(std::vector<std::string> words, const std::string& help);

/// --format; without it text for a terminal (screen_columns()), and Markdown for a pipe or a file.
TableFormat table_format_of(const Call& call, bool to_file = false);

struct LoadedPlan {
  PlanFile file;
  std::vector<Override> overrides;
  std::vector<std::filesystem::path> data_dirs;
};

/// From the first argument, --set and --data-dir. Throws UserError.
LoadedPlan load_plan_of(const Call& call);

/// Throws UserError where one of the plans has a search, which only `frugal search` runs.
void refuse_searches(const PlanFile& file);

/// Prints what these cells need and this machine lacks, and why, to stderr. True when there is something.
bool report_unavailable(const std::vector<PlannedCell>& cells);

/// --out, by default results/local/<name of the plan file>.
std::filesystem::path records_folder(const Call& call, const PlanFile& file);

/// The files that cells of the plan read, by --allow-modified-data and with the cache of hashes beside that of data.
Inputs inputs_of(const LoadedPlan& loaded, const Call& call);

/// What run.json says of a run that begins now.
Provenance provenance_of(const LoadedPlan& loaded, const Call& call);

}  // namespace frugal::harness
