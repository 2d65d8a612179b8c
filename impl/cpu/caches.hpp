// The sizes of this processor's caches.
#pragma once
#include <array>

namespace frugal::cpu {

/// Bytes of L1 (data), L2 and L3 of the first processor, as the kernel of the system sees them; those of a common
/// processor where it does not say. (The C library asks the processor, which in a virtual machine speaks of the host.)
const std::array<double, 3>& cache_bytes();

}  // namespace frugal::cpu
