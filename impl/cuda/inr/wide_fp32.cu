#include "impl/cuda/inr/wide_kernels.hpp"

namespace frugal::cuda {

std::span<const WideKernels> wide_kernels_fp32() { return wide_kernel_table<Fp16, 2, SineFunction>; }

}  // namespace frugal::cuda
