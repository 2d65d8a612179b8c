#include "benchmarks/harness/judge/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "benchmarks/harness/judge/comparison.hpp"
#include "benchmarks/harness/record/provenance.hpp"
#include "benchmarks/harness/record/same_conditions.hpp"
#include "benchmarks/harness/study/common_cells.hpp"
#include "benchmarks/harness/study/origin_text.hpp"
#include "benchmarks/harness/study/stage_times.hpp"
#include "benchmarks/harness/study/statistics.hpp"

namespace frugal::harness {
namespace {

/// Does this baseline ask for times, rates or what else a clock measures?
bool asks_for_times(const Baseline& baseline) {
  return std::ranges::any_of(baseline.tolerances, [&](const Tolerance& tolerance) {
    if (tolerance.ignore) return false;
    if (tolerance.metric.starts_with("time.")) return true;
    const MetricDescriptor* metric = baseline.run.provenance.metric(tolerance.metric);
    return metric && is_of_the_clock(metric->unit);
  });
}

/// A time says as much of its machine, and of its threads, as of the program.
void require_same_machine(const Run& run, const Baseline& baseline) {
  const Provenance& before = baseline.run.provenance;
  const Provenance& now = run.provenance;
  const bool same = of_one_machine(before, now);
  if (const auto kernels = kernels_difference(before.machine, now.machine); same && kernels)
    throw UserError(
        Place{baseline.file},
        fmt::format("this baseline's times are of other kernels: {} is {} in them and {} in the run, so they say "
                    "nothing of the code. Run both with the same, or compare all the same with --across-machines",
                    kernels->what, kernels->then, kernels->now));
  if (same) return;
  throw UserError(
      Place{baseline.file},
      fmt::format(
          "this baseline's times are of another machine, or another number of threads or ranks ({}; host {}) than the "
          "run's ({}; host {}), so they say nothing of the code. Measure a baseline here (frugal baseline "
          "update), time both programs in turns (frugal check --paired), or compare all the same with "
          "--across-machines",
          machine_text(before), before.machine.value("hostname_hash", "unknown").substr(0, 7), machine_text(now),
          now.machine.value("hostname_hash", "unknown").substr(0, 7)));
}

/// One line for people.
std::string how_judged(const Collected& collected) {
  if (!collected.why_not_exact.empty()) {
    const bool seeds = std::ranges::any_of(collected.comparisons, [](const Comparison& one) {
      return one.finding.baseline_n > 1 || one.finding.current_n > 1;
    });
    return fmt::format("differences may be noise ({}): {}", collected.why_not_exact,
                       seeds ? "they are tested over seeds"
                             : "one seed on each side tells nothing of it, so the tolerances alone decide");
  }
  std::size_t exact = 0, tested = 0;
  for (const Comparison& one : collected.comparisons)
    if (!is_of_the_machine(one.unit)) ++(one.exact ? exact : tested);
  if (tested == 0) return "the same seeds must give the same bits: the tolerances alone decide";
  if (exact == 0) return "not the same seeds on both sides: differences are tested over seeds";
  return "where both sides have the same seeds, these must give the same bits, and the tolerances alone decide; other "
         "cells are tested over seeds";
}

/// What takes part in no time of the judgement, silently in its figures.
void note_disturbed(Collected& collected) {
  int times = 0;
  for (const Comparison& one : collected.comparisons)
    if (one.finding.metric == "time.total") times += one.disturbed;
  if (times == 0) return;
  collected.notes.push_back(
      fmt::format("{} total times do not count: taken beside other work (~ in reports), or partners of such", times));
}

Judgement judge(Collected collected, const Run& run, const Run& base, const std::string& base_name) {
  note_disturbed(collected);
  const bool is_apart =
      collected.new_cells > 0 && collected.comparisons.empty() &&
      std::ranges::all_of(collected.settled, [](const Finding& one) { return one.verdict == Verdict::missing; });
  Judgement judgement{.run = run.folder.string(),
                      .baseline = base_name,
                      .how = how_judged(collected),
                      .why_not_exact = collected.why_not_exact,
                      .notes = std::move(collected.notes),
                      .findings = std::move(collected.settled),
                      .new_cells = collected.new_cells,
                      .left_out = collected.left_out,
                      .speed = speed_of(collected.comparisons)};
  if (judgement.speed && judgement.why_not_exact.empty()) judgement.how += "; times are tested over seeds";
  if (is_apart) {
    const std::string apart = settings_apart(base.cells, "the baseline", run.cells, "the run");
    judgement.how = apart.empty() ? "no cell is in both" : "no cell is in both: " + apart;
  }
  std::ranges::move(decide(collected.comparisons), std::back_inserter(judgement.findings));
  describe_runs(base, run, judgement);
  return judgement;
}

/// Metrics as a check judges them; all that a clock measured, and memory, by one share.
std::vector<Tolerance> compared_tolerances(const Run& base, const Run& run, double share) {
  std::vector<Tolerance> tolerances{{.metric = "time.total", .relative = share}};
  for (const Run* side : {&base, &run}) {
    for (const CellRecord& record : side->cells)
      for (const StageRecord& stage : record.stages)
        if (std::ranges::find(tolerances, "time." + stage.name, &Tolerance::metric) == tolerances.end())
          tolerances.push_back({.metric = "time." + stage.name, .relative = share});
    for (const MetricDescriptor& metric : side->provenance.metrics)
      if (is_of_the_machine(metric.unit) && metric.direction != MetricDescriptor::Direction::informative)
        tolerances.push_back({.metric = metric.name, .relative = share});
  }
  return tolerances;
}

/// No cell has quiet times on both sides. What the others say is told, but it is no verdict.
std::string why_no_speed(const JoinedRuns& joined) {
  std::vector<double> ratios;
  for (const JoinedCell& cell : joined.cells)
    for (const CellRecord* before : cell.a.finished()) {
      const CellRecord* now = cell.b.with_seed(before->cell.seed);
      const auto a = stage_seconds(*before, "total");
      const auto b = now && now->status == Status::ok ? stage_seconds(*now, "total") : std::nullopt;
      if (a && b && *a > 0 && *b > 0) ratios.push_back(*b / *a);
    }
  if (ratios.empty()) return "no cell has times on both sides";
  return fmt::format(
      "all times on one side were taken beside other work, so that nothing can be told (they give {:.2f} times as long); "
      "run again in quiet, or time both programs in turns (frugal check --paired)",
      geometric_mean(ratios));
}

/// What takes less of its cell's time is not worth a line of its own: the total has it.
constexpr double least_share_of_stage = 0.05;

void drop_small_stages(Collected& collected) {
  std::vector<Comparison>& comparisons = collected.comparisons;
  using CellName = std::pair<std::string, std::string>;  // suite, cell
  const auto name_of = [](const Finding& finding) { return CellName(finding.suite, finding.cell); };
  std::map<CellName, double> totals;
  for (const Comparison& one : comparisons)
    if (one.finding.metric == "time.total")
      totals.try_emplace(name_of(one.finding), std::min(*one.finding.baseline, *one.finding.current));
  const auto total_of = [&](const Finding& finding) {
    const auto known = totals.find(name_of(finding));
    return known == totals.end() ? 0.0 : known->second;
  };
  std::vector<Comparison> kept;
  for (const Comparison& one : comparisons) {
    const Finding& finding = one.finding;
    if (!finding.metric.starts_with("time.") || finding.metric == "time.total" ||
        std::max(*finding.baseline, *finding.current) >= least_share_of_stage * total_of(finding))
      kept.push_back(one);
  }
  comparisons = std::move(kept);
  // Of what nobody could measure in quiet the total says enough.
  std::erase_if(collected.settled, [](const Finding& finding) {
    return finding.verdict == Verdict::ambiguous && finding.metric.starts_with("time.") &&
           finding.metric != "time.total";
  });
}

}  // namespace

bool Finding::failed() const {
  return verdict != Verdict::better && verdict != Verdict::same && verdict != Verdict::no_worse;
}

std::size_t Judgement::count(Verdict verdict) const {
  return static_cast<std::size_t>(std::ranges::count(findings, verdict, &Finding::verdict));
}

bool Judgement::passed() const { return !findings.empty() && std::ranges::none_of(findings, &Finding::failed); }

Judgement check_run(const Run& run, const Baseline& baseline, const CheckRules& rules) {
  if (asks_for_times(baseline) && !rules.across_machines) require_same_machine(run, baseline);
  return judge(collect(run, baseline, rules.subset), run, baseline.run, baseline.file);
}

Judgement compare_runs(const Run& base, const Run& run, double time_tolerance) {
  const std::string base_name = base.folder.string();
  try {
    const JoinedRuns joined = join_runs(base, run);
    Collected collected = collect(joined, run, base, compared_tolerances(base, run, time_tolerance));
    drop_small_stages(collected);
    if (joined.of_unknown_data > 0)
      collected.notes.push_back(
          fmt::format("of {} cells one side does not say which data it read (records of an older program): that both "
                      "read the same is not known",
                      joined.of_unknown_data));
    collected.new_cells = joined.only_b;
    collected.left_out = joined.only_a;
    Judgement judgement = judge(std::move(collected), run, base, base_name);
    if (!judgement.speed) judgement.speed = {.why = why_no_speed(joined)};
    return judgement;
  } catch (const UserError& error) {
    Judgement judgement{.run = run.folder.string(), .baseline = base_name};
    judgement.speed = {.why = error.what()};
    describe_runs(base, run, judgement);
    return judgement;
  }
}

}  // namespace frugal::harness
