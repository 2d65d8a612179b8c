// Interactions and clicks by the name of their data set.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "datasets/catalog/catalog.hpp"
#include "datasets/clicks/clicks.hpp"
#include "datasets/formats/readers.hpp"
#include "datasets/interactions/interactions.hpp"
#include "datasets/interactions/negatives.hpp"
#include "datasets/interactions/ratings_builder.hpp"
#include "datasets/synthetic/clicks.hpp"
#include "datasets/synthetic/from_params.hpp"
#include "datasets/synthetic/interactions.hpp"
#include "impl/base/error.hpp"

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
Split split_generated(InteractionsGenerator& generator, int negatives, NegativeLaw law, std::uint64_t seed) {
  const InteractionsSpec& spec = generator.spec();
  Split split;
  split.users = spec.users;
  split.items = spec.items;
  split.chronological = true;
  split.train.reserve(spec.interactions);
  generator.for_each([&](std::uint32_t user, std::span<const std::uint32_t> items) {
    std::size_t kept = items.size();
    if (items.size() >= 2) split.held_out.push_back({user, items[--kept]});
    for (const std::uint32_t item : items.first(kept)) split.train.push_back({user, item});
  });
  draw_negatives(split, negatives, law, seed);
  split.protocol = fmt::format("synthetic, leave-one-out (latest), {} {} unseen negatives", negatives,
                               law == NegativeLaw::popularity ? "popularity-drawn" : "uniform");
  return split;
}

/// A split that comes with lists of candidates keeps them unless others are asked for.
Split split_given(Split split, int negatives, NegativeLaw law, std::uint64_t seed) {
  if (law == NegativeLaw::given && negatives == split.negatives_per_query) return split;
  if (law == NegativeLaw::given) law = NegativeLaw::uniform;
  draw_negatives(split, negatives, law, seed);
  split.protocol = fmt::format("given split, {} {} unseen negatives", negatives,
                               law == NegativeLaw::popularity ? "popularity-drawn" : "uniform");
  return split;
}

/// A choice among words, by its index in `of`.
template <class T>
T chosen(const Params& params, const std::string& name, std::string_view dataset,
         std::initializer_list<std::pair<std::string_view, T>> of) {
  const auto& specs = dataset_params(dataset);
  const auto spec = std::ranges::find(specs, name, &GeneratorParam::name);
  const std::string& word = spec->choices.at(static_cast<std::size_t>(params.at(name)));
  return std::ranges::find(of, word, &std::pair<std::string_view, T>::first)->second;
}

NegativeLaw negative_law(const Params& params, std::string_view dataset) {
  return chosen<NegativeLaw>(
      params, "negative_sampling", dataset,
      {{"given", NegativeLaw::given}, {"uniform", NegativeLaw::uniform}, {"popularity", NegativeLaw::popularity}});
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

Split load_split(const Json& dataset, const Dirs& data_dirs, std::uint64_t seed) {
  const std::string name = name_of(dataset);
  const Params params = resolve_params(dataset);
  const NegativeLaw law = negative_law(params, name);
  const int negatives = static_cast<int>(params.at("negatives"));
  if (name == "synthetic-interactions") {
    InteractionsGenerator generator(interactions_spec(params), seed);
    return split_generated(generator, negatives, law, seed);
  }
  const Manifest& manifest = manifest_of_kind(name, "interactions");
  const Dirs files = locate_all(manifest, data_dirs);
  if (manifest.reader == "ncf")
    return split_given(read_ncf(files.at(0), files.at(1), files.at(2)), negatives, law, seed);
  Ratings ratings = ratings_reader(manifest.reader)(files.front());
  const int core = static_cast<int>(params.at("core"));
  if (params.at("min_rating") > 0 || core > 0)
    ratings = filter_ratings(std::move(ratings), params.at("min_rating"), core);
  const SplitRule rule{.how = chosen<HoldOut>(params, "split", name,
                                              {{"latest", HoldOut::latest},
                                               {"random", HoldOut::random},
                                               {"temporal", HoldOut::temporal},
                                               {"ratio", HoldOut::ratio}}),
                       .test_fraction = params.at("test_fraction"),
                       .negatives = negatives,
                       .law = law};
  return split_ratings(ratings, rule, seed);
}

bool has_times(const Json& dataset) {
  const Manifest* const manifest = find_manifest(name_of(dataset));
  return manifest ? manifest->timed : true;  // a generator's items come in order of time
}

ClickSplit load_clicks(const Json& dataset, const Dirs& data_dirs, std::uint64_t seed) {
  const std::string name = name_of(dataset);
  const Params params = resolve_params(dataset);
  if (name == "synthetic-clicks") return synthetic_clicks(clicks_spec(params), seed);
  const Manifest& manifest = manifest_of_kind(name, "clicks");
  const Dirs files = locate_all(manifest, data_dirs);
  if (!manifest.attributes.empty()) {
    const Ratings ratings = ratings_reader(manifest.reader)(files.front());
    const SideAttributes side = load_attributes(dataset, data_dirs, ratings);
    return clicks_from_ratings(ratings, side, params.at("label_rating"), params.at("test_fraction"), seed);
  }
  ClickSplit split;
  split.train = read_criteo(files.front(), static_cast<std::uint32_t>(params.at("rows_per_table")),
                            static_cast<std::uint64_t>(params.at("examples")));
  if (split.train.size() < 2) throw UserError({files.front().string()}, "too few examples to hold some out");
  split.test = split_off_tail(split.train, std::stod(manifest.split));
  return split;
}

}  // namespace frugal::data
