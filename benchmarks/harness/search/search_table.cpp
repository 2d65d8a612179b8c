#include "benchmarks/harness/search/search_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "benchmarks/harness/report/caption.hpp"
#include "benchmarks/harness/report/column_values.hpp"
#include "benchmarks/harness/report/number_text.hpp"
#include "benchmarks/harness/study/origin_text.hpp"
#include "benchmarks/harness/study/seed_values.hpp"
#include "benchmarks/harness/study/statistics.hpp"

namespace frugal::harness {
namespace {

std::string bound_text(const MetricBound& bound) {
  if (bound.min && bound.max) return fmt::format("{} from {:g} to {:g}", bound.metric, *bound.min, *bound.max);
  return bound.min ? fmt::format("{} at least {:g}", bound.metric, *bound.min)
                   : fmt::format("{} at most {:g}", bound.metric, *bound.max);
}

std::string search_title(const Plan& plan) {
  const SearchSpec& search = *plan.search;
  std::vector<std::string> bounds;
  for (const MetricBound& bound : search.bounds) bounds.push_back(bound_text(bound));
  return fmt::format("{}: {} {}{}{}", plan.name, search.maximize ? "maximise" : "minimise", search.objective,
                     bounds.empty() ? "" : " subject to ", fmt::join(bounds, ", "));
}

class SearchTableMaker {
 public:
  SearchTableMaker(const SearchOutcome& outcome, const Run& run)
      : outcome_(outcome), plan_(*outcome.plan), search_(*plan_.search), run_(run), oracle_(outcome.exhaustive()) {
    for (const CellRecord& record : run.cells) records_[record.id] = &record;
  }

  Table make() {
    table_.name = plan_.name;
    table_.title = search_title(plan_);
    add_headings();
    for (const StrategyOutcome& one : outcome_.strategies) add_row(one);
    for (std::size_t i = 0; i < table_.headings.size(); ++i) {
      table_.headings[i].interval =
          std::ranges::any_of(table_.rows, [&](const TableRow& row) { return row.entries[i].half_width.has_value(); });
    }
    add_notes();
    add_caption();
    return std::move(table_);
  }

 private:
  ColumnStyle style_of(const std::string& metric) const {
    return column_style({.source = ColumnSpec::Source::metric, .name = metric}, plan_.workload,
                        run_.provenance.metric(metric));
  }

  /// The objective, then the metrics with bounds, each once.
  std::vector<std::string> shown_metrics() const {
    std::vector<std::string> metrics{search_.objective};
    for (const MetricBound& bound : search_.bounds) {
      if (std::ranges::find(metrics, bound.metric) == metrics.end()) metrics.push_back(bound.metric);
    }
    return metrics;
  }

  void add_headings() {
    table_.headings.push_back({.title = "strategy"});
    for (const OrderedAxis& axis : search_.axes) {
      const bool numeric = std::ranges::all_of(axis.values, [](const Json& value) { return value.is_number(); });
      table_.headings.push_back(
          {.title = short_path(axis.path, plan_.workload), .numeric = numeric, .name = axis.path, .key = true});
    }
    for (const std::string& metric : shown_metrics()) {
      const ColumnStyle style = style_of(metric);
      table_.headings.push_back({style.title, style.unit, true, false, style.format == "si"});
    }
    const ColumnStyle objective = style_of(search_.objective);
    table_.headings.push_back({"gap", objective.unit, true, false, objective.format == "si"});
    table_.headings.push_back({.title = "evaluations", .numeric = true});
    if (!search_.cost.empty()) {
      const ColumnStyle style = style_of(search_.cost);
      table_.headings.push_back({"cost: " + style.title, style.unit, true, false, style.format == "si"});
    }
    table_.headings.push_back({.title = "cost: time", .unit = "s", .numeric = true});
    table_.headings.push_back({.title = "cost against exhaustive", .unit = "%", .numeric = true});
  }

  void add_row(const StrategyOutcome& one) {
    const SearchTrial* found = one.found();
    TableRow row;
    row.origin = {static_cast<int>(outcome_.space.seeds), machine_text(run_.provenance), build_text(run_.provenance),
                  run_.provenance.name};
    row.entries.push_back({.text = std::string(to_word(strategy_names, one.strategy))});
    for (std::size_t a = 0; a < search_.axes.size(); ++a) row.entries.push_back(axis_entry(found, a));
    for (const std::string& metric : shown_metrics()) row.entries.push_back(metric_entry(found, metric));
    row.entries.push_back(gap_entry(found));
    row.entries.push_back(count_entry(one.trials.size()));
    if (!search_.cost.empty()) {
      const ColumnStyle style = style_of(search_.cost);
      row.entries.push_back(number_entry(one.cost, {}, style.format, style.unit));
    }
    row.entries.push_back(number_entry(one.seconds, {}, "", "s"));
    row.entries.push_back(share_entry(one));
    table_.rows.push_back(std::move(row));
  }

  TableEntry axis_entry(const SearchTrial* found, std::size_t axis) const {
    if (found == nullptr) return {.text = axis == 0 ? "none" : "-"};
    const std::size_t at = outcome_.space.problem.structures[found->trial.ask.structure].at[axis];
    const Json& value = search_.axes[axis].values[at];
    TableEntry entry{.text = value_text(value)};
    if (value.is_number()) entry.value = value.get<double>();
    return entry;
  }

  TableEntry metric_entry(const SearchTrial* found, const std::string& metric) const {
    if (found == nullptr) return {.text = "-"};
    std::vector<const CellRecord*> records;
    for (const std::string& id : found->cells) records.push_back(records_.at(id));
    const std::vector<double> values = metric_values(records, metric);
    if (values.empty()) return {.text = "-"};
    const ColumnStyle style = style_of(metric);
    return number_entry(estimate(values), style.format, style.unit);
  }

  TableEntry gap_entry(const SearchTrial* found) const {
    const SearchTrial* best = oracle_ != nullptr ? oracle_->found() : nullptr;
    if (found == nullptr || best == nullptr) return {.text = "-"};
    const ColumnStyle style = style_of(search_.objective);
    return number_entry(best->trial.score.value - found->trial.score.value, {}, style.format == "si" ? "si" : "",
                        style.unit);
  }

  /// By the cost that the plan names, else by time.
  TableEntry share_entry(const StrategyOutcome& one) const {
    const auto cost = [&](const StrategyOutcome& of) { return search_.cost.empty() ? of.seconds : of.cost; };
    if (oracle_ == nullptr || !(cost(*oracle_) > 0)) return {.text = "-"};
    return number_entry(100 * cost(one) / cost(*oracle_), {}, "{:.1f}", "%");
  }

  void add_notes() {
    table_.notes.push_back(fmt::format("Space: {}.", space_text(plan_, outcome_.space)));
    if (outcome_.strategies.empty()) {
      table_.notes.push_back(fmt::format("No structure is within the bounds, before anything runs; the nearest is {}.",
                                         outcome_.space.nearest_miss));
    }
    if (!outcome_.space.left_out.empty()) table_.notes.push_back(records_sentence());
    for (const StrategyOutcome& one : outcome_.strategies) {
      if (one.found() == nullptr) table_.notes.push_back(miss_sentence(one));
    }
    if (const std::size_t failed = failed_evaluations(); failed > 0) {
      table_.notes.push_back(fmt::format("{} evaluation{} failed and count{} as worst.", failed, failed == 1 ? "" : "s",
                                         failed == 1 ? "s" : ""));
    }
  }

  std::string records_sentence() const {
    const std::vector<double>& gaps = outcome_.space.left_out;
    const std::string unit = style_of(search_.objective).unit;
    return fmt::format(
        "Records: of {} other data sets. Each of them left out in turn, the choice of the rest is {:.2f}{}{} from its best "
        "on average, {:.2f} at most.",
        gaps.size(), mean(gaps), unit.empty() ? "" : " ", unit, *std::ranges::max_element(gaps));
  }

  std::string miss_sentence(const StrategyOutcome& one) const {
    const std::string head = fmt::format("{}: no structure within the bounds", to_word(strategy_names, one.strategy));
    if (!one.best) return head + "; no evaluation at full fidelity ended well.";
    const Trial& trial = one.trials[*one.best].trial;
    const std::string broken = broken_bounds_text(search_.bounds, trial.metrics);
    return fmt::format("{}; the nearest is {}: {}.", head,
                       structure_text(plan_, outcome_.space.problem.structures[trial.ask.structure]),
                       broken.empty() ? "a metric with a bound is absent" : broken);
  }

  std::size_t failed_evaluations() const {
    std::set<std::vector<std::string>> failed;  // strategies share their cells
    for (const StrategyOutcome& one : outcome_.strategies) {
      for (const SearchTrial& trial : one.trials) {
        if (trial.trial.metrics.empty()) failed.insert(trial.cells);
      }
    }
    return failed.size();
  }

  void add_caption() {
    table_.caption.push_back(interval_sentence(outcome_.space.seeds));
    table_.caption.push_back(
        "Costs: everything that the strategy asked for, all seeds, also what another one had run before; time: all "
        "stages. Gap: to the best of the exhaustive search.");
    const Cell& cell = plan_.cells.front();
    table_.caption.push_back(fmt::format("Data: {}.", value_text(cell.dataset.at("name"))));
    table_.caption.push_back(fmt::format("Back end: {}.", cell.backend));
    if (const auto clock = run_.provenance.clocks.find(plan_.workload); clock != run_.provenance.clocks.end()) {
      table_.caption.push_back(clock->second);
    }
    table_.caption.push_back(run_sentence(run_));
  }

  const SearchOutcome& outcome_;
  const Plan& plan_;
  const SearchSpec& search_;
  const Run& run_;
  const StrategyOutcome* oracle_;
  std::map<std::string, const CellRecord*> records_;
  Table table_;
};

}  // namespace

Table search_table(const SearchOutcome& outcome, const Run& run) { return SearchTableMaker(outcome, run).make(); }

}  // namespace frugal::harness
