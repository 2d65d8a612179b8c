// Binary cross-entropy of a logit z against a label y in {0, 1}, without overflow for any z:
//
//   max(z, 0) - z y + log(1 + exp(-|z|)), and its derivative in z, 1 / (1 + exp(-z)) - y.
//
// Tolerance: a few eps of the largest term.
#pragma once
#include "impl/cuda/device/kernel_language.hpp"

namespace frugal::cuda {

__device__ inline float cross_entropy(float z, float y) { return fmaxf(z, 0.F) - z * y + log1pf(expf(-fabsf(z))); }

__device__ inline float cross_entropy_slope(float z, float y) { return 1 / (1 + expf(-z)) - y; }

}  // namespace frugal::cuda
