// The limits of this processor, as all threads of the back end reach them together.
#pragma once
#include <vector>

#include "impl/common/probe.hpp"
#include "impl/common/specs.hpp"

namespace frugal::cpu {

/// One probe a resource. For tf32 there is none of compute: no processor has it. None of L3 where the threads' shares of
/// it are hardly larger than their L2.
std::vector<Probe> probes(Precision precision);

}  // namespace frugal::cpu
