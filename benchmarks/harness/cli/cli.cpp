// The dispatcher: picks the verb, and turns every exception into one message and one exit code.
#include "benchmarks/harness/cli/cli.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>

#include "benchmarks/harness/cli/help.hpp"
#include "benchmarks/harness/cli/parse.hpp"
#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/record/provenance.hpp"
#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

void print_version() {
  const Json build = build_facts();
  fmt::print("frugal {} (commit {}{}, {})\n", build.at("version").get<std::string>(),
             build.at("commit").get<std::string>().substr(0, 12),
             build.at("dirty").get<bool>() ? " with local changes" : "", build.at("type").get<std::string>());
}

/// Records, events and reports are JSON, which is.
void require_utf8(const std::string& what, std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text.substr(i));
    if (length == 0)
      throw UserError(fmt::format("{} {} is not UTF-8, in which names are recorded: rename it", what, shown(text)));
    i += length;
  }
}

int dispatch(const Args& command, const Workloads& workloads) {
  if (command.size() < 2) {
    fmt::print(stderr, "{}", program_help());
    return exit_usage;
  }
  Args args(command.begin() + 1, command.end());
  for (const std::string& arg : args) require_utf8("the argument", arg);
  for (const char* name : {"FRUGAL_DATA", "XDG_CACHE_HOME", "HOME"})
    if (const char* value = std::getenv(name)) require_utf8(std::string(name) + "=", value);
  if (args[0] == "--help" || args[0] == "-h") {
    fmt::print("{}", program_help());
    return exit_ok;
  }
  if (args[0] == "--version") {
    print_version();
    return exit_ok;
  }
  const Verb& verb = find_verb(args);
  if (asks_for_help(args)) {
    fmt::print("{}", verb_help(verb));
    return exit_ok;
  }
  return verb.run(parse_call(verb, args, workloads, command));
}

/// What the system refuses where too much is wanted of it: processes, threads, files, memory.
constexpr int scarce[] = {EAGAIN, EMFILE, ENFILE, ENOMEM};

void print_internal_error(const char* what) {
  fmt::print(stderr, "frugal: internal error: {}. This is a bug: please report it with the command line\n", what);
}

}  // namespace

int run_program(int argc, char** argv, const Workloads& workloads) {
  // A file beyond the limit of its size (ulimit -f) then cannot be written, and is told of as on a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
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
    const bool is_scarce = std::ranges::find(scarce, output_error) != std::end(scarce);
    code = std::ferror(stdout) != 0 || is_scarce ? exit_unavailable : exit_cells_failed;
    if (code == exit_cells_failed)
      print_internal_error(error.what());
    else if (is_scarce)
      fmt::print(stderr, "frugal: the system gives no more (see ulimit -a): {}\n", error.what());
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
    fmt::print(stderr, "frugal: cannot write to standard output{}{}\n", output_error == 0 ? "" : ": ",
               output_error == 0 ? "" : std::strerror(output_error));
    if (code == exit_ok) code = exit_unavailable;
  }
  return code;
}

}  // namespace frugal::harness
