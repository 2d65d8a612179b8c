// Logistic matrix factorisation by SGD in the order of mf/schedule.hpp. The groups of a round run in parallel: they share
// no row, so the result has the same bits at any number of threads.
//
// Rows are kept in slot order while training: those of a group are contiguous, and two groups, of users and of items,
// fit the first- or second-level cache.
#include <omp.h>

#include <algorithm>
#include <vector>

#include "impl/common/mf/schedule.hpp"
#include "impl/cpu/aligned_buffer.hpp"
#include "impl/cpu/kernels/mf_kernels.hpp"
#include "impl/cpu/mf/round_progress.hpp"
#include "impl/cpu/mf/solver.hpp"
#include "impl/cpu/mf/streams.hpp"

namespace frugal::cpu {
namespace {

class LogisticSgd final : public MfSolverEngine {
 public:
  explicit LogisticSgd(const MfSpec& spec)
      : spec_(spec),
        streams_(spec),
        stride_(padded(spec.dim)),
        users_(static_cast<std::size_t>(spec.users) * stride_),
        items_(static_cast<std::size_t>(spec.items) * stride_),
        user_bias_(spec.users),
        item_bias_(spec.items) {}

  void set_interactions(const PackedPairs& positives) override { streams_.set_positives(positives); }

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
    const std::uint32_t groups = streams_.schedule().groups();
    std::vector<double> losses(std::size_t{groups} * groups);
    for (std::uint32_t first = 0; first < groups;) {
      const std::uint32_t end = streams_.prepare(number, first);
      RoundProgress progress(groups, first, end);
#pragma omp parallel if (streams_.wants_team())
      progress.run(static_cast<std::uint32_t>(omp_get_thread_num()), static_cast<std::uint32_t>(omp_get_num_threads()),
                   [&](std::uint32_t group, std::uint32_t round) {
                     losses[round * groups + group] = kernels.sgd(model, streams_.round(group, round));
                   });
      first = end;
    }
    double loss = 0;
    for (const double sum : losses) loss += sum;
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
  MfStreams streams_;
  long stride_;
  AlignedBuffer<float> users_;  ///< [users, stride], rows by slot
  AlignedBuffer<float> items_;  ///< [items, stride], rows by slot
  std::vector<float> user_bias_;
  std::vector<float> item_bias_;
};

}  // namespace

std::unique_ptr<MfSolverEngine> make_logistic_sgd(const MfSpec& spec) { return std::make_unique<LogisticSgd>(spec); }

}  // namespace frugal::cpu
