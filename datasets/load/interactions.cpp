#include "datasets/load/interactions.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
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
#include "impl/common/together.hpp"

namespace frugal::data {
namespace {

struct Candidates {
  int negatives;
  NegativeLaw law;
};

/// A generated set is split while it streams: the last item of a user is held out. Candidates are drawn for the users
/// that are tested only. Each rank makes a run of the users.
Split split_generated(InteractionsStream& stream, Candidates candidates, std::uint64_t seed, std::uint64_t tested_users,
                      Communicator& ranks) {
  Split split;
  split.users = stream.users();
  split.items = stream.items();
  split.chronological = true;
  const std::vector<std::size_t> begins = equal_shares(split.users, ranks.size());
  const auto begin = [&](int rank) { return static_cast<std::uint32_t>(begins[static_cast<std::size_t>(rank)]); };
  stream.for_each(begin(ranks.rank()), begin(ranks.rank() + 1),
                  [&](std::uint32_t user, std::span<const std::uint32_t> items) {
                    std::size_t kept = items.size();
                    if (items.size() >= 2) split.held_out.push_back({user, items[--kept]});
                    for (const std::uint32_t item : items.first(kept)) split.train.push_back({user, item});
                  });
  split.protocol = "synthetic, leave-one-out (latest), " + describe_negatives(candidates.negatives, candidates.law);
  keep_tested_users(split, tested_users, seed, ranks);
  draw_negatives(split, candidates.negatives, candidates.law, seed, ranks);
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
Split split_file(Ratings ratings, Duplicates rule, const Json& dataset, std::uint64_t seed,
                 Communicator& ranks = alone()) {
  const std::uint64_t merged = ratings.duplicates;
  Split split = split_by_rule(std::move(ratings), dataset, seed, ranks);
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

/// Ratings in one file, and how it is read.
struct RatingsFile {
  std::filesystem::path path;
  RatingsForm form;
};

/// Nothing: the data set is in several files.
std::optional<RatingsFile> ratings_file(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs) {
  if (is_own_file(dataset)) return RatingsFile{own_path(dataset), ratings_form(dataset)};
  const Manifest& manifest = manifest_of_kind(dataset.at("name").get<std::string>(), Kind::interactions, data_dirs);
  if (manifest.reader == Reader::ncf || manifest.split == DefaultSplit::given) return std::nullopt;
  return RatingsFile{locate_all(manifest, data_dirs).front(), ratings_form(manifest.table)};
}

/// Of a data set that is read.
Split split_read(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs, std::uint64_t seed) {
  if (const std::optional<RatingsFile> file = ratings_file(dataset, data_dirs))
    return split_file(read_ratings(file->path, file->form), file->form.duplicates, dataset, seed);
  const Manifest& manifest = manifest_of_kind(dataset.at("name").get<std::string>(), Kind::interactions, data_dirs);
  if (manifest.reader == Reader::ncf) {
    const auto files = locate_all(manifest, data_dirs);
    const auto lists = from_word(ncf_lists_names, "lists", dataset.at("lists").get<std::string>());
    return split_given(read_ncf(files.at(0), files.at(1), files.at(2), lists), candidates_of(dataset),
                       manifest.negatives, files.at(2), seed);
  }
  return split_files(load_rating_parts(manifest, data_dirs), ratings_form(manifest.table).duplicates,
                     from_word(held_part_names, "hold_out", dataset.at("hold_out").get<std::string>()), seed);
}

/// The same by several ranks: of this rank's users. Nothing where the data cannot be cut.
std::optional<Split> split_read(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs,
                                std::uint64_t seed, Communicator& ranks) {
  std::optional<RatingsFile> file;
  together(ranks, [&] { file = ratings_file(dataset, data_dirs); });  // a host may lack it
  if (!file) return std::nullopt;
  const auto how = from_word(hold_out_names, "split", dataset.at("split").get<std::string>());
  if (how != HoldOut::latest && how != HoldOut::random) return std::nullopt;
  std::optional<Ratings> ratings = read_ratings(file->path, file->form, ranks);
  if (!ratings) return std::nullopt;
  return split_file(std::move(*ratings), file->form.duplicates, dataset, seed, ranks);
}

/// What each rank has of its own users, as load_split() gives it.
Split collected(Split own, Communicator& ranks) {
  if (ranks.size() == 1) return own;
  own.validation = gathered_at_first(ranks, std::move(own.validation));
  own.held_out = gathered_at_first(ranks, std::move(own.held_out));
  own.negatives = gathered_at_first(ranks, std::move(own.negatives));
  own.train = PackedPairs::spread(ranks, own.train);
  return own;
}

}  // namespace

Split split_by_rule(Ratings ratings, const Json& dataset, std::uint64_t seed, Communicator& ranks) {
  const double min_rating = dataset.at("min_rating");
  const int core = dataset.at("core");
  const std::uint64_t all = sum_of(ranks, ratings.rows.size());
  if (min_rating != 0 || core > 0) ratings = filter_ratings(std::move(ratings), min_rating, core, ranks);
  const Candidates candidates = candidates_of(dataset);
  const SplitRule rule{.how = from_word(hold_out_names, "split", dataset.at("split").get<std::string>()),
                       .test_fraction = dataset.at("test_fraction"),
                       .negatives = candidates.negatives,
                       .law = candidates.law};
  Split split = split_ratings(ratings, rule, seed, ranks);
  if (const std::uint64_t left_out = all - sum_of(ranks, ratings.rows.size()); left_out > 0)
    split.protocol += fmt::format("; {} of {} ratings left out ({}{}{})", left_out, all,
                                  min_rating != 0 ? fmt::format("below {:g}: as if unseen", min_rating) : "",
                                  min_rating != 0 && core > 0 ? ", and " : "",
                                  core > 0 ? fmt::format("of users or items with fewer than {}", core) : "");
  return split;
}

Split load_split(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs, std::uint64_t seed,
                 const SplitWishes& wishes, Communicator& ranks) {
  const auto with_validation = [&](Split split) {
    if (wishes.validation) take_validation(split, seed);
    return split;
  };
  if (const Generator* generator = find_generator(dataset.at("name").get<std::string>());
      generator && generator->kind == Kind::interactions) {
    const auto stream = std::get<InteractionsMaker>(generator->make)(dataset, seed);
    return collected(
        with_validation(split_generated(*stream, candidates_of(dataset), seed, wishes.tested_users, ranks)), ranks);
  }
  if (ranks.size() > 1) {
    if (std::optional<Split> own = split_read(dataset, data_dirs, seed, ranks)) {
      keep_tested_users(*own, wishes.tested_users, seed, ranks);
      return collected(with_validation(std::move(*own)), ranks);
    }
    if (ranks.rank() > 0) return {};
  }
  Split split = split_read(dataset, data_dirs, seed);
  keep_tested_users(split, wishes.tested_users, seed);
  return with_validation(std::move(split));
}

bool has_times(const Json& dataset, const std::vector<std::filesystem::path>& data_dirs) {
  if (is_own_file(dataset)) return ratings_layout(own_path(dataset), ratings_form(dataset)).time.has_value();
  const Manifest* const manifest = find_manifest(dataset.at("name").get<std::string>(), data_dirs);
  return manifest ? manifest->timed : true;  // a generator's items come in order of time
}

}  // namespace frugal::data
