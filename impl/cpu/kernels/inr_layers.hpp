// The functions of inr_kernels.hpp, inline, for the kernels that call them. Only kernels include this.
#pragma once
#include "impl/cpu/kernels/adam.hpp"
#include "impl/cpu/kernels/inr_kernels.hpp"
#include "impl/cpu/kernels/lanes.hpp"

namespace frugal::cpu::FRUGAL_ISA {

static_assert(inr_column_multiple % Lanes::width == 0);

/// f(z) and f'(z) of one register.
struct Activated {
  Lanes h;
  Lanes slope;
};

template <Activation kind>
class ActivationOf {
 public:
  explicit ActivationOf(const InrFunction& f)
      : omega_(broadcast(f.omega)),
        half_turns_(broadcast(f.omega * half_turns_per_radian)),
        scale_(broadcast(f.scale)) {}

  Activated operator()(Lanes z) const {
    if constexpr (kind == Activation::sine) {
      const SineCosine phase = sine_cosine_pi(z * half_turns_);
      return {phase.sine, phase.cosine * omega_};
    } else if constexpr (kind == Activation::relu) {
      return {max(zero(), z), positive(z)};
    } else if constexpr (kind == Activation::gauss) {
      const Lanes t = scale_ * z;
      const Lanes bell = exp_not_positive(zero() - t * t);
      return {bell, broadcast(-2.F) * scale_ * t * bell};
    } else if constexpr (kind == Activation::wire) {
      const Lanes t = scale_ * z;
      const Lanes bell = exp_not_positive(zero() - t * t);
      const SineCosine phase = sine_cosine_pi(z * half_turns_);
      const Lanes slope = fma(omega_, phase.sine, broadcast(2.F) * scale_ * t * phase.cosine);
      return {phase.cosine * bell, zero() - slope * bell};
    } else {
      const Lanes size = absolute(z);
      const SineCosine phase = sine_cosine_pi(fma(size, z, z) * half_turns_);
      return {phase.sine, fma(size, broadcast(2.F), broadcast(1.F)) * omega_ * phase.cosine};
    }
  }

 private:
  Lanes omega_, half_turns_, scale_;
};

/// Calls body(an ActivationOf<kind>).
template <class Body>
inline void with_activation(const InrFunction& f, const Body& body) {
  switch (f.kind) {
    case Activation::sine:
      return body(ActivationOf<Activation::sine>(f));
    case Activation::relu:
      return body(ActivationOf<Activation::relu>(f));
    case Activation::gauss:
      return body(ActivationOf<Activation::gauss>(f));
    case Activation::wire:
      return body(ActivationOf<Activation::wire>(f));
    case Activation::finer:
      return body(ActivationOf<Activation::finer>(f));
  }
}

/// Calls body(i, kept) for each register of columns; kept(activated) is what is to be stored there: 0 in the padding.
/// Only the last register of a width that is no multiple has any, so the others do not pay for masks.
template <class Body>
inline void for_each_register(const InrColumns& columns, const Body& body) {
  long i = 0;
  for (; i + Lanes::width <= columns.width && i < columns.padded; i += Lanes::width)
    body(i, [](const Activated& value) { return value; });
  for (; i < columns.padded; i += Lanes::width) {
    const long left = columns.width > i ? columns.width - i : 0;
    body(i, [left](const Activated& value) {
      return Activated{first_lanes(value.h, left), first_lanes(value.slope, left)};
    });
  }
}

/// x w + shift of one point, for the outputs of a register.
inline Lanes first_layer_sum(const float* x, long inputs, const float* w, long padded, Lanes shift) {
  Lanes z = shift;
  for (long d = 0; d < inputs; ++d) z = fma(broadcast(x[d]), load(w + d * padded), z);
  return z;
}

inline void first_layer(const InrFunction& f, const float* x, long inputs, const float* w, const float* bias, long rows,
                        const InrColumns& columns, float* h, float* slope) {
  with_activation(f, [&](const auto& activation) {
    for_each_register(columns, [&](long i, const auto& kept) {
      const Lanes shift = load(bias + i);
      for (long t = 0; t < rows; ++t) {
        const Activated value = kept(activation(first_layer_sum(x + t * inputs, inputs, w + i, columns.padded, shift)));
        store(h + t * columns.stride + i, value.h);
        store(slope + t * columns.stride + i, value.slope);
      }
    });
  });
}

inline void activate(const InrFunction& f, float* h, const float* bias, long rows, const InrColumns& columns,
                     float* slope) {
  with_activation(f, [&](const auto& activation) {
    for_each_register(columns, [&](long i, const auto& kept) {
      const Lanes shift = load(bias + i);
      for (long t = 0; t < rows; ++t) {
        const long at = t * columns.stride + i;
        const Activated value = kept(activation(load(h + at) + shift));
        store(h + at, value.h);
        store(slope + at, value.slope);
      }
    });
  });
}

/// y[t, first .. first + count) of a few channels at once: a row of h is read once for all of them.
template <int count>
inline void last_layer_channels(const float* h, const float* w, const float* bias, long rows, const InrColumns& columns,
                                long channels, long first, float* y) {
  for (long t = 0; t < rows; ++t) {
    Lanes sums[count];
    for (int c = 0; c < count; ++c) sums[c] = zero();
    for (long i = 0; i < columns.padded; i += Lanes::width) {
      const Lanes input = load(h + t * columns.stride + i);
      for (int c = 0; c < count; ++c) sums[c] = fma(input, load(w + (first + c) * columns.padded + i), sums[c]);
    }
    for (int c = 0; c < count; ++c) y[t * channels + first + c] = sum(sums[c]) + bias[first + c];
  }
}

inline void last_layer(const float* h, const float* w, const float* bias, long rows, const InrColumns& columns,
                       long channels, float* y) {
  long first = 0;
  for (; first + 3 <= channels; first += 3) last_layer_channels<3>(h, w, bias, rows, columns, channels, first, y);
  for (; first < channels; ++first) last_layer_channels<1>(h, w, bias, rows, columns, channels, first, y);
}

inline double loss(float* y, const float* target, float scale, long n) {
  double squares = 0;
#pragma omp simd reduction(+ : squares)
  for (long i = 0; i < n; ++i) {
    const float error = y[i] - target[i];
    squares += static_cast<double>(error) * static_cast<double>(error);
    y[i] = scale * error;
  }
  return squares;
}

/// Channels first .. first + count: gradient and weights of a few columns stay in registers over all rows.
template <int count>
inline void last_layer_backward_channels(const float* delta, const float* h, const float* w, long rows,
                                         const InrColumns& columns, long channels, long first, float* below,
                                         float* grad_w) {
  for (long i = 0; i < columns.padded; i += Lanes::width) {
    Lanes weight[count], gradient[count];
    for (int c = 0; c < count; ++c) {
      weight[c] = load(w + (first + c) * columns.padded + i);
      gradient[c] = load(grad_w + (first + c) * columns.padded + i);
    }
    for (long t = 0; t < rows; ++t) {
      const Lanes input = load(h + t * columns.stride + i);
      Lanes sum = first == 0 ? zero() : load(below + t * columns.stride + i);
      for (int c = 0; c < count; ++c) {
        const Lanes d = broadcast(delta[t * channels + first + c]);
        sum = fma(d, weight[c], sum);
        gradient[c] = fma(d, input, gradient[c]);
      }
      store(below + t * columns.stride + i, sum);
    }
    for (int c = 0; c < count; ++c) store(grad_w + (first + c) * columns.padded + i, gradient[c]);
  }
}

inline void last_layer_backward(const float* delta, const float* h, const float* w, long rows,
                                const InrColumns& columns, long channels, float* below, float* grad_w,
                                float* grad_bias) {
  for (long t = 0; t < rows; ++t)
    for (long c = 0; c < channels; ++c) grad_bias[c] += delta[t * channels + c];
  long c = 0;
  for (; c + 3 <= channels; c += 3)
    last_layer_backward_channels<3>(delta, h, w, rows, columns, channels, c, below, grad_w);
  for (; c < channels; ++c) last_layer_backward_channels<1>(delta, h, w, rows, columns, channels, c, below, grad_w);
}

inline void activation_backward(float* delta, const float* slope, long rows, const InrColumns& columns,
                                float* grad_bias) {
  for (long i = 0; i < columns.padded; i += Lanes::width) {
    Lanes sum = load(grad_bias + i);
    for (long t = 0; t < rows; ++t) {
      const long at = t * columns.stride + i;
      const Lanes value = load(delta + at) * load(slope + at);
      store(delta + at, value);
      sum = sum + value;
    }
    store(grad_bias + i, sum);
  }
}

template <int inputs>
inline void first_layer_backward_of(const float* delta, const float* x, long rows, const InrColumns& columns,
                                    float* grad_w) {
  for (long i = 0; i < columns.padded; i += Lanes::width) {
    Lanes gradient[inputs];
    for (int d = 0; d < inputs; ++d) gradient[d] = load(grad_w + d * columns.padded + i);
    for (long t = 0; t < rows; ++t) {
      const Lanes value = load(delta + t * columns.stride + i);
      for (int d = 0; d < inputs; ++d) gradient[d] = fma(broadcast(x[t * inputs + d]), value, gradient[d]);
    }
    for (int d = 0; d < inputs; ++d) store(grad_w + d * columns.padded + i, gradient[d]);
  }
}

inline void first_layer_backward(const float* delta, const float* x, long inputs, long rows, const InrColumns& columns,
                                 float* grad_w) {
  if (inputs == 1) return first_layer_backward_of<1>(delta, x, rows, columns, grad_w);
  if (inputs == 2) return first_layer_backward_of<2>(delta, x, rows, columns, grad_w);
  first_layer_backward_of<3>(delta, x, rows, columns, grad_w);
}

}  // namespace frugal::cpu::FRUGAL_ISA
