// A command line against the declaration of its verb: strict, no abbreviations.
#pragma once
#include "benchmarks/harness/cli/verb.hpp"

namespace frugal::harness {

/// Does the line ask for help? Whoever does gets it, whatever else is wrong with the line.
bool asks_for_help(const Args& args);

/// `args`: what follows the verb. Throws UserError, with a suggestion for an unknown option or value.
Call parse_call(const Verb& verb, const Args& args, const Workloads& workloads, const Args& command);

}  // namespace frugal::harness
