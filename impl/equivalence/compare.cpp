#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "impl/equivalence/equivalence.hpp"

namespace frugal {
namespace {

EquivalenceCheck mismatch(std::string name) {
  return {.name = std::move(name), .error = std::numeric_limits<double>::infinity(), .bound = 0, .unsupported = {}};
}

}  // namespace

EquivalenceCheck compare_values(std::span<const double> oracle, std::span<const double> candidate, std::string name,
                                double reduction, double constant) {
  if (oracle.size() != candidate.size()) return mismatch(std::move(name) + " (sizes differ)");
  double scale = 0;
  double error = 0;
  for (std::size_t i = 0; i < oracle.size(); ++i) {
    assert(std::isfinite(oracle[i]));
    if (!std::isfinite(candidate[i])) return mismatch(std::move(name) + " (not finite)");
    scale = std::max(scale, std::abs(oracle[i]));
    error = std::max(error, std::abs(oracle[i] - candidate[i]));
  }
  const double eps = std::numeric_limits<float>::epsilon();
  const double bound = constant * eps * std::sqrt(std::max(reduction, 1.0)) * scale;
  return {.name = std::move(name), .error = error, .bound = bound, .unsupported = {}};
}

std::vector<EquivalenceCheck> compare_states(const ModelState& oracle, const ModelState& candidate,
                                             const std::string& prefix,
                                             const std::function<double(const std::string&)>& reduction,
                                             double constant) {
  std::vector<EquivalenceCheck> checks;
  if (oracle.step != candidate.step || oracle.tensors.size() != candidate.tensors.size())
    checks.push_back(mismatch(prefix + ": step or number of tensors"));
  for (const NamedTensor& expected : oracle.tensors) {
    const std::string name = prefix + ": " + expected.name;
    const NamedTensor* found = candidate.find(expected.name);
    if (!found || found->shape != expected.shape) {
      checks.push_back(mismatch(name + " (missing, or another shape)"));
      continue;
    }
    const std::vector<double> a(expected.values.begin(), expected.values.end());
    const std::vector<double> b(found->values.begin(), found->values.end());
    checks.push_back(compare_values(a, b, name, reduction(expected.name), constant));
  }
  return checks;
}

}  // namespace frugal
