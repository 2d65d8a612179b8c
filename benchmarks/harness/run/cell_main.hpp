// The process of one cell, forked from `frugal __cell`, which is for the program's own use.
#pragma once
#include "benchmarks/harness/workload.hpp"

namespace frugal::harness {

/// The hidden verb, and the descriptor that messages of a cell go to. Its request comes on standard input.
inline constexpr const char* cell_verb = "__cell";
inline constexpr int cell_message_fd = 3;

/// Waits for cells (cell_server.hpp). In the process of each: reads its request, measures, writes messages. Returns an exit code; the outcome is in the messages.
int cell_main(const Workloads& workloads);

}  // namespace frugal::harness
