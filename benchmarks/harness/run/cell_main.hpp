// The child process of one cell: `frugal __cell`, for the program's own use.
#pragma once
#include "benchmarks/harness/workload.hpp"

namespace frugal::harness {

/// The hidden verb, and the inherited descriptor that messages go to. The request comes on standard input.
inline constexpr const char* cell_verb = "__cell";
inline constexpr int cell_message_fd = 3;

/// Reads the request, measures, writes messages. Returns an exit code; the outcome is in the messages.
int cell_main(const Workloads& workloads);

}  // namespace frugal::harness
