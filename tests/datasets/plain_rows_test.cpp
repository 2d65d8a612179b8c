// The lines that are read many at once are the same as those that are read one by one, whatever the file holds.
#include "datasets/formats/plain_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <random>

#include "datasets/catalog/manifest.hpp"
#include "tests/datasets/data_test_support.hpp"
#include "tests/datasets/ratings_outcome.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace frugal::data {
namespace {

class PlainLines : public WithFolder {
 protected:
  /// How many of these lines are taken at once, of a file that begins with `first`, whose layout the first of them shows.
  int taken(const std::string& first, std::string lines, const RatingsForm& form = {}) const {
    const RatingsLayout layout = ratings_layout(write("r.csv", first + lines.substr(0, lines.find('\n') + 1)), form);
    RatingsBuilder builder;
    const std::size_t size = lines.size();
    lines.append(LineReader::reach, '7');
    const auto taken = PlainRows(layout, form).take(std::string_view(lines).substr(0, size), 2, builder);
    EXPECT_EQ(builder.size(), static_cast<std::uint64_t>(taken.rows));
    const std::string_view rest = std::string_view(lines).substr(taken.bytes, size - taken.bytes);
    EXPECT_EQ(taken.rows + std::ranges::count(rest, '\n'), std::ranges::count(lines, '\n'));
    EXPECT_TRUE(taken.bytes == 0 || lines[taken.bytes - 1] == '\n');
    return taken.rows;
  }
};

RatingsForm delimited_by(const char* delimiter) {
  RatingsForm form;
  form.delimiter = delimiter;
  return form;
}

const std::string named_columns = "user,item,rating,time\n";

TEST_F(PlainLines, OfEveryCommonShapeAreTakenAtOnce) {
  EXPECT_EQ(taken("", "196\t242\t3\t881250949\n186\t302\t3\t891717742\n22\t377\t1\t878887116\n"), 3);
  EXPECT_EQ(taken("", "1::1193::5::978300760\n1::661::3::978302109\n"), 2);
  EXPECT_EQ(taken(named_columns, "1,2,3.5,1112486027\n1,29,4,1112484676\n138493,131262,0.5,9\n"), 3);
  EXPECT_EQ(taken("", "1,2,3.5,1112486027\n1,29,4,1112484676\n"), 2);
  EXPECT_EQ(taken(named_columns, "A2CX7LUOHB2NDG,b-1,5.0,1341100800\nJohn Smith,b-2,1.0,1367193600\n"), 2);
  EXPECT_EQ(taken(named_columns, "u1,i1,5,2024-02-29\nu1,i2,5,2024-02-29 12:30:00\n"), 2);
  EXPECT_EQ(taken(named_columns, "1,2,3,4\r\n5,6,7,8\r\n"), 2) << "CR LF";
  EXPECT_EQ(taken("", "1 2 3\n4 5 6\n"), 2) << "blanks";
  EXPECT_EQ(taken("", "1|2|3|4\n4|5|6|4\n"), 2);
  EXPECT_EQ(taken("title,user,item\n", ",1,2\n\xc3\x84rger,3,4\n"), 2) << "a column that is not read";
  EXPECT_EQ(taken("time,item,rating,user\n", "4,3,2,1\n18446744073709551615,3,2,1\n"), 1) << "no such time";
  EXPECT_EQ(taken("user,item\n", "18446744073709551615,9223372036854775807\n1234567890123456,12345678\n"), 2);
}

TEST_F(PlainLines, ThatWouldNeedASecondLookAreLeft) {
  for (const char* const odd : {"\"1\",2,3,4",
                                "1,\"2\",3,4",
                                "1,2,3,\"4\"",
                                "1,\"a,b\",3,4",
                                " 1,2,3,4",
                                "\t1,2,3,4",
                                "1 ,2,3,4",
                                "1, 2,3,4",
                                "1,2,3,4 ",
                                "1,2, 3,4",
                                "1,2,-3,4",
                                "1,2,+3,4",
                                "1,2,3e1,4",
                                "1,2,3.,4",
                                "1,2,.5,4",
                                "1,2,,4",
                                ",2,3,4",
                                "1,,3,4",
                                "1,2,3,",
                                "1,2,3",
                                "1,2,3,4,5",
                                "1,2,3,4,",
                                "1,2,nan,4",
                                "1,2,3,x",
                                "1,2,3,4.5",
                                "1,2,3,-",
                                "1,2\r,3,4",
                                "1,2,3,4\r\r",
                                "1,a\"b,3,4",
                                "",
                                "   ",
                                "1;2;3;4",
                                "1,2,3:4",
                                "1,2,3,2024-13-01",
                                "1,2,1234567890123456,4",
                                "1,2,0.1234567890123456,4",
                                "1,2,3,12345678901234567890"})
    EXPECT_EQ(taken(named_columns, fmt::format("7,8,3,4\n{}\n9,8,3,4\n", odd)), 1) << odd;
  RatingsForm strict = ratings_form(find_manifest("ml-20m", {})->table);
  for (const char* const odd : {"0,2,3,4", "u1,2,3,4", "007,2,3,4", "2147483648,2,3,4", "1,2,0,4", "1,2,5.5,4",
                                "1,2,3,4102444801", "1,2,3,2024-02-29", "1,2,3,"})
    EXPECT_EQ(taken("userId,movieId,rating,timestamp\n", fmt::format("7,8,3,4\n{}\n9,8,3,4\n", odd), strict), 1) << odd;
  for (const char* const odd : {"1  2 3", "1\t2 3", "1 2\t3", "1 2 3 ", "1 2 3\t"})
    EXPECT_EQ(taken("", fmt::format("7 8 3\n{}\n9 8 3\n", odd), delimited_by(" ")), 1) << odd;
  for (const char* const odd : {"1:::2::3", "1::2:3", "1::2:3::4", ":1::2::3"})
    EXPECT_EQ(taken("", fmt::format("7::8::3\n{}\n9::8::3\n", odd), delimited_by("::")), 1) << odd;
}

TEST_F(PlainLines, AreNoneOfFormsThatAskForMore) {
  RatingsForm comments;
  comments.comment = "#";
  EXPECT_EQ(taken(named_columns, "1,2,3,4\n", comments), 0);
  RatingsForm twice;
  twice.rating = "item";
  EXPECT_EQ(taken(named_columns, "1,2,3,4\n", twice), 0) << "a column that counts twice";
}

/// Files of a few lines, most of them plain.
class HostileFiles {
 public:
  explicit HostileFiles(unsigned seed) : random_(seed) {}

  RatingsForm form() {
    RatingsForm form;
    if (one_in(4)) {
      form = ratings_form(
          find_manifest(pick({"ml-100k", "ml-1m", "ml-20m", "epinions-tang", "ml-1m-untimed"}), {})->table);
    } else {
      form.delimiter = pick({"", "\t", ",", ";", "|", "::", " "});
      if (one_in(3)) form.header = one_in(2);
      form.decimal_comma = one_in(4);
      form.duplicates = static_cast<Duplicates>(below(5));
      if (one_in(6)) form.rating = pick({"none", "3", "4"});
      if (one_in(6)) form.time = pick({"none", "4", "3"});
    }
    delimiter_ = form.delimiter.empty() ? pick({"\t", ",", ";", "|", "::", " "}) : form.delimiter;
    strict_ = form.strict;
    columns_ = strict_ && delimiter_ == "\t" && one_in(2) ? 6 : one_in(5) ? 2 + below(4) : 4;
    return form;
  }

  std::string text() {
    odd_ = pick({0, 2, 10, 60});
    decimals_ = pick({".", ".", ","});
    texts_ = !strict_ && one_in(2);
    const char* const end = one_in(4) ? "\r\n" : "\n";
    std::string text = one_in(20) ? "\xef\xbb\xbf" : "";
    if (one_in(3)) text += joined({"user", "item", "rating", "time"}) + end;
    if (strict_ && delimiter_ == ",") text += std::string("userId,movieId,rating,timestamp") + end;
    for (std::size_t line = below(12); line > 0; --line) {
      text += joined({field(id()), field(id()), field(rating()), field(time()), field(rating()), field(time())});
      text += odd() ? pick({"\r", "\r\r\n", "\n\n", " \n", "\r\n", "\n \t \n"}) : end;
    }
    if (one_in(8) && !text.empty()) text.pop_back();
    return text;
  }

 private:
  std::size_t below(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }
  bool one_in(std::size_t count) { return below(count) == 0; }
  bool odd() { return below(1000) < static_cast<std::size_t>(odd_); }
  template <class T>
  T pick(std::initializer_list<T> list) {
    return list.begin()[below(list.size())];
  }

  std::string joined(std::initializer_list<std::string> fields) {
    std::string line;
    std::size_t columns = columns_;
    if (odd()) columns = 1 + below(7);
    for (const std::string& field : fields) {
      if (columns-- == 0) break;
      if (!line.empty()) line += odd() ? pick({",", "::", ":", " ", "\t", "  "}) : delimiter_;
      line += field;
    }
    return line;
  }

  std::string id() {
    if (texts_ && one_in(2)) return fmt::format("{}{}", pick({"u", "item ", "\xc3\xa9", "x-00"}), below(12));
    return std::to_string(one_in(5) ? below(5) * 1'000'000'007'007 + 1 : 1 + below(9));
  }
  std::string rating() {
    return one_in(3) ? fmt::format("{}{}{}", below(5), decimals_, below(1000)) : std::to_string(1 + below(5));
  }
  std::string time() { return std::to_string(881'250'949 + below(6)); }

  /// As a rule the same.
  std::string field(std::string text) {
    if (!odd()) return text;
    switch (below(8)) {
      case 0:
        return '"' + text + '"';
      case 1:
        return ' ' + text;
      case 2:
        return text + ' ';
      case 3:
        return std::string(1 + below(18), '0') + text;
      case 4:
        return text.insert(below(text.size() + 1), 1, pick({'"', '\r', '\0', ' ', '\t', ',', ':', '.', '-', '\xff'}));
      default:
        return pick({"",
                     "-3",
                     "+3",
                     "007",
                     "1e3",
                     "4.",
                     "3,5",
                     ".5",
                     "nan",
                     "inf",
                     "-0",
                     "0x1",
                     "2024-02-29",
                     "2024-02-29 12:00:00",
                     "\"",
                     "\"\"",
                     "a\"b",
                     "\"a\nb\"",
                     "\"a\"\"b\"",
                     "881250949.25",
                     "881250949.0",
                     "99999999999999999999",
                     "9223372036854775807",
                     "12345678901234567",
                     "123456789012345.6",
                     "0.30000000000000004",
                     "4102444801",
                     "2147483648",
                     "-9223372036854775808",
                     "u 1",
                     "::"});
    }
  }

  std::mt19937 random_;
  std::string delimiter_;
  std::string decimals_;
  std::size_t columns_ = 4;
  int odd_ = 0;  ///< of 1000 fields
  bool strict_ = false;
  bool texts_ = false;
};

TEST_F(PlainLines, GiveTheSameRatingsAndMessagesAsOneByOne) {
  HostileFiles files(20);
  int read = 0, refused = 0;
  for (int k = 0; k < 3000; ++k) {
    const RatingsForm form = files.form();
    const fuzz::MemoryFile file(files.text());
    const std::string outcome = ratings_outcome(file.path(), form);
    ASSERT_EQ(outcome, ratings_outcome(file.path(), general_form(form))) << "file " << k;
    ++(outcome.starts_with(file.path()) ? refused : read);
  }
  EXPECT_GT(read, 500);
  EXPECT_GT(refused, 500);
}

TEST_F(PlainLines, AndOddOnesAmongThemKeepTheirPlacesInLongFiles) {
  std::string text = named_columns;
  std::mt19937 random(3);
  for (int line = 0; line < 30'000; ++line) {
    const auto user = random() % 2000, item = random() % 500;
    if (random() % 200 == 0)
      text += fmt::format("\"{}\",\"{}\",{},{}\n", user, random() % 2 == 0 ? "two\nlines" : "i", line % 5, line);
    else
      text += fmt::format("{},i{},{}.5,{}\n", user, item, line % 5, 881'250'949 + line / 3);
  }
  const auto path = write("r.csv", text);
  for (const Duplicates rule : {Duplicates::last, Duplicates::first, Duplicates::max, Duplicates::sum}) {
    RatingsForm form;
    form.duplicates = rule;
    const std::string outcome = ratings_outcome(path, form);
    EXPECT_EQ(outcome.substr(0, 11), "2000 users ");
    EXPECT_TRUE(outcome == ratings_outcome(path, general_form(form))) << "rule " << static_cast<int>(rule);
  }
  const auto wrong = write("wrong.csv", text + "1,2,3,x\n");
  EXPECT_THAT(ratings_outcome(wrong, {}), ::testing::HasSubstr(":7: expected a time"));
  EXPECT_EQ(ratings_outcome(wrong, {}), ratings_outcome(wrong, general_form({})));
}

}  // namespace
}  // namespace frugal::data
