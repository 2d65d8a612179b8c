#include "datasets/catalog/manifest.hpp"
#include "datasets/formats/lines.hpp"
#include "datasets/formats/ratings.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Ratings read_as(const char* manifest, const std::filesystem::path& path) {
  return read_ratings(path, ratings_form(find_manifest(manifest, {})->table));
}
Ratings read_movielens_tab(const std::filesystem::path& path) { return read_as("ml-100k", path); }
Ratings read_movielens_colons(const std::filesystem::path& path) { return read_as("ml-1m", path); }
Ratings read_movielens_csv(const std::filesystem::path& path) { return read_as("ml-20m", path); }
Ratings read_epinions_tang(const std::filesystem::path& path) { return read_as("epinions-tang", path); }
Ratings read_epinions_massa(const std::filesystem::path& path) { return read_as("epinions-massa", path); }

class RatingsReaders : public WithFolder {};

TEST_F(RatingsReaders, TabFileGetsDenseIdsInOrderOfTheIds) {
  const Ratings ratings =
      read_movielens_tab(write("u.data", "196\t242\t3\t881250949\n186\t302\t3\t891717742\n196\t302\t5\t7\n"));
  EXPECT_EQ(ratings.users, 2u);
  EXPECT_EQ(ratings.items, 2u);
  EXPECT_TRUE(ratings.timed);
  ASSERT_EQ(ratings.rows.size(), 3u);
  EXPECT_EQ(ratings.rows[2].user, 1u);
  EXPECT_EQ(ratings.rows[2].item, 1u);
  EXPECT_EQ(ratings.rows[2].value, 5.0F);
  EXPECT_EQ(ratings.rows[1].time, 881250949);
  EXPECT_THAT(ratings.user_names, ElementsAre("186", "196"));
  EXPECT_THAT(ratings.item_names, ElementsAre("242", "302"));
}

TEST_F(RatingsReaders, ColonFileWorksWithAndWithoutTimes) {
  const Ratings timed = read_movielens_colons(write("a.dat", "1::1193::5::978300760\n1::661::3.5::978302109\n"));
  EXPECT_TRUE(timed.timed);
  EXPECT_EQ(timed.rows[0].value, 3.5F);
  const Ratings untimed = read_as("ml-1m-untimed", write("b.dat", "1::1193::5\n1::661::3\n"));
  EXPECT_FALSE(untimed.timed);
  EXPECT_EQ(untimed.rows.size(), 2u);
}

TEST_F(RatingsReaders, CsvFileMayEndItsLinesInCarriageReturns) {
  const Ratings ratings =
      read_movielens_csv(write("r.csv", "userId,movieId,rating,timestamp\r\n1,2,3.5,1112486027\r\n"));
  ASSERT_EQ(ratings.rows.size(), 1u);
  EXPECT_EQ(ratings.rows[0].value, 3.5F);
}

TEST_F(RatingsReaders, AFileCutInsideItsLastFieldIsRefusedThoughItsLastLineReads) {
  const auto cut = write("u.data", "1\t2\t3\t881250949\n1\t3\t3\t8812");
  EXPECT_THAT(user_error([&] { read_movielens_tab(cut); }),
              StartsWith(cut.string() + ":2:11: the file ends here without a newline: cut off?"));
  EXPECT_THAT(user_error([&] { read_movielens_colons(write("r.dat", "1::2::3::9\n1::3::3::1")); }),
              HasSubstr("without a newline"));
  EXPECT_THAT(user_error([&] { read_movielens_csv(write("r.csv", "userId,movieId,rating,timestamp\n1,2,3.5,11")); }),
              HasSubstr("without a newline"));
  EXPECT_THAT(user_error([&] { read_epinions_tang(write("t.tsv", "1\t1\t3\t2\t2\t1")); }),
              HasSubstr("without a newline"));
  EXPECT_THAT(user_error([&] { read_epinions_massa(write("m.txt", "1 100 4\n1 101 4")); }),
              HasSubstr("without a newline"));
  EXPECT_THAT(user_error([&] { read_epinions_massa(write("m.txt", "1 100 4\n# the la")); }),
              HasSubstr("without a newline"));
}

TEST_F(RatingsReaders, HugeSparseIdsCostNoMemory) {
  const Ratings ratings = read_movielens_tab(write("u.data", "2147483647\t2147483646\t3\t4\n5\t2147483646\t3\t4\n"));
  EXPECT_EQ(ratings.users, 2u);
  EXPECT_EQ(ratings.items, 1u);
}

TEST_F(RatingsReaders, MissingColumnSaysLineColumnAndForm) {
  const auto path = write("u.data", "1\t2\t3\t4\n1\t2\t3\n");
  const std::string message = user_error([&] { read_movielens_tab(path); });
  EXPECT_THAT(message, StartsWith(path.string() +
                                  ":2:6: expected a tab and a time in seconds since 1970, got the end of the line"));
  EXPECT_THAT(message, HasSubstr("USER<TAB>ITEM<TAB>RATING<TAB>TIME"));
}

TEST_F(RatingsReaders, CutOffLastLineIsCalledThat) {
  const auto path = write("u.data", "1\t2\t3\t4\n1\t2\t");
  EXPECT_THAT(user_error([&] { read_movielens_tab(path); }), HasSubstr("cut off"));
}

struct BadLine {
  const char* line;
  const char* message;
};
class BadRatingLines : public RatingsReaders, public ::testing::WithParamInterface<BadLine> {};

TEST_P(BadRatingLines, AreRefusedAtTheirPlace) {
  const auto path = write("ratings.dat", std::string("1::1::5::9\n") + GetParam().line + "\n");
  const std::string message = user_error([&] { read_movielens_colons(path); });
  EXPECT_THAT(message, StartsWith(path.string() + ":2"));
  EXPECT_THAT(message, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Colons, BadRatingLines,
    ::testing::Values(BadLine{"", "a user id (an integer), got the end of the line"},
                      BadLine{"x::1::5::9", "a user id (an integer), got 'x::1::5::9'"},
                      BadLine{"0::1::5::9", "a user id between 1 and 2147483647"},
                      BadLine{"-4::1::5::9", "a user id between 1 and"},
                      BadLine{"4294967296::1::5::9", "a user id between 1 and"},
                      BadLine{"99999999999999999999::1::5::9", "a user id between 1 and"},
                      BadLine{"1:2::5::9", "a user id (an integer), got '1:2::5::9'"},
                      BadLine{"1::2::6::9", "a rating between 0.5 and 5"},
                      BadLine{"1::2::nan::9", "a rating (a number)"}, BadLine{"1::2::five::9", "a rating (a number)"},
                      BadLine{"1::2::5", "expected '::' and a time in seconds since 1970, got the end"},
                      BadLine{"1::2::5::9::8", "expected nothing more, got '::8'"},
                      BadLine{"1::2::5::978300760000", "a time in seconds since 1970 between"}));

TEST_F(RatingsReaders, NulBytesAreNamed) {
  const auto path = write("u.data", std::string("1\t2\t3\t4\n1\0\t3\t3\t4\n", 18));
  const std::string message = user_error([&] { read_movielens_tab(path); });
  EXPECT_THAT(message, HasSubstr("\\x00"));
  EXPECT_THAT(message, HasSubstr("NUL bytes"));
}

TEST_F(RatingsReaders, LinesThatEndInCrAloneAreRefusedWithTheirName) {
  const auto complaint = [&](const std::string& text) {
    return user_error([&] { read_movielens_tab(write("u.data", text)); });
  };
  EXPECT_THAT(complaint("1\t2\t3\t4\r2\t2\t3\t4\r"), HasSubstr("u.data:1:8: a carriage return inside a line"));
  EXPECT_THAT(complaint("1\t2\t3\t4\r\n2\t2\t3\t4\r"), HasSubstr("u.data:2:8: a carriage return inside a line"));
  std::string large;
  while (large.size() < LineReader::max_line) large += "1\t2\t3\t4\r";
  EXPECT_THAT(complaint(large), HasSubstr("CR alone"));
}

TEST_F(RatingsReaders, EndlessLineIsRefused) {
  const auto path = write("u.data", "1\t2\t3\t4\n" + std::string(std::size_t{3} << 20, '7'));
  EXPECT_THAT(user_error([&] { read_movielens_tab(path); }), HasSubstr(":2: a line of more than"));
}

TEST_F(RatingsReaders, LinesAcrossBlockBordersAreWhole) {
  std::string text;
  for (int u = 1; u <= 200'000; ++u) text += std::to_string(u) + "\t7\t3\t9\n";
  const Ratings ratings = read_movielens_tab(write("u.data", text));
  ASSERT_EQ(ratings.users, 200'000u);
  EXPECT_EQ(ratings.user_names[123'456], "123457");
}

TEST_F(RatingsReaders, EmptyAndAbsentFilesAreRefused) {
  EXPECT_THAT(user_error([&] { read_movielens_tab(write("u.data", "")); }), HasSubstr("holds no rows"));
  EXPECT_THAT(user_error([&] { read_movielens_csv(write("r.csv", "")); }), HasSubstr("holds no rows"));
  EXPECT_THAT(user_error([&] { read_movielens_csv(write("r.csv", "userId,movieId,rating,timestamp\n")); }),
              HasSubstr("holds no ratings"));
  EXPECT_THAT(user_error([&] { read_movielens_tab(folder_ / "absent"); }), HasSubstr("cannot open"));
  EXPECT_THAT(user_error([&] { read_movielens_tab(folder_); }), HasSubstr("cannot"));
}

TEST_F(RatingsReaders, CsvWithoutItsHeaderIsRefused) {
  EXPECT_THAT(user_error([&] { read_movielens_csv(write("r.csv", "1,2,3.5,1112486027\n")); }),
              HasSubstr("unknown column (for ratings) 'rating'; known: 1, 2, 3.5, 1112486027"));
}

TEST_F(RatingsReaders, MovieLensDuplicatesNameBothLines) {
  const auto path = write("u.data", "7\t2\t3\t4\n8\t2\t3\t4\n7\t2\t5\t9\n");
  const std::string message = user_error([&] { read_movielens_tab(path); });
  EXPECT_THAT(message, StartsWith(path.string() + ":3: user '7' rated item '2' twice: here and in line 1"));
}

TEST_F(RatingsReaders, EpinionsDuplicatesAreMergedAndTheLatestWinsThenTheHighest) {
  const Ratings tang = read_epinions_tang(write("t.tsv", "1\t1\t3\t2\t2\t1\n1\t2\t3\t2\t3\t1\n1\t1\t3\t5\t2\t4\n"));
  EXPECT_EQ(tang.duplicates, 1u);
  ASSERT_EQ(tang.rows.size(), 2u);
  EXPECT_EQ(tang.rows[0].item, 0u);
  EXPECT_EQ(tang.rows[0].value, 5.0F);
  EXPECT_EQ(tang.rows[0].time, 4);
  const Ratings once = read_epinions_tang(write("t.tsv", "1\t1\t3\t2\t2\t9\n1\t1\t3\t4\t2\t4\n1\t1\t3\t3\t2\t9\n"));
  EXPECT_EQ(once.duplicates, 2u);
  ASSERT_EQ(once.rows.size(), 1u);
  EXPECT_EQ(once.rows[0].value, 3.0F);
}

TEST_F(RatingsReaders, MassaFileMayHaveCommentsAndLooseBlanks) {
  const Ratings ratings = read_epinions_massa(write("r.txt", "# user item rating\n1 100 4\n 2\t100  5 \n1 100 3\n"));
  EXPECT_EQ(ratings.users, 2u);
  EXPECT_EQ(ratings.duplicates, 1u);
  EXPECT_FALSE(ratings.timed);
  EXPECT_THAT(user_error([&] { read_epinions_massa(write("b.txt", "1 100\n")); }),
              HasSubstr("column 3 for ratings: this file has the columns 1 to 2"));
}

TEST(RealRatings, MovieLens100KHasItsPublishedCounts) {
  FRUGAL_REAL_FILE(path, "ml-100k/u.data");
  const Ratings ratings = read_movielens_tab(path);
  EXPECT_EQ(ratings.users, 943u);
  EXPECT_EQ(ratings.items, 1682u);
  EXPECT_EQ(ratings.rows.size(), 100'000u);
}

TEST(RealRatings, MovieLens1MWithoutTimesHasItsPublishedCounts) {
  FRUGAL_REAL_FILE(path, "ml-1m/ratings_no_timestamp.dat");
  const Ratings ratings = read_as("ml-1m-untimed", path);
  EXPECT_EQ(ratings.users, 6040u);
  EXPECT_EQ(ratings.items, 3706u);
  EXPECT_EQ(ratings.rows.size(), 1'000'209u);
  EXPECT_FALSE(ratings.timed);
}

TEST(RealRatings, EpinionsHasItsKnownDuplicates) {
  FRUGAL_REAL_FILE(path, "epinions/epinions_tang_ratings.tsv");
  const Ratings ratings = read_epinions_tang(path);
  EXPECT_EQ(ratings.rows.size(), 912'441u);
  EXPECT_EQ(ratings.rows.size() + ratings.duplicates, 922'267u);
}

}  // namespace
}  // namespace frugal::data
