// The order in which logistic SGD visits its examples: one definition for every back end, sequential or parallel.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "impl/base/host_device.hpp"
#include "impl/base/permutation.hpp"
#include "impl/base/philox.hpp"
#include "impl/common/specs.hpp"

namespace frugal {

/// Users and items are dealt at random into `groups` groups each. An example belongs to the block (group of its user,
/// group of its item). The positives of an epoch, in the order of the epoch's Permutation, are cut into sweeps of
/// `sweep_positives`; each positive is followed by its negatives. A sweep runs `groups` rounds: round r holds the
/// blocks (g, (g + r) mod groups) for all g. Two blocks of one round share no user and no item, so they may run at the
/// same time and the result is that of running them one after another (Gemulla et al., "Large-scale matrix
/// factorization with distributed stochastic gradient descent", KDD 2011). Within a block examples keep the order of
/// the sweep.
///
/// The sweep bounds the memory of the binned examples, and with it a block's rows are used while they are in cache.
class MfSchedule {
 public:
  static constexpr std::uint32_t groups = 64;                               ///< of users, and of items
  static constexpr std::uint32_t blocks = groups * groups;                  ///< pairs of groups
  static constexpr std::uint64_t sweep_positives = std::uint64_t{1} << 18;  ///< positives of a sweep

  /// Keeps sizes, negatives and seed; no memory.
  explicit MfSchedule(const MfSpec& spec)
      : users_(spec.users, spec.seed, user_stream),
        items_(spec.items, spec.seed, item_stream),
        seed_(spec.seed),
        item_count_(spec.items),
        negatives_(static_cast<std::uint32_t>(spec.negatives)) {}

  /// Where a user (item) stands in the order that makes every group contiguous; a permutation of the ids.
  FRUGAL_HOST_DEVICE std::uint32_t user_slot(std::uint32_t user) const { return users_.slot(user); }
  /// The same of an item.
  FRUGAL_HOST_DEVICE std::uint32_t item_slot(std::uint32_t item) const { return items_.slot(item); }

  /// The group of a user's slot.
  FRUGAL_HOST_DEVICE std::uint32_t user_group(std::uint32_t slot) const { return users_.group(slot); }
  /// The group of an item's slot.
  FRUGAL_HOST_DEVICE std::uint32_t item_group(std::uint32_t slot) const { return items_.group(slot); }

  /// The number of a pair of groups.
  FRUGAL_HOST_DEVICE static constexpr std::uint32_t block(std::uint32_t user_group, std::uint32_t item_group) {
    return user_group * groups + item_group;
  }

  /// The block that user group `g` runs in round `r` of a sweep.
  FRUGAL_HOST_DEVICE static constexpr std::uint32_t block_of_round(std::uint32_t r, std::uint32_t g) {
    return block(g, (g + r) % groups);
  }

  /// Sweeps of an epoch.
  static constexpr std::uint64_t sweeps(std::uint64_t positives) {
    return (positives + sweep_positives - 1) / sweep_positives;
  }

  /// The order of an epoch's positives: position -> index.
  Permutation order_of(std::uint64_t positives, std::uint32_t epoch) const {
    return Permutation(positives, seed_, epoch);
  }

  /// Calls visit(positive, items) for the positions [begin, end) of the epoch: the positive, then the items of its
  /// `negatives` negatives, item k of position p being word p * negatives + k of the epoch's stream. A negative may be
  /// an item that the user has seen. `positives` are in the caller's order, the same for every back end; what a visit
  /// gets is what stands there.
  template <class Visit>
  void visit_positives(std::span<const Interaction> positives, std::uint32_t epoch, std::uint64_t begin,
                       std::uint64_t end, Visit&& visit) const {
    const Permutation order = order_of(positives.size(), epoch);
    const Philox random(seed_, Purpose::negatives);
    constexpr std::uint64_t batch = 64;  // its positives are on their way from memory while its items are drawn
    std::array<const Interaction*, batch> shuffled;
    std::vector<std::uint32_t> items(batch * negatives_ + 2 * 4);
    for (std::uint64_t first = begin; first < end; first += batch) {
      const std::uint64_t count = std::min(batch, end - first);
      for (std::uint64_t p = 0; p < count; ++p) {
        shuffled[p] = &positives[order(first + p)];
        __builtin_prefetch(shuffled[p]);
      }
      const std::uint64_t first_block = first * negatives_ / 4;
      const std::uint64_t last_block = ((first + count) * negatives_ + 3) / 4;
      std::uint32_t* out = items.data();
      for (std::uint64_t b = first_block; b < last_block; ++b)
        for (const std::uint32_t word : random.block(b, epoch)) *out++ = Philox::scale(word, item_count_);
      const std::uint32_t* drawn = items.data() + first * negatives_ % 4;
      for (std::uint64_t p = 0; p < count; ++p) visit(*shuffled[p], drawn + p * negatives_);
    }
  }

  /// Per positive.
  int negatives() const { return static_cast<int>(negatives_); }

 private:
  // Epoch numbers start at 0; the last two streams of Purpose::shuffle deal users and items into groups.
  static constexpr std::uint32_t user_stream = 0xffffffffU;
  static constexpr std::uint32_t item_stream = 0xfffffffeU;

  class Side {
   public:
    Side(std::uint32_t count, std::uint64_t seed, std::uint32_t stream)
        : order_(count, seed, stream), groups_per_slot_((std::uint64_t{groups} << 32) / std::max(count, 1U)) {}
    FRUGAL_HOST_DEVICE std::uint32_t slot(std::uint32_t id) const { return static_cast<std::uint32_t>(order_(id)); }
    /// floor(slot * groups / count), up to the rounding of the factor: monotone, below `groups`.
    FRUGAL_HOST_DEVICE std::uint32_t group(std::uint32_t slot) const {
      return static_cast<std::uint32_t>((slot * groups_per_slot_) >> 32);
    }

   private:
    Permutation order_;
    std::uint64_t groups_per_slot_;
  };

  Side users_;
  Side items_;
  std::uint64_t seed_;
  std::uint32_t item_count_;
  std::uint32_t negatives_;
};

}  // namespace frugal
