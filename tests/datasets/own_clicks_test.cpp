// A click log of one's own: whatever form it is in and however its lines are sorted, the same examples come out.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>

#include "datasets/catalog/add.hpp"
#include "datasets/formats/click_table.hpp"
#include "datasets/load/clicks.hpp"
#include "datasets/load/datasets.hpp"
#include "datasets/load/inspect.hpp"
#include "datasets/load/own_file.hpp"
#include "datasets/load/write_synthetic.hpp"
#include "impl/base/hash.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::HasSubstr;

std::vector<std::string> own_lines(const char* format) {
  std::vector<std::string> lines;
  for (int k = 0; k < 120; ++k) {
    const std::string age = k % 7 == 0 ? "" : std::to_string(18 + k % 50);
    const std::string device = k % 11 == 0 ? "" : k % 3 == 0 ? "phone" : "tablet";
    lines.push_back(fmt::format(fmt::runtime(format), fmt::arg("label", k % 4 == 0 ? 1 : 0), fmt::arg("age", age),
                                fmt::arg("price", k % 10), fmt::arg("site", fmt::format("s{}.com", k % 13)),
                                fmt::arg("device", device), fmt::arg("day", 10 + k % 15)));
  }
  return lines;
}

std::string joined(const std::vector<std::string>& lines, std::string text = "") {
  for (const std::string& line : lines) text += line;
  return text;
}

void expect_same(const ClickSplit& a, const ClickSplit& b) {
  for (const auto& [one, other] : {std::pair{&a.train, &b.train}, std::pair{&a.test, &b.test}}) {
    EXPECT_EQ(one->dense_features, other->dense_features);
    EXPECT_EQ(one->table_rows, other->table_rows);
    EXPECT_EQ(one->dense, other->dense);
    EXPECT_EQ(one->ids, other->ids);
    EXPECT_EQ(one->labels, other->labels);
  }
}

class OwnClicks : public WithFolder {
 protected:
  static ClickSplit split(const std::filesystem::path& path, Json more = Json::object(), std::uint64_t seed = 3) {
    more["name"] = "file";
    more["path"] = path.string();
    return load_clicks(complete_dataset(more, Kind::clicks), {}, seed);
  }
  ClickLog read(const std::string& text, const ClickForm& form = {}, std::uint32_t rows = 1000) const {
    return read_click_log(write("c.csv", text), form, {.rows_per_table = rows});
  }
  std::string refusal(const std::string& text, const ClickForm& form = {}) const {
    return user_error([&] { read(text, form); });
  }
};

const char* const csv_header = "clicked,age,price,site,device,when\n";
const char* const csv = "{label},{age},{price},{site},{device},2024-01-{day}\n";

TEST_F(OwnClicks, AreTheSameInEveryForm) {
  const ClickSplit plain = split(write("c.csv", joined(own_lines(csv), csv_header)));
  EXPECT_EQ(plain.train.size(), 108u);
  EXPECT_EQ(plain.test.size(), 12u);
  EXPECT_EQ(plain.train.dense_features, 2);
  EXPECT_THAT(plain.train.table_rows, ElementsAre(14, 3));
  const auto other = joined(own_lines("2024-01-{day}\t{device}\t{site}\tnote\t{price}.0\t{age}\t{label}.0\r\n"));
  expect_same(plain, split(write("tabs", other),
                           {{"columns", {{"label", 7}, {"dense", {6, 5}}, {"categorical", {3, 2}}, {"time", 1}}}}));
  const auto quoted = joined(own_lines("\"{label}\";{age};{price},0;\"{site}\";{device};2024-01-{day}T00:00\n"),
                             "y;age;price;site;device;when\n");
  expect_same(plain,
              split(write("quoted.csv", quoted),
                    {{"decimal_comma", true},
                     {"columns",
                      {{"label", "y"}, {"dense", {"2-3"}}, {"categorical", {"site", "device"}}, {"time", "when"}}}}));
}

TEST_F(OwnClicks, DoNotDependOnTheOrderOfTheLines) {
  std::vector<std::string> lines = own_lines(csv);
  lines.insert(lines.end(), lines.begin(), lines.begin() + 60);  // some of them twice
  const auto sorted = write("a.csv", joined(lines, csv_header));
  std::ranges::shuffle(lines, std::mt19937(5));
  const auto shuffled = write("b.csv", joined(lines, csv_header));
  for (const char* const how : {"random", "latest"})
    for (const int rows : {100, 5})  // in rows of their own, and hashed
      expect_same(split(sorted, {{"split", how}, {"rows_per_table", rows}}),
                  split(shuffled, {{"split", how}, {"rows_per_table", rows}}));
}

TEST_F(OwnClicks, DoNotDependOnTheUnitOfTheTimes) {
  const auto with = [&](const char* name, const char* line) {
    return write(name, joined(own_lines(line), csv_header));
  };
  const auto dates = with("a.csv", csv);
  const auto days = with("b.csv", "{label},{age},{price},{site},{device},{day}\n");
  const auto thousandths = with("c.csv", "{label},{age},{price},{site},{device},{day}000\n");
  for (const char* const how : {"random", "latest"}) {
    expect_same(split(dates, {{"split", how}}), split(days, {{"split", how}}));
    expect_same(split(days, {{"split", how}}), split(thousandths, {{"split", how}}));
  }
}

TEST_F(OwnClicks, ARandomShareIsDrawnByTheSeedAndEqualRowsFallOnBothSides) {
  const auto path = write(
      "c.csv", "y,c\n" + joined(std::vector<std::string>(50, "1,a\n")) + joined(std::vector<std::string>(50, "0,b\n")));
  const Json given = {{"test_fraction", 0.5}};
  const auto clicked = [](const Clicks& clicks) {
    return std::accumulate(clicks.labels.begin(), clicks.labels.end(), 0.0F);
  };
  const ClickSplit one = split(path, given, 1);
  EXPECT_EQ(one.test.size(), 50u);
  EXPECT_NEAR(clicked(one.test), 25, 12);
  EXPECT_NEAR(clicked(one.train), 25, 12);
  EXPECT_NE(one.test.labels, split(path, given, 2).test.labels);
}

TEST_F(OwnClicks, TheLatestOrTheLastAreHeldOutWhereAskedFor) {
  const auto path = write("c.csv", "y,n,c,time\n1,1,a,50\n0,2,b,10\n1,3,c,40.5\n0,4,d,40\n1,5,e,20\n");
  const auto held = [&](const char* how) {
    return split(path, {{"split", how}, {"test_fraction", 0.4}, {"dense_scale", "none"}}).test.dense;
  };
  EXPECT_THAT(held("latest"), ElementsAre(3, 1));
  EXPECT_THAT(held("tail"), ElementsAre(4, 5));
  const auto protocol = [&](const char* how) { return split(path, {{"split", how}, {"test_fraction", 0.4}}).protocol; };
  EXPECT_EQ(protocol("latest"), "2 of 5 examples, the latest");
  EXPECT_EQ(protocol("tail"), "2 of 5 examples, the last of the file");
  EXPECT_EQ(protocol("random"), "2 of 5 examples, at random");
  const auto untimed = write("u.csv", "y,n,c\n1,1,a\n0,2,b\n");
  Json dataset = {{"name", "file"}, {"path", untimed.string()}, {"split", "latest"}};
  EXPECT_THAT(user_error([&] { check_own_file(complete_dataset(dataset, Kind::clicks)); }),
              HasSubstr("split: latest needs times"));
  EXPECT_THAT(user_error([&] { split(untimed, {{"split", "latest"}}); }), HasSubstr("carry no times"));
}

TEST_F(OwnClicks, NumbersAreStandardisedByTheTrainingPart) {
  const auto path = write("c.csv", "y,n,same,c\n1,1,7,a\n0,,7,b\n1,3,7,c\n0,5,7,d\n1,100,9,e\n");
  const ClickSplit both = split(path, {{"split", "tail"}, {"test_fraction", 0.2}});
  const auto deviation = static_cast<float>(std::sqrt(8.0 / 3));
  EXPECT_THAT(both.train.dense, ElementsAre(FloatEq(-2 / deviation), 0, 0, 0, 0, 0, FloatEq(2 / deviation), 0));
  EXPECT_THAT(both.test.dense, ElementsAre(FloatEq(97 / deviation), 0)) << "a column that does not vary says nothing";
  const auto scaled = [&](const char* scale) {
    return split(path, {{"split", "tail"}, {"test_fraction", 0.2}, {"dense_scale", scale}}).train.dense;
  };
  EXPECT_EQ(scaled("none")[0], 1.0F);
  EXPECT_EQ(scaled("none")[2], 0.0F);
  EXPECT_EQ(scaled("log")[4], std::log(4.0F));
}

TEST_F(OwnClicks, LargeNumbersKeepTheirDifferences) {
  const ClickSplit both =
      split(write("c.csv", "y,n,c\n1,1700000000001,a\n0,1700000000002,b\n1,1700000000003,c\n0,0,d\n"),
            {{"split", "tail"}, {"test_fraction", 0.25}});
  EXPECT_FLOAT_EQ(both.train.dense[0], -std::sqrt(1.5F));
  EXPECT_FLOAT_EQ(both.train.dense[1], 0);
}

TEST_F(OwnClicks, CategoriesHaveRowsOfTheirOwnInNaturalOrder) {
  const ClickLog log = read("y,c\n1,u10\n0,u2\n1,\n0,\"a, b\"\n1,u2\n");
  EXPECT_THAT(log.examples.ids, ElementsAre(3, 2, 0, 1, 2));
  EXPECT_THAT(log.examples.table_rows, ElementsAre(4));
}

TEST_F(OwnClicks, TooManyCategoriesAreHashed) {
  std::string text = "y,many,few\n";
  for (int k = 0; k < 40; ++k) text += fmt::format("{},m{},f{}\n", k % 2, k, k % 3);
  const ClickLog log = read(text + "1,,\n", {}, 20);
  EXPECT_THAT(log.examples.table_rows, ElementsAre(20, 4));
  for (std::size_t k = 0; k < 40; ++k) {
    EXPECT_EQ(log.examples.ids[2 * k], 1 + hash_of(fmt::format("m{}", k)) % 19);
    EXPECT_EQ(log.examples.ids[2 * k + 1], 1 + k % 3);
  }
  EXPECT_EQ(log.examples.ids[80], 0u);
  EXPECT_THAT(read("y,c\n1,a\n0,b\n", {}, 3).examples.table_rows, ElementsAre(3)) << "just enough";
  EXPECT_EQ(hash_of("a"), 0xaf63dc4c8601ec8c) << "FNV-1a, whatever the program";
}

TEST_F(OwnClicks, LabelsMayBeWords) {
  EXPECT_THAT(read("y,c\ntrue,a\nFalse,b\n1.0,c\n0,d\n").examples.labels, ElementsAre(1, 0, 1, 0));
}

TEST_F(OwnClicks, WithoutNumbersHaveOneThatIsZero) {
  const ClickSplit both = split(write("c.csv", "1\ta\tx\n0\tb\ty\n1\ta\tz\n"));
  EXPECT_EQ(both.train.dense_features, 1);
  EXPECT_THAT(both.train.dense, ElementsAre(0, 0));
}

TEST_F(OwnClicks, ThatDoNotFitAreRefusedAtTheirPlace) {
  EXPECT_THAT(refusal("y,n,c\n1,1,a\n2,1,a\n"),
              HasSubstr("c.csv:3:1: expected a label (0 or 1, false or true), got '2,1,a'; a line reads 'y,n,c'"));
  ClickForm form;
  form.dense = {"n"};
  form.categorical = {"c"};
  EXPECT_THAT(refusal("y,n,c\n1,1,a\n0,x,a\n", form),
              HasSubstr("c.csv:3:3: expected a value of 'n' (a number), got 'x,a'"));
  EXPECT_THAT(refusal("y,n,c\n1,1,a\n0,1\n"), HasSubstr("c.csv:3:4: expected a comma and a category, got the end"));
  EXPECT_THAT(refusal("y,n,c\n1,1,a\n0,1,a,7\n"), HasSubstr("c.csv:3:6: expected nothing more, got ',7'"));
  EXPECT_THAT(refusal("y,time,c\n1,1,a\n0,soon,b\n"), HasSubstr("c.csv:3:3: expected a time"));
  EXPECT_THAT(refusal("y,c\n"), HasSubstr("holds no examples"));
  EXPECT_THAT(user_error([&] { split(write("c.csv", "y,c\n1,a\n")); }), HasSubstr("too few examples"));
  EXPECT_THAT(refusal("\"y;c\n", {}), HasSubstr("c.csv:1"));
  ClickForm quoted;
  quoted.delimiter = ";";
  EXPECT_THAT(refusal("\"1;a\n0;b\n", quoted), HasSubstr("c.csv:1:1: a quote that never ends"));
  ClickForm hexadecimal;
  hexadecimal.categories = Categories::hexadecimal;
  EXPECT_THAT(refusal("y,c\n1,fg\n", hexadecimal), HasSubstr("c.csv:2:3: expected a category of up to 8 hexadecimal"));
}

TEST_F(OwnClicks, ColumnsThatCannotBeToldAreAskedFor) {
  EXPECT_THAT(refusal("a,b\n7,x\n8,y\n"),
              HasSubstr("which column holds the label, 0 or 1? Say so by name or number, columns: {label: ...}; this "
                        "file has 'a', 'b' (comma-separated)"));
  EXPECT_THAT(refusal("y,n\n1,2\n0,3\n"), HasSubstr("no column of this file was taken for categories"));
  ClickForm form;
  form.categorical = {"1-2"};
  EXPECT_THAT(refusal("y,c\n1,a\n", form), HasSubstr("one column, 'y', cannot be of the label and of categories"));
  form.categorical = {"2-9"};
  EXPECT_THAT(refusal("y,c\n1,a\n", form), HasSubstr("columns 2-9 for categories: this file has the columns 1 to 2"));
  form.categorical = {"sit"};
  EXPECT_THAT(refusal("y,site\n1,a\n", form), HasSubstr("did you mean 'site'?"));
}

TEST_F(OwnClicks, AreInspectedWithAPlanThatReadsThem) {
  const auto path = write("c.csv", joined(own_lines(csv), csv_header) + "1,,,only,,2024-01-30");
  EXPECT_EQ(likely_kind(path, Json::object()), Kind::clicks);
  EXPECT_EQ(likely_kind(write("u.csv", "user,age,click\n1,2,1\n"), Json::object()), Kind::clicks);
  EXPECT_EQ(likely_kind(write("r.csv", "user,item,click\n1,2,1\n"), Json::object()), Kind::interactions);
  const Inspection seen = inspect_clicks(path, {{"split", "latest"}});
  EXPECT_EQ(seen.form, "comma-separated, with a header, 6 columns");
  EXPECT_THAT(seen.columns[0], ElementsAre("label", "'clicked'", "'1', '0', '0'"));
  EXPECT_THAT(seen.rows[0], ElementsAre("2", "1", "-, '0'", "'s0.com', -", "2024-01-10 00:00:00"));
  EXPECT_THAT(seen.counts, Contains(std::pair<std::string, std::string>{"examples", "121"}));
  EXPECT_THAT(seen.counts, Contains(std::pair<std::string, std::string>{"label 1", "31 (25.6 %)"}));
  EXPECT_THAT(seen.counts, Contains(std::pair<std::string, std::string>{
                               "'device'", "categorical, 2 distinct values, 12 missing (9.92 %)"}));
  EXPECT_THAT(seen.findings, ElementsAre(HasSubstr("'age', 'price': whole numbers"),
                                         HasSubstr("c.csv:122: the last line does not end in a newline")));
  const Node plan = parse_yaml(seen.plan, "plan").front();
  const Json dataset = complete_dataset(to_json(*plan.find("dataset")), Kind::clicks);
  EXPECT_EQ(dataset.at("split"), "latest");
  expect_same(load_clicks(dataset, {}, 3), split(path, {{"split", "latest"}}));
}

TEST_F(OwnClicks, InCriteosFormAreAsItsManifestReadsThem) {
  const auto path = folder_ / "criteo/train.txt";
  std::filesystem::create_directories(path.parent_path());
  write_synthetic(complete_dataset({{"name", "synthetic-clicks"}, {"examples", 300}, {"test_examples", 50}}), path, 0,
                  6);
  const Json published = complete_dataset({{"name", "criteo-kaggle"}, {"rows_per_table", 500}});
  expect_same(load_clicks(published, {folder_}, 3),
              split(path, {{"columns", {{"label", 1}, {"dense", {"2-14"}}, {"categorical", {"15-40"}}}},
                           {"header", "no"},
                           {"dense_scale", "log"},
                           {"categories", "hexadecimal"},
                           {"rows_per_table", 500},
                           {"split", "tail"},
                           {"test_fraction", 0.142857}}));
}

TEST_F(OwnClicks, ThatWereAddedAreADataSetLikeAnyOther) {
  const auto path = write("log.csv", joined(own_lines(csv), csv_header));
  const Json own = complete_dataset({{"name", "file"}, {"path", path.string()}}, Kind::clicks);
  const Json table = settled_click_params(own, click_layout(path, click_form(own)));
  add_dataset({.name = "ads", .kind = Kind::clicks, .reader = Reader::clicks, .split = "random", .table = table},
              {path}, folder_ / "data", {});
  for (const char* const how : {"random", "latest"}) {
    const Json added = complete_dataset({{"name", "ads"}, {"split", how}}, Kind::clicks, {folder_ / "data"});
    expect_same(load_clicks(added, {folder_ / "data"}, 3), split(path, {{"split", how}}));
  }
}

TEST_F(OwnClicks, OfAManifestAreReadAsItSays) {
  const auto refused = [](const std::string& table) {
    const std::string text = "name: x\ntitle: t\nkind: clicks\nreader: clicks\ntable: " + table +
                             "\nlicence: l\ncitation: c\nsplit: random\nfiles: [{path: x}]\n";
    return user_error([&] { parse_manifest("x", text, "x.yaml"); });
  };
  EXPECT_THAT(refused("{columns: {label: 1, dense: [2-3], time: none}}"),
              HasSubstr("x.yaml:5:8: a manifest guesses nothing: columns.categorical is missing"));
  EXPECT_THAT(refused("{columns: {label: 1, categorical: [2-3]}}"), HasSubstr("columns.time is missing"));
  EXPECT_THAT(refused("{columns: {user: 1}}"), HasSubstr("unknown key of a manifest's table 'columns.user'"));
}

TEST_F(OwnClicks, WhatLooksWrongIsFound) {
  std::string text = "1\t5\ta\n";
  for (int k = 0; k < 200; ++k) text += fmt::format("1\t5\tid{}\n", k);
  const Inspection seen = inspect_clicks(write("c.tsv", text), {{"rows_per_table", 50}});
  EXPECT_THAT(seen.findings, Contains(HasSubstr("every label is 1")));
  EXPECT_THAT(seen.findings, Contains(HasSubstr("column 2 is 5 wherever it is known")));
  EXPECT_THAT(seen.findings, Contains(HasSubstr("column 3 has a value of its own in nearly every line")));
  EXPECT_THAT(seen.findings, Contains(HasSubstr("column 3 has more than the 49 values")));
}

}  // namespace
}  // namespace frugal::data
