#include "datasets/interactions/split.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "datasets/interactions/filter.hpp"
#include "datasets/interactions/negatives.hpp"
#include "datasets/load/datasets.hpp"
#include "datasets/load/interactions.hpp"
#include "datasets/load/write_synthetic.hpp"
#include "datasets/synthetic/interactions.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// User u rates items u .. u + 4 (mod items) at the given times.
Ratings round_robin(std::uint32_t users, std::uint32_t items, const std::vector<std::int64_t>& times) {
  Ratings ratings;
  ratings.users = users;
  ratings.items = items;
  ratings.timed = true;
  for (std::uint32_t u = 0; u < users; ++u) {
    for (std::uint32_t k = 0; k < times.size(); ++k) ratings.rows.push_back({u, (u + k) % items, 5.0F, 0, times[k]});
  }
  return ratings;
}

SplitRule leave_one_out(HoldOut how, int negatives) { return {.how = how, .negatives = negatives}; }

/// What every leave-one-out split promises.
void expect_sound(const Split& split) {
  std::set<std::pair<std::uint32_t, std::uint32_t>> train;
  for (const auto& [user, item] : split.train) EXPECT_TRUE(train.emplace(user, item).second) << "repeated pair";
  ASSERT_EQ(split.negatives.size(), split.held_out.size() * static_cast<std::size_t>(split.negatives_per_query));
  std::set<std::uint32_t> users;
  for (std::size_t q = 0; q < split.held_out.size(); ++q) {
    const auto [user, item] = split.held_out[q];
    EXPECT_TRUE(users.insert(user).second) << "two held-out items";
    EXPECT_FALSE(train.contains({user, item})) << "held-out pair in train";
    std::set<std::uint32_t> negatives;
    for (int k = 0; k < split.negatives_per_query; ++k) {
      const std::uint32_t negative =
          split.negatives[q * static_cast<std::size_t>(split.negatives_per_query) + static_cast<std::size_t>(k)];
      EXPECT_LT(negative, split.items);
      EXPECT_TRUE(negatives.insert(negative).second) << "repeated negative";
      EXPECT_NE(negative, item);
      EXPECT_FALSE(train.contains({user, negative})) << "seen negative";
    }
  }
}

TEST(LeaveOneOutSplit, LatestRatingIsHeldOutAndOfTiedOnesOne) {
  Ratings ratings = round_robin(3, 20, {5, 9, 1, 9, 2});
  ratings.rows[0].time = 10;  // user 0 has no tie
  const Split split = split_ratings(ratings, leave_one_out(HoldOut::latest, 10), 1);
  ASSERT_EQ(split.held_out.size(), 3u);
  EXPECT_EQ(split.held_out[0], (Interaction{0, 0}));
  EXPECT_THAT(split.held_out[1].item, testing::AnyOf(2u, 4u));
  EXPECT_THAT(split.held_out[2].item, testing::AnyOf(3u, 5u));
  EXPECT_EQ(split.tied_users, 2u);
  EXPECT_EQ(split.train.size(), 12u);
  expect_sound(split);
}

TEST(LeaveOneOutSplit, RandomHoldOutDependsOnTheSeedOnly) {
  const Ratings ratings = round_robin(50, 40, {1, 2, 3, 4, 5});
  const Split one = split_ratings(ratings, leave_one_out(HoldOut::random, 10), 1);
  expect_sound(one);
  EXPECT_EQ(one.held_out, split_ratings(ratings, leave_one_out(HoldOut::random, 10), 1).held_out);
  EXPECT_EQ(one.negatives, split_ratings(ratings, leave_one_out(HoldOut::random, 10), 1).negatives);
  EXPECT_NE(one.held_out, split_ratings(ratings, leave_one_out(HoldOut::random, 10), 2).held_out);
  EXPECT_NE(one.negatives, split_ratings(ratings, leave_one_out(HoldOut::random, 10), 2).negatives);
}

TEST(LeaveOneOutSplit, UsersWithOneRatingKeepItForTraining) {
  Ratings ratings = round_robin(1, 20, {1, 2, 3});
  ratings.users = 2;
  ratings.rows.push_back({1, 7, 3.0F, 0, 1});
  const Split split = split_ratings(ratings, leave_one_out(HoldOut::latest, 5), 1);
  EXPECT_EQ(split.held_out.size(), 1u);
  EXPECT_THAT(split.train, Contains(Interaction{1, 7}));
}

TEST(LeaveOneOutSplit, AllUnseenItemsCanBeAskedFor) {
  const Split split = split_ratings(round_robin(4, 20, {1, 2, 3, 4, 5}), leave_one_out(HoldOut::latest, 15), 3);
  expect_sound(split);
}

TEST(LeaveOneOutSplit, TooFewUnseenItemsAreRefused) {
  EXPECT_THAT(
      user_error([] {
        split_ratings(round_robin(4, 20, {1, 2, 3, 4, 5}), leave_one_out(HoldOut::latest, 16), 3);
      }),
      HasSubstr("user 0 has 5 of the 20 items: too few are left for 16 negatives. Ask for a split without candidates"));
}

TEST(LeaveOneOutSplit, FewerNegativesAreAdvisedWhereThereAreFewer) {
  EXPECT_THAT(user_error([] {
                split_ratings(round_robin(4, 200, {1, 2, 3, 4, 5}), leave_one_out(HoldOut::latest, 999), 3);
              }),
              HasSubstr("Ask for fewer (negatives: 99), or for a split without candidates"));
}

TEST(LeaveOneOutSplit, LatestNeedsTimes) {
  Ratings ratings = round_robin(4, 20, {1, 2});
  ratings.timed = false;
  EXPECT_THAT(user_error([&] { split_ratings(ratings, leave_one_out(HoldOut::latest, 5), 3); }), HasSubstr("no times"));
  expect_sound(split_ratings(ratings, leave_one_out(HoldOut::random, 5), 3));
}

TEST(LeaveOneOutSplit, NegativesAreUniformOverUnseenItems) {
  // 4000 users with the same 5 items, 3 of 15 others each: 800 expected, standard deviation 25.
  Ratings ratings;
  ratings.users = 4000;
  ratings.items = 20;
  ratings.timed = true;
  for (std::uint32_t u = 0; u < 4000; ++u) {
    for (std::uint32_t k = 0; k < 5; ++k) ratings.rows.push_back({u, k, 1.0F, 0, k});
  }
  for (const int negatives : {3, 12}) {  // by rejection, and by enumeration
    std::vector<int> counts(20, 0);
    for (const std::uint32_t item : split_ratings(ratings, leave_one_out(HoldOut::latest, negatives), 9).negatives)
      ++counts[item];
    for (std::size_t item = 5; item < 20; ++item) EXPECT_NEAR(counts[item], 4000 * negatives / 15, 150);
  }
}

TEST(LoadLeaveOneOut, GeneratedSetIsSoundAndDeterministic) {
  const Json dataset = complete_dataset(
      {{"name", "synthetic-interactions"}, {"users", 300}, {"items", 400}, {"interactions", 9000}, {"negatives", 50}});
  const Split split = load_split(dataset, {}, 4);
  expect_sound(split);
  EXPECT_EQ(split.train.size() + split.held_out.size(), 9000u);
  EXPECT_EQ(split.negatives_per_query, 50);
  const Split again = load_split(dataset, {}, 4);
  EXPECT_EQ(split.train, again.train);
  EXPECT_EQ(split.negatives, again.negatives);
  EXPECT_NE(split.train, load_split(dataset, {}, 5).train);
}

/// A hundred users with 10 distinct items each of 60, at growing times; user 0 came last.
Ratings hundred_users() {
  Ratings ratings;
  ratings.users = 100;
  ratings.items = 60;
  ratings.timed = true;
  for (std::uint32_t u = 0; u < 100; ++u)
    for (std::uint32_t k = 0; k < 10; ++k)
      ratings.rows.push_back(
          {u, (7 * u + 5 * k) % 60, 1.0F + static_cast<float>(k % 5), 0, u == 0 ? 10'000 + k : 100 * k + u});
  return ratings;
}

TEST(ShareSplit, TemporalCutIsOneForAllAndDropsWhoComesAfterIt) {
  const Ratings ratings = hundred_users();
  const Split split = split_ratings(ratings, {.how = HoldOut::temporal, .test_fraction = 0.1}, 1);
  EXPECT_EQ(split.negatives_per_query, 0);
  EXPECT_TRUE(split.negatives.empty());
  EXPECT_EQ(split.train.size(), 900u);
  EXPECT_EQ(split.held_out.size(), 90u) << "the ten of user 0 are unknown to training";
  EXPECT_THAT(split.protocol, HasSubstr("10 held-out interactions of users unknown to training dropped"));
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::int64_t> time;
  for (const Rating& row : ratings.rows) time[{row.user, row.item}] = row.time;
  std::int64_t last_train = 0;
  std::int64_t first_test = 100'000;
  for (const auto& [user, item] : split.train) last_train = std::max(last_train, time.at({user, item}));
  for (const auto& [user, item] : split.held_out) first_test = std::min(first_test, time.at({user, item}));
  EXPECT_LE(last_train, first_test);
}

TEST(ShareSplit, RatioHoldsOutItsShareAtRandomGroupedByUser) {
  const Split split = split_ratings(hundred_users(), {.how = HoldOut::ratio, .test_fraction = 0.3}, 1);
  EXPECT_EQ(split.train.size() + split.held_out.size(), 1000u);
  EXPECT_EQ(split.held_out.size(), 300u);
  EXPECT_TRUE(std::ranges::is_sorted(split.held_out, {}, &Interaction::user));
  std::set<std::pair<std::uint32_t, std::uint32_t>> all;
  for (const auto& [user, item] : split.train) all.emplace(user, item);
  for (const auto& [user, item] : split.held_out) EXPECT_TRUE(all.emplace(user, item).second) << "in both halves";
  EXPECT_NE(split.held_out, split_ratings(hundred_users(), {.how = HoldOut::ratio, .test_fraction = 0.3}, 2).held_out);
}

TEST(ShareSplit, TemporalNeedsTimes) {
  Ratings ratings = hundred_users();
  ratings.timed = false;
  EXPECT_THAT(user_error([&] { split_ratings(ratings, {.how = HoldOut::temporal}, 3); }), HasSubstr("no times"));
}

TEST(Chronology, TrainingOfATimedSetIsInOrderOfTimeForEachUser) {
  Ratings ratings = hundred_users();
  std::ranges::reverse(ratings.rows);
  const Split split = split_ratings(ratings, leave_one_out(HoldOut::random, 5), 1);
  EXPECT_TRUE(split.chronological);
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::int64_t> time;
  for (const Rating& row : ratings.rows) time[{row.user, row.item}] = row.time;
  for (std::size_t i = 1; i < split.train.size(); ++i) {
    const auto& [before_user, before_item] = split.train[i - 1];
    const auto& [user, item] = split.train[i];
    if (user != before_user) continue;
    EXPECT_LT(time.at({user, before_item}), time.at({user, item}));
  }
}

TEST(Validation, TakesOneTrainingInteractionOfEachUserThatHasTwo) {
  Split split;
  split.users = 3;
  split.items = 5;
  split.train = {{0, 0}, {0, 1}, {0, 2}, {1, 4}, {2, 1}, {2, 3}};
  const auto before = split.train;
  take_validation(split, 1);
  const std::vector<Interaction>& validation = split.validation;
  ASSERT_EQ(validation.size(), 2u);
  EXPECT_EQ(validation[0].user, 0u);
  EXPECT_EQ(validation[1].user, 2u);
  EXPECT_EQ(split.train.size(), 4u);
  EXPECT_THAT(split.train, Contains(Interaction{1, 4}));
  for (const Interaction& pair : validation) {
    EXPECT_THAT(before, Contains(pair));
    EXPECT_THAT(split.train, Not(Contains(pair)));
  }
}

TEST(TestedUsers, KeepWhatTheyHadAndTrainingIsAsBefore) {
  const Ratings ratings = round_robin(40, 30, {1, 2, 3, 4, 5});
  const Split all = split_ratings(ratings, leave_one_out(HoldOut::random, 7), 3);
  Split some = all;
  keep_tested_users(some, 10, 3);
  EXPECT_EQ(some.train, all.train);
  EXPECT_EQ(some.held_out.size(), 10u);
  expect_sound(some);
  EXPECT_THAT(some.protocol, HasSubstr(", tested on 10 of 40 users"));
  for (std::size_t q = 0; q < some.held_out.size(); ++q) {
    const auto before = std::ranges::find(all.held_out, some.held_out[q]);
    ASSERT_NE(before, all.held_out.end());
    const auto first = all.negatives.begin() + 7 * (before - all.held_out.begin());
    EXPECT_TRUE(std::equal(first, first + 7, some.negatives.begin() + 7 * static_cast<std::ptrdiff_t>(q)));
  }
  Split fewer = all;
  keep_tested_users(fewer, 4, 3);
  for (const Interaction& pair : fewer.held_out) EXPECT_THAT(some.held_out, Contains(pair));
  Split others = all;
  keep_tested_users(others, 10, 4);
  EXPECT_NE(others.held_out, some.held_out);
  for (const std::uint64_t users : {0u, 40u, 1000u}) {
    Split same = all;
    keep_tested_users(same, users, 3);
    EXPECT_EQ(same.held_out, all.held_out);
    EXPECT_EQ(same.protocol, all.protocol);
  }
}

TEST(TestedUsers, OfAGeneratedSetHaveTheCandidatesThatTheyHaveAmongAll) {
  const Json dataset =
      complete_dataset({{"name", "synthetic-interactions"}, {"users", 200}, {"items", 300}, {"interactions", 4000}});
  Split all = load_split(dataset, {}, 4);
  keep_tested_users(all, 20, 4);
  const Split some = load_split(dataset, {}, 4, {.tested_users = 20});
  EXPECT_EQ(some.train, all.train);
  EXPECT_EQ(some.held_out, all.held_out);
  EXPECT_EQ(some.negatives, all.negatives);
  EXPECT_EQ(some.protocol, all.protocol);
}

TEST(Filter, DropsLowRatingsThenPeelsToTheCoreAndRenumbers) {
  // Item 0 is liked by users 0 and 1 only; without the 1-star rating user 2 falls below two ratings, and with it
  // item 2.
  Ratings ratings;
  ratings.users = 3;
  ratings.items = 4;
  ratings.user_names = {"a", "b", "c"};
  ratings.item_names = {"i", "j", "k", "l"};
  ratings.rows = {{2, 2, 5, 0, 0}, {2, 0, 1, 0, 0}, {0, 0, 4, 0, 0}, {0, 3, 4, 0, 0},
                  {1, 0, 5, 0, 0}, {1, 3, 5, 0, 0}, {1, 2, 5, 0, 0}};
  const Ratings left = filter_ratings(ratings, 3, 2);
  EXPECT_EQ(left.users, 2u);
  EXPECT_EQ(left.items, 2u);
  EXPECT_THAT(left.user_names, ElementsAre("a", "b"));
  EXPECT_THAT(left.item_names, ElementsAre("i", "l"));
  ASSERT_EQ(left.rows.size(), 4u);
  EXPECT_EQ(left.rows[1].item, 1u);
  EXPECT_EQ(left.rows[3].user, 1u);
  EXPECT_EQ(filter_ratings(ratings, 0, 0).rows.size(), 7u);
  ratings.rows[0].value = 3.3F;
  EXPECT_EQ(filter_ratings(ratings, 3.3, 0).rows.size(), 6u) << "3.3 is not less than 3.3, though the float is";
  EXPECT_THAT(user_error([&] { filter_ratings(ratings, 3, 5); }), HasSubstr("no rating is left"));
}

TEST(PopularityNegatives, FollowTheTrainingCountsAndAreUnseen) {
  // 2000 users have item 0 and one of items 1..3, which 1000, 600 and 400 of them share; items 4..9 are never seen.
  Split split;
  split.users = 2000;
  split.items = 10;
  for (std::uint32_t u = 0; u < 2000; ++u) {
    split.train.push_back({u, u < 1000 ? 1U : u < 1600 ? 2U : 3U});
    split.held_out.push_back({u, 0});
  }
  draw_negatives(split, 1, NegativeLaw::popularity, 1);
  expect_sound(split);
  std::vector<int> counts(10, 0);
  for (const std::uint32_t item : split.negatives) ++counts[item];
  // Users with item 1 draw 2 with 600 / (600 + 400 + 3 and a bit for item 0): of six unseen items each counts a half.
  const double two = 1000 * 600 / 1003.0 + 400 * 600 / 1603.0;
  EXPECT_NEAR(counts[2], two, 5 * std::sqrt(two));
  EXPECT_LT(counts[4] + counts[5] + counts[6] + counts[7] + counts[8] + counts[9], 25);
  draw_negatives(split, 8, NegativeLaw::popularity, 1);  // all that is left: the exponential race
  expect_sound(split);
}

class LoadFiles : public WithFolder {};

TEST_F(LoadFiles, SplitFilterAndNegativesAreParametersOfTheDataSet) {
  const Json synthetic =
      complete_dataset({{"name", "synthetic-interactions"}, {"users", 200}, {"items", 300}, {"interactions", 5000}});
  std::filesystem::create_directories(folder_ / "ml-100k");
  write_synthetic(synthetic, folder_ / "ml-100k/u.data", 0, 4);
  const Split ratio =
      load_split(complete_dataset({{"name", "ml-100k"}, {"split", "ratio"}, {"test_fraction", 0.2}}), {folder_}, 4);
  EXPECT_EQ(ratio.held_out.size(), 1000u);
  const Split core = load_split(
      complete_dataset({{"name", "ml-100k"}, {"core", 10}, {"negative_sampling", "popularity"}, {"negatives", 20}}),
      {folder_}, 4);
  EXPECT_LT(core.items, 300u);
  EXPECT_EQ(core.negative_law, NegativeLaw::popularity);
  expect_sound(core);
  EXPECT_THAT(user_error([&] {
                load_split(complete_dataset({{"name", "ml-100k"}, {"split", "lately"}}), {folder_}, 4);
              }),
              HasSubstr("latest"));
  EXPECT_THAT(user_error([&] {
                load_split(complete_dataset({{"name", "ml-1m-untimed"}, {"split", "temporal"}}), {folder_}, 4);
              }),
              HasSubstr("temporal"));
}

TEST_F(LoadFiles, GeneratedFilesAreReadBackThroughTheirManifests) {
  const Json dataset =
      complete_dataset({{"name", "synthetic-interactions"}, {"users", 200}, {"items", 300}, {"interactions", 5000}});
  std::filesystem::create_directories(folder_ / "ml-100k");
  std::filesystem::create_directories(folder_ / "ml-1m");
  std::filesystem::create_directories(folder_ / "ml-20m");
  write_synthetic(dataset, folder_ / "ml-100k/u.data", 0, 4);
  write_synthetic(dataset, folder_ / "ml-1m/ratings.dat", 0, 4);
  write_synthetic(dataset, folder_ / "ml-20m/ratings.csv", 0, 4);
  write_synthetic(dataset, folder_ / "ml-1m/ml-1m.train.rating", 0, 4);
  const Split direct = load_split(dataset, {}, 4);
  for (const char* const name : {"ml-100k", "ml-1m", "ml-20m"}) {
    const Split split = load_split(complete_dataset({{"name", name}}), {folder_}, 4);
    expect_sound(split);
    EXPECT_EQ(split.train.size(), direct.train.size()) << name;
    EXPECT_EQ(split.held_out.size(), direct.held_out.size()) << name;
  }
  const Split ncf = load_split(complete_dataset({{"name", "ml-1m-ncf"}}), {folder_}, 4);
  const auto sorted = [](std::vector<Interaction> pairs) {
    std::ranges::sort(pairs, {}, [](const Interaction& pair) { return std::pair{pair.user, pair.item}; });
    return pairs;
  };
  EXPECT_EQ(ncf.train, sorted(direct.train.unpacked()));
  EXPECT_EQ(ncf.held_out, direct.held_out);
  EXPECT_EQ(ncf.negatives, direct.negatives);
}

// The stand-in for RealSplits.MovieLens100KHoldsOutTheLatest and TiesOfTime.OfMovieLens100KAreThoseOf415Users.
TEST_F(LoadFiles, MovieLens100KHoldsOutTheLatestOfEachUserAndCountsTies) {
  // Ten ratings of each of 50 users; of every third user the last two are of one time.
  std::string text;
  for (int u = 1; u <= 50; ++u)
    for (int k = 0; k < 10; ++k)
      text += std::to_string(u) + "\t" + std::to_string(1 + (7 * u + 11 * k) % 140) + "\t3\t" +
              std::to_string(u % 3 == 0 && k == 9              ? 8
                             : (k + u) % 10 == 0 && u % 3 != 0 ? 1000
                                                               : k) +
              "\n";
  write("ml-100k/u.data", text);
  const Split split = load_split(complete_dataset({{"name", "ml-100k"}}), {folder_}, 1);
  EXPECT_EQ(split.users, 50u);
  EXPECT_EQ(split.negatives_per_query, 99);
  EXPECT_EQ(split.held_out.size(), 50u);
  EXPECT_EQ(split.train.size(), 450u);
  EXPECT_EQ(split.tied_users, 16u);
  EXPECT_THAT(split.protocol, HasSubstr("latest"));
  expect_sound(split);
  for (const Interaction& pair : split.held_out) {
    const int u = std::stoi(split.user_names[pair.user]);
    const auto item_of = [&](int k) { return std::to_string(1 + (7 * u + 11 * k) % 140); };
    const std::string& item = split.item_names[pair.item];
    if (u % 3 == 0)
      EXPECT_TRUE(item == item_of(8) || item == item_of(9)) << u;
    else
      EXPECT_EQ(item, item_of((10 - u % 10) % 10)) << u;
  }
}

TEST_F(LoadFiles, AnotherNumberOfNegativesIsDrawnForAGivenSplit) {
  const Json dataset =
      complete_dataset({{"name", "synthetic-interactions"}, {"users", 200}, {"items", 300}, {"interactions", 5000}});
  std::filesystem::create_directories(folder_ / "ml-1m");
  write_synthetic(dataset, folder_ / "ml-1m/ml-1m.train.rating", 0, 4);
  const Split split = load_split(complete_dataset({{"name", "ml-1m-ncf"}, {"negatives", 30}}), {folder_}, 4);
  EXPECT_EQ(split.negatives_per_query, 30);
  expect_sound(split);
}

TEST_F(LoadFiles, MissingFilesSayWhereAndHow) {
  try {
    load_split(complete_dataset({{"name", "ml-1m-ncf"}}), {folder_}, 0);
    FAIL() << "loaded from an empty folder";
  } catch (const UnavailableError& error) {
    EXPECT_THAT(error.what(), HasSubstr(folder_.string()));
    EXPECT_THAT(error.what(), HasSubstr("ml-1m/ml-1m.test.negative"));
    EXPECT_THAT(error.what(), HasSubstr("frugal data fetch ml-1m-ncf"));
  }
}

TEST(RealSplits, MovieLens100KHoldsOutTheLatest) {
  FRUGAL_REAL_FILE(path, "ml-100k/u.data");
  const Split split = load_split(complete_dataset({{"name", "ml-100k"}}), real_data_dirs(), 1);
  EXPECT_EQ(split.held_out.size(), 943u);
  EXPECT_EQ(split.train.size(), 99'057u);
  EXPECT_THAT(split.protocol, HasSubstr("latest"));
  expect_sound(split);
}

}  // namespace
}  // namespace frugal::data
