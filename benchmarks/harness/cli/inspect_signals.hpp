// `frugal data inspect` of a picture, sound or volume, or of a folder of them.
#pragma once
#include <string>

#include "benchmarks/harness/cli/verb.hpp"

namespace frugal::harness {

/// Reads all of them as a run does, prints what they are, and a plan whose cells all pass the checks before a run; of a
/// folder also what is refused. Returns the exit code. Throws UserError for a file that cannot be read, and a folder that
/// holds none.
int inspect_signals(const Call& call, const std::string& path);

}  // namespace frugal::harness
