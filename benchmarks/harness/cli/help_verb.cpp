// `frugal help`: the same as --help.
#include <fmt/format.h>

#include "benchmarks/harness/cli/cli.hpp"
#include "benchmarks/harness/cli/help.hpp"
#include "benchmarks/harness/cli/verbs.hpp"

namespace frugal::harness {
namespace {

int print_help(const Call& call) {
  if (call.arguments.empty()) {
    fmt::print("{}", program_help());
    return exit_ok;
  }
  Args words = call.arguments;
  const Verb& verb = find_verb(words);
  if (!words.empty()) throw UserError(fmt::format("frugal {} has no action '{}'", verb.name, words[0]));
  fmt::print("{}", verb_help(verb));
  return exit_ok;
}

}  // namespace

Verb help_verb(std::vector<std::string> verbs) {
  return {.name = "help",
          .summary = "what the program, a verb or an action can do",
          .help = "Prints what --help prints.",
          .arguments = {{.name = "VERB", .least = 0, .most = 2, .values = {.words = std::move(verbs)}}},
          .examples = {"frugal help run", "frugal help data fetch"},
          .run = print_help};
}

}  // namespace frugal::harness
