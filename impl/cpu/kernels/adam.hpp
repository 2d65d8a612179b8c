// Adam, for the kernels of every workload. Only kernels include this: it lives in the namespace of the instruction set
// the file is compiled for.
#pragma once
#include "impl/cpu/kernels/update_step.hpp"

namespace frugal::cpu::FRUGAL_ISA {

/// m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;  w -= lr m / (sqrt(v inverse_second) + epsilon), with
/// lr = learning rate / (1 - beta1^t). n values each; no two arrays overlap.
inline void adam(const UpdateStep& step, const float* __restrict g, float* __restrict w, float* __restrict m,
                 float* __restrict v, long n) {
  const UpdateStep s = step;
#pragma omp simd
  for (long i = 0; i < n; ++i) {
    const float first = __builtin_fmaf(s.beta1, m[i], s.one_minus_beta1 * g[i]);
    const float second = __builtin_fmaf(s.beta2, v[i], s.one_minus_beta2 * g[i] * g[i]);
    m[i] = first;
    v[i] = second;
    w[i] -= s.learning_rate * first / (__builtin_sqrtf(second * s.inverse_second) + s.epsilon);
  }
}

}  // namespace frugal::cpu::FRUGAL_ISA
