#include "impl/cuda/inr/wide_kernels.hpp"

namespace frugal::cuda {

std::span<const WideKernels> wide_kernels_any_tf32() { return wide_kernel_table<Fp16, 1, AnyFunction>; }

}  // namespace frugal::cuda
