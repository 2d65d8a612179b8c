#include "impl/cpu/kernels/inr_kernels.hpp"

#include "impl/common/bf16.hpp"
#include "impl/cpu/kernels/inr_layers.hpp"

namespace frugal::cpu::FRUGAL_ISA {
namespace {

void sine_cosine_pi_of(const float* u, float* sines, float* cosines, long n) {
  for (long i = 0; i < n; i += Lanes::width) {
    const SineCosine value = sine_cosine_pi(load(u + i));
    store(sines + i, value.sine);
    store(cosines + i, value.cosine);
  }
}

void add(float* sum, const float* term, long n) {
#pragma omp simd
  for (long i = 0; i < n; ++i) sum[i] += term[i];
}

void to_bf16(const float* from, std::uint16_t* to, long n) {
#pragma omp simd
  for (long i = 0; i < n; ++i) to[i] = frugal::to_bf16(from[i]);
}

}  // namespace

extern const InrKernels inr_kernels = {
    sine_cosine_pi_of,   first_layer,          activate, last_layer, loss, last_layer_backward,
    activation_backward, first_layer_backward, add,      to_bf16,    adam};

}  // namespace frugal::cpu::FRUGAL_ISA
