// Large uploads from pageable memory. The driver takes such a copy by one thread through one buffer; several threads fill
// pinned buffers several times as fast.
#pragma once
#include <cuda_runtime.h>

#include <cstddef>

namespace frugal::cuda {

/// Uploads from which on it pays.
inline constexpr std::size_t staged_bytes = std::size_t{16} << 20;

/// Copies on the stream; `from` may change when this returns.
cudaError_t upload_staged(void* to, const void* from, std::size_t bytes, cudaStream_t stream);

}  // namespace frugal::cuda
