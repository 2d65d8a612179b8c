// Options of a verb: declared as data, parsed strictly (no abbreviations), with help made from the same declaration.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/harness/cli/verbs.hpp"

namespace frugal::harness {

struct OptionSpec {
  std::string name;   ///< "out", for --out
  std::string value;  ///< placeholder: "DIR"; empty: a switch
  std::string help;
  bool repeatable = false;
};

struct VerbSpec {
  std::string usage;  ///< "run PLAN [OPTIONS]"
  std::string what;   ///< one or more lines
  std::size_t least_arguments = 0;
  std::size_t most_arguments = 0;
  std::vector<OptionSpec> options;
  std::vector<std::string> examples;
};

struct ParsedOptions {
  std::vector<std::string> arguments;                      ///< positional
  std::map<std::string, std::vector<std::string>> values;  ///< by name; of a switch: one empty string

  bool has(const std::string& name) const { return values.contains(name); }
  /// The value of an option that may be given once.
  std::optional<std::string> one(const std::string& name) const;
  /// All values of a repeatable option, in order.
  std::vector<std::string> all(const std::string& name) const;
};

/// Nothing when --help was asked for and printed. Throws UserError, with a suggestion for an unknown option.
std::optional<ParsedOptions> parse_options(const VerbSpec& verb, const Args& args);

/// The two options that every verb with a plan has.
OptionSpec set_option();
OptionSpec data_dir_option();

}  // namespace frugal::harness
