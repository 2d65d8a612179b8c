#include "datasets/load/datasets.hpp"

#include <algorithm>
#include <set>

#include "datasets/load/clicks.hpp"
#include "datasets/load/interactions.hpp"
#include "datasets/load/signal.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

using ::testing::HasSubstr;

TEST(Datasets, NamesOfSetsAndGeneratorsDoNotClash) {
  std::set<std::string> names;
  for (const Manifest& manifest : manifests({})) EXPECT_TRUE(names.insert(manifest.name).second) << manifest.name;
  for (const Generator& generator : generators()) {
    EXPECT_TRUE(names.insert(generator.name).second) << generator.name;
    EXPECT_NE(why_reserved(generator.name), "") << generator.name << " could be that of a manifest in a data folder";
  }
}

TEST(Datasets, EntriesAreAllThatAPlanCanName) {
  const std::vector<DatasetEntry> entries = dataset_entries({});
  const auto of_attributes = std::ranges::count(manifests({}), Kind::attributes, &Manifest::kind);
  EXPECT_EQ(entries.size() + static_cast<std::size_t>(of_attributes), manifests({}).size() + generators().size() + 3);
  for (const DatasetEntry& entry : entries) {
    if (entry.name != own_file) {
      EXPECT_NO_THROW(complete_dataset({{"name", entry.name}})) << entry.name;
    }
    const bool on_users_and_items = entry.kind == Kind::interactions || entry.kind == Kind::clicks;
    EXPECT_NE(is_signal(entry.kind), on_users_and_items) << entry.name;
  }
  EXPECT_EQ(entries.back().name, own_file);
}

/// The first values of what a plan gets that names the generator: twice, by the loader of its kind and by its own entry.
std::pair<std::vector<double>, std::vector<double>> values_of(const Generator& generator) {
  constexpr std::size_t most = 1000;
  std::vector<double> loaded, own;
  const Json dataset = complete_dataset({{"name", generator.name}});
  if (const auto* const signal = std::get_if<SignalMaker>(&generator.make)) {
    EXPECT_TRUE(is_signal(generator.kind));
    const int size = generator.kind == Kind::image ? 24 : 0;
    const Signal made = signal->make(dataset, size, 3);
    const Signal read = load_signal(dataset, {.size = size, .colour = "own"}, {}, 3);
    loaded.assign(read.values.begin(), read.values.end());
    own.assign(made.values.begin(), made.values.end());
  } else if (const auto* const clicks = std::get_if<ClicksMaker>(&generator.make)) {
    EXPECT_EQ(generator.kind, Kind::clicks);
    for (const float x : load_clicks(dataset, {}, 3).train.dense) loaded.push_back(x);
    for (const float x : (*clicks)(dataset, 3)->clicks(0, most).dense) own.push_back(x);
  } else {
    EXPECT_EQ(generator.kind, Kind::interactions);
    for (const Interaction& pair : load_split(dataset, {}, 3).train) loaded.push_back(pair.item);
    const auto stream = std::get<InteractionsMaker>(generator.make)(dataset, 3);
    stream->for_each(0, stream->users(), [&](auto, std::span<const std::uint32_t> items) {
      own.insert(own.end(), items.begin(), items.end() - (items.size() < 2 ? 0 : 1));  // the last is held out
    });
  }
  EXPECT_GE(std::min(loaded.size(), own.size()), most);
  loaded.resize(most);
  own.resize(most);
  return {loaded, own};
}

TEST(Generators, WhatAPlanGetsIsMadeByTheEntryThatItNamesAndByNoOther) {
  std::set<std::vector<double>> all;
  for (const Generator& generator : generators()) {
    SCOPED_TRACE(generator.name);
    const auto [loaded, own] = values_of(generator);
    EXPECT_EQ(loaded, own);
    EXPECT_TRUE(all.insert(loaded).second) << "these are the data of another generator";
  }
}

TEST(DatasetParams, DefaultsAreFilledInAndWithinTheirRange) {
  for (const Generator& generator : generators()) {
    EXPECT_EQ(complete_dataset({{"name", generator.name}}).size(), generator.params.size() + 1);
    for (const ParamSpec& param : generator.params) {
      if (!param.default_value.is_number()) continue;
      EXPECT_GE(param.default_value, param.min) << param.name;
      EXPECT_LE(param.default_value, param.max) << param.name;
    }
  }
  EXPECT_EQ(complete_dataset({{"name", "ml-100k"}}).at("negatives"), 99);
  EXPECT_EQ(complete_dataset({{"name", "ml-100k"}, {"negatives", 999}}).at("negatives"), 999);
}

TEST(DatasetParams, WhatIsCompleteStaysAsItIs) {
  for (const DatasetEntry& entry : dataset_entries({})) {
    Json given = {{"name", entry.name}};
    if (entry.name == own_file) given["path"] = "x";
    const Json complete = complete_dataset(given, entry.kind);
    EXPECT_EQ(complete_dataset(complete, entry.kind).dump(), complete.dump());
  }
}

TEST(DatasetParams, WrongOnesAreRefused) {
  const auto complaint = [](const Json& dataset) { return user_error([&] { complete_dataset(dataset); }); };
  EXPECT_THAT(complaint({{"name", "synthetic-interactons"}}), HasSubstr("did you mean 'synthetic-interactions'"));
  EXPECT_THAT(complaint({{"name", "synthetic-interactions"}, {"user", 5}}), HasSubstr("did you mean 'users'"));
  EXPECT_EQ(complaint({{"name", "synthetic-interactions"}, {"users", 5.5}}),
            "users of synthetic-interactions: expected an integer, but this is the real number 5.5");
  EXPECT_EQ(complaint({{"name", "synthetic-interactions"}, {"users", 0}}),
            "users of synthetic-interactions: users must be from 1 to 100000000, but this is 0");
  EXPECT_EQ(complaint({{"name", "synthetic-interactions"}, {"signal", "strong"}}),
            "signal of synthetic-interactions: expected a number, but this is the string \"strong\"");
}

TEST(DatasetParams, OfAnOwnFileAreItsPathAndItsColumns) {
  EXPECT_THAT(user_error([] { complete_dataset({{"name", "file"}}); }), HasSubstr("path must be given"));
  const Json ratings = complete_dataset(
      {{"name", "file"}, {"path", "r.csv"}, {"columns", {{"user", "member"}, {"item", 2}}}}, Kind::interactions);
  EXPECT_EQ(ratings.at("columns").dump(), R"({"item":"2","rating":"","time":"","user":"member"})");
  EXPECT_EQ(ratings.at("split"), "latest");
  EXPECT_THAT(
      user_error([] {
        complete_dataset({{"name", "file"}, {"path", "r.csv"}, {"columns", {{"usr", "a"}}}}, Kind::interactions);
      }),
      HasSubstr("unknown parameter of file 'columns.usr'; did you mean 'columns.user'?"));
}

TEST(DatasetParams, ContradictionsAreFoundWithoutGenerating) {
  const auto why = [](const Json& params) {
    Json dataset = {{"name", "synthetic-interactions"}};
    dataset.update(params);
    return why_invalid_dataset(complete_dataset(dataset));
  };
  EXPECT_THAT(why({{"users", 100}, {"items", 50}, {"interactions", 100'000}}), HasSubstr("do not fit 100 users"));
  EXPECT_THAT(why({{"rank", 1001}}), HasSubstr("rank 1001 is above the number of items, 1000"));
  // The default mean of 50 items a user leaves 950.
  EXPECT_EQ(why({{"negatives", 950}}), "");
  EXPECT_THAT(why({{"negatives", 951}}), HasSubstr("951 negatives do not fit 1000 items"));
  // Where some have two items and most one, whoever holds one out has seen two.
  EXPECT_EQ(why({{"interactions", 2001}, {"negatives", 998}}), "");
  EXPECT_THAT(why({{"interactions", 2001}, {"negatives", 999}}), HasSubstr("give at most 998"));
}

TEST(DatasetParams, DefaultsContradictNothing) {
  for (const Manifest& manifest : manifests({})) {
    if (manifest.kind == Kind::attributes) continue;
    EXPECT_EQ(why_invalid_dataset(complete_dataset({{"name", manifest.name}})), "");
  }
  for (const Generator& generator : generators())
    EXPECT_EQ(why_invalid_dataset(complete_dataset({{"name", generator.name}})), "");
}

TEST(DatasetParams, ClicksNeedATableAndADenseFeature) {
  for (const char* const param : {"tables", "dense_features"}) {
    const Json dataset = {{"name", "synthetic-clicks"}, {param, 0}};
    EXPECT_THAT(user_error([&] { complete_dataset(dataset); }), HasSubstr("must be from 1 to"));
  }
}

}  // namespace
}  // namespace frugal::data
