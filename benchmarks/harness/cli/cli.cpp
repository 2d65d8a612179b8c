// The dispatcher: picks the verb, and turns every exception into one message and one exit code.
#include "benchmarks/harness/cli/cli.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <nlohmann/json.hpp>
#include <system_error>

#include "benchmarks/harness/cli/options.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/record/provenance.hpp"
#include "benchmarks/harness/run/cell_main.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {
namespace {

constexpr const char* usage =
    R"(frugal: how little data, and how few FLOPs, does this really need?

usage: frugal VERB [ARGUMENTS]        (frugal VERB --help says more)

  doctor     what can run on this machine, and why the rest cannot
  list       the workloads with their parameters, back ends, data sets, plans and tables
  data       list, fetch and check data sets
  plan       expand and validate a plan, run nothing
  run        run a plan; continues where it stopped
  search     look for the best structure in the space of a plan; continues where it stopped
  verify     check a back end against the reference on this machine
  report     a table of a run, as text, Markdown, CSV, LaTeX or HTML
  check      a run against a baseline: exit code 1 when it is worse
  compare    two runs, side by side

  --help     this text
  --version  version, commit and build type

examples:
  frugal doctor
  frugal run demo
  frugal run benchmarks/plans/smoke.yaml --set seeds=[1,2] --out /tmp/smoke
  frugal report results/local/demo --format md

exit codes: 0 ok, 1 gate failed, 2 bad plan or usage, 3 some cells failed, 4 something is unavailable, 130 interrupted
)";

const std::vector<std::string> verb_names = {"doctor", "list",   "data",  "plan",    "run", "search",
                                             "verify", "report", "check", "compare", "help"};

void print_version() {
  const Json build = build_facts();
  fmt::print("frugal {} (commit {}{}, {})\n", build.at("version").get<std::string>(),
             build.at("commit").get<std::string>().substr(0, 12),
             build.at("dirty").get<bool>() ? " with local changes" : "", build.at("type").get<std::string>());
}

/// `frugal data`: takes --data-dir out of the arguments, since every data verb needs the folders.
int run_data(const Args& args) {
  Args rest;
  std::vector<std::string> given;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (args[i] == "--data-dir") {
      if (i + 1 == args.size()) throw UserError("--data-dir needs a folder");
      given.push_back(args[++i]);
    } else if (args[i].starts_with("--data-dir=")) {
      given.push_back(args[i].substr(std::string_view("--data-dir=").size()));
    } else {
      rest.push_back(args[i]);
    }
  }
  return run_data_verb(rest, data_dirs_from(given));
}

int dispatch(const Args& command, const Workloads& workloads) {
  if (command.size() < 2) {
    fmt::print(stderr, "{}", usage);
    return exit_usage;
  }
  const std::string& verb = command[1];
  Args args(command.begin() + 2, command.end());
  if (verb == "help" && args.size() == 1 && args[0] != "help")
    return dispatch({command[0], args[0], "--help"}, workloads);
  if (verb == "--help" || verb == "-h" || verb == "help") {
    fmt::print("{}", usage);
    return exit_ok;
  }
  if (verb == "--version") {
    print_version();
    return exit_ok;
  }
  if (verb == "doctor") return run_doctor_verb(args, workloads);
  if (verb == "list") return run_list_verb(args, workloads);
  if (verb == "data") return run_data(args);
  if (verb == "plan") return run_plan_verb(args, workloads);
  if (verb == "run") return run_run_verb(args, workloads, command);
  if (verb == "search") return run_search_verb(args, workloads, command);
  if (verb == "verify") return run_verify_verb(args);
  if (verb == "report") return run_report_verb(args);
  if (verb == "check") return run_check_verb(args);
  if (verb == "compare") return run_compare_verb(args);
  if (verb == cell_verb) return cell_main(workloads);
  throw UserError(unknown_word("verb", verb, verb_names) + " (frugal --help lists the verbs)");
}

void print_internal_error(const char* what) {
  fmt::print(stderr, "frugal: internal error: {}. This is a bug: please report it with the command line\n", what);
}

}  // namespace

int run_program(int argc, char** argv, const Workloads& workloads) {
  int code = exit_ok;
  int output_error = 0;
  try {
    code = dispatch(Args(argv, argv + argc), workloads);
  } catch (const UserError& error) {
    fmt::print(stderr, "frugal: {}\n", error.what());
    code = exit_usage;
  } catch (const UnavailableError& error) {
    fmt::print(stderr, "frugal: {}\n", error.what());
    code = exit_unavailable;
  } catch (const std::filesystem::filesystem_error& error) {
    fmt::print(stderr, "frugal: {}: {}\n", error.path1().string(), error.code().message());
    code = exit_unavailable;
  } catch (const std::system_error& error) {
    output_error = error.code().value();
    if (std::ferror(stdout) == 0) print_internal_error(error.what());
    code = std::ferror(stdout) == 0 ? exit_cells_failed : exit_unavailable;
  } catch (const std::exception& error) {
    print_internal_error(error.what());
    code = exit_cells_failed;
  } catch (...) {
    print_internal_error("of an unknown type");
    code = exit_cells_failed;
  }
  // A table that was cut short (disk full, reader gone) must not look like success.
  if (std::fflush(stdout) != 0) output_error = errno;
  if (std::ferror(stdout) != 0) {
    fmt::print(stderr, "frugal: cannot write to standard output: {}\n", std::strerror(output_error));
    if (code == exit_ok) code = exit_unavailable;
  }
  return code;
}

std::filesystem::path data_cache_dir() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0')
    return std::filesystem::path(cache) / "frugal";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home != nullptr && *home != '\0' ? home : ".") / ".cache" / "frugal";
}

std::vector<std::filesystem::path> data_dirs_from(const std::vector<std::string>& given) {
  std::vector<std::filesystem::path> dirs(given.begin(), given.end());
  if (const char* list = std::getenv("FRUGAL_DATA")) {
    std::string_view rest(list);
    while (!rest.empty()) {
      const std::size_t colon = rest.find(':');
      if (colon != 0) dirs.emplace_back(rest.substr(0, colon));
      rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
    }
  }
  dirs.push_back(data_cache_dir());
  return dirs;
}

}  // namespace frugal::harness
