// Did this run lose accuracy or speed against a committed one? Owns direction, tolerance and verdict; runs nothing.
//
// A baseline is a run folder, its cells.jsonl, or a YAML file that names one and says how much may change:
//
//   schema: 1
//   run: smoke-2core                    # a run folder or cells.jsonl, relative to this file
//   tolerances:                         # for each metric the last entry that matches holds
//     - {metric: "hr@10[neg=99]", absolute: 0.01}
//     - {metric: "psnr[enrp]", absolute: 4, where: {params.inr.grid: 32}}
//     - {metric: time.train, relative: 0.15}      # time.<stage>, time.total
//     - {metric: mssim, ignore: true}
//
// What holds without an entry: ratios (no unit) 0.01, of those below 0.2 a twentieth, but 0.0005 at least; decibels 0.5 dB;
// any other metric with a direction 2% relative; what its workload calls exact (parameters, FLOPs) must be equal. Times,
// rates, bytes of memory (the baseline may come from another machine) and other informative metrics are judged only where
// an entry asks for it.
//
// Cells are the same when all but their seeds agree. How a difference is judged (docs/checks.md tells it at length):
//
//   exact      Same seeds, plans that are bitwise on both sides, and nothing between the runs that may change a bit but
//              the code itself (instruction set, compiler, flags, libraries, device): there is no noise, so the
//              tolerance alone decides. Times are never exact.
//   noisy      A paired t-test where one side's seeds are all among the other's, else Student's for two samples of equal
//              noise. The variance of a cell is steadied by that of the plan's other cells (study/pooled_variance.hpp).
//              Worse (or better): beyond the tolerance, and significant; chance makes any finding of a check significant
//              with a probability of 1% (Holm), more where cells are few or unequally noisy. Same: the 90% interval of the
//              difference lies within the tolerance (two one-sided tests at 5%; Schuirmann 1987), or every seed gave the
//              same bits. No worse: only its bad end does. Everything else is ambiguous, and fails: more seeds are needed.
//   disturbed  A time that was measured beside other work (CellRecord::is_quiet) does not count. Where too few are left
//              to say anything, the finding is ambiguous.
//   no spread  One seed on both sides, in all cells: the tolerance alone decides, and the message says so.
#pragma once
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/harness/record/record.hpp"
#include "impl/base/names.hpp"

namespace frugal::harness {

/// How much a metric may change: the larger of `absolute` and `relative` x |baseline|, `most` at most. `metric` may be
/// "time.<stage>".
struct Tolerance {
  std::string metric;
  double absolute = 0;
  double relative = 0;
  double most = std::numeric_limits<double>::infinity();
  bool ignore = false;
  std::vector<std::pair<std::string, Json>> where{};  ///< dotted path -> value; all must match
};

struct Baseline {
  std::string file;  ///< as the user named it
  Run run;
  std::vector<Tolerance> tolerances{};
};

enum class Verdict {
  better,     ///< beyond the tolerance to the good, and statistically significant
  same,       ///< within the tolerance
  no_worse,   ///< not beyond the tolerance to the bad, whatever it is to the good
  ambiguous,  ///< the seeds are too few to tell
  worse,      ///< beyond the tolerance to the bad, and statistically significant
  changed,    ///< an informative metric that is not what it was
  missing     ///< the baseline has it, this run has not: a cell, a seed, or a metric of it
};
std::string to_string(Verdict verdict);

/// One metric of one cell (all its seeds) against the baseline.
struct Finding {
  std::string id;      ///< of one cell to look at or run again
  std::string suite;   ///< "cadc.cpu": workload and back end
  std::string cell;    ///< "ml-1m keep_fraction=0.1 embedding_init=mf": what tells it from the others
  std::string metric;  ///< name, "time.train", or "status" for a cell that is missing or did not end well
  std::string unit{};  ///< of the metric
  MetricDescriptor::Direction direction = MetricDescriptor::Direction::informative;
  std::optional<double> baseline{};
  std::optional<double> current{};
  int baseline_n = 0;                  ///< seeds behind `baseline`
  int current_n = 0;                   ///< the same behind `current`
  double tolerance = 0;                ///< absolute, in the metric's unit
  std::optional<double> half_width{};  ///< of the 90% interval of current - baseline; none: no noise, or none is known
  double seconds = 0;                  ///< that the run took for the cell, all seeds and repeats
  Verdict verdict = Verdict::same;
  std::string message;  ///< one line for people

  /// All but better, same and no worse.
  bool failed() const;
};

/// The question that `compare` answers first.
enum class SpeedVerdict { faster, slower, same, ambiguous, not_comparable };
inline constexpr Named<SpeedVerdict> speed_names[] = {{SpeedVerdict::faster, "faster"},
                                                      {SpeedVerdict::slower, "slower"},
                                                      {SpeedVerdict::same, "same"},
                                                      {SpeedVerdict::ambiguous, "ambiguous"},
                                                      {SpeedVerdict::not_comparable, "not comparable"}};

/// The total time of a run over that of its baseline: geometric mean over the cells.
struct Speed {
  SpeedVerdict verdict = SpeedVerdict::not_comparable;
  double ratio = 1;                                     ///< 1.3: takes 1.3 times as long
  std::optional<std::pair<double, double>> interval{};  ///< 90%; none where no noise is known
  double tolerance = 0;                                 ///< 0.05: within 5% is the same
  std::size_t cells = 0;                                ///< behind the ratio
  std::string why{};                                    ///< of not_comparable: a sentence without its full stop
};

/// What a reader asks first of two runs: machine, instruction set, threads, build.
struct SetupFact {
  std::string name;
  std::string baseline;
  std::string current;
  bool always = false;  ///< told also where both agree
};

struct Judgement {
  std::string run;                   ///< folder that was judged
  std::string baseline;              ///< file it was judged against
  std::string how{};                 ///< one line for people: how differences were judged
  std::string why_not_exact{};       ///< what may have changed a bit beside the code; empty: nothing
  std::vector<std::string> notes{};  ///< for people: what else a reader must know to trust the verdicts
  std::vector<Finding> findings{};
  std::size_t new_cells = 0;       ///< cells that the baseline does not know; not judged
  std::size_t left_out = 0;        ///< cells of the baseline that a subset has not run; with all their seeds
  std::optional<Speed> speed{};    ///< none where no times were judged
  std::vector<SetupFact> setup{};  ///< of paired programs: none
  std::string started{};           ///< of the run: Provenance::started
  std::string host{};              ///< of the run: hash of the machine's name
  std::string plan{};  ///< of the run: file of its plan, and the settings it was given, as a shell takes them

  std::size_t count(Verdict verdict) const;
  /// Nothing failed, and something was compared: a check that compared nothing proves nothing.
  bool passed() const;
};

/// Throws UserError (with the place in the YAML) when the file cannot be read or has no cell that ended well.
Baseline load_baseline(const std::filesystem::path& path);

/// Could this run be the baseline of such a file? Throws UserError where one of its tolerances is about nothing of the run.
void require_tolerances_fit(const std::filesystem::path& path, const Run& run);

struct CheckRules {
  bool subset = false;           ///< the run may lack cells and seeds of the baseline
  bool across_machines = false;  ///< times of another machine may be judged
};

/// Throws UserError when the two read different data, or when times are to be judged that another machine took.
Judgement check_run(const Run& run, const Baseline& baseline, const CheckRules& rules = {});

/// Times within this share of the base's are the same to `compare`, unless it is told otherwise.
inline constexpr double compared_time_tolerance = 0.05;

/// How `run` does against `base`, by the same rule as a check: metrics by their tolerances, total times, stages of at
/// least a twentieth of their cell's time, rates and memory by `time_tolerance`. Cells are joined on workload, data set,
/// parameters and seed; on the back end too when the runs have one in common (otherwise each back end of the base meets
/// each of the run). Where nothing can be joined, or the two read different data, the speed is not comparable and says
/// why.
Judgement compare_runs(const Run& base, const Run& run, double time_tolerance = compared_time_tolerance);

/// Machine, instruction set, threads, build and what else may explain a difference, always the same facts in the same
/// order.
std::vector<SetupFact> setup_of(const Run& base, const Run& run);

/// Fills in what a judgement says of both: setup, start, host, plan.
void describe_runs(const Run& base, const Run& run, Judgement& judgement);

/// How the outcome of a check or a comparison is written (judge/formats/).
enum class VerdictFormat { text, markdown, json, junit, github };
inline constexpr Named<VerdictFormat> verdict_format_names[] = {{VerdictFormat::text, "txt"},
                                                                {VerdictFormat::markdown, "md"},
                                                                {VerdictFormat::json, "json"},
                                                                {VerdictFormat::junit, "junit"},
                                                                {VerdictFormat::github, "github"}};

}  // namespace frugal::harness
