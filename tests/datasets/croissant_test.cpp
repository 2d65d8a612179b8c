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
