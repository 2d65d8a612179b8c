// What kernels are written in: CUDA's own words, or the same by host_shim/ where FRUGAL_CUDA_ON_CPU is defined.
//
// A .cu file holds kernels and the functions that launch them; what surrounds them is a .cpp file, which nvcc need not
// see (it is slow, and cannot read fmt's checked format strings).
// For a kernel to run on both: dynamic shared memory comes from shared_memory<T>(); no float atomics (they would not be
// deterministic either); no inline PTX or tensor-core instruction without a path of plain code beside it
// (cooperation.hpp and kernels/tensor_core.hpp have both). __shared__ arrays are for kernels whose blocks do not meet.
#pragma once

#ifdef FRUGAL_CUDA_ON_CPU
#include "impl/cuda/device/host_shim/language.hpp"
#else
#include <cuda_runtime.h>
#endif
#ifdef __CUDACC__

namespace frugal::cuda {

/// The block's dynamic shared memory, aligned to 16 bytes, not initialised.
template <class T>
__device__ T* shared_memory() {
  extern __shared__ uint4 frugal_dynamic_shared[];
  return reinterpret_cast<T*>(frugal_dynamic_shared);
}

}  // namespace frugal::cuda
#endif
