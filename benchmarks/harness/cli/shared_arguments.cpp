#include "benchmarks/harness/cli/shared_arguments.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/cli/backend_facts.hpp"
#include "benchmarks/harness/cli/data_folders.hpp"
#include "benchmarks/harness/cli/screen.hpp"
#include "benchmarks/harness/plan/overrides.hpp"
#include "benchmarks/harness/record/provenance.hpp"
#include "benchmarks/harness/run/pinning.hpp"
#include "benchmarks/harness/run/runner.hpp"
#include "embedded_plans.hpp"

namespace frugal::harness {

ArgumentSpec plan_argument() {
  Values values{.files = true};
  for (const auto& [name, text] : embedded::plans()) values.words.emplace_back(name);
  return {.name = "PLAN", .values = std::move(values)};
}

ArgumentSpec run_argument(const std::string& name) { return {.name = name, .values = {.files = true}}; }

OptionSpec set_option() {
  return {.name = "set",
          .value = "PATH=VALUE",
          .help = "replaces a value of the plan, or the values of an axis: params.inr.width=64, seeds=[1,2]",
          .repeatable = true};
}

OptionSpec data_dir_option() {
  return {.name = "data-dir",
          .value = "DIR",
          .help = "looks for data sets here first, then in FRUGAL_DATA and the cache",
          .repeatable = true,
          .values = {.folders = true}};
}

OptionSpec modified_data_option() {
  return {.name = "allow-modified-data",
          .value = "",
          .help = "also with a file that is not the published one of its data set; records and tables say so"};
}

OptionSpec mix_option() {
  return {.name = "mix",
          .value = "",
          .help = "goes on with a run of another machine; each record then names its own, and reports tell them apart"};
}

OptionSpec rerun_option() {
  return {.name = "rerun",
          .value = "failed|all|ID",
          .help = "runs these again: what failed, everything (the old record is kept as .bak), one cell",
          .values = {.words = words(rerun_names)},
          .repeats_work = true};
}

OptionSpec out_option(const std::string& what) {
  return {.name = "out",
          .value = "DIR",
          .help = "where " + what + "; default: results/local/<name of the plan file>",
          .values = {.folders = true}};
}

OptionSpec format_option(std::vector<std::string> words, const std::string& help) {
  return {.name = "format", .value = "FORMAT", .help = help, .values = {.words = std::move(words), .closed = true}};
}

TableFormat table_format_of(const Call& call, bool to_file) {
  if (const auto word = call.one("format")) return parse_format(*word);
  return screen_columns() && !to_file ? TableFormat::text : TableFormat::markdown;
}

LoadedPlan load_plan_of(const Call& call) {
  LoadedPlan loaded;
  for (const std::string& text : call.all("set"))
    loaded.overrides.push_back(read_assignment("set", text, "seeds=[1,2]"));
  loaded.data_dirs = data_dirs_from(call.all("data-dir"));
  loaded.file = load_plan(call.arguments.at(0), loaded.overrides, call.workloads, loaded.data_dirs);
  return loaded;
}

void refuse_searches(const PlanFile& file) {
  for (const Plan& plan : file.plans) {
    if (!plan.search) continue;
    throw UserError(
        Place{file.file},
        fmt::format("plan '{}' has a search: `frugal search` runs it, and `frugal run` the others", plan.name));
  }
}

bool report_unavailable(const std::vector<PlannedCell>& cells) {
  std::vector<std::string> reasons = unavailable(cells);
  std::ranges::move(why_not_pinned(cells), std::back_inserter(reasons));
  for (const std::string& reason : reasons) fmt::print(stderr, "frugal: {}\n", reason);
  if (!reasons.empty())
    fmt::print(stderr, "frugal: the plan is right, but this machine cannot run all of it (frugal doctor says more)\n");
  return !reasons.empty();
}

std::filesystem::path records_folder(const Call& call, const PlanFile& file) {
  return call.one("out").value_or("results/local/" + std::filesystem::path(file.file).stem().string());
}

Inputs inputs_of(const LoadedPlan& loaded, const Call& call) {
  return {call.workloads, loaded.data_dirs, data_cache_dir() / "hashes.json", call.has("allow-modified-data")};
}

Provenance provenance_of(const LoadedPlan& loaded, const Call& call) {
  return make_provenance(loaded.file, loaded.overrides, call.workloads, call.command, backend_facts(),
                         library_versions());
}

}  // namespace frugal::harness
