// What may change where the baseline does not say.
#pragma once
#include <string>

#include "benchmarks/harness/judge/judge.hpp"

namespace frugal::harness {

/// Times, rates and memory depend on the machine, which need not be the baseline's.
bool is_of_the_machine(const std::string& unit);

/// Those that another process can spoil: memory is not.
bool is_of_the_clock(const std::string& unit);

/// exact: MetricDescriptor::exact.
Tolerance default_tolerance(const std::string& name, const std::string& unit, MetricDescriptor::Direction direction,
                            bool exact);

}  // namespace frugal::harness
