// Runs one cell in this process: warm-up, repeats, clocks. The child's half of the runner.
#pragma once
#include <atomic>

#include "benchmarks/harness/run/message.hpp"
#include "benchmarks/harness/run/stage_meter.hpp"

namespace frugal::harness {

/// Runs request.measure.warmup times and then as often as RepeatRule says. Sends progress (a few a second), the stages
/// of each complete repeat, and always one outcome, last. Metrics are those of the last repeat; one that the workload
/// does not declare, or that is not finite, is dropped and named in the error, and one that differs between any two
/// repeats by more than the plan's determinism allows is named there. Throws nothing a workload threw. When `stop`
/// becomes true the next RunContext::progress throws Interrupted. `device` reads the sensors of the device that the cell
/// computes on.
void measure_cell(const Workload& workload, const CellRequest& request, const std::atomic<bool>& stop,
                  const MessageSink& send, const DeviceReader& device = {});

}  // namespace frugal::harness
