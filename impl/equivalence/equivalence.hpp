// Is a back end right? The same checks serve the tests and `frugal verify` on a user's machine: each contract, per
// step, from the same imported state, against an oracle.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "impl/api/backend.hpp"

namespace frugal {

/// One quantity of a candidate beside the oracle's. Bound: |candidate - oracle| <= constant * eps(fp32) *
/// sqrt(reduction length) * scale, where scale is the largest magnitude of the quantity in the oracle; NaN and infinity
/// are looked for apart.
struct EquivalenceCheck {
  std::string name;         ///< "inr/width=24,grid=3: adam.m/layer.1.weight after 1 step"
  double error = 0;         ///< largest absolute difference
  double bound = 0;         ///< what was allowed, from eps and the reduction length
  std::string unsupported;  ///< the candidate's reason when it cannot compute this case
  /// Within the bound, or not asked of it.
  bool ok() const { return !unsupported.empty() || error <= bound; }
};

/// The checks of InrEnsemble, each case of a list: initial states, then from an imported state the losses, states and
/// outputs of a step. Both back ends must be available; what the candidate does not support is one check that says so.
std::vector<EquivalenceCheck> check_inr(const Backend& oracle, const Backend& candidate);
/// The same of MatrixFactorizer, of an epoch, and ranks.
std::vector<EquivalenceCheck> check_matrix_factorizer(const Backend& oracle, const Backend& candidate);
/// The same of TwoTower.
std::vector<EquivalenceCheck> check_two_tower(const Backend& oracle, const Backend& candidate);
/// The same of Dlrm.
std::vector<EquivalenceCheck> check_dlrm(const Backend& oracle, const Backend& candidate);

/// Compares two states tensor by tensor (same names and shapes; a mismatch is an infinite error). `reduction` gives the
/// reduction length behind a tensor; `prefix` starts each check's name. `constant` as in the bound (EquivalenceCheck).
std::vector<EquivalenceCheck> compare_states(const ModelState& oracle, const ModelState& candidate,
                                             const std::string& prefix,
                                             const std::function<double(const std::string& tensor)>& reduction,
                                             double constant = 8);

/// One check of two arrays of numbers, [n] each; sizes that differ and a candidate that is not finite are an infinite
/// error.
EquivalenceCheck compare_values(std::span<const double> oracle, std::span<const double> candidate, std::string name,
                                double reduction, double constant = 8);

}  // namespace frugal
