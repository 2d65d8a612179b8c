// Marks a function that kernels call too; nothing to every compiler but nvcc.
#pragma once

#ifdef __CUDACC__
#define FRUGAL_HOST_DEVICE __host__ __device__
#else
#define FRUGAL_HOST_DEVICE
#endif
