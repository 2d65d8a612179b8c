// What the run's process and a cell's child process tell each other: one JSON request in, one JSON message a line out.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/harness/plan/plan.hpp"
#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

struct CellRequest {
  Cell cell;
  Measure measure;
  Determinism determinism = Determinism::free;
  double band = 0;  ///< of Determinism::repeatable
  std::vector<std::filesystem::path> data_dirs;
  std::filesystem::path artifacts;      ///< made only when the workload asks for it
  bool exports = false;                 ///< Plan::exports
  double timeout_s = 0;                 ///< of the cell: a repeat that would end later is not begun; 0: none
  int threads = 0;                      ///< OMP_NUM_THREADS of the child; 0: not told
  int ranks = 1;                        ///< processes that compute it together
  std::vector<int> cpus{};              ///< that its threads are bound to; empty: they are not
  std::filesystem::path checkpoints{};  ///< folder of its checkpoints; empty: it leaves none
  double checkpoint_s = 0;              ///< from one to the next

  Json to_json() const;
  static CellRequest from_json(const Json& json);
};

/// Why a cell did not end well. One that was interrupted, or could not write its output, leaves no record.
enum class Failure { none, output, memory, interrupted, other };

struct CellMessage {
  enum class Kind {
    progress,  ///< fraction, stage
    stages,    ///< stages: one sample each, and conditions: of one repeat that is complete
    outcome    ///< the last one: implementation and metrics, or failure and error, or all (a metric was not finite)
  };
  Kind kind = Kind::progress;
  double fraction = 0;
  std::string stage{};
  std::vector<StageRecord> stages{};
  RepeatConditions conditions{};
  std::string implementation{};
  std::map<std::string, double> metrics{};
  std::map<std::string, std::string> absent{};  ///< metrics without a value, and why
  std::string protocol{};
  DeviceRates limits{};
  std::vector<LossCurve> curves{};
  std::optional<Sampling> sampling{};
  Failure failure = Failure::none;
  std::string error{};
  std::vector<std::string> hosts{};                 ///< CellRecord::hosts
  std::map<std::string, std::uint64_t> taken_up{};  ///< CellRecord::taken_up

  Json to_json() const;
  static CellMessage from_json(const Json& json);
};

using MessageSink = std::function<void(const CellMessage&)>;

}  // namespace frugal::harness
