// Where the figures of a run come from, in the words that stand beside a table.
#pragma once
#include <string>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// "AMD EPYC 9454P, 2 cores, AVX-512, 2 threads": machine, and threads of the cells, as much as run.json knows;
/// "unknown machine" when it does not say which.
std::string machine_text(const Provenance& provenance);

/// "2 threads", "4 ranks of 2 threads"; by plan where the plans of a run differ: "threads: smoke 1, full 2"; "" when it
/// is not known.
std::string threads_text(const Provenance& provenance);

/// Are times of both of one machine, or of the same ones, with as many threads and ranks? Kernels are another question.
bool of_one_machine(const Provenance& a, const Provenance& b);

/// "2 of the 6 cells of its plan have no record"; empty: none, or it is not known.
std::string to_do_text(const Run& run);

/// "2c4444e" or "2c4444e with local changes 5f3a"; "unknown commit".
std::string commit_text(const Provenance& provenance);

/// The commit and how it was built: "2c4444e (Release)".
std::string build_text(const Provenance& provenance);

}  // namespace frugal::harness
