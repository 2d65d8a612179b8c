// What the fast kernels compute with where the general one takes impl/cuda/kernels/maths.hpp and an exact division: the
// special function unit, after a range reduction that is exact. The activations are two types: sines, and all others.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

#include "impl/common/adam.hpp"
#include "impl/cuda/device/kernel_language.hpp"
#include "impl/cuda/inr/network.hpp"
#include "impl/cuda/kernels/half_operands.hpp"
#include "impl/cuda/kernels/special_unit.hpp"

namespace frugal::cuda {

/// Four values as columns of an operand of T (half_operands.hpp), each in two parts beside each other.
template <class T>
__device__ __forceinline__ uint4 two_part_columns(float a, float b, float c, float d) {
  const auto split = [](float x) {
    const float high = T::unpack(T::pack(x, x)).x;
    return T::pack(x, x - high);
  };
  return make_uint4(split(a), split(b), split(c), split(d));
}

/// sin(2 pi u) times `size`, and cos(2 pi u), for |u| < 2^22. `exactly`: whole turns come off first; the unit is good to
/// 2^-20.9 within half a turn, a quarter of what the rounding of a phase of 30 makes. Without, its error is some 2^-22 of
/// the phase, which is nothing beside that of a phase whose operands have 11 bits.
template <bool exactly>
__device__ __forceinline__ void sine_cosine_of_turns(float u, float size, float& sine, float& cosine) {
  if constexpr (exactly) {
    constexpr float to_whole = 12582912.F;  // 1.5 * 2^23: what is added to it is rounded to whole numbers
    u -= (u + to_whole) - to_whole;
  }
  constexpr float radians_per_turn = 6.28318530717959F;
  const float x = u * radians_per_turn;
  sine = special_unit::sine(x) * size;
  cosine = special_unit::cosine(x);
}

inline constexpr float turns_per_radian = half_turns_per_radian / 2;

/// sin(omega z) as operands of T in `parts` parts, in units of 1 / scale: steps around 0 are 2^-34 of a sine in fp16.
/// z comes times `unit`, in turns; the slope is in units of slope_unit().
template <class T, int parts>
struct SineFunction {
  static constexpr float scale = T::scaled ? 1024 : 1;
  static constexpr bool vanishes = false;  ///< whether slopes may do so over all of a tile
  float unit;
  __device__ SineFunction(const InrNetwork& net, unsigned layer) : unit(slope_unit(net, layer) * turns_per_radian) {}
  static __device__ float slope_unit(const InrNetwork& net, unsigned layer) {
    return layer == 0 ? net.first_omega : net.omega;
  }
  /// What unit `column` of a layer is multiplied by: the padding is 0 where a sine is.
  static __device__ float scale_of(const InrNetwork&, unsigned) { return scale; }
  __device__ __forceinline__ void apply(float turns, float size, float& value, float& slope) const {
    sine_cosine_of_turns<parts == 2>(turns, size, value, slope);
  }
};

/// The other activations (specs.hpp): a ramp, or a wave under a bell. With t = omega (z + bend |z| z),
///     gauss e^-(scale z)^2,  wire cos(t) e^-(scale z)^2,  finer sin(t) with bend 1:
/// one formula without branches, whose constants are the activation's; what it needs of the slope is in units of
/// slope_unit(), so that slopes are about 1. Steps around 0 are 2^-28 in fp16, and a ramp ends at 4094 there: a training
/// that went astray stays finite where the oracle's does. A NaN stays.
template <class T, int parts>
struct AnyFunction {
  static constexpr float scale = T::scaled ? 16 : 1;
  static constexpr bool vanishes = true;
  static constexpr float unit = 1;
  bool ramp, odd;
  float turns, bend, bell, slope_of_wave, slope_of_bell;

  __device__ AnyFunction(const InrNetwork& net, unsigned layer)
      : ramp(net.activation == Activation::relu), odd(net.activation == Activation::finer) {
    const float of_slope = 1 / slope_unit(net, layer), square = odd ? 0.F : net.scale * net.scale;
    const float omega = omega_of(net, layer);
    turns = omega * turns_per_radian;
    bend = odd ? 1.F : 0.F;
    bell = -1.44269504088896F * square;
    slope_of_wave = omega * of_slope;
    slope_of_bell = -2 * square * of_slope;
  }
  static __device__ float omega_of(const InrNetwork& net, unsigned layer) {
    return net.activation == Activation::gauss ? 0.F : layer == 0 ? net.first_omega : net.omega;
  }
  static __device__ float slope_unit(const InrNetwork& net, unsigned layer) {
    if (net.activation == Activation::relu) return 1;
    return omega_of(net, layer) + (net.activation == Activation::finer ? 0.F : net.scale);
  }
  static __device__ float scale_of(const InrNetwork& net, unsigned column) {
    return column < static_cast<unsigned>(net.width) ? scale : 0.F;
  }
  __device__ __forceinline__ void apply(float z, float size, float& value, float& slope) const {
    constexpr float most = T::scaled ? 65504 / scale : 3e38F;
    const float bent = bend * fabsf(z), square = z * z;
    float sine, cosine;
    sine_cosine_of_turns<parts == 2>(fmaf(bent, z, z) * turns, 1, sine, cosine);
    const float wave = odd ? sine : cosine;
    const float rate = fmaf(2 * bent, slope_of_wave, slope_of_wave) * (odd ? cosine : -sine);
    const float height = special_unit::exp2(bell * square);
    const float ramped = z < 0 ? 0.F : z > most ? most : z;
    value = (ramp ? ramped : wave * height) * size;
    slope = ramp ? (z > 0 ? 1.F : 0.F) : fmaf(slope_of_bell * z, wave, rate) * height;
  }
};

/// adam_update() of update.hpp with the special unit's root and inverse, each within 2 ulp, and with what does not depend
/// on the parameter taken out of it: for r = sqrt(inverse_second),
///     rate m / (sqrt(v inverse_second) + epsilon) = (rate / r) m / (sqrt(v) + epsilon / r).
struct FastAdam {
  float rate, epsilon, one_minus_beta1, one_minus_beta2, decay;

  /// For parameters in units of 1 / `scale`.
  explicit __device__ FastAdam(const UpdateStep& step, float scale = 1)
      : one_minus_beta1(step.one_minus_beta1), one_minus_beta2(step.one_minus_beta2), decay(step.decay) {
    const float inverse_root = special_unit::inverse(special_unit::root(step.inverse_second));
    rate = step.rate * inverse_root * scale;
    epsilon = fmaxf(step.epsilon * inverse_root, 1e-30F);  // where epsilon is 0, no gradient is no step
  }

  __device__ __forceinline__ void take(float g, float& w, float& m, float& v) const {
    m = fmaf(one_minus_beta1, g - m, m);
    v = fmaf(one_minus_beta2, fmaf(g, g, -v), v);
    w = fmaf(-rate * m, special_unit::inverse(special_unit::root(v) + epsilon), w * decay);
  }
  __device__ __forceinline__ void take(const float4& g, float4& w, float4& m, float4& v) const {
    take(g.x, w.x, m.x, v.x);
    take(g.y, w.y, m.y, v.y);
    take(g.z, w.z, m.z, v.z);
    take(g.w, w.w, m.w, v.w);
  }
};

/// A power of two by which weights are multiplied as operands: steps around 0 are 2^-32 in fp16.
template <class T>
inline constexpr float weight_scale = T::scaled ? 256 : 1;

__device__ __forceinline__ float4 operator*(const float4& v, float factor) {
  return make_float4(v.x * factor, v.y * factor, v.z * factor, v.w * factor);
}

/// A fragment of the weights (rows r and r + 8, columns c and c + 1, in that order), in units of 1 / weight_scale, as
/// operands. Beyond fp16's range (255, in two parts 511), where a phase of omega0 times the weight has long been noise,
/// one counts as the largest: a training that went astray stays finite where the oracle's does. A NaN stays.
template <class T, int parts>
struct WeightOperands {
  Pair<T, parts> upper, lower;
  explicit __device__ WeightOperands(const float4& w)
      : upper(Pair<T, parts>::finite(w.x, w.y)), lower(Pair<T, parts>::finite(w.z, w.w)) {}
};

/// `factor`, or less where deltas that have `scale` would then have more than 2^96: one tile's sums are brought to the units
/// of another, whose slopes may vanish, and must stay finite. What is lost is below 2^-120.
template <class Function>
__device__ __forceinline__ float bounded_factor(float factor, float scale) {
  if constexpr (Function::vanishes) return fminf(factor, 0x1p96F / scale);
  return factor;
}

/// A power of two that brings `largest` to [2^13, 2^14): a quarter of what fp16 holds, its low part far above the
/// smallest step. 1 for 0, infinity and NaN.
template <class T>
__device__ __forceinline__ float scale_for(float largest) {
  if constexpr (!T::scaled) return 1;
  const int exponent = static_cast<int>(std::bit_cast<std::uint32_t>(largest) >> 23 & 255U);
  if (exponent == 0 || exponent == 255) return 1;
  // Of the scale: at most 2^126, so that it and its inverse are normal numbers.
  const int of_scale = min(127 + 13 - (exponent - 127), 253);
  return std::bit_cast<float>(static_cast<std::uint32_t>(of_scale) << 23);
}

}  // namespace frugal::cuda
