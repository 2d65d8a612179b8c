// Recommenders against one of them, user by user: `frugal report --users`.
#pragma once
#include <span>
#include <string>

#include "benchmarks/harness/record/record.hpp"
#include "benchmarks/harness/report/table.hpp"

namespace frugal::harness {

/// A row for each cell whose export holds `metric` by user (users_file): its difference from the cell that `against` names
/// ("params.cadc.model=mf", read_where()) on the same data, over the users of the seeds that both have, a user's values
/// being means over these. Which differences are more than chance: with alpha = 5% for all rows together (Holm 1979).
/// Throws UserError where no cell has an export, none has the metric, or `against` names no cell or several of one data
/// set.
Table user_table(std::span<const Run> runs, const std::string& metric, const std::string& against);

}  // namespace frugal::harness
