#include <algorithm>
#include <set>
#include <utility>

#include "datasets/catalog/check.hpp"
#include "datasets/catalog/locate.hpp"
#include "datasets/catalog/manifest.hpp"
#include "datasets/load/ratings.hpp"
#include "impl/base/process.hpp"
#include "impl/base/sha256.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

TEST(Manifests, AllParseAndAreComplete) {
  ASSERT_FALSE(manifests({}).empty());
  for (const Manifest& manifest : manifests({})) {
    SCOPED_TRACE(manifest.name);
    EXPECT_NE(manifest.kind, Kind::signal);
    EXPECT_THAT(manifest.homepage, HasSubstr("://"));
    if (manifest.kind == Kind::interactions) {
      EXPECT_THAT((std::set{DefaultSplit::latest, DefaultSplit::random, DefaultSplit::given}),
                  Contains(*manifest.split));
      EXPECT_EQ(manifest.split == DefaultSplit::given, manifest.files.size() == 3);
    }
    if (!manifest.attributes.empty()) {
      const Manifest* const attributes = find_manifest(manifest.attributes, {});
      ASSERT_NE(attributes, nullptr);
      EXPECT_EQ(attributes->kind, Kind::attributes);
    }
    for (const ManifestFile& file : manifest.files) {
      if (!file.sha256.empty()) {
        EXPECT_EQ(file.sha256.size(), 64u);
      }
      if (!file.git_blob.empty()) {
        EXPECT_EQ(file.git_blob.size(), 40u);
      }
      for (const std::string& md5 : {file.md5, file.archive_md5}) EXPECT_TRUE(md5.empty() || md5.size() == 32) << md5;
      EXPECT_EQ(file.path.find(".."), std::string::npos);
      EXPECT_TRUE(std::filesystem::path(file.path).is_relative());
    }
  }
}

Manifest parsed(const std::string& changes) {
  const std::string base = "title: t\nlicence: l\ncitation: c\n";
  return parse_manifest("x", "name: x\n" + changes + "files: [{path: x}]\n" + base, "datasets/manifests/x.yaml");
}

/// Of the reader `ratings`.
const std::string of_ratings = "reader: ratings\ntable: {columns: {user: 1, item: 2, rating: 3, time: 4}}\n";

std::string refusal(const std::string& changes) {
  return user_error([&] { parsed(changes); });
}

TEST(Manifests, FilesLieBelowTheDataFolder) {
  const std::string head =
      "name: x\ntitle: t\nlicence: l\ncitation: c\nkind: image\nreader: signal\nfiles:\n  - path: ";
  for (const std::string path : {"/etc/passwd", "../x", "a/../../x", ".."}) {
    EXPECT_EQ(user_error([&] { parse_manifest("x", head + path, "datasets/manifests/x.yaml"); }),
              "datasets/manifests/x.yaml:8:11: a file of a data set lies below the data folder: no leading /, no ..");
  }
}

TEST(Manifests, AWordThatIsNotKnownIsAnErrorAtItsPlaceWithASuggestion) {
  const std::string where = "datasets/manifests/x.yaml:";
  EXPECT_EQ(refusal("kind: interaction\n" + of_ratings + "split: latest\n"),
            where + "2:7: unknown kind 'interaction'; did you mean 'interactions'?");
  EXPECT_EQ(refusal("kind: interactions\nreader: rating\nsplit: latest\n"),
            where + "3:9: unknown reader 'rating'; did you mean 'ratings'?");
  EXPECT_EQ(refusal("kind: interactions\n" + of_ratings + "split: lastest\n"),
            where + "5:8: unknown split 'lastest'; did you mean 'latest'?");
  EXPECT_EQ(refusal("kind: interactions\n" + of_ratings + "split: latest\nattributes: ml-1m-atributes\n"),
            where + "6:13: unknown manifest 'ml-1m-atributes'; did you mean 'ml-1m-attributes'?");
}

TEST(Manifests, WhatDoesNotFitTogetherIsRefusedAtItsPlace) {
  EXPECT_EQ(parsed("kind: interactions\n" + of_ratings + "split: latest\n").split, DefaultSplit::latest);
  EXPECT_THAT(refusal("kind: clicks\n" + of_ratings), HasSubstr(":3:9: the reader ratings gives interactions"));
  EXPECT_EQ(parsed("kind: clicks\n" + of_ratings + "attributes: ml-1m-attributes\n").split, std::nullopt);
  EXPECT_THAT(refusal("kind: interactions\nreader: ncf\nsplit: given\n"),
              HasSubstr(":5:8: the reader ncf wants 3 files, not 1"));
  EXPECT_THAT(refusal("kind: interactions\n" + of_ratings + "split: given\n"), HasSubstr(":5:8: the split 'given'"));
  EXPECT_THAT(refusal("kind: interactions\n" + of_ratings + "split: tail\n"), HasSubstr(":5:8: the split 'tail'"));
  const auto with_files = [](const std::string& changes) {
    return user_error([&] {
      parse_manifest("x", "name: x\ntitle: t\nlicence: l\ncitation: c\n" + changes, "datasets/manifests/x.yaml");
    });
  };
  EXPECT_THAT(
      with_files("kind: interactions\n" + of_ratings + "split: latest\nfiles: [{path: a}, {path: b}, {path: c}]\n"),
      HasSubstr(":8:8: the split 'given' belongs to"));
  EXPECT_THAT(with_files("kind: interactions\n" + of_ratings + "split: given\nfiles: [{path: a}, {path: b}]\n"),
              HasSubstr(":9:8: ratings come in one file, or in three: train, validation, test"));
  EXPECT_THAT(
      with_files("kind: clicks\n" + of_ratings + "attributes: ml-1m-attributes\nfiles: [{path: a}, {path: b}]\n"),
      HasSubstr(":9:8: ratings as clicks come in one file"));
  EXPECT_THAT(refusal("kind: interactions\nreader: ratings\ntable: {columns: {user: 1, item: 2, rating: 3, time: "
                      "none}}\nsplit: latest\n"),
              HasSubstr(":5:8: the split 'latest' needs times"));
  EXPECT_THAT(refusal("kind: interactions\nreader: ratings\ntable: {columns: {user: 1, item: 2}}\nsplit: latest\n"),
              HasSubstr(":4:8: a manifest guesses nothing: columns.rating is missing"));
  EXPECT_THAT(refusal("kind: interactions\nreader: ratings\nsplit: latest\n"),
              HasSubstr(":3:9: the reader 'ratings' needs a 'table'"));
  EXPECT_THAT(refusal("kind: interactions\nreader: ratings\ntable: {delimeter: tab}\nsplit: latest\n"),
              HasSubstr(":4:9: unknown key of a manifest's table 'delimeter'; did you mean 'delimiter'?"));
  EXPECT_THAT(refusal("kind: interactions\n" + of_ratings), HasSubstr("a manifest needs 'split'"));
  EXPECT_THAT(refusal("kind: image\nreader: signal\nsplit: latest\n"), HasSubstr(":4:8: a manifest of image has no"));
}

TEST(Manifests, SayHowManyCandidatesEachListHolds) {
  const auto with = [](const std::string& negatives) {
    return parse_manifest(
        "x",
        "name: x\ntitle: t\nlicence: l\ncitation: c\nkind: interactions\nreader: ncf\nsplit: given\n" + negatives +
            "files: [{path: a}, {path: b}, {path: c}]\n",
        "x.yaml");
  };
  EXPECT_EQ(with("").negatives, 99);
  EXPECT_EQ(with("negatives: 50\n").negatives, 50);
  EXPECT_EQ(user_error([&] { with("negatives: 0\n"); }), "x.yaml:8:12: a list holds 1 to 1000000 candidates");
  EXPECT_THAT(refusal("kind: interactions\n" + of_ratings + "split: latest\nnegatives: 9\n"),
              HasSubstr(":6:12: lists of candidates belong to the reader 'ncf'"));
}

TEST(Manifests, OfAPictureAtSeveralSizesNameThese) {
  const auto with = [](const std::string& file) {
    return parse_manifest(
        "x", "name: x\ntitle: t\nlicence: l\ncitation: c\nkind: image\nreader: signal\nfiles: [" + file + "]\n",
        "x.yaml");
  };
  EXPECT_EQ(with("{path: a/lake_128.png, size: 128}").files[0].size, 128);
  EXPECT_EQ(with("{path: a/lake_128.png}").files[0].size, 0);
  EXPECT_THAT(user_error([&] { with("{path: a/lake_128.png, size: 28}"); }),
              HasSubstr("a file of size 28 has a name that ends in _28"));
}

TEST(Manifests, AShareIsHeldOutByTheSplitTailOnly) {
  const std::string criteo =
      "kind: clicks\nreader: clicks\ntable: {columns: {label: 1, categorical: [2-4], time: none}}\nsplit: ";
  EXPECT_EQ(parsed(criteo + "tail\ntest_fraction: 0.25\n").test_fraction, 0.25);
  EXPECT_THAT(refusal(criteo + "tail\n"), HasSubstr(":5:8: the split 'tail' needs a test_fraction"));
  EXPECT_THAT(refusal(criteo + "0.25\n"), HasSubstr(":5:8: expected a string"));
  EXPECT_THAT(refusal(criteo + "tail\ntest_fraction: 1\n"), HasSubstr(":6:16: test_fraction must lie between"));
  EXPECT_THAT(refusal("kind: interactions\n" + of_ratings + "split: latest\ntest_fraction: 0.25\n"),
              HasSubstr(":6:16: the split 'tail' needs a test_fraction, and no other"));
}

TEST(Manifests, UnknownNameIsNull) {
  EXPECT_EQ(find_manifest("ml-2m", {}), nullptr);
  ASSERT_NE(find_manifest("ml-1m", {}), nullptr);
  EXPECT_EQ(find_manifest("ml-1m", {})->reader, Reader::ratings);
}

TEST(ChoosePicture, TakesTheNamedFileElseTheSizeElseTheLargest) {
  const Manifest& lake = *find_manifest("enrp-lake", {});
  EXPECT_EQ(choose_picture(lake, "lake_128.png", 256).path, "enrp/lake_128.png");
  EXPECT_EQ(choose_picture(lake, "lake", 256).path, "enrp/lake_256.png");
  EXPECT_EQ(choose_picture(lake, "", 128).path, "enrp/lake_128.png");
  EXPECT_EQ(choose_picture(lake, "", 100).path, "enrp/lake_512.png");
  Manifest two = lake;
  two.files[0] = {.path = "mine/dog.jpg"};
  EXPECT_EQ(choose_picture(two, "dog", 0).path, "mine/dog.jpg");
  EXPECT_THAT(user_error([&] { choose_picture(two, "", 100); }),
              HasSubstr("holds 3 files: say which one a cell takes with params.inr.image"));
  EXPECT_THAT(user_error([&] { choose_picture(lake, "lake_128.pgn", 128); }), HasSubstr("did you mean 'lake_128.png'"));
}

/// A set of pictures that its user named.
Manifest pictures(std::vector<ManifestFile> files) {
  Manifest manifest;
  manifest.name = "holiday";
  manifest.files = std::move(files);
  return manifest;
}

TEST(ChoosePicture, ANumberThatACameraCountsIsNoSize) {
  const Manifest holiday = pictures({{.path = "holiday/IMG_0001.jpg"}, {.path = "holiday/IMG_0002.jpg"}});
  EXPECT_EQ(user_error([&] { choose_picture(holiday, "", 0); }),
            "holiday holds 2 files: say which one a cell takes with params.inr.image, an axis for several: "
            "holiday/IMG_0001.jpg, holiday/IMG_0002.jpg");
  EXPECT_THAT(user_error([&] { choose_picture(holiday, "IMG", 2); }), HasSubstr("unknown file of holiday 'IMG'"));
  EXPECT_EQ(choose_picture(holiday, "IMG_0001", 2).path, "holiday/IMG_0001.jpg");
}

TEST(ChoosePicture, OfFilesOfOneNameThePathSaysWhich) {
  const Manifest holiday = pictures({{.path = "sea/p.png"}, {.path = "lake/p.png"}});
  for (const char* const image : {"", "p", "p.png"})
    EXPECT_THAT(user_error([&] { choose_picture(holiday, image, 0); }), HasSubstr("sea/p.png, lake/p.png"));
  EXPECT_EQ(choose_picture(holiday, "lake/p.png", 0).path, "lake/p.png");
}

class Files : public WithFolder {
 protected:
  FileCheck check(const ManifestFile& file) const { return check_file(file, {folder_ / "nowhere", folder_}); }
};

TEST_F(Files, AreFoundInTheFirstFolderThatHasThem) {
  const auto second = write("two/a.txt", "2");
  EXPECT_EQ(locate({.path = "a.txt"}, {folder_ / "one", folder_ / "two"}), second);
  const auto first = write("one/a.txt", "1");
  EXPECT_EQ(locate({.path = "a.txt"}, {folder_ / "one", folder_ / "two"}), first);
  EXPECT_EQ(locate({.path = "b.txt"}, {folder_ / "one", folder_ / "two"}), std::nullopt);
  EXPECT_EQ(locate({.path = "one"}, {folder_}), std::nullopt) << "a folder is no file";
}

TEST_F(Files, AreCheckedByWhateverIsPublished) {
  write("a.txt", "hello\n");
  EXPECT_EQ(check({.path = "b.txt"}).state, FileState::missing);
  EXPECT_EQ(check({.path = "a.txt", .bytes = 5}).state, FileState::wrong_size);
  EXPECT_EQ(check({.path = "a.txt", .bytes = 6}).state, FileState::size_only);
  EXPECT_EQ(check({.path = "a.txt", .bytes = 6}).detail, "no published hash: size only");
  EXPECT_EQ(check({.path = "a.txt"}).detail, "not checked: nothing is published of it");
  EXPECT_EQ(check({.path = "a.txt", .sha256 = sha256("hello\n")}).state, FileState::good);
  EXPECT_EQ(check({.path = "a.txt", .git_blob = "ce013625030ba8dba906f756967f9e9ca394464a"}).state, FileState::good);
  EXPECT_EQ(check({.path = "a.txt", .md5 = "b1946ac92492d2347c6235b4d2611184"}).state, FileState::good);
  EXPECT_EQ(check({.path = "a.txt", .md5 = "b1946ac92492d2347c6235b4d2611185"}).state, FileState::wrong_hash);
  const FileCheck wrong = check({.path = "a.txt", .sha256 = sha256("other")});
  EXPECT_EQ(wrong.state, FileState::wrong_hash);
  EXPECT_THAT(wrong.detail, HasSubstr("should be " + sha256("other")));
}

TEST_F(Files, OfACompressedFormNoMoreIsComparedThanIsPublished) {
  for (const char* const name : {"a", "b", "c", "d"}) write(name, "hello\n");
  if (run_process({"gzip", "a", "b", "c", "d"}, folder_).exit_code != 0) GTEST_SKIP() << "gzip is not installed";
  EXPECT_EQ(check({.path = "a", .sha256 = sha256("hello\n")}).detail, "sha256");
  EXPECT_EQ(check({.path = "b", .bytes = 6}).state, FileState::size_only);
  EXPECT_EQ(check({.path = "c", .bytes = 7}).state, FileState::wrong_size);
  EXPECT_EQ(check({.path = "d"}).state, FileState::unchecked);
}

TEST_F(Files, KnownVariantsAreGoodWhateverTheirSize) {
  write("a.txt", "hello\n");
  const ManifestFile file{.path = "a.txt", .bytes = 99, .sha256 = sha256("other"), .also_sha256 = {sha256("hello\n")}};
  EXPECT_EQ(check(file).state, FileState::good);
}

TEST(RealFiles, AllThatAreHereMatchTheirManifests) {
  if (real_data_dirs().empty()) GTEST_SKIP() << "FRUGAL_DATA is not set";
  for (const Manifest& manifest : manifests({})) {
    for (const ManifestFile& file : manifest.files) {
      const FileCheck found = check_file(file, real_data_dirs());
      EXPECT_NE(found.state, FileState::wrong_hash) << file.path << ": " << found.detail;
      EXPECT_NE(found.state, FileState::wrong_size) << file.path << ": " << found.detail;
    }
  }
}

TEST(RealFiles, AllRatingsThatAreHereAreReadByTheirManifests) {
  if (real_data_dirs().empty()) GTEST_SKIP() << "FRUGAL_DATA is not set";
  for (const Manifest& manifest : manifests({})) {
    const bool here = std::ranges::all_of(
        manifest.files, [](const ManifestFile& file) { return locate(file, real_data_dirs()).has_value(); });
    if (!here || manifest.reader != Reader::ratings) continue;
    SCOPED_TRACE(manifest.name);
    if (manifest.split == DefaultSplit::given)
      EXPECT_EQ(load_rating_parts(manifest, real_data_dirs()).size(), 3u);
    else
      EXPECT_FALSE(load_ratings(manifest, real_data_dirs()).rows.empty());
  }
}

}  // namespace
}  // namespace frugal::data
