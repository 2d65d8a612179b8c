// Did two runs read the same data? Figures of other data are no worse and no better.
#pragma once
#include <cstddef>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// Throws UserError where a file of one name had another content in `a` than in `b`: what cells that ended well read
/// counts. `a_name` and `b_name` are what the message calls them.
void require_same_data(const Run& a, const std::string& a_name, const Run& b, const std::string& b_name);

/// Cells of `b` that read files, of which the same cells of `a` do not say what they held: records of older programs.
std::size_t cells_of_unknown_data(const Run& a, const Run& b);

}  // namespace frugal::harness
