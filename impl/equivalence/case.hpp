// What a case does in the checks of every contract: makes both models of a spec, and compares their whole states.
#pragma once
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "impl/equivalence/equivalence.hpp"

namespace frugal {

/// The oracle's model and the candidate's, and the list to which their checks go.
template <class Contract>
struct EquivalencePair {
  std::string name;                       ///< of the case: starts that of each check
  std::unique_ptr<Contract> expected;     ///< the oracle's
  std::unique_ptr<Contract> found;        ///< the candidate's
  std::vector<EquivalenceCheck>& checks;  ///< of all cases

  /// Of two arrays of numbers: see compare_values().
  void compare(std::span<const double> a, std::span<const double> b, const std::string& what, double reduction,
               double constant = 8) {
    checks.push_back(compare_values(a, b, name + ": " + what, reduction, constant));
  }

  /// Of the states as they are now: see compare_states().
  void compare_states_now(const std::string& when, const std::function<double(const std::string&)>& reduction,
                          double constant = 8) {
    std::vector<EquivalenceCheck> more =
        compare_states(expected->export_state(), found->export_state(), name + ": " + when, reduction, constant);
    std::move(more.begin(), more.end(), std::back_inserter(checks));
  }
};

/// Both models, whose initial states must be the same. Nothing where the candidate does not support the spec: then that
/// is the check. oracle_spec: where the oracle's differs in what is no part of the model.
template <class Spec>
auto equivalence_pair(std::string name, const Spec& spec, const Spec& oracle_spec, const Backend& oracle,
                      const Backend& candidate, std::vector<EquivalenceCheck>& checks) {
  using Contract = typename decltype(oracle.make(spec))::element_type;
  std::optional<EquivalencePair<Contract>> pair;
  if (const Support support = candidate.supports(spec); !support) {
    checks.push_back({.name = std::move(name), .error = 0, .bound = 0, .unsupported = support.reason});
    return pair;
  }
  pair.emplace(EquivalencePair<Contract>{std::move(name), oracle.make(oracle_spec), candidate.make(spec), checks});
  pair->compare_states_now(
      "initial", [](const std::string&) { return 1; }, 0);
  return pair;
}

}  // namespace frugal
