// A verb of the program: one entry, from which its help, its part of the manual, the completions of the shells, the
// parser of its options and the dispatch are made.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/harness/workload.hpp"

namespace frugal::harness {

using Args = std::vector<std::string>;

/// What may stand for a placeholder: known words, and what a shell completes.
struct Values {
  std::vector<std::string> words{};
  bool closed = false;  ///< nothing but the words
  bool files = false;
  bool folders = false;
};

struct OptionSpec {
  std::string name;   ///< "out", for --out
  std::string value;  ///< placeholder: "DIR"; empty: a switch
  std::string help;
  bool repeatable = false;
  bool required = false;
  Values values{};
  char letter = 0;            ///< 'q', for -q; 0: none
  bool repeats_work = false;  ///< does again what is done: no misspelt option is taken for it
};

struct ArgumentSpec {
  std::string name;  ///< placeholder: "PLAN"
  std::size_t least = 1;
  std::size_t most = 1;
  Values values{};
};

struct Call;

struct Verb {
  std::string name;     ///< "run"; of an action "data fetch"
  std::string summary;  ///< a line without a full stop, for the list of verbs; empty: hidden, for the program's own use
  std::string help{};   ///< paragraphs, an empty line apart
  std::vector<ArgumentSpec> arguments{};  ///< only the last may be given more than once, or left out
  std::vector<OptionSpec> options{};
  std::vector<std::string> examples{};
  std::vector<Verb> actions{};        ///< what the word after it may be: it then does nothing itself
  int (*run)(const Call&) = nullptr;  ///< prints results to stdout and talk to stderr, returns an exit code (cli.hpp)

  bool hidden() const { return summary.empty(); }
  /// The name's last word: "fetch" of "data fetch".
  std::string word() const { return name.substr(name.rfind(' ') + 1); }
};

/// A command line, parsed by its verb.
struct Call {
  const Workloads& workloads;
  const Args& command;                                       ///< all of it, the program's name first
  Args arguments{};                                          ///< positional
  std::map<std::string, std::vector<std::string>> values{};  ///< by option; of a switch: one empty string

  bool has(const std::string& option) const { return values.contains(option); }
  /// The value of an option that may be given once.
  std::optional<std::string> one(const std::string& option) const;
  /// All values of a repeatable option, in order.
  std::vector<std::string> all(const std::string& option) const;
};

}  // namespace frugal::harness
