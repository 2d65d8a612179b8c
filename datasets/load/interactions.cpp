#include "datasets/load/interactions.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "datasets/catalog/locate.hpp"
#include "datasets/formats/ncf.hpp"
#include "datasets/formats/ratings.hpp"
#include "datasets/interactions/filter.hpp"
#include "datasets/interactions/negatives.hpp"
#include "datasets/interactions/split.hpp"
#include "datasets/load/datasets.hpp"
#include "datasets/load/own_file.hpp"
#include "datasets/load/ratings.hpp"

namespace frugal::data {
namespace {

struct Candidates {
  int negatives;
  NegativeLaw law;
};

/// A generated set is split while it streams: the last item of a user is held out. Candidates are drawn for the users
/// that are tested only.
Split split_generated(InteractionsStream& stream, Candidates candidates, std::uint64_t seed,
                      std::uint64_t tested_users) {
  Split split;
  split.users = stream.users();
  split.items = stream.items();
  split.chronological = true;
  stream.for_each([&](std::uint32_t user, std::span<const std::uint32_t> items) {
    std::size_t kept = items.size();
    if (items.size() >= 2) split.held_out.push_back({user, items[--kept]});
    for (const std::uint32_t item : items.first(kept)) split.train.push_back({user, item});
  });
  split.protocol = "synthetic, leave-one-out (latest), " + describe_negatives(candidates.negatives, candidates.law);
  keep_tested_users(split, tested_users, seed);
  draw_negatives(split, candidates.negatives, candidates.law, seed);
  return split;
}

/// A split that comes with lists of candidates keeps them unless others are asked for: by another law, or in another
/// number than their data set `promised`. lists: their file.
Split split_given(NcfSplit split, Candidates asked, int promised, const std::filesystem::path& lists,
                  std::uint64_t seed) {
  if (asked.law == NegativeLaw::given) {
    if (asked.negatives == split.negatives_per_query) return split;
    // A plan without a word on the number asks for the promised one: it wants the lists, not others in their place.
    if (asked.negatives == promised)
      throw UserError({lists.string()},
                      fmt::format("these lists hold {0} candidates each, and the data set promises {1}: write "
                                  "negatives: {0} to take them, or negative_sampling: uniform to draw {1} instead",
                                  split.negatives_per_query, promised));
    asked.law = NegativeLaw::uniform;
  }
  draw_negatives(split, asked.negatives, asked.law, seed);
  split.protocol = fmt::format("given split, {}{}", describe_negatives(asked.negatives, asked.law), split.odd_pairs);
  return split;
}

/// Ratings in one file, by the parameters of this data set.
Split split_file(Ratings ratings, Duplicates rule, const Json& dataset, std::uint64_t seed) {
  const std::uint64_t merged = ratings.duplicates;
  Split split = split_by_rule(std::move(ratings), dataset, seed);
  split.protocol += merged_words(merged, rule);
  return split;
}

/// Ratings in the files train, validation and test.
Split split_files(const std::vector<Ratings>& parts, Duplicates rule, HeldPart held_out, std::uint64_t seed) {
  Split split = split_parts(std::span(parts).first<3>(), held_out, seed);
  std::uint64_t merged = parts[0].duplicates + parts[1].duplicates;
  if (held_out == HeldPart::test) merged += parts[2].duplicates;  // else that file is left out
  split.protocol += merged_words(merged, rule);
  return split;
}

Candidates candidates_of(const Json& dataset) {
  return {dataset.at("negatives"),
          from_word(negative_law_names, "negative_sampling", dataset.at("negative_sampling").get<std::string>())};
}

/// Of a data set that is read.
Split split_read(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs, std::uint64_t seed) {
  if (is_own_file(dataset)) {
    const RatingsForm form = ratings_form(dataset);
    return split_file(read_ratings(own_path(dataset), form), form.duplicates, dataset, seed);
  }
  const Manifest& manifest = manifest_of_kind(dataset.at("name").get<std::string>(), Kind::interactions, data_dirs);
  if (manifest.reader == Reader::ncf) {
    const auto files = locate_all(manifest, data_dirs);
    const auto lists = from_word(ncf_lists_names, "lists", dataset.at("lists").get<std::string>());
    return split_given(read_ncf(files.at(0), files.at(1), files.at(2), lists), candidates_of(dataset),
                       manifest.negatives, files.at(2), seed);
  }
  const Duplicates rule = ratings_form(manifest.table).duplicates;
  if (manifest.split == DefaultSplit::given)
    return split_files(load_rating_parts(manifest, data_dirs), rule,
                       from_word(held_part_names, "hold_out", dataset.at("hold_out").get<std::string>()), seed);
  return split_file(load_ratings(manifest, data_dirs), rule, dataset, seed);
}

}  // namespace

Split split_by_rule(Ratings ratings, const Json& dataset, std::uint64_t seed) {
  const double min_rating = dataset.at("min_rating");
  const int core = dataset.at("core");
  const std::size_t all = ratings.rows.size();
  if (min_rating != 0 || core > 0) ratings = filter_ratings(std::move(ratings), min_rating, core);
  const Candidates candidates = candidates_of(dataset);
  const SplitRule rule{.how = from_word(hold_out_names, "split", dataset.at("split").get<std::string>()),
                       .test_fraction = dataset.at("test_fraction"),
                       .negatives = candidates.negatives,
                       .law = candidates.law};
  Split split = split_ratings(ratings, rule, seed);
  if (const std::size_t left_out = all - ratings.rows.size(); left_out > 0)
    split.protocol += fmt::format("; {} of {} ratings left out ({}{}{})", left_out, all,
                                  min_rating != 0 ? fmt::format("below {:g}: as if unseen", min_rating) : "",
                                  min_rating != 0 && core > 0 ? ", and " : "",
                                  core > 0 ? fmt::format("of users or items with fewer than {}", core) : "");
  return split;
}

Split load_split(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs, std::uint64_t seed,
                 std::uint64_t tested_users) {
  if (const Generator* generator = find_generator(dataset.at("name").get<std::string>());
      generator && generator->kind == Kind::interactions) {
    const auto stream = std::get<InteractionsMaker>(generator->make)(dataset, seed);
    return split_generated(*stream, candidates_of(dataset), seed, tested_users);
  }
  Split split = split_read(dataset, data_dirs, seed);
  keep_tested_users(split, tested_users, seed);
  return split;
}

bool has_times(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs) {
  if (is_own_file(dataset)) return ratings_layout(own_path(dataset), ratings_form(dataset)).time.has_value();
  const Manifest* const manifest = find_manifest(dataset.at("name").get<std::string>(), data_dirs);
  return manifest ? manifest->timed : true;  // a generator's items come in order of time
}

}  // namespace frugal::data
