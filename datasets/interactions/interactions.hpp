// User-item data as the readers give it, and the one way to load any of them by name.
#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "impl/base/document.hpp"
#include "impl/common/specs.hpp"

namespace frugal::data {

/// Who interacts with what: dense indices, and the original ids by index where the data set has some.
struct Population {
  std::uint32_t users = 0;
  std::uint32_t items = 0;
  std::vector<std::string> user_names{};
  std::vector<std::string> item_names{};
};

/// One rating as read, ids made dense (0-based, in order of first appearance).
struct Rating {
  std::uint32_t user;
  std::uint32_t item;
  float value;
  std::int64_t time;  ///< seconds since 1970, or any order; meaningless unless Ratings::timed
};

struct Ratings : Population {
  std::vector<Rating> rows;      ///< distinct (user, item) pairs
  bool timed = false;            ///< the file has usable times
  std::uint64_t duplicates = 0;  ///< repeated pairs that were merged (the last one wins), where the format allows it
};

/// Drops ratings below `min_rating`, then, until nothing changes, users and items with fewer than `core` ratings (the
/// k-core). Users and items that are left get new dense indices in the old order. Throws UserError when nothing is
/// left.
Ratings filter_ratings(Ratings ratings, double min_rating, int core);

/// Where the candidates beside a held-out item come from: a published list, or drawn from the items the user never
/// touched, uniformly or in proportion to their training interactions.
enum class NegativeLaw { given, uniform, popularity };

/// Training positives and what is held out from them: one item a user with candidates to rank it against
/// (leave-one-out), or any number of items a user, ranked among all items only.
struct Split : Population {
  std::vector<Interaction> train;        ///< distinct; no held-out pair among them
  bool chronological = false;            ///< each user's training interactions are in order of time
  std::vector<Interaction> held_out;     ///< distinct; leave-one-out: at most one a user; else by user
  std::vector<std::uint32_t> negatives;  ///< [held_out x negatives_per_query], distinct per query, none in train.
                                         ///< Drawn ones never equal the held-out item; a published list may name
                                         ///< it (ML-1M's does in 156 of 6,040): there it ties with itself and
                                         ///< counts against (impl/api/ranking.hpp)
  int negatives_per_query = 0;           ///< 0: not leave-one-out, no candidates
  NegativeLaw negative_law = NegativeLaw::uniform;
  std::string protocol;  ///< one line for tables: where the split and the negatives come from
};

/// The items each user has in the training set, ascending, as CSR: what full ranking masks.
struct SeenItems {
  std::vector<std::uint64_t> offsets;  ///< [users + 1]
  std::vector<std::uint32_t> items;

  explicit SeenItems(const Split& split);
  std::span<const std::uint32_t> of(std::uint32_t user) const {
    return std::span(items).subspan(offsets[user], offsets[user + 1] - offsets[user]);
  }
};

/// What to hold out.
/// latest, random: one interaction of each user with two or more, the latest or a random one; ties in time: the last in
/// file order. temporal: the latest `test_fraction` of all interactions, one cut for everybody. ratio: a random
/// `test_fraction` of all interactions. Held-out interactions of users that keep none for training are dropped:
/// nothing is known of them. Random choices: Philox, Purpose::split.
enum class HoldOut { latest, random, temporal, ratio };

struct SplitRule {
  HoldOut how = HoldOut::latest;
  double test_fraction = 0.1;  ///< temporal, ratio
  int negatives = 99;          ///< latest, random: candidates a query, fixed by the seed and not redrawn
  NegativeLaw law = NegativeLaw::uniform;
};

/// Throws UserError when times are asked of data without them, a user has too few unseen items, or nothing is left to
/// train or to test on.
Split split_ratings(const Ratings& ratings, const SplitRule& rule, std::uint64_t seed);

/// Moves one random training interaction of each user that has two or more out of split.train (Philox,
/// Purpose::validation) and returns them, by user: what early stopping watches, so that it never sees the test items.
std::vector<Interaction> take_validation(Split& split, std::uint64_t seed);

/// A data set for `cadc`, by manifest or generator name, with its parameters (see dataset_params).
/// Throws UnavailableError with the command that would fetch it when no data directory holds it.
Split load_split(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs, std::uint64_t seed);

/// Will load_split() give a chronological split? Nothing is read.
bool has_times(const Json& dataset);

}  // namespace frugal::data
