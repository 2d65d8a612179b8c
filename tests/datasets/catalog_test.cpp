#include "datasets/catalog/catalog.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "impl/base/sha256.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Manifests, AllParseAndAreComplete) {
  ASSERT_FALSE(manifests().empty());
  const std::set<std::string> readers{"ml-tab", "ml-colons", "ml-csv", "ncf", "epinions-tang",    "epinions-massa",
                                      "criteo", "png",       "wav",    "npy", "ml-1m-attributes", "ml-100k-attributes"};
  const std::set<std::string> kinds{"interactions", "attributes", "clicks", "image", "audio", "volume"};
  for (const Manifest& manifest : manifests()) {
    SCOPED_TRACE(manifest.name);
    EXPECT_THAT(readers, Contains(manifest.reader));
    EXPECT_THAT(kinds, Contains(manifest.kind));
    EXPECT_THAT(manifest.homepage, HasSubstr("://"));
    if (manifest.kind == "interactions") {
      EXPECT_THAT((std::set<std::string>{"latest", "random", "given"}), Contains(manifest.split));
      EXPECT_EQ(manifest.split == "given", manifest.reader == "ncf");
    }
    if (!manifest.attributes.empty()) {
      const Manifest* const attributes = find_manifest(manifest.attributes);
      ASSERT_NE(attributes, nullptr);
      EXPECT_EQ(attributes->kind, "attributes");
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

TEST(Manifests, NamesOfSetsAndGeneratorsDoNotClash) {
  std::set<std::string> names;
  for (const Manifest& manifest : manifests()) EXPECT_TRUE(names.insert(manifest.name).second) << manifest.name;
  for (const Generator& generator : generators()) EXPECT_TRUE(names.insert(generator.name).second) << generator.name;
}

TEST(Manifests, EntriesAreAllThatAPlanCanName) {
  const std::vector<DatasetEntry> entries = dataset_entries();
  const auto of_attributes = std::ranges::count(manifests(), "attributes", &Manifest::kind);
  EXPECT_EQ(entries.size() + static_cast<std::size_t>(of_attributes), manifests().size() + generators().size() + 1);
  for (const DatasetEntry& entry : entries) {
    EXPECT_NO_THROW(resolve_params({{"name", entry.name}})) << entry.name;
    const bool on_users_and_items = entry.kind == "interactions" || entry.kind == "clicks";
    EXPECT_NE(is_signal(entry.kind), on_users_and_items) << entry.name;
  }
  EXPECT_EQ(entries.back().name, own_file);
}

TEST(Manifests, UnknownNameIsNull) {
  EXPECT_EQ(find_manifest("ml-2m"), nullptr);
  ASSERT_NE(find_manifest("ml-1m"), nullptr);
  EXPECT_EQ(find_manifest("ml-1m")->reader, "ml-colons");
}

TEST(DatasetParams, DefaultsAreFilledInAndWithinTheirRange) {
  for (const Generator& generator : generators()) {
    const auto values = resolve_params({{"name", generator.name}});
    EXPECT_EQ(values.size(), generator.params.size());
    for (const GeneratorParam& param : generator.params) {
      EXPECT_GE(param.default_value, param.min) << param.name;
      EXPECT_LE(param.default_value, param.max) << param.name;
    }
  }
  EXPECT_EQ(resolve_params({{"name", "ml-100k"}}).at("negatives"), 99);
  EXPECT_EQ(resolve_params({{"name", "ml-100k"}, {"negatives", 999}}).at("negatives"), 999);
}

TEST(DatasetParams, WrongOnesAreRefused) {
  const auto complaint = [](const Json& dataset) { return user_error([&] { resolve_params(dataset); }); };
  EXPECT_THAT(complaint({{"name", "synthetic-interactons"}}), HasSubstr("did you mean 'synthetic-interactions'"));
  EXPECT_THAT(complaint({{"name", "synthetic-interactions"}, {"user", 5}}), HasSubstr("did you mean 'users'"));
  EXPECT_THAT(complaint({{"name", "synthetic-interactions"}, {"users", 5.5}}), HasSubstr("must be an integer"));
  EXPECT_THAT(complaint({{"name", "synthetic-interactions"}, {"users", 0}}), HasSubstr("between 1 and"));
  EXPECT_THAT(complaint({{"name", "synthetic-interactions"}, {"signal", "strong"}}), HasSubstr("must be a number"));
}

TEST(DatasetParams, ContradictionsAreFoundWithoutGenerating) {
  const auto why = [](const Json& params) {
    Json dataset = {{"name", "synthetic-interactions"}};
    dataset.update(params);
    return why_invalid_dataset(dataset);
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
  for (const Manifest& manifest : manifests()) EXPECT_EQ(why_invalid_dataset({{"name", manifest.name}}), "");
  for (const Generator& generator : generators()) EXPECT_EQ(why_invalid_dataset({{"name", generator.name}}), "");
}

TEST(DatasetParams, ClicksNeedATableAndADenseFeature) {
  for (const char* const param : {"tables", "dense_features"}) {
    const Json dataset = {{"name", "synthetic-clicks"}, {param, 0}};
    EXPECT_THAT(user_error([&] { why_invalid_dataset(dataset); }), HasSubstr("between 1 and"));
  }
}

TEST(ChoosePicture, TakesTheNamedFileElseTheSizeElseTheLargest) {
  const Manifest& lake = *find_manifest("enrp-lake");
  EXPECT_EQ(choose_picture(lake, "lake_128.png", 256).path, "enrp/lake_128.png");
  EXPECT_EQ(choose_picture(lake, "lake", 256).path, "enrp/lake_256.png");
  EXPECT_EQ(choose_picture(lake, "", 128).path, "enrp/lake_128.png");
  EXPECT_EQ(choose_picture(lake, "", 100).path, "enrp/lake_512.png");
  EXPECT_THAT(user_error([&] { choose_picture(lake, "lake_128.pgn", 128); }), HasSubstr("did you mean 'lake_128.png'"));
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
  EXPECT_EQ(check({.path = "a.txt"}).detail, "no published hash: size only");
  EXPECT_EQ(check({.path = "a.txt", .sha256 = sha256("hello\n")}).state, FileState::good);
  EXPECT_EQ(check({.path = "a.txt", .git_blob = "ce013625030ba8dba906f756967f9e9ca394464a"}).state, FileState::good);
  EXPECT_EQ(check({.path = "a.txt", .md5 = "b1946ac92492d2347c6235b4d2611184"}).state, FileState::good);
  EXPECT_EQ(check({.path = "a.txt", .md5 = "b1946ac92492d2347c6235b4d2611185"}).state, FileState::wrong_hash);
  const FileCheck wrong = check({.path = "a.txt", .sha256 = sha256("other")});
  EXPECT_EQ(wrong.state, FileState::wrong_hash);
  EXPECT_THAT(wrong.detail, HasSubstr("should be " + sha256("other")));
}

TEST_F(Files, KnownVariantsAreGoodWhateverTheirSize) {
  write("a.txt", "hello\n");
  const ManifestFile file{.path = "a.txt", .bytes = 99, .sha256 = sha256("other"), .also_sha256 = {sha256("hello\n")}};
  EXPECT_EQ(check(file).state, FileState::good);
}

TEST(RealFiles, AllThatAreHereMatchTheirManifests) {
  if (real_data_dirs().empty()) GTEST_SKIP() << "FRUGAL_DATA is not set";
  for (const Manifest& manifest : manifests()) {
    for (const ManifestFile& file : manifest.files) {
      const FileCheck found = check_file(file, real_data_dirs());
      EXPECT_NE(found.state, FileState::wrong_hash) << file.path << ": " << found.detail;
      EXPECT_NE(found.state, FileState::wrong_size) << file.path << ": " << found.detail;
    }
  }
}

}  // namespace
}  // namespace frugal::data
