#include "impl/cuda/inr/narrow_kernels.hpp"

namespace frugal::cuda {

std::span<const NarrowKernel> narrow_kernels_fp32() { return narrow_kernel_table<Fp16, 2, SineFunction>; }

}  // namespace frugal::cuda
