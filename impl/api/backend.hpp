// A back end: one way to compute the contracts. The registry lists all of them, also those that cannot run here, each
// with its reason: nothing above impl/ ever asks the preprocessor.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "impl/api/dlrm.hpp"
#include "impl/api/inr_ensemble.hpp"
#include "impl/api/matrix_factorizer.hpp"
#include "impl/api/two_tower.hpp"
#include "impl/common/probe.hpp"
#include "impl/common/specs.hpp"

namespace frugal {

/// Yes, or no with the reason a user reads.
struct Support {
  std::string reason;  ///< empty: supported
  explicit operator bool() const { return reason.empty(); }
  static Support yes() { return {}; }
  static Support no(std::string why) { return {std::move(why)}; }
};

/// A fact of the device for `frugal doctor` and the record: ("instruction set", "avx512"), ("threads", "2"), ...
using DeviceFacts = std::vector<std::pair<std::string, std::string>>;

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string name() const = 0;
  virtual std::string description() const = 0;
  /// Can it run on this machine at all?
  virtual Support available() const = 0;
  virtual DeviceFacts device() const = 0;
  /// The libraries it computes with, by the name the record gives them, and their versions: ("onednn", "3.2.0").
  /// Requires available().
  virtual std::vector<std::pair<std::string, std::string>> libraries() const { return {}; }
  /// What to time to learn the limits of the device, with `precision` for compute; requires available(). A back end
  /// that is not written to be fast has none.
  virtual std::vector<Probe> probes([[maybe_unused]] Precision precision) const { return {}; }

  /// Can it compute exactly this? Asked before the first run of a plan: no silent fallback, ever.
  virtual Support supports(const InrSpec& spec) const = 0;
  virtual Support supports(const MfSpec& spec) const = 0;
  virtual Support supports(const TwoTowerSpec& spec) const = 0;
  virtual Support supports(const DlrmSpec& spec) const = 0;

  // Each requires available() and supports(spec).
  virtual std::unique_ptr<InrEnsemble> make(const InrSpec& spec) const = 0;
  virtual std::unique_ptr<MatrixFactorizer> make(const MfSpec& spec) const = 0;
  virtual std::unique_ptr<TwoTower> make(const TwoTowerSpec& spec) const = 0;
  virtual std::unique_ptr<Dlrm> make(const DlrmSpec& spec) const = 0;
};

/// All back ends this source tree knows, in order: reference, cpu, cuda.
const std::vector<const Backend*>& backends();

/// The back end of that name, or null.
inline const Backend* find_backend(std::string_view name) {
  for (const Backend* backend : backends())
    if (backend->name() == name) return backend;
  return nullptr;
}

}  // namespace frugal
