// What kernels are written in: CUDA's own words, or the same by host_shim/ where FRUGAL_CUDA_ON_CPU is defined.
//
// A .cu file holds kernels and the functions that launch them; what surrounds them is a .cpp file, which nvcc need not
// see (it is slow, and cannot read fmt's checked format strings).
// For a kernel to run on both: dynamic shared memory comes from shared_memory<T>(); no float atomics (they would not be
// deterministic either); no inline PTX or tensor-core instruction without a path of plain code beside it
// (cooperation.hpp and kernels/tensor_core.hpp have both). __shared__ arrays are for kernels whose blocks do not meet, and
// beside dynamic shared memory the launch says how large they are (LaunchShape::static_bytes).
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

/// In a launch that may start early: until here, whatever the launch before it writes must not be touched; behind here
/// all of it is there. Other launches go through.
__device__ inline void wait_for_launch_before() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

/// The launch behind this one may start early once all blocks have come here. Called behind wait_for_launch_before(), it
/// lets that launch touch from its beginning what the launch before this one wrote, by loads that pass L1 by (__ldcg).
__device__ inline void let_next_launch_start() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

}  // namespace frugal::cuda
#endif
