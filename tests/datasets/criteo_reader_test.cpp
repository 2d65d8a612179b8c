#include <cmath>

#include "tests/datasets/data_test_support.hpp"
#include "tests/datasets/read_criteo.hpp"

namespace frugal::data {
namespace {

using ::testing::HasSubstr;

class CriteoReader : public WithFolder {
 protected:
  /// A line with these first fields; the others are empty.
  static std::string line(const std::string& label, const std::string& first_dense, const std::string& first_category,
                          int columns = 40) {
    std::string text = label;
    for (int column = 1; column < columns; ++column) {
      text += '\t';
      if (column == 1) text += first_dense;
      if (column == 14) text += first_category;
    }
    return text + '\n';
  }
};

TEST_F(CriteoReader, DenseValuesAreLogsAndCategoriesAreHashed) {
  const Clicks clicks =
      read_criteo(write("t.txt", line("1", "7", "68fd1e64") + line("0", "-2", "") + line("0", "", "0")), 1000, 0);
  ASSERT_EQ(clicks.size(), 3u);
  EXPECT_EQ(clicks.dense_features, 13);
  EXPECT_EQ(clicks.table_rows, std::vector<std::uint32_t>(26, 1000));
  EXPECT_EQ(clicks.labels, (std::vector<float>{1, 0, 0}));
  EXPECT_FLOAT_EQ(clicks.dense[0], std::log(8.0F));
  EXPECT_EQ(clicks.dense[13], 0.0F);
  EXPECT_EQ(clicks.dense[26], 0.0F);
  EXPECT_EQ(clicks.ids[0], 1 + 0x68fd1e64U % 999);
  EXPECT_EQ(clicks.ids[26], 0u);
  EXPECT_EQ(clicks.ids[52], 1u);
  EXPECT_FALSE(clicks.bayes_auc.has_value());
}

TEST_F(CriteoReader, StopsAfterTheExamplesAskedFor) {
  const auto path = write("t.txt", line("1", "7", "") + line("0", "2", "") + "garbage");
  EXPECT_EQ(read_criteo(path, 10, 2).size(), 2u);
}

TEST_F(CriteoReader, BadLinesAreRefusedAtTheirPlace) {
  const auto complaint = [&](const std::string& text) {
    return user_error([&] { read_criteo(write("t.txt", line("1", "7", "") + text), 10, 0); });
  };
  EXPECT_THAT(complaint(line("2", "7", "")), HasSubstr("t.txt:2:1: expected a label, 0 or 1, got '2"));
  EXPECT_THAT(complaint(line("0", "x", "")), HasSubstr("t.txt:2:3: expected a count (an integer), got 'x"));
  EXPECT_THAT(complaint(line("0", "", "xyz")), HasSubstr("hexadecimal"));
  EXPECT_THAT(complaint(line("0", "", "123456789")), HasSubstr("hexadecimal"));
  EXPECT_THAT(complaint(line("0", "", "", 39)), HasSubstr("expected a tab and a category, got the end of the line"));
  EXPECT_THAT(complaint(line("0", "", "", 41)), HasSubstr("expected nothing more"));
  EXPECT_THAT(complaint("\n"), HasSubstr("t.txt:2:1"));
  EXPECT_THAT(user_error([&] { read_criteo(write("t.txt", line("0", "", "", 41)), 10, 0); }),
              HasSubstr("the first line has 41 columns, and this file should have 40"));
  const std::string whole = line("0", "", "");
  EXPECT_THAT(complaint(whole.substr(0, whole.size() - 1)), HasSubstr("t.txt:2:41: the file ends here without"));
}

TEST_F(CriteoReader, EmptyFileAndTooFewRowsAreRefused) {
  EXPECT_THAT(user_error([&] { read_criteo(write("t.txt", ""), 10, 0); }), HasSubstr("no rows"));
  EXPECT_THAT(user_error([&] { read_criteo(write("t.txt", line("1", "", "")), 1, 0); }), HasSubstr("rows_per_table"));
}

}  // namespace
}  // namespace frugal::data
