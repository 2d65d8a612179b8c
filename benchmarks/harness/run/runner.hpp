// Runs the cells of a plan file into a result store.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "benchmarks/harness/plan/planned_cells.hpp"
#include "benchmarks/harness/record/record.hpp"
#include "benchmarks/harness/run/child.hpp"
#include "benchmarks/harness/run/inputs.hpp"
#include "benchmarks/harness/run/progress.hpp"

namespace frugal::harness {

/// Which cells that have a record already run again.
struct Rerun {
  enum class What { nothing, failed, all, one };
  What what = What::nothing;
  std::string id{};  ///< of `one`: then no other cell runs or counts

  /// "failed", "all" or an id (its first digits are enough) of one of the cells. Throws UserError.
  static Rerun parse(const std::string& text, const std::vector<PlannedCell>& cells);
};

/// The words for some of them.
inline constexpr Named<Rerun::What> rerun_names[] = {{Rerun::What::failed, "failed"}, {Rerun::What::all, "all"}};

/// How one cell ended.
struct CellEnd {
  CellRecord record;
  Failure failure = Failure::none;
};

/// Runs one cell. `progress` as in run_child.
using CellExecutor = std::function<CellEnd(const CellRequest&, const Limits&, const ProgressSink& progress)>;

/// In a child process each. Where a plan asks for the limits of the device, another process finds them before the first
/// cell of each back end, precision and number of threads.
CellExecutor child_executor(StopSignals& stops, const Workloads& workloads);

struct RunSummary {
  std::map<std::string, CellRecord> records;  ///< of the selected cells, by id: of this and of earlier runs
  std::size_t cells = 0;                      ///< that count: the selected ones, or the one to run again
  int done_before = 0;                        ///< ended well in an earlier run
  int done_now = 0;
  std::vector<std::string> failed;         ///< ids, of this run
  std::vector<std::string> failed_before;  ///< ids that were not run again
  bool interrupted = false;
  bool stopped = false;  ///< RunRequest::fail_fast ended it before all was run

  std::size_t failures() const { return failed.size() + failed_before.size(); }
  int done() const { return done_before + done_now; }
  /// Cells that nobody has run yet.
  std::size_t to_do() const { return cells - static_cast<std::size_t>(done()) - failures(); }
};

struct RunRequest {
  const Workloads& workloads;
  ResultStore& store;
  Progress& progress;
  CellExecutor execute;
  Inputs& inputs;
  std::vector<PlannedCell> cells{};
  Rerun rerun{};
  bool fail_fast = false;  ///< the first cell that fails is the last one that begins
  int jobs = 1;            ///< cells that run side by side
};

/// Runs what is not done, appends each record to the store as soon as it is known. Throws UserError when a file that a
/// cell reads changes while the cells run (what was read of it is then unknown), OutputError when a record or an artifact
/// cannot be written: that cell has no record.
RunSummary run_cells(const RunRequest& request);

}  // namespace frugal::harness
