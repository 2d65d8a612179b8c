// The process of one cell, forked from `frugal __cell`, which is for the program's own use.
#pragma once
#include <functional>
#include <string>

#include "benchmarks/harness/run/device_limits.hpp"
#include "benchmarks/harness/workload.hpp"
#include "impl/common/device_readings.hpp"

namespace frugal::harness {

/// The hidden verb.
inline constexpr const char* cell_verb = "__cell";

/// Reads the sensors of a back end's device.
using BackendReader = std::function<DeviceReadings(const std::string& backend)>;

/// Waits for requests (cell_server.hpp). In the process of each: measures the cell, or finds the limits that it asks
/// for, and writes messages. Returns an exit code; the outcome is in the messages.
int cell_main(const Workloads& workloads, const BackendReader& readings, const ProbeSource& probes);

}  // namespace frugal::harness
