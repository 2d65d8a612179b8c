// Compiled once per instruction set; the loops are plain so that the compiler vectorises them.
//
// Sine and cosine. With q = round(x / pi) and r = x - q pi in [-pi/2, pi/2]:  sin x = (-1)^q sin r, cos x = (-1)^q cos
// r. pi is a sum of three floats. The first product is exact inside the fused multiply-add: x - q pi_1 is a multiple of
// 2^-23 below 2, as long as q is right, so nothing is lost to cancellation; pi_2 and pi_3 then correct pi_1 to 72 bits.
// Adding 1.5 * 2^23 rounds x / pi to an integer and leaves its parity in the lowest bit of the sum.
// Minimax polynomials, fitted for this by Lawson's reweighted least squares on [0, 1.002 pi/2] and rounded to fp32 one
// coefficient at a time: sin r = r + r^3 P(r^2) to 4.9e-9, cos r = 1 + r^2 C(r^2) to 4.5e-10. What is left is fp32
// rounding, below 1.5e-7 in all.
#include "impl/cpu/kernels/inr_kernels.hpp"

#include "impl/cpu/kernels/adam.hpp"
#include "impl/cpu/kernels/lanes.hpp"

namespace frugal::cpu::FRUGAL_ISA {
namespace {

constexpr float largest_reducible = 32768;  // 2^15: up to here the rounding of x / pi moves r by less than 0.002 pi/2
constexpr long values_in_l1 = 1024;         // values of some rows that a pass over them leaves in L1 for the next

struct SineCosine {
  float sine;
  float cosine;
};

inline float with_sign(float value, unsigned parity) {
  return __builtin_bit_cast(float, __builtin_bit_cast(unsigned, value) ^ (parity << 31));
}

inline SineCosine sine_cosine_reducible(float x) {
  constexpr float rounder = 0x1.8p23F;
  const float shifted = __builtin_fmaf(x, 0x1.45f306p-2F, rounder);
  const float q = shifted - rounder;
  float r = __builtin_fmaf(-q, 0x1.921fb6p+1F, x);
  r = __builtin_fmaf(q, 0x1.777a5cp-24F, r);
  r = __builtin_fmaf(q, 0x1.ee59dap-49F, r);
  const float z = r * r;
  float p = 0x1.5cce90p-19F;
  p = __builtin_fmaf(p, z, -0x1.9f5cccp-13F);
  p = __builtin_fmaf(p, z, 0x1.110e58p-7F);
  p = __builtin_fmaf(p, z, -0x1.555548p-3F);
  float c = -0x1.1969a2p-22F;
  c = __builtin_fmaf(c, z, 0x1.9f9312p-16F);
  c = __builtin_fmaf(c, z, -0x1.6c14b8p-10F);
  c = __builtin_fmaf(c, z, 0x1.555550p-5F);
  c = __builtin_fmaf(c, z, -0.5F);
  const auto parity = __builtin_bit_cast(unsigned, shifted);
  return {with_sign(__builtin_fmaf(p * z, r, r), parity), with_sign(__builtin_fmaf(c, z, 1.F), parity)};
}

/// Sines and scale * cosines; `sines` may be x itself. `beyond`: some x is not reducible.
void sines_cosines(const float* x, float scale, bool beyond, long n, float* sines, float* cosines) {
  if (beyond) {
    for (long i = 0; i < n; ++i) {
      const float value = x[i];
      const bool reducible = __builtin_fabsf(value) <= largest_reducible;
      const SineCosine fast = sine_cosine_reducible(reducible ? value : 0.F);
      sines[i] = reducible ? fast.sine : __builtin_sinf(value);
      cosines[i] = scale * (reducible ? fast.cosine : __builtin_cosf(value));
    }
    return;
  }
#pragma omp simd
  for (long i = 0; i < n; ++i) {
    const SineCosine value = sine_cosine_reducible(x[i]);
    sines[i] = value.sine;
    cosines[i] = scale * value.cosine;
  }
}

void sine_cosine(const float* x, float* sines, float* cosines, long n) {
  int beyond = 0;
#pragma omp simd reduction(| : beyond)
  for (long i = 0; i < n; ++i) beyond |= __builtin_fabsf(x[i]) <= largest_reducible ? 0 : 1;
  sines_cosines(x, 1.F, beyond != 0, n, sines, cosines);
}

/// h = f(z) and slope = f'(z), where `fill_row(t, factor, row)` writes factor * z of pixel t; some rows at a time, so
/// that they stay in L1 between the passes.
template <class FillRow>
inline void activate_rows(InrActivation kind, FillRow fill_row, float omega0, long rows, long width, float* h,
                          float* slope) {
  const float factor = kind == InrActivation::sine ? omega0 : 1.F;
  const long group = width < values_in_l1 ? values_in_l1 / width : 1;
  for (long first = 0; first < rows; first += group) {
    const long count = rows - first < group ? rows - first : group;
    const long n = count * width;
    float* z = h + first * width;
    float* derivative = slope + first * width;
    for (long t = 0; t < count; ++t) fill_row(first + t, factor, z + t * width);
    if (kind == InrActivation::sine) {
      int beyond = 0;
#pragma omp simd reduction(| : beyond)
      for (long i = 0; i < n; ++i) beyond |= __builtin_fabsf(z[i]) <= largest_reducible ? 0 : 1;
      sines_cosines(z, omega0, beyond != 0, n, z, derivative);
    } else {
#pragma omp simd
      for (long i = 0; i < n; ++i) {
        derivative[i] = z[i] > 0 ? 1.F : 0.F;
        z[i] = z[i] > 0 ? z[i] : 0.F;
      }
    }
  }
}

void first_layer(InrActivation kind, const float* x, const float* w, const float* bias, float omega0, long rows,
                 long width, float* h, float* slope) {
  const auto fill_row = [=](long t, float factor, float* row) {
    const float x0 = x[2 * t];
    const float x1 = x[2 * t + 1];
#pragma omp simd
    for (long i = 0; i < width; ++i) row[i] = factor * (__builtin_fmaf(x1, w[width + i], x0 * w[i]) + bias[i]);
  };
  activate_rows(kind, fill_row, omega0, rows, width, h, slope);
}

void activate(InrActivation kind, float* h, const float* bias, float omega0, long rows, long width, float* slope) {
  const auto fill_row = [=](long, float factor, float* row) {
#pragma omp simd
    for (long i = 0; i < width; ++i) row[i] = factor * (row[i] + bias[i]);
  };
  activate_rows(kind, fill_row, omega0, rows, width, h, slope);
}

/// y[t, first .. first + count) of a few channels at once: a row of h is read once for all of them.
template <int count>
inline void last_layer_channels(const float* h, const float* w, const float* bias, long rows, long width, long channels,
                                long first, float* y) {
  const long whole = width / Lanes::width * Lanes::width;
  for (long t = 0; t < rows; ++t) {
    Lanes sums[count];
    for (int c = 0; c < count; ++c) sums[c] = zero();
    for (long i = 0; i < whole; i += Lanes::width) {
      const Lanes input = load(h + t * width + i);
      for (int c = 0; c < count; ++c) sums[c] = fma(input, load(w + (first + c) * width + i), sums[c]);
    }
    for (int c = 0; c < count; ++c) {
      float value = sum(sums[c]);
      for (long i = whole; i < width; ++i) value = __builtin_fmaf(h[t * width + i], w[(first + c) * width + i], value);
      y[t * channels + first + c] = value + bias[first + c];
    }
  }
}

void last_layer(const float* h, const float* w, const float* bias, long rows, long width, long channels, float* y) {
  long first = 0;
  for (; first + 3 <= channels; first += 3) last_layer_channels<3>(h, w, bias, rows, width, channels, first, y);
  for (; first < channels; ++first) last_layer_channels<1>(h, w, bias, rows, width, channels, first, y);
}

double loss(float* y, const float* target, float scale, long n) {
  double squares = 0;
#pragma omp simd reduction(+ : squares)
  for (long i = 0; i < n; ++i) {
    const float error = y[i] - target[i];
    squares += static_cast<double>(error) * static_cast<double>(error);
    y[i] = scale * error;
  }
  return squares;
}

/// Three channels, as many columns as fill whole registers: gradient and weights of a few columns stay in
/// registers over all rows. Returns the column after the last one done.
long last_layer_backward_rgb(const float* delta, const float* h, const float* w, long rows, long width, float* below,
                             float* grad_w) {
  constexpr int channels = 3;
  long i = 0;
  for (; i + Lanes::width <= width; i += Lanes::width) {
    Lanes weight[channels], gradient[channels];
    for (int c = 0; c < channels; ++c) {
      weight[c] = load(w + c * width + i);
      gradient[c] = load(grad_w + c * width + i);
    }
    for (long t = 0; t < rows; ++t) {
      const Lanes input = load(h + t * width + i);
      Lanes sum = zero();
      for (int c = 0; c < channels; ++c) {
        const Lanes d = broadcast(delta[t * channels + c]);
        sum = fma(d, weight[c], sum);
        gradient[c] = fma(d, input, gradient[c]);
      }
      store(below + t * width + i, sum);
    }
    for (int c = 0; c < channels; ++c) store(grad_w + c * width + i, gradient[c]);
  }
  return i;
}

void last_layer_backward(const float* delta, const float* h, const float* w, long rows, long width, long channels,
                         float* below, float* grad_w, float* grad_bias) {
  const long done = channels == 3 ? last_layer_backward_rgb(delta, h, w, rows, width, below, grad_w) : 0;
  for (long t = 0; t < rows; ++t) {
    const float* d = delta + t * channels;
    for (long c = 0; c < channels; ++c) grad_bias[c] += d[c];
#pragma omp simd
    for (long i = done; i < width; ++i) {
      float sum = 0;
      for (long c = 0; c < channels; ++c) {
        sum = __builtin_fmaf(d[c], w[c * width + i], sum);
        grad_w[c * width + i] = __builtin_fmaf(d[c], h[t * width + i], grad_w[c * width + i]);
      }
      below[t * width + i] = sum;
    }
  }
}

void activation_backward(float* delta, const float* slope, long rows, long width, float* grad_bias) {
  for (long t = 0; t < rows; ++t) {
#pragma omp simd
    for (long i = 0; i < width; ++i) {
      const float value = delta[t * width + i] * slope[t * width + i];
      delta[t * width + i] = value;
      grad_bias[i] += value;
    }
  }
}

void first_layer_backward(const float* delta, const float* slope, const float* x, long rows, long width, float* grad_w,
                          float* grad_bias) {
  for (long t = 0; t < rows; ++t) {
    const float x0 = x[2 * t];
    const float x1 = x[2 * t + 1];
#pragma omp simd
    for (long i = 0; i < width; ++i) {
      const float value = delta[t * width + i] * slope[t * width + i];
      grad_w[i] = __builtin_fmaf(x0, value, grad_w[i]);
      grad_w[width + i] = __builtin_fmaf(x1, value, grad_w[width + i]);
      grad_bias[i] += value;
    }
  }
}

void add(float* sum, const float* term, long n) {
#pragma omp simd
  for (long i = 0; i < n; ++i) sum[i] += term[i];
}

}  // namespace

extern const InrKernels inr_kernels = {
    sine_cosine,         first_layer,          activate, last_layer, loss, last_layer_backward,
    activation_backward, first_layer_backward, add,      adam};

}  // namespace frugal::cpu::FRUGAL_ISA
