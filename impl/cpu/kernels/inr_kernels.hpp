// Everything of a sine network's training step that is not a square matrix product: activations with their slopes, the
// thin first and last layers, bias gradients and Adam.
//
// A tile is a block of pixels; an array [rows, width] is row-major without padding, a row being one pixel.
// Determinism: each function works serially in a fixed order; its bits depend on its arguments and the instruction set.
#pragma once
#include "impl/cpu/kernels/isa.hpp"
#include "impl/cpu/kernels/update_step.hpp"

namespace frugal::cpu {

enum class InrActivation { sine, relu };

struct InrKernels {
  /// sines[i] = sin(x[i]), cosines[i] = cos(x[i]). Absolute error below 1.5e-7 for |x| <= 2^15 (a
  /// polynomial on [-pi/2, pi/2] after a three-term Cody-Waite reduction); the C library's beyond.
  void (*sine_cosine)(const float* x, float* sines, float* cosines, long n);

  /// First layer of 2 inputs: z = x w + bias, h and slope as `activate`. x [rows, 2], w [2, width].
  void (*first_layer)(InrActivation kind, const float* x, const float* w, const float* bias, float omega0, long rows,
                      long width, float* h, float* slope);

  /// In place h = f(h + bias), slope = f'(h + bias); f(z) = sin(omega0 z) or max(z, 0). [rows, width].
  void (*activate)(InrActivation kind, float* h, const float* bias, float omega0, long rows, long width, float* slope);

  /// Last layer: y = h w^T + bias. w [channels, width], y [rows, channels].
  void (*last_layer)(const float* h, const float* w, const float* bias, long rows, long width, long channels, float* y);

  /// y becomes scale * (y - target); returns the sum of the unscaled squares. n values.
  double (*loss)(float* y, const float* target, float scale, long n);

  /// Backward through the last layer. delta [rows, channels] is dL/dy. Adds to grad_w [channels, width] and
  /// grad_bias [channels]; writes below = dL/dh [rows, width].
  void (*last_layer_backward)(const float* delta, const float* h, const float* w, long rows, long width, long channels,
                              float* below, float* grad_w, float* grad_bias);

  /// delta *= slope, and adds its column sums to grad_bias. [rows, width].
  void (*activation_backward)(float* delta, const float* slope, long rows, long width, float* grad_bias);

  /// The same for the first layer, with its weight gradient: grad_w [2, width] += x^T delta. delta is not written.
  void (*first_layer_backward)(const float* delta, const float* slope, const float* x, long rows, long width,
                               float* grad_w, float* grad_bias);

  /// sum += term
  void (*add)(float* sum, const float* term, long n);

  /// One step of Adam on n values (kernels/adam.hpp); m and v are its moments.
  void (*adam)(const UpdateStep& step, const float* g, float* w, float* m, float* v, long n);
};

namespace avx2 {
extern const InrKernels inr_kernels;
}
namespace avx512 {
extern const InrKernels inr_kernels;
}

inline const InrKernels& inr_kernels() { return choose(avx2::inr_kernels, avx512::inr_kernels); }

}  // namespace frugal::cpu
