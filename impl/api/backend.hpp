// A back end: one way to compute the contracts. The registry lists all of them, also those that cannot run here, each
// with its reason: nothing above impl/ ever asks the preprocessor.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "impl/api/dlrm.hpp"
#include "impl/api/inr_ensemble.hpp"
#include "impl/api/matrix_factorizer.hpp"
#include "impl/api/two_tower.hpp"
#include "impl/common/communicator.hpp"
#include "impl/common/device_readings.hpp"
#include "impl/common/job.hpp"
#include "impl/common/probe.hpp"
#include "impl/common/specs.hpp"

/// The suite's own namespace. What is directly in it: the contracts (impl/api), and what all who keep them share
/// (impl/common, impl/base).
namespace frugal {

/// Yes, or no with the reason a user reads.
struct Support {
  std::string reason;  ///< empty: supported
  /// Supported?
  explicit operator bool() const { return reason.empty(); }
  /// Supported.
  static Support yes() { return {}; }
  /// Not, and `why`: a whole phrase, as "the cpu back end takes dim up to 1024, not 2000".
  static Support no(std::string why) { return {std::move(why)}; }
};

/// A fact of the device for `frugal doctor` and the record: ("instruction set", "avx512"), ("threads", "2"), ...
using DeviceFacts = std::vector<std::pair<std::string, std::string>>;

/// One way to compute the models. Without state of its own: the models that it makes live by themselves.
class Backend {
 public:
  virtual ~Backend() = default;
  /// As plans name it: "reference", "cpu", "cuda", "mpi".
  virtual std::string name() const = 0;
  /// A line for `frugal doctor`: what it computes with.
  virtual std::string description() const = 0;
  /// Can it run on this machine at all?
  virtual Support available() const = 0;
  /// What it would run on; also where it is not available, as far as that can be told.
  virtual DeviceFacts device() const = 0;
  /// The libraries it computes with, by the name the record gives them, and their versions: ("onednn", "3.2.0").
  /// Requires available().
  virtual std::vector<std::pair<std::string, std::string>> libraries() const { return {}; }
  /// What to time to learn the limits of the device, with `precision` for compute; requires available(). A back end
  /// that is not written to be fast has none.
  virtual std::vector<Probe> probes([[maybe_unused]] Precision precision) const { return {}; }

  /// What the sensors of its device say now. Nothing of a back end that computes on the processors themselves.
  virtual DeviceReadings readings() const { return {}; }

  /// Makes this process a rank of the job that it was started in (mpirun), once, before anything else is asked. Null:
  /// there is no job, or this back end computes in one process. Requires available().
  virtual Job* join_job() const { return nullptr; }
  /// Can several ranks compute a model together?
  virtual Support supports_ranks() const {
    return Support::no("the back end '" + name() + "' computes in one process; 'mpi' computes with several ranks");
  }

  /// Interactions that the ranks of the job load together, by load(ranks) here and by what Job::follow() was given on the
  /// others, which is told `request`. The result may be spread over the ranks (PackedPairs). Throws what `load` does.
  virtual PackedPairs load_together([[maybe_unused]] const std::string& request,
                                    const std::function<PackedPairs(Communicator& ranks)>& load) const {
    return load(alone());
  }

  /// Can it compute exactly this ensemble? Asked before the first run of a plan: no silent fallback, ever. What makes
  /// no sense (why_invalid) no back end supports.
  virtual Support supports(const InrSpec& spec) const = 0;
  /// This factorizer?
  virtual Support supports(const MfSpec& spec) const = 0;
  /// This two-tower network?
  virtual Support supports(const TwoTowerSpec& spec) const = 0;
  /// This DLRM?
  virtual Support supports(const DlrmSpec& spec) const = 0;

  /// An ensemble at its initial state. Requires available() and supports(spec), as the others do. Throws std::bad_alloc
  /// where there is too little memory.
  virtual std::unique_ptr<InrEnsemble> make(const InrSpec& spec) const = 0;
  /// A factorizer.
  virtual std::unique_ptr<MatrixFactorizer> make(const MfSpec& spec) const = 0;
  /// A two-tower network.
  virtual std::unique_ptr<TwoTower> make(const TwoTowerSpec& spec) const = 0;
  /// A DLRM.
  virtual std::unique_ptr<Dlrm> make(const DlrmSpec& spec) const = 0;
};

/// All back ends this source tree knows, also those that were not compiled; the oracle, `reference`, first.
const std::vector<const Backend*>& backends();

/// The back end of that name, or null.
inline const Backend* find_backend(std::string_view name) {
  for (const Backend* backend : backends())
    if (backend->name() == name) return backend;
  return nullptr;
}

}  // namespace frugal
