// The order in which logistic SGD visits its examples: one definition for every back end, sequential or parallel.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "impl/base/host_device.hpp"
#include "impl/common/mf/example.hpp"
#include "impl/common/specs.hpp"

namespace frugal {

/// Users and items are dealt into as many parts: `groups` groups of `workers` parts each. Worker a of group g has the
/// users of one part for the whole epoch and takes the item parts in turn: in turn t = r * workers + s those of worker
/// (a + s) mod workers of group (g + r) mod groups. In one turn no two workers have a user or an item in common, so they
/// may run at the same time, and the result is that of running them one after another (Gemulla et al., "Large-scale
/// matrix factorization with distributed stochastic gradient descent", KDD 2011). The two levels are for machines: in a
/// round r a group meets one other group of items only, so `workers` workers that share a cache have all the rows they
/// need there; groups wait for their neighbour once a round, workers once a turn.
///
/// Parts are equally much work rather than equally many rows: rows with the most examples are dealt first, each to the
/// part that has least so far. What cannot be divided is the busiest row: its examples follow one another in any order
/// that SGD allows.
///
/// The positives of a user part are in the order of their users, and of the caller within a user; each is followed by its
/// negatives, drawn anew in every epoch: item k of the positive with number p in the caller's order is word
/// p * negatives + k of the epoch's stream; it may be an item that the user has seen. Within a turn a worker's examples
/// keep that order, so a user's stand together and its row is read and written once; as the turns follow the items, a
/// user's examples are still spread over the epoch.
class MfSchedule {
 public:
  static constexpr std::uint32_t workers = 16;       ///< of a group
  static constexpr std::uint32_t most_groups = 128;  ///< of users, and of items

  /// Users, or items, by part.
  struct Side {
    std::vector<std::uint32_t> part;    ///< by id
    std::vector<std::uint32_t> slot;    ///< by id: its place in the order that makes every part contiguous
    std::vector<std::uint32_t> begins;  ///< [parts + 1]: the first slot of each part
  };

  struct Positive {
    std::uint32_t user;    ///< slot
    std::uint32_t item;    ///< id
    std::uint32_t number;  ///< in the caller's order
  };

  /// The examples of a user part, by turn.
  struct Stream {
    std::vector<MfExample> examples;
    std::vector<std::uint32_t> begins;  ///< [turns + 1]
  };

  /// Positives of each user and of each item, by id.
  struct Counts {
    std::vector<std::uint32_t> users;
    std::vector<std::uint32_t> items;
  };
  template <class Pairs>
  static Counts count(const MfSpec& spec, const Pairs& positives) {
    Counts counts{std::vector<std::uint32_t>(spec.users), std::vector<std::uint32_t>(spec.items)};
    for (const Interaction& pair : positives) {
      ++counts.users[pair.user];
      ++counts.items[pair.item];
    }
    return counts;
  }

  /// Deals users and items. Throws std::invalid_argument for 2^32 positives or more, or as many examples of one user or
  /// item. An epoch may have more examples than that.
  MfSchedule(const MfSpec& spec, const Counts& positives);

  std::uint32_t groups() const { return groups_; }           ///< a power of two
  std::uint32_t parts() const { return groups_ * workers; }  ///< of users, and of items; part g * workers + a
  std::uint32_t turns() const { return parts(); }            ///< of an epoch
  const Side& users() const { return users_; }
  const Side& items() const { return items_; }
  /// [parts + 1]: where the positives of each user part begin in their order. Times 1 + negatives: its examples.
  const std::vector<std::uint32_t>& begins() const { return begins_; }

  /// The turn in which a user part meets an item part.
  FRUGAL_HOST_DEVICE static std::uint32_t turn(std::uint32_t groups, std::uint32_t user_part, std::uint32_t item_part) {
    const std::uint32_t round = (item_part / workers - user_part / workers) & (groups - 1);
    return round * workers + ((item_part - user_part) & (workers - 1));
  }

  /// The positives in the order of the schedule: by user's slot, and of the caller within a user.
  std::vector<Positive> order(std::span<const Interaction> positives) const;

  /// What a user part does in an epoch, drawn and sorted by turn; `positives` as order() gave them.
  Stream stream(std::span<const Positive> positives, std::uint32_t part, std::uint32_t epoch) const;

 private:
  void deal(std::span<const std::uint32_t> examples, Side& side) const;

  std::uint64_t seed_;
  std::uint32_t negatives_;
  std::uint32_t groups_;
  Side users_;
  Side items_;
  std::vector<std::uint32_t> begins_;
};

}  // namespace frugal
