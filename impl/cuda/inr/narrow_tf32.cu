#include "impl/cuda/inr/narrow_kernels.hpp"

namespace frugal::cuda {

std::span<const NarrowKernel> narrow_kernels_tf32() { return narrow_kernel_table<Fp16, 1, SineFunction>; }

}  // namespace frugal::cuda
