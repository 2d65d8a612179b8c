// Adam, for the kernels of every workload. Only kernels include this: it lives in the namespace of the instruction set
// the file is compiled for.
#pragma once
#include "impl/cpu/kernels/lanes.hpp"
#include "impl/cpu/kernels/update_step.hpp"

namespace frugal::cpu::FRUGAL_ISA {

/// m += (1 - beta1) (g - m);  v += (1 - beta2) (g^2 - v);
/// w = decay w - lr m / (sqrt(v inverse_second) + epsilon), with lr = learning rate / (1 - beta1^t).
/// n values each; no two arrays overlap. In this form a value costs few multiplications, which are what Adam waits for;
/// inverse_second moves out of the root into lr and epsilon.
inline void adam(const UpdateStep& step, const float* __restrict g, float* __restrict w, float* __restrict m,
                 float* __restrict v, long n) {
  const UpdateStep s = step;
  if (s.decay != 1) {
#pragma omp simd
    for (long i = 0; i < n; ++i) w[i] *= s.decay;
  }
  const float correction = 2 / __builtin_sqrtf(s.inverse_second);
  const float twice_epsilon = s.epsilon * correction;
  const float rate = s.learning_rate * correction;
  const Lanes one_minus_beta1 = broadcast(s.one_minus_beta1), one_minus_beta2 = broadcast(s.one_minus_beta2);
  long i = 0;
  for (; i + Lanes::width <= n; i += Lanes::width) {
    const Lanes gradient = load(g + i), before = load(m + i), square = load(v + i);
    const Lanes first = fma(one_minus_beta1, gradient - before, before);
    const Lanes second = fma(one_minus_beta2, gradient * gradient - square, square);
    store(m + i, first);
    store(v + i, second);
    store(w + i, fnma(broadcast(rate), over_twice_root(first, second, broadcast(twice_epsilon)), load(w + i)));
  }
  for (; i < n; ++i) {
    m[i] = __builtin_fmaf(s.one_minus_beta1, g[i] - m[i], m[i]);
    v[i] = __builtin_fmaf(s.one_minus_beta2, g[i] * g[i] - v[i], v[i]);
    w[i] = __builtin_fmaf(-rate, m[i] / (2 * __builtin_sqrtf(v[i]) + twice_epsilon), w[i]);
  }
}

}  // namespace frugal::cpu::FRUGAL_ISA
