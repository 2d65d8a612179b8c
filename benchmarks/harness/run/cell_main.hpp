// The process of one cell, forked from `frugal __cell`, which is for the program's own use.
#pragma once
#include <functional>
#include <string>

#include "benchmarks/harness/run/message.hpp"
#include "benchmarks/harness/workload.hpp"
#include "impl/common/device_readings.hpp"

namespace frugal::harness {

/// The hidden verb. The request of a cell comes on standard input, and its messages go to child_message_fd.
inline constexpr const char* cell_verb = "__cell";

/// Reads the sensors of a back end's device.
using BackendReader = std::function<DeviceReadings(const std::string& backend)>;

/// Reads the request of a cell from standard input, and measures it.
void measure_request(const Workloads& workloads, const BackendReader& readings, const MessageSink& send);

/// Waits for cells (cell_server.hpp). In the process of each: reads its request, measures, writes messages. Returns an
/// exit code; the outcome is in the messages.
int cell_main(const Workloads& workloads, const BackendReader& readings);

}  // namespace frugal::harness
