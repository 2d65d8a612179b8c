// The measured limits of this machine, and the roofline under them (Williams, Waterman, Patterson, CACM 2009): what the
// best program could make of a piece of work.
#pragma once
#include <array>
#include <vector>

namespace frugal::micro {

/// Where data rest between uses. L1 and L2 are a core's own, L3 is shared.
enum class Level { l1, l2, l3, memory };

/// What `threads` threads reach together.
struct MachineLimits {
  double fp32;  ///< FLOP/s: fused multiply-adds in registers, 2 each
  double bf16;  ///< FLOP/s of products of bf16 pairs with fp32 sums; 0 where the hardware has none
  // Bytes/s by Level, each thread on arrays of its own from end to end.
  std::array<double, 4> read;    ///< of one array
  std::array<double, 4> update;  ///< of a += b: two reads and a write, which in part have ways of their own
};

/// Measured at the first call for this number of threads (a second), with the widest instruction set of this processor
/// that the kernels are compiled for; it must have AVX2. The best of several tries. A busy machine lowers only what
/// several threads get of L3 and memory.
const MachineLimits& machine_limits(int threads);

/// The level that holds so many bytes a thread.
Level level_of(double bytes, int threads);

/// Bytes read and written between the cores and the level that holds `resident` bytes a thread.
struct Traffic {
  double bytes;
  double resident;
};

struct Work {
  double flops;
  std::vector<Traffic> traffic;
  int threads = 1;
  bool bf16 = false;  ///< of the operands of its products
};

struct Roof {
  double peak;        ///< FLOP/s of the threads used
  double seconds;     ///< the least that the limits allow; computation and each traffic may overlap, and a byte costs
                      ///< what it does in the better of `read` and `update`
  double bytes;       ///< of the traffic that takes longest
  const char* bound;  ///< what takes those seconds: "compute", or a level: "L1", "L2", "L3", "memory"
};

Roof roof_of(const Work& work);

}  // namespace frugal::micro
