// Data sets that come split: ratings in the files train, validation and test, and splits with lists of candidates.
#include <nlohmann/json.hpp>

#include "datasets/load/datasets.hpp"
#include "datasets/load/interactions.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

/// A data set with a manifest in the folder of the test, where manifests are read once.
class OfAManifest : public WithFolder {
 protected:
  Json dataset(const std::string& name, const Json& more) const {
    Json given = {{"name", name}};
    if (more.is_object()) given.update(more);
    return complete_dataset(given, Kind::interactions, dirs_);
  }
  void write_manifest(const std::string& name, const std::string& keys) const {
    write(name + ".yaml",
          "name: " + name + "\ntitle: t\nkind: interactions\nlicence: l\ncitation: c\nsplit: given\n" + keys);
  }

  const std::vector<std::filesystem::path> dirs_ = {folder_};
};

/// Ratings in the files train, validation and test: USER<TAB>ITEM, and a TIME where time_ is 3.
class Parts : public OfAManifest {
 protected:
  Split load(const std::string& train, const std::string& validation, const std::string& test, const Json& more = {}) {
    write("parts/train.tsv", train);
    write("parts/validation.tsv", validation);
    write("parts/test.tsv", test);
    write_manifest(
        "parts",
        "reader: ratings\ntable: {delimiter: tab, header: no, columns: {user: 1, item: 2, rating: none, time: " +
            time_ + "}, duplicates: " + duplicates_ +
            "}\nfiles: [{path: parts/train.tsv}, {path: parts/validation.tsv}, {path: parts/test.tsv}]\n");
    const Split split = load_split(dataset("parts", more), dirs_, 1);
    EXPECT_EQ(split.chronological, has_times(dataset("parts", more), dirs_));
    return split;
  }

  std::string time_ = "none";
  std::string duplicates_ = "error";
};

/// "user item" by their own ids.
std::vector<std::string> named(const Split& split, const std::vector<Interaction>& pairs) {
  std::vector<std::string> names;
  for (const Interaction& pair : pairs)
    names.push_back(split.user_names[pair.user] + " " + split.item_names[pair.item]);
  return names;
}

TEST_F(Parts, AreTrainedOnAndTestedOnAsTheFilesSay) {
  const std::string train = "10\t7\n9\t3\n";
  const std::string validation = "9\t20\n";
  const std::string test = "10\t1\n9\t100\n8\t7\n";  // nothing else is known of user 8
  const Split split = load(train, validation, test);
  EXPECT_THAT(named(split, split.train.unpacked()), ElementsAre("9 3", "9 20", "10 7"));
  EXPECT_THAT(named(split, split.held_out), ElementsAre("9 100", "10 1"));
  EXPECT_EQ(split.items, 5u);
  EXPECT_EQ(split.negatives_per_query, 0);
  EXPECT_EQ(split.protocol,
            "given split, tested on test, trained on train and validation, 1 held-out interactions of users unknown to "
            "training dropped");

  const Split tuning = load(train, validation, test, {{"hold_out", "validation"}});
  EXPECT_THAT(named(tuning, tuning.train.unpacked()), ElementsAre("9 3", "10 7"));
  EXPECT_THAT(named(tuning, tuning.held_out), ElementsAre("9 20"));
  EXPECT_EQ(tuning.items, 5u);  // the catalogue is that of all files
  EXPECT_EQ(tuning.protocol, "given split, tested on validation, trained on train, test left out");
}

TEST_F(Parts, WithTimesAreTrainedOnInTheOrderOfTime) {
  time_ = "3";
  const std::string train = "10\t7\t5\n9\t8\t30\n9\t7\t50\n9\t1\t10\n";
  const std::string validation = "9\t3\t40\n10\t9\t4\n";
  const std::string test = "9\t2\t20\n10\t1\t1\n";
  const Split split = load(train, validation, test);
  EXPECT_TRUE(split.chronological);
  EXPECT_THAT(named(split, split.train.unpacked()), ElementsAre("9 1", "9 8", "9 3", "9 7", "10 9", "10 7"));
  const Split tuning = load(train, validation, test, {{"hold_out", "validation"}});
  EXPECT_THAT(named(tuning, tuning.train.unpacked()), ElementsAre("9 1", "9 8", "9 7", "10 7"));
}

TEST_F(Parts, TimesWithFractionsInOneFileAreInTheUnitOfTheOthers) {
  time_ = "3";
  const Split split = load("9\t1\t10\n9\t8\t30\n", "9\t3\t20.5\n", "9\t2\t40\n");
  EXPECT_THAT(named(split, split.train.unpacked()), ElementsAre("9 1", "9 3", "9 8"));
  EXPECT_THAT(user_error([&] { load("9\t1\t9000000000000000000\n", "9\t3\t20.5\n", "9\t2\t40\n"); }),
              HasSubstr("train.tsv: a time too large for the fractions that those of another part have"));
}

TEST_F(Parts, SayWhatWasMerged) {
  duplicates_ = "last";
  const auto protocol = [&](const Json& more) {
    return load("9\t3\n9\t3\n", "9\t20\n9\t20\n9\t20\n", "9\t100\n9\t100\n", more).protocol;
  };
  EXPECT_THAT(protocol({}), EndsWith("; 4 repeated pairs merged (last)"));
  EXPECT_THAT(protocol({{"hold_out", "validation"}}), EndsWith("test left out; 3 repeated pairs merged (last)"));
}

TEST_F(Parts, ThatShareAPairAreRefusedWithBothPlaces) {
  EXPECT_EQ(user_error([&] { load("1\t2\n1\t3\n", "2\t3\n", "3\t3\n1\t3\n"); }),
            (folder_ / "parts/test.tsv").string() + ":2: user '1' and item '3' are in line 2 of " +
                (folder_ / "parts/train.tsv").string() + " too: what is tested must not be trained on");
}

TEST_F(Parts, ThatLeaveNothingToTestOnAreRefused) {
  EXPECT_THAT(user_error([&] { load("1\t2\n", "1\t3\n", "2\t3\n"); }), HasSubstr("nothing to test on"));
}

/// Lists of two candidates. User 1's held-out item is in training too, twice; user 0's list names the held-out item and one
/// of training; items 3 and 4 are candidates only.
class GivenLists : public OfAManifest {
 protected:
  Split load(const std::string& promised, const Json& more = {}) {
    write("x.train.rating", "0\t0\n0\t1\n1\t2\n1\t0\n1\t0\n");
    write("x.test.rating", "0\t2\n1\t0\n");
    write("x.test.negative", "(0,2)\t2\t1\n(1,0)\t4\t3\n");
    write_manifest("lists", "reader: ncf\n" + promised +
                                "files: [{path: x.train.rating}, {path: x.test.rating}, {path: x.test.negative}]\n");
    const Split split = load_split(dataset("lists", more), dirs_, 1);
    EXPECT_EQ(split.chronological, has_times(dataset("lists", more), dirs_));
    return split;
  }
};

TEST_F(GivenLists, AreTakenAsTheyAreWhereAPlanSaysNothing) {
  const Split split = load("negatives: 2\n");
  EXPECT_EQ(dataset("lists", {}).at("negatives"), 2);
  EXPECT_EQ(split.negative_law, NegativeLaw::given);
  EXPECT_THAT(split.negatives, ElementsAre(2, 1, 4, 3));
}

TEST_F(GivenLists, OfAnotherLengthThanPromisedAreNotReplacedUnasked) {
  EXPECT_EQ(user_error([&] { load(""); }),
            (folder_ / "x.test.negative").string() +
                ": these lists hold 2 candidates each, and the data set promises 99: write negatives: 2 to take them, "
                "or negative_sampling: uniform to draw 99 instead");
  EXPECT_THAT(load("", {{"negatives", 2}}).negatives, ElementsAre(2, 1, 4, 3));
}

TEST_F(GivenLists, DrawnInTheirPlaceKeepTheNotesOnThePairs) {
  const std::string pairs =
      ", 1 held-out pairs are in the training file too (kept), 1 training pairs come again (counted once), 2 item "
      "indices are in no pair";
  EXPECT_EQ(load("negatives: 2\n").protocol,
            "given split and given negatives (2), 1 lists name the held-out item itself (not counted), 1 negatives are "
            "of the user's training (kept)" +
                pairs);
  const std::string drawn = "given split, 1 uniform unseen negatives" + pairs;
  EXPECT_EQ(load("negatives: 2\n", {{"negatives", 1}}).protocol, drawn);
  EXPECT_EQ(load("negatives: 2\n", {{"negatives", 1}, {"negative_sampling", "uniform"}}).protocol, drawn);
}

TEST(RealSplits, DistillCfsMovieLensIsTheirs) {
  FRUGAL_REAL_FILE(path, "ml-1m-distill/test.tsv.gz");
  const Split split = load_split(complete_dataset({{"name", "ml-1m-distill"}}), real_data_dirs(), 1);
  EXPECT_EQ(split.users, 6040u);
  EXPECT_EQ(split.held_out.size(), 108'799u);
  EXPECT_EQ(split.train.size(), 791'718u + 99'692u);
}

}  // namespace
}  // namespace frugal::data
