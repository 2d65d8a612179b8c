// Interactions and clicks by the name of their data set.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "datasets/catalog.hpp"
#include "datasets/clicks.hpp"
#include "datasets/interactions.hpp"
#include "datasets/negatives.hpp"
#include "datasets/readers/ratings_builder.hpp"
#include "datasets/readers/readers.hpp"
#include "datasets/synthetic/clicks.hpp"
#include "datasets/synthetic/from_params.hpp"
#include "datasets/synthetic/interactions.hpp"
#include "impl/common/error.hpp"

namespace frugal::data {
namespace {

using Dirs = std::vector<std::filesystem::path>;

std::string name_of(const Json& dataset) { return dataset.at("name").get<std::string>(); }

/// The manifest of a data set of this kind. Throws UserError for another kind.
const Manifest& manifest_of_kind(const std::string& name, const std::string& kind) {
  const Manifest* const manifest = find_manifest(name);
  if (!manifest || manifest->kind != kind) {
    throw UserError(fmt::format("data set '{}' holds no {}", name, kind));
  }
  return *manifest;
}

/// A generated set is split while it streams: the last item of a user is held out.
LeaveOneOut split_generated(InteractionsGenerator& generator, int negatives, std::uint64_t seed) {
  const InteractionsSpec& spec = generator.spec();
  NegativeSampler sampler(spec.items, negatives, seed);
  LeaveOneOut split;
  split.users = spec.users;
  split.items = spec.items;
  split.negatives_per_query = negatives;
  split.train.reserve(spec.interactions);
  generator.for_each([&](std::uint32_t user, std::span<const std::uint32_t> items) {
    std::size_t kept = items.size();
    if (items.size() >= 2) {
      --kept;
      split.held_out.push_back({user, items.back()});
      sampler.draw(user, items, split.negatives);
    }
    for (const std::uint32_t item : items.first(kept)) split.train.push_back({user, item});
  });
  split.protocol = fmt::format("synthetic, leave-one-out (latest), {} uniform unseen negatives", negatives);
  return split;
}

/// Replaces given negatives by drawn ones, where a plan asks for another number of them.
void redraw_negatives(LeaveOneOut& split, int negatives, std::uint64_t seed) {
  const ByUser groups = group_by_user(split.train, split.users);
  NegativeSampler sampler(split.items, negatives, seed);
  split.negatives.clear();
  split.negatives_per_query = negatives;
  std::vector<std::uint32_t> seen;
  for (const auto& [user, item] : split.held_out) {
    seen.assign(1, item);
    for (std::uint64_t k = groups.begin[user]; k < groups.begin[user + 1]; ++k) {
      seen.push_back(split.train[groups.order[k]].item);
    }
    sampler.draw(user, seen, split.negatives);
  }
  split.protocol = fmt::format("given split, {} uniform unseen negatives", negatives);
}

using RatingsReader = Ratings (*)(const std::filesystem::path&);

RatingsReader ratings_reader(const std::string& name) {
  static const std::map<std::string, RatingsReader> readers{{"ml-tab", read_movielens_tab},
                                                            {"ml-colons", read_movielens_colons},
                                                            {"ml-csv", read_movielens_csv},
                                                            {"epinions-tang", read_epinions_tang},
                                                            {"epinions-massa", read_epinions_massa}};
  return readers.at(name);
}

/// The last `share` of the examples, cut off.
Clicks split_off_tail(Clicks& clicks, double share) {
  const auto held = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(static_cast<double>(clicks.size()) * share), 1,
                                              clicks.size() - 1);
  const auto kept = clicks.size() - held;
  const auto cut = [&](auto& values, std::size_t columns) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(kept * columns);
    std::remove_reference_t<decltype(values)> tail(middle, values.end());
    values.erase(middle, values.end());
    return tail;
  };
  Clicks tail;
  tail.dense_features = clicks.dense_features;
  tail.table_rows = clicks.table_rows;
  tail.dense = cut(clicks.dense, static_cast<std::size_t>(clicks.dense_features));
  tail.ids = cut(clicks.ids, clicks.table_rows.size());
  tail.labels = cut(clicks.labels, 1);
  return tail;
}

}  // namespace

LeaveOneOut load_leave_one_out(const Json& dataset, const Dirs& data_dirs, std::uint64_t seed) {
  const std::string name = name_of(dataset);
  const Params params = resolve_params(dataset);
  const int negatives = static_cast<int>(params.contains("negatives") ? params.at("negatives") : 0);
  if (name == "synthetic-interactions") {
    InteractionsGenerator generator(interactions_spec(params), seed);
    return split_generated(generator, negatives, seed);
  }
  const Manifest& manifest = manifest_of_kind(name, "interactions");
  const Dirs files = locate_all(manifest, data_dirs);
  if (manifest.reader == "ncf") {
    LeaveOneOut split = read_ncf(files.at(0), files.at(1), files.at(2));
    if (negatives != split.negatives_per_query) redraw_negatives(split, negatives, seed);
    return split;
  }
  const Ratings ratings = ratings_reader(manifest.reader)(files.front());
  return leave_one_out(ratings, manifest.split == "latest" ? HoldOut::latest : HoldOut::random, negatives, seed);
}

ClickSplit load_clicks(const Json& dataset, const Dirs& data_dirs, std::uint64_t seed) {
  const std::string name = name_of(dataset);
  const Params params = resolve_params(dataset);
  if (name == "synthetic-clicks") return synthetic_clicks(clicks_spec(params), seed);
  const Manifest& manifest = manifest_of_kind(name, "clicks");
  const Dirs files = locate_all(manifest, data_dirs);
  ClickSplit split;
  split.train = read_criteo(files.front(), static_cast<std::uint32_t>(params.at("rows_per_table")),
                            static_cast<std::uint64_t>(params.at("examples")));
  if (split.train.size() < 2) throw UserError({files.front().string()}, "too few examples to hold some out");
  split.test = split_off_tail(split.train, std::stod(manifest.split));
  return split;
}

}  // namespace frugal::data
