// The polynomials behind sines, cosines and exponentials in fp32, once for all back ends that compute with their own.
// Each is evaluated from its highest power down (Horner), a fused multiply-add a power: the same bits in a vector
// register and on a device. The errors are those of that evaluation, measured over the floats of the range.
//
// Numbers only: kernels are compiled once per instruction set, and a function here could be linked from the wrong one.
// Scalars, because device code may use the value of a constant of the host but not refer to an array of them.
#pragma once

namespace frugal {

/// sin(pi r) = r P(r^2) for |r| <= 1/2: 2.4 ulp at most, 1.4e-7 where it is largest. Half turns make the reduction
/// exact: r = u - round(u), and sin(pi u) = (-1)^round(u) sin(pi r). Minimax, fitted for this by Lawson's reweighted
/// least squares and rounded to fp32 one coefficient at a time; the polynomial alone is off by 7.6e-9, the rest is
/// rounding.
namespace sine_of_half_turns {
inline constexpr float power1 = 0x1.921fb4p+1F;   ///< of r^1
inline constexpr float power3 = -0x1.4abba2p+2F;  ///< of r^3
inline constexpr float power5 = 0x1.466504p+1F;   ///< of r^5
inline constexpr float power7 = -0x1.31fbf0p-1F;  ///< of r^7
inline constexpr float power9 = 0x1.3911f8p-4F;   ///< of r^9
}  // namespace sine_of_half_turns

/// cos(pi r) = C(r^2) for |r| <= 1/2: 0.9 ulp at most for |r| <= 1/4; beyond, where it goes to 0, 9e-8 (0.75 ulp of 1).
/// Reduction and source as the sine's; the polynomial alone is off by 1.1e-9.
namespace cosine_of_half_turns {
inline constexpr float power0 = 1;                 ///< of r^0
inline constexpr float power2 = -0x1.3bd3ccp+2F;   ///< of r^2
inline constexpr float power4 = 0x1.03c1d4p+2F;    ///< of r^4
inline constexpr float power6 = -0x1.55cd26p+0F;   ///< of r^6
inline constexpr float power8 = 0x1.e0a1dep-3F;    ///< of r^8
inline constexpr float power10 = -0x1.889f28p-6F;  ///< of r^10
}  // namespace cosine_of_half_turns

/// Half turns of a radian, 1 / pi.
inline constexpr float half_turns_per_radian = 0x1.45f306p-2F;

/// exp(x) = 2^n exp(r) for least <= x <= 0, with n = round(x log2_e) and r = (x - n ln2_high) - n ln2_low: 0.94 ulp at
/// most. |r| <= ln(2) / 2; exp(r) is its Taylor polynomial of degree 7. ln 2 is in two parts (Cody & Waite
/// 1980), so that n ln2_high is exact. Below `least`, exp(x) is less than 2e-38.
namespace exponential {
inline constexpr float least = -87;               ///< of x
inline constexpr float log2_e = 1.44269504F;      ///< 1 / ln 2
inline constexpr float ln2_high = 0.693145752F;   ///< 15 bits
inline constexpr float ln2_low = 1.42860677e-6F;  ///< the rest
inline constexpr float power0 = 1;                ///< of r^0
inline constexpr float power1 = 1;                ///< of r^1
inline constexpr float power2 = 0.5F;             ///< of r^2
inline constexpr float power3 = 1.F / 6;          ///< of r^3
inline constexpr float power4 = 1.F / 24;         ///< of r^4
inline constexpr float power5 = 1.F / 120;        ///< of r^5
inline constexpr float power6 = 1.F / 720;        ///< of r^6
inline constexpr float power7 = 1.F / 5040;       ///< of r^7
}  // namespace exponential

}  // namespace frugal
