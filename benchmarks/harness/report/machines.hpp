// Machines that would read the same in a table and are not the same.
#pragma once
#include <span>

#include "benchmarks/harness/record/record.hpp"

namespace frugal::harness {

/// Adds to the processor's name what else is known of it, for runs whose machines differ and whose machine_text() does
/// not: "AMD EPYC (family 25, model 17, host 3f2a11)". Rows and captions then tell them apart.
void tell_machines_apart(std::span<Run> runs);

}  // namespace frugal::harness
