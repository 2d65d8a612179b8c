// oneDNN does the square products, the kernels of kernels/inr_kernels.hpp the rest. With bf16 the operands of the
// products are rounded to it; sums, activations, gradients and parameters stay fp32. A processor without AVX-512 BF16
// multiplies the rounded operands as floats: the products are the same numbers, and no faster than those of fp32.
#include <map>
#include <utility>
#include <vector>

#include "impl/common/bf16.hpp"
#include "impl/cpu/inr/worker.hpp"
#include "impl/cpu/matmul.hpp"

namespace frugal::cpu {
namespace {

/// The square products of one tile size.
struct InrProducts {
  InrProducts(std::int64_t rows, std::int64_t width, bool bf16)
      : forward({.m = rows, .n = width, .k = width, .bf16 = bf16}),
        input_gradient({.m = rows, .n = width, .k = width, .transpose_b = true, .bf16 = bf16}),
        weight_gradient({.m = width, .n = width, .k = rows, .transpose_a = true, .bf16 = bf16}),
        more_weight_gradient(
            {.m = width, .n = width, .k = rows, .transpose_a = true, .accumulate = true, .bf16 = bf16}) {}
  Matmul forward, input_gradient, weight_gradient, more_weight_gradient;
};

/// An operand of the products: the values themselves, or a copy rounded to bf16, as such or as floats.
class InrOperand {
 public:
  InrOperand(std::int64_t size, bool bf16)
      : rounded_(bf16 ? static_cast<std::size_t>(size) : 0), widened_(onednn_multiplies_bf16() ? 0 : rounded_.size()) {}

  const void* of(const float* values, std::int64_t n) {
    if (rounded_.size() == 0) return values;
    inr_kernels().to_bf16(values, rounded_.data(), n);
    if (widened_.size() > 0)
      for (std::int64_t i = 0; i < n; ++i) widened_[i] = from_bf16(rounded_[i]);
    return again(values);
  }
  /// What `of` gave last, for the same values.
  const void* again(const float* values) const {
    if (widened_.size() > 0) return widened_.data();
    if (rounded_.size() > 0) return rounded_.data();
    return values;
  }

 private:
  AlignedBuffer<std::uint16_t> rounded_;
  AlignedBuffer<float> widened_;
};

class InrOnednnWorker final : public InrWorker {
 public:
  InrOnednnWorker(const InrSpec& spec, const InrParameters& layout, std::int64_t rows)
      : spec_(spec),
        at_(layout),
        kernels_(inr_kernels()),
        first_{spec.activation, static_cast<float>(spec.first_omega0), static_cast<float>(spec.scale)},
        hidden_{spec.activation, static_cast<float>(spec.omega0), static_cast<float>(spec.scale)},
        y_(inr_zeros(rows * spec.channels)),
        delta_(inr_zeros(rows * layout.columns.padded)),
        below_(inr_zeros(rows * layout.columns.padded)),
        delta_operand_(rows * layout.columns.padded, bf16()) {
    const std::int64_t padded = layout.columns.padded;
    for (int l = 0; l <= spec.hidden_layers; ++l) {
      h_.push_back(inr_zeros(rows * padded));
      slope_.push_back(inr_zeros(rows * padded));
      input_operand_.emplace_back(rows * padded, bf16());
      weight_operand_.emplace_back(padded * padded, bf16());
    }
  }

  void prepare(std::int64_t rows) override {
    if (spec_.hidden_layers > 0)
      products_.try_emplace(rows, rows, at_.columns.padded, bf16() && onednn_multiplies_bf16());
  }

  void forward(const float* parameters, const float* x, std::int64_t rows, float* y) override {
    kernels_.first_layer(first_, x, spec_.inputs, parameters + at_.weight[0], parameters + at_.bias[0], rows,
                         at_.columns, h_[0].data(), slope_[0].data());
    for (int l = 1; l <= spec_.hidden_layers; ++l) {
      products_.at(rows).forward(input_operand_[l].of(h_[l - 1].data(), rows * at_.columns.padded),
                                 weight_operand_[l].of(parameters + at_.weight[l], weight_size()), h_[l].data());
      kernels_.activate(hidden_, h_[l].data(), parameters + at_.bias[l], rows, at_.columns, slope_[l].data());
    }
    const int last = spec_.layers() - 1;
    kernels_.last_layer(h_.back().data(), parameters + at_.weight[last], parameters + at_.bias[last], rows, at_.columns,
                        spec_.channels, y);
  }

  void begin_step(const float*) override {}

  double train_tile(float* parameters, const float* x, const float* target, std::int64_t rows, float scale, bool fresh,
                    float* gradient, const InrUpdate* update) override {
    if (fresh) clear_thin(gradient);
    forward(parameters, x, rows, y_.data());
    const double squares = kernels_.loss(y_.data(), target, scale, rows * spec_.channels);
    const int last = spec_.layers() - 1;
    kernels_.last_layer_backward(y_.data(), h_.back().data(), parameters + at_.weight[last], rows, at_.columns,
                                 spec_.channels, delta_.data(), gradient + at_.weight[last], gradient + at_.bias[last]);
    for (int l = spec_.hidden_layers; l >= 1; --l) {
      kernels_.activation_backward(delta_.data(), slope_[l].data(), rows, at_.columns, gradient + at_.bias[l]);
      InrProducts& product = products_.at(rows);
      const void* delta = delta_operand_.of(delta_.data(), rows * at_.columns.padded);
      (fresh ? product.weight_gradient : product.more_weight_gradient)(input_operand_[l].again(h_[l - 1].data()), delta,
                                                                       gradient + at_.weight[l]);
      product.input_gradient(delta, weight_operand_[l].again(parameters + at_.weight[l]), below_.data());
      std::swap(delta_, below_);
    }
    kernels_.activation_backward(delta_.data(), slope_[0].data(), rows, at_.columns, gradient + at_.bias[0]);
    kernels_.first_layer_backward(delta_.data(), x, spec_.inputs, rows, at_.columns, gradient + at_.weight[0]);
    if (update) kernels_.adam(update->step, gradient, parameters, update->first, update->second, at_.count);
    return squares;
  }

 private:
  bool bf16() const { return spec_.precision == Precision::bf16; }
  std::int64_t weight_size() const { return std::int64_t{at_.columns.padded} * at_.columns.padded; }

  /// Zero wherever a tile only adds: all but the square weight gradients, which its first tile overwrites.
  void clear_thin(float* gradient) const {
    for (int l = 0; l < spec_.layers(); ++l) {
      const bool square = l >= 1 && l <= spec_.hidden_layers;
      const long end = l + 1 < spec_.layers() ? at_.weight[l + 1] : static_cast<long>(at_.count);
      std::fill(gradient + (square ? at_.bias[l] : at_.weight[l]), gradient + end, 0.F);
    }
  }

  const InrSpec& spec_;
  const InrParameters& at_;
  const InrKernels& kernels_;
  InrFunction first_, hidden_;
  AlignedBuffer<float> y_;                       ///< [rows, channels]: y, then dL/dy
  AlignedBuffer<float> delta_, below_;           ///< [rows, padded]: dL/dh of a layer, then dL/dz; of the layer below
  std::vector<AlignedBuffer<float>> h_, slope_;  ///< h and f'(z) of each layer
  InrOperand delta_operand_;
  std::vector<InrOperand> input_operand_, weight_operand_;  ///< of each hidden layer, from 1
  std::map<std::int64_t, InrProducts> products_;            ///< by rows
};

}  // namespace

std::unique_ptr<InrWorker> make_onednn_worker(const InrSpec& spec, const InrParameters& layout, std::int64_t rows) {
  return std::make_unique<InrOnednnWorker>(spec, layout, rows);
}

}  // namespace frugal::cpu
