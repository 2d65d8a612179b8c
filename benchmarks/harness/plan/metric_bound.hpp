// A bound on a metric: a gate of a plan and a search hold the mean over a cell's seeds to it.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/harness/workload.hpp"

namespace frugal::harness {

class Vocabulary;

struct MetricBound {
  std::string metric;
  std::optional<double> min;  ///< inclusive, as is max; one of the two is there
  std::optional<double> max;
  std::vector<std::pair<std::string, Json>> where{};  ///< of a gate: dotted path -> value; all must match
  bool of_the_clock = false;                          ///< is the metric one that another process can spoil?
};

/// On which side of the bound a value lies that does not keep it.
struct Breach {
  const char* side;  ///< "below" or "above"
  double limit;
};

/// Nothing when the value keeps the bound.
std::optional<Breach> breach_of(const MetricBound& bound, double value);

/// The name of a metric of the workload. Throws UserError at another one, with a suggestion.
const std::string& read_metric(const Vocabulary& vocabulary, const Node& node);

/// {metric: NAME, min: X, max: Y}, and `where` for a gate. `what` ("gate", "bound") is what messages call it. Throws
/// UserError.
MetricBound read_metric_bound(const Vocabulary& vocabulary, const Node& node, const std::string& what, bool has_where);

}  // namespace frugal::harness
