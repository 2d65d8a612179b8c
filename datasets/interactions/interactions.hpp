// User-item data: as a file gives it, and as a recommender is trained and tested on it.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "impl/base/names.hpp"
#include "impl/common/groups.hpp"
#include "impl/common/packed_pairs.hpp"
#include "impl/common/specs.hpp"

namespace frugal::data {

/// Who interacts with what: dense indices, and the original ids by index where the data set has some.
struct Population {
  std::uint32_t users = 0;
  std::uint32_t items = 0;
  std::vector<std::string> user_names{};
  std::vector<std::string> item_names{};
};

/// One rating as read, ids made dense (0-based, in the order of the original ids).
struct Rating {
  std::uint32_t user;
  std::uint32_t item;
  float value;
  int line;           ///< of the file it was read from, the one that counts of several; else 0
  std::int64_t time;  ///< seconds since 1970, or any order; meaningless unless Ratings::timed
};

struct Ratings : Population {
  std::vector<Rating> rows;  ///< distinct (user, item) pairs; of a file: by user, then item
  bool timed = false;        ///< the file has usable times
  bool fine_times = false;   ///< some have fractions, so all are in millionths of the file's unit
  std::uint64_t duplicates =
      0;  ///< repeated pairs that were merged, where the format allows it: the latest counts, then the
          ///< highest
};

/// Where the candidates beside a held-out item come from: a published list, or drawn from the items the user never
/// touched, uniformly or in proportion to their training interactions.
enum class NegativeLaw { given, uniform, popularity };

inline constexpr Named<NegativeLaw> negative_law_names[] = {
    {NegativeLaw::given, "given"}, {NegativeLaw::uniform, "uniform"}, {NegativeLaw::popularity, "popularity"}};

/// Training positives and what is held out from them: one item a user with candidates to rank it against
/// (leave-one-out), or any number of items a user, ranked among all items only.
struct Split : Population {
  PackedPairs train;                     ///< distinct; no held-out pair among them
  bool chronological = false;            ///< each user's training interactions are in order of time
  std::vector<Interaction> validation;   ///< taken out of `train` by take_validation(); at most one a user
  std::vector<Interaction> held_out;     ///< distinct; leave-one-out: at most one a user; else by user
  std::vector<std::uint32_t> negatives;  ///< [held_out x negatives_per_query]. The held-out item itself stands for an
                                         ///< empty place, which does not count: published lists have some. Drawn
                                         ///< ones are distinct per query, none in train, none empty
  int negatives_per_query = 0;           ///< 0: not leave-one-out, no candidates
  NegativeLaw negative_law = NegativeLaw::uniform;
  std::optional<std::uint32_t> tied_users;  ///< hold-out of the latest: users whose latest time several of their items
                                            ///< have, so that the seed decides
  std::string protocol;                     ///< one line for tables: where the split and the negatives come from
};

/// Keeps these queries of a split, by their numbers, in this order, each with its candidates.
void keep_queries(Split& split, std::span<const std::uint32_t> queries);

/// The items that each user has in the training set, ascending.
struct SeenItems : Groups<std::uint32_t> {
  explicit SeenItems(const Split& split);
  /// Of the users of `queries` only; the others' are left out. `more` are seen as well, and not in the training set.
  SeenItems(const Split& split, std::span<const Interaction> queries, std::span<const Interaction> more = {});

 private:
  void fill(const Split& split, const std::vector<bool>& asked, std::span<const Interaction> more);
};

/// Of the users with anything held out: what full ranking masks, items of the validation among them.
SeenItems seen_before_test(const Split& split);

}  // namespace frugal::data
