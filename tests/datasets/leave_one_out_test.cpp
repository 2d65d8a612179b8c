#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "datasets/interactions.hpp"
#include "datasets/synthetic/interactions.hpp"
#include "datasets/synthetic/write.hpp"
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
    for (std::uint32_t k = 0; k < times.size(); ++k) ratings.rows.push_back({u, (u + k) % items, 5.0F, times[k]});
  }
  return ratings;
}

/// What every split promises.
void expect_sound(const LeaveOneOut& split) {
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

TEST(LeaveOneOutSplit, LatestRatingIsHeldOutAndTiesGoToTheLastInTheFile) {
  const LeaveOneOut split = leave_one_out(round_robin(3, 20, {5, 9, 1, 9, 2}), HoldOut::latest, 10, 1);
  EXPECT_THAT(split.held_out, ElementsAre(Interaction{0, 3}, Interaction{1, 4}, Interaction{2, 5}));
  EXPECT_EQ(split.train.size(), 12u);
  expect_sound(split);
}

TEST(LeaveOneOutSplit, RandomHoldOutDependsOnTheSeedOnly) {
  const Ratings ratings = round_robin(50, 40, {1, 2, 3, 4, 5});
  const LeaveOneOut one = leave_one_out(ratings, HoldOut::random, 10, 1);
  expect_sound(one);
  EXPECT_EQ(one.held_out, leave_one_out(ratings, HoldOut::random, 10, 1).held_out);
  EXPECT_EQ(one.negatives, leave_one_out(ratings, HoldOut::random, 10, 1).negatives);
  EXPECT_NE(one.held_out, leave_one_out(ratings, HoldOut::random, 10, 2).held_out);
  EXPECT_NE(one.negatives, leave_one_out(ratings, HoldOut::random, 10, 2).negatives);
}

TEST(LeaveOneOutSplit, UsersWithOneRatingKeepItForTraining) {
  Ratings ratings = round_robin(1, 20, {1, 2, 3});
  ratings.users = 2;
  ratings.rows.push_back({1, 7, 3.0F, 1});
  const LeaveOneOut split = leave_one_out(ratings, HoldOut::latest, 5, 1);
  EXPECT_EQ(split.held_out.size(), 1u);
  EXPECT_THAT(split.train, Contains(Interaction{1, 7}));
}

TEST(LeaveOneOutSplit, AllUnseenItemsCanBeAskedFor) {
  const LeaveOneOut split = leave_one_out(round_robin(4, 20, {1, 2, 3, 4, 5}), HoldOut::latest, 15, 3);
  expect_sound(split);
}

TEST(LeaveOneOutSplit, TooFewUnseenItemsAreRefused) {
  EXPECT_THAT(user_error([] {
                leave_one_out(round_robin(4, 20, {1, 2, 3, 4, 5}), HoldOut::latest, 16, 3);
              }),
              HasSubstr("user 0 has seen 5 of 20 items: too few are left for 16 negatives"));
}

TEST(LeaveOneOutSplit, LatestNeedsTimes) {
  Ratings ratings = round_robin(4, 20, {1, 2});
  ratings.timed = false;
  EXPECT_THAT(user_error([&] { leave_one_out(ratings, HoldOut::latest, 5, 3); }), HasSubstr("no times"));
  expect_sound(leave_one_out(ratings, HoldOut::random, 5, 3));
}

TEST(LeaveOneOutSplit, NegativesAreUniformOverUnseenItems) {
  // 4000 users with the same 5 items, 3 of 15 others each: 800 expected, standard deviation 25.
  Ratings ratings;
  ratings.users = 4000;
  ratings.items = 20;
  ratings.timed = true;
  for (std::uint32_t u = 0; u < 4000; ++u) {
    for (std::uint32_t k = 0; k < 5; ++k) ratings.rows.push_back({u, k, 1.0F, k});
  }
  for (const int negatives : {3, 12}) {  // by rejection, and by enumeration
    std::vector<int> counts(20, 0);
    for (const std::uint32_t item : leave_one_out(ratings, HoldOut::latest, negatives, 9).negatives) ++counts[item];
    for (std::size_t item = 5; item < 20; ++item) EXPECT_NEAR(counts[item], 4000 * negatives / 15, 150);
  }
}

TEST(LoadLeaveOneOut, GeneratedSetIsSoundAndDeterministic) {
  const Json dataset = {
      {"name", "synthetic-interactions"}, {"users", 300}, {"items", 400}, {"interactions", 9000}, {"negatives", 50}};
  const LeaveOneOut split = load_leave_one_out(dataset, {}, 4);
  expect_sound(split);
  EXPECT_EQ(split.train.size() + split.held_out.size(), 9000u);
  EXPECT_EQ(split.negatives_per_query, 50);
  const LeaveOneOut again = load_leave_one_out(dataset, {}, 4);
  EXPECT_EQ(split.train, again.train);
  EXPECT_EQ(split.negatives, again.negatives);
  EXPECT_NE(split.train, load_leave_one_out(dataset, {}, 5).train);
}

class LoadFiles : public WithFolder {};

TEST_F(LoadFiles, GeneratedFilesAreReadBackThroughTheirManifests) {
  const Json dataset = {{"name", "synthetic-interactions"}, {"users", 200}, {"items", 300}, {"interactions", 5000}};
  std::filesystem::create_directories(folder_ / "ml-100k");
  std::filesystem::create_directories(folder_ / "ml-1m");
  std::filesystem::create_directories(folder_ / "ml-20m");
  write_synthetic(dataset, folder_ / "ml-100k/u.data", 0, 4);
  write_synthetic(dataset, folder_ / "ml-1m/ratings.dat", 0, 4);
  write_synthetic(dataset, folder_ / "ml-20m/ratings.csv", 0, 4);
  write_synthetic(dataset, folder_ / "ml-1m/ml-1m.train.rating", 0, 4);
  const LeaveOneOut direct = load_leave_one_out(dataset, {}, 4);
  for (const char* const name : {"ml-100k", "ml-1m", "ml-20m"}) {
    const LeaveOneOut split = load_leave_one_out({{"name", name}}, {folder_}, 4);
    expect_sound(split);
    EXPECT_EQ(split.train.size(), direct.train.size()) << name;
    EXPECT_EQ(split.held_out.size(), direct.held_out.size()) << name;
  }
  const LeaveOneOut ncf = load_leave_one_out({{"name", "ml-1m-ncf"}}, {folder_}, 4);
  EXPECT_EQ(ncf.train, direct.train);
  EXPECT_EQ(ncf.held_out, direct.held_out);
  EXPECT_EQ(ncf.negatives, direct.negatives);
}

TEST_F(LoadFiles, AnotherNumberOfNegativesIsDrawnForAGivenSplit) {
  const Json dataset = {{"name", "synthetic-interactions"}, {"users", 200}, {"items", 300}, {"interactions", 5000}};
  std::filesystem::create_directories(folder_ / "ml-1m");
  write_synthetic(dataset, folder_ / "ml-1m/ml-1m.train.rating", 0, 4);
  const LeaveOneOut split = load_leave_one_out({{"name", "ml-1m-ncf"}, {"negatives", 30}}, {folder_}, 4);
  EXPECT_EQ(split.negatives_per_query, 30);
  expect_sound(split);
}

TEST_F(LoadFiles, MissingFilesSayWhereAndHow) {
  try {
    load_leave_one_out({{"name", "ml-1m-ncf"}}, {folder_}, 0);
    FAIL() << "loaded from an empty folder";
  } catch (const UnavailableError& error) {
    EXPECT_THAT(error.what(), HasSubstr(folder_.string()));
    EXPECT_THAT(error.what(), HasSubstr("ml-1m/ml-1m.test.negative"));
    EXPECT_THAT(error.what(), HasSubstr("frugal data fetch ml-1m-ncf"));
  }
}

TEST(RealSplits, MovieLens100KHoldsOutTheLatest) {
  FRUGAL_REAL_FILE(path, "ml-100k/u.data");
  const LeaveOneOut split = load_leave_one_out({{"name", "ml-100k"}}, real_data_dirs(), 1);
  EXPECT_EQ(split.held_out.size(), 943u);
  EXPECT_EQ(split.train.size(), 99'057u);
  EXPECT_THAT(split.protocol, HasSubstr("latest"));
  expect_sound(split);
}

}  // namespace
}  // namespace frugal::data
