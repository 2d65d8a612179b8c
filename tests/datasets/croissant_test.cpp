#include "datasets/catalog/croissant.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace frugal::data {
namespace {

Json croissant_of(std::string_view name) { return Json::parse(to_croissant(*find_manifest(name, {}))); }

TEST(Croissant, AnArchiveIsAFileAndItsMemberNamesIt) {
  const Json files = croissant_of("ml-25m").at("distribution");
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].at("contentUrl"), "https://files.grouplens.org/datasets/movielens/ml-25m.zip");
  EXPECT_EQ(files[0].at("encodingFormat"), "application/zip");
  EXPECT_EQ(files[0].at("md5"), "6b51fb2759a8657d3bfcbfc42b592ada");
  EXPECT_EQ(files[1].at("containedIn").at("@id"), files[0].at("@id"));
  EXPECT_EQ(files[1].at("contentUrl"), "ml-25m/ratings.csv");
}

TEST(Croissant, ColumnsAreThoseOfTheHeader) {
  const Json fields = croissant_of("ml-25m").at("recordSet").at(0).at("field");
  ASSERT_EQ(fields.size(), 4u);
  EXPECT_EQ(fields[1].at("name"), "item");
  EXPECT_EQ(fields[1].at("source").at("extract").at("column"), "movieId");
  EXPECT_EQ(fields[1].at("source").at("fileObject").at("@id"), "ml-25m/ratings.csv");
  EXPECT_FALSE(croissant_of("ml-1m").contains("recordSet")) << "a file without a header has no names";
}

TEST(Croissant, OfAnArchiveWithSeveralMembersThereIsOne) {
  const Json files = croissant_of("ml-1m-attributes").at("distribution");
  ASSERT_EQ(files.size(), 3u) << "the archive, users and movies";
  EXPECT_EQ(files[0].at("name"), "ml-1m.zip");
  for (const std::size_t member : {1U, 2U}) EXPECT_EQ(files[member].at("containedIn").at("@id"), files[0].at("@id"));
  EXPECT_EQ(files[1].at("name"), "ml-1m/users.dat");
  EXPECT_EQ(files[1].at("encodingFormat"), "text/plain");
  EXPECT_EQ(files[1].at("contentSize"), "134368 B");
  EXPECT_FALSE(files[0].contains("contentSize")) << "nobody knows that of the archive";
}

TEST(Croissant, AFileThatIsNowhereToBeHadNamesItself) {
  const Json json = croissant_of("enrp-lake");
  EXPECT_EQ(json.at("url"), "https://arxiv.org/abs/2110.04124");
  EXPECT_EQ(json.at("distribution").size(), 3u);
  EXPECT_EQ(json.at("distribution").at(1).at("contentUrl"), "enrp/lake_256.png");
  EXPECT_EQ(json.at("distribution").at(1).at("encodingFormat"), "image/png");
  EXPECT_FALSE(json.contains("recordSet"));
}

TEST(Croissant, ColumnsThatAreNotThereAreNoFields) {
  Manifest manifest = *find_manifest("ml-25m", {});
  manifest.table["columns"]["time"] = "none";
  const Json json = Json::parse(to_croissant(manifest));
  const Json& fields = json.at("recordSet").at(0).at("field");
  ASSERT_EQ(fields.size(), 3u);
  EXPECT_EQ(fields[2].at("name"), "rating");
  EXPECT_EQ(fields[2].at("dataType"), "sc:Float");
  manifest.homepage.clear();
  EXPECT_FALSE(Json::parse(to_croissant(manifest)).contains("url"));
}

TEST(Croissant, EveryManifestHasItsLicenceAndAHashWhereOneIsKnown) {
  for (const Manifest& manifest : manifests({})) {
    const Json json = croissant_of(manifest.name);
    EXPECT_EQ(json.at("license"), manifest.licence) << manifest.name;
    for (const Json& file : json.at("distribution")) EXPECT_FALSE(file.at("contentUrl").get<std::string>().empty());
  }
  EXPECT_EQ(croissant_of("camera").at("distribution").at(0).at("sha256"),
            "b0793d2adda0fa6ae899c03989482bff9a42d3d5690fc7e3648f2795d730c23a");
}

}  // namespace
}  // namespace frugal::data
