// The key `search` of a plan: which structure is best, among which, and who looks for it.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/harness/plan/metric_bound.hpp"
#include "benchmarks/harness/workload.hpp"
#include "impl/base/names.hpp"

namespace frugal::harness {

/// How a search goes about it: benchmarks/harness/search/strategies.hpp.
enum class Strategy { exhaustive, greedy, halving, model, records };
inline constexpr Named<Strategy> strategy_names[] = {{Strategy::exhaustive, "exhaustive"},
                                                     {Strategy::greedy, "greedy"},
                                                     {Strategy::halving, "halving"},
                                                     {Strategy::model, "model"},
                                                     {Strategy::records, "records"}};

/// A path and its values, from small to large.
struct OrderedAxis {
  std::string path;
  std::vector<Json> values{};
};

struct SearchSpec {
  std::vector<OrderedAxis> axes;  ///< outermost first
  std::string objective;          ///< a metric
  bool maximize = true;
  std::vector<MetricBound> bounds;  ///< what the means over the seeds must keep
  std::vector<Strategy> strategies;
  std::optional<OrderedAxis> fidelity;  ///< the last value is that of the plan's cells
  std::vector<std::string> records{};   ///< folders of finished runs on other data; empty: none are asked
  std::vector<std::string> across{};    ///< paths of parameters that go with the data: they may differ in `records`
  std::string cost;                     ///< metric that says what an evaluation costs; empty: only its seconds count
  double budget = 0.25;                 ///< of the cost of the exhaustive search: what each other strategy may spend
  /// What the workload says against structures that it cannot build -> how many of them. The plan has no cells of
  /// these.
  std::map<std::string, std::size_t> refused{};
};

}  // namespace frugal::harness
