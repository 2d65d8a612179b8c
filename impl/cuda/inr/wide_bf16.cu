#include "impl/cuda/inr/wide_kernels.hpp"

namespace frugal::cuda {

std::span<const WideKernels> wide_kernels_bf16() { return wide_kernel_table<Bf16, 1, SineFunction>; }

}  // namespace frugal::cuda
