// Machines, and ways to measure on one, that would read the same in a table and are not the same.
#pragma once
#include <span>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// Machines of one run (the parts of by_machine()) that differ in nothing but their names and those of their devices, as
/// the nodes of a cluster do, are told as one, with their number: "AMD EPYC (3 machines alike)". Their records share
/// rows.
///
/// Adds to the processor's name what else is known of it, for runs whose machines differ and whose machine_text() does
/// not: "AMD EPYC (family 25, model 17, host 3f2a11)"; and how they were measured, and by which kernels, for runs of one
/// machine and build that have a cell in common and differ in that: "AMD EPYC (repeats 5)". Rows and captions then tell
/// them apart.
void tell_machines_apart(std::span<Run> runs);

}  // namespace frugal::harness
