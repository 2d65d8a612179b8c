// Ratings of one's own: whatever form they are in, the same interactions come out.
#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "datasets/formats/ratings.hpp"
#include "datasets/load/datasets.hpp"
#include "datasets/load/interactions.hpp"
#include "impl/base/files.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct OwnRow {
  int user;
  int item;
  int rating;
  int time;
};

std::vector<OwnRow> own_rows() {
  std::vector<OwnRow> rows;
  for (int u = 0; u < 40; ++u)
    for (int k = 0; k < 8; ++k)
      rows.push_back({3 + 7 * u, 1 + (5 * u + 11 * k) % 90, 1 + (u + k) % 5, 881250949 + k / 2});
  return rows;
}

std::string text_of(const char* format, std::string text = "") {
  for (const OwnRow& row : own_rows())
    text += fmt::format(fmt::runtime(format), fmt::arg("user", row.user), fmt::arg("item", row.item),
                        fmt::arg("rating", row.rating), fmt::arg("time", row.time));
  return text;
}

class OwnRatings : public WithFolder {
 protected:
  static Split split(const std::filesystem::path& path, Json more = Json::object()) {
    more["name"] = "file";
    more["path"] = path.string();
    if (!more.contains("negatives")) more["negatives"] = 20;
    return load_split(complete_dataset(more, Kind::interactions), {}, 3);
  }
  Ratings read(const std::string& name, const std::string& text, const RatingsForm& form = {}) const {
    return read_ratings(write(name, text), form);
  }
  std::string refusal(const std::string& text, const RatingsForm& form = {}) const {
    return user_error([&] { read("r.csv", text, form); });
  }
  /// A file of one entry, or a zip archive of several.
  std::filesystem::path pack(const std::string& name, int filter, int format,
                             const std::vector<std::pair<std::string, std::string>>& files) const {
    const std::filesystem::path path = folder_ / name;
    archive* const out = archive_write_new();
    archive_write_add_filter(out, filter);
    archive_write_set_format(out, format);
    EXPECT_EQ(archive_write_open_filename(out, path.c_str()), ARCHIVE_OK);
    for (const auto& [member, text] : files) {
      archive_entry* const entry = archive_entry_new();
      archive_entry_set_pathname(entry, member.c_str());
      archive_entry_set_size(entry, static_cast<la_int64_t>(text.size()));
      archive_entry_set_filetype(entry, AE_IFREG);
      archive_entry_set_perm(entry, 0644);
      archive_write_header(out, entry);
      archive_write_data(out, text.data(), text.size());
      archive_entry_free(entry);
    }
    archive_write_free(out);
    return path;
  }
};

void expect_same(const Split& a, const Split& b) {
  EXPECT_EQ(a.user_names, b.user_names);
  EXPECT_EQ(a.item_names, b.item_names);
  EXPECT_EQ(a.train, b.train);
  EXPECT_EQ(a.held_out, b.held_out);
  EXPECT_EQ(a.negatives, b.negatives);
  EXPECT_EQ(a.tied_users, b.tied_users);
}

TEST_F(OwnRatings, AreTheSameInEveryForm) {
  const Split tabs = split(write("u.data", text_of("{user}\t{item}\t{rating}\t{time}\n")));
  EXPECT_EQ(tabs.users, 40u);
  EXPECT_EQ(tabs.tied_users, 40u);
  write("ml-100k/u.data", text_of("{user}\t{item}\t{rating}\t{time}\n"));
  expect_same(tabs, load_split(complete_dataset({{"name", "ml-100k"}, {"negatives", 20}}), {folder_}, 3));
  expect_same(tabs, split(write("colons", text_of("{user}::{item}::{rating}::{time}\n"))));
  expect_same(tabs, split(write("bar", text_of("{user}|{item}|{rating}|{time}\n"))));
  expect_same(tabs,
              split(write("semicolon", text_of("{user};{item};{rating},0;{time}\r\n")), {{"decimal_comma", true}}));
  expect_same(tabs, split(write("blanks", text_of("  {user} {item}  {rating}  {time} \n"))));
  expect_same(tabs, split(write("blanks", text_of("{user} {item}\t{rating} {time}\n")), {{"delimiter", "blanks"}}));
  std::string no_newline = text_of("{user},{item},{rating},{time}\n");
  no_newline.pop_back();
  expect_same(tabs, split(write("no-newline", no_newline)));
  expect_same(
      tabs, split(write("header.csv",
                        text_of("{time},{item},\"{user}\",x,{rating}\n", "\xef\xbb\xbfwhen,film,member,note,stars\n")),
                  {{"columns", {{"user", "member"}, {"item", "film"}, {"rating", "stars"}, {"time", "when"}}}}));
  expect_same(tabs, split(write("guessed.csv",
                                text_of("{time},{item},{user},{rating}\n", "timestamp,movieId,userId,rating\n"))));
  expect_same(tabs, split(write("numbers.csv", text_of("x,{time},{item},{user},{rating}\n")),
                          {{"columns", {{"user", 4}, {"item", 3}, {"rating", 5}, {"time", 2}}}}));
  expect_same(tabs, split(write("notes.csv", text_of("\"a \"\"note\"\"\nof two lines, {item}\",{user},{item},{time}\n",
                                                     "note,user,item,time\n"))));
}

TEST_F(OwnRatings, AreTheSameCompressed) {
  const std::string text = text_of("{user}\t{item}\t{rating}\t{time}\n");
  const Split plain = split(write("u.data", text));
  for (const auto& [ending, filter] : {std::pair{"gz", ARCHIVE_FILTER_GZIP}, std::pair{"zst", ARCHIVE_FILTER_ZSTD},
                                       std::pair{"xz", ARCHIVE_FILTER_XZ}, std::pair{"bz2", ARCHIVE_FILTER_BZIP2}})
    expect_same(plain, split(pack(std::string("u.data.") + ending, filter, ARCHIVE_FORMAT_RAW, {{"u.data", text}})));
  expect_same(plain, split(pack("one.zip", ARCHIVE_FILTER_NONE, ARCHIVE_FORMAT_ZIP, {{"u.data", text}})));
  const auto several =
      pack("ml.zip", ARCHIVE_FILTER_NONE, ARCHIVE_FORMAT_ZIP, {{"ml/README", "x"}, {"ml/u.data", text}});
  expect_same(plain, split(several, {{"member", "u.data"}}));
  EXPECT_THAT(
      user_error([&] { split(several); }),
      HasSubstr(
          "ml.zip: this zip archive holds several files; choose one of them with `member`: ml/README, ml/u.data"));
  EXPECT_THAT(user_error([&] { split(several, {{"member", "v.data"}}); }), HasSubstr("has no file 'v.data'; it has"));
  EXPECT_THAT(user_error([&] { split(write("u.data", text), {{"member", "u.data"}}); }), HasSubstr("this is none"));
}

TEST_F(OwnRatings, OfACompressedFileThatIsCutOffAreRefused) {
  const auto path =
      pack("u.gz", ARCHIVE_FILTER_GZIP, ARCHIVE_FORMAT_RAW, {{"u", text_of("{user}\t{item}\t{rating}\t{time}\n")}});
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  EXPECT_THAT(user_error([&] { split(path); }), HasSubstr("damaged or cut off"));
}

TEST_F(OwnRatings, DoNotDependOnTheOrderOfTheLines) {
  std::vector<std::string> lines;
  for (const OwnRow& row : own_rows())
    lines.push_back(fmt::format("u{},i-{},{},2024-01-0{}\n", row.user, row.item, row.rating, 1 + row.time % 9));
  const auto joined = [&] {
    std::string text = "user,item,rating,date\n";
    for (const std::string& line : lines) text += line;
    return text;
  };
  const Split sorted = split(write("a.csv", joined()));
  std::ranges::shuffle(lines, std::mt19937(5));
  expect_same(sorted, split(write("b.csv", joined())));
}

TEST_F(OwnRatings, IdsMayBeAnythingAndComeInNaturalOrder) {
  const Ratings text = read("r.csv", "user,item\nu10,x\nu2,x\n\xc3\xa9va,x\nu2,\"a, b\"\n");
  EXPECT_THAT(text.user_names, ElementsAre("u2", "u10", "\xc3\xa9va"));
  EXPECT_THAT(text.item_names, ElementsAre("a, b", "x"));
  EXPECT_FALSE(text.timed);
  const Ratings late = read("r.csv", "user,item\ncustomer-number-u10,x\ncustomer-number-u2,x\ncustomer-number-u07,x\n");
  EXPECT_THAT(late.user_names, ElementsAre("customer-number-u2", "customer-number-u07", "customer-number-u10"));
  const Ratings numbers = read("r.csv", "0,7\n18446744073709551615,7\n9223372036854775807,0\n007,7\n5000000000,7\n");
  EXPECT_THAT(numbers.user_names, ElementsAre("0", "007", "5000000000", "9223372036854775807", "18446744073709551615"));
  EXPECT_THAT(numbers.item_names, ElementsAre("0", "7"));
}

TEST_F(OwnRatings, ManyNumbersCostTheSameByTableAndByHash) {
  IdMap near, far;
  for (std::uint64_t k = 0; k < 300'000; ++k) {
    const std::uint64_t id = (k * 48271) % 300'007;
    EXPECT_EQ(near.index(std::to_string(id)), k);
    EXPECT_EQ(far.index(std::to_string(id * 1'000'003)), k);
  }
  EXPECT_EQ(near.index("0"), 0u);
  EXPECT_EQ(far.index("0"), 0u);
  EXPECT_EQ(near.name(1), "48271");
  near.sort();
  EXPECT_EQ(near.name(299'999), near.names().back());
}

TEST_F(OwnRatings, TimesMayBeInAnyUnitOrDates) {
  const auto order = [&](const char* first, const char* second) {
    const Ratings ratings = read("r.csv", fmt::format("user,item,time\n1,1,{}\n1,2,{}\n", first, second));
    EXPECT_TRUE(ratings.timed) << first;
    return ratings.rows[1].time - ratings.rows[0].time;
  };
  EXPECT_EQ(order("881250949", "881250950"), 1);
  EXPECT_EQ(order("881250949000", "881250949001"), 1);
  EXPECT_EQ(order("881250949", "881250949.25"), 250'000) << "whole ones, until one has a fraction";
  EXPECT_EQ(order("881250949.5", "881250950"), 500'000);
  EXPECT_EQ(order("2024-02-29", "2024-03-01"), 86400);
  EXPECT_EQ(order("2024-02-29T12:00:00Z", "2024-02-29 14:00:01+02:00"), 1);
  EXPECT_EQ(order("2024-02-29T12:00", "2024-02-29T12:00:00.000001"), 1);
  EXPECT_EQ(order("1969-12-31T23:59:59", "0"), 1);
  EXPECT_THAT(refusal("user,item,time\n1,1,2024-02-29\n1,2,2023-02-29\n"),
              HasSubstr("r.csv:3:5: expected a time (a number, or a date such as 2024-02-29"));
}

TEST_F(OwnRatings, RatingsAreOptional) {
  const Ratings ratings = read("r.tsv", "a\tx\nb\ty\n");
  ASSERT_EQ(ratings.rows.size(), 2u);
  EXPECT_EQ(ratings.rows[0].value, 1.0F);
  RatingsForm form;
  form.rating = "none";
  EXPECT_EQ(read("r.csv", "user,item,rating\n1,2,5\n", form).rows[0].value, 1.0F);
  RatingsForm numbered;
  numbered.user = "1";
  numbered.item = "3";
  EXPECT_EQ(read("r.csv", "1,9,5\n2,9,6\n", numbered).rows[0].value, 1.0F) << "a column of items holds no ratings";
}

TEST_F(OwnRatings, DuplicatesCountByTheRule) {
  const auto value = [&](Duplicates rule) {
    RatingsForm form;
    form.duplicates = rule;
    const Ratings ratings =
        read("r.csv", "user,item,rating,time\n1,1,2,30\n1,1,5,10\n1,1,1,30\n1,1,4,10\n2,1,1,1\n", form);
    EXPECT_EQ(ratings.duplicates, 3u);
    EXPECT_EQ(ratings.rows.size(), 2u);
    return std::pair{ratings.rows[0].value, ratings.rows[0].time};
  };
  EXPECT_EQ(value(Duplicates::last), (std::pair{2.0F, std::int64_t{30}}));
  EXPECT_EQ(value(Duplicates::first), (std::pair{5.0F, std::int64_t{10}}));
  EXPECT_EQ(value(Duplicates::max), (std::pair{5.0F, std::int64_t{10}}));
  EXPECT_EQ(value(Duplicates::sum), (std::pair{12.0F, std::int64_t{30}}));
  RatingsForm form;
  form.duplicates = Duplicates::error;
  EXPECT_THAT(refusal("user,item\nann,1\nbob,1\nann,1\n", form),
              HasSubstr(":4: user 'ann' rated item '1' twice: here and in line 2"));
}

TEST_F(OwnRatings, SayWhatTheirColumnsAreAndInTheProtocolWhatWasMerged) {
  const auto path = write("r.csv", text_of("{user},{item},{rating},{time}\n", "user,movie,stars,when\n3,1,5,1\n"));
  EXPECT_EQ(ratings_layout(path, {}).roles(), "user = user, item = movie, rating = stars, time = when");
  EXPECT_THAT(split(path).protocol, HasSubstr("; 1 repeated pairs merged (last)"));
}

TEST_F(OwnRatings, JsonAndOfficeFilesAreNoTablesAndSayWhatToDo) {
  for (const char* json : {"{\"user\": 1, \"item\": 2}\n", "[\n  {\"user\": 1}]", "[[1, 2], [3, 4]]"})
    EXPECT_THAT(user_error([&] { ratings_layout(write("r.json", json), {}); }), HasSubstr("this is JSON")) << json;
  const auto sheet = pack("r.xlsx", ARCHIVE_FILTER_NONE, ARCHIVE_FORMAT_ZIP,
                          {{"[Content_Types].xml", "<Types/>"}, {"xl/workbook.xml", "<workbook/>"}});
  EXPECT_THAT(user_error([&] { ratings_layout(sheet, {}); }), HasSubstr("save the sheet as CSV"));
}

TEST_F(OwnRatings, AColumnWhoseNameSaysSomethingElseInAPlanKeepsItsNumber) {
  const auto settled = [&](const std::string& header, const Json& columns) {
    const Json params =
        complete_dataset({{"name", "file"}, {"path", "r.csv"}, {"columns", columns}}, Kind::interactions);
    return settled_params(params, ratings_layout(write("r.csv", header + "\nu,i,1,2\nv,j,2,3\n"), ratings_form(params)))
        .at("columns");
  };
  EXPECT_EQ(settled("user,item,item,stars", {{"item", "3"}}).at("item"), "3") << "an earlier column is called so too";
  EXPECT_EQ(settled("user,item,item,stars", {{"item", "2"}}).at("item"), "item");
  EXPECT_EQ(settled(",item,stars,user", {{"user", "1"}}).at("user"), "1") << "no name: guessed";
  EXPECT_EQ(settled("user,item,none,x", {{"rating", "3"}}).at("rating"), "3") << "none: without";
  EXPECT_EQ(settled("user,item,none,x", {{"rating", "none"}}).at("rating"), "none");
}

TEST_F(OwnRatings, ThatWereGivenANameSayInTheProtocolWhatWasMergedToo) {
  const auto path =
      write("films/r.csv", text_of("{user},{item},{rating},{time}\n", "user,movie,stars,when\n3,1,5,1\n"));
  write("films.yaml",
        "name: films\ntitle: t\nkind: interactions\nreader: ratings\nlicence: l\ncitation: c\nsplit: latest\n"
        "table: {delimiter: comma, header: yes, columns: {user: user, item: movie, rating: stars, time: when}}\n"
        "files: [{path: films/r.csv}]\n");
  const std::vector<std::filesystem::path> dirs = {folder_};
  const Json films = complete_dataset({{"name", "films"}, {"negatives", 20}}, Kind::interactions, dirs);
  EXPECT_EQ(load_split(films, dirs, 3).protocol, split(path).protocol);
  EXPECT_THAT(split(path).protocol, HasSubstr("; 1 repeated pairs merged (last)"));
}

TEST_F(OwnRatings, ThatDoNotFitAreRefusedAtTheirPlace) {
  EXPECT_THAT(refusal("user,item,rating\n1,2,3\n1,3,x\n"),
              HasSubstr("r.csv:3:5: expected a rating (a number), got 'x'; a line reads 'user,item,rating'"));
  EXPECT_THAT(refusal("user,item,rating\n1,2,3\n,3,1\n"), HasSubstr("r.csv:3:1: expected a user id, got ',3,1'"));
  EXPECT_THAT(refusal("user,item,rating\n1,2,3\n4\n"),
              HasSubstr("r.csv:3:2: expected a comma and an item id, got the end"));
  EXPECT_THAT(refusal("user,item,rating\n1,2,3\n4,5,1,7\n"), HasSubstr("r.csv:3:6: expected nothing more, got ',7'"));
  EXPECT_THAT(refusal("user,item,rating\n1,2,nan\n"), HasSubstr("r.csv:2:5: expected a rating (a number), got 'nan'"));
  EXPECT_THAT(refusal("user,item,rating\n1,2,\xff\x01\n"), HasSubstr("got '\\xff\\x01'"));
  EXPECT_THAT(refusal("a,b,c,d,e\n1,2,3,4,5\n"),
              HasSubstr("which column holds the users? Say so by name or number, columns: {user: ..., item: ...}; this "
                        "file has 'a', 'b', 'c', 'd', 'e' (comma-separated)"));
  EXPECT_THAT(refusal("hello\nworld\n"), HasSubstr("r.csv:1: no delimiter cuts these lines into columns"));
  RatingsForm form;
  form.user = "membr";
  EXPECT_THAT(refusal("member,item\n1,2\n", form),
              HasSubstr("unknown column (for users) 'membr'; did you mean 'member'?"));
}

TEST_F(OwnRatings, ARatingIsAFiniteFloat) {
  for (const char* const text : {"inf", "-inf", "infinity", "nan"})
    EXPECT_THAT(refusal(std::string("user,item,rating\n1,2,") + text + "\n"),
                HasSubstr("expected a rating (a number)"));
  EXPECT_THAT(refusal("user,item,rating\n1,2,1e39\n"), HasSubstr("expected a rating between -1e+30 and 1e+30"));
}

TEST_F(OwnRatings, MinRatingTakesAnyNumberAndZeroLeavesNothingOut) {
  std::string text = "user,item,rating\n";
  for (int user = 0; user < 10; ++user)
    for (int item = 0; item < 40; ++item)
      text += fmt::format("{},{},{}\n", user, item + user % 2 * 40, 10 * (item % 10) - 20);
  const auto path = write("r.csv", text);
  const auto split_from = [&](double least, int core) {
    return split(path, {{"split", "random"}, {"negatives", 1}, {"min_rating", least}, {"core", core}});
  };
  const auto kept = [&](double least) {
    const Split all = split_from(least, 1);
    return all.train.size() + all.held_out.size();
  };
  EXPECT_EQ(kept(0), 400u);
  EXPECT_EQ(kept(-10), 360u);
  EXPECT_EQ(kept(60), 80u);
  EXPECT_THAT(split_from(-20, 1).protocol, Not(HasSubstr("left out")));
  EXPECT_THAT(split_from(60, 0).protocol, EndsWith("; 320 of 400 ratings left out (below 60: as if unseen)"));
  EXPECT_THAT(split_from(-10, 2).protocol,
              EndsWith("(below -10: as if unseen, and of users or items with fewer than 2)"));
}

TEST_F(OwnRatings, AQuoteThatNeverEndsIsRefusedWhereItStands) {
  const std::string rows = text_of("{user},{item}\n");
  EXPECT_THAT(refusal("user,item\n1,2\n\"3,4\n" + rows), HasSubstr("r.csv:3:1: a quote that never ends"));
  std::string many = "user,item\n";
  for (int k = 0; k < 50; ++k) many += rows;  // of several blocks
  EXPECT_THAT(refusal(many + "3, \"4\n"), HasSubstr("r.csv:16002:4: a quote that never ends"));
  std::string megabyte;
  while (megabyte.size() <= LineReader::max_line) megabyte += rows;
  EXPECT_THAT(refusal(many + "3,\"4\n" + megabyte), HasSubstr("r.csv:16002: a line of more than"));
}

TEST_F(OwnRatings, TextBehindTheQuoteThatEndsAFieldIsRefusedAtItsPlace) {
  const std::string odd = "7\t\"Heroes\" (live)\t5\n7\t\"Heroes\" (studio)\t4\n";
  const auto expected = [](int line) {
    return fmt::format(
        "r.csv:{}:12: expected a delimiter or the end of the line, got '(live)\\t5': the field that the "
        "quote in line {}, column 3 begins has ended",
        line, line);
  };
  EXPECT_THAT(refusal(odd), HasSubstr(expected(1)));
  EXPECT_THAT(refusal(text_of("{user}\t{item}\t{rating}\n") + odd), HasSubstr(expected(321)));
  EXPECT_THAT(refusal("user,item\n\"a\"b,1\n"), HasSubstr("r.csv:2:4: expected a delimiter"));
  EXPECT_THAT(read("r.csv", "user,item\n\"a\"  ,\"x\"\t\n \"b\",y\n").user_names, ElementsAre("a", "b"));
}

TEST_F(OwnRatings, WhatAStrayQuoteTakesInIsNamedWhereTheRowDoesNotFit) {
  const std::string head = "user,item,rating\nu1,\"12 vinyl,5\nu2,x,4\n";
  EXPECT_THAT(refusal(head + "u3,\"Heroes\",3\n"),
              HasSubstr("r.csv:4:5: expected a delimiter or the end of the line, got 'Heroes\",3': the field that the "
                        "quote in line 2, column 4 begins has ended"));
  const std::string taken =
      " (this row takes in lines 2 to 4: the quote in line 2, column 4 begins a field that goes on)";
  EXPECT_THAT(refusal(head + "u3,10\",3,4\n"),
              HasSubstr("r.csv:4:9: expected nothing more, got ',4'; a line reads 'user,item,rating'" + taken));
  EXPECT_THAT(refusal(head + "u3,10\"\n"),
              HasSubstr("r.csv:4:7: expected a comma and a rating, got the end of the line; "
                        "a line reads 'user,item,rating'" +
                        taken));
  EXPECT_THAT(refusal("user,item,rating\n\"two\nlines\",x,bad\n"),
              HasSubstr("r.csv:3:10: expected a rating (a number), got 'bad'"));
}

TEST_F(OwnRatings, AnInchMarkWithinAFieldIsText) {
  const auto names_of = [&](const std::string& text) { return read("r.csv", text).item_names; };
  EXPECT_THAT(names_of("u1,12\" vinyl,5\nu2,x,4\nu3,y,3\n"), ElementsAre("12\" vinyl", "x", "y"));
  EXPECT_THAT(names_of("user\titem\nu1\t7\"\nu2\tx\n"), ElementsAre("7\"", "x"));
  // Where a delimiter knows no quotes a field may begin with one.
  EXPECT_THAT(names_of("u1::\"12 vinyl::5\nu2::x::4\nu3::y::3\n"), ElementsAre("\"12 vinyl", "x", "y"));
  EXPECT_THAT(names_of("u1 12\" 5\nu2 \"x 4\nu3 y 3\n"), ElementsAre("\"x", "12\"", "y"));
}

TEST_F(OwnRatings, AStrayQuoteIsNamedAndNoOtherDelimiterIsGuessedForIt) {
  EXPECT_THAT(refusal("user,item,rating\nu1,\"12 vinyl,5\nu2,red book,4\nu3,blue book,3\n"),
              HasSubstr("r.csv:2:4: a quote that never ends"));
}

TEST_F(OwnRatings, OfAFewRowsOverManyLinesTheDelimiterIsGuessedByTheRows) {
  const Ratings ratings =
      read("r.csv", "user,item,note\nu1,a,\"one two\nthree four\nfive six\"\nu2,b,\"one two\nthree\rfour\"\n");
  EXPECT_THAT(ratings.item_names, ElementsAre("a", "b"));
}

TEST_F(OwnRatings, WithoutTimesHaveNoLatest) {
  const auto path = write("r.csv", text_of("{user},{item},{rating}\n"));
  EXPECT_THAT(user_error([&] { split(path); }), HasSubstr("carry no times"));
  EXPECT_EQ(split(path, {{"split", "random"}}).held_out.size(), 40u);
}

class RealOwnRatings : public OwnRatings {};

TEST_F(RealOwnRatings, MovieLens100KIsTheSameInEveryForm) {
  FRUGAL_REAL_FILE(path, "ml-100k/u.data");
  const Split published = load_split(complete_dataset({{"name", "ml-100k"}}), real_data_dirs(), 3);
  const Json more = {{"negatives", 99}};
  expect_same(split(path, more), published);
  std::vector<std::string> lines;
  LineReader reader(path);
  for (std::string_view line; reader.next(line);) lines.emplace_back(line);
  std::ranges::shuffle(lines, std::mt19937(1));
  const auto joined = [&](const std::string& between, const std::string& quote, const std::string& header) {
    std::string text = header;
    for (const std::string& line : lines) {
      text += quote;
      for (const char c : line) text += c == '\t' ? quote + between + quote : std::string(1, c);
      text += quote + "\n";
    }
    return text;
  };
  expect_same(split(write("shuffled", joined("\t", "", "")), more), published);
  expect_same(split(write("colons", joined("::", "", "")), more), published);
  const std::string quoted_rows = joined(",", "\"", "user id,item id,rating,timestamp\n");
  expect_same(split(write("quoted.csv", quoted_rows), more), published);
  expect_same(
      split(pack("quoted.csv.gz", ARCHIVE_FILTER_GZIP, ARCHIVE_FORMAT_RAW, {{"quoted.csv", quoted_rows}}), more),
      published);
}

}  // namespace
}  // namespace frugal::data
