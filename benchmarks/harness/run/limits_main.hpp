// The process that finds the limits of a device, `frugal __limits`, for the program's own use: it fills memory beyond all
// caches, which must not count as that of a cell.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "benchmarks/harness/record/record.hpp"
#include "impl/common/probe.hpp"

namespace frugal::harness {

/// The hidden verb. The request comes on standard input.
inline constexpr const char* limits_verb = "__limits";

/// Which limits: of a back end's device, in a precision, with so many threads.
struct LimitsRequest {
  std::string backend;
  std::string precision;    ///< of compute: "fp32"
  int threads = 0;          ///< OMP_NUM_THREADS
  std::string isa{};        ///< Limits::isa
  std::vector<int> cpus{};  ///< that they are bound to; empty: they are not

  auto operator<=>(const LimitsRequest&) const = default;  // NOLINT(modernize-use-nullptr): nobody wrote that 0
};

/// What to time for a request.
using ProbeSource = std::function<std::vector<Probe>(const std::string& backend, const std::string& precision)>;

/// The best of ten runs of each probe: whatever else the machine does can only lower it.
DeviceRates best_rates(const std::vector<Probe>& probes);

/// Reads the request, times the probes, writes one outcome. Returns an exit code.
int limits_main(const ProbeSource& probes);

}  // namespace frugal::harness
