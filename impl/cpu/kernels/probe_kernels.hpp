// Loops that do one thing only, for the limits of the machine: registers, or one level of the caches.
//
// Their results only keep the compiler from dropping the work; tests know what they must be.
#pragma once

#include "impl/cpu/kernels/isa.hpp"

namespace frugal::cpu {

struct ProbeKernels {
  /// In every lane of several registers x = x / 2 + 1, `rounds` times, from 1. Returns the sum of all lanes: as many
  /// values as a round does fused multiply-adds, each near 2.
  float (*multiply_add)(long rounds);
  /// FLOP of a round of multiply_add.
  double multiply_add_flops;
  /// The exclusive or of the bits of all values, as a float; `passes` times over. n is a multiple of probe_block.
  float (*read)(const float* data, long n, long passes);
  /// data cut into 2 or 6 parts: adds the second to the first (the fourth to the third, ...), `passes` times. Moves 1.5
  /// times n floats a pass. n is a multiple of probe_block.
  float (*update_one)(float* data, long n, long passes);
  float (*update_three)(float* data, long n, long passes);
};

constexpr long probe_block = 12L * 32;  ///< floats

namespace avx2 {
extern const ProbeKernels probe_kernels;
}
namespace avx512 {
extern const ProbeKernels probe_kernels;
}
inline const ProbeKernels& probe_kernels() { return choose(avx2::probe_kernels, avx512::probe_kernels); }

struct Bf16ProbeKernels {
  /// `rounds` times some products of bf16 pairs (1 and 1), added to fp32 sums. Returns the sum of these.
  float (*multiply_add)(long rounds);
  /// FLOP of a round of multiply_add: of each two is one product.
  double multiply_add_flops;
};

namespace avx512_bf16 {
extern const Bf16ProbeKernels bf16_probe_kernels;
}
namespace amx_bf16 {
extern const Bf16ProbeKernels bf16_probe_kernels;
}
/// Requires has_bf16().
inline const Bf16ProbeKernels& bf16_probe_kernels() {
  return choose_bf16(avx512_bf16::bf16_probe_kernels, amx_bf16::bf16_probe_kernels);
}

}  // namespace frugal::cpu
