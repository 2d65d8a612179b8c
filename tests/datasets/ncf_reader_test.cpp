#include "datasets/formats/ncf.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class NcfReader : public WithFolder {
 protected:
  Split read(const std::string& train, const std::string& test, const std::string& negatives,
             NcfLists lists = NcfLists::published) const {
    return read_ncf(write("train.rating", train), write("test.rating", test), write("test.negative", negatives), lists);
  }
  std::string complaint(const std::string& train, const std::string& test, const std::string& negatives) const {
    return user_error([&] { read(train, test, negatives); });
  }

  const std::string train_ = "0\t0\t5\t0\n0\t1\t3\t0\n1\t2\t3\t0\n";
  const std::string test_ = "0\t2\t5\t9\n1\t0\t5\t9\n";
  const std::string negatives_ = "(0,2)\t3\t4\n(1,0)\t4\t1\n";
};

TEST_F(NcfReader, KeepsTheGivenSplitAndIds) {
  const Split split = read(train_, test_, negatives_);
  EXPECT_EQ(split.users, 2u);
  EXPECT_EQ(split.items, 5u);
  EXPECT_THAT(split.train, ElementsAre(Interaction{0, 0}, Interaction{0, 1}, Interaction{1, 2}));
  EXPECT_THAT(split.held_out, ElementsAre(Interaction{0, 2}, Interaction{1, 0}));
  EXPECT_THAT(split.negatives, ElementsAre(3, 4, 4, 1));
  EXPECT_EQ(split.negatives_per_query, 2);
}

TEST_F(NcfReader, ReadsTwoColumnsWhateverTheOthersHold) {
  const Split plain = read(train_, test_, negatives_);
  for (const char* const more : {"", "\t13883", "\tx\ty", "\t-1\t99999999999999", "\t5\t0\tand more"}) {
    const auto with = [&](const std::string& text) {
      std::string lines;
      for (const char c : text) lines += c == '\n' ? std::string(more) + "\n" : std::string(1, c);
      return lines;
    };
    const Split split = read(with("0\t0\n0 1\n1\t2\n"), with("0\t2\n1\t0\n"), negatives_);
    EXPECT_EQ(split.train, plain.train) << more;
    EXPECT_EQ(split.held_out, plain.held_out) << more;
  }
  EXPECT_THAT(complaint("0\t0\n0\n", test_, negatives_), HasSubstr("train.rating:2:2: expected a blank, got the end"));
}

TEST_F(NcfReader, HeldOutPairInTrainingIsCountedAndKeptUnlessCleaned) {
  const Split kept = read(train_ + "1\t0\t4\t0\n", test_, negatives_);
  EXPECT_EQ(kept.train.size(), 4u);
  EXPECT_THAT(kept.protocol, HasSubstr(", 1 held-out pairs are in the training file too (kept)"));
  const Split cleaned = read(train_ + "1\t0\t4\t0\n", test_, negatives_, NcfLists::cleaned);
  EXPECT_THAT(cleaned.train, ElementsAre(Interaction{0, 0}, Interaction{0, 1}, Interaction{1, 2}));
  EXPECT_THAT(cleaned.protocol, HasSubstr("(no longer)"));
}

TEST_F(NcfReader, AUserWhoseOnlyTrainingPairIsTheHeldOutOneHasNoneOnceCleaned) {
  const std::string train = "0\t0\t5\t0\n0\t1\t3\t0\n1\t0\t4\t0\n";
  EXPECT_EQ(read(train, test_, negatives_).held_out.size(), 2u);
  const Split cleaned = read(train, test_, negatives_, NcfLists::cleaned);
  EXPECT_THAT(cleaned.train, ElementsAre(Interaction{0, 0}, Interaction{0, 1}));
  EXPECT_THAT(cleaned.held_out, ElementsAre(Interaction{0, 2}));
  EXPECT_THAT(cleaned.protocol, HasSubstr("1 held-out users have no training (left out)"));
  EXPECT_EQ(user_error([&] { read("0\t0\n1\t1\n", "0\t0\n1\t1\n", "(0,0)\t1\n(1,1)\t0\n", NcfLists::cleaned); }),
            "no held-out user has training interactions");
}

TEST_F(NcfReader, DuplicateTrainingPairsCountOnceAndAreCounted) {
  const Split split = read(train_ + "0\t1\t4\t0\n", test_, negatives_);
  EXPECT_EQ(split.train.size(), 3u);
  EXPECT_THAT(split.protocol, HasSubstr(", 1 training pairs come again (counted once)"));
}

TEST_F(NcfReader, UsersWithoutTrainingAreCountedAndKeptUnlessCleaned) {
  const std::string test = test_ + "3\t1\t5\t9\n";
  const std::string negatives = negatives_ + "(3,1)\t0\t4\n";
  const Split kept = read(train_, test, negatives);
  EXPECT_EQ(kept.users, 4u);
  EXPECT_EQ(kept.held_out.size(), 3u);
  EXPECT_THAT(kept.protocol, HasSubstr(", 1 held-out users have no training (kept)"));
  const Split cleaned = read(train_, test, negatives, NcfLists::cleaned);
  EXPECT_THAT(cleaned.held_out, ElementsAre(Interaction{0, 2}, Interaction{1, 0}));
  EXPECT_THAT(cleaned.negatives, ElementsAre(3, 4, 4, 1));
}

TEST_F(NcfReader, GapsInTheIndicesAreCounted) {
  EXPECT_THAT(read(train_, test_, negatives_).protocol, HasSubstr(", 2 item indices are in no pair"));
}

TEST_F(NcfReader, TwoHeldOutItemsOfAUserAreRefused) {
  EXPECT_THAT(complaint(train_, "0\t2\t5\t9\n0\t3\t5\t9\n", "(0,2)\t4\n(0,3)\t4\n"),
              HasSubstr("test.rating:2: user 0 has two held-out items: here and in line 1"));
}

TEST_F(NcfReader, NegativesMustMatchTheHeldOutFileLineForLine) {
  EXPECT_THAT(complaint(train_, test_, "(0,2)\t3\t4\n(1,3)\t4\t1\n"),
              HasSubstr("test.negative:2:6: (1,3) does not match the held-out pair (1,0)"));
  EXPECT_THAT(complaint(train_, test_, "(0,2)\t3\t4\n"), HasSubstr("1 lines, but"));
  EXPECT_THAT(complaint(train_, test_, negatives_ + "(2,0)\t4\t1\n"),
              HasSubstr(":3:1: more lines than held-out items"));
  EXPECT_THAT(complaint(train_, test_, ""), HasSubstr("0 lines, but"));
}

TEST_F(NcfReader, NegativesOfTheTrainingAreKeptUnlessCleaned) {
  const Split kept = read(train_, test_, "(0,2)\t3\t1\n(1,0)\t4\t1\n");
  EXPECT_THAT(kept.negatives, ElementsAre(3, 1, 4, 1));
  EXPECT_THAT(kept.protocol, HasSubstr(", 1 negatives are of the user's training (kept)"));
  const Split cleaned = read(train_, test_, "(0,2)\t3\t1\n(1,0)\t4\t1\n", NcfLists::cleaned);
  EXPECT_THAT(cleaned.negatives, ElementsAre(3, 2, 4, 1)) << "an empty place: the held-out item";
}

TEST_F(NcfReader, RepeatedNegativesCountOnce) {
  const Split split = read(train_, test_, "(0,2)\t3\t3\n(1,0)\t4\t1\n");
  EXPECT_THAT(split.negatives, ElementsAre(3, 2, 4, 1));
  EXPECT_THAT(split.protocol, HasSubstr(", 1 negatives come twice in their list (counted once)"));
}

TEST_F(NcfReader, HeldOutItemAmongItsNegativesIsAnEmptyPlaceAndCounted) {
  const Split split = read(train_, test_, "(0,2)\t2\t4\n(1,0)\t4\t1\n");
  EXPECT_THAT(split.negatives, ElementsAre(2, 4, 4, 1));
  EXPECT_THAT(split.protocol, HasSubstr(", 1 lists name the held-out item itself (not counted)"));
}

TEST_F(NcfReader, UnequalNumbersOfNegativesAreRefused) {
  EXPECT_THAT(complaint(train_, test_, "(0,2)\t3\t4\n(1,0)\t4\n"), HasSubstr(":2:8: 1 negatives, but line 1 has 2"));
  EXPECT_THAT(complaint(train_, test_, "(0,2)\n(1,0)\n"), HasSubstr("no negatives in this line"));
}

TEST_F(NcfReader, MalformedPairSaysWhatWasExpected) {
  EXPECT_THAT(complaint(train_, test_, "0,2\t3\t4\n(1,0)\t4\t1\n"), HasSubstr(":1:1: expected '(', got '0,2"));
}

TEST_F(NcfReader, StrayHugeIndexIsRefusedBeforeItCostsMemory) {
  EXPECT_THAT(complaint(train_ + "2000000000\t0\t4\t0\n", test_, negatives_), HasSubstr("not dense"));
}

TEST_F(NcfReader, AFileCutInsideItsLastNumberIsRefused) {
  const auto cut = [](std::string text) { return text.substr(0, text.size() - 1); };
  EXPECT_THAT(complaint(cut(train_), test_, negatives_), HasSubstr("train.rating:3:8: the file ends here without"));
  EXPECT_THAT(complaint(train_, cut(test_), negatives_), HasSubstr("test.rating:2:8: the file ends here without"));
  EXPECT_THAT(complaint(train_, test_, cut(negatives_)), HasSubstr("test.negative:2:10: the file ends here without"));
}

TEST_F(NcfReader, EmptyFileIsRefused) {
  EXPECT_THAT(complaint("", test_, negatives_), HasSubstr("holds no interactions"));
}

TEST(RealNcf, MovieLens1MSplitHasItsPublishedCounts) {
  FRUGAL_REAL_FILE(train, "ml-1m/ml-1m.train.rating");
  FRUGAL_REAL_FILE(test, "ml-1m/ml-1m.test.rating");
  FRUGAL_REAL_FILE(negatives, "ml-1m/ml-1m.test.negative");
  const Split split = read_ncf(train, test, negatives);
  EXPECT_EQ(split.users, 6040u);
  EXPECT_EQ(split.items, 3706u);
  EXPECT_EQ(split.train.size(), 994'169u);
  EXPECT_EQ(split.held_out.size(), 6040u);
  EXPECT_EQ(split.negatives_per_query, 99);
  EXPECT_THAT(split.protocol, HasSubstr("156 lists name the held-out item"));
}

}  // namespace
}  // namespace frugal::data
