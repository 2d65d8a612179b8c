// Training with the loops swapped: sub-networks never interact, so a thread takes one of them and trains it for all the
// requested steps while its weights, gradient and Adam state stay in the core's L2, then takes the next. No barrier and
// no traffic of the whole state per step.
//
// Determinism: bitwise at any number of threads. The pixels of a network are cut into chunks, a number that depends on
// the spec alone; the gradient of a chunk is computed serially and the chunks are added in order. With few networks the
// threads share the chunks of one network; the sums are the same. Losses are kept per network and added in order.
#include "impl/cpu/inr_ensemble.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <cassert>
#include <cmath>

#include "impl/common/inr_layout.hpp"
#include "impl/cpu/inr_tile.hpp"
#include "impl/cpu/kernels/inr_kernels.hpp"
#include "impl/cpu/matmul.hpp"
#include "impl/cpu/optimizer.hpp"

namespace frugal::cpu {
namespace {

constexpr std::int64_t inr_largest_width = 4096;
constexpr std::int64_t inr_chunk_pixels = 256;  // fewer are not worth a gradient buffer of their own
constexpr std::int64_t inr_most_chunks = 32;
constexpr std::int64_t inr_reduce_block =
    4096;  // parameters reduced and updated at a time when threads share a network

/// Pixels run forward and backward together (inr_tile.hpp): enough rows for the products to run at speed, few enough
/// that the activations of all layers stay in L2.
std::int64_t inr_tile_rows(const InrSpec& spec, std::int64_t pixels) {
  return std::min<std::int64_t>(pixels, spec.width <= 64 ? 256 : 128);
}

class CpuInrEnsemble final : public InrEnsemble {
 public:
  explicit CpuInrEnsemble(const InrSpec& spec)
      : spec_(spec),
        at_(spec),
        tensors_(inr_tensors(spec)),
        rows_(inr_tile_rows(spec, spec.tile_pixels())),
        tiles_((spec.tile_pixels() + rows_ - 1) / rows_),
        chunks_(std::clamp<std::int64_t>(spec.tile_pixels() / inr_chunk_pixels, 1, std::min(inr_most_chunks, tiles_))),
        state_(inr_zeros(spec.networks() * 3 * at_.stride)),
        coordinates_(coordinates(spec.tile)) {
    for (const InrTensor& tensor : tensors_) scatter(0, tensor, inr_initial_values(spec_, tensor));
  }

  std::string implementation() const override { return onednn_implementation(); }

  void set_signal(std::span<const float> pixels) override {
    const std::int64_t side = std::int64_t{spec_.grid} * spec_.tile;
    assert(static_cast<std::int64_t>(pixels.size()) == side * side * spec_.channels);
    signal_ = inr_zeros(side * side * spec_.channels);
    const std::int64_t run = std::int64_t{spec_.tile} * spec_.channels;  // one row of one tile is contiguous
    float* to = signal_.data();
    for (std::int64_t k = 0; k < spec_.networks(); ++k)
      for (std::int64_t r = 0; r < spec_.tile; ++r, to += run)
        std::copy_n(pixels.data() + pixel_index(k, r, spec_.tile), run, to);
  }

  std::vector<double> train(int steps) override {
    assert(signal_.data() && "set_signal comes first");
    const int threads = omp_get_max_threads();
    prepare(threads);
    std::vector<double> squares(static_cast<std::size_t>(spec_.networks() * steps));
    if (share_networks(threads)) {
      for (std::int64_t k = 0; k < spec_.networks(); ++k) train_together(k, steps, threads, squares.data() + k * steps);
    } else {
#pragma omp parallel num_threads(threads)
      {
        const InrOneThread alone;
#pragma omp for schedule(dynamic, 1)
        for (std::int64_t k = 0; k < spec_.networks(); ++k) train_alone(k, steps, squares.data() + k * steps);
      }
    }
    step_ += static_cast<std::uint64_t>(steps);

    std::vector<double> losses(static_cast<std::size_t>(steps));
    for (std::int64_t k = 0; k < spec_.networks(); ++k)
      for (int s = 0; s < steps; ++s) losses[s] += squares[k * steps + s];
    for (double& loss : losses) loss /= values();
    return losses;
  }

  void render(int tile_resolution, std::span<float> out) const override {
    assert(static_cast<std::int64_t>(out.size()) ==
           spec_.networks() * tile_resolution * tile_resolution * spec_.channels);
    // Whole rows of a tile, so that each lands in one place of the picture.
    const InrBuffer x = coordinates(tile_resolution);
    const std::int64_t tasks = spec_.networks() * tile_resolution;
    const std::int64_t threads = std::min<std::int64_t>(omp_get_max_threads(), tasks);
    std::vector<InrWorker> workers;
    {
      const InrOneThread alone;
      for (std::int64_t t = 0; t < threads; ++t)
        workers.emplace_back(spec_, at_, tile_resolution).prepare(tile_resolution);
    }
#pragma omp parallel num_threads(static_cast <int>(threads))
    {
      const InrOneThread alone;
      InrWorker& worker = workers[omp_get_thread_num()];
#pragma omp for schedule(static)
      for (std::int64_t task = 0; task < tasks; ++task) {
        const std::int64_t k = task / tile_resolution;
        const std::int64_t r = task % tile_resolution;
        worker.forward(copy_of(k, 0), x.data() + 2 * r * tile_resolution, tile_resolution,
                       out.data() + pixel_index(k, r, tile_resolution));
      }
    }
  }

  ModelState export_state() const override {
    ModelState state{.step = step_, .tensors = {}};
    for (int copy = 0; copy < 3; ++copy)
      for (const InrTensor& tensor : tensors_) {
        NamedTensor exported{inr_state_prefixes[copy] + tensor.name(), {spec_.networks(), tensor.out}, {}};
        if (!tensor.bias) exported.shape.push_back(tensor.in);
        exported.values.resize(static_cast<std::size_t>(spec_.networks() * tensor.size()));
        std::size_t i = 0;
        for_each_value(copy, tensor, [&](std::int64_t at) { exported.values[i++] = state_.data()[at]; });
        state.tensors.push_back(std::move(exported));
      }
    return state;
  }

  void import_state(const ModelState& state) override {
    const std::vector<InrTarget> targets = inr_import_targets(spec_, state);
    for (std::size_t i = 0; i < targets.size(); ++i)
      scatter(targets[i].copy, tensors_[targets[i].tensor], state.tensors[i].values);
    step_ = state.step;
  }

 private:
  double values() const { return static_cast<double>(spec_.networks() * spec_.tile_pixels() * spec_.channels); }

  /// Values of network k: copy 0 the parameters, 1 adam.m, 2 adam.v.
  float* copy_of(std::int64_t k, int copy) { return state_.data() + (3 * k + copy) * at_.stride; }
  const float* copy_of(std::int64_t k, int copy) const { return state_.data() + (3 * k + copy) * at_.stride; }

  /// Where row r of the tile of network k starts in a picture whose tiles are `resolution` wide.
  std::int64_t pixel_index(std::int64_t k, std::int64_t r, std::int64_t resolution) const {
    const std::int64_t row = k / spec_.grid;
    const std::int64_t column = k % spec_.grid;
    return ((row * resolution + r) * spec_.grid + column) * resolution * spec_.channels;
  }

  static InrBuffer coordinates(int resolution) {
    InrBuffer x = inr_zeros(2 * std::int64_t{resolution} * resolution);
    for (std::int64_t i = 0; i < std::int64_t{resolution} * resolution; ++i) {
      x.data()[2 * i] = inr_coordinate(static_cast<int>(i / resolution), resolution);
      x.data()[2 * i + 1] = inr_coordinate(static_cast<int>(i % resolution), resolution);
    }
    return x;
  }

  /// body(index into state_) for each value of a tensor, in the order of the contract: [K, out, in].
  template <class Body>
  void for_each_value(int copy, const InrTensor& tensor, const Body& body) const {
    const bool last = tensor.layer == spec_.layers() - 1;
    const std::int64_t offset = tensor.bias ? at_.bias[tensor.layer] : at_.weight[tensor.layer];
    for (std::int64_t k = 0; k < spec_.networks(); ++k)
      for (std::int64_t o = 0; o < tensor.out; ++o)
        for (std::int64_t i = 0; i < tensor.in; ++i)
          body((3 * k + copy) * at_.stride + offset + (last ? o * tensor.in + i : i * tensor.out + o));
  }

  void scatter(int copy, const InrTensor& tensor, const std::vector<float>& values) {
    std::size_t i = 0;
    for_each_value(copy, tensor, [&](std::int64_t at) { state_.data()[at] = values[i++]; });
  }

  void prepare(int threads) {
    const InrOneThread alone;
    while (static_cast<int>(workers_.size()) < threads) {
      workers_.emplace_back(spec_, at_, rows_).prepare(rows_);
      if (const std::int64_t rest = spec_.tile_pixels() % rows_; rest > 0) workers_.back().prepare(rest);
      gradients_.push_back(inr_zeros(at_.stride));
      terms_.push_back(inr_zeros(chunks_ > 1 ? at_.stride : 0));
    }
    if (share_networks(threads))
      while (static_cast<std::int64_t>(chunk_gradients_.size()) < chunks_)
        chunk_gradients_.push_back(inr_zeros(at_.stride));
  }

  /// Whether the threads are better used on the chunks of one network than on networks of their own. Free to depend on
  /// the number of threads: both ways compute the same bits.
  bool share_networks(int threads) const {
    const auto efficiency = [threads](std::int64_t items) {
      const std::int64_t rounds = (items + threads - 1) / threads;
      return static_cast<double>(items) / static_cast<double>(rounds * threads);
    };
    return efficiency(chunks_) > efficiency(spec_.networks()) + 0.1;  // the margin pays for the barriers
  }

  /// Gradient of chunk c of network k into `gradient`, serially; returns its square error.
  double chunk_gradient(InrWorker& worker, std::int64_t k, std::int64_t c, float* gradient) const {
    const auto scale = static_cast<float>(2 / values());
    const std::int64_t first = tiles_ * c / chunks_;
    const std::int64_t end = tiles_ * (c + 1) / chunks_;
    double squares = 0;
    for (std::int64_t tile = first; tile < end; ++tile) {
      const std::int64_t pixel = tile * rows_;
      const std::int64_t rows = std::min(rows_, spec_.tile_pixels() - pixel);
      squares += worker.train_tile(copy_of(k, 0), coordinates_.data() + 2 * pixel,
                                   signal_.data() + (k * spec_.tile_pixels() + pixel) * spec_.channels, rows, scale,
                                   tile == first, gradient);
    }
    return squares;
  }

  /// Of step `t`, counted from 1.
  UpdateStep adam_step(std::uint64_t t) const { return Optimizer(OptimizerKind::adam, spec_.adam).step(t); }

  /// One thread trains network k for all steps.
  void train_alone(std::int64_t k, int steps, double* squares) {
    const int thread = omp_get_thread_num();
    InrWorker& worker = workers_[thread];
    float* gradient = gradients_[thread].data();
    float* term = terms_[thread].data();
    const InrKernels& kernels = inr_kernels();
    for (int s = 0; s < steps; ++s) {
      squares[s] = chunk_gradient(worker, k, 0, gradient);
      for (std::int64_t c = 1; c < chunks_; ++c) {
        squares[s] += chunk_gradient(worker, k, c, term);
        kernels.add(gradient, term, at_.count);
      }
      kernels.adam(adam_step(step_ + s + 1), gradient, copy_of(k, 0), copy_of(k, 1), copy_of(k, 2), at_.count);
    }
  }

  /// All threads train network k: first the chunks of its pixels, then blocks of its parameters.
  void train_together(std::int64_t k, int steps, int threads, double* squares) {
    std::vector<double> chunk_squares(static_cast<std::size_t>(chunks_));
    const std::int64_t blocks = (at_.count + inr_reduce_block - 1) / inr_reduce_block;
    const InrKernels& kernels = inr_kernels();
#pragma omp parallel num_threads(threads)
    {
      const InrOneThread alone;
      InrWorker& worker = workers_[omp_get_thread_num()];
      for (int s = 0; s < steps; ++s) {
        const UpdateStep adam = adam_step(step_ + s + 1);
#pragma omp for schedule(dynamic, 1)
        for (std::int64_t c = 0; c < chunks_; ++c)
          chunk_squares[c] = chunk_gradient(worker, k, c, chunk_gradients_[c].data());
#pragma omp single nowait
        {
          squares[s] = 0;
          for (const double part : chunk_squares) squares[s] += part;
        }
#pragma omp for schedule(static)
        for (std::int64_t block = 0; block < blocks; ++block) {
          const std::int64_t at = block * inr_reduce_block;
          const std::int64_t count = std::min(inr_reduce_block, at_.count - at);
          float* gradient = chunk_gradients_[0].data() + at;
          for (std::int64_t c = 1; c < chunks_; ++c) kernels.add(gradient, chunk_gradients_[c].data() + at, count);
          kernels.adam(adam, gradient, copy_of(k, 0) + at, copy_of(k, 1) + at, copy_of(k, 2) + at, count);
        }
      }
    }
  }

  InrSpec spec_;
  InrOffsets at_;
  std::vector<InrTensor> tensors_;
  std::int64_t rows_;    ///< pixels of a tile; the last tile of a network may have fewer
  std::int64_t tiles_;   ///< of one network
  std::int64_t chunks_;  ///< of one network; each is a run of tiles
  std::uint64_t step_ = 0;
  InrBuffer state_;                         ///< [K, 3, stride]
  InrBuffer coordinates_;                   ///< [tile^2, 2]
  InrBuffer signal_;                        ///< [K, tile^2, channels]
  std::vector<InrWorker> workers_;          ///< one a thread
  std::vector<InrBuffer> gradients_;        ///< one a thread: of the network it trains
  std::vector<InrBuffer> terms_;            ///< one a thread: of a chunk after the first
  std::vector<InrBuffer> chunk_gradients_;  ///< one a chunk, when threads share a network
};

}  // namespace

Support supports(const InrSpec& spec) {
  if (std::string problem = why_invalid(spec); !problem.empty()) return Support::no(std::move(problem));
  if (spec.precision != Precision::fp32) return Support::no("cpu computes sine networks in fp32 only");
  if (spec.width > inr_largest_width)
    return Support::no(fmt::format("cpu supports widths 1 to {}, but got {}", inr_largest_width, spec.width));
  return Support::yes();
}

std::unique_ptr<InrEnsemble> make(const InrSpec& spec) { return std::make_unique<CpuInrEnsemble>(spec); }

}  // namespace frugal::cpu
