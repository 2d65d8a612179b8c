// From the key `search` of a document to its SearchSpec and its cells.
#pragma once
#include <filesystem>
#include <functional>
#include <vector>

#include "benchmarks/harness/plan/expand.hpp"
#include "benchmarks/harness/plan/search_spec.hpp"

namespace frugal::harness {

/// Everything but the values of the axes, which come with the cells. Relative paths in it begin at `folder`. Throws
/// UserError; `document` has the key.
SearchSpec read_search(const Vocabulary& vocabulary, const Node& document, const std::filesystem::path& folder);

/// Throws UserError with the place when the cell cannot be run; what this machine lacks is noted elsewhere.
using CellCheck = std::function<void(const Cell& cell, const Point& point)>;

/// The cells of the structures at full fidelity, seeds innermost; fills in the axes' values. A structure that `check`
/// refuses is left out and counted, unless it refuses them all: then the first reason is thrown. Throws UserError when
/// more than `limit` cells, at all fidelities, come out, and when the last fidelity is not the plan's own.
std::vector<Cell> search_cells(SearchSpec& search, const Space& space, const Vocabulary& vocabulary,
                               const Node& document, std::size_t limit, const CellCheck& check,
                               const std::vector<std::filesystem::path>& data_dirs);

}  // namespace frugal::harness
