// Logistic matrix factorisation by SGD in the order of mf/schedule.hpp. The groups of a round run in parallel: they share
// no row, so the result has the same bits at any number of threads, and of ranks, which have neighbouring groups each.
//
// Rows are kept in slot order while training: those of a group are contiguous, and two groups, of users and of items,
// fit the first- or second-level cache.
#include <omp.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "impl/common/mf/schedule.hpp"
#include "impl/cpu/aligned_buffer.hpp"
#include "impl/cpu/kernels/mf_kernels.hpp"
#include "impl/cpu/mf/dealt_pairs.hpp"
#include "impl/cpu/mf/item_ring.hpp"
#include "impl/cpu/mf/round_progress.hpp"
#include "impl/cpu/mf/solver.hpp"
#include "impl/cpu/mf/streams.hpp"
#include "impl/cpu/subnormals.hpp"

namespace frugal::cpu {
namespace {

class LogisticSgd final : public MfSolverEngine {
 public:
  LogisticSgd(const MfSpec& spec, Communicator& ranks)
      : spec_(spec),
        ranks_(ranks),
        streams_(spec, ranks.size() == 1 ? MfStreams::most_examples : MfStreams::whole_epoch),
        stride_(padded(spec.dim)),
        users_(static_cast<std::size_t>(spec.users) * stride_),
        items_(static_cast<std::size_t>(spec.items) * stride_),
        user_bias_(spec.users),
        item_bias_(spec.items) {}

  void set_interactions(const PackedPairs& positives) override {
    if (ranks_.size() == 1) {
      streams_.set_positives(positives);
      return share_groups();
    }
    const PairsRun run = run_of(ranks_, positives);
    const MfSchedule::Counts counts = count_together(ranks_, spec_, run);
    streams_.set_schedule(counts);
    share_groups();
    streams_.set_positives(counts, positives_of_own_groups(run), static_cast<std::uint32_t>(groups_[ranks_.rank()]),
                           static_cast<std::uint32_t>(groups_[ranks_.rank() + 1]));
  }

  std::vector<double> train(MfParameters& parameters, std::uint64_t first_epoch, int epochs) override {
    to_slots(parameters);
    ItemRing ring(ranks_, active_, {items_.data(), item_bias_.data(), static_cast<std::size_t>(stride_), item_begins_});
    std::vector<double> losses;
    losses.reserve(static_cast<std::size_t>(epochs));
    for (int e = 0; e < epochs; ++e)
      losses.push_back(
          epoch(static_cast<std::uint32_t>(first_epoch + static_cast<std::uint64_t>(e)), parameters.global_bias, ring));
    gather_groups(user_begins_, users_, user_bias_);
    gather_groups(item_begins_, items_, item_bias_);
    from_slots(parameters);
    return losses;
  }

 private:
  /// Neighbouring groups to each rank.
  void share_groups() {
    const std::uint32_t groups = streams_.schedule().groups();
    active_ = std::min(ranks_.size(), static_cast<int>(groups));
    groups_ = equal_shares(groups, active_);
    groups_.resize(static_cast<std::size_t>(ranks_.size()) + 1, groups);
    user_begins_ = begins_of_groups(streams_.schedule().users());
    item_begins_ = begins_of_groups(streams_.schedule().items());
  }

  std::vector<PackedPositives::Numbered> positives_of_own_groups(const PairsRun& run) const {
    const std::vector<int> ranks = ranks_of_rows(groups_);
    const std::vector<std::uint32_t>& part = streams_.schedule().users().part;
    using Numbered = PackedPositives::Numbered;
    auto number = static_cast<std::uint32_t>(run.begins[ranks_.rank()]);
    PackedPairs::Iterator pair = run.pairs.begin();
    std::vector<std::vector<Numbered>> of_sender(run.begins.size() - 1);
    deal(
        ranks_, run.pairs.size(),
        [&] {
          const Numbered one{*pair, number++};
          ++pair;
          return one;
        },
        [&](const Numbered& one) { return ranks[part[one.pair.user] / MfSchedule::workers]; },
        [&](std::size_t sender, std::span<const Numbered> some) {
          of_sender[sender].insert(of_sender[sender].end(), some.begin(), some.end());
        });
    std::vector<Numbered> all = std::move(of_sender.front());
    for (std::size_t sender = 1; sender < of_sender.size(); ++sender)
      all.insert(all.end(), of_sender[sender].begin(), of_sender[sender].end());
    return all;
  }

  /// [groups + 1]: the first slot of each group.
  std::vector<std::size_t> begins_of_groups(const MfSchedule::Side& side) const {
    std::vector<std::size_t> begins;
    for (std::uint32_t g = 0; g <= streams_.schedule().groups(); ++g)
      begins.push_back(side.begins[g * MfSchedule::workers]);
    return begins;
  }

  /// Each rank has the rows of its own groups; now all have all.
  void gather_groups(const std::vector<std::size_t>& begins, AlignedBuffer<float>& rows, std::vector<float>& biases) {
    std::vector<std::size_t> slots;
    for (const std::size_t group : groups_) slots.push_back(begins[group]);
    gather_rows(ranks_, rows.data(), static_cast<std::size_t>(stride_), slots);
    gather_rows(ranks_, biases.data(), 1, slots);
  }

  double epoch(std::uint32_t number, float global_bias, ItemRing& ring) {
    const MfKernels& kernels = mf_kernels();
    const SgdModel model{users_.data(),
                         items_.data(),
                         user_bias_.data(),
                         item_bias_.data(),
                         stride_,
                         global_bias,
                         static_cast<float>(spec_.learning_rate),
                         static_cast<float>(spec_.l2)};
    const std::uint32_t groups = streams_.schedule().groups();
    const auto first_group = static_cast<std::uint32_t>(groups_[ranks_.rank()]);
    const auto end_group = static_cast<std::uint32_t>(groups_[ranks_.rank() + 1]);
    std::vector<double> losses(std::size_t{groups} * groups);  // by group and round
    ring.begin_epoch();
    for (std::uint32_t first = 0; first < groups && first_group < end_group;) {
      const std::uint32_t end = streams_.prepare(number, first_group, end_group, first);
      RoundProgress progress(groups, first_group, end_group, first, end);
#pragma omp parallel if (streams_.wants_team())
      progress.run(
          static_cast<std::uint32_t>(omp_get_thread_num()), static_cast<std::uint32_t>(omp_get_num_threads()),
          [&](std::uint32_t group, std::uint32_t round) {
            const SubnormalsAreZero flush;
            losses[group * groups + round] = kernels.sgd(model, streams_.round(group, round));
          },
          [&] { ring.poll(progress); });
      for (; !ring.finished(progress); ring.poll(progress)) std::this_thread::yield();
      first = end;
    }
    gather_rows(ranks_, losses.data(), groups, groups_);
    double loss = 0;
    for (std::uint32_t round = 0; round < groups; ++round)
      for (std::uint32_t group = 0; group < groups; ++group) loss += losses[group * groups + round];
    const double examples = static_cast<double>(streams_.positives()) * (1.0 + spec_.negatives);
    return examples > 0 ? loss / examples : 0;
  }

  void to_slots(const MfParameters& p) {
    rows_to_slots(p.user_factors, p.user_bias, streams_.schedule().users().slot, users_, user_bias_);
    rows_to_slots(p.item_factors, p.item_bias, streams_.schedule().items().slot, items_, item_bias_);
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
    rows_from_slots(users_, user_bias_, streams_.schedule().users().slot, p.user_factors, p.user_bias);
    rows_from_slots(items_, item_bias_, streams_.schedule().items().slot, p.item_factors, p.item_bias);
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
  Communicator& ranks_;
  MfStreams streams_;
  int active_ = 1;                        ///< ranks that have groups
  std::vector<std::size_t> groups_;       ///< [ranks + 1]: those of each rank
  std::vector<std::size_t> user_begins_;  ///< [groups + 1]: slots
  std::vector<std::size_t> item_begins_;  ///< [groups + 1]: slots
  long stride_;
  AlignedBuffer<float> users_;  ///< [users, stride], rows by slot
  AlignedBuffer<float> items_;  ///< [items, stride], rows by slot
  std::vector<float> user_bias_;
  std::vector<float> item_bias_;
};

}  // namespace

std::unique_ptr<MfSolverEngine> make_logistic_sgd(const MfSpec& spec, Communicator& ranks) {
  return std::make_unique<LogisticSgd>(spec, ranks);
}

}  // namespace frugal::cpu
