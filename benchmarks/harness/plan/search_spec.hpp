// The key `search` of a plan: which structure is best, among which, and who looks for it.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/harness/workload.hpp"

namespace frugal::harness {

/// How a search goes about it: benchmarks/harness/search/strategies.hpp.
enum class Strategy { exhaustive, greedy, halving, model };
std::string to_string(Strategy strategy);

/// A path and its values, from small to large.
struct OrderedAxis {
  std::string path;
  std::vector<Json> values{};
};

/// What the mean of a metric over the seeds must keep.
struct MetricBound {
  std::string metric;
  std::optional<double> min;
  std::optional<double> max;
};

struct SearchSpec {
  std::vector<OrderedAxis> axes;  ///< outermost first
  std::string objective;          ///< a metric
  bool maximize = true;
  std::vector<MetricBound> bounds;
  std::vector<Strategy> strategies;
  std::optional<OrderedAxis> fidelity;  ///< the last value is that of the plan's cells
  std::string cost;                     ///< metric that says what an evaluation costs; empty: only its seconds count
  double budget = 0.25;                 ///< of the cost of the exhaustive search: what each other strategy may spend
  /// What the workload says against structures that it cannot build -> how many of them. The plan has no cells of
  /// these.
  std::map<std::string, std::size_t> refused{};
};

}  // namespace frugal::harness
