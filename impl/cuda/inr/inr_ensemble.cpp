// The ensemble on a device. The state lives there; what crosses is samples, losses, and the state on export and import.
#include "impl/cuda/inr/inr_ensemble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <limits>
#include <optional>

#include "impl/common/inr/layout.hpp"
#include "impl/common/spec_names.hpp"
#include "impl/cuda/inr/initial.hpp"
#include "impl/cuda/inr/narrow.hpp"
#include "impl/cuda/inr/train.hpp"
#include "impl/cuda/inr/wide.hpp"

namespace frugal::cuda {
namespace {

class CudaInrEnsemble final : public InrEnsemble {
 public:
  explicit CudaInrEnsemble(const InrSpec& spec)
      : spec_(spec),
        net_(inr_network(spec)),
        limits_(device_limits()),
        narrow_(narrow_plan(spec, limits_)),
        wide_(narrow_ ? std::nullopt : wide_plan(spec, limits_)),
        plan_(inr_plan(spec, net_, limits_)),
        tensors_(inr_tensors(spec)),
        networks_(static_cast<std::size_t>(spec.networks)),
        count_(static_cast<std::size_t>(net_.count)),
        coordinates_(static_cast<std::size_t>(spec.points * spec.inputs), "coordinates"),
        targets_(static_cast<std::size_t>(spec.networks * spec.points * spec.channels), "targets"),
        state_{{networks_ * count_, "parameters"}, {networks_ * count_, "adam.m"}, {networks_ * count_, "adam.v"}},
        curves_(networks_, "loss curves") {
    if (narrow_)
      allocate_narrow();
    else if (wide_)
      allocate_wide();
    else
      allocate_general();
    draw_initial(spec_, net_, state_[0], stream_);
    state_[1].zero(stream_);
    state_[2].zero(stream_);
    restart_curves();
  }

  std::string implementation() const override {
    if (narrow_ || wide_) {
      const char* const operands = spec_.precision == Precision::fp32   ? "fp16x3"
                                   : spec_.precision == Precision::tf32 ? "fp16"
                                                                        : "bf16";
      const char* const kernels = wide_                                                   ? "wide"
                                  : narrow_->kernel->meeting == NarrowMeeting::none       ? "narrow-resident"
                                  : narrow_->kernel->meeting == NarrowMeeting::in_cluster ? "narrow-paired"
                                                                                          : "narrow-gathered";
      return fmt::format("{}/{}/{}", platform(), kernels, operands);
    }
    return fmt::format("{}/{}/{}", platform(), plan_.chunks == 1 ? "persistent" : "chunks",
                       to_word(precision_names, spec_.precision));
  }

  void set_samples(std::span<const float> coordinates, std::span<const float> targets) override {
    assert(coordinates.size() == coordinates_.size() && targets.size() == targets_.size());
    coordinates_.upload(coordinates, stream_);
    targets_.upload(targets, stream_);
    has_samples_ = true;
  }

  std::vector<double> train(int steps) override {
    assert(has_samples_ && "set_samples comes first");
    const auto n = static_cast<std::size_t>(steps);
    if (n == 0) return {};
    std::vector<UpdateStep> updates;
    for (std::size_t s = 1; s <= n; ++s) {
      Adam settings = spec_.adam;
      settings.learning_rate = learning_rate_at(spec_, step_ + s);
      updates.push_back(update_step({OptimizerKind::adam, settings}, step_ + s, spec_.weight_decay));
    }
    if (updates_.size() < n) {
      squares_ = DeviceBuffer<double>(n * networks_, "losses");
      updates_ = DeviceBuffer<UpdateStep>(n, "update steps");  // last: its size tells how many steps there is room for
    }
    updates_.upload(updates, stream_);
    if (narrow_) {
      if (flags_.size() > 0) flags_.zero(stream_);
      narrow_train(training(), *narrow_, narrow_scratch(), updates_.data(), steps, squares_.data(), stream_);
    } else if (wide_) {
      done_.zero(stream_);
      wide_train(training(), *wide_, wide_scratch(), updates_.data(), steps, squares_.data(), stream_);
    } else {
      if (done_.size() > 0) done_.zero(stream_);
      inr_train(training(), plan_, updates_.data(), steps, squares_.data(), stream_);
    }
    std::vector<double> squares(n * networks_);
    squares_.download(squares, stream_);
    step_ += n;

    std::vector<double> losses(n);
    for (std::size_t s = 0; s < n; ++s) {
      for (std::size_t k = 0; k < networks_; ++k) losses[s] += squares[s * networks_ + k];
      losses[s] /= values();
    }
    return losses;
  }

  std::int64_t network_steps() const override {
    std::int64_t steps = 0;
    for (const StaleStop& curve : curves_.download(stream_)) steps += curve.steps;
    return steps;
  }

  void evaluate(std::span<const float> coordinates, std::span<float> out) const override {
    const auto points = static_cast<int>(coordinates.size() / static_cast<std::size_t>(spec_.inputs));
    assert(out.size() == networks_ * static_cast<std::size_t>(points * spec_.channels));
    const DeviceBuffer<float> x(coordinates, "coordinates to evaluate", stream_);
    DeviceBuffer<float> y(out.size(), "values");
    inr_evaluate(net_, state_[0].data(), static_cast<int>(networks_), x.data(), points, y.data(), limits_, stream_);
    y.download(out, stream_);
  }

  ModelState export_state() const override {
    ModelState state{.step = step_, .tensors = {}};
    for (int copy = 0; copy < 3; ++copy) {
      const std::vector<float> values = state_[copy].download(stream_);
      for (const InrTensor& tensor : tensors_) {
        NamedTensor exported{inr_state_prefixes[copy] + tensor.name(), inr_shape(spec_, tensor), {}};
        for_each_place(tensor, [&](std::size_t at) { exported.values.push_back(values[at]); });
        state.tensors.push_back(std::move(exported));
      }
    }
    return state;
  }

  void import_state(const ModelState& state) override {
    const std::vector<InrTarget> targets = inr_import_targets(spec_, state);
    for (int copy = 0; copy < 3; ++copy) {
      std::vector<float> values = state_[copy].download(stream_);
      for (std::size_t t = 0; t < targets.size(); ++t) {
        if (targets[t].copy != copy) continue;
        std::size_t i = 0;
        for_each_place(tensors_[targets[t].tensor], [&](std::size_t at) { values[at] = state.tensors[t].values[i++]; });
      }
      state_[copy].upload(values, stream_);
    }
    step_ = state.step;
    restart_curves();
  }

 private:
  double values() const { return static_cast<double>(spec_.networks * spec_.points * spec_.channels); }

  /// body(index into a copy of the state) for each value of a tensor, in the order of the contract: [K, out, in].
  template <class Body>
  void for_each_place(const InrTensor& tensor, const Body& body) const {
    const int row = tensor.bias ? 0 : net_.row_of(tensor.layer);
    const int start = tensor.bias ? net_.bias_at(tensor.layer) : net_.weight_at(tensor.layer);
    for (std::size_t k = 0; k < networks_; ++k)
      for (std::int64_t o = 0; o < tensor.out; ++o)
        for (std::int64_t i = 0; i < tensor.in; ++i) body(k * count_ + static_cast<std::size_t>(start + i * row + o));
  }

  void allocate_general() {
    const auto chunks = static_cast<std::size_t>(plan_.chunks);
    if (chunks > 1 || !plan_.gradient)
      gradients_ = DeviceBuffer<float>(networks_ * chunks * count_, "gradients of the chunks");
    scratch_ = DeviceBuffer<float>(networks_ * chunks * plan_.scratch_floats, "activations");
    if (chunks > 1) {
      chunk_squares_ = DeviceBuffer<double>(networks_ * chunks, "losses of the chunks");
      done_ = DeviceBuffer<int>(1, "step counter");
    }
  }

  void allocate_narrow() {
    if (narrow_->kernel->meeting == NarrowMeeting::none) return;
    const auto slots = static_cast<std::size_t>(narrow_->slots), blocks = static_cast<std::size_t>(narrow_->blocks);
    const auto of_state = slots * static_cast<std::size_t>(narrow_->kernel->state_float4);
    if (narrow_->shared_state < 3)
      slot_state_ = DeviceBuffer<float4>(3 * slots * blocks * static_cast<std::size_t>(narrow_->slice()),
                                         "state of the networks in training");
    if (blocks == 1 || narrow_->kernel->meeting == NarrowMeeting::in_cluster) return;
    slot_gradients_ = DeviceBuffer<float4>(blocks * of_state, "gradients of the blocks");
    slot_operands_ = DeviceBuffer<unsigned char>(slots * narrow_->kernel->operand_bytes, "weights as operands");
    chunk_squares_ = DeviceBuffer<double>(slots * blocks, "losses of the blocks");
    flags_ = DeviceBuffer<unsigned>(slots * narrow_flags * narrow_flag_stride, "flags of the blocks");
  }

  void allocate_wide() {
    const auto hidden = static_cast<std::size_t>(wide_->hidden), group = static_cast<std::size_t>(wide_->group);
    const auto tiles = static_cast<std::size_t>(wide_->tiles), width = static_cast<std::size_t>(wide_->kernels->width);
    weight_operands_ =
        DeviceBuffer<unsigned char>(2 * networks_ * hidden * wide_->operand_bytes(), "weights as operands");
    tile_operands_ =
        DeviceBuffer<unsigned char>(2 * group * hidden * tiles * wide_->tile_bytes(), "activations and deltas");
    slopes_ = DeviceBuffer<unsigned>(group * hidden * tiles * wide_->kernels->slope_words, "slopes");
    gradients_ = DeviceBuffer<float>(group * static_cast<std::size_t>(wide_->cuts) * hidden * width * width,
                                     "gradients of the weights");
    thin_gradients_ =
        DeviceBuffer<float>(group * tiles * (static_cast<std::size_t>(wide_->thin()) + hidden), "thin gradients");
    chunk_squares_ = DeviceBuffer<double>(group * tiles, "losses of the tiles");
    done_ = DeviceBuffer<int>(2 * networks_, "steps of the networks");
  }

  WideScratch wide_scratch() {
    const std::size_t tiles = static_cast<std::size_t>(wide_->group) * static_cast<std::size_t>(wide_->tiles);
    return {.weights = weight_operands_.data(),
            .transposed = weight_operands_.data() + weight_operands_.size() / 2,
            .activations = tile_operands_.data(),
            .deltas = tile_operands_.data() + tile_operands_.size() / 2,
            .delta_scales = thin_gradients_.data() + tiles * static_cast<std::size_t>(wide_->thin()),
            .slopes = slopes_.data(),
            .gradients = gradients_.data(),
            .thin_gradients = thin_gradients_.data(),
            .squares = chunk_squares_.data(),
            .done = done_.data(),
            .active = done_.data() + networks_};
  }

  NarrowScratch narrow_scratch() {
    return {.gradients = slot_gradients_.data(),
            .operands = slot_operands_.data(),
            .state = slot_state_.data(),
            .squares = chunk_squares_.data(),
            .flags = flags_.data(),
            .blocks = narrow_->blocks,
            .shared_state = narrow_->shared_state};
  }

  void restart_curves() { curves_.upload(std::vector<StaleStop>(networks_), stream_); }

  InrTraining training() {
    return {.net = net_,
            .coordinates = coordinates_.data(),
            .targets = targets_.data(),
            .parameters = state_[0].data(),
            .first = state_[1].data(),
            .second = state_[2].data(),
            .gradients = gradients_.data(),
            .chunk_squares = chunk_squares_.data(),
            .curves = curves_.data(),
            .scratch = scratch_.data(),
            .done = done_.data(),
            .networks = static_cast<int>(networks_),
            .points = static_cast<int>(spec_.points),
            .scale = static_cast<float>(2 / values()),
            .patience = spec_.patience};
  }

  InrSpec spec_;
  InrNetwork net_;
  DeviceLimits limits_;
  std::optional<NarrowPlan> narrow_;  ///< where it can train the spec
  std::optional<WidePlan> wide_;      ///< where only that can
  InrPlan plan_;                      ///< where neither
  std::vector<InrTensor> tensors_;
  std::size_t networks_;
  std::size_t count_;  ///< floats of a network
  std::uint64_t step_ = 0;
  bool has_samples_ = false;
  Stream stream_;
  DeviceBuffer<float> coordinates_;     ///< [points, inputs]
  DeviceBuffer<float> targets_;         ///< [K, points, channels]
  DeviceBuffer<float> state_[3];        ///< parameters, adam.m, adam.v; [K, count]
  DeviceBuffer<StaleStop> curves_;      ///< [K] sums of square errors
  DeviceBuffer<float> gradients_;       ///< [K, chunks, count]
  DeviceBuffer<double> chunk_squares_;  ///< [K, chunks]; narrow: [slots, blocks]
  DeviceBuffer<float4> slot_state_;     ///< of narrow_, see NarrowScratch, as the next three
  DeviceBuffer<float4> slot_gradients_;
  DeviceBuffer<unsigned char> slot_operands_;
  DeviceBuffer<unsigned> flags_;
  DeviceBuffer<unsigned char> weight_operands_;  ///< of wide_, see WideScratch, as the next three
  DeviceBuffer<unsigned char> tile_operands_;
  DeviceBuffer<unsigned> slopes_;
  DeviceBuffer<float> thin_gradients_;  ///< and the scales of deltas
  DeviceBuffer<float> scratch_;         ///< [K, chunks, scratch_floats]
  DeviceBuffer<int> done_;              ///< [1]; wide: [K], and which networks take the step
  DeviceBuffer<UpdateStep> updates_;    ///< of a call of train(), as are
  DeviceBuffer<double> squares_;        ///< the losses [steps, K]
};

}  // namespace

Support supports(const InrSpec& spec) {
  if (std::string problem = why_invalid(spec); !problem.empty()) return Support::no(std::move(problem));
  if (spec.implementation == InrImplementation::onednn) return Support::no("onednn is the cpu's");
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  constexpr int most_width = 1 << 16;  // a tile's values are counted in int
  if (spec.width > most_width) return Support::no(fmt::format("cuda supports up to {} units a layer", most_width));
  if (spec.points * std::max(spec.inputs, spec.channels) > most || inr_floats(spec) > static_cast<double>(most) ||
      spec.networks > most_grid_rows)
    return Support::no("cuda supports up to 2^31 values and parameters of a network and 65535 networks");
  const Support available = device_available();
  if (!available) return available;
  if (spec.precision != Precision::fp32 && !has_tensor_cores())
    return Support::no("this device is older than sm_80: it computes networks in fp32 only");
  return Support::yes();
}

std::unique_ptr<InrEnsemble> make(const InrSpec& spec) { return std::make_unique<CudaInrEnsemble>(spec); }

}  // namespace frugal::cuda
