// Under what conditions figures may stand in one record: the same build, machine, kernels, thread counts and way to
// measure.
#pragma once
#include <optional>
#include <string>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

struct ConditionsDifference {
  std::string what;         ///< "build (its commit differs)"
  std::string then;         ///< of the first
  std::string now;          ///< of the second
  bool of_machine = false;  ///< what --mix allows
};

/// What run.json says of each plan by its name, beside its determinism.
inline constexpr const char* conditions_of_plans[] = {"threads", "measure"};

/// The first difference between two runs; of their machines only unless `mix`, and on a machine that both ran on of the
/// kernels that a back end had there. Nothing: they may be one record.
std::optional<ConditionsDifference> conditions_difference(const Provenance& before, const Provenance& now, bool mix);

/// Did a back end have other kernels on the second of two machines? What only one of them tells is no difference.
std::optional<ConditionsDifference> kernels_difference(const Json& machine_then, const Json& machine_now);

}  // namespace frugal::harness
