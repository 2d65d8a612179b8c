// A network by the kernels that keep a tile in cache from layer to layer: in fp32, or with the operands of its products
// in bf16.
#include <cassert>
#include <vector>

#include "impl/cpu/inr/worker.hpp"
#include "impl/cpu/kernels/inr_bf16.hpp"
#include "impl/cpu/kernels/inr_fused.hpp"

namespace frugal::cpu {
namespace {

/// Refers to spec and layout. `few_points` as there.
InrFusedNetwork fused_network(const InrSpec& spec, const InrParameters& layout, bool few_points) {
  return {.first = {spec.activation, static_cast<float>(spec.first_omega0), static_cast<float>(spec.scale)},
          .hidden = {spec.activation, static_cast<float>(spec.omega0), static_cast<float>(spec.scale)},
          .columns = layout.columns,
          .inputs = spec.inputs,
          .channels = spec.channels,
          .hidden_layers = spec.hidden_layers,
          .weight = layout.weight.data(),
          .bias = layout.bias.data(),
          .few_points = few_points};
}

/// Arrays of zeros that live as long as this does.
template <class T>
class Buffers {
 public:
  T* add(std::int64_t size) {
    AlignedBuffer<T>& buffer = buffers_.emplace_back(static_cast<std::size_t>(size));
    std::fill_n(buffer.data(), size, T{});
    return buffer.data();
  }

 private:
  std::vector<AlignedBuffer<T>> buffers_;
};

class InrFusedWorker final : public InrWorker {
 public:
  InrFusedWorker(const InrSpec& spec, const InrParameters& layout, std::int64_t rows)
      : network_(
            fused_network(spec, layout, spec.points <= rows && 2 * whole_rows(spec.points) <= layout.columns.padded)) {
    const std::int64_t size = whole_rows(rows) * layout.columns.stride;
    for (int l = 0; l <= spec.hidden_layers; ++l) {
      h_.push_back(floats_.add(size));
      slope_.push_back(floats_.add(size));
    }
    scratch_ = {.h = h_.data(),
                .slope = slope_.data(),
                .delta = floats_.add(size),
                .below = floats_.add(size),
                .y = floats_.add(rows * spec.channels),
                .transposed = floats_.add(spec.hidden_layers * layout.columns.padded * layout.columns.padded)};
  }

  void prepare(std::int64_t) override {}

  void forward(const float* parameters, const float* x, std::int64_t rows, float* y) override {
    kernels_.forward(network_, parameters, x, rows, scratch_, y);
  }

  void begin_step(const float* parameters) override {
    kernels_.transpose_weights(network_, parameters, scratch_);
    stale_ = false;
  }

  double train_tile(float* parameters, const float* x, const float* target, std::int64_t rows, float scale, bool fresh,
                    float* gradient, const InrUpdate* update) override {
    if (stale_) begin_step(parameters);
    stale_ = update != nullptr;
    return kernels_.train_tile(network_, parameters, x, target, rows, scale, fresh, scratch_, gradient, update);
  }

 private:
  static std::int64_t whole_rows(std::int64_t rows) {
    return (rows + inr_column_multiple - 1) / inr_column_multiple * inr_column_multiple;
  }

  const InrFusedKernels& kernels_ = inr_fused_kernels();
  InrFusedNetwork network_;
  Buffers<float> floats_;
  std::vector<float*> h_, slope_;
  InrFusedScratch scratch_;
  bool stale_ = false;  ///< an update has left other weights than those that are transposed
};

class InrBf16Worker final : public InrWorker {
 public:
  InrBf16Worker(const InrBf16Kernels& kernels, const InrSpec& spec, const InrParameters& layout, std::int64_t points)
      : kernels_(kernels), network_(fused_network(spec, layout, false)) {
    const InrColumns& columns = layout.columns;
    const std::int64_t depth = inr_bf16_depth(columns.padded, kernels.depth_multiple);
    const std::int64_t pairs = inr_bf16_depth(points, kernels.depth_multiple), rows = 2 * pairs;
    for (int l = 0; l < spec.hidden_layers; ++l) {
      input_rows_.push_back(pairs_.add(rows * depth));
      input_pairs_.push_back(pairs_.add(pairs * columns.stride));
    }
    for (int l = 0; l <= spec.hidden_layers; ++l) slope_.push_back(floats_.add(rows * columns.stride));
    const std::int64_t weights = spec.hidden_layers * columns.padded * depth;
    scratch_ = {.input_rows = input_rows_.data(),
                .input_pairs = input_pairs_.data(),
                .slope = slope_.data(),
                .h = floats_.add(rows * columns.stride),
                .delta = floats_.add(rows * columns.stride),
                .delta_rows = {pairs_.add(rows * depth), pairs_.add(rows * depth)},
                .delta_pairs = {pairs_.add(pairs * columns.padded), pairs_.add(pairs * columns.padded)},
                .x = floats_.add(rows * spec.inputs),
                .y = floats_.add(rows * spec.channels),
                .by_inputs = pairs_.add(weights),
                .by_outputs = pairs_.add(weights),
                .turned = pairs_.add(columns.padded * pairs)};
  }

  void prepare(std::int64_t) override {}

  void forward(const float* parameters, const float* x, std::int64_t rows, float* y) override {
    kernels_.forward(network_, parameters, x, rows, scratch_, y);
  }

  void begin_step(const float* parameters) override { kernels_.pack_weights(network_, parameters, scratch_); }

  double train_tile(float* parameters, const float* x, const float* target, std::int64_t rows, float scale, bool fresh,
                    float* gradient, const InrUpdate* update) override {
    return kernels_.train_tile(network_, parameters, x, target, rows, scale, fresh, scratch_, gradient, update);
  }

 private:
  const InrBf16Kernels& kernels_;
  InrFusedNetwork network_;
  Buffers<float> floats_;
  Buffers<std::uint32_t> pairs_;
  std::vector<std::uint32_t*> input_rows_, input_pairs_;
  std::vector<float*> slope_;
  InrBf16Scratch scratch_;
};

}  // namespace

std::unique_ptr<InrWorker> make_fused_worker(const InrSpec& spec, const InrParameters& layout, std::int64_t rows) {
  if (fused_rounds(spec)) return make_bf16_worker(inr_bf16_kernels(), spec, layout, rows);
  return std::make_unique<InrFusedWorker>(spec, layout, rows);
}

std::unique_ptr<InrWorker> make_bf16_worker(const InrBf16Kernels& kernels, const InrSpec& spec,
                                            const InrParameters& layout, std::int64_t rows) {
  assert(has_bf16() && layout.panel_columns == avx512::inr_fused_kernels.panel_columns);
  return std::make_unique<InrBf16Worker>(kernels, spec, layout, rows);
}

}  // namespace frugal::cpu
