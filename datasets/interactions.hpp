// User-item data as the readers give it, and the one way to load any of them by name.
#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "impl/common/document.hpp"
#include "impl/common/specs.hpp"

namespace frugal::data {

/// One rating as read, ids made dense (0-based, in order of first appearance).
struct Rating {
  std::uint32_t user;
  std::uint32_t item;
  float value;
  std::int64_t time;  ///< seconds since 1970, or any order; meaningless unless Ratings::timed
};

struct Ratings {
  std::vector<Rating> rows;  ///< distinct (user, item) pairs
  std::uint32_t users = 0;
  std::uint32_t items = 0;
  bool timed = false;            ///< the file has usable times
  std::uint64_t duplicates = 0;  ///< repeated pairs that were merged (the last one wins), where the format allows it
  std::vector<std::string> user_names;  ///< original ids by index
  std::vector<std::string> item_names;
};

/// Training positives, one held-out item per user that has one, and candidates to rank it against.
struct LeaveOneOut {
  std::uint32_t users = 0;
  std::uint32_t items = 0;
  std::vector<Interaction> train;        ///< distinct; no held-out pair among them
  std::vector<Interaction> held_out;     ///< at most one per user
  std::vector<std::uint32_t> negatives;  ///< [held_out x negatives_per_query], distinct per query, none in train.
                                         ///< Drawn ones never equal the held-out item; a published list may name
                                         ///< it (ML-1M's does in 156 of 6,040): there it ties with itself and
                                         ///< counts against (impl/api/ranking.hpp)
  int negatives_per_query = 0;
  std::string protocol;  ///< one line for tables: where the split and the negatives come from
};

/// How to hold out one interaction a user: the latest, or a random one (Philox, Purpose::split). Ties in time: the last
/// in file order. Users with fewer than two interactions keep theirs for training.
enum class HoldOut { latest, random };

/// Splits ratings and draws `negatives` candidates a user, uniformly from the items the user never touched (Philox,
/// Purpose::eval_negatives), fixed by the seed and not redrawn.
/// Throws UserError when HoldOut::latest is asked of data without times, or when a user has too few unseen items.
LeaveOneOut leave_one_out(const Ratings& ratings, HoldOut how, int negatives, std::uint64_t seed);

/// A data set for `cadc`, by manifest or generator name, with the generator's parameters (see dataset_params).
/// Throws UnavailableError with the command that would fetch it when no data directory holds it.
LeaveOneOut load_leave_one_out(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs,
                               std::uint64_t seed);

}  // namespace frugal::data
