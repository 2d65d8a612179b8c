// What the program says of itself on a terminal.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/harness/cli/verb.hpp"

namespace frugal::harness {

/// The program in one line.
extern const char* const program_question;

/// Exit codes and what they mean, for all verbs.
const std::vector<std::pair<int, std::string>>& exit_code_words();

/// Environment variables that the program reads.
const std::vector<std::pair<std::string, std::string>>& environment_words();

/// `frugal --help`.
std::string program_help();

/// "run PLAN [OPTIONS]".
std::string usage_text(const Verb& verb);

/// "--set PATH=VALUE" and what it does.
std::pair<std::string, std::string> option_words(const OptionSpec& option);

/// `frugal VERB --help`, or that of an action.
std::string verb_help(const Verb& verb);

}  // namespace frugal::harness
