// Successive halving over the fidelities.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "benchmarks/harness/search/strategies.hpp"

namespace frugal::harness {
namespace {

std::vector<std::size_t> positions(std::size_t count) {
  std::vector<std::size_t> all(count);
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

/// How many of `count` go on from a fidelity to the next: resources a rung stay about the same.
std::size_t survivor_count(std::size_t count, double fidelity, double next) {
  return std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(static_cast<double>(count) * fidelity / next)));
}

/// The most that all rungs can cost: on each, the dearest go on.
double dearest_course(const Problem& problem, std::span<const std::size_t> field) {
  double sum = 0;
  std::size_t count = field.size();
  for (std::size_t rung = 0; rung <= problem.full(); ++rung) {
    if (rung > 0) count = survivor_count(count, problem.fidelities[rung - 1], problem.fidelities[rung]);
    std::vector<double> costs;
    for (const std::size_t i : field) costs.push_back(problem.structures[i].cost[rung]);
    std::ranges::sort(costs, std::greater());
    sum = std::accumulate(costs.begin(), costs.begin() + static_cast<std::ptrdiff_t>(count), sum);
  }
  return sum;
}

/// As many from the front as `limit` pays for; at least one.
std::vector<std::size_t> affordable(const Problem& problem, const std::vector<std::size_t>& order, double limit) {
  std::size_t enough = 1;
  std::size_t too_many = order.size() + 1;
  while (too_many - enough > 1) {
    const std::size_t middle = enough + (too_many - enough) / 2;
    (dearest_course(problem, std::span(order).first(middle)) <= limit ? enough : too_many) = middle;
  }
  return {order.begin(), order.begin() + static_cast<std::ptrdiff_t>(enough)};
}

/// Positions of the scores by value, the best first, and of equal ones the least violation first.
std::vector<std::size_t> by_value(const std::vector<Score>& scores) {
  std::vector<std::size_t> order = positions(scores.size());
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    if (scores[a].value != scores[b].value) return scores[a].value > scores[b].value;
    return scores[a].violation < scores[b].violation;
  });
  return order;
}

/// Those that no other one beats in both value and violation; `order` is by value, and so is the front.
std::vector<std::size_t> front_of(const std::vector<Score>& scores, const std::vector<std::size_t>& order) {
  std::vector<std::size_t> front;
  for (const std::size_t i : order) {
    if (front.empty() || scores[i].violation < scores[front.back()].violation) front.push_back(i);
  }
  return front;
}

/// `count` of the scores, by their positions: front after front. Of one that does not fit as a whole, some that are
/// spread over it.
std::vector<std::size_t> best_fronts(const std::vector<Score>& scores, std::size_t count) {
  std::vector<std::size_t> left = by_value(scores);
  std::vector<std::size_t> chosen;
  while (chosen.size() < count) {
    const std::vector<std::size_t> front = front_of(scores, left);
    const std::size_t room = std::min(count - chosen.size(), front.size());
    for (std::size_t k = 0; k < room; ++k) {
      chosen.push_back(front[room == 1 ? 0 : k * (front.size() - 1) / (room - 1)]);
    }
    std::vector<std::size_t> rest;
    for (std::size_t next = 0; const std::size_t i : left) {
      if (next < front.size() && i == front[next]) {
        ++next;  // both have the same order
      } else {
        rest.push_back(i);
      }
    }
    left = std::move(rest);
  }
  return chosen;
}

/// Along a front, what is better is farther beyond the bounds: full fidelity shows where the bounds are met, which
/// takes few evaluations.
void bisect(const Problem& problem, const std::vector<std::size_t>& front, Lab& lab) {
  std::size_t low = 0;
  std::size_t high = front.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (!lab.affords(problem.structures[front[middle]].cost.back())) break;
    if (lab.ask(front[middle]).violation == 0) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
}

}  // namespace

void search_by_halving(const Problem& problem, Lab& lab) {
  std::vector<std::size_t> field =
      affordable(problem, spread_structures(problem, problem.structures.size()), lab.limit());
  const auto ask_all = [&](std::size_t rung) {
    std::vector<Ask> asks;
    asks.reserve(field.size());
    for (const std::size_t i : field) asks.push_back({i, rung});
    return lab.ask(asks);
  };
  const auto members = [&](const std::vector<std::size_t>& chosen) {
    std::vector<std::size_t> result;
    result.reserve(chosen.size());
    for (const std::size_t k : chosen) result.push_back(field[k]);
    return result;
  };
  for (std::size_t rung = 0; rung < problem.full(); ++rung) {
    const std::vector<Score> scores = ask_all(rung);
    const std::vector<std::size_t> front = front_of(scores, by_value(scores));
    if (rung + 1 == problem.full() && front.size() > 1) return bisect(problem, members(front), lab);
    field = members(
        best_fronts(scores, survivor_count(field.size(), problem.fidelities[rung], problem.fidelities[rung + 1])));
  }
  ask_all(problem.full());
}

}  // namespace frugal::harness
