// What options of several verbs are given, as numbers; and options that have no place.
#pragma once
#include <cstddef>
#include <initializer_list>
#include <string>

#include "benchmarks/harness/cli/verb.hpp"

namespace frugal::harness {

/// "10%" or "0.1" as 0.1. Throws UserError, which names the option, unless it is above 0 and below 100%.
double share_of(const std::string& option, const std::string& text);

/// How many, at least 1. Throws UserError, which begins with `option` ("--shards").
std::size_t count_of(const std::string& option, const std::string& text);

/// Throws UserError "--option why" for the first of `options` that was given: here it would change nothing.
void refuse_options(const Call& call, std::initializer_list<const char*> options, const char* why);

}  // namespace frugal::harness
