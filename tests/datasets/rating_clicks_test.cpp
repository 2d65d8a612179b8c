#include "datasets/clicks/rating_clicks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "datasets/load/clicks.hpp"
#include "datasets/load/datasets.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

/// 40 users rate the same 5 items 1 to 5. Users have a gender, of which user 0 gives none; items have two genres.
struct Fixture {
  Ratings ratings;
  SideAttributes side;
  Fixture() {
    ratings.users = 40;
    ratings.items = 5;
    for (std::uint32_t u = 0; u < 40; ++u)
      for (std::uint32_t i = 0; i < 5; ++i) ratings.rows.push_back({u, i, static_cast<float>(1 + i), 0, 0});
    Attribute gender{"gender", {"F", "M"}, {}};
    for (std::uint32_t u = 0; u < 40; ++u)
      gender.of.push_back(u == 0 ? std::vector<std::uint32_t>{} : std::vector{u % 2});
    side.users = {gender};
    side.items = {{"genres", {"A", "B", "C"}, {{0, 1}, {1, 2}, {0, 2}, {0, 1}, {1, 2}}}};
  }
};

TEST(RatingClicks, TablesAreTheSingleCategoriesAndDenseTheOthers) {
  const Fixture fixture;
  const ClickSplit split = clicks_from_ratings(fixture.ratings, fixture.side, 4, 0.2, 1);
  EXPECT_EQ(split.train.table_rows, (std::vector<std::uint32_t>{40, 5, 3}));
  EXPECT_EQ(split.train.dense_features, 2 + 3);
  EXPECT_EQ(split.train.size() + split.test.size(), 200u);
  EXPECT_NEAR(static_cast<double>(split.test.size()), 40, 25);
  for (const Clicks* clicks : {&split.train, &split.test}) {
    for (std::size_t i = 0; i < clicks->size(); ++i) {
      const std::uint32_t user = clicks->ids[i * 3];
      const std::uint32_t item = clicks->ids[i * 3 + 1];
      EXPECT_EQ(clicks->ids[i * 3 + 2], user == 0 ? 2 : user % 2);
      EXPECT_EQ(clicks->labels[i], item >= 3 ? 1 : 0);
      for (std::uint32_t genre = 0; genre < 3; ++genre) {
        const auto& genres = fixture.side.items[0].of[item];
        EXPECT_EQ(clicks->dense[i * 5 + 2 + genre], std::count(genres.begin(), genres.end(), genre));
      }
    }
  }
}

TEST(RatingClicks, ARatingOfTheLabelsIsOneThoughItIsNoBinaryNumber) {
  Fixture fixture;
  for (Rating& rating : fixture.ratings.rows) rating.value = rating.item == 0 ? 3.3F : 3.2F;
  const ClickSplit split = clicks_from_ratings(fixture.ratings, fixture.side, 3.3, 0.2, 1);
  for (std::size_t i = 0; i < split.train.size(); ++i)
    EXPECT_EQ(split.train.labels[i], split.train.ids[i * 3 + 1] == 0 ? 1 : 0);
}

TEST(RatingClicks, ThatLeaveNothingToTestOrToTrainOnAreRefused) {
  const Fixture fixture;
  for (const double test_fraction : {0.0, 1.0})
    EXPECT_EQ(user_error([&] { clicks_from_ratings(fixture.ratings, fixture.side, 4, test_fraction, 1); }),
              "too few ratings to hold some out");
}

TEST(RatingClicks, ActivityCountsTrainingExamplesOnly) {
  const Fixture fixture;
  const ClickSplit split = clicks_from_ratings(fixture.ratings, fixture.side, 4, 0.3, 2);
  std::vector<int> counts(40);
  for (std::size_t i = 0; i < split.train.size(); ++i) ++counts[split.train.ids[i * 3]];
  for (std::size_t i = 0; i < split.test.size(); ++i)
    EXPECT_FLOAT_EQ(split.test.dense[i * 5], static_cast<float>(std::log1p(counts[split.test.ids[i * 3]])));
}

TEST(RatingClicks, ActivityIsThatOfTheExamplesThatAreLeft) {
  const Fixture fixture;
  ClickSplit split = clicks_from_ratings(fixture.ratings, fixture.side, 4, 0.3, 2);
  split.train.ids.resize(3 * 3);
  split.train.dense.resize(3 * 5);
  split.train.labels.resize(3);
  split.train.ids = {0, 1, 2, 0, 2, 2, 7, 1, 1};
  count_activity(split);
  const auto log1p = [](int count) { return static_cast<float>(std::log1p(count)); };
  EXPECT_THAT((std::vector{split.train.dense[0], split.train.dense[5], split.train.dense[10]}),
              ::testing::ElementsAre(log1p(2), log1p(2), log1p(1)));
  EXPECT_THAT((std::vector{split.train.dense[1], split.train.dense[6], split.train.dense[11]}),
              ::testing::ElementsAre(log1p(2), log1p(1), log1p(2)));
  for (std::size_t i = 0; i < split.test.size(); ++i) {
    const std::uint32_t user = split.test.ids[i * 3], item = split.test.ids[i * 3 + 1];
    EXPECT_EQ(split.test.dense[i * 5], log1p(user == 0 ? 2 : user == 7 ? 1 : 0));
    EXPECT_EQ(split.test.dense[i * 5 + 1], log1p(item == 1 ? 2 : item == 2 ? 1 : 0));
  }
}

/// Ratings as clicks, with a manifest in the folder of the test.
class RatingClickFiles : public WithFolder {};

TEST_F(RatingClickFiles, SayInTheProtocolWhatWasMerged) {
  std::string ratings = "1\t1\t5\t9\n";
  std::string items;
  for (const char* const user : {"1", "2"})
    for (int item = 1; item <= 20; ++item) ratings += fmt::format("{}\t{}\t{}\t1\n", user, item, 1 + item % 5);
  for (int item = 1; item <= 20; ++item)
    items += fmt::format("{}|T|01-Jan-1995||u|0|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n", item);
  write("mine/u.data", ratings);
  write("ml-100k/u.user", "1|24|M|technician|85711\n2|7|F|other|T8H\n");
  write("ml-100k/u.item", items);
  write("mine.yaml",
        "name: mine\ntitle: t\nkind: clicks\nreader: ratings\nlicence: l\ncitation: c\nattributes: ml-100k-attributes\n"
        "table: {delimiter: tab, header: no, columns: {user: 1, item: 2, rating: 3, time: 4}}\n"
        "files: [{path: mine/u.data}]\n");
  const std::vector<std::filesystem::path> dirs = {folder_};
  EXPECT_THAT(load_clicks(complete_dataset({{"name", "mine"}}, Kind::clicks, dirs), dirs, 1).protocol,
              ::testing::EndsWith("of 40 examples, at random; 1 repeated pairs merged (last)"));
}

}  // namespace
}  // namespace frugal::data
