#include "datasets/interactions/attributes.hpp"

#include <nlohmann/json.hpp>
#include <numeric>

#include "datasets/formats/movielens_attributes.hpp"
#include "datasets/load/attributes.hpp"
#include "datasets/load/datasets.hpp"
#include "datasets/load/interactions.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class Attributes : public WithFolder {};

TEST_F(Attributes, MovieLens1MUsersHaveGenderAgeGroupAndOccupation) {
  const AttributeTable users = read_movielens_users(write("users.dat", "1::F::1::10::48067\n7::M::56::20::02460\n"));
  EXPECT_THAT(users.ids, ElementsAre(1u, 7u));
  ASSERT_EQ(users.attributes.size(), 3u);
  EXPECT_THAT(users.attributes[0].of, ElementsAre(ElementsAre(0u), ElementsAre(1u)));
  EXPECT_THAT(users.attributes[1].of, ElementsAre(ElementsAre(0u), ElementsAre(6u)));
  EXPECT_THAT(users.attributes[2].of, ElementsAre(ElementsAre(10u), ElementsAre(20u)));
}

TEST_F(Attributes, MovieLens1MMoviesHaveGenresAndADecade) {
  const AttributeTable movies =
      read_movielens_movies(write("movies.dat", "3::Caf\xe9 (a) (1995)::Comedy|Film-Noir\n1::X (2000)::Western\n"));
  EXPECT_THAT(movies.ids, ElementsAre(3u, 1u));
  EXPECT_THAT(movies.attributes[0].of, ElementsAre(ElementsAre(4u, 9u), ElementsAre(17u)));
  EXPECT_EQ(movies.attributes[1].categories.at(movies.attributes[1].of[0][0]), "1990s");
  EXPECT_EQ(movies.attributes[1].categories.at(movies.attributes[1].of[1][0]), "2000s");
}

TEST_F(Attributes, MovieLens100KGivesTheSameAttributes) {
  const AttributeTable users = read_movielens_100k_users(write("u.user", "1|24|M|technician|85711\n2|7|F|other|T8H\n"));
  EXPECT_THAT(users.attributes[0].of, ElementsAre(ElementsAre(1u), ElementsAre(0u)));
  EXPECT_THAT(users.attributes[1].of, ElementsAre(ElementsAre(1u), ElementsAre(0u)));
  const AttributeTable items =
      read_movielens_100k_items(write("u.item",
                                      "1|Toy Story (1995)|01-Jan-1995||http://x|0|0|0|1|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n"
                                      "267|unknown||||1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n"));
  EXPECT_THAT(items.attributes[0].of, ElementsAre(ElementsAre(2u, 3u, 4u), IsEmpty()));
  EXPECT_EQ(items.attributes[1].categories.at(items.attributes[1].of[0][0]), "1990s");
  EXPECT_THAT(items.attributes[1].of[1], IsEmpty());
}

TEST_F(Attributes, BadLinesAreRefusedAtTheirPlace) {
  const auto users = [&](const std::string& line) {
    const auto path = write("users.dat", "1::F::1::10::48067\n" + line);
    return user_error([&] { read_movielens_users(path); }).substr(path.string().size());
  };
  EXPECT_THAT(users("2::X::1::10::48067\n"), StartsWith(":2:4: expected a gender, F or M"));
  EXPECT_THAT(users("2::F::2::10::48067\n"), StartsWith(":2:7: expected an age group"));
  EXPECT_THAT(users("2::F::1::21::48067\n"), HasSubstr("an occupation code between 0 and 20"));
  EXPECT_THAT(users("2::F::1::10::\n"), HasSubstr("a zip code"));
  EXPECT_THAT(users("2::F::1::10::480"), HasSubstr("without a newline"));
  EXPECT_THAT(users("1::F::1::10::48067\n"), AllOf(StartsWith(":2:"), HasSubstr("id 1 is described twice")));
  const auto movies = [&](const std::string& line) {
    return user_error([&] { read_movielens_movies(write("movies.dat", line)); });
  };
  EXPECT_THAT(movies("1::X (1995)::Comedy|Humour\n"), HasSubstr(":1:21: expected a MovieLens genre, got 'Humour'"));
  EXPECT_THAT(movies("1::X (1995)::Comedy|Comedy\n"), HasSubstr("Comedy comes twice"));
  EXPECT_THAT(movies("1::X::Comedy\n"), HasSubstr("must end in a year"));
  EXPECT_THAT(movies("1::X (1795)::Comedy\n"), HasSubstr("must end in a year"));
  EXPECT_THAT(movies(""), HasSubstr("describes nobody"));
  const auto items = [&](const std::string& line) {
    return user_error([&] { read_movielens_100k_items(write("u.item", line)); });
  };
  EXPECT_THAT(items("1|X|01-Jan-1995||u|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n"), HasSubstr("unknown genre"));
  EXPECT_THAT(items("1|X|01-Jan-95||u|0|1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n"), HasSubstr("a date that ends in"));
  EXPECT_THAT(items("1|X|01-Jan-1995||u|0|1\n"), HasSubstr("expected '|'"));
}

TEST_F(Attributes, AlignFollowsTheIndicesOfTheInteractions) {
  const AttributeTable movies =
      read_movielens_movies(write("movies.dat", "3::A (1995)::Comedy\n1::B (2000)::Western\n9::C (1950)::War\n"));
  const auto aligned = align(movies, {"9", "3"});
  EXPECT_THAT(aligned[0].of, ElementsAre(ElementsAre(16u), ElementsAre(4u)));
  EXPECT_THAT(user_error([&] { align(movies, {"9", "4"}); }), HasSubstr("no line describes id 4"));
  const auto rows = multi_hot(aligned);
  ASSERT_EQ(width(aligned), 18 + 11);
  ASSERT_EQ(rows.size(), 2u * 29);
  EXPECT_EQ(rows[16], 1);
  EXPECT_EQ(rows[29 + 4], 1);
  EXPECT_EQ(std::accumulate(rows.begin(), rows.end(), 0.0F), 4);
}

TEST_F(Attributes, ItemIdsMustBeDenseAndAllThere) {
  EXPECT_THAT(read_item_ids(write("i.tsv", "0\t1193\n1\t661\n"), 2), ElementsAre("1193", "661"));
  EXPECT_THAT(user_error([&] { read_item_ids(write("i.tsv", "0\t1193\n2\t661\n"), 2); }), HasSubstr(":2:1: expected"));
  EXPECT_THAT(user_error([&] { read_item_ids(write("i.tsv", "0\t1193\n"), 2); }), HasSubstr("1 items here, but 2"));
}

// The stand-in for RealAttributes.MovieLensSplitsFindTheirAttributes: each data set through its manifests.
TEST_F(Attributes, OfADataSetAreThoseOfItsUsersAndItems) {
  write("ml-100k/u.user", "9|7|M|other|0\n3|30|F|other|0\n7|60|M|other|0\n");
  write("ml-100k/u.item",
        "20|A (1995)|01-Jan-1995||u|0|1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n"
        "4|B (2000)|01-Jan-2000||u|0|0|1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n");
  write("ml-1m/users.dat", "1::F::1::10::0\n2::M::56::16::0\n3::M::18::15::0\n7::F::25::7::0\n");
  write("ml-1m/movies.dat", "4::A (1995)::Action\n20::B (2000)::Western\n6::C (1950)::War\n");
  write("ml-1m/item_index_to_movieid.tsv", "0\t20\n1\t4\n");
  const auto load = [&](const char* name, const Population& population) {
    return load_attributes(complete_dataset({{"name", name}}), {folder_}, population);
  };
  const auto genders = [](const SideAttributes& side) { return side.users.at(0).of; };
  const auto genres = [](const SideAttributes& side) { return side.items.at(0).of; };

  const Population by_name{2, 2, {"7", "3"}, {"20", "4"}};
  const SideAttributes small = load("ml-100k", by_name);
  EXPECT_THAT(genders(small), ElementsAre(ElementsAre(1u), ElementsAre(0u)));
  EXPECT_THAT(genres(small), ElementsAre(ElementsAre(0u), ElementsAre(1u)));

  const SideAttributes named = load("ml-1m-untimed", by_name);
  EXPECT_THAT(genders(named), ElementsAre(ElementsAre(0u), ElementsAre(1u)));
  EXPECT_THAT(genres(named), ElementsAre(ElementsAre(17u), ElementsAre(0u)));

  // By index: user k of the split is user k + 1, and a list has the items' ids.
  const SideAttributes dense = load("ml-1m-ncf", {3, 2, {}, {}});
  EXPECT_THAT(genders(dense), ElementsAre(ElementsAre(0u), ElementsAre(1u), ElementsAre(1u)));
  EXPECT_THAT(genres(dense), ElementsAre(ElementsAre(17u), ElementsAre(0u)));
  EXPECT_THAT(user_error([&] { load("ml-1m-ncf", {4, 2, {}, {}}); }), HasSubstr("no line describes id 4"));
}

TEST(AttributesOf, DataSetsWithoutAnySaySo) {
  EXPECT_FALSE(attributes_manifest({{"name", "synthetic-interactions"}}, {}));
  EXPECT_FALSE(attributes_manifest({{"name", "epinions-tang"}}, {}));
  EXPECT_TRUE(attributes_manifest({{"name", "ml-1m-ncf"}}, {}));
  EXPECT_THAT(user_error([] {
                load_attributes(complete_dataset({{"name", "epinions-tang"}}), {}, {});
              }),
              HasSubstr("nothing is known"));
}

TEST(RealAttributes, MovieLensSplitsFindTheirAttributes) {
  for (const char* const name : {"ml-100k", "ml-1m-untimed", "ml-1m-ncf"}) {
    FRUGAL_REAL_FILE(path, std::string(name) == "ml-100k" ? "ml-100k/u.item" : "ml-1m/item_index_to_movieid.tsv");
    const Json dataset = complete_dataset({{"name", name}});
    const Split split = load_split(dataset, real_data_dirs(), 1);
    const SideAttributes side = load_attributes(dataset, real_data_dirs(), split);
    EXPECT_EQ(side.users.front().of.size(), split.users) << name;
    EXPECT_EQ(side.items.front().of.size(), split.items) << name;
  }
}

}  // namespace
}  // namespace frugal::data
