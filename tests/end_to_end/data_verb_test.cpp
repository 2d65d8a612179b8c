// `frugal data` as a user meets it, without a network: `curl` is a script that brings what the test has prepared.
#include <gmock/gmock.h>

#include <cstdlib>

#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class DataVerb : public ProgramTest {
 protected:
  /// A curl that copies `served` where it is told to, or fails when there is no such file.
  void SetUp() override {
    write("bin/curl", "#!/bin/sh\nwhile [ $# -gt 1 ]; do [ \"$1\" = --output ] && to=$2; shift; done\ncp '" +
                          (folder_ / "served").string() + "' \"$to\" || exit 6\n");
    std::filesystem::permissions(folder_ / "bin/curl", std::filesystem::perms::owner_all);
  }
  Said data(std::vector<std::string> args) {
    args.insert(args.begin(), "data");
    return fake(args, {"PATH=" + (folder_ / "bin").string() + ":" + std::getenv("PATH"),
                       "XDG_CACHE_HOME=" + (folder_ / "cache").string(), "FRUGAL_DATA="});
  }
  bool pack() const { return std::system(("cd '" + folder_.string() + "' && tar -czf served train.txt").c_str()) == 0; }
};

TEST_F(DataVerb, ListTellsWhatIsHereAndHowMuchOfIt) {
  const auto line_of = [&](const std::string& name) {
    const std::string out = data({"list", "--data-dir", "here"}).out;
    const std::size_t at = out.find("\n" + name + " ");
    return out.substr(at + 1, out.find('\n', at + 1) - at - 1);
  };
  EXPECT_THAT(line_of("criteo-kaggle"), AllOf(HasSubstr("missing"), HasSubstr(" - "), HasSubstr("non-commercial")));
  write("here/criteo/train.txt", std::string(12'300, 'x'));
  EXPECT_THAT(line_of("criteo-kaggle"), AllOf(HasSubstr("yes"), HasSubstr("12.3 kB")));
  write("here/ml-1m-ncf/ml-1m.train.rating", "x");
  write("here/enrp/lake_128.png", "x");
  EXPECT_THAT(line_of("enrp-lake"), HasSubstr(" 1 of "));
  EXPECT_THAT(line_of("synthetic-photo"), HasSubstr("generated"));
}

TEST_F(DataVerb, VerifyIsZeroForWhatIsRightTwoForWhatIsWrongAndFourForWhatIsMissing) {
  EXPECT_EQ(data({"verify", "--data-dir", "here"}).code, 0) << "nothing is here, and nothing was named";
  EXPECT_EQ(data({"verify", "criteo-kaggle", "--data-dir", "here"}).code, 4);
  write("here/criteo/train.txt", "any size");
  const Said good = data({"verify", "criteo-kaggle", "--data-dir", "here"});
  EXPECT_EQ(good.code, 0);
  EXPECT_THAT(good.out, AllOf(HasSubstr("unchecked"), HasSubstr("not checked: nothing is published of it"),
                              Not(HasSubstr("ok "))));
  EXPECT_EQ(data({"verify", "criteo-kaggle", "ml-100k", "--data-dir", "here"}).code, 4) << "one of two is missing";
  write("here/ml-100k/u.data", "another size");
  const Said size = data({"verify", "ml-100k", "--data-dir", "here"});
  EXPECT_EQ(size.code, 2);
  EXPECT_THAT(size.out, AllOf(HasSubstr("MISMATCH"), HasSubstr("12 bytes, should be 1979173")));
  write("here/ml-100k/u.data", std::string(1979173, 'x'));
  const Said hash = data({"verify", "--data-dir", "here"});
  EXPECT_EQ(hash.code, 2) << "unnamed, but here";
  EXPECT_THAT(hash.out, AllOf(HasSubstr("MISMATCH"), HasSubstr("should be 06416e597f82b734")));
}

TEST_F(DataVerb, FetchBringsChecksAndTellsTheLicence) {
  write("train.txt", "the data\n");
  ASSERT_TRUE(pack());
  const Said said = data({"fetch", "criteo-kaggle", "--to", "there"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(read("there/criteo/train.txt"), "the data\n");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "cache/frugal")) << "--to says where";
  EXPECT_THAT(said.err, AllOf(HasSubstr("licence:"), HasSubstr("Criteo Labs. 2014"), HasSubstr("fetching https://")));
  const Said again = data({"fetch", "criteo-kaggle", "--to", "there"});
  EXPECT_EQ(again.code, 0);
  EXPECT_THAT(again.err, AllOf(HasSubstr("is here already"), Not(HasSubstr("fetching"))));
}

TEST_F(DataVerb, FetchWithoutAFolderFillsTheCacheThatRunsLookInto) {
  write("train.txt", "the data\n");
  ASSERT_TRUE(pack());
  EXPECT_EQ(data({"fetch", "criteo-kaggle"}).code, 0);
  EXPECT_EQ(data({"verify", "criteo-kaggle"}).code, 0);
}

TEST_F(DataVerb, FetchOfWhatIsNotPublishedIsTwoAndLeavesNothing) {
  write("train.txt", "the data\n");
  ASSERT_TRUE(pack());
  const Said said = data({"fetch", "ml-100k", "--to", "there"});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, HasSubstr("is not what is published: md5"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "there/ml-100k/u.data"));
}

TEST_F(DataVerb, FetchLeavesAStandInAlone) {
  write("train.txt", "the data\n");
  ASSERT_TRUE(pack());
  write("there/ml-100k/u.data", "1\t2\t3\t4\n");
  const Said said = data({"fetch", "ml-100k", "--to", "there"});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, AllOf(HasSubstr("there/ml-100k/u.data: a file with other content lies where"),
                              Not(HasSubstr("fetching"))));
  EXPECT_EQ(read("there/ml-100k/u.data"), "1\t2\t3\t4\n");
}

TEST_F(DataVerb, FetchWithoutANetworkIsFourAndSaysWhatToDoByHand) {
  const Said said = data({"fetch", "criteo-kaggle", "--to", "there"});
  EXPECT_EQ(said.code, 4);
  EXPECT_THAT(said.err,
              AllOf(HasSubstr("cannot fetch criteo/train.txt (offline?)"), HasSubstr("By hand: get https://")));
}

TEST_F(DataVerb, FetchOfSeveralBringsWhatThereIsAndNamesTheRest) {
  write("train.txt", "the data\n");
  ASSERT_TRUE(pack());
  const Said said = data({"fetch", "enrp-lake", "criteo-kaggle", "--to", "there"});
  EXPECT_EQ(said.code, 4) << said.err;
  EXPECT_EQ(read("there/criteo/train.txt"), "the data\n");
  EXPECT_THAT(said.err, HasSubstr("enrp/lake_128.png"));
  const Said none = data({"fetch", "criteo-kaggle", "no-such-set", "--to", "elsewhere"});
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, Not(HasSubstr("licence:"))) << "names are looked up before anything is fetched";
}

TEST_F(DataVerb, MakeDependsOnItsParametersAndItsSeedAndOnNothingElse) {
  const auto made = [&](std::vector<std::string> more) {
    std::vector<std::string> args = {"make", "synthetic-interactions", "--out", "r.csv"};
    args.insert(args.end(), more.begin(), more.end());
    EXPECT_EQ(data(args).code, 0);
    return read("r.csv");
  };
  const std::vector<std::string> small = {"--param", "users=20", "--param", "items=30", "--param", "interactions=200"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), small.begin(), small.end());
    return made(more);
  };
  const std::string plain = with({});
  EXPECT_NEAR(static_cast<double>(lines_of("r.csv")), 200, 1);
  EXPECT_EQ(with({}), plain);
  EXPECT_EQ(with({"--seed", "0"}), plain) << "the default";
  EXPECT_NE(with({"--seed", "1"}), plain);
  EXPECT_EQ(data({"make", "synthetic-interactions", "--out", "r.csv", "--param", "usres=3"}).code, 2);
}

TEST_F(DataVerb, WhatIsMadeCanBeRead) {
  EXPECT_EQ(data({"make", "synthetic-photo", "--param", "size=16", "--seed", "3", "--out", "photo.png"}).code, 0);
  EXPECT_EQ(data({"make", "synthetic-audio", "--out", "sound.wav"}).code, 0);
  for (const char* file : {"photo.png", "sound.wav"}) {
    write("own.yaml", std::string("schema: 1\nname: own\nworkload: inr\nbackend: cpu\ndataset: {name: file, path: ") +
                          file + "}\nparams: {inr: {size: 16, grid: 2, hidden_layers: 1, width: 4, steps: 1}}\n");
    const Said said = frugal({"run", "own.yaml", "--out", std::string("run-") + file});
    EXPECT_EQ(said.code, 0) << said.err;
  }
}

}  // namespace
}  // namespace frugal::end_to_end
