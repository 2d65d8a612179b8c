// The command line that a user is told to give again.
#pragma once
#include <string>

#include "benchmarks/harness/cli/verb.hpp"
#include "impl/base/shell.hpp"

namespace frugal::harness {

/// All words, as a shell reads them back.
std::string command_line(const Args& words);

/// The command line without --rerun: what to give again, with another --rerun or none. --only and --shard stay.
std::string command_again(const Args& command);

}  // namespace frugal::harness
