// Did two runs read the same data? Figures of other data are no worse and no better.
#pragma once
#include <cstddef>
#include <map>
#include <string>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// Equal where two records are of one cell and seed. Their ids may differ: an older program's is of a cell that had fewer
/// parameters, which add_later_params() has given it.
std::string same_cell_key(const CellRecord& record);

/// A file as one of two runs read it, and as the other did.
struct ChangedFile {
  const InputRecord* a = nullptr;
  const InputRecord* b = nullptr;
};

/// Files of one name, by it, that had another content in `a` than in `b`: what cells that ended well read counts. They
/// refer to the runs.
std::map<std::string, ChangedFile> changed_files(const Run& a, const Run& b);

/// Throws UserError where there is such a file. `a_name` and `b_name` are what the message calls the runs.
void require_same_data(const Run& a, const std::string& a_name, const Run& b, const std::string& b_name);

/// Cells of `b` that read files, of which the same cells of `a` do not say what they held: records of older programs.
std::size_t cells_of_unknown_data(const Run& a, const Run& b);

}  // namespace frugal::harness
