// `frugal data inspect` and `frugal data add`: what a file of one's own is taken for, and how it becomes a data set.
#pragma once
#include <cstdint>
#include <string>

#include "benchmarks/harness/cli/verb.hpp"

namespace frugal::harness {

/// "12.9 MB"; decimal units, as publishers state sizes.
std::string size_text(std::uint64_t bytes);

/// --param KEY=VALUE as the parameters of a data set. Throws UserError, with `example`, where one is not written so.
Json given_params(const Call& call, const char* example);

/// Prints what a file is taken for, its first rows, what looks wrong, and a plan for it. Returns an exit code.
int inspect_data(const Call& call);

/// Copies files into a data folder, with a manifest that names them. Returns an exit code.
int add_data(const Call& call);

}  // namespace frugal::harness
