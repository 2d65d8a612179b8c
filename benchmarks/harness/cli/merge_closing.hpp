// What is said of a merged run: by `frugal merge`, and by `frugal submit` at its end.
#pragma once
#include <string>

#include "benchmarks/harness/record/merge.hpp"

namespace frugal::harness {

/// Doubles, failures and what is still to do to stderr, the records to stdout. `again` goes on with the cells to do, and
/// `again` --rerun failed with the others.
void print_merged(const MergeSummary& summary, const std::string& out, const std::string& program,
                  const std::string& again);

}  // namespace frugal::harness
