// All that is compared of one cell: what it lacks, its metrics, its times, and how noisy they are.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <numeric>
#include <set>

#include "benchmarks/harness/judge/comparison.hpp"
#include "benchmarks/harness/judge/tolerances.hpp"
#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/study/seed_values.hpp"
#include "benchmarks/harness/study/stage_times.hpp"
#include "benchmarks/harness/study/statistics.hpp"
#include "impl/base/text.hpp"

namespace frugal::harness {
namespace {

using Direction = MetricDescriptor::Direction;

/// Two samples of one quantity.
struct Samples {
  std::vector<double> baseline;
  std::vector<double> current;
};

bool varies(const std::vector<double>& values) {
  return std::ranges::any_of(values, [&](double value) { return value != values.front(); });
}

/// Of counts that follow the training, relative.
constexpr double varying_count_tolerance = 0.02;

bool are_positive(const Samples& samples) {
  const auto is_positive = [](double value) { return value > 0; };
  return std::ranges::all_of(samples.baseline, is_positive) && std::ranges::all_of(samples.current, is_positive);
}

Samples logarithms_of(Samples samples) {
  for (std::vector<double>* values : {&samples.baseline, &samples.current})
    std::ranges::transform(*values, values->begin(), [](double value) { return std::log(value); });
  return samples;
}

/// Variance of equal noise on both sides.
Variance common_variance(const std::vector<double>& a, const std::vector<double>& b) {
  const auto squares = [](const std::vector<double>& values) {
    return std::pow(sample_deviation(values).value_or(0), 2) * static_cast<double>(values.size() - 1);
  };
  const double degrees = static_cast<double>(a.size() + b.size()) - 2;
  return degrees > 0 ? Variance{(squares(a) + squares(b)) / degrees, degrees} : Variance{};
}

/// The variance of the median of n normal values over that of one, or more than it: it tends to pi / 2 of the mean's, which
/// of two values the median is.
double share_of_median(double n) { return (n > 2 ? std::numbers::pi / 2 : 1) / n; }

/// The records that count, side by side where they are paired.
struct Sides {
  std::vector<const CellRecord*> baseline;
  std::vector<const CellRecord*> current;
};

/// What is compared of one cell, if it has it.
using SeedValue = std::function<std::optional<double>(const CellRecord&)>;

class CellCollector {
 public:
  CellCollector(const CellPair& pair, const CellRules& rules, Collected& collected)
      : baseline_(pair.baseline), current_(pair.current), rules_(rules), collected_(collected) {
    template_.suite = pair.suite;
    template_.cell = pair.label;
    template_.id = (current_ ? *current_ : baseline_).records.front()->id;
    if (current_) template_.seconds = seconds_of(current_->records);
  }

  void collect() {
    collect_status();
    if (!current_ || current_->finished().empty()) return;
    choose_records();
    std::set<std::string> names;
    std::set<std::string> stages{"total"};
    for (const CellRecord* record : sides_.baseline) {
      for (const auto& [name, value] : record->metrics) names.insert(name);
      for (const StageRecord& stage : record->stages) stages.insert(stage.name);
    }
    for (const std::string& name : names) collect_metric(name);
    for (const std::string& stage : stages) collect_time(stage);
  }

 private:
  /// All that was measured of them, all repeats.
  static double seconds_of(const std::vector<const CellRecord*>& records) {
    double seconds = 0;
    for (const CellRecord* record : records)
      for (const StageRecord& stage : record->stages)
        seconds = std::accumulate(stage.wall_s.begin(), stage.wall_s.end(), seconds);
    return seconds;
  }

  void settle(const std::string& id, const std::string& metric, const std::string& message,
              Verdict verdict = Verdict::missing) {
    Finding finding = template_;
    if (!id.empty()) finding.id = id;
    finding.metric = metric;
    finding.verdict = verdict;
    finding.message = message;
    collected_.settled.push_back(std::move(finding));
  }

  /// A cell or a seed that is not there, or did not end well, is a regression of its own.
  void collect_status() {
    if (!current_) {
      if (rules_.subset)
        ++collected_.left_out;
      else
        settle("", "status", "the baseline has this cell, the run has not (--subset allows it)");
      return;
    }
    std::size_t told = 0;  // there, or named as what did not end well
    for (const CellRecord* record : current_->records) {
      // What this machine cannot run was not lost, nor what ended badly in the baseline too.
      const CellRecord* before = baseline_.with_seed(record->cell.seed);
      const bool bad_before = before && before->status != Status::ok;
      if (record->ended_well() || !bad_before) ++told;
      if (record->ended_well() || bad_before) continue;
      settle(record->id, "status",
             fmt::format("seed {}: {}{}{}", record->cell.seed, to_string(record->status),
                         record->error.empty() ? "" : ": ", first_line(record->error)));
    }
    if (rules_.subset) return;
    const std::size_t wanted = baseline_.finished().size();
    if (told < wanted)
      settle("", "status",
             fmt::format("the baseline has {} seeds of this cell, the run {} (--subset allows it)", wanted, told));
  }

  /// Cell against cell where one side's seeds are all among the other's; else all against all.
  void choose_records() {
    sides_ = {baseline_.finished(), current_->finished()};
    Sides shared;
    for (const CellRecord* record : sides_.current) {
      const CellRecord* partner = baseline_.with_seed(record->cell.seed);
      if (!partner || partner->status != Status::ok) continue;
      shared.baseline.push_back(partner);
      shared.current.push_back(record);
    }
    paired_ =
        !shared.current.empty() && shared.current.size() == std::min(sides_.baseline.size(), sides_.current.size());
    if (paired_) sides_ = std::move(shared);
  }

  Tolerance tolerance_for(const std::string& name, Tolerance tolerance) const {
    for (const Tolerance& rule : rules_.tolerances) {
      if (rule.metric == name && matches(baseline_.cell, rule.where)) tolerance = rule;
    }
    return tolerance;
  }

  void collect_metric(const std::string& name) {
    const MetricDescriptor* descriptor = rules_.run.metric(name);
    if (!descriptor) descriptor = rules_.before.metric(name);
    Comparison comparison;
    if (descriptor) comparison.unit = descriptor->unit;
    if (descriptor) comparison.direction = descriptor->direction;
    comparison.exact = rules_.exact && paired_ && !is_of_the_machine(comparison.unit);
    const Tolerance tolerance = tolerance_for(
        name, default_tolerance(name, comparison.unit, comparison.direction, descriptor && descriptor->exact));
    add(name, "metric", tolerance, std::move(comparison),
        [&](const CellRecord& record) { return metric_value(record, name); });
  }

  /// Times are judged only where the baseline asks for it. A seed's time is the median over its repeats, since one
  /// disturbance must not decide; repeats of one seed are no draws of it, so noise is over seeds where there are any.
  void collect_time(const std::string& stage) {
    Comparison comparison;
    comparison.unit = "s";
    comparison.direction = Direction::lower_is_better;
    const std::string name = "time." + stage;
    const Tolerance tolerance =
        tolerance_for(name, default_tolerance(name, comparison.unit, comparison.direction, false));
    add(
        name, "stage", tolerance, std::move(comparison),
        [&](const CellRecord& record) { return stage_seconds(record, stage); }, stage);
  }

  /// Without what was measured beside other work; of a pair both go.
  Sides quiet_sides() const {
    const auto is_quiet = [](const CellRecord* record) { return record->is_quiet(); };
    Sides quiet;
    for (std::size_t i = 0; i < sides_.baseline.size(); ++i)
      if (is_quiet(sides_.baseline[i]) && (!paired_ || is_quiet(sides_.current[i])))
        quiet.baseline.push_back(sides_.baseline[i]);
    for (std::size_t i = 0; i < sides_.current.size(); ++i)
      if (is_quiet(sides_.current[i]) && (!paired_ || is_quiet(sides_.baseline[i])))
        quiet.current.push_back(sides_.current[i]);
    return quiet;
  }

  /// One value a seed; nothing when the run lacks one that the baseline has.
  std::optional<Samples> values(const Sides& sides, const SeedValue& value_of) const {
    Samples samples;
    for (std::size_t i = 0; i < sides.baseline.size(); ++i) {
      const std::optional<double> before = value_of(*sides.baseline[i]);
      if (!before) continue;
      samples.baseline.push_back(*before);
      if (!paired_) continue;
      const std::optional<double> now = value_of(*sides.current[i]);
      if (!now) return std::nullopt;
      samples.current.push_back(*now);
    }
    if (paired_ || samples.baseline.empty()) return samples;
    for (const CellRecord* record : sides.current) {
      const std::optional<double> now = value_of(*record);
      if (!now) return std::nullopt;
      samples.current.push_back(*now);
    }
    return samples;
  }

  void add(const std::string& name, const char* what, const Tolerance& tolerance, Comparison comparison,
           const SeedValue& value_of, const std::string& stage = "") {
    if (tolerance.ignore) return;
    const bool is_time = is_of_the_clock(comparison.unit);
    const Sides sides = is_time ? quiet_sides() : sides_;
    const std::size_t disturbed =
        sides_.baseline.size() - sides.baseline.size() + sides_.current.size() - sides.current.size();
    const std::optional<Samples> samples = values(sides, value_of);
    if (!samples) {
      settle("", name, fmt::format("the baseline has this {}, the run has it no more", what));
      return;
    }
    if (disturbed > 0 && (sides.baseline.empty() || sides.current.empty())) {
      settle(
          "", name,
          "every time of it was taken beside other work (~ in reports), so nothing can be told: run it again in quiet, or "
          "compare the programs with --paired",
          Verdict::ambiguous);
      return;
    }
    if (samples->current.empty()) return;
    const double baseline = mean(samples->baseline);
    comparison.finding = template_;
    comparison.finding.metric = name;
    comparison.finding.unit = comparison.unit;
    comparison.finding.direction = comparison.direction;
    comparison.finding.baseline = baseline;
    comparison.finding.current = mean(samples->current);
    comparison.finding.baseline_n = static_cast<int>(samples->baseline.size());
    comparison.finding.current_n = static_cast<int>(samples->current.size());
    comparison.finding.tolerance =
        std::min(std::max(tolerance.absolute, tolerance.relative * std::abs(baseline)), tolerance.most);
    // A count that differs between seeds follows the training too: steps until it stopped, for example. Where bits may
    // differ, so may those.
    if (comparison.direction == Direction::informative && !rules_.exact &&
        (varies(samples->baseline) || varies(samples->current)))
      comparison.finding.tolerance =
          std::max(comparison.finding.tolerance, varying_count_tolerance * std::abs(baseline));
    comparison.collapsed = comparison.direction == Direction::higher_is_better && baseline > 0 &&
                           std::ranges::all_of(samples->current, [](double value) { return value == 0; });
    comparison.disturbed = static_cast<int>(disturbed);
    comparison.equal = paired_ && !is_time && samples->current == samples->baseline;
    NoiseSource source = noise_source(*samples, sides, value_of, is_time, stage);
    comparison.family = template_.suite + "/" + name + "/" + source.kind;
    if (is_time && are_positive(*samples) && are_positive(source.spread) && are_positive(source.means)) {
      // Noise of times is a share of them: of their logarithms it is the same whatever the ratio.
      const Samples logarithms = logarithms_of(*samples);
      source = {source.kind, logarithms_of(source.spread), logarithms_of(source.means)};
      comparison.log_ratio = mean(logarithms.current) - mean(logarithms.baseline);
    } else if (is_of_the_machine(comparison.unit) && baseline != 0) {
      comparison.scale = std::abs(baseline);
    }
    comparison.noise = noise_of(source);
    comparison.noise.one.value /= comparison.scale * comparison.scale;
    collected_.comparisons.push_back(std::move(comparison));
  }

  /// Where the noise of a difference is seen.
  struct NoiseSource {
    const char* kind;  ///< pairs: the two sides' values belong to each other; seeds; repeats
    Samples spread;    ///< what spreads, on either side
    Samples means;     ///< what the difference is of
  };

  NoiseSource noise_source(const Samples& samples, const Sides& sides, const SeedValue& value_of, bool is_time,
                           const std::string& stage) const {
    if (paired_ && samples.current.size() >= 2) return {"pairs", samples, samples};
    Samples spread = samples;
    if (paired_)  // one pair: its seed is held against the spread of all
      spread = {values_of_all(baseline_, value_of, is_time), values_of_all(*current_, value_of, is_time)};
    if (spread.baseline.size() + spread.current.size() > 2 || stage.empty()) return {"seeds", spread, samples};
    const Samples repeats{stage_samples(*sides.baseline.front(), stage), stage_samples(*sides.current.front(), stage)};
    return {"repeats", repeats, repeats};  // one seed each: repeats are all there is
  }

  static std::vector<double> values_of_all(const CellGroup& group, const SeedValue& value_of, bool is_time) {
    std::vector<double> values;
    for (const CellRecord* record : group.finished())
      if (const std::optional<double> value = value_of(*record); value && (!is_time || record->is_quiet()))
        values.push_back(*value);
    return values;
  }

  static DifferenceNoise noise_of(const NoiseSource& source) {
    const auto n_baseline = static_cast<double>(source.means.baseline.size());
    const auto n_current = static_cast<double>(source.means.current.size());
    if (source.kind != std::string_view("pairs")) {
      const bool of_medians = source.kind == std::string_view("repeats");  // these spread more than a mean
      const double share =
          of_medians ? share_of_median(n_baseline) + share_of_median(n_current) : 1 / n_baseline + 1 / n_current;
      return {common_variance(source.spread.baseline, source.spread.current), share, 2};
    }
    std::vector<double> differences(source.means.current);
    for (std::size_t i = 0; i < differences.size(); ++i) differences[i] -= source.means.baseline[i];
    return {{std::pow(*sample_deviation(differences), 2), n_current - 1}, 1 / n_current, 1};
  }

  const CellGroup& baseline_;
  const CellGroup* current_;
  const CellRules& rules_;
  Collected& collected_;
  Finding template_;
  Sides sides_;
  bool paired_ = false;
};

}  // namespace

void collect_cell(const CellPair& pair, const CellRules& rules, Collected& collected) {
  CellCollector(pair, rules, collected).collect();
}

}  // namespace frugal::harness
