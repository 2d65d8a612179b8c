// Forward and backward of one network on one tile of pixels, by one thread. oneDNN does the square products, the
// kernels of kernels/inr_kernels.hpp the rest; activations are [rows, width], a row being one pixel.
#pragma once
#include <cstdint>
#include <map>
#include <vector>

#include "impl/common/specs.hpp"
#include "impl/cpu/aligned_buffer.hpp"
#include "impl/cpu/kernels/inr_kernels.hpp"
#include "impl/cpu/matmul.hpp"

namespace frugal::cpu {

using InrBuffer = AlignedBuffer<float>;

/// Zeros. Every buffer starts on a cache line, so the same position always has the same alignment.
InrBuffer inr_zeros(std::int64_t size);

/// While it lives, this thread's oneDNN calls use one thread, and primitives are made for that.
class InrOneThread {
 public:
  InrOneThread();
  ~InrOneThread();
  InrOneThread(const InrOneThread&) = delete;
  InrOneThread& operator=(const InrOneThread&) = delete;

 private:
  int before_;
};

/// Where the parameters of one network lie, from its start. Hidden weights are kept as [in, out] (the product h W needs
/// no transposition), the first as [2, width], the last as [channels, width].
struct InrOffsets {
  explicit InrOffsets(const InrSpec& spec);
  std::vector<std::int64_t> weight, bias;
  std::int64_t count;   ///< parameters of a network
  std::int64_t stride;  ///< the same, up to a whole cache line
};

/// The square products of one tile size.
struct InrProducts {
  InrProducts(std::int64_t rows, std::int64_t width);
  Matmul forward, input_gradient, weight_gradient, more_weight_gradient;
};

/// What one thread needs to run tiles of up to `rows` pixels. Keeps references to `spec` and `at`.
class InrWorker {
 public:
  InrWorker(const InrSpec& spec, const InrOffsets& at, std::int64_t rows);

  /// Makes the products of a tile size before they are needed: an exception must not leave a parallel region.
  void prepare(std::int64_t rows);

  /// Colours of a tile of pixels. x [rows, 2], y [rows, channels].
  void forward(const float* parameters, const float* x, std::int64_t rows, float* y);

  /// Gradient of a tile: written to `gradient` when `fresh`, else added. `scale` is dL/d(square error) * 2.
  /// Returns the sum of square errors. target [rows, channels].
  double train_tile(const float* parameters, const float* x, const float* target, std::int64_t rows, float scale,
                    bool fresh, float* gradient);

 private:
  InrProducts& products(std::int64_t rows) { return products_.at(rows); }
  void clear_thin(float* gradient) const;

  const InrSpec& spec_;
  const InrOffsets& at_;
  const InrKernels& kernels_;
  InrActivation kind_;
  float omega0_;
  InrBuffer delta_;                        ///< [rows, channels]: y, then dL/dy
  InrBuffer gradient_, below_;             ///< [rows, width]: dL/dh of a layer, then dL/dz; and of the layer below
  std::vector<InrBuffer> hidden_, slope_;  ///< h and f'(z) of each layer
  std::map<std::int64_t, InrProducts> products_;  ///< by rows
};

}  // namespace frugal::cpu
