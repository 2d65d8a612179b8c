// The ensemble by either implementation of worker.hpp: `onednn` or `fused`. bf16 is fused too where the processor has
// AVX-512 BF16, and oneDNN's elsewhere.
//
// Training with the loops swapped: sub-networks never interact, so each is trained for many steps while others wait,
// without a barrier and without traffic of the whole state in each step. pool.hpp deals the work.
//
// Determinism: bitwise at any number of threads. The points of a network are cut into chunks, a number that depends on
// the spec alone; the gradient of a chunk is computed serially and the chunks are added in order. Losses are kept per
// network and added in order.
//
// Ranks have networks of their own; what they tell each other is losses, and what is asked for: values, the state. Where
// there are more ranks than networks, several have one network, each some of its chunks (gradient_chain.hpp).
#include "impl/cpu/inr/inr_ensemble.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <numeric>
#include <optional>

#include "impl/common/adam.hpp"
#include "impl/common/inr/layout.hpp"
#include "impl/common/stale_stop.hpp"
#include "impl/cpu/inr/gradient_chain.hpp"
#include "impl/cpu/inr/pool.hpp"
#include "impl/cpu/inr/tiles.hpp"
#include "impl/cpu/inr/worker.hpp"
#include "impl/cpu/kernels/inr_fused.hpp"
#include "impl/cpu/kernels/inr_kernels.hpp"
#include "impl/cpu/matmul.hpp"
#include "impl/cpu/placed_model.hpp"
#include "impl/cpu/subnormals.hpp"

namespace frugal::cpu {
namespace {

constexpr std::int64_t inr_largest_width = 4096;
constexpr std::int64_t inr_chunk_points = 1024;  // fewer are not worth a gradient buffer of their own
constexpr std::int64_t inr_most_chunks = 32;
constexpr std::int64_t inr_block = 4096;  // parameters that a thread updates at a time

InrImplementation chosen(const InrSpec& spec) {
  if (spec.implementation != InrImplementation::automatic) return spec.implementation;
  return spec.precision == Precision::fp32 || has_bf16() ? InrImplementation::fused : InrImplementation::onednn;
}

/// What a rank has of an ensemble.
struct InrShare {
  std::vector<std::size_t> owned;  ///< [ranks + 1]: the networks whose state each rank keeps for all
  std::int64_t first = 0;          ///< network that this rank trains
  std::int64_t end = 0;
  int first_rank = 0;  ///< of those that train them together
  int end_rank = 0;
  std::int64_t first_chunk = 0;  ///< that this rank computes of each
  std::int64_t end_chunk = 0;

  bool together() const { return end_rank - first_rank > 1; }
};

InrShare share_of(const InrSpec& spec, std::int64_t chunks, const Communicator& ranks) {
  const auto networks = static_cast<std::size_t>(spec.networks);
  InrShare share{.owned = equal_shares(networks, ranks.size()), .end_chunk = chunks};
  if (static_cast<std::int64_t>(ranks.size()) <= spec.networks || chunks == 1) {
    share.first = static_cast<std::int64_t>(share.owned[ranks.rank()]);
    share.end = static_cast<std::int64_t>(share.owned[ranks.rank() + 1]);
    return share;
  }
  // The last of a network's ranks updates it; ranks beyond its chunks have nothing to do.
  const std::vector<std::size_t> teams =
      equal_shares(static_cast<std::size_t>(ranks.size()), static_cast<int>(networks));
  share.owned.assign(static_cast<std::size_t>(ranks.size()) + 1, networks);
  for (std::size_t k = networks; k-- > 0;) {
    const auto first = static_cast<int>(teams[k]);
    const int size = static_cast<int>(std::min<std::int64_t>(static_cast<int>(teams[k + 1]) - first, chunks));
    std::fill_n(share.owned.begin(), first + size, k);
    const int member = ranks.rank() - first;
    if (member < 0 || member >= size) continue;
    share.first = static_cast<std::int64_t>(k);
    share.end = share.first + 1;
    share.first_rank = first;
    share.end_rank = first + size;
    share.first_chunk = chunks * member / size;
    share.end_chunk = chunks * (member + 1) / size;
  }
  return share;
}

/// While it lives, this thread's oneDNN calls use one thread, and primitives are made for that.
class InrOneThread {
 public:
  InrOneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~InrOneThread() { omp_set_num_threads(before_); }
  InrOneThread(const InrOneThread&) = delete;
  InrOneThread& operator=(const InrOneThread&) = delete;

 private:
  int before_;
};

class CpuInrEnsemble final : public PlacedModel<InrEnsemble> {
 public:
  CpuInrEnsemble(const InrSpec& spec, Communicator& ranks)
      : PlacedModel(ranks),
        spec_(spec),
        fused_(chosen(spec) == InrImplementation::fused),
        at_(spec, fused_ ? inr_fused_kernels().panel_columns : inr_plain_rows),
        tensors_(inr_tensors(spec)),
        tiles_(inr_tiles(spec)),
        chunks_(std::clamp<std::int64_t>(spec.points / inr_chunk_points, 1, std::min(inr_most_chunks, tiles_))),
        share_(share_of(spec, chunks_, ranks)),
        first_(share_.first),
        end_(share_.end),
        state_(static_cast<std::size_t>((end_ - first_) * 3 * at_.count)),
        curves_(static_cast<std::size_t>(spec.networks)) {
    // By all threads: of many small networks, so much memory costs as much time as some of their steps.
#pragma omp parallel for schedule(static)
    for (std::int64_t k = first_; k < end_; ++k) {
      std::fill_n(copy_of(k, 0), 3 * at_.count, 0.F);
      for (const InrTensor& tensor : tensors_)
        for (std::int64_t o = 0; o < tensor.out; ++o) {
          std::array<float, inr_largest_width> drawn;
          const std::span<float> values = std::span(drawn).first(static_cast<std::size_t>(tensor.in));
          inr_initial_values(spec_, tensor, (k * tensor.out + o) * tensor.in, values);
          const InrParameters::Inputs inputs = at_.inputs_of(tensor, o);
          for (std::int64_t i = 0; i < tensor.in; ++i) copy_of(k, 0)[inputs.first + i * inputs.step] = values[i];
        }
    }
  }

  std::string implementation() const override {
    if (fused_) return fmt::format("cpu/fused/{}", fused_rounds(spec_) ? inr_bf16_kernels().name : isa_name());
    return onednn_implementation() +
           (spec_.precision == Precision::bf16 && !onednn_multiplies_bf16() ? "/bf16-as-fp32" : "");
  }

  void set_samples(std::span<const float> coordinates, std::span<const float> targets) override {
    assert(static_cast<std::int64_t>(coordinates.size()) == spec_.points * spec_.inputs);
    assert(static_cast<std::int64_t>(targets.size()) == spec_.networks * spec_.points * spec_.channels);
    coordinates_.assign(coordinates.begin(), coordinates.end());
    const std::int64_t of_network = spec_.points * spec_.channels;
    targets_.assign(targets.begin() + first_ * of_network, targets.begin() + end_ * of_network);
  }

  std::vector<double> train(int steps) override {
    assert(!coordinates_.empty() && "set_samples comes first");
    std::vector<std::int64_t> running;  // of this rank
    std::vector<std::int64_t> before;   // steps of each network
    for (std::int64_t k = 0; k < spec_.networks; ++k) {
      if (k >= first_ && k < end_ && !curves_[k].stopped(spec_.patience)) running.push_back(k);
      before.push_back(curves_[k].steps);
    }
    std::vector<double> squares(static_cast<std::size_t>(spec_.networks * steps));
    if (!share_.together())
      train_own(running, steps, squares);
    else if (!running.empty())
      train_together(steps, squares.data() + first_ * steps);
    step_ += static_cast<std::uint64_t>(steps);
    gather_rows(ranks_, squares.data(), static_cast<std::size_t>(steps), share_.owned);
    gather_rows(ranks_, curves_.data(), 1, share_.owned);

    std::vector<double> losses(static_cast<std::size_t>(steps));
    for (std::int64_t k = 0; k < spec_.networks; ++k)
      for (int s = 0; s < steps; ++s)
        losses[s] += s < curves_[k].steps - before[k] ? squares[k * steps + s] : curves_[k].last;
    for (double& loss : losses) loss /= values();
    return losses;
  }

  std::int64_t network_steps() const override {
    std::int64_t steps = 0;
    for (const StaleStop& curve : curves_) steps += curve.steps;
    return steps;
  }

  void evaluate(std::span<const float> coordinates, std::span<float> out) const override {
    const auto points = static_cast<std::int64_t>(coordinates.size()) / spec_.inputs;
    assert(static_cast<std::int64_t>(out.size()) == spec_.networks * points * spec_.channels);
    const std::int64_t rows = std::min(inr_tile_rows(spec_), points);
    const std::int64_t tiles = (points + rows - 1) / rows;
    const auto own = static_cast<std::int64_t>(share_.owned[ranks_.rank()]);  // of several ranks one is enough
    const std::int64_t tasks = (static_cast<std::int64_t>(share_.owned[ranks_.rank() + 1]) - own) * tiles;
    const auto threads = static_cast<int>(std::clamp<std::int64_t>(tasks, 1, omp_get_max_threads()));
    std::vector<std::unique_ptr<InrWorker>> workers;
    workers.reserve(static_cast<std::size_t>(threads));
    for (int t = 0; t < threads; ++t) workers.push_back(make_worker(rows, points, tiles));
#pragma omp parallel num_threads(threads)
    {
      const InrOneThread alone;
      const SubnormalsAreZero flush;
      InrWorker& worker = *workers[omp_get_thread_num()];
#pragma omp for schedule(static)
      for (std::int64_t task = 0; task < tasks; ++task) {
        const std::int64_t k = own + task / tiles;
        const std::int64_t first = points * (task % tiles) / tiles;
        const std::int64_t end = points * (task % tiles + 1) / tiles;
        worker.forward(copy_of(k, 0), coordinates.data() + first * spec_.inputs, end - first,
                       out.data() + (k * points + first) * spec_.channels);
      }
    }
    gather_rows(ranks_, out.data(), static_cast<std::size_t>(points * spec_.channels), share_.owned);
  }

  ModelState export_state() const override {
    ModelState state{.step = step_, .tensors = {}};
    for (int copy = 0; copy < 3; ++copy)
      for (const InrTensor& tensor : tensors_) {
        NamedTensor exported{inr_state_prefixes[copy] + tensor.name(), inr_shape(spec_, tensor), {}};
        exported.values.resize(static_cast<std::size_t>(spec_.networks * tensor.size()));
        for_each_value(copy, tensor, [&](std::int64_t at, std::int64_t i) { exported.values[i] = state_[at]; });
        gather_rows(ranks_, exported.values.data(), static_cast<std::size_t>(tensor.size()), share_.owned);
        state.tensors.push_back(std::move(exported));
      }
    return state;
  }

  void import_state(const ModelState& state) override {
    const std::vector<InrTarget> targets = inr_import_targets(spec_, state);
    for (std::size_t t = 0; t < targets.size(); ++t)
      for_each_value(targets[t].copy, tensors_[targets[t].tensor],
                     [&](std::int64_t at, std::int64_t i) { state_[at] = state.tensors[t].values[i]; });
    take_state(state.step);
  }

 private:
  void take_state(std::uint64_t step) override {
    PlacedModel::take_state(step);
    for (StaleStop& curve : curves_) curve = {};
  }

  /// A row is a network.
  std::vector<PlacedTensor> placed() override {
    std::vector<PlacedTensor> all;
    const std::uint64_t written = share_.owned[ranks_.rank()];
    for (int copy = 0; copy < 3; ++copy)
      for (const InrTensor& tensor : tensors_) {
        PlacedTensor& placed = all.emplace_back();
        placed.name = inr_state_prefixes[copy] + tensor.name();
        placed.shape = inr_shape(spec_, tensor);
        placed.to_write = {.first = written, .count = share_.owned[ranks_.rank() + 1] - written};
        placed.to_read = {.first = static_cast<std::uint64_t>(first_),
                          .count = static_cast<std::uint64_t>(end_ - first_)};
        placed.get = [this, copy, tensor, written](std::uint64_t begin, std::uint64_t count, float* to) {
          const auto first = static_cast<std::int64_t>(written + begin);
          for_each_value(copy, tensor, first, first + static_cast<std::int64_t>(count),
                         [&](std::int64_t at, std::int64_t i) { to[i - first * tensor.size()] = state_[at]; });
        };
        placed.put = [this, copy, tensor](std::uint64_t begin, std::uint64_t count, const float* from) {
          const std::int64_t first = first_ + static_cast<std::int64_t>(begin);
          for_each_value(copy, tensor, first, first + static_cast<std::int64_t>(count),
                         [&](std::int64_t at, std::int64_t i) { state_[at] = from[i - first * tensor.size()]; });
        };
      }
    return all;
  }

  double values() const { return static_cast<double>(spec_.networks * spec_.points * spec_.channels); }

  /// Values of network k: copy 0 the parameters, 1 adam.m, 2 adam.v.
  float* copy_of(std::int64_t k, int copy) { return state_.data() + (3 * (k - first_) + copy) * at_.count; }
  const float* copy_of(std::int64_t k, int copy) const { return state_.data() + (3 * (k - first_) + copy) * at_.count; }

  /// body(index into state_, index into [K, out, in]) for each value of a tensor, by all threads.
  template <class Body>
  void for_each_value(int copy, const InrTensor& tensor, const Body& body) const {
    for_each_value(copy, tensor, first_, end_, body);
  }

  /// Of the networks first ... end - 1.
  template <class Body>
  void for_each_value(int copy, const InrTensor& tensor, std::int64_t first, std::int64_t end, const Body& body) const {
#pragma omp parallel for schedule(static)
    for (std::int64_t k = first; k < end; ++k)
      for (std::int64_t o = 0; o < tensor.out; ++o) {
        const InrParameters::Inputs inputs = at_.inputs_of(tensor, o);
        for (std::int64_t i = 0; i < tensor.in; ++i)
          body((3 * (k - first_) + copy) * at_.count + inputs.first + i * inputs.step,
               (k * tensor.out + o) * tensor.in + i);
      }
  }

  /// For tiles of up to `rows` points, `points` of them in `tiles` tiles.
  std::unique_ptr<InrWorker> make_worker(std::int64_t rows, std::int64_t points, std::int64_t tiles) const {
    const InrOneThread alone;
    auto worker = fused_ ? make_fused_worker(spec_, at_, rows) : make_onednn_worker(spec_, at_, rows);
    worker->prepare(points / tiles);
    worker->prepare((points + tiles - 1) / tiles);
    return worker;
  }

  void prepare(int threads, std::int64_t gradients) {
    while (static_cast<int>(workers_.size()) < threads)
      workers_.push_back(make_worker(inr_tile_rows(spec_), spec_.points, tiles_));
    while (static_cast<std::int64_t>(gradients_.size()) < gradients) gradients_.push_back(inr_zeros(at_.count));
  }

  /// Gradient of chunk c of network k into `gradient`, serially; returns its square error. With `update` it is all of
  /// the gradient, and the network takes its step.
  double chunk_gradient(InrWorker& worker, std::int64_t k, std::int64_t c, float* gradient, const InrUpdate* update) {
    const auto scale = static_cast<float>(2 / values());
    const std::int64_t first_tile = tiles_ * c / chunks_;
    const std::int64_t end_tile = tiles_ * (c + 1) / chunks_;
    double squares = 0;
    for (std::int64_t tile = first_tile; tile < end_tile; ++tile) {
      const std::int64_t first = spec_.points * tile / tiles_;
      const std::int64_t end = spec_.points * (tile + 1) / tiles_;
      squares +=
          worker.train_tile(copy_of(k, 0), coordinates_.data() + first * spec_.inputs,
                            targets_.data() + ((k - first_) * spec_.points + first) * spec_.channels, end - first,
                            scale, tile == first_tile, gradient, tile + 1 == end_tile ? update : nullptr);
    }
    return squares;
  }

  /// Of step `t`, counted from 1, of network k.
  InrUpdate update_of(std::int64_t k, std::uint64_t t) {
    Adam settings = spec_.adam;
    settings.learning_rate = learning_rate_at(spec_, t);
    return {update_step({OptimizerKind::adam, settings}, t, spec_.weight_decay), copy_of(k, 1), copy_of(k, 2)};
  }

  /// The networks `running` of this rank alone. squares [networks, steps]
  void train_own(std::span<const std::int64_t> running, int steps, std::vector<double>& squares) {
    const int threads = omp_get_max_threads();
    const InrPoolSizes sizes{.networks = static_cast<std::int64_t>(running.size()),
                             .chunks = static_cast<int>(chunks_),
                             .blocks = static_cast<int>((at_.count + inr_block - 1) / inr_block),
                             .steps = steps,
                             .threads = threads};
    prepare(threads, chunks_ == 1 ? threads : sizes.slots() * chunks_);
    chunk_squares_.resize(static_cast<std::size_t>(sizes.slots() * chunks_));
    InrPool pool(sizes, threads <= omp_get_num_procs());
#pragma omp parallel num_threads(threads)
    {
      const InrOneThread alone;
      const SubnormalsAreZero flush;
      const int thread = omp_get_thread_num();
      std::optional<InrPool::Task> last;
      while (const std::optional<InrPool::Task> task = pool.next(thread)) {
        const std::int64_t k = running[task->network];
        const bool same_step = last && last->network == task->network && last->step == task->step;
        carry_out(*task, k, !same_step, squares.data() + k * steps);
        if (pool.finish(*task)) {
          if (task->kind != InrPool::Kind::turn) close_step(*task, k, squares.data() + k * steps);
          pool.release(*task, curves_[k].stopped(spec_.patience));
        }
        last = task;
      }
    }
  }

  /// The one network of this rank, which has others beside it. squares [steps]
  void train_together(int steps, double* squares) {
    const std::int64_t k = first_;
    const std::int64_t own = share_.end_chunk - share_.first_chunk;
    const auto threads = static_cast<int>(std::min<std::int64_t>(omp_get_max_threads(), own));
    GradientChain chain(ranks_, share_.first_rank, share_.end_rank, inr_block);
    prepare(threads, own);
    chunk_squares_.resize(static_cast<std::size_t>(own));
    if (passed_.size() == 0) passed_ = inr_zeros(at_.count);
    AlignedBuffer<float>& sum = chain.begins() ? gradients_[0] : passed_;
    const InrKernels& kernels = inr_kernels();
    StaleStop& curve = curves_[k];
    for (int s = 0; s < steps && !curve.stopped(spec_.patience); ++s) {
#pragma omp parallel num_threads(threads)
      {
        const InrOneThread alone;
        const SubnormalsAreZero flush;
        InrWorker& worker = *workers_[omp_get_thread_num()];
        worker.begin_step(copy_of(k, 0));
#pragma omp for schedule(dynamic, 1)
        for (std::int64_t c = 0; c < own; ++c)
          chunk_squares_[c] = chunk_gradient(worker, k, share_.first_chunk + c, gradients_[c].data(), nullptr);
      }
      const auto by_blocks = [&](const auto& body) {
        return [&, body](std::int64_t at, std::int64_t count) {
#pragma omp parallel for schedule(static) num_threads(threads)
          for (std::int64_t block = at; block < at + count; block += inr_block) {
            const SubnormalsAreZero flush;
            body(block, std::min(inr_block, at + count - block));
          }
        };
      };
      const auto add = by_blocks([&](std::int64_t at, std::int64_t count) {
        for (std::int64_t c = chain.begins() ? 1 : 0; c < own; ++c)
          kernels.add(sum.data() + at, gradients_[c].data() + at, count);
      });
      const InrUpdate update = update_of(k, step_ + s + 1);
      const auto take_step = by_blocks([&](std::int64_t at, std::int64_t count) {
        kernels.adam(update.step, sum.data() + at, copy_of(k, 0) + at, update.first + at, update.second + at, count);
      });
      curve.add(chain.step({sum.data(), static_cast<std::size_t>(at_.count)},
                           {copy_of(k, 0), static_cast<std::size_t>(at_.count)}, chunk_squares_, add, take_step));
      squares[s] = curve.last;
    }
  }

  /// Of network k. `begin`: this thread's worker has not begun the step. squares: a square error a step.
  void carry_out(const InrPool::Task& task, std::int64_t k, bool begin, double* squares) {
    const int thread = omp_get_thread_num();
    InrWorker& worker = *workers_[thread];
    if (task.kind == InrPool::Kind::block) return update_block(task, k);
    if (begin) worker.begin_step(copy_of(k, 0));
    if (task.kind == InrPool::Kind::chunk) {
      const std::int64_t at = task.slot * chunks_ + task.part;
      chunk_squares_[at] = chunk_gradient(worker, k, task.part, gradients_[at].data(), nullptr);
      return;
    }
    StaleStop& curve = curves_[k];
    for (int s = task.step; s < task.end && !curve.stopped(spec_.patience); ++s) {
      const InrUpdate update = update_of(k, step_ + s + 1);
      curve.add(chunk_gradient(worker, k, 0, gradients_[thread].data(), &update));
      squares[s] = curve.last;
    }
  }

  /// Adds the gradients of the chunks, in order, for a block of parameters, which take their step.
  void update_block(const InrPool::Task& task, std::int64_t k) {
    const std::int64_t at = task.part * inr_block;
    const std::int64_t count = std::min(inr_block, at_.count - at);
    const InrKernels& kernels = inr_kernels();
    const AlignedBuffer<float>* const terms = &gradients_[task.slot * chunks_];
    float* const gradient = gradients_[task.slot * chunks_].data() + at;
    for (std::int64_t c = 1; c < chunks_; ++c) kernels.add(gradient, terms[c].data() + at, count);
    const InrUpdate update = update_of(k, step_ + task.step + 1);
    kernels.adam(update.step, gradient, copy_of(k, 0) + at, update.first + at, update.second + at, count);
  }

  void close_step(const InrPool::Task& task, std::int64_t k, double* squares) {
    const auto first = chunk_squares_.begin() + task.slot * chunks_;
    curves_[k].add(std::accumulate(first, first + chunks_, 0.0));
    squares[task.step] = curves_[k].last;
  }

  InrSpec spec_;
  bool fused_;
  InrParameters at_;
  std::vector<InrTensor> tensors_;
  std::int64_t tiles_;   ///< of one network: runs of points as equal as can be
  std::int64_t chunks_;  ///< of one network; each is a run of tiles
  InrShare share_;
  std::int64_t first_;  ///< network of this rank
  std::int64_t end_;
  AlignedBuffer<float> state_;                       ///< [own networks, 3, count]
  std::vector<float> coordinates_;                   ///< [points, inputs]
  std::vector<float> targets_;                       ///< [own networks, points, channels]
  std::vector<StaleStop> curves_;                    ///< [K], sums of square errors of each network
  std::vector<std::unique_ptr<InrWorker>> workers_;  ///< one a thread
  std::vector<AlignedBuffer<float>> gradients_;      ///< with one chunk one a thread, else [slots of the pool, chunks]
  AlignedBuffer<float> passed_;                      ///< what the rank before has added up, of a network of several
  std::vector<double> chunk_squares_;                ///< [slots of the pool, chunks], or of this rank's chunks
};

}  // namespace

Support supports(const InrSpec& spec) {
  if (std::string problem = why_invalid(spec); !problem.empty()) return Support::no(std::move(problem));
  if (spec.precision == Precision::tf32) return Support::no("cpu has no tf32; it computes networks in fp32 or bf16");
  if (spec.precision == Precision::bf16 && chosen(spec) == InrImplementation::fused && !has_bf16())
    return Support::no("without AVX-512 BF16 the fused implementation computes in fp32; bf16 is onednn's");
  if (spec.width > inr_largest_width)
    return Support::no(fmt::format("cpu supports widths 1 to {}, but got {}", inr_largest_width, spec.width));
  return Support::yes();
}

std::unique_ptr<InrEnsemble> make(const InrSpec& spec, Communicator& ranks) {
  return std::make_unique<CpuInrEnsemble>(spec, ranks);
}

}  // namespace frugal::cpu
