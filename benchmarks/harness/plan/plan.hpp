// A plan: one YAML document says what to measure; this turns it into cells.
//
//   schema: 1
//   name: paper_enrp
//   workload: inr
//   backend: cpu
//   dataset: enrp-lake                  # or {name: synthetic-photo, size: 128}
//   params: {inr: {steps: 501}}
//   matrix: {params.inr.width: [64, 128], backend: [reference, cpu]}     # product of all axes; also limits.threads
//   zip: [{params.inr.grid: [2, 4], params.inr.hidden_layers: [5, 2]}]   # each entry: axes that advance together
//   exclude: [{params.inr.width: 64, backend: reference}]                # drops points that match all pairs
//   include: [{params.inr.grid: 1, params.inr.width: 256}]               # adds points: base + these pairs
//   seeds: [1, 2, 3]
//   measure: {warmup: 0, repeats: 1, limits: false}     # measure.hpp has the others
//   limits: {timeout_s: 600, memory_gib: 8, threads: 2}     # ranks: 4 makes a cell a job of four processes;
//                                       # checkpoint_s: 600 lets a training that was stopped be gone on with
//   determinism: bitwise                # or free, or {repeatable: 0.01}; what repeats of a cell must keep
//   export: true                        # also leave what each cell made for other tools: docs/export.md
//   report: [inr]                       # built-in tables that `frugal report` shows of it; default: all that can
//   gate: [{metric: "psnr[enrp]", min: 30, where: {params.inr.grid: 2}}]
//
// Instead of matrix, zip, include, exclude and gate, a plan may have a search (for `frugal search`):
//
//   search:
//     space:                            # every combination is a structure; the axes go from small to large
//       params.inr.grid: [1, 2, 4, 8]
//       params.inr.width: [16, 32, 64, 128]
//     maximize: "psnr[enrp]"            # or minimize: flops.train
//     subject_to: [{metric: flops.train, max: 8.34e+11}, {metric: "psnr[between]", min: 25}]
//     strategies: [exhaustive, greedy, halving, model, records]     # default: all that can run
//     fidelity: {params.inr.steps: [31, 125, 501]}         # halving's rungs; the last is the plan's own value
//     records: {runs: [results/published/search_enrp], across: [params.inr.image]}     # on other data
//     cost: flops.train                 # what an evaluation costs; default: each the same, by its fidelity
//     budget: 0.25                      # of the exhaustive search's cost: what each other strategy may spend
//
// Paths in a plan (dataset.path, initial_weights, records.runs), those of --set too, are relative to the folder that it
// lies in; in an embedded plan to the current folder.
// A file may hold several documents ("---"): several plans that run into one folder.
// Axes and overrides name a value by its dotted path from the document's root. An override (--set) replaces the value
// and any axis over the same path. Order of cells: seeds innermost, the first matrix axis outermost, includes last.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/harness/plan/measure.hpp"
#include "benchmarks/harness/plan/metric_bound.hpp"
#include "benchmarks/harness/plan/search_spec.hpp"
#include "benchmarks/harness/workload.hpp"
#include "impl/base/names.hpp"

namespace frugal::harness {

/// As many cores as a process can be bound to. OpenMP runtimes crash on numbers far above.
inline constexpr int max_threads = 1024;
/// Far more processes than factors of one side, or networks, are worth.
inline constexpr int max_ranks = 4096;

struct Limits {
  double timeout_s = 0;     ///< of one cell, all repeats; 0: none
  double memory_gib = 0;    ///< private writable memory of the child (RLIMIT_DATA); 0: none
  double checkpoint_s = 0;  ///< a training leaves what it can be gone on from each so many seconds; 0: never
  int threads = 0;          ///< of each rank; 0: all cores, shared out among the ranks; at most max_threads
  int ranks = 1;            ///< processes that compute a cell together; at most max_ranks
  std::string isa{};        ///< of the cpu back end, of an axis: a word of chosen_isa_names; empty: FRUGAL_ISA's

  bool operator==(const Limits&) const = default;
};

/// What the metrics of a cell's repeats (measure.repeats) must keep; where they do not, the cell fails.
enum class Determinism {
  bitwise,     ///< equal, bit for bit
  repeatable,  ///< |a - b| <= band * max(|a|, |b|)
  free         ///< nothing
};
inline constexpr Named<Determinism> determinism_names[] = {
    {Determinism::bitwise, "bitwise"}, {Determinism::repeatable, "repeatable"}, {Determinism::free, "free"}};

/// One document, fully read.
struct Plan {
  std::string name;
  std::string workload;
  Measure measure;
  Limits limits;
  Determinism determinism = Determinism::free;
  double band = 0;                     ///< of repeatable: relative
  bool exports = false;                ///< leave what cells made in forms that other tools read
  std::vector<std::string> tables{};   ///< built-in ones that a report shows by default; empty: all that can
  std::vector<MetricBound> gates;      ///< held by the mean over the seeds of each cell (exit code 1 when one is not)
  std::vector<Cell> cells;             ///< expanded, distinct, in order; of a search: its structures, seeds innermost
  std::optional<SearchSpec> search{};  ///< set: a plan for `frugal search`
  /// Id of a cell -> what this machine lacks for it, with place and reason; cells that can run are not in here.
  std::map<std::string, std::vector<std::string>> unavailable{};
};

/// One "--set params.inr.width=64"; the value is read as YAML.
struct Override {
  std::string path;
  std::string value;
  std::string option = "set";  ///< by which it was given
};

struct PlanFile {
  std::string file;    ///< as the user named it
  std::string text;    ///< the bytes that were read
  std::string sha256;  ///< of the text
  std::vector<Plan> plans;
};

/// Reads, overrides, expands, fills defaults and validates everything. Throws UserError at the first mistake, with
/// file:line:column and a suggestion. `name` is a path, or the name of an embedded plan ("demo").
PlanFile load_plan(const std::string& name, const std::vector<Override>& overrides, const Workloads& workloads,
                   const std::vector<std::filesystem::path>& data_dirs);

/// The same from text. Relative paths in it begin at `folder`.
PlanFile parse_plan(const std::string& text, const std::string& file, const std::vector<Override>& overrides,
                    const Workloads& workloads, const std::vector<std::filesystem::path>& data_dirs,
                    const std::filesystem::path& folder = {});

/// The value at a dotted path of a cell ("backend", "seed", "params.inr.width", "dataset.name"), or null.
const Json* cell_value(const Json& cell_json, std::string_view path);

/// The cell with another value at `path`, in canonical form.
Cell with_value(const Cell& cell, std::string_view path, Json value);

}  // namespace frugal::harness
