// Bayesian optimisation: what to try next follows from a model of what has been tried.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "benchmarks/harness/search/gaussian_process.hpp"
#include "benchmarks/harness/search/strategies.hpp"

namespace frugal::harness {
namespace {

/// A fit grows with the cube of the points; beyond this the model would cost more than what it models.
constexpr std::size_t most_points = 150;
/// Of the range of what has been measured: an improvement of less is not worth an evaluation.
constexpr double least_improvement = 1e-3;
/// Of the budget, for the structures that are spread before there is a model.
constexpr double spread_share = 0.5;

double normal_density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }
double normal_share_below(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }

double probability_below(const Prediction& prediction, double limit) {
  if (prediction.deviation == 0) return prediction.mean <= limit ? 1 : 0;
  return normal_share_below((limit - prediction.mean) / prediction.deviation);
}

double probability_within(const MetricBound& bound, const Prediction& prediction) {
  const double below_max = bound.max ? probability_below(prediction, *bound.max) : 1;
  const double below_min = bound.min ? probability_below(prediction, *bound.min) : 0;
  return std::max(0.0, below_max - below_min);
}

/// E[max(0, X - best)].
double expected_improvement(const Prediction& prediction, double best) {
  const double gain = prediction.mean - best;
  if (prediction.deviation == 0) return std::max(0.0, gain);
  const double z = gain / prediction.deviation;
  return gain * normal_share_below(z) + prediction.deviation * normal_density(z);
}

/// Of each structure: its coordinates, and the logarithms of the known metrics that have bounds.
std::vector<std::vector<double>> inputs_of(const Problem& problem) {
  std::vector<std::vector<double>> inputs;
  for (const Structure& structure : problem.structures) inputs.push_back(structure.coordinates);
  for (const MetricBound& bound : problem.bounds) {
    if (!problem.knows(bound.metric)) continue;
    const auto value = [&](const Structure& structure) { return structure.known.at(bound.metric); };
    const auto [low, high] = std::ranges::minmax_element(problem.structures, {}, value);
    const double least = value(*low);
    const double most = value(*high);
    if (!(least > 0 && most > least)) continue;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      inputs[i].push_back(std::log(value(problem.structures[i]) / least) / std::log(most / least));
    }
  }
  return inputs;
}

/// One metric of every structure: as known, or as the measured ones let expect.
class MetricModel {
 public:
  MetricModel(const Problem& problem, const std::vector<std::vector<double>>& inputs, const std::vector<Trial>& trials,
              const std::string& metric)
      : problem_(problem), inputs_(inputs), metric_(metric), known_(problem.knows(metric)) {
    if (known_) return;
    std::vector<std::vector<double>> points;
    std::vector<double> values;
    for (const Trial& trial : trials) {
      const auto value = trial.metrics.find(metric);
      if (value == trial.metrics.end()) continue;
      points.push_back(inputs[trial.ask.structure]);
      values.push_back(value->second);
    }
    if (!values.empty()) predictor_ = fit_gaussian_process(points, values);
  }

  /// Nothing as long as no trial has the metric.
  std::optional<Prediction> at(std::size_t structure) const {
    if (known_) return Prediction{problem_.structures[structure].known.at(metric_), 0};
    if (!predictor_) return std::nullopt;
    return predictor_(inputs_[structure]);
  }

 private:
  const Problem& problem_;
  const std::vector<std::vector<double>>& inputs_;
  std::string metric_;
  bool known_;
  PointPredictor predictor_;
};

/// How promising each structure is that has not been tried.
class Acquisition {
 public:
  Acquisition(const Problem& problem, const std::vector<std::vector<double>>& inputs, const Lab& lab)
      : problem_(problem), lab_(lab), objective_(problem, inputs, lab.trials(), problem.objective) {
    for (const MetricBound& bound : problem.bounds) {
      if (problem.knows(bound.metric)) continue;  // what it rules out is not in the space
      bounds_.push_back({&bound, MetricModel(problem, inputs, lab.trials(), bound.metric)});
    }
    double least = std::numeric_limits<double>::infinity();
    for (const Trial& trial : lab.trials()) {
      if (!std::isfinite(trial.score.value)) continue;  // it failed, or does not have the objective
      least = std::min(least, trial.score.value);
      most_ = std::max(most_, trial.score.value);
      if (trial.score.violation == 0) best_ = std::max(best_.value_or(trial.score.value), trial.score.value);
    }
    least_worth_ = best_ ? least_improvement * (most_ - least) : 0;
  }

  /// The structure to try next, among those that the budget still pays for; nothing when none is worth it.
  std::optional<std::size_t> next() const {
    const double cost_power = std::max(0.0, 1 - lab_.spent() / lab_.limit());
    std::optional<std::size_t> best;
    double most = 0;
    for (std::size_t i = 0; i < problem_.structures.size(); ++i) {
      const double cost = problem_.structures[i].cost.back();
      if (lab_.knows({i, problem_.full()}) || !lab_.affords(cost)) continue;
      const double worth = expected_worth(i);
      if (!(worth > least_worth_) || !(worth / std::pow(cost, cost_power) > most)) continue;
      most = worth / std::pow(cost, cost_power);
      best = i;
    }
    return best;
  }

 private:
  double expected_worth(std::size_t structure) const {
    double probability = 1;
    for (const auto& [bound, model] : bounds_) {
      const std::optional<Prediction> prediction = model.at(structure);
      if (prediction) probability *= probability_within(*bound, *prediction);
    }
    std::optional<Prediction> objective = objective_.at(structure);
    if (!best_ || !objective) return probability;  // first of all, find one that is within the bounds
    if (!problem_.maximize) objective->mean = -objective->mean;
    return probability * expected_improvement(*objective, *best_);
  }

  const Problem& problem_;
  const Lab& lab_;
  MetricModel objective_;
  std::vector<std::pair<const MetricBound*, MetricModel>> bounds_;
  double most_ = -std::numeric_limits<double>::infinity();
  std::optional<double> best_;  // of those within the bounds
  double least_worth_ = 0;
};

}  // namespace

void search_by_model(const Problem& problem, Lab& lab) {
  const std::size_t spread = problem.axes() + 2;
  for (const std::size_t i : spread_structures(problem, spread)) {
    if (lab.affords(problem.structures[i].cost.back(), spread_share)) lab.ask(i);
  }
  const std::vector<std::vector<double>> inputs = inputs_of(problem);
  while (lab.trials().size() < most_points) {
    const std::optional<std::size_t> next = Acquisition(problem, inputs, lab).next();
    if (!next) break;
    lab.ask(*next);
  }
}

}  // namespace frugal::harness
