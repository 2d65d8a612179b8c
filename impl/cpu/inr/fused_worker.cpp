#include <vector>

#include "impl/cpu/inr/worker.hpp"
#include "impl/cpu/kernels/inr_fused.hpp"

namespace frugal::cpu {
namespace {

class InrFusedWorker final : public InrWorker {
 public:
  InrFusedWorker(const InrSpec& spec, const InrParameters& layout, std::int64_t rows)
      : kernels_(inr_fused_kernels()),
        few_points_(spec.points <= rows && 2 * whole_rows(spec.points) <= layout.columns.padded),
        network_{.first = {spec.activation, static_cast<float>(spec.first_omega0), static_cast<float>(spec.scale)},
                 .hidden = {spec.activation, static_cast<float>(spec.omega0), static_cast<float>(spec.scale)},
                 .columns = layout.columns,
                 .inputs = spec.inputs,
                 .channels = spec.channels,
                 .hidden_layers = spec.hidden_layers,
                 .weight = layout.weight.data(),
                 .bias = layout.bias.data(),
                 .few_points = few_points_} {
    const std::int64_t size = whole_rows(rows) * layout.columns.stride;
    for (int l = 0; l <= spec.hidden_layers; ++l) {
      h_.push_back(add(size));
      slope_.push_back(add(size));
    }
    scratch_ = {.h = h_.data(),
                .slope = slope_.data(),
                .delta = add(size),
                .below = add(size),
                .y = add(rows * spec.channels),
                .transposed = add(spec.hidden_layers * layout.columns.padded * layout.columns.padded)};
  }

  void prepare(std::int64_t) override {}

  void forward(const float* parameters, const float* x, std::int64_t rows, float* y) override {
    kernels_.forward(network_, parameters, x, rows, scratch_, y);
  }

  void begin_step(const float* parameters) override { kernels_.transpose_weights(network_, parameters, scratch_); }

  double train_tile(float* parameters, const float* x, const float* target, std::int64_t rows, float scale, bool fresh,
                    float* gradient, const InrUpdate* update) override {
    return kernels_.train_tile(network_, parameters, x, target, rows, scale, fresh, scratch_, gradient, update);
  }

 private:
  static std::int64_t whole_rows(std::int64_t rows) {
    return (rows + inr_column_multiple - 1) / inr_column_multiple * inr_column_multiple;
  }
  float* add(std::int64_t size) {
    buffers_.push_back(inr_zeros(size));
    return buffers_.back().data();
  }

  const InrFusedKernels& kernels_;
  bool few_points_;
  InrFusedNetwork network_;
  std::vector<AlignedBuffer<float>> buffers_;
  std::vector<float*> h_, slope_;
  InrFusedScratch scratch_;
};

}  // namespace

std::unique_ptr<InrWorker> make_fused_worker(const InrSpec& spec, const InrParameters& layout, std::int64_t rows) {
  return std::make_unique<InrFusedWorker>(spec, layout, rows);
}

}  // namespace frugal::cpu
