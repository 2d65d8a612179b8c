// The limits of the device. Kernels that do one thing only, and the probes of the back end made of them.
#pragma once
#include <cstdint>
#include <vector>

#include "impl/common/probe.hpp"
#include "impl/common/specs.hpp"
#include "impl/cuda/device/device.hpp"

namespace frugal::cuda {

/// One probe a resource; compute is what mma.sync reaches for tf32 and bf16, and is left out where the device has no
/// tensor cores for them.
std::vector<Probe> probes(Precision precision);

namespace probe {

constexpr unsigned threads = 256;  ///< of a block
constexpr int sums = 8;            ///< independent ones of a thread, or products of a warp

/// FLOP of one round of a block.
constexpr double multiply_add_flops = 2. * sums * threads;
double product_flops(Precision precision);
constexpr double sines = threads;  ///< of one round of a block

// Each writes one value a thread to results [blocks * threads].

/// The sum of `sums` values that went through x = x / 2 + 1, from 1.
void multiply_add(unsigned blocks, int rounds, float* results, const Stream& stream);
/// A warp adds products of ones (16 x 8, depth of tf32 or bf16) to `sums` sums; the total of what the thread holds.
void product(Precision precision, unsigned blocks, int rounds, float* results, const Stream& stream);
/// The sum of what the thread read of data [4 * quads].
void read(const float4* data, std::uint64_t quads, unsigned blocks, float* results, const Stream& stream);
/// The sum of sin^2 + cos^2 of `rounds` angles.
void sine(unsigned blocks, int rounds, float* results, const Stream& stream);

}  // namespace probe
}  // namespace frugal::cuda
