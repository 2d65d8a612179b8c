// What a device can do at most, found by doing it: a back end gives the work, whoever has a clock times it.
#pragma once
#include <functional>

namespace frugal {

/// Work that one resource of the device bounds and no other.
struct Probe {
  /// What bounds it.
  enum class Resource {
    compute,  ///< FLOP: fused multiply-adds in the precision asked for, operands in registers
    memory,   ///< bytes read from main memory, beyond all caches
    l3,       ///< bytes read from the caches, each thread its own
    l2,
    l1,
    sines  ///< sines with their cosines, as the back end's networks compute them
  };
  Resource resource;          ///< measured
  double amount;              ///< FLOP, bytes or sines of one run
  std::function<void()> run;  ///< returns when the work is done
};

}  // namespace frugal
