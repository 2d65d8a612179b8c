// Logistic matrix factorisation by SGD in the order of mf_schedule.hpp. The blocks of a round run in parallel: they
// share no row, so the result has the same bits at any number of threads.
//
// Rows are kept in slot order while training: those of a group are contiguous, and a block (two groups) fits the
// first- or second-level cache.
#include <algorithm>
#include <numeric>
#include <vector>

#include "impl/common/mf_schedule.hpp"
#include "impl/cpu/aligned_buffer.hpp"
#include "impl/cpu/kernels/mf_kernels.hpp"
#include "impl/cpu/mf_solver.hpp"
#include "impl/cpu/round_progress.hpp"

namespace frugal::cpu {
namespace {

/// Examples of a sweep from which on waking a team of threads pays.
constexpr std::uint64_t parallel_examples = 20'000;

/// Positives binned by one thread at a time. Any value gives the same order.
constexpr std::uint64_t chunk_positives = MfSchedule::sweep_positives / 32;

class LogisticSgd final : public MfSolverEngine {
 public:
  explicit LogisticSgd(const MfSpec& spec)
      : spec_(spec),
        schedule_(spec),
        stride_(padded(spec.dim)),
        users_(static_cast<std::size_t>(spec.users) * stride_),
        items_(static_cast<std::size_t>(spec.items) * stride_),
        user_bias_(spec.users),
        item_bias_(spec.items),
        user_slot_(spec.users),
        item_slot_(spec.items) {
    for (std::uint32_t u = 0; u < spec.users; ++u) user_slot_[u] = schedule_.user_slot(u);
    for (std::uint32_t i = 0; i < spec.items; ++i) item_slot_[i] = schedule_.item_slot(i);
  }

  void set_interactions(std::span<const Interaction> positives) override {
    positives_.clear();
    positives_.reserve(positives.size());
    for (const Interaction& pair : positives) positives_.push_back({user_slot_[pair.user], item_slot_[pair.item]});
    const std::uint64_t largest = std::min<std::uint64_t>(positives.size(), MfSchedule::sweep_positives);
    const std::size_t examples = largest * (1 + static_cast<std::size_t>(spec_.negatives));
    drawn_ = AlignedBuffer<MfExample>(examples);
    binned_ = AlignedBuffer<MfExample>(examples);
    const std::uint64_t chunks = (largest + chunk_positives - 1) / chunk_positives;
    chunk_start_.assign(chunks * MfSchedule::blocks, 0);
  }

  std::vector<double> train(MfParameters& parameters, std::uint64_t first_epoch, int epochs) override {
    to_slots(parameters);
    std::vector<double> losses;
    for (int e = 0; e < epochs; ++e)
      losses.push_back(
          epoch(static_cast<std::uint32_t>(first_epoch + static_cast<std::uint64_t>(e)), parameters.global_bias));
    from_slots(parameters);
    return losses;
  }

 private:
  double epoch(std::uint32_t number, float global_bias) {
    const MfKernels& kernels = mf_kernels();
    const SgdModel model{users_.data(),
                         items_.data(),
                         user_bias_.data(),
                         item_bias_.data(),
                         stride_,
                         global_bias,
                         static_cast<float>(spec_.learning_rate),
                         static_cast<float>(spec_.l2)};
    double loss = 0;
    for (std::uint64_t sweep = 0; sweep < MfSchedule::sweeps(positives_.size()); ++sweep) {
      bin(number, sweep * MfSchedule::sweep_positives);
      std::vector<double> block_loss(MfSchedule::blocks);
      RoundProgress progress;
#pragma omp parallel if (drawn_.size() >= parallel_examples)
      progress.run([&](std::uint32_t block) {
        block_loss[block] = kernels.sgd(model, binned_.data() + block_start_[block],
                                        static_cast<long>(block_start_[block + 1] - block_start_[block]));
      });
      for (const double sum : block_loss) loss += sum;
    }
    const double examples = static_cast<double>(positives_.size()) * (1.0 + spec_.negatives);
    return examples > 0 ? loss / examples : 0;
  }

  /// Draws the examples of the sweep that starts at position `begin` and sorts them by block, keeping their order
  /// within a block: a counting sort over chunks of positions.
  void bin(std::uint32_t epoch_number, std::uint64_t begin) {
    const std::uint64_t end = std::min<std::uint64_t>(positives_.size(), begin + MfSchedule::sweep_positives);
    const std::uint64_t chunks = (end - begin + chunk_positives - 1) / chunk_positives;
    const std::uint64_t per_positive = 1 + static_cast<std::uint64_t>(spec_.negatives);
#pragma omp parallel for schedule(dynamic, 1) if (drawn_.size() >= parallel_examples)
    for (std::uint64_t chunk = 0; chunk < chunks; ++chunk) {
      const std::uint64_t first = begin + chunk * chunk_positives;
      const std::uint64_t last = std::min(end, first + chunk_positives);
      std::uint32_t* count = chunk_start_.data() + chunk * MfSchedule::blocks;
      std::fill_n(count, MfSchedule::blocks, 0U);
      MfExample* out = drawn_.data() + (first - begin) * per_positive;
      const MfSchedule schedule = schedule_;  // copies that no store can change stay in registers
      const std::uint32_t* const item_slot = item_slot_.data();
      const int negatives = spec_.negatives;
      schedule.visit_positives(positives_, epoch_number, first, last,
                               [&](const Interaction& positive, const std::uint32_t* items) {
                                 const std::uint32_t row = MfSchedule::block(schedule.user_group(positive.user), 0);
                                 ++count[row + schedule.item_group(positive.item)];
                                 *out++ = {positive.user, positive.item | MfExample::positive};
                                 for (int k = 0; k < negatives; ++k) {
                                   const std::uint32_t slot = item_slot[items[k]];
                                   ++count[row + schedule.item_group(slot)];
                                   *out++ = {positive.user, slot};
                                 }
                               });
    }
    // Where each chunk's part of each block starts: blocks one after another, in each the chunks in order.
    std::vector<std::uint32_t> next(MfSchedule::blocks);
    for (std::uint64_t chunk = 0; chunk < chunks; ++chunk)
      for (std::uint32_t block = 0; block < MfSchedule::blocks; ++block)
        next[block] += chunk_start_[chunk * MfSchedule::blocks + block];
    std::exclusive_scan(next.begin(), next.end(), next.begin(), 0U);
    std::copy(next.begin(), next.end(), block_start_);
    block_start_[MfSchedule::blocks] = static_cast<std::uint32_t>((end - begin) * per_positive);
    for (std::uint64_t chunk = 0; chunk < chunks; ++chunk)
      for (std::uint32_t block = 0; block < MfSchedule::blocks; ++block) {
        std::uint32_t& start = chunk_start_[chunk * MfSchedule::blocks + block];
        const std::uint32_t count = start;
        start = next[block];
        next[block] += count;
      }
#pragma omp parallel for schedule(dynamic, 1) if (drawn_.size() >= parallel_examples)
    for (std::uint64_t chunk = 0; chunk < chunks; ++chunk) {
      const std::uint64_t first = chunk * chunk_positives * per_positive;
      const std::uint64_t last = std::min((end - begin) * per_positive, first + chunk_positives * per_positive);
      const MfSchedule schedule = schedule_;
      MfExample* const binned = binned_.data();
      std::uint32_t* place = chunk_start_.data() + chunk * MfSchedule::blocks;
      for (std::uint64_t e = first; e < last; ++e) {
        const MfExample example = drawn_[e];
        const std::uint32_t item = example.item & ~MfExample::positive;
        binned[place[MfSchedule::block(schedule.user_group(example.user), schedule.item_group(item))]++] = example;
      }
    }
  }

  void to_slots(const MfParameters& p) {
    rows_to_slots(p.user_factors, p.user_bias, user_slot_, users_, user_bias_);
    rows_to_slots(p.item_factors, p.item_bias, item_slot_, items_, item_bias_);
  }

  void rows_to_slots(const std::vector<float>& factors, const std::vector<float>& bias,
                     const std::vector<std::uint32_t>& slot, AlignedBuffer<float>& rows, std::vector<float>& biases) {
    const std::size_t dim = static_cast<std::size_t>(spec_.dim);
    std::fill(rows.begin(), rows.end(), 0.F);
    for (std::size_t id = 0; id < slot.size(); ++id) {
      std::copy_n(factors.data() + id * dim, dim, rows.data() + static_cast<std::size_t>(slot[id]) * stride_);
      biases[slot[id]] = bias[id];
    }
  }

  void from_slots(MfParameters& p) const {
    rows_from_slots(users_, user_bias_, user_slot_, p.user_factors, p.user_bias);
    rows_from_slots(items_, item_bias_, item_slot_, p.item_factors, p.item_bias);
  }

  void rows_from_slots(const AlignedBuffer<float>& rows, const std::vector<float>& biases,
                       const std::vector<std::uint32_t>& slot, std::vector<float>& factors,
                       std::vector<float>& bias) const {
    const std::size_t dim = static_cast<std::size_t>(spec_.dim);
    for (std::size_t id = 0; id < slot.size(); ++id) {
      std::copy_n(rows.data() + static_cast<std::size_t>(slot[id]) * stride_, dim, factors.data() + id * dim);
      bias[id] = biases[slot[id]];
    }
  }

  MfSpec spec_;
  MfSchedule schedule_;
  long stride_;
  AlignedBuffer<float> users_;  ///< [users, stride], rows by slot
  AlignedBuffer<float> items_;  ///< [items, stride], rows by slot
  std::vector<float> user_bias_;
  std::vector<float> item_bias_;
  std::vector<std::uint32_t> user_slot_;
  std::vector<std::uint32_t> item_slot_;
  std::vector<Interaction> positives_;      ///< by slots, in the order given
  AlignedBuffer<MfExample> drawn_;          ///< examples of the sweep by position
  AlignedBuffer<MfExample> binned_;         ///< the same by block
  std::vector<std::uint32_t> chunk_start_;  ///< [chunks, blocks]: counts, then where the chunk's next example goes
  std::uint32_t block_start_[MfSchedule::blocks + 1] = {};
};

}  // namespace

std::unique_ptr<MfSolverEngine> make_logistic_sgd(const MfSpec& spec) { return std::make_unique<LogisticSgd>(spec); }

}  // namespace frugal::cpu
