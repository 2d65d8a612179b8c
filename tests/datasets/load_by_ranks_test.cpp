// Several ranks that read, or generate, a part each have together what one reads alone: the same interactions in the same
// order, the same ones held out, the same words.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "datasets/load/datasets.hpp"
#include "datasets/load/interactions.hpp"
#include "impl/base/error.hpp"
#include "tests/common/thread_ranks.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

using ::testing::HasSubstr;

/// What the ranks have after loading.
struct Loaded {
  Split first;                     ///< of rank 0
  std::vector<Interaction> train;  ///< of all, in their order
  std::vector<std::uint64_t> own;  ///< how many of them each rank has
  std::vector<std::string> errors;
};

Loaded load_by(int size, const Json& dataset, const SplitWishes& wishes) {
  const auto ranks_count = static_cast<std::size_t>(size);
  Loaded loaded;
  loaded.errors.resize(ranks_count);
  std::vector<std::vector<Interaction>> parts(ranks_count);
  test::ThreadRanks::run(size, [&](Communicator& ranks) {
    const auto rank = static_cast<std::size_t>(ranks.rank());
    try {
      Split split = load_split(dataset, {}, 3, wishes, ranks);
      parts[rank] = (split.train.is_spread() ? split.train.own() : split.train).unpacked();
      if (rank == 0) loaded.first = std::move(split);
    } catch (const UserError& error) {
      loaded.errors[rank] = error.what();
    }
  });
  for (const std::vector<Interaction>& part : parts) {
    loaded.train.insert(loaded.train.end(), part.begin(), part.end());
    loaded.own.push_back(part.size());
  }
  return loaded;
}

void expect_as_by_one(const Json& dataset, const SplitWishes& wishes = {}, bool in_parts = true) {
  const Split alone = load_split(dataset, {}, 3, wishes);
  ASSERT_GT(alone.train.size(), 0U);
  for (const int size : {2, 3, 5}) {
    SCOPED_TRACE(fmt::format("{} ranks", size));
    const Loaded loaded = load_by(size, dataset, wishes);
    EXPECT_EQ(loaded.train, alone.train.unpacked());
    EXPECT_EQ(loaded.first.held_out, alone.held_out);
    EXPECT_EQ(loaded.first.negatives, alone.negatives);
    EXPECT_EQ(loaded.first.validation, alone.validation);
    EXPECT_EQ(loaded.first.negatives_per_query, alone.negatives_per_query);
    EXPECT_EQ(loaded.first.protocol, alone.protocol);
    EXPECT_EQ(loaded.first.tied_users, alone.tied_users);
    EXPECT_EQ(loaded.first.chronological, alone.chronological);
    EXPECT_EQ(loaded.first.user_names, alone.user_names);
    EXPECT_EQ(loaded.first.item_names, alone.item_names);
    EXPECT_EQ(loaded.first.users, alone.users);
    EXPECT_EQ(loaded.first.items, alone.items);
    EXPECT_EQ(loaded.first.train.is_spread(), in_parts);
    if (!in_parts) {
      EXPECT_EQ(loaded.own[0], alone.train.size()) << "rank 0 has all";
    } else {
      EXPECT_LT(*std::ranges::max_element(loaded.own), alone.train.size() / static_cast<std::uint64_t>(size) + 8192);
    }
  }
}

class LoadByRanks : public WithFolder {
 protected:
  /// 20,000 rows by text ids, in no order of the users; repeated pairs, equal times of each user.
  static std::string rows(int wrong_line = 0, std::string_view wrong = "") {
    std::string text = "when,who,what,how much\n";
    for (int k = 0; k < 20'000; ++k) {
      if (k + 2 == wrong_line) {
        text += wrong;
        continue;
      }
      const int user = k * 37 % 1009;
      text += fmt::format("{},user-{},{},{}\n", 881250949 + k / 1009 / 3, user, (user * 31 + k / 1009 % 17 * 17) % 300,
                          1 + k * 7 % 5);
    }
    return text;
  }
  Json file(const std::string& text, Json more = Json::object()) const {
    more["name"] = "file";
    more["path"] = write("own.csv", text).string();
    more["columns"] = {{"user", "who"}, {"item", "what"}, {"rating", "how much"}, {"time", "when"}};
    if (!more.contains("negatives")) more["negatives"] = 99;
    return complete_dataset(more, Kind::interactions);
  }
  /// Of all ranks alike.
  static std::string refusal_by(int size, const Json& dataset) {
    const Loaded loaded = load_by(size, dataset, {});
    for (const std::string& error : loaded.errors) EXPECT_EQ(error, loaded.errors[0]);
    return loaded.errors[0];
  }
};

Json generated(Json more = Json::object()) {
  more["name"] = "synthetic-interactions";
  more["users"] = 700;
  more["items"] = 400;
  more["interactions"] = 30'000;
  return complete_dataset(more);
}

TEST_F(LoadByRanks, OfAGeneratedSetEachMakesARunOfTheUsers) {
  expect_as_by_one(generated());
  expect_as_by_one(generated({{"negative_sampling", "popularity"}}), {.tested_users = 30});
  expect_as_by_one(generated(), {.tested_users = 50, .validation = true});
}

TEST_F(LoadByRanks, OfAFileEachReadsAPart) {
  expect_as_by_one(file(rows()));
  EXPECT_GT(*load_split(file(rows()), {}, 3).tied_users, 500U);
  expect_as_by_one(file(rows(), {{"split", "random"}, {"negative_sampling", "popularity"}}), {.tested_users = 100});
  expect_as_by_one(file(rows()), {.validation = true});
}

TEST_F(LoadByRanks, MoreOfThemThanPartsOfAFileAreAllRight) {
  const Json dataset = file(rows());
  const Split alone = load_split(dataset, {}, 3);
  const Loaded loaded = load_by(24, dataset, {});
  EXPECT_TRUE(loaded.first.train.is_spread());
  EXPECT_EQ(loaded.train, alone.train.unpacked());
  EXPECT_EQ(loaded.first.negatives, alone.negatives);
}

TEST_F(LoadByRanks, AFileThatOneOfThemLacksIsMissedByAll) {
  const Json here = file(rows());
  Json gone = here;
  gone["path"] = (folder_ / "gone.csv").string();
  std::vector<std::string> errors(3);
  test::ThreadRanks::run(3, [&](Communicator& ranks) {
    const auto rank = static_cast<std::size_t>(ranks.rank());
    errors[rank] = user_error([&] { load_split(rank == 1 ? gone : here, {}, 3, {}, ranks); });
  });
  for (const std::string& error : errors) EXPECT_THAT(error, HasSubstr("gone.csv"));
}

TEST_F(LoadByRanks, TheyFilterTogether) {
  expect_as_by_one(file(rows(), {{"min_rating", 2}}));
  expect_as_by_one(file(rows(), {{"min_rating", 3}, {"core", 8}}));
}

TEST_F(LoadByRanks, AFractionOfATimeInOnePartIsOneInAll) {
  expect_as_by_one(file(rows(15'000, "881250949.5,user-77,x,3\n")));
  const std::string error = refusal_by(3, file(rows(15'000, "881250949.5,u,x,3\n") + "9223372036854775807,u,y,3\n"));
  EXPECT_THAT(error, HasSubstr("too large"));
}

TEST_F(LoadByRanks, WhatCannotBeCutIsReadByOne) {
  expect_as_by_one(file(rows(), {{"split", "ratio"}}), {}, false);
  expect_as_by_one(file(rows(), {{"split", "temporal"}}), {}, false);
  expect_as_by_one(file(rows(12'000, "881250949,\"user\n1\",x,3\n")), {}, false);
  expect_as_by_one(file(rows(12'000, "881250949,\"user 1\",x,3\n")), {}, true);         // quotes that end in their line
  expect_as_by_one(file(rows().substr(0, rows().find('\n', 100'000) + 1)), {}, false);  // too short to be worth it
}

TEST_F(LoadByRanks, AnErrorIsTheOneThatOneReaderFindsFirst) {
  std::string text = rows(13'000, "881250949,user-1,x,many\n");
  text += "881250949,user-1,x,more\n";
  const Json dataset = file(text);
  const std::string alone = user_error([&] { load_split(dataset, {}, 3); });
  EXPECT_THAT(alone, HasSubstr("own.csv:13000:"));
  for (const int size : {2, 3, 5}) EXPECT_EQ(refusal_by(size, dataset), alone);

  const Json twice = file(rows(), {{"duplicates", "error"}});
  const std::string repeated = user_error([&] { load_split(twice, {}, 3); });
  EXPECT_THAT(repeated, HasSubstr("twice"));
  for (const int size : {2, 3}) EXPECT_EQ(refusal_by(size, twice), repeated);

  const Json many = file(rows(), {{"negatives", 295}});
  const std::string too_few = user_error([&] { load_split(many, {}, 3); });
  EXPECT_THAT(too_few, HasSubstr("too few are left"));
  for (const int size : {2, 3}) EXPECT_EQ(refusal_by(size, many), too_few);

  const Json none = file(rows(), {{"core", 5000}});
  for (const int size : {2, 3}) EXPECT_EQ(refusal_by(size, none), user_error([&] { load_split(none, {}, 3); }));
}

}  // namespace
}  // namespace frugal::data
