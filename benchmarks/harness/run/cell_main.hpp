// The child process of one cell: `frugal __cell`, for the program's own use.
#pragma once
#include <functional>
#include <string>

#include "benchmarks/harness/workload.hpp"
#include "impl/common/device_readings.hpp"

namespace frugal::harness {

/// The hidden verb. The request comes on standard input, and messages go to child_message_fd.
inline constexpr const char* cell_verb = "__cell";

/// Reads the sensors of a back end's device.
using BackendReader = std::function<DeviceReadings(const std::string& backend)>;

/// Reads the request, measures, writes messages. Returns an exit code; the outcome is in the messages.
int cell_main(const Workloads& workloads, const BackendReader& readings);

}  // namespace frugal::harness
