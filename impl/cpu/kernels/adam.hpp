// Adam, for the kernels of every workload. Only kernels include this: it lives in the namespace of the instruction set
// the file is compiled for.
#pragma once
#include "impl/common/adam.hpp"
#include "impl/cpu/kernels/lanes.hpp"

namespace frugal::cpu::FRUGAL_ISA {

/// The formula of impl/common/adam.hpp. In this form a value costs few multiplications, which are what Adam waits for:
/// inverse_second moves out of the root into rate and epsilon.
class AdamUpdate {
 public:
  explicit AdamUpdate(const UpdateStep& s)
      : one_minus_beta1_(s.one_minus_beta1),
        one_minus_beta2_(s.one_minus_beta2),
        decay_(s.decay),
        twice_epsilon_(s.epsilon * (2 / __builtin_sqrtf(s.inverse_second))),
        rate_(s.rate * (2 / __builtin_sqrtf(s.inverse_second))) {}

  /// A register of each. Returns what it leaves at w.
  Lanes operator()(Lanes gradient, float* w, float* m, float* v) const {
    const Lanes before = load(m), square = load(v);
    const Lanes first = fma(broadcast(one_minus_beta1_), gradient - before, before);
    const Lanes second = fma(broadcast(one_minus_beta2_), gradient * gradient - square, square);
    store(m, first);
    store(v, second);
    const Lanes step = over_twice_root(first, second, broadcast(twice_epsilon_));
    const Lanes moved = fnma(broadcast(rate_), step, broadcast(decay_) * load(w));
    store(w, moved);
    return moved;
  }

  /// n values of each; no two arrays overlap.
  void operator()(const float* __restrict g, float* __restrict w, float* __restrict m, float* __restrict v,
                  long n) const {
    long i = 0;
    for (; i + Lanes::width <= n; i += Lanes::width) (*this)(load(g + i), w + i, m + i, v + i);
    for (; i < n; ++i) {
      m[i] = __builtin_fmaf(one_minus_beta1_, g[i] - m[i], m[i]);
      v[i] = __builtin_fmaf(one_minus_beta2_, g[i] * g[i] - v[i], v[i]);
      w[i] = __builtin_fmaf(-rate_, m[i] / (2 * __builtin_sqrtf(v[i]) + twice_epsilon_), decay_ * w[i]);
    }
  }

 private:
  float one_minus_beta1_, one_minus_beta2_, decay_, twice_epsilon_, rate_;
};

inline void adam(const UpdateStep& step, const float* g, float* w, float* m, float* v, long n) {
  AdamUpdate{step}(g, w, m, v, n);
}

}  // namespace frugal::cpu::FRUGAL_ISA
