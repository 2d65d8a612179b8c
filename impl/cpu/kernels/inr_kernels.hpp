// Everything of a coordinate network's training step that is not a square matrix product: activations with their
// slopes, the thin first and last layers, bias gradients and Adam.
//
// A tile is a block of points; an array [rows, width] has a point a row. Rows are padded: `columns.padded` is the width
// up to a multiple of inr_column_multiple, and the columns between hold 0 in every array, of activations and of
// parameters, before and after each function; `columns.stride` is the distance between rows.
// Determinism: each function works serially in a fixed order; its bits depend on its arguments and the instruction set.
#pragma once
#include <cstdint>

#include "impl/common/adam.hpp"
#include "impl/common/specs.hpp"
#include "impl/cpu/kernels/isa.hpp"

namespace frugal::cpu {

inline constexpr long inr_column_multiple = 16;

struct InrColumns {
  long width;   ///< that count
  long padded;  ///< a multiple of inr_column_multiple
  long stride;  ///< between rows; at least padded
};

/// f of specs.hpp.
struct InrFunction {
  Activation kind;
  float omega;
  float scale;
};

struct InrKernels {
  /// sines[i] = sin(pi u[i]), cosines[i] = cos(pi u[i]); kernels/lanes.hpp has the errors. n a multiple of 16.
  void (*sine_cosine_pi)(const float* u, float* sines, float* cosines, long n);

  /// First layer: z = x w + bias, h = f(z), slope = f'(z). x [rows, inputs], w [inputs, padded], h and slope
  /// [rows, width].
  void (*first_layer)(const InrFunction& f, const float* x, long inputs, const float* w, const float* bias, long rows,
                      const InrColumns& columns, float* h, float* slope);

  /// In place h = f(h + bias), slope = f'(h + bias). [rows, width].
  void (*activate)(const InrFunction& f, float* h, const float* bias, long rows, const InrColumns& columns,
                   float* slope);

  /// Last layer: y = h w^T + bias. w [channels, padded], y [rows, channels].
  void (*last_layer)(const float* h, const float* w, const float* bias, long rows, const InrColumns& columns,
                     long channels, float* y);

  /// y becomes scale * (y - target); returns the sum of the unscaled squares. n values.
  double (*loss)(float* y, const float* target, float scale, long n);

  /// Backward through the last layer. delta [rows, channels] is dL/dy. Adds to grad_w [channels, padded] and grad_bias
  /// [channels]; writes below = dL/dh [rows, width].
  void (*last_layer_backward)(const float* delta, const float* h, const float* w, long rows, const InrColumns& columns,
                              long channels, float* below, float* grad_w, float* grad_bias);

  /// dL/dh becomes dL/dz: delta *= slope; its column sums are added to grad_bias. [rows, width].
  void (*activation_backward)(float* delta, const float* slope, long rows, const InrColumns& columns, float* grad_bias);

  /// grad_w [inputs, padded] += x^T delta.
  void (*first_layer_backward)(const float* delta, const float* x, long inputs, long rows, const InrColumns& columns,
                               float* grad_w);

  /// sum += term. n values.
  void (*add)(float* sum, const float* term, long n);

  /// Rounds to bf16, to nearest, ties to even; NaN stays NaN. n values.
  void (*to_bf16)(const float* from, std::uint16_t* to, long n);

  /// One step of Adam on n values (kernels/adam.hpp); m and v are its moments.
  void (*adam)(const UpdateStep& step, const float* g, float* w, float* m, float* v, long n);
};

/// What a step of Adam needs beside gradient and parameters: its moments, laid out as these.
struct InrUpdate {
  UpdateStep step;
  float* first;
  float* second;
};

namespace avx2 {
extern const InrKernels inr_kernels;
}
namespace avx512 {
extern const InrKernels inr_kernels;
}

inline const InrKernels& inr_kernels() { return choose(avx2::inr_kernels, avx512::inr_kernels); }

}  // namespace frugal::cpu
