// What `run` and `search` tell of cells that ran: the words on the screen.
#pragma once
#include <string>

#include "benchmarks/harness/cli/verbs.hpp"
#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// A word as a shell reads it back.
std::string shell_word(const std::string& word);

/// The command line without --rerun: what to give again, with another --rerun or none. --only and --shard stay.
std::string command_again(const Args& command);

/// The first two metrics, in the order in which the workload declares them, that the cell has.
std::string main_metrics_text(const CellRecord& record, const Workloads& workloads);

}  // namespace frugal::harness
