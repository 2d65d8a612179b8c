// A cell of several ranks: its process becomes `mpirun`, which starts this program once a rank, as `frugal __rank`. The
// request goes to rank 0 by mpirun's standard input, and its messages come by mpirun's standard output; what anybody else
// says goes to standard error.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "benchmarks/harness/run/cell_main.hpp"
#include "benchmarks/harness/workload.hpp"
#include "impl/common/job.hpp"

namespace frugal::harness {

/// The hidden verb of a rank.
inline constexpr const char* rank_verb = "__rank";

/// In the process of a cell: becomes mpirun. Returns only when it cannot be started, and has told the parent so.
void become_job(int ranks);

/// Joins the job that this process was started in; null where there is none.
using JobSource = std::function<Job*()>;

/// The process of a rank: 0 measures the cell, the others compute what its models ask for. Returns an exit code.
int rank_main(const Workloads& workloads, const BackendReader& readings, const JobSource& join);

/// Which rank ended the job, where, and how: "rank 2 on node7: exited on signal 9 (Killed)", from what mpirun and the ranks
/// said on standard error; nothing where that does not tell.
std::optional<std::string> lost_rank(const std::string& output);

}  // namespace frugal::harness
