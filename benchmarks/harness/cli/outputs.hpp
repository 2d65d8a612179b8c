// Verbs that say the same in several formats: --format WORD prints it, --format WORD=FILE writes it, as often as one
// likes.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/harness/cli/verb.hpp"

namespace frugal::harness {

struct Output {
  std::string format;
  std::optional<std::string> file{};  ///< none: standard output
};

OptionSpec outputs_option(std::vector<std::string> words, const std::string& help);

/// What --format asks for; where all of it goes to files, or nothing is asked, `standard` goes to standard output too.
/// Throws UserError on a word that is not among `words`.
std::vector<Output> outputs_of(const Call& call, const std::vector<std::string>& words, const std::string& standard);

/// Writes them all, files first.
void write_outputs(const std::vector<Output>& outputs, const std::function<std::string(const std::string&)>& render);

}  // namespace frugal::harness
