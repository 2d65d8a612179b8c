#include "benchmarks/harness/search/problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "benchmarks/harness/plan/cell_paths.hpp"

namespace frugal::harness {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// 0 to 1. Sizes are compared by ratio; what is no number, or may be negative, by its place in the list.
std::vector<double> axis_coordinates(const std::vector<Json>& values) {
  std::vector<double> scale;
  bool logarithmic = true;
  double least = infinity;
  for (const Json& value : values) {
    logarithmic = logarithmic && value.is_number() && value.get<double>() >= 0;
    if (logarithmic) least = std::min(least, value.get<double>());
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    // From 0 on (hidden layers), the first step is one from 1 to 2.
    scale.push_back(logarithmic ? std::log2(values[i].get<double>() + (least == 0 ? 1 : 0)) : static_cast<double>(i));
  }
  const double from = scale.front();
  const double length = scale.back() - from;
  for (double& one : scale) one = length > 0 ? (one - from) / length : 0;
  return scale;
}

/// How far beyond the bound, relative to the limit.
double excess(const MetricBound& bound, double value) {
  const std::optional<Breach> breach = breach_of(bound, value);
  if (!breach) return 0;
  return std::abs(value - breach->limit) / (breach->limit == 0 ? 1 : std::abs(breach->limit));
}

/// Of the bounds on metrics that are known.
double known_violation(const std::vector<MetricBound>& bounds, const MetricValues& known) {
  double sum = 0;
  for (const MetricBound& bound : bounds) {
    if (const auto value = known.find(bound.metric); value != known.end()) sum += excess(bound, value->second);
  }
  return sum;
}

class SpaceMaker {
 public:
  SpaceMaker(const Plan& plan, const Workload& workload) : plan_(plan), search_(*plan.search), workload_(workload) {
    for (const OrderedAxis& axis : search_.axes) coordinates_.push_back(axis_coordinates(axis.values));
  }

  SearchSpace make() {
    Problem& problem = space_.problem;
    problem.objective = search_.objective;
    problem.maximize = search_.maximize;
    problem.bounds = search_.bounds;
    problem.budget = search_.budget;
    if (search_.fidelity) {
      problem.fidelities.clear();
      for (const Json& value : search_.fidelity->values) {
        problem.fidelities.push_back(value.get<double>() / search_.fidelity->values.back().get<double>());
      }
    }
    while (space_.seeds < plan_.cells.size() && is_same_structure(plan_.cells[space_.seeds])) ++space_.seeds;
    for (std::size_t i = 0; i < plan_.cells.size(); i += space_.seeds) add(i);
    return std::move(space_);
  }

 private:
  bool is_same_structure(const Cell& cell) const {
    const Cell& first = plan_.cells.front();
    return cell.params == first.params && cell.backend == first.backend && cell.dataset == first.dataset &&
           cell.execution == first.execution;
  }

  void add(std::size_t first_cell) {
    const Cell& cell = plan_.cells[first_cell];
    Structure structure;
    structure.known = workload_.known_metrics(cell);
    const Json json = cell.to_json();
    for (std::size_t a = 0; a < search_.axes.size(); ++a) {
      const Json* value = cell_value(json, search_.axes[a].path);
      const std::vector<Json>& values = search_.axes[a].values;
      const auto found = std::ranges::find(values, value != nullptr ? *value : Json());
      structure.at.push_back(static_cast<std::size_t>(found - values.begin()));
      structure.coordinates.push_back(coordinates_[a][structure.at.back()]);
    }
    if (const double violation = known_violation(search_.bounds, structure.known); violation > 0) {
      ++space_.beyond_bounds;
      if (violation < least_violation_) {
        least_violation_ = violation;
        space_.nearest_miss = fmt::format("{}: {}", structure_text(plan_, structure),
                                          broken_bounds_text(search_.bounds, structure.known));
      }
      return;
    }
    for (std::size_t rung = 0; rung <= space_.problem.full(); ++rung) {
      structure.cost.push_back(expected_cost(cell, structure, rung));
    }
    space_.problem.structures.push_back(std::move(structure));
    space_.first_cell.push_back(first_cell);
  }

  double expected_cost(const Cell& cell, const Structure& structure, std::size_t rung) const {
    const double share = space_.problem.fidelities[rung];
    const MetricValues known =
        share == 1 ? structure.known
                   : workload_.known_metrics(with_value(cell, search_.fidelity->path, search_.fidelity->values[rung]));
    const auto found = known.find(search_.cost);
    return found != known.end() && found->second > 0 ? found->second : share;
  }

  const Plan& plan_;
  const SearchSpec& search_;
  const Workload& workload_;
  std::vector<std::vector<double>> coordinates_;
  double least_violation_ = infinity;
  SearchSpace space_;
};

}  // namespace

bool Problem::knows(const std::string& metric) const {
  return std::ranges::all_of(structures, [&](const Structure& one) { return one.known.contains(metric); });
}

bool better(const Score& a, const Score& b) {
  return a.violation < b.violation || (a.violation == b.violation && a.value > b.value);
}

Score score_of(const Problem& problem, const Structure& structure, const MetricValues& measured,
               bool at_full_fidelity) {
  const auto value_of = [&](const std::string& metric) {
    const auto known = structure.known.find(metric);
    const auto found = measured.find(metric);
    const bool stands_in = known != structure.known.end() && (!at_full_fidelity || found == measured.end());
    if (stands_in) return std::optional(known->second);
    return found == measured.end() ? std::nullopt : std::optional(found->second);
  };
  const std::optional<double> objective = value_of(problem.objective);
  if (measured.empty() || !objective) return {-infinity, infinity};
  Score score{problem.maximize ? *objective : -*objective, 0};
  for (const MetricBound& bound : problem.bounds) {
    const std::optional<double> value = value_of(bound.metric);
    score.violation += value ? excess(bound, *value) : infinity;
  }
  return score;
}

SearchSpace make_search_space(const Plan& plan, const Workload& workload) { return SpaceMaker(plan, workload).make(); }

std::string structure_text(const Plan& plan, const Structure& structure) {
  std::string text;
  for (std::size_t a = 0; a < structure.at.size(); ++a) {
    const OrderedAxis& axis = plan.search->axes[a];
    text += fmt::format("{}{}={}", a == 0 ? "" : " ", short_path(axis.path, plan.workload),
                        value_text(axis.values[structure.at[a]]));
  }
  return text;
}

std::string broken_bounds_text(const std::vector<MetricBound>& bounds, const MetricValues& values) {
  std::vector<std::string> parts;
  for (const MetricBound& bound : bounds) {
    const auto value = values.find(bound.metric);
    if (value == values.end()) continue;
    if (const std::optional<Breach> breach = breach_of(bound, value->second)) {
      parts.push_back(fmt::format("{} {:.4g} is {} {:.4g}", bound.metric, value->second, breach->side, breach->limit));
    }
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace frugal::harness
