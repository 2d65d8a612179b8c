#include "benchmarks/harness/search/strategies.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace frugal::harness {
namespace {

double squared_distance(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

}  // namespace

void search_exhaustively(const Problem& problem, Lab& lab) {
  std::vector<Ask> all;
  for (std::size_t i = 0; i < problem.structures.size(); ++i) all.push_back({i, problem.full()});
  lab.ask(all);
}

void search_with(Strategy strategy, const Problem& problem, Lab& lab) {
  switch (strategy) {
    case Strategy::exhaustive:
      return search_exhaustively(problem, lab);
    case Strategy::greedy:
      return search_greedily(problem, lab);
    case Strategy::halving:
      return search_by_halving(problem, lab);
    case Strategy::model:
      return search_by_model(problem, lab);
    case Strategy::records:
      return search_by_records(problem, lab);
  }
}

double spending_limit(Strategy strategy, const Problem& problem) {
  if (strategy == Strategy::exhaustive) return std::numeric_limits<double>::infinity();
  double all = 0;
  for (const Structure& structure : problem.structures) all += structure.cost.back();
  return problem.budget * all;
}

std::size_t middle_structure(const Problem& problem) {
  std::vector<double> mean(problem.axes());
  for (const Structure& structure : problem.structures) {
    for (std::size_t a = 0; a < mean.size(); ++a) {
      mean[a] += structure.coordinates[a] / static_cast<double>(problem.structures.size());
    }
  }
  const auto nearest = std::ranges::min_element(problem.structures, {}, [&](const Structure& structure) {
    return squared_distance(structure.coordinates, mean);
  });
  return static_cast<std::size_t>(nearest - problem.structures.begin());
}

std::vector<std::size_t> spread_structures(const Problem& problem, std::size_t count) {
  const std::size_t size = problem.structures.size();
  std::vector<std::size_t> order{middle_structure(problem)};
  std::vector<double> distance(size, std::numeric_limits<double>::infinity());
  while (order.size() < std::min(count, size)) {
    for (std::size_t i = 0; i < size; ++i) {
      const double to_last =
          squared_distance(problem.structures[i].coordinates, problem.structures[order.back()].coordinates);
      distance[i] = std::min(distance[i], to_last);
    }
    order.push_back(static_cast<std::size_t>(std::ranges::max_element(distance) - distance.begin()));
  }
  return order;
}

}  // namespace frugal::harness
