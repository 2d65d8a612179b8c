// What may change where the baseline does not say.
#pragma once
#include <string>

#include "benchmarks/harness/judge/judge.hpp"

namespace frugal::harness {

/// exact: MetricDescriptor::exact.
Tolerance default_tolerance(const std::string& name, const std::string& unit, MetricDescriptor::Direction direction,
                            bool exact);

}  // namespace frugal::harness
