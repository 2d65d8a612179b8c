// What is held out of ratings to test on.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "datasets/interactions/interactions.hpp"
#include "impl/common/communicator.hpp"

namespace frugal::data {

/// latest, random: one interaction of each user with two or more, the latest or a random one; what has one time is put
/// into an order by the seed (Philox, Purpose::tie, by the original ids, so that neither the order of the file's lines
/// nor a filter matters). temporal: the latest `test_fraction` of all interactions, one cut for everybody. ratio: a random
/// `test_fraction` of all interactions. Held-out interactions of users that keep none for training are dropped:
/// nothing is known of them. Random choices: Philox, Purpose::split.
enum class HoldOut { latest, random, temporal, ratio };

inline constexpr Named<HoldOut> hold_out_names[] = {{HoldOut::latest, "latest"},
                                                    {HoldOut::random, "random"},
                                                    {HoldOut::temporal, "temporal"},
                                                    {HoldOut::ratio, "ratio"}};

/// Which part of ratings that come as train, validation and test is held out. test: what validates is trained on too;
/// validation: what tests is left out.
enum class HeldPart { test, validation };

inline constexpr Named<HeldPart> held_part_names[] = {{HeldPart::test, "test"}, {HeldPart::validation, "validation"}};

struct SplitRule {
  HoldOut how = HoldOut::latest;
  double test_fraction = 0.1;  ///< temporal, ratio
  int negatives = 99;          ///< latest, random: candidates a query, fixed by the seed and not redrawn
  NegativeLaw law = NegativeLaw::uniform;
};

/// Throws UserError when times are asked of data without them, a user has too few unseen items, or nothing is left to
/// train or to test on. Of several ranks each splits the ratings of its own users: latest and random only.
Split split_ratings(const Ratings& ratings, const SplitRule& rule, std::uint64_t seed, Communicator& ranks = alone());

/// parts: train, validation, test, of the same users and items, with times in all of them or in none. seed: of ties of
/// time, as in split_ratings(). Throws UserError when nothing is left to train or to test on.
Split split_parts(std::span<const Ratings, 3> parts, HeldPart held_out, std::uint64_t seed);

/// Moves one random training interaction of each user that has two or more from split.train to split.validation (Philox,
/// Purpose::validation), by user: what early stopping watches in place of the test items.
void take_validation(Split& split, std::uint64_t seed);

/// Keeps what is held out of `users` random users (Philox, Purpose::tested_user) and their candidates, and says so in the
/// protocol. 0, or as many as there are: nothing changes. Training is as before. Of several ranks each has what is held out
/// of its own users.
void keep_tested_users(Split& split, std::uint64_t users, std::uint64_t seed, Communicator& ranks = alone());

}  // namespace frugal::data
