#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "benchmarks/harness/judge/comparison.hpp"
#include "benchmarks/harness/plan/cell_paths.hpp"
#include "benchmarks/harness/study/cell_groups.hpp"
#include "benchmarks/harness/study/origin_text.hpp"
#include "benchmarks/harness/study/same_data.hpp"
#include "benchmarks/harness/study/seed_values.hpp"
#include "benchmarks/harness/study/stage_times.hpp"
#include "benchmarks/harness/study/statistics.hpp"

namespace frugal::harness {
namespace {

using Direction = MetricDescriptor::Direction;

/// Times, rates and memory depend on the machine, which need not be the baseline's.
bool is_of_the_machine(const std::string& unit) {
  return unit == "s" || unit == "ms" || unit == "us" || unit == "B" || unit.ends_with("/s");
}

/// Those that another process can spoil: memory is not.
bool is_of_the_clock(const std::string& unit) { return is_of_the_machine(unit) && unit != "B"; }

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

/// The value at a path of run.json, null when it is not there.
Json fact(const Json& facts, std::string_view path) {
  const Json* found = cell_value(facts, path);
  return found ? *found : Json();
}

/// Facts that decide which bits come out of the same code, beside the seed: name -> value.
std::vector<std::pair<std::string, Json>> facts_of_bits(const Provenance& provenance, const std::string& backend) {
  std::vector<std::pair<std::string, Json>> facts;
  for (const char* key : {"compiler", "type", "flags", "libraries"})
    facts.emplace_back(key, fact(provenance.build, key));
  facts.emplace_back("instruction set", fact(provenance.machine, "isa"));
  facts.emplace_back("device", fact(provenance.machine, "backends." + backend + ".device"));
  return facts;
}

/// What may have changed a bit beside the code; empty: nothing.
std::string why_not_exact(const Run& run, const Run& baseline) {
  for (const Run* side : {&baseline, &run}) {
    if (!side->provenance.machines.empty())
      return fmt::format("{} is of {} machines", side->folder.string(), side->provenance.machines.size());
    if (side->provenance.determinism.empty()) return side->folder.string() + " does not say how deterministic it is";
    for (const auto& [plan, level] : side->provenance.determinism)
      if (!level.starts_with("bitwise"))
        return fmt::format("plan '{}' of {} is {}, not bitwise", plan, side->folder.string(), level);
  }
  std::set<std::string> backends;
  for (const CellRecord& record : run.cells) backends.insert(record.cell.backend);
  for (const std::string& backend : backends) {
    const auto before = facts_of_bits(baseline.provenance, backend);
    const auto now = facts_of_bits(run.provenance, backend);
    for (std::size_t i = 0; i < before.size(); ++i)
      if (before[i].second != now[i].second)
        return fmt::format("another {}: {} then, {} now", before[i].first, value_text(before[i].second),
                           value_text(now[i].second));
  }
  return "";
}

/// "RUN is of 2 machines: Zen 3, 2 cores; Zen 4, 2 cores"; empty of an unmixed run.
std::string mixed_text(const Run& run) {
  if (run.provenance.machines.empty()) return "";
  std::string text;
  for (const auto& [id, machine] : run.provenance.machines) {
    Provenance one = run.provenance;
    one.machine = machine;
    text += (text.empty() ? "" : "; ") + machine_text(one);
  }
  return fmt::format("{} is of {} machines (--mix), and each cell's times are of the one it ran on: {}",
                     run.folder.string(), run.provenance.machines.size(), text);
}

/// What a reader must know of both sides.
std::vector<std::string> notes_of(const Run& run, const Run& baseline) {
  std::vector<std::string> notes;
  for (const Run* side : {&baseline, &run})
    if (std::string text = mixed_text(*side); !text.empty()) notes.push_back(std::move(text));
  if (const std::size_t unknown = cells_of_unknown_data(baseline, run); unknown > 0)
    notes.push_back(
        fmt::format("the baseline does not say which data {} of its cells read (records of an older program): "
                    "that this run read the same is not known",
                    unknown));
  return notes;
}

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

/// Variance of equal noise on both sides.
Variance common_variance(const std::vector<double>& a, const std::vector<double>& b) {
  const auto squares = [](const std::vector<double>& values) {
    return std::pow(sample_deviation(values).value_or(0), 2) * static_cast<double>(values.size() - 1);
  };
  const double degrees = static_cast<double>(a.size() + b.size()) - 2;
  return degrees > 0 ? Variance{(squares(a) + squares(b)) / degrees, degrees} : Variance{};
}

/// The records that count, side by side where they are paired.
struct Sides {
  std::vector<const CellRecord*> baseline;
  std::vector<const CellRecord*> current;
};

/// What is compared of one cell, if it has it.
using SeedValue = std::function<std::optional<double>(const CellRecord&)>;

/// All comparisons of one group of cells.
class GroupCollector {
 public:
  GroupCollector(const CellGroup& baseline, const CellGroup* current, const std::string& description,
                 const Baseline& rules, const Provenance& provenance, bool exact, bool subset, Collected& collected)
      : baseline_(baseline),
        current_(current),
        rules_(rules),
        provenance_(provenance),
        exact_(exact),
        subset_(subset),
        collected_(collected) {
    template_.suite = baseline.records.front()->cell.workload + "." + baseline.records.front()->cell.backend;
    template_.cell = description;
    template_.id = (current ? current : &baseline)->records.front()->id;
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
      if (subset_)
        ++collected_.left_out;
      else
        settle("", "status", "the baseline has this cell, the run has not (--subset allows it)");
      return;
    }
    for (const CellRecord* record : current_->records) {
      // What this machine cannot run was not lost, nor what ended badly in the baseline too.
      if (record->status == Status::ok || record->status == Status::skipped) continue;
      const CellRecord* before = baseline_.with_seed(record->cell.seed);
      if (before && before->status != Status::ok) continue;
      settle(record->id, "status",
             fmt::format("seed {}: {}{}{}", record->cell.seed, to_string(record->status),
                         record->error.empty() ? "" : ": ", record->error.substr(0, record->error.find('\n'))));
    }
    if (subset_) return;
    const std::size_t wanted = baseline_.finished().size();
    if (current_->records.size() < wanted)
      settle("", "status",
             fmt::format("the baseline has {} seeds of this cell, the run {} (--subset allows it)", wanted,
                         current_->records.size()));
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
    const MetricDescriptor* descriptor = provenance_.metric(name);
    if (!descriptor) descriptor = rules_.run.provenance.metric(name);
    Comparison comparison;
    if (descriptor) comparison.unit = descriptor->unit;
    if (descriptor) comparison.direction = descriptor->direction;
    comparison.exact = exact_ && paired_ && !is_of_the_machine(comparison.unit);
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
    comparison.finding.baseline = baseline;
    comparison.finding.current = mean(samples->current);
    comparison.finding.baseline_n = static_cast<int>(samples->baseline.size());
    comparison.finding.current_n = static_cast<int>(samples->current.size());
    comparison.finding.tolerance = std::max(tolerance.absolute, tolerance.relative * std::abs(baseline));
    // A count that differs between seeds follows the training too: steps until it stopped, for example. Where bits may
    // differ, so may those.
    if (comparison.direction == Direction::informative && !exact_ &&
        (varies(samples->baseline) || varies(samples->current)))
      comparison.finding.tolerance =
          std::max(comparison.finding.tolerance, varying_count_tolerance * std::abs(baseline));
    comparison.collapsed = comparison.direction == Direction::higher_is_better && baseline > 0 &&
                           std::ranges::all_of(samples->current, [](double value) { return value == 0; });
    if (is_of_the_machine(comparison.unit) && baseline != 0) comparison.scale = std::abs(baseline);
    comparison.disturbed = static_cast<int>(disturbed);
    find_noise(comparison, *samples, sides, value_of, stage);
    collected_.comparisons.push_back(std::move(comparison));
  }

  void find_noise(Comparison& comparison, const Samples& samples, const Sides& sides, const SeedValue& value_of,
                  const std::string& stage) const {
    const auto n_baseline = static_cast<double>(samples.baseline.size());
    const auto n_current = static_cast<double>(samples.current.size());
    const char* kind = "seeds";
    if (paired_ && n_current >= 2) {
      kind = "pairs";
      std::vector<double> differences(samples.current.size());
      for (std::size_t i = 0; i < differences.size(); ++i) differences[i] = samples.current[i] - samples.baseline[i];
      comparison.noise = {std::pow(*sample_deviation(differences), 2), n_current - 1};
      comparison.share = 1 / n_current;
      comparison.share_of_one = 1;
    } else {
      comparison.share = 1 / n_baseline + 1 / n_current;
      comparison.share_of_one = 2;
      if (paired_) {  // one pair: its seed is held against the spread of the baseline's
        std::vector<double> all;
        for (const CellRecord* record : baseline_.finished())
          if (const std::optional<double> value = value_of(*record)) all.push_back(*value);
        comparison.noise = common_variance(all, samples.current);
      } else {
        comparison.noise = common_variance(samples.baseline, samples.current);
      }
      if (comparison.noise.degrees == 0 && !stage.empty()) {  // one seed each: repeats are all there is
        kind = "repeats";
        const Samples repeats{stage_samples(*sides.baseline.front(), stage),
                              stage_samples(*sides.current.front(), stage)};
        comparison.noise = common_variance(repeats.baseline, repeats.current);
        comparison.share =
            1 / static_cast<double>(repeats.baseline.size()) + 1 / static_cast<double>(repeats.current.size());
      }
    }
    comparison.noise.value /= comparison.scale * comparison.scale;
    comparison.family = template_.suite + "/" + comparison.finding.metric + "/" + kind;
  }

  const CellGroup& baseline_;
  const CellGroup* current_;
  const Baseline& rules_;
  const Provenance& provenance_;
  bool exact_;
  bool subset_;
  Collected& collected_;
  Finding template_;
  Sides sides_;
  bool paired_ = false;
};

}  // namespace

Collected collect(const Run& run, const Baseline& baseline, bool subset) {
  Collected collected;
  require_same_data(baseline.run, "the baseline", run, "this run");
  collected.why_not_exact = why_not_exact(run, baseline.run);
  collected.notes = notes_of(run, baseline.run);
  const std::vector<CellGroup> before = group_cells(baseline.run);
  const std::vector<CellGroup> now = group_cells(run);
  std::vector<const Json*> cells;
  for (const CellGroup& group : before) cells.push_back(&group.cell);
  const CellLabels labels(cells);
  std::size_t matched = 0;
  for (const CellGroup& group : before) {
    const auto partner = std::ranges::find(now, group.cell, &CellGroup::cell);
    if (partner != now.end()) ++matched;
    if (group.finished().empty()) continue;  // it failed then too: nothing to lose
    GroupCollector(group, partner == now.end() ? nullptr : &*partner, labels.of(group.cell), baseline, run.provenance,
                   collected.why_not_exact.empty(), subset, collected)
        .collect();
  }
  collected.new_cells = now.size() - matched;
  return collected;
}

}  // namespace frugal::harness
