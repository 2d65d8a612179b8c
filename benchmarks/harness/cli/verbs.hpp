// The verbs of the program, one function each. `args` is what follows the verb on the command line.
// Each answers --help itself, prints its result to stdout and its talk to stderr, and returns an exit code (cli.hpp).
// UserError, UnavailableError and anything else may be thrown: run_program turns them into a message and exit code.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "benchmarks/harness/workload.hpp"

namespace frugal::harness {

using Args = std::vector<std::string>;

int run_doctor_verb(const Args& args, const Workloads& workloads);
int run_list_verb(const Args& args, const Workloads& workloads);
int run_plan_verb(const Args& args, const Workloads& workloads);
int run_run_verb(const Args& args, const Workloads& workloads, const Args& command);
int run_search_verb(const Args& args, const Workloads& workloads, const Args& command);
int run_verify_verb(const Args& args);
int run_check_verb(const Args& args);
int run_compare_verb(const Args& args);
int run_report_verb(const Args& args);

/// `frugal data list|verify|fetch|make ...`. The dispatcher has taken every --data-dir out of `args` and put it, with
/// FRUGAL_DATA and the cache, into `data_dirs`: first match wins, the last one is the cache (data_cache_dir()).
int run_data_verb(const std::vector<std::string>& args, const std::vector<std::filesystem::path>& data_dirs);

/// Each `given` (--data-dir), then FRUGAL_DATA (colon separated), then data_cache_dir().
std::vector<std::filesystem::path> data_dirs_from(const std::vector<std::string>& given);

/// Where `frugal data fetch` puts things: $XDG_CACHE_HOME/frugal, or ~/.cache/frugal.
std::filesystem::path data_cache_dir();

}  // namespace frugal::harness
