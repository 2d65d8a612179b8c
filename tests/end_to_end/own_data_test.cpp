// From a stranger's file to a table: inspect, run, add.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/end_to_end/program.hpp"

namespace frugal::end_to_end {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class OwnData : public ProgramTest {
 protected:
  OwnData() {
    std::string text = "member,film,stars,when\n";
    for (int user = 0; user < 60; ++user)
      for (int k = 0; k < 6; ++k)
        text += "m" + std::to_string(user) + ",f" + std::to_string((7 * user + 23 * k) % 160) + "," +
                std::to_string(1 + k % 5) + ",2024-03-0" + std::to_string(1 + k) + "\n";
    write("ratings.csv", text);
    write("mine.yaml", plan("{name: file, path: ratings.csv}"));
  }
  static std::string plan(const std::string& dataset) {
    return "schema: 1\nname: mine\nworkload: cadc\nbackend: reference\ndataset: " + dataset +
           "\nparams: {cadc: {model: popularity}}\n";
  }
  nlohmann::json record(const std::string& folder) const { return records(folder + "/cells.jsonl").at(0); }
  nlohmann::json metrics(const std::string& folder) const {
    nlohmann::json all = record(folder).at("metrics");
    all.erase("memory.peak");
    return all;
  }
};

TEST_F(OwnData, InspectSaysWhatAFileIsTakenForAndGivesAPlanThatRuns) {
  const Said said = frugal({"data", "inspect", "ratings.csv"});
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, AllOf(HasSubstr("comma-separated, with a header, 4 columns"), HasSubstr("user       'member'"),
                              HasSubstr("2     'm0'  'f0'   1       2024-03-01 00:00:00"),
                              HasSubstr("users                       60;"), HasSubstr("what looks wrong\n  nothing")));
  write("pasted.yaml", said.out.substr(said.out.find("schema: 1")));
  const Said run = frugal({"run", "pasted.yaml", "--set", "backend=reference", "--set", "params.cadc.mf.epochs=1"});
  EXPECT_EQ(run.code, 0) << run.err;
}

TEST_F(OwnData, InspectTellsWhatLooksWrongWithItsLine) {
  write("odd.csv", "user,item\n1,a\n2,a\n1,a\n3,b");
  const Said said = frugal({"data", "inspect", "odd.csv"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(
      said.out,
      AllOf(HasSubstr("odd.csv:4: user '1' rated item 'a' twice: here and in line 2"),
            HasSubstr("odd.csv:5: the last line does not end in a newline"), HasSubstr("no column of times"),
            HasSubstr("no plan for it can run: split: random: this split leaves nothing to train on, or nothing to "
                      "test on; split: ratio: this")));
  write("bad.csv", "user,item,rating\n1,a,x\n");
  const Said bad = frugal({"data", "inspect", "bad.csv"});
  EXPECT_EQ(bad.code, 2);
  EXPECT_THAT(bad.err, HasSubstr("bad.csv:2:5: expected a rating (a number), got 'x'"));
  EXPECT_THAT(frugal({"data", "inspect", "odd.csv", "--param", "decimal_comma=yes"}).err,
              HasSubstr("decimal_comma of file: expected true or false"));
}

TEST_F(OwnData, InspectShowsDatesAsDatesHoweverLongAgo) {
  write("old.csv", "user,item,when\n1,a,1850-03-01\n1,b,1971-12-31\n");
  EXPECT_THAT(frugal({"data", "inspect", "old.csv"}).out,
              AllOf(HasSubstr("1850-03-01 00:00:00\n"), HasSubstr("1850-03-01 00:00:00 to 1971-12-31 00:00:00")));
  write("old.csv", "clicked,site,when\n1,a,1850-03-01\n0,b,1971-12-31\n");
  EXPECT_THAT(frugal({"data", "inspect", "old.csv"}).out, HasSubstr("1850-03-01 00:00:00 to 1971-12-31 00:00:00"));
  write("counted.csv", "user,item,time\n1,a,1\n1,b,12\n");
  EXPECT_THAT(frugal({"data", "inspect", "counted.csv"}).out, HasSubstr("1 to 12")) << "numbers of an unknown unit";
  write("fine.csv", "user,item,time\na,x,2024-02-29T12:30:00.5\nb,y,2024-02-28\nc,z,1969-12-31T23:59:59.5\n");
  EXPECT_THAT(frugal({"data", "inspect", "fine.csv"}).out, HasSubstr("1969-12-31 23:59:59 to 2024-02-29 12:30:00"));
  write("parts.csv", "user,item,time\na,x,1.5\nb,y,12.25\n");
  EXPECT_THAT(frugal({"data", "inspect", "parts.csv"}).out, HasSubstr("1.5 to 12.25"));
}

TEST_F(OwnData, InspectTellsOfDatesThatAreNotUsed) {
  write("reviews.csv", "user,item,rating,review date\na,x,3,2024-02-29\nb,y,4,2024-02-28\n");
  EXPECT_THAT(frugal({"data", "inspect", "reviews.csv"}).out,
              HasSubstr("'review date' holds dates: columns: {time: \"review date\"} takes them"));
  const Said used = frugal({"data", "inspect", "reviews.csv", "--param", "columns.time=review date"});
  EXPECT_THAT(used.out, HasSubstr("2024-02-28 00:00:00 to 2024-02-29 00:00:00"));
}

TEST_F(OwnData, InspectTellsOfRowsThatTakeInSeveralLines) {
  write("odd.csv", "user,item,rating\nu1,\"12 vinyl,5\nu2,x,4\nu3,10\",3\nu4,\"a\nb\rc\",5\n");
  const Said said = frugal({"data", "inspect", "odd.csv"});
  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("odd.csv:2: a row of several lines, the first of 2: is it meant to be one? (this row "
                                  "takes in lines 2 to 4: the quote in line 2, column 4 begins a field that goes on)"));
}

TEST_F(OwnData, ARunReadsTheFileAndItsRecordNamesIt) {
  ASSERT_EQ(frugal({"run", "mine.yaml", "--out", "out"}).code, 0);
  const nlohmann::json input = record("out").at("inputs").at(0);
  EXPECT_EQ(input.at("file"), "ratings.csv");
  const std::string ids = R"({"item":"","rating":"","time":"","user":""})";
  EXPECT_EQ(record("out").at("dataset").at("columns").dump(), ids);
}

TEST_F(OwnData, PathsBeginAtThePlanWhereverTheProgramIsStarted) {
  const std::filesystem::path study = folder_ / "study";
  std::filesystem::create_directory(study);
  std::filesystem::rename(folder_ / "ratings.csv", study / "ratings.csv");
  std::filesystem::rename(folder_ / "mine.yaml", study / "mine.yaml");
  const Said outside = frugal({"run", "study/mine.yaml", "--out", "out"});
  ASSERT_EQ(outside.code, 0) << outside.err;
  const Said inside = Program(FRUGAL_PROGRAM, {"run", "mine.yaml", "--out", "../inside"}, study).wait();
  ASSERT_EQ(inside.code, 0) << inside.err;
  EXPECT_EQ(record("out").at("id"), record("inside").at("id")) << "one and the same cell";
  EXPECT_EQ(record("out").at("inputs"), record("inside").at("inputs"));
  EXPECT_EQ(record("out").at("inputs").at(0).at("file"), "ratings.csv");

  std::filesystem::copy(study / "ratings.csv", study / "others.csv");
  EXPECT_EQ(frugal({"run", "study/mine.yaml", "--out", "others", "--set", "dataset.path=others.csv"}).code, 0);

  const Said packed = frugal({"capsule", "out", "--out", "capsule"});
  ASSERT_EQ(packed.code, 0);
  EXPECT_THAT(packed.out, HasSubstr("looked for by reproduce: capsule/ratings.csv"));
  EXPECT_THAT(frugal({"reproduce", "capsule", "--out", "again"}).err,
              AllOf(HasSubstr("capsule/ratings.csv: this file is not here"), HasSubstr("with sha256")));
  std::filesystem::copy(study / "ratings.csv", folder_ / "capsule/ratings.csv");
  write("capsule/ratings.csv", read("capsule/ratings.csv") + "u1,i1,5\n");
  const Said other = frugal({"reproduce", "capsule", "--out", "again"});
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, HasSubstr("is another file here"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "again")) << "nothing ran";
  std::filesystem::remove(folder_ / "capsule/ratings.csv");
  std::filesystem::copy(study / "ratings.csv", folder_ / "capsule/ratings.csv");
  const Said again = frugal({"reproduce", "capsule", "--out", "again"});
  EXPECT_EQ(again.code, 0) << again.out << again.err;
}

TEST_F(OwnData, AFolderOfPicturesBesideThePlanIsACellEach) {
  std::filesystem::create_directories(folder_ / "study/pictures");
  for (const char* name : {"a", "b"})
    ASSERT_EQ(frugal({"data", "make", "synthetic-photo", "--out", std::string("study/pictures/") + name + ".png",
                      "--param", "size=16"})
                  .code,
              0);
  write("study/all.yaml",
        "{schema: 1, name: all, workload: inr, backend: reference, dataset: {name: file, path: pictures}, "
        "params: {inr: {grid: 1, width: 4, hidden_layers: 1, steps: 2, save_weights: true}}, seeds: [1]}");
  const Said said = frugal({"run", "study/all.yaml", "--out", "out"});
  ASSERT_EQ(said.code, 0) << said.err;
  ASSERT_EQ(records("out/cells.jsonl").size(), 2u);
  EXPECT_EQ(records("out/cells.jsonl").at(1).at("dataset").at("path"), "pictures/b.png");

  // A start from weights that lie beside the plan.
  std::filesystem::copy(folder_ / "out/artifacts" / record("out").at("id").get<std::string>() / "weights.safetensors",
                        folder_ / "study/first.safetensors");
  const Said on = frugal({"run", "study/all.yaml", "--out", "on", "--set", "dataset.path=pictures/a.png", "--set",
                          "params.inr.initial_weights=first.safetensors"});
  EXPECT_EQ(on.code, 0) << on.err;
}

TEST_F(OwnData, APlanForAFileThatDoesNotFitIsRefusedBeforeAnythingRuns) {
  write("bad.yaml", plan("{name: file, path: ratings.csv, columns: {user: membr}}"));
  const Said said = frugal({"run", "bad.yaml"});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, AllOf(HasSubstr("bad.yaml:5:"), HasSubstr("did you mean 'member'?")));
  write("untimed.yaml", plan("{name: file, path: ratings.csv, columns: {time: none}}"));
  EXPECT_THAT(frugal({"run", "untimed.yaml"}).err, HasSubstr("split: latest needs times"));
  write("absent.yaml", plan("{name: file, path: rating.csv}"));
  EXPECT_THAT(frugal({"run", "absent.yaml"}).err, HasSubstr("rating.csv: cannot open"));
  write("pathless.yaml", plan("file"));
  EXPECT_THAT(frugal({"run", "pathless.yaml"}).err, HasSubstr("the plan must set dataset.path"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "results"));
}

TEST_F(OwnData, AnAddedFileIsADataSetLikeAnyOther) {
  const Said added = frugal({"data", "add", "films", "ratings.csv", "--to", "data", "--licence", "ours: \"alone\""});
  ASSERT_EQ(added.code, 0) << added.err;
  EXPECT_THAT(frugal({"data", "list", "--data-dir", "data"}).out, HasSubstr("ours: \"alone\""));
  EXPECT_EQ(frugal({"data", "verify", "films", "--data-dir", "data"}).code, 0);
  write("named.yaml", plan("films"));
  EXPECT_EQ(frugal({"run", "named.yaml"}).code, 2) << "unknown without its folder";
  ASSERT_EQ(frugal({"run", "named.yaml", "--data-dir", "data", "--out", "named"}).code, 0);
  ASSERT_EQ(frugal({"run", "mine.yaml", "--out", "own"}).code, 0);
  EXPECT_EQ(metrics("named"), metrics("own"));
  EXPECT_EQ(record("named").at("inputs").at(0).at("file"), "films/ratings.csv");
  // A copy of its own; who changes that is found out.
  write("data/films/ratings.csv", "user,item\n1,2\n");
  EXPECT_EQ(frugal({"data", "verify", "films", "--data-dir", "data"}).code, 2);
  EXPECT_THAT(frugal({"run", "named.yaml", "--data-dir", "data", "--out", "third"}).err,
              AllOf(HasSubstr("this file has changed since it was added to 'films'"),
                    HasSubstr("Put the old one back, add this one under another name (frugal data add), or run with "
                              "--allow-modified-data")));
}

TEST_F(OwnData, ACompressedFileBesideTheWantedNameIsFoundAndIsThePublishedOne) {
  ASSERT_EQ(frugal({"data", "add", "films", "ratings.csv", "--to", "data"}).code, 0);
  write("named.yaml", plan("films"));
  ASSERT_EQ(frugal({"run", "named.yaml", "--data-dir", "data", "--out", "plain"}).code, 0);
  ASSERT_EQ(Program("/usr/bin/env", {"gzip", "data/films/ratings.csv"}, folder_).wait().code, 0);
  ASSERT_EQ(frugal({"run", "named.yaml", "--data-dir", "data", "--out", "packed"}).code, 0);
  EXPECT_EQ(metrics("plain"), metrics("packed"));
  EXPECT_FALSE(record("packed").at("inputs").at(0).contains("modified"));
  write("more.csv", read("ratings.csv") + "m1,f99,1,2024-01-01\n");
  ASSERT_EQ(Program("/usr/bin/env", {"sh", "-c", "gzip -c more.csv > data/films/ratings.csv.gz"}, folder_).wait().code,
            0);
  EXPECT_EQ(frugal({"run", "named.yaml", "--data-dir", "data", "--out", "other"}).code, 2);
}

TEST_F(OwnData, ASplitOfThreeFilesIsADataSetToo) {
  write("x.train.rating", "0\t1\t13883\n0 2\n1\t2\t1\t0\n");
  write("x.test.rating", "0\t3\n1\t1\n");
  std::string negatives;
  for (const char* const pair : {"(0,3)", "(1,1)"}) {
    negatives += pair;
    for (int item = 4; item < 103; ++item) negatives += "\t" + std::to_string(item);
    negatives += "\n";
  }
  write("x.test.negative", negatives);
  ASSERT_EQ(frugal({"data", "add", "split", "x.train.rating", "x.test.rating", "x.test.negative", "--to", "data"}).code,
            0);
  write("split.yaml", plan("split"));
  ASSERT_EQ(frugal({"run", "split.yaml", "--data-dir", "data", "--out", "out"}).code, 0);
  EXPECT_THAT(frugal({"data", "add", "two", "x.train.rating", "x.test.rating", "--to", "data"}).err,
              HasSubstr("are three"));
}

TEST_F(OwnData, ListsOfCandidatesAreTakenOrRefusedByTheirLength) {
  write("x.train.rating", "0\t1\n0\t2\n1\t2\n");
  write("x.test.rating", "0\t3\n1\t1\n");
  const auto add = [&](const std::string& name, int candidates) {
    std::string negatives;
    for (const char* const pair : {"(0,3)", "(1,1)"}) {
      negatives += pair;
      for (int item = 4; item < 4 + candidates; ++item) negatives += fmt::format("\t{}", item);
      negatives += "\n";
    }
    write("x.test.negative", negatives);
    ASSERT_EQ(frugal({"data", "add", name, "x.train.rating", "x.test.rating", "x.test.negative", "--to", "data"}).code,
              0);
    write(name + ".yaml", plan(name));
  };
  add("many", 999);
  ASSERT_EQ(frugal({"run", "many.yaml", "--data-dir", "data", "--out", "many"}).code, 0);
  EXPECT_TRUE(metrics("many").contains("ndcg@10[neg=999]"));
  EXPECT_EQ(record("many").at("dataset").at("negatives"), 999);
  add("odd", 150);
  const Said odd = frugal({"run", "odd.yaml", "--data-dir", "data", "--out", "odd"});
  EXPECT_EQ(odd.code, 2);
  EXPECT_THAT(odd.err, HasSubstr("99 or 999 negatives, and the lists of odd hold 150: write negatives: 99, "
                                 "negative_sampling: uniform to draw others"));
  write("drawn.yaml", plan("{name: odd, negatives: 99, negative_sampling: uniform}"));
  EXPECT_EQ(frugal({"run", "drawn.yaml", "--data-dir", "data", "--out", "drawn"}).code, 0);
}

TEST_F(OwnData, RatingsInFilesToTrainToValidateAndToTestAreADataSetToo) {
  std::string train = "user,item\n", validation = train, test = train;
  for (int user = 0; user < 30; ++user)
    for (int k = 0; k < 8; ++k)
      (k == 0 ? validation : k == 1 ? test : train) += fmt::format("u{},i{}\n", user, (3 * user + 5 * k) % 40);
  write("train.csv", train);
  write("validation.csv", validation);
  write("test.csv", test);
  const std::vector<std::string> add = {"data",           "add",      "parts", "train.csv",
                                        "validation.csv", "test.csv", "--to",  "data"};
  ASSERT_EQ(frugal(add).code, 0);
  write("parts.yaml",
        "schema: 1\nname: p\nworkload: cadc\nbackend: cpu\ndataset: parts\nparams: {cadc: {model: item_knn}}\n");
  const Said said = frugal({"run", "parts.yaml", "--data-dir", "data", "--out", "out"});
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(records("out/cells.jsonl").at(0).at("protocol").get<std::string>(), HasSubstr("tested on test"));

  write("test.csv", test + "u0,i0\n");  // user 0 has item 0 in validation.csv
  std::vector<std::string> again = add;
  again[2] = "again";
  EXPECT_THAT(frugal(again).err, HasSubstr("what is tested must not be trained on"));
}

TEST_F(OwnData, APictureIsInspectedToo) {
  ASSERT_EQ(frugal({"data", "make", "synthetic-photo", "--out", "p.png", "--param", "size=16"}).code, 0);
  const Said said = frugal({"data", "inspect", "p.png"});
  EXPECT_THAT(said.out, AllOf(HasSubstr("16 x 16 RGB of 8 bits"), HasSubstr("path: \"p.png\"")));
  write("pasted.yaml", said.out.substr(said.out.find("schema: 1")));
  EXPECT_EQ(frugal({"plan", "pasted.yaml"}).code, 0);
}

TEST_F(OwnData, TheCaptionTellsWhatIsMadeOfAPictureAndTheInspectionLeavesAGreyOneGrey) {
  ASSERT_EQ(frugal({"data", "make", "synthetic-photo", "--out", "p.png", "--param", "size=16"}).code, 0);
  write(
      "grey.yaml",
      "{schema: 1, name: grey, workload: inr, backend: cpu, dataset: {name: file, path: p.png}, params: {inr: {steps: "
      "1, grid: 2, hidden_layers: 1, width: 8, colour: grey, size: 12}}}\n");
  ASSERT_EQ(frugal({"run", "grey.yaml", "--out", "out"}).code, 0);
  EXPECT_THAT(frugal({"report", "out"}).out, HasSubstr("16 x 16 RGB of 8 bits, as grey, squashed to 12 x 12, sha256"));
  const std::string id = records("out/cells.jsonl").at(0).at("id");
  const Said said = frugal({"data", "inspect", "out/artifacts/" + id + "/reconstruction.png"});
  EXPECT_THAT(said.out, AllOf(HasSubstr("12 x 12 grey of 8 bits"), HasSubstr("{steps: 500, colour: own}")));
}

std::string npy(const std::string& shape, const std::vector<float>& values) {
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + shape + "), }\n";
  return std::string("\x93NUMPY\1\0", 8) + std::string({static_cast<char>(header.size()), '\0'}) + header +
         std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

TEST_F(OwnData, WhatARunRefusesIsNeitherInspectedNorAdded) {
  ASSERT_EQ(frugal({"data", "make", "synthetic-photo", "--out", "whole.png", "--param", "size=16"}).code, 0);
  const std::string head = "user,item,rating\n1,a,2\n";
  const std::pair<std::string, std::string> files[] = {
      {"comma.csv", "user;item;rating\n1;a;2\n2;b;3,5\n"},
      {"wide.csv", head + "1,2,3,4\n"},
      {"nan.csv", head + "2,b,nan\n"},
      {"inf.csv", head + "2,b,inf\n"},
      {"label.csv", "clicked,site\n1,a\n2,b\n"},
      {"cut.png", read("whole.png").substr(0, read("whole.png").size() - 40)},
      {"large.npy", npy("1, 2, 2", {0, 1, 2, 0})},
      {"nan.npy", npy("1, 2, 2", {0, 1, std::nanf(""), 0})}};
  for (const auto& [name, bytes] : files) {
    write(name, bytes);
    const Said seen = frugal({"data", "inspect", name});
    EXPECT_EQ(seen.code, 2) << name << seen.out;
    const Said added = frugal({"data", "add", "mine", name, "--to", "data"});
    EXPECT_EQ(added.code, 2) << name;
    EXPECT_EQ(added.err, seen.err) << name;
    EXPECT_FALSE(std::filesystem::exists(folder_ / "data")) << name;
  }
}

TEST_F(OwnData, PicturesOfOtherFormatsAreNoTables) {
  using namespace std::string_literals;
  const std::pair<const char*, std::string> files[] = {{"p.bmp", "BM\x3a\0\0\0\0\0\0\0,\n1,2,3\n"s},
                                                       {"p.tif", "II*\0\x08\0\0\0,\n1,2,3\n"s},
                                                       {"p.gif", "GIF89a\x01\0\x01\0\x80\0\0,\n"s},
                                                       {"p.webp", "RIFF\x1a\0\0\0WEBPVP8L,\n"s},
                                                       {"p.bin", "\1\2\3,\4\n\5\6\7,\1\n"s}};
  for (const auto& [name, bytes] : files) {
    write(name, bytes);
    const Said seen = frugal({"data", "inspect", name});
    EXPECT_EQ(seen.code, 2) << name;
    EXPECT_EQ(seen.out, "") << name;
    EXPECT_THAT(seen.err, HasSubstr("this is no signal: neither a PNG")) << name;
    EXPECT_THAT(frugal({"data", "inspect", name, "--as", "ratings"}).err, HasSubstr("this is no text")) << name;
  }
  write("wide.csv", "\xff\xfeu\0,\0i\0\n\0"s);
  EXPECT_THAT(frugal({"data", "inspect", "wide.csv"}).err, HasSubstr("UTF-16: save it as UTF-8"));
}

TEST_F(OwnData, InspectPrintsNoControlCharacterOfAFile) {
  write("odd.csv", "user,item,rating\nred\x1b[31m,bell\x07,1\n\"two\nlines\",i,2\nred\x1b[31m,bell\x07,3\n");
  const Said seen = frugal({"data", "inspect", "odd.csv"});
  ASSERT_EQ(seen.code, 0) << seen.err;
  EXPECT_EQ(seen.out.find_first_of("\x1b\x07"), std::string::npos) << seen.out;
  EXPECT_THAT(seen.out, AllOf(HasSubstr("'red\\x1b[31m'"), HasSubstr("'bell\\x07'"), HasSubstr("'two\\x0alines'")));
}

TEST_F(OwnData, AColumnNamedInAnotherEncodingIsNamedByItsNumber) {
  std::string text = "us\xe9r,item\n";
  for (int k = 0; k < 300; ++k) text += fmt::format("u{},i{}\n", k % 60, k % 159);
  write("latin.csv", text);
  const Said said = frugal({"data", "inspect", "latin.csv", "--param", "columns.user=1", "--param", "header=yes"});
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("columns: {user: 1, item: item"));
  write("pasted.yaml", said.out.substr(said.out.find("schema: 1")));
  const Said run = frugal({"run", "pasted.yaml", "--set", "params.cadc.mf.epochs=1"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(frugal({"data", "add", "latin", "latin.csv", "--to", "data", "--param", "columns.user=1", "--param",
                    "header=yes"})
                .code,
            0);
}

TEST_F(OwnData, InspectTellsOfNegativeRatingsAndOfTimesOfTwoKinds) {
  write("odd.csv", "user,item,rating,time\n1,a,2,1700000000\n2,b,-3,2024-02-29\n2,a,-1,1700000000\n");
  EXPECT_THAT(frugal({"data", "inspect", "odd.csv"}).out,
              AllOf(HasSubstr("odd.csv:3: a negative rating, -3, the first of 2: they count as interactions"),
                    HasSubstr("odd.csv:3: a date, and line 2 has a number")));
  write("odd.csv", "clicked,site,time\n1,a,2024-02-29\n0,b,1700000000\n");
  EXPECT_THAT(frugal({"data", "inspect", "odd.csv"}).out, HasSubstr("odd.csv:3: a number, and line 2 has a date"));
}

TEST_F(OwnData, InspectOfFewItemsGivesAPlanThatRuns) {
  std::string text = "user,item,time\n";
  for (int user = 0; user < 20; ++user)
    for (int k = 0; k < 5; ++k) text += fmt::format("u{},i{},{}\n", user, (user + 3 * k) % 12, k);
  write("few.csv", text);
  const Said said = frugal({"data", "inspect", "few.csv"});
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out,
              AllOf(HasSubstr("too few are left for 99 negatives"), HasSubstr("so the plan has split: ratio")));
  write("pasted.yaml", said.out.substr(said.out.find("schema: 1")));
  const Said run = frugal({"run", "pasted.yaml", "--set", "params.cadc.mf.epochs=1"});
  EXPECT_EQ(run.code, 0) << run.err;
}

TEST_F(OwnData, APlanForATinySignalHasGridsThatFit) {
  write("1x1.npy", npy("1, 1, 1", {0.5F}));
  write("50x1.npy", npy("1, 50, 1", std::vector<float>(50, 0.5F)));
  ASSERT_EQ(frugal({"data", "make", "synthetic-photo", "--out", "3x3.png", "--param", "size=3"}).code, 0);
  const std::pair<const char*, const char*> grids[] = {{"1x1.npy", "[1]"}, {"50x1.npy", "[1]"}, {"3x3.png", "[2]"}};
  for (const auto& [name, grid] : grids) {
    const Said said = frugal({"data", "inspect", name});
    ASSERT_EQ(said.code, 0) << said.err;
    EXPECT_THAT(said.out, HasSubstr(std::string("params.inr.grid: ") + grid));
    write("pasted.yaml", said.out.substr(said.out.find("schema: 1")));
    const Said run = frugal({"run", "pasted.yaml", "--set", "params.inr.steps=1", "--out", std::string("out/") + name});
    EXPECT_EQ(run.code, 0) << name << run.err;
  }
}

TEST_F(OwnData, AFolderIsInspectedAsARunReadsIt) {
  std::filesystem::create_directory(folder_ / "sea");
  EXPECT_THAT(frugal({"data", "inspect", "sea"}).err, HasSubstr("sea: this folder holds no picture, sound or volume"));
  for (const char* name : {"sea/a.png", "sea/b.png"})
    ASSERT_EQ(frugal({"data", "make", "synthetic-photo", "--out", name, "--param", "size=16"}).code, 0);
  write("sea/notes.txt", "by the sea\n");
  const Said said = frugal({"data", "inspect", "sea"});
  ASSERT_EQ(said.code, 0) << said.err;
  EXPECT_THAT(said.out, AllOf(HasSubstr("sea: 2 of 2 files can be read"), HasSubstr("16 x 16 RGB of 8 bits"),
                              HasSubstr("by the end of its name: 'notes.txt'"), HasSubstr("what is refused\n  nothing"),
                              HasSubstr("path: \"sea\"")));
  write("pasted.yaml", said.out.substr(said.out.find("schema: 1")));
  EXPECT_THAT(frugal({"plan", "pasted.yaml"}).out, HasSubstr("18 cells"));
  write("sea/b.png", read("sea/a.png").substr(0, 200));
  const Said damaged = frugal({"data", "inspect", "sea"});
  EXPECT_EQ(damaged.code, 2);
  EXPECT_THAT(damaged.out, AllOf(HasSubstr("sea: 1 of 2 files"), HasSubstr("b.png: cannot decode this PNG"),
                                 HasSubstr("mend these files or move them away")));
}

TEST_F(OwnData, AMissingFileOfItsOwnDataSetIsNotSaidToBeFetched) {
  ASSERT_EQ(frugal({"data", "add", "films", "ratings.csv", "--to", "data"}).code, 0);
  std::filesystem::remove(folder_ / "data/films/ratings.csv");
  write("named.yaml", plan("films"));
  const Said run = frugal({"run", "named.yaml", "--data-dir", "data"});
  EXPECT_EQ(run.code, 4);
  EXPECT_THAT(run.err, AllOf(HasSubstr("Put the file that was added back, or add the one you have under another name"),
                             ::testing::Not(HasSubstr("fetch"))));
  const Said fetch = frugal({"data", "fetch", "films", "--to", "data"}, {"FRUGAL_DATA=" + (folder_ / "data").string()});
  EXPECT_EQ(fetch.code, 4);
  EXPECT_THAT(fetch.err, AllOf(HasSubstr("'films' is a data set of your own, to be had nowhere else"),
                               HasSubstr("is missing. Put the file that was added back")));
}

TEST_F(OwnData, PicturesGetAName) {
  const auto make = [&](const char* name, const char* size) {
    ASSERT_EQ(frugal({"data", "make", "synthetic-photo", "--out", name, "--param", size}).code, 0);
  };
  make("beach.png", "size=16");
  make("dunes.png", "size=24");
  ASSERT_EQ(frugal({"data", "make", "synthetic-audio", "--out", "waves.wav", "--param", "samples=64"}).code, 0);
  EXPECT_THAT(frugal({"data", "add", "holiday", "beach.png", "waves.wav", "--to", "data"}).err,
              HasSubstr("waves.wav: this is of another kind than beach.png, which is of the kind image"));
  const Said added = frugal({"data", "add", "holiday", "beach.png", "dunes.png", "--to", "data"});
  ASSERT_EQ(added.code, 0) << added.err;
  const std::string rest =
      ", params: {inr: {grid: 1, width: 4, hidden_layers: 1, steps: 2}}, seeds: [1], backend: reference}";
  write("one.yaml",
        "{schema: 1, name: one, workload: inr, dataset: holiday, matrix: {params.inr.image: [beach, dunes]}" + rest);
  const Said run = frugal({"run", "one.yaml", "--data-dir", "data", "--out", "run"});
  ASSERT_EQ(run.code, 0) << run.err;
  const auto records_of_run = records("run/cells.jsonl");
  ASSERT_EQ(records_of_run.size(), 2u);
  EXPECT_EQ(records_of_run[0].at("inputs").at(0).at("file"), "holiday/beach.png");
  EXPECT_EQ(records_of_run[1].at("params").at("inr").at("size"), 0) << "its own size";
  write("any.yaml", "{schema: 1, name: any, workload: inr, dataset: holiday" + rest);
  const Said any = frugal({"run", "any.yaml", "--data-dir", "data", "--out", "any"});
  EXPECT_EQ(any.code, 2);
  EXPECT_THAT(any.err, HasSubstr("params.inr.image"));
  write("data/holiday/dunes.png", "changed");
  EXPECT_EQ(frugal({"data", "verify", "holiday", "--data-dir", "data"}).code, 2);
}

TEST_F(OwnData, PicturesThatACameraCountsAreNotSizesOfOne) {
  for (const char* const name : {"IMG_0001.png", "IMG_0002.png"})
    ASSERT_EQ(frugal({"data", "make", "synthetic-photo", "--out", name, "--param", "size=16"}).code, 0);
  ASSERT_EQ(frugal({"data", "add", "holiday", "IMG_0001.png", "IMG_0002.png", "--to", "data"}).code, 0);
  write("any.yaml",
        "{schema: 1, name: any, workload: inr, dataset: holiday, backend: reference, params: {inr: {steps: 1}}}");
  const Said any = frugal({"run", "any.yaml", "--data-dir", "data"});
  EXPECT_EQ(any.code, 2);
  EXPECT_THAT(any.err, HasSubstr("holiday holds 2 files: say which one a cell takes with params.inr.image"));
}

TEST_F(OwnData, PicturesThatAreNoDataSetAreRefusedAndNothingIsWritten) {
  for (const char* name : {"here/p.png", "there/p.png"}) {
    std::filesystem::create_directories((folder_ / name).parent_path());
    ASSERT_EQ(frugal({"data", "make", "synthetic-photo", "--out", name, "--param", "size=8"}).code, 0);
  }
  const auto refusal = [&](std::vector<std::string> more) {
    std::vector<std::string> args = {"data", "add", "holiday", "--to", "data", "here/p.png"};
    args.insert(args.end(), more.begin(), more.end());
    const Said said = frugal(args);
    EXPECT_EQ(said.code, 2);
    return said.err;
  };
  EXPECT_THAT(refusal({"--as", "ratings"}), AllOf(HasSubstr("--as"), HasSubstr("is for tables")));
  EXPECT_THAT(refusal({"--param", "delimiter=tab"}), AllOf(HasSubstr("--param"), HasSubstr("is for tables")));
  EXPECT_THAT(refusal({"there/p.png"}), HasSubstr("there/p.png: two of these files have one name: rename one of them"));
  EXPECT_THAT(refusal({"none.png"}), HasSubstr("none.png"));
  EXPECT_THAT(refusal({"ratings.csv"}), HasSubstr("ratings.csv"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "data"));
}

TEST_F(OwnData, AFileThatLiesInTheDataFolderStaysWhereItIs) {
  std::filesystem::create_directories(folder_ / "data/sea");
  ASSERT_EQ(frugal({"data", "make", "synthetic-photo", "--out", "data/sea/p.png", "--param", "size=8"}).code, 0);
  ASSERT_EQ(frugal({"data", "add", "waves", "data/sea/p.png", "--to", "data", "--title", "The sea", "--citation",
                    "Ourselves"})
                .code,
            0);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "data/waves"));
  EXPECT_THAT(read("data/waves.yaml"), AllOf(HasSubstr("path: \"sea/p.png\""), HasSubstr("title: \"The sea\""),
                                             HasSubstr("citation: \"Ourselves\""), HasSubstr("licence: \"unknown\"")));
  EXPECT_EQ(frugal({"data", "verify", "waves", "--data-dir", "data"}).code, 0);
}

TEST_F(OwnData, OtherToolsAreToldOfItInCroissant) {
  ASSERT_EQ(frugal({"data", "add", "films", "ratings.csv", "--to", "data", "--title", "Films"}).code, 0);
  const Said said = frugal({"data", "croissant", "films", "--data-dir", "data"});
  ASSERT_EQ(said.code, 0) << said.err;
  const nlohmann::json croissant = nlohmann::json::parse(said.out);
  EXPECT_EQ(croissant.at("description"), "Films");
  EXPECT_EQ(croissant.at("distribution").at(0).at("contentSize"),
            std::to_string(std::filesystem::file_size(folder_ / "ratings.csv")) + " B");
  EXPECT_EQ(croissant.at("recordSet").at(0).at("field").at(0).at("source").at("extract").at("column"), "member");
  const Said unknown = frugal({"data", "croissant", "flims", "--data-dir", "data"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean 'films'"));
}

TEST_F(OwnData, ANameIsTakenOnce) {
  ASSERT_EQ(frugal({"data", "add", "films", "ratings.csv", "--to", "data"}).code, 0);
  for (const char* const name : {"films", "ml-100k", "../x", ""}) {
    const Said again = frugal({"data", "add", name, "ratings.csv", "--to", "data"});
    EXPECT_EQ(again.code, 2) << name;
    EXPECT_THAT(again.err, HasSubstr("name")) << name;
  }
}

TEST_F(OwnData, APlanThatHasTheNameOfADataSetIsNotReplacedByItsManifest) {
  const std::string before = read("mine.yaml");
  const Said said = frugal({"data", "add", "mine", "ratings.csv", "--to", "."});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, HasSubstr("mine.yaml: this is where the manifest of the data set is to be written"));
  EXPECT_EQ(read("mine.yaml"), before);
  EXPECT_EQ(frugal({"data", "add", "file", "ratings.csv", "--to", "."}).code, 2);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "file.yaml"));
}

TEST_F(OwnData, AFolderThatIsNamedTwiceIsSearchedOnce) {
  ASSERT_EQ(frugal({"data", "add", "films", "ratings.csv", "--to", "cache/frugal"}).code, 0);
  std::filesystem::create_directory_symlink("cache/frugal", folder_ / "link");
  for (const char* const folders :
       {"cache/frugal", "cache/frugal/", "./cache/../cache/frugal", "link", "link:link/:link"}) {
    const std::vector<std::string> variables = {"XDG_CACHE_HOME=" + (folder_ / "cache").string(),
                                                std::string("FRUGAL_DATA=") + folders};
    const Said listed = frugal({"data", "list", "--data-dir", "cache/frugal"}, variables);
    EXPECT_EQ(listed.code, 0) << folders << listed.err;
    EXPECT_NE(listed.out.find("\nfilms "), std::string::npos);
    EXPECT_THAT(frugal({"data", "add", "films", "ratings.csv", "--to", "cache/frugal/"}, variables).err,
                HasSubstr("a data set 'films' is there already: choose another name"))
        << folders;
  }
}

TEST_F(OwnData, ManifestsOfADataFolderAreAsStrictAsOurs) {
  write("data/shop.yaml",
        "name: shop\ntitle: t\nkind: interactions\nreader: ratings\nlicense: x\nfiles: [{path: x}]\n");
  const Said said = frugal({"data", "list", "--data-dir", "data"});
  EXPECT_EQ(said.code, 2);
  EXPECT_THAT(said.err, HasSubstr("data/shop.yaml:5:1: unknown key of a manifest 'license'; did you mean 'licence'?"));
  std::filesystem::remove(folder_ / "data/shop.yaml");
  write("data/mine.yaml", plan("ml-100k"));
  EXPECT_EQ(frugal({"data", "list", "--data-dir", "data"}).code, 0) << "a plan is no manifest";
}

}  // namespace
}  // namespace frugal::end_to_end
