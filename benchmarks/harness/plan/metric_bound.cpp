#include "benchmarks/harness/plan/metric_bound.hpp"

#include <algorithm>

#include "benchmarks/harness/plan/point.hpp"
#include "impl/base/suggestion.hpp"

namespace frugal::harness {

std::optional<Breach> breach_of(const MetricBound& bound, double value) {
  // Written so that a NaN keeps no bound.
  if (bound.min && !(value >= *bound.min)) return Breach{"below", *bound.min};
  if (bound.max && !(value <= *bound.max)) return Breach{"above", *bound.max};
  return std::nullopt;
}

const std::string& read_metric(const Vocabulary& vocabulary, const Node& node) {
  const std::vector<std::string>& known = vocabulary.metric_names();
  if (std::ranges::find(known, node.as_string()) == known.end()) {
    throw UserError(node.place, unknown_word("metric of " + vocabulary.name(), node.text, known));
  }
  return node.text;
}

MetricBound read_metric_bound(const Vocabulary& vocabulary, const Node& node, const std::string& what, bool has_where) {
  std::vector<std::string> known = {"metric", "min", "max"};
  if (has_where) known.emplace_back("where");
  require_keys(node, known, "key of a " + what);
  const Node* metric = node.find("metric");
  if (metric == nullptr) throw UserError(node.place, "a " + what + " needs the key 'metric'");
  MetricBound bound{.metric = read_metric(vocabulary, *metric), .min = {}, .max = {}};
  if (const Node* min = node.find("min")) bound.min = min->as_real();
  if (const Node* max = node.find("max")) bound.max = max->as_real();
  if (!bound.min && !bound.max) throw UserError(node.place, "a " + what + " needs 'min' or 'max'");
  if (bound.min && bound.max && *bound.min > *bound.max) {
    throw UserError(node.place, "no value passes: min is above max");
  }
  if (const Node* where = node.find("where")) bound.where = read_selector(vocabulary, *where);
  for (const MetricDescriptor& one : vocabulary.workload().metrics())
    if (one.name == bound.metric) bound.of_the_clock = is_of_the_clock(one.unit);
  return bound;
}

}  // namespace frugal::harness
