// The elementwise functions of the coordinate networks, for kernels and for tests. The same algorithms as the cpu's
// (impl/cpu/kernels/lanes.hpp) on the FMA pipe: no special function unit, whose sine is good to 2^-20.9 absolute only
// within [-pi, pi].
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

#include "impl/base/host_device.hpp"
#include "impl/common/specs.hpp"

namespace frugal::cuda {

struct SineCosine {
  float sine;
  float cosine;
};

/// sin(pi u) and cos(pi u), absolute errors below 1.5e-7 for |u| < 2^22 (beyond, the sign is anyone's); NaN for what
/// has no sine. Half turns make the reduction exact: r = u - round(u) in [-1/2, 1/2], sin(pi u) = (-1)^round(u) sin(pi
/// r), the same for cos. Minimax polynomials r P(r^2) and C(r^2) on [0, 1/2], rounded to fp32.
FRUGAL_HOST_DEVICE inline SineCosine sine_cosine_pi(float u) {
  const float n = rintf(u);
  const float r = u - n;
  const float z = r * r;
  float p = 0x1.3911f8p-4F;
  p = fmaf(p, z, -0x1.31fbf0p-1F);
  p = fmaf(p, z, 0x1.466504p+1F);
  p = fmaf(p, z, -0x1.4abba2p+2F);
  p = fmaf(p, z, 0x1.921fb4p+1F);
  float c = -0x1.889f28p-6F;
  c = fmaf(c, z, 0x1.e0a1dep-3F);
  c = fmaf(c, z, -0x1.55cd26p+0F);
  c = fmaf(c, z, 0x1.03c1d4p+2F);
  c = fmaf(c, z, -0x1.3bd3ccp+2F);
  c = fmaf(c, z, 1.F);
  // n is odd when n / 2 is not an integer; exact, and free of the integer conversion that a large n would overflow.
  const float half = 0.5F * n;
  const float sign = half == rintf(half) ? 1.F : -1.F;
  return {sign * p * r, sign * c};
}

/// exp(x) for x <= 0, relative error below 2e-7: x = n ln 2 + r, |r| <= ln(2) / 2, Taylor polynomial of degree 7 in r.
/// Below -87 it stays at exp(-87) = 2e-38. NaN gives NaN.
FRUGAL_HOST_DEVICE inline float exp_not_positive(float x) {
  const float clamped = x < -87.F ? -87.F : x;
  const float n = rintf(clamped * 1.44269504F);
  float r = fmaf(n, -0.693145752F, clamped);  // ln 2 in two parts
  r = fmaf(n, -1.42860677e-6F, r);
  float p = 1.F / 5040;
  p = fmaf(p, r, 1.F / 720);
  p = fmaf(p, r, 1.F / 120);
  p = fmaf(p, r, 1.F / 24);
  p = fmaf(p, r, 1.F / 6);
  p = fmaf(p, r, 0.5F);
  p = fmaf(p, r, 1.F);
  p = fmaf(p, r, 1.F);
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
  const float half_turns = f.omega * 0x1.45f306p-2F;  // omega / pi
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
