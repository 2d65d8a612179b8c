// Stage 1: what all interactions become, and what that weighs.
#pragma once
#include <memory>
#include <span>

#include "benchmarks/harness/workload.hpp"
#include "benchmarks/workloads/cadc/proxy.hpp"
#include "datasets/interactions/interactions.hpp"
#include "impl/api/matrix_factorizer.hpp"

namespace frugal::workloads {

/// The trained factorizer. share: of the cell's progress. watch: looks at it after every epoch, in the stage `sample`, to
/// which the looks belong; null: nobody does.
std::unique_ptr<MatrixFactorizer> factorize(const harness::Cell& cell, const data::Split& split,
                                            harness::RunContext& context, double share, ProxyWatch* watch,
                                            harness::Outcome& outcome);

/// The factors of an embedding_init in closed form, svd or leporid.
ModelState closed_form_factors(const harness::Cell& cell, const data::Split& split, harness::RunContext& context,
                               harness::Outcome& outcome);

/// The factors as they are read back from how the cell stores them, and what they weigh.
ModelState keep_stored(const harness::Cell& cell, ModelState factors, harness::RunContext& context,
                       harness::Outcome& outcome);

/// What is kept in place of all training interactions, and what these weigh.
void put_bytes(const data::Split& split, std::span<const Interaction> sample, harness::Outcome& outcome);

}  // namespace frugal::workloads
