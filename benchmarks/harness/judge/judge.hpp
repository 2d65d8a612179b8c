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
//     - {metric: ssim, ignore: true}
//
// What holds without an entry: ratios (no unit) 0.01 absolute; decibels 0.5 dB; any other metric with a direction 2%
// relative; what its workload calls exact (parameters, FLOPs) must be equal. Times, rates, bytes of memory (the baseline
// may come from another machine) and other informative metrics are judged only where an entry asks for it.
//
// Cells are the same when all but their seeds agree. When one side's seeds are all among the other's, cell is compared
// with cell (same id) and their differences are averaged; otherwise the means of the two distributions over seeds are
// compared. A difference beyond the tolerance but within the noise (Student's t at 99.73% x standard error, so that few
// seeds must show much) is `ambiguous`: it is told, and passes.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// How much a metric may change: the larger of `absolute` and `relative` x |baseline|. `metric` may be "time.<stage>".
struct Tolerance {
  std::string metric;
  double absolute = 0;
  double relative = 0;
  bool ignore = false;
  std::vector<std::pair<std::string, Json>> where{};  ///< dotted path -> value; all must match
};

struct Baseline {
  std::string file;  ///< as the user named it
  Run run;
  std::vector<Tolerance> tolerances{};
};

enum class Verdict {
  better,     ///< beyond the tolerance, to the good
  same,       ///< within the tolerance
  ambiguous,  ///< beyond the tolerance, yet within the noise over the seeds
  worse,      ///< beyond the tolerance, to the bad
  changed,    ///< an informative metric that is not what it was
  missing     ///< the baseline has it, this run has not: a cell, or a metric of it
};
std::string to_string(Verdict verdict);

/// One metric of one cell (all its seeds) against the baseline.
struct Finding {
  std::string id;      ///< of one cell to look at or run again
  std::string suite;   ///< "cadc.cpu": workload and back end
  std::string cell;    ///< "ml-1m keep_fraction=0.1 embedding_init=mf": what tells it from the others
  std::string metric;  ///< name, "time.train", or "status" for a cell that is missing or did not end well
  std::optional<double> baseline{};
  std::optional<double> current{};
  int baseline_n = 0;    ///< seeds behind `baseline`
  int current_n = 0;     ///< the same behind `current`
  double tolerance = 0;  ///< absolute, in the metric's unit
  Verdict verdict = Verdict::same;
  std::string message;  ///< one line for people

  /// worse, changed and missing are regressions.
  bool failed() const;
};

struct Judgement {
  std::string run;       ///< folder that was judged
  std::string baseline;  ///< file it was judged against
  std::vector<Finding> findings{};
  std::size_t new_cells = 0;  ///< cells that the baseline does not know; not judged

  std::size_t count(Verdict verdict) const;
  /// No regression, and something was compared: a check that compared nothing proves nothing.
  bool passed() const;
};

/// Throws UserError (with the place in the YAML) when the file cannot be read or has no cell that ended well.
Baseline load_baseline(const std::filesystem::path& path);

Judgement check_run(const Run& run, const Baseline& baseline);

/// For the terminal: what is not `same` line by line, then counts, then "passed" or "FAILED".
std::string to_text(const Judgement& judgement);

/// JUnit XML: one test case a finding.
std::string to_junit(const Judgement& judgement);

/// Writes to_junit. Throws UserError when the file cannot be written.
void write_junit(const Judgement& judgement, const std::filesystem::path& path);

}  // namespace frugal::harness
