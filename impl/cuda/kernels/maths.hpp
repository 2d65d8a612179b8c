// The elementwise functions of the coordinate networks, for kernels and for tests: the polynomials of impl/common on
// the FMA pipe, no special function unit, whose sine is good to 2^-20.9 absolute only within [-pi, pi].
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

#include "impl/base/host_device.hpp"
#include "impl/common/polynomials.hpp"
#include "impl/common/specs.hpp"

namespace frugal::cuda {

struct SineCosine {
  float sine;
  float cosine;
};

/// sin(pi u) and cos(pi u) for |u| < 2^22 (beyond, the sign is anyone's); NaN for what has no sine.
/// impl/common/polynomials.hpp has the errors.
FRUGAL_HOST_DEVICE inline SineCosine sine_cosine_pi(float u) {
  const float n = rintf(u);
  const float r = u - n;
  const float z = r * r;
  namespace s = sine_of_half_turns;
  float p = s::power9;
  p = fmaf(p, z, s::power7);
  p = fmaf(p, z, s::power5);
  p = fmaf(p, z, s::power3);
  p = fmaf(p, z, s::power1);
  namespace k = cosine_of_half_turns;
  float c = k::power10;
  c = fmaf(c, z, k::power8);
  c = fmaf(c, z, k::power6);
  c = fmaf(c, z, k::power4);
  c = fmaf(c, z, k::power2);
  c = fmaf(c, z, k::power0);
  // n is odd when n / 2 is not an integer; exact, and free of the integer conversion that a large n would overflow.
  const float half = 0.5F * n;
  const float sign = half == rintf(half) ? 1.F : -1.F;
  return {sign * p * r, sign * c};
}

/// exp(x) for x <= 0: impl/common/polynomials.hpp has the error. Below exponential::least it stays at that one's. NaN
/// gives NaN.
FRUGAL_HOST_DEVICE inline float exp_not_positive(float x) {
  namespace e = exponential;
  const float clamped = x < e::least ? e::least : x;
  const float n = rintf(clamped * e::log2_e);
  const float r = fmaf(n, -e::ln2_low, fmaf(n, -e::ln2_high, clamped));
  float p = e::power7;
  p = fmaf(p, r, e::power6);
  p = fmaf(p, r, e::power5);
  p = fmaf(p, r, e::power4);
  p = fmaf(p, r, e::power3);
  p = fmaf(p, r, e::power2);
  p = fmaf(p, r, e::power1);
  p = fmaf(p, r, e::power0);
  // n is in [-126, 0], so 2^n has the exponent field n + 127.
  const auto field = static_cast<std::uint32_t>(static_cast<int>(n == n ? n : 0.F) + 127);
  return p * std::bit_cast<float>(field << 23);
}

/// Which function a layer ends in, with w of the layer (specs.hpp).
struct InrFunction {
  Activation kind;
  float omega;
  float scale;
};

/// f(z) and f'(z).
struct Activated {
  float value;
  float slope;
};

template <Activation kind>
FRUGAL_HOST_DEVICE inline Activated activated(const InrFunction& f, float z) {
  const float half_turns = f.omega * half_turns_per_radian;
  if constexpr (kind == Activation::sine) {
    const SineCosine phase = sine_cosine_pi(z * half_turns);
    return {phase.sine, phase.cosine * f.omega};
  } else if constexpr (kind == Activation::relu) {
    return {z < 0 ? 0.F : z, z > 0 ? 1.F : 0.F};
  } else if constexpr (kind == Activation::gauss) {
    const float t = f.scale * z;
    const float bell = exp_not_positive(-t * t);
    return {bell, -2.F * f.scale * t * bell};
  } else if constexpr (kind == Activation::wire) {
    const float t = f.scale * z;
    const float bell = exp_not_positive(-t * t);
    const SineCosine phase = sine_cosine_pi(z * half_turns);
    return {phase.cosine * bell, -fmaf(f.omega, phase.sine, 2.F * f.scale * t * phase.cosine) * bell};
  } else {
    const float size = fabsf(z);
    const SineCosine phase = sine_cosine_pi(fmaf(size, z, z) * half_turns);
    return {phase.sine, fmaf(size, 2.F, 1.F) * f.omega * phase.cosine};
  }
}

}  // namespace frugal::cuda
