#include "impl/cuda/inr/narrow_kernels.hpp"

namespace frugal::cuda {

std::span<const NarrowKernel> narrow_kernels_bf16() { return narrow_kernel_table<Bf16, 1, SineFunction>; }

}  // namespace frugal::cuda
