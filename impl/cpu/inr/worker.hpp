// Forward and backward of one network on one tile of points, by one thread: what the implementations of the ensemble
// differ in.
#pragma once
#include <algorithm>
#include <cstdint>
#include <memory>

#include "impl/common/specs.hpp"
#include "impl/cpu/aligned_buffer.hpp"
#include "impl/cpu/inr/parameters.hpp"
#include "impl/cpu/kernels/inr_bf16.hpp"
#include "impl/cpu/kernels/inr_kernels.hpp"

namespace frugal::cpu {

/// Zeros. Every buffer starts on a cache line, so the same position always has the same alignment.
inline AlignedBuffer<float> inr_zeros(std::int64_t size) {
  AlignedBuffer<float> buffer(static_cast<std::size_t>(size));
  std::fill_n(buffer.data(), size, 0.F);
  return buffer;
}

class InrWorker {
 public:
  virtual ~InrWorker() = default;

  /// Gets ready for tiles of this many points: an exception must not leave a parallel region later.
  virtual void prepare(std::int64_t rows) = 0;

  /// Values of a tile. x [rows, inputs], y [rows, channels].
  virtual void forward(const float* parameters, const float* x, std::int64_t rows, float* y) = 0;

  /// Before the first tile of a step, unless train_tile has made these parameters by the update of the step before.
  virtual void begin_step(const float* parameters) = 0;

  /// Gradient of a tile: written to `gradient` when `fresh`, else added. scale: dL/dy over y - target. With `update`
  /// the gradient is complete with this tile: the parameters take their step, and `gradient` is used up.
  /// Returns the sum of square errors. x [rows, inputs], target [rows, channels].
  virtual double train_tile(float* parameters, const float* x, const float* target, std::int64_t rows, float scale,
                            bool fresh, float* gradient, const InrUpdate* update) = 0;
};

/// Whether the fused implementation rounds operands to bf16, for which it needs has_bf16(): without a hidden layer it
/// has none.
inline bool fused_rounds(const InrSpec& spec) { return spec.precision == Precision::bf16 && spec.hidden_layers > 0; }

/// For tiles of up to `rows` points. All keep references to spec and layout.
std::unique_ptr<InrWorker> make_fused_worker(const InrSpec& spec, const InrParameters& layout, std::int64_t rows);
std::unique_ptr<InrWorker> make_bf16_worker(const InrBf16Kernels& kernels, const InrSpec& spec,
                                            const InrParameters& layout, std::int64_t rows);
std::unique_ptr<InrWorker> make_onednn_worker(const InrSpec& spec, const InrParameters& layout, std::int64_t rows);

}  // namespace frugal::cpu
