// Where a strategy has its structures evaluated, and where everything that it asked for is written down and charged.
#pragma once
#include <functional>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "benchmarks/harness/search/problem.hpp"

namespace frugal::harness {

/// One evaluation: a structure with all its seeds.
struct Ask {
  std::size_t structure = 0;
  std::size_t fidelity = 0;  ///< index into Problem::fidelities
  friend bool operator==(const Ask&, const Ask&) = default;
};

/// Means over the seeds, in the order of the asks; empty where a seed failed.
using Evaluate = std::function<std::vector<MetricValues>(std::span<const Ask>)>;

struct Trial {
  Ask ask;
  MetricValues metrics;
  Score score;
};

/// Of one strategy. Asking twice is free: the second time nothing is evaluated.
class Lab {
 public:
  /// `limit`: what may be spent, in the unit of Structure::cost. It is the strategy that keeps to it.
  Lab(const Problem& problem, Evaluate evaluate, double limit)
      : problem_(problem), evaluate_(std::move(evaluate)), limit_(limit) {}

  /// Evaluated together, so that the runner can say how long the batch will take.
  std::vector<Score> ask(std::span<const Ask> asks);
  /// At full fidelity.
  Score ask(std::size_t structure);

  bool knows(const Ask& ask) const { return position_.contains({ask.structure, ask.fidelity}); }
  /// Is `cost` more within `share` of the limit? The first evaluation always is: a search that asks nothing finds
  /// nothing.
  bool affords(double cost, double share = 1) const { return trials_.empty() || spent_ + cost <= limit_ * share; }
  double limit() const { return limit_; }
  double spent() const { return spent_; }

  /// In the order in which they were asked for.
  const std::vector<Trial>& trials() const { return trials_; }
  /// The best at full fidelity, whether within the bounds or not; null when there is none.
  const Trial* best() const;

 private:
  const Problem& problem_;
  Evaluate evaluate_;
  double limit_;
  double spent_ = 0;
  std::vector<Trial> trials_;
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> position_;  // structure, fidelity -> which trial
};

}  // namespace frugal::harness
