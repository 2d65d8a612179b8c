#include "impl/cpu/kernels/probe_kernels.hpp"

#include "impl/cpu/kernels/lanes.hpp"

namespace frugal::cpu::FRUGAL_ISA {
namespace {

constexpr int sums = 12;  // independent ones: two units with a latency of four or five cycles stay busy

[[gnu::noipa]] float multiply_add(long rounds) {
  const Lanes half = broadcast(.5F), one = broadcast(1);
  Lanes x[sums];
  for (Lanes& s : x) s = one;
  for (long i = 0; i < rounds; ++i)
#pragma GCC unroll 12
    for (int s = 0; s < sums; ++s) x[s] = fma(x[s], half, one);
  Lanes total = zero();
  for (const Lanes& s : x) total = total + s;
  return sum(total);
}

// Memory moves fastest in several places at once, L2 in few: an array is gone through in parts side by side.
constexpr int parts = 4;

[[gnu::noipa]] float read(const float* data, long n, long passes) {
  Lanes bits[parts];
  for (Lanes& b : bits) b = zero();
  for (long pass = 0; pass < passes; ++pass)
#pragma GCC unroll 4
    for (long i = 0; i < n / parts; i += Lanes::width)
#pragma GCC unroll 4
      for (int p = 0; p < parts; ++p) bits[p] = exclusive_or(bits[p], load(data + p * (n / parts) + i));
  Lanes total = zero();
  for (const Lanes& b : bits) total = exclusive_or(total, b);
  float lanes[Lanes::width];
  store(lanes, total);
  unsigned all = 0;
  for (const float lane : lanes) all ^= __builtin_bit_cast(unsigned, lane);
  return __builtin_bit_cast(float, all);
}

template <int pairs>
[[gnu::noipa]] float update(float* data, long n, long passes) {
  const long part = n / (2 * pairs);
  for (long pass = 0; pass < passes; ++pass)
#pragma GCC unroll 4
    for (long i = 0; i < part; i += Lanes::width)
#pragma GCC unroll 3
      for (int p = 0; p < pairs; ++p) {
        float* to = data + 2 * p * part + i;
        store(to, load(to) + load(to + part));
      }
  return data[0];
}

}  // namespace

extern const ProbeKernels probe_kernels;
const ProbeKernels probe_kernels = {multiply_add, Lanes::width * 2. * sums, read, update<1>, update<3>};

}  // namespace frugal::cpu::FRUGAL_ISA
