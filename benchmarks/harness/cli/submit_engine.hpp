// What runs the tasks of a submission: Slurm, or processes of this machine.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/harness/cli/submit_job.hpp"

namespace frugal::harness {

/// What a cluster is asked for, beside the command of a task.
struct SlurmWishes {
  int cpus = 1;                         ///< of a task
  std::optional<std::string> parallel;  ///< at most so many tasks at a time
  std::optional<std::string> partition;
  std::optional<std::string> time;
  std::vector<std::string> more;  ///< options of sbatch, as a user would write them there
};

/// Where the tasks that have not ended are.
struct TasksNow {
  struct Task {
    bool runs = true;
    std::string why_not{};  ///< in Slurm's words
  };
  std::map<std::size_t, Task> alive{};
  std::vector<std::string> news{};  ///< lines for the user
};

class SubmitEngine {
 public:
  virtual ~SubmitEngine() = default;

  /// Starts tasks, and notes in the job how to find them again. Throws UserError, UnavailableError.
  virtual void start(SubmittedJob& job, const std::vector<std::size_t>& tasks) = 0;
  /// Nothing: nobody answers at the moment.
  virtual std::optional<TasksNow> now(SubmittedJob& job) = 0;
  /// How tasks ended, where that is known: "TIMEOUT".
  virtual std::map<std::size_t, std::string> ends(const SubmittedJob& job) = 0;
  virtual void cancel(const SubmittedJob& job) = 0;
  /// Seconds between two calls of now(), `elapsed_s` after the first.
  virtual double interval_s(double elapsed_s) const = 0;
};

/// Throws UnavailableError where there is no Slurm on the PATH.
std::unique_ptr<SubmitEngine> slurm_engine(SlurmWishes wishes);
/// A process a task. Those that a signal killed are started again by whoever follows since the start.
std::unique_ptr<SubmitEngine> local_engine();

/// The script of a job array: readable, and for `sbatch` by hand.
std::string slurm_script(const SubmittedJob& job, const SlurmWishes& wishes, const std::vector<std::size_t>& tasks);

/// "1-8", "2,5-7"; the numbers are in order.
std::string ranges_text(const std::vector<std::size_t>& numbers);

}  // namespace frugal::harness
