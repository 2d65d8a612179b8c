#include "benchmarks/harness/judge/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/study/cell_groups.hpp"
#include "benchmarks/harness/study/stage_times.hpp"
#include "benchmarks/harness/study/statistics.hpp"

namespace frugal::harness {
namespace {

using Direction = MetricDescriptor::Direction;

/// Of 1000 differences that are chance alone, 2.7 lie outside the band that is called noise: that of 3 standard errors,
/// if they were known rather than estimated from a few seeds.
constexpr double noise_level = 0.9973;

/// What is compared under one name, and how.
struct Yardstick {
  std::string name;
  std::string unit;
  Direction direction = Direction::informative;
  Tolerance tolerance;
};

/// Two samples of one quantity.
struct Samples {
  std::vector<double> baseline;
  std::vector<double> current;
  bool paired = false;  ///< value by value the same seed
};

/// Times, rates and memory depend on the machine, which need not be the baseline's.
bool is_of_the_machine(const std::string& unit) {
  return unit == "s" || unit == "ms" || unit == "us" || unit == "B" || unit.ends_with("/s");
}

Tolerance default_tolerance(const std::string& name, const std::string& unit, Direction direction, bool exact) {
  Tolerance tolerance;
  tolerance.metric = name;
  if (direction == Direction::informative) {
    tolerance.ignore = !exact;
  } else if (is_of_the_machine(unit)) {
    tolerance.ignore = true;
  } else {
    if (unit.empty())
      tolerance.absolute = 0.01;
    else if (unit == "dB")
      tolerance.absolute = 0.5;
    else
      tolerance.relative = 0.02;
  }
  return tolerance;
}

/// Half the width of the band within which the difference of the two means may be chance: t standard errors, with t the
/// quantile of Student's distribution at noise_level; 0 when no side has three values, the fewest that show a spread.
double noise_of(const Samples& samples) {
  const std::size_t n_baseline = samples.baseline.size();
  const std::size_t n_current = samples.current.size();
  if (samples.paired && n_current >= 3) {
    std::vector<double> differences(n_current);
    for (std::size_t i = 0; i < n_current; ++i) differences[i] = samples.current[i] - samples.baseline[i];
    return student_t(noise_level, static_cast<int>(n_current) - 1) * *sample_deviation(differences) /
           std::sqrt(static_cast<double>(n_current));
  }
  // Welch's standard error; a side too small to show its spread is taken to have the other's. The degrees of freedom
  // are those of the smaller known side, the lower bound of Welch's: no more false alarms than noise_level says.
  std::size_t n_smaller = 0;
  const auto variance = [&](const std::vector<double>& values) -> std::optional<double> {
    if (values.size() < 3) return std::nullopt;
    n_smaller = n_smaller == 0 ? values.size() : std::min(n_smaller, values.size());
    return std::pow(*sample_deviation(values), 2);
  };
  const std::optional<double> of_baseline = variance(samples.baseline);
  const std::optional<double> of_current = variance(samples.current);
  if (n_smaller == 0) return 0;
  return student_t(noise_level, static_cast<int>(n_smaller) - 1) *
         std::sqrt(of_baseline.value_or(of_current.value_or(0)) / static_cast<double>(n_baseline) +
                   of_current.value_or(of_baseline.value_or(0)) / static_cast<double>(n_current));
}

Verdict verdict_of(const Yardstick& yardstick, double baseline, double current, double tolerance, double noise) {
  const double difference = current - baseline;
  // Written so that a NaN falls through to the bad side. The slack is for 33.8 - 33.5 against 0.3.
  if (std::abs(difference) <= tolerance * (1 + 1e-9)) return Verdict::same;
  if (yardstick.direction == Direction::informative) return Verdict::changed;
  if (std::abs(difference) <= noise) return Verdict::ambiguous;
  const bool improved = yardstick.direction == Direction::higher_is_better ? difference > 0 : difference < 0;
  return improved ? Verdict::better : Verdict::worse;
}

std::string number_text(double value) { return fmt::format("{:.6g}", value); }

/// What is compared of one cell, if it has it.
using SeedValue = std::function<std::optional<double>(const CellRecord&)>;

/// All comparisons of one group of cells.
class GroupJudge {
 public:
  GroupJudge(const CellGroup& baseline, const CellGroup* current, const std::string& description, const Baseline& rules,
             const Provenance& provenance)
      : baseline_(baseline), current_(current), rules_(rules), provenance_(provenance) {
    template_.suite = baseline.records.front()->cell.workload + "." + baseline.records.front()->cell.backend;
    template_.cell = description;
    template_.id = (current ? current : &baseline)->records.front()->id;
  }

  std::vector<Finding> judge() {
    judge_status();
    if (current_ && !current_->finished().empty()) {
      choose_records();
      std::set<std::string> names;
      for (const CellRecord* record : baseline_records_) {
        for (const auto& [name, value] : record->metrics) names.insert(name);
      }
      for (const std::string& name : names) judge_metric(name);
      std::set<std::string> stages{"total"};
      for (const CellRecord* record : baseline_records_) {
        for (const StageRecord& stage : record->stages) stages.insert(stage.name);
      }
      for (const std::string& stage : stages) judge_time(stage);
    }
    return std::move(findings_);
  }

 private:
  /// A cell that is not there, or one seed of it that did not end well, is a regression of its own.
  void judge_status() {
    const auto add = [&](const std::string& id, const std::string& message) {
      Finding finding = template_;
      if (!id.empty()) finding.id = id;
      finding.metric = "status";
      finding.verdict = Verdict::missing;
      finding.message = message;
      findings_.push_back(std::move(finding));
    };
    if (!current_) {
      add("", "the baseline has this cell, the run has not");
      return;
    }
    for (const CellRecord* record : current_->records) {
      // What this machine cannot run was not lost, nor what ended badly in the baseline too.
      if (record->status == Status::ok || record->status == Status::skipped) continue;
      const CellRecord* before = baseline_.with_seed(record->cell.seed);
      if (before && before->status != Status::ok) continue;
      add(record->id,
          fmt::format("seed {}: {}{}{}", record->cell.seed, to_string(record->status),
                      record->error.empty() ? "" : ": ", record->error.substr(0, record->error.find('\n'))));
    }
  }

  /// Cell against cell where one side's seeds are all among the other's; else all against all.
  void choose_records() {
    baseline_records_ = baseline_.finished();
    current_records_ = current_->finished();
    std::vector<const CellRecord*> shared_baseline;
    std::vector<const CellRecord*> shared_current;
    for (const CellRecord* record : current_records_) {
      const CellRecord* partner = baseline_.with_seed(record->cell.seed);
      if (!partner || partner->status != Status::ok) continue;
      shared_baseline.push_back(partner);
      shared_current.push_back(record);
    }
    paired_ =
        !shared_current.empty() && shared_current.size() == std::min(baseline_records_.size(), current_records_.size());
    if (!paired_) return;
    baseline_all_ = baseline_records_;
    baseline_records_ = std::move(shared_baseline);
    current_records_ = std::move(shared_current);
  }

  Tolerance tolerance_for(const std::string& name, Tolerance tolerance) const {
    for (const Tolerance& rule : rules_.tolerances) {
      if (rule.metric == name && matches(baseline_.cell, rule.where)) tolerance = rule;
    }
    return tolerance;
  }

  void judge_metric(const std::string& name) {
    const MetricDescriptor* descriptor = provenance_.metric(name);
    if (!descriptor) descriptor = rules_.run.provenance.metric(name);
    Yardstick yardstick{
        name, descriptor ? descriptor->unit : "", descriptor ? descriptor->direction : Direction::informative, {}};
    yardstick.tolerance = tolerance_for(
        name, default_tolerance(name, yardstick.unit, yardstick.direction, descriptor && descriptor->exact));
    if (yardstick.tolerance.ignore) return;
    const SeedValue value_of = [&](const CellRecord& record) -> std::optional<double> {
      const auto found = record.metrics.find(name);
      if (found == record.metrics.end()) return std::nullopt;
      return found->second;
    };
    const std::optional<Samples> samples = collect(value_of);
    if (!samples) {
      add_lost(name, "metric");
    } else if (!samples->current.empty()) {
      add_comparison(yardstick, *samples, seed_noise(*samples, value_of));
    }
  }

  /// One value a seed; nothing when the run lacks one that the baseline has.
  std::optional<Samples> collect(const SeedValue& value_of) const {
    Samples samples;
    samples.paired = paired_;
    for (std::size_t i = 0; i < baseline_records_.size(); ++i) {
      const std::optional<double> before = value_of(*baseline_records_[i]);
      if (!before) continue;
      samples.baseline.push_back(*before);
      if (!paired_) continue;
      const std::optional<double> now = value_of(*current_records_[i]);
      if (!now) return std::nullopt;
      samples.current.push_back(*now);
    }
    if (paired_ || samples.baseline.empty()) return samples;
    for (const CellRecord* record : current_records_) {
      const std::optional<double> now = value_of(*record);
      if (!now) return std::nullopt;
      samples.current.push_back(*now);
    }
    return samples;
  }

  /// Too few pairs to see their spread: that of the baseline's seeds, of which two independent draws are compared.
  double seed_noise(const Samples& samples, const SeedValue& value_of) const {
    if (!paired_ || samples.current.size() >= 3) return noise_of(samples);
    std::vector<double> values;
    for (const CellRecord* record : baseline_all_) {
      if (const std::optional<double> value = value_of(*record)) values.push_back(*value);
    }
    if (values.size() < 3) return 0;
    return student_t(noise_level, static_cast<int>(values.size()) - 1) * *sample_deviation(values) *
           std::sqrt(2.0 / static_cast<double>(samples.current.size()));
  }

  /// Times are judged only where the baseline asks for it. A seed's time is the median over its repeats, since one
  /// disturbance must not decide; repeats of one seed are no draws of it, so noise is over seeds where there are any.
  void judge_time(const std::string& stage) {
    Yardstick yardstick{"time." + stage, "s", Direction::lower_is_better, {}};
    yardstick.tolerance =
        tolerance_for(yardstick.name, default_tolerance(yardstick.name, "s", yardstick.direction, false));
    if (yardstick.tolerance.ignore) return;
    const SeedValue value_of = [&](const CellRecord& record) { return stage_seconds(record, stage); };
    const std::optional<Samples> samples = collect(value_of);
    if (!samples) {
      add_lost(yardstick.name, "stage");
      return;
    }
    if (samples->current.empty()) return;
    double noise = seed_noise(*samples, value_of);
    if (baseline_records_.size() == 1 && current_records_.size() == 1) {
      const Samples repeats{stage_samples(*baseline_records_.front(), stage),
                            stage_samples(*current_records_.front(), stage)};
      noise = std::max(noise, noise_of(repeats));
    }
    add_comparison(yardstick, *samples, noise);
  }

  void add_lost(const std::string& name, const char* what) {
    Finding finding = template_;
    finding.metric = name;
    finding.verdict = Verdict::missing;
    finding.message = fmt::format("the baseline has this {}, the run has it no more", what);
    findings_.push_back(std::move(finding));
  }

  void add_comparison(const Yardstick& yardstick, const Samples& samples, double noise) {
    const double baseline = mean(samples.baseline);
    const double current = mean(samples.current);
    Finding finding = template_;
    finding.metric = yardstick.name;
    finding.baseline = baseline;
    finding.current = current;
    finding.baseline_n = static_cast<int>(samples.baseline.size());
    finding.current_n = static_cast<int>(samples.current.size());
    finding.tolerance = std::max(yardstick.tolerance.absolute, yardstick.tolerance.relative * std::abs(baseline));
    finding.verdict = verdict_of(yardstick, baseline, current, finding.tolerance, noise);
    const std::string unit = yardstick.unit.empty() ? "" : " " + yardstick.unit;
    finding.message =
        fmt::format("{}{} (n={}) -> {}{} (n={}): {}{}, tolerance {}", number_text(baseline), unit, finding.baseline_n,
                    number_text(current), unit, finding.current_n, current >= baseline ? "+" : "",
                    number_text(current - baseline), number_text(finding.tolerance));
    if (finding.verdict == Verdict::ambiguous) {
      finding.message += ", noise " + number_text(noise);
    }
    findings_.push_back(std::move(finding));
  }

  const CellGroup& baseline_;
  const CellGroup* current_;
  const Baseline& rules_;
  const Provenance& provenance_;
  Finding template_;
  std::vector<const CellRecord*> baseline_all_;
  std::vector<const CellRecord*> baseline_records_;
  std::vector<const CellRecord*> current_records_;
  bool paired_ = false;
  std::vector<Finding> findings_;
};

}  // namespace

bool Finding::failed() const {
  return verdict == Verdict::worse || verdict == Verdict::changed || verdict == Verdict::missing;
}

std::size_t Judgement::count(Verdict verdict) const {
  return static_cast<std::size_t>(std::ranges::count(findings, verdict, &Finding::verdict));
}

bool Judgement::passed() const { return !findings.empty() && std::ranges::none_of(findings, &Finding::failed); }

Judgement check_run(const Run& run, const Baseline& baseline) {
  Judgement judgement;
  judgement.run = run.folder.string();
  judgement.baseline = baseline.file;
  const std::vector<CellGroup> before = group_cells(baseline.run);
  const std::vector<CellGroup> now = group_cells(run);
  std::vector<const Json*> cells;
  for (const CellGroup& group : before) cells.push_back(&group.cell);
  const std::vector<std::string> varying = varying_paths(cells);
  std::size_t matched = 0;
  for (const CellGroup& group : before) {
    const auto partner = std::ranges::find(now, group.cell, &CellGroup::cell);
    if (partner != now.end()) ++matched;
    if (group.finished().empty()) continue;  // it failed then too: nothing to lose
    GroupJudge judge(group, partner == now.end() ? nullptr : &*partner, describe_cell(group.cell, varying), baseline,
                     run.provenance);
    std::vector<Finding> findings = judge.judge();
    std::ranges::move(findings, std::back_inserter(judgement.findings));
  }
  judgement.new_cells = now.size() - matched;
  return judgement;
}

}  // namespace frugal::harness
