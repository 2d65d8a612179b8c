#include "benchmarks/harness/search/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "benchmarks/harness/record/up_to_date.hpp"
#include "benchmarks/harness/search/records.hpp"
#include "benchmarks/harness/study/seed_values.hpp"
#include "benchmarks/harness/study/stage_times.hpp"
#include "benchmarks/harness/study/statistics.hpp"

namespace frugal::harness {
namespace {

/// The cells of evaluations, and the means of what came of them.
class CellEvaluator {
 public:
  CellEvaluator(const Plan& plan, const SearchSpace& space, const CellRecords& records, const RunCells& run)
      : plan_(plan), search_(*plan.search), space_(space), records_(records), run_(run) {}

  std::vector<MetricValues> evaluate(std::span<const Ask> asks) const {
    std::vector<Cell> cells;
    std::vector<std::string> labels;
    for (const Ask& ask : asks) {
      for (Cell& cell : cells_of(ask)) {
        labels.push_back(label_of(ask, cell.seed));
        cells.push_back(std::move(cell));
      }
    }
    std::vector<PlannedCell> planned;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      planned.push_back({&plan_, &cells[i], cells[i].id(), cells[i].to_json(), labels[i]});
    }
    run_(planned);
    std::vector<MetricValues> means;
    for (const Ask& ask : asks) means.push_back(mean_metrics(ask));
    return means;
  }

  SearchTrial charged(const Trial& trial) const {
    SearchTrial result{trial, {}};
    for (const Cell& cell : cells_of(trial.ask)) {
      result.cells.push_back(cell.id());
      const CellRecord& record = records_.at(result.cells.back());
      result.cost += metric_value(record, search_.cost).value_or(0);
      result.seconds += stage_seconds(record, "total").value_or(0);
    }
    return result;
  }

 private:
  std::vector<Cell> cells_of(const Ask& ask) const {
    std::vector<Cell> cells;
    for (std::size_t i = 0; i < space_.seeds; ++i) {
      const Cell& full = plan_.cells[space_.first_cell[ask.structure] + i];
      const bool is_full = ask.fidelity == space_.problem.full();
      cells.push_back(is_full ? full
                              : with_value(full, search_.fidelity->path, search_.fidelity->values[ask.fidelity]));
    }
    return cells;
  }

  std::string label_of(const Ask& ask, std::uint64_t seed) const {
    std::string label = structure_text(plan_, space_.problem.structures[ask.structure]);
    if (search_.fidelity) {
      label += fmt::format(" {}={}", short_path(search_.fidelity->path, plan_.workload),
                           value_text(search_.fidelity->values[ask.fidelity]));
    }
    return space_.seeds > 1 ? fmt::format("{} seed={}", label, seed) : label;
  }

  /// Of the metrics that every seed has; none where a seed failed.
  MetricValues mean_metrics(const Ask& ask) const {
    std::vector<const CellRecord*> seeds;
    for (const Cell& cell : cells_of(ask)) seeds.push_back(&records_.at(cell.id()));
    if (std::ranges::any_of(seeds, [](const CellRecord* record) { return record->status != Status::ok; })) return {};
    MetricValues means;
    for (const auto& [metric, value] : seeds.front()->metrics) {
      const std::vector<double> values = metric_values(seeds, metric);
      if (values.size() == seeds.size()) means[metric] = mean(values);
    }
    return means;
  }

  const Plan& plan_;
  const SearchSpec& search_;
  const SearchSpace& space_;
  const CellRecords& records_;
  const RunCells& run_;
};

StrategyOutcome run_strategy(Strategy strategy, const SearchSpace& space, const CellEvaluator& evaluator) {
  Lab lab(
      space.problem, [&](std::span<const Ask> asks) { return evaluator.evaluate(asks); },
      spending_limit(strategy, space.problem));
  search_with(strategy, space.problem, lab);
  StrategyOutcome outcome{.strategy = strategy, .trials = {}, .best = {}};
  const Trial* best = lab.best();
  for (const Trial& trial : lab.trials()) {
    if (&trial == best && !trial.metrics.empty()) outcome.best = outcome.trials.size();
    outcome.trials.push_back(evaluator.charged(trial));
    outcome.cost += outcome.trials.back().cost;
    outcome.seconds += outcome.trials.back().seconds;
  }
  return outcome;
}

std::string outcome_text(const Plan& plan, const SearchSpace& space, const StrategyOutcome& outcome) {
  const std::string head = fmt::format("{}: {} evaluation{}", to_word(strategy_names, outcome.strategy),
                                       outcome.trials.size(), outcome.trials.size() == 1 ? "" : "s");
  const SearchTrial* found = outcome.found();
  if (found == nullptr) return head + ", none of them within the bounds";
  const MetricValues& metrics = found->trial.metrics;
  const auto objective = metrics.find(plan.search->objective);
  return fmt::format("{}; best {}: {} {:.6g}", head,
                     structure_text(plan, space.problem.structures[found->trial.ask.structure]), plan.search->objective,
                     objective->second);
}

Json structure_json(const Plan& plan, const Structure& structure) {
  Json json = Json::object();
  for (std::size_t a = 0; a < structure.at.size(); ++a) {
    json[plan.search->axes[a].path] = plan.search->axes[a].values[structure.at[a]];
  }
  return json;
}

Json trials_json(const SearchOutcome& outcome, const StrategyOutcome& strategy) {
  const Plan& plan = *outcome.plan;
  const Problem& problem = outcome.space.problem;
  Json list = Json::array();
  const Trial* best = nullptr;
  for (const SearchTrial& one : strategy.trials) {
    const Trial& trial = one.trial;
    const bool is_full = trial.ask.fidelity == problem.full();
    if (is_full && trial.score.violation == 0 && (best == nullptr || better(trial.score, best->score))) best = &trial;
    Json json = {{"structure", structure_json(plan, problem.structures[trial.ask.structure])},
                 {"cells", one.cells},
                 {"metrics", Json::object()},
                 {"within_bounds", trial.score.violation == 0},
                 {"seconds", one.seconds}};
    if (plan.search->fidelity) json["fidelity"] = plan.search->fidelity->values[trial.ask.fidelity];
    if (!plan.search->cost.empty()) json["cost"] = one.cost;
    const auto put = [&](const std::string& metric) {
      if (const auto value = trial.metrics.find(metric); value != trial.metrics.end())
        json["metrics"][metric] = value->second;
    };
    put(problem.objective);
    for (const MetricBound& bound : problem.bounds) put(bound.metric);
    if (best != nullptr) json["best_so_far"] = problem.maximize ? best->score.value : -best->score.value;
    list.push_back(std::move(json));
  }
  return list;
}

Json bounds_json(const std::vector<MetricBound>& bounds) {
  Json list = Json::array();
  for (const MetricBound& bound : bounds) {
    Json json = {{"metric", bound.metric}};
    if (bound.min) json["min"] = *bound.min;
    if (bound.max) json["max"] = *bound.max;
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace

const SearchTrial* StrategyOutcome::found() const {
  return best && trials[*best].trial.score.violation == 0 ? &trials[*best] : nullptr;
}

const StrategyOutcome* SearchOutcome::exhaustive() const {
  const auto found = std::ranges::find(strategies, Strategy::exhaustive, &StrategyOutcome::strategy);
  return found == strategies.end() ? nullptr : &*found;
}

bool SearchOutcome::found() const {
  return std::ranges::any_of(strategies, [](const StrategyOutcome& one) { return one.found() != nullptr; });
}

SearchOutcome run_search(const Plan& plan, const Workload& workload, const CellRecords& records, const RunCells& run,
                         const std::function<void(const std::string&)>& say) {
  SearchOutcome outcome{.plan = &plan, .space = make_search_space(plan, workload), .strategies = {}};
  say(fmt::format("search {}: {}", plan.name, space_text(plan, outcome.space)));
  if (outcome.space.problem.structures.empty()) return outcome;
  if (std::ranges::find(plan.search->strategies, Strategy::records) != plan.search->strategies.end()) {
    std::vector<Run> runs;
    for (const std::string& folder : plan.search->records) runs.push_back(load_up_to_date(folder, {&workload}));
    learn_from_records(plan, workload, runs, outcome.space);
  }
  const CellEvaluator evaluator(plan, outcome.space, records, run);
  for (const Strategy strategy : plan.search->strategies) {
    outcome.strategies.push_back(run_strategy(strategy, outcome.space, evaluator));
    say(outcome_text(plan, outcome.space, outcome.strategies.back()));
  }
  return outcome;
}

std::string space_text(const Plan& plan, const SearchSpace& space) {
  std::size_t refused = 0;
  for (const auto& [reason, count] : plan.search->refused) refused += count;
  const std::size_t left = space.problem.structures.size();
  std::string text = fmt::format("{} structure{}", left, left == 1 ? "" : "s");
  if (space.beyond_bounds + refused == 0) return text;
  text += fmt::format(" of {}", left + space.beyond_bounds + refused);
  if (space.beyond_bounds > 0) {
    text += fmt::format("; {} beyond the bounds on what is known before a run", space.beyond_bounds);
  }
  for (const auto& [reason, count] : plan.search->refused) text += fmt::format("; {} refused: {}", count, reason);
  return text;
}

Json to_json(const SearchOutcome& outcome) {
  const SearchSpec& search = *outcome.plan->search;
  Json json = {{"plan", outcome.plan->name},
               {"workload", outcome.plan->workload},
               {"seeds", outcome.space.seeds},
               {"structures", outcome.space.problem.structures.size()},
               {"beyond_bounds", outcome.space.beyond_bounds},
               {"refused", search.refused},
               {"objective", search.objective},
               {"maximize", search.maximize},
               {"bounds", bounds_json(search.bounds)},
               {"budget", search.budget},
               {"cost", search.cost},
               {"space", Json::object()},
               {"strategies", Json::array()}};
  for (const OrderedAxis& axis : search.axes) json["space"][axis.path] = axis.values;
  if (!search.records.empty()) json["records"] = {{"runs", search.records}, {"left_out", outcome.space.left_out}};
  if (search.fidelity) json["fidelity"] = {{search.fidelity->path, search.fidelity->values}};
  for (const StrategyOutcome& one : outcome.strategies) {
    Json strategy = {{"name", to_word(strategy_names, one.strategy)},
                     {"trials", trials_json(outcome, one)},
                     {"seconds", one.seconds}};
    if (!search.cost.empty()) strategy["cost"] = one.cost;
    if (one.found() != nullptr) strategy["best"] = *one.best;
    json["strategies"].push_back(std::move(strategy));
  }
  return json;
}

}  // namespace frugal::harness
