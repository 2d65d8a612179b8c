// What must be known to trust a figure: which program, on which machine, with how many threads, asked by whom.
#pragma once
#include <string>
#include <vector>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// {version, commit, commit_date, dirty, diff, type, compiler, flags}: fixed when the program was built. `diff` names
/// local changes by hash, so that two different dirty builds are not taken for one.
Json build_facts();

/// {cpu, cpu_vendor, cpu_family, cpu_model, cpu_stepping, cache_kib: {L1d, L1i, L2, L3}, cores, isa, memory_gib, os,
/// kernel, governor, load, energy, instructions, hostname_hash}: of this machine, now. The host's name itself is not told.
Json machine_facts();

/// What makes a machine another one, out of its block in run.json: its processor with caches, instruction sets and
/// governor, its memory, its name, and the device of each back end. Not: the kernel, the load.
Json machine_identity(const Json& machine);

/// First 12 hex digits of the SHA-256 of the identity.
std::string machine_id(const Json& machine);

/// OMP_NUM_THREADS of each process of a cell under these limits: the plan's, else the user's own OMP_NUM_THREADS, else
/// every core this process may use, shared out among the ranks. Throws UserError when OMP_NUM_THREADS is above max_threads.
int effective_threads(const Limits& limits);

/// "free", "bitwise (checked)" or "repeatable: 0.01 (declared)": a level is checked where there are two repeats or more
/// to compare, else it is only what the plan's author says.
std::string determinism_text(const Plan& plan);

/// memory.peak: measured by the harness for every cell of every workload.
MetricDescriptor peak_memory_metric();

/// Everything in run.json but what only the back ends can say. `backends`: {name: {fact: value}}; `libraries`:
/// {name: version}.
Provenance make_provenance(const PlanFile& plan, const std::vector<Override>& overrides, const Workloads& workloads,
                           std::vector<std::string> command, Json backends, Json libraries);

}  // namespace frugal::harness
