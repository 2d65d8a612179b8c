// The limits of a device are found in a process of their own, as a cell is: what is timed fills memory beyond all caches,
// which must not count as that of a cell.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "benchmarks/harness/run/cell_environment.hpp"
#include "benchmarks/harness/run/message.hpp"
#include "impl/common/probe.hpp"

namespace frugal::harness {

/// Which limits: of a back end's device, in a precision.
struct LimitsRequest {
  std::string backend;
  std::string precision;  ///< of compute: "fp32"
  CellEnvironment environment;

  auto operator<=>(const LimitsRequest&) const = default;

  /// Without the environment: the process has it.
  Json to_json() const;
  static LimitsRequest from_json(const Json& json);
};

/// What to time for a request.
using ProbeSource = std::function<std::vector<Probe>(const std::string& backend, const std::string& precision)>;

/// The best of ten runs of each probe: whatever else the machine does can only lower it.
DeviceRates best_rates(const std::vector<Probe>& probes);

/// Times the probes and sends one outcome.
void find_limits(const LimitsRequest& request, const ProbeSource& probes, const MessageSink& send);

}  // namespace frugal::harness
