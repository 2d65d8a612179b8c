// Stage 1 as the proxy that says which interactions are worth keeping: it is trained anyway, and watched meanwhile.
#pragma once
#include <cstdint>
#include <vector>

#include "benchmarks/workloads/shared/sample.hpp"
#include "datasets/interactions/interactions.hpp"
#include "impl/common/state.hpp"

namespace frugal::workloads {

/// After every epoch each training interaction is compared with `rivals` items that its user has not, drawn uniformly
/// (Philox, Purpose::proxy); a rival that scores as high or higher beats it.
///
/// svp_cf, svp_cf_user: SVP-CF (Sachdeva, Wu & McAuley, "On sampling collaborative filtering datasets", WSDM 2022), for
///   implicit feedback: the importance of an interaction is how often fresh rivals beat it, over all epochs (their mean of
///   the inverse AUC); of a user its mean. Without their propensities. Theirs: 50 epochs of a factorisation trained by BPR,
///   one rival an epoch, looked at just before the step that learns from it. Ours: the factorisation of stage 1 as the plan
///   has it, four rivals an epoch, looked at after the epoch; 12 epochs of ials are 48 rivals.
/// forgetting: after Toneva et al., "An empirical study of example forgetting", ICLR 2019: the importance of an interaction
///   is how often it was learnt at one look and no longer is at the next; what was never learnt has the most. Theirs is for
///   classification, where right and wrong are given. Ours: learnt is what beats all of its rivals, and these stay the same
///   for all epochs, so that only the model makes a difference.
class ProxyWatch {
 public:
  static constexpr int rivals = 4;

  /// Keeps a reference to the split. sampling: of watches_proxy().
  ProxyWatch(Sampling sampling, const data::Split& split, std::uint64_t seed);

  /// After an epoch; factors: the proxy's. Returns the FLOPs: a dot product an item, the rivals' and the own.
  double look(const ModelState& factors);

  /// Minus the importance, of each training interaction: what keep_sample() wants.
  std::vector<float> scores() const;

 private:
  void draw(std::uint64_t number, std::uint32_t stream, std::uint32_t (&drawn)[rivals]) const;
  void count(std::size_t number, int beaten_by);

  struct Memory {
    std::uint32_t times = 0;  ///< svp_cf: beaten; forgetting: forgotten
    bool learnt = false;      ///< at the last look
    bool ever = false;        ///< learnt at any look
  };

  bool forgetting_;
  const data::Split& split_;
  data::SeenItems seen_;
  std::uint64_t seed_;
  std::uint32_t looks_ = 0;
  std::vector<Memory> memories_;  ///< by training interaction
};

}  // namespace frugal::workloads
