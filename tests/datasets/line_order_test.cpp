// The order of a file's lines decides nothing, in any format whose lines have no order.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>

#include "datasets/catalog/manifest.hpp"
#include "datasets/formats/ratings.hpp"
#include "datasets/interactions/split.hpp"
#include "datasets/load/clicks.hpp"
#include "datasets/load/datasets.hpp"
#include "datasets/load/interactions.hpp"
#include "tests/datasets/data_test_support.hpp"

namespace frugal::data {
namespace {

using Lines = std::vector<std::string>;

constexpr int users = 30;
constexpr int items = 60;

/// Sparse ids, out of order.
int user_id(int u) { return 3 + (17 * u) % 31; }
int item_id(int i) { return 5 + (23 * i) % 61; }

/// A line of the table that a manifest describes: its columns as cell(role) gives them, and "1" in any other. Columns
/// with names stand in the order of the roles.
template <class Cell>
std::string table_line(const Json& table, Cell&& cell) {
  std::map<std::size_t, std::string> found;
  for (const char* const role : {"user", "item", "rating", "time"}) {
    const std::string column = table.at("columns").at(role);
    if (column == "none") continue;
    const bool is_number = column.find_first_not_of("0123456789") == std::string::npos;
    found[is_number ? std::stoul(column) - 1 : found.size()] = cell(role);
  }
  Lines fields(found.rbegin()->first + 1, "1");
  for (const auto& [place, text] : found) fields[place] = text;
  return fmt::format("{}", fmt::join(fields, ratings_form(table).delimiter));
}

/// One line for each of nine ratings of each user; three at a time have one time. rating: of all of them, else 1 to 5.
Lines rating_lines(const Json& table, std::optional<int> rating = {}) {
  Lines lines;
  for (int u = 0; u < users; ++u)
    for (int k = 0; k < 9; ++k)
      lines.push_back(table_line(table, [&](std::string_view role) {
        return std::to_string(role == "user"   ? user_id(u)
                              : role == "item" ? item_id((7 * u + 5 * k) % items)
                              : role == "time" ? 1000 + k / 3
                                               : rating.value_or(1 + (u + k) % 5));
      }));
  return lines;
}

Lines user_lines(const char* format) {
  Lines lines;
  for (int u = 0; u < users; ++u)
    lines.push_back(fmt::format(fmt::runtime(format), user_id(u), u % 2 == 0 ? 'F' : 'M'));
  return lines;
}

Lines item_lines(const char* format) {
  Lines lines;
  for (int i = 0; i < items; ++i) lines.push_back(fmt::format(fmt::runtime(format), item_id(i), i % 2, 1 - i % 2));
  return lines;
}

/// A file below the data folder: what stays first, and the lines that may be shuffled.
struct File {
  std::string path;
  Lines lines;
  std::string header{};
};

void add_files(const Manifest& manifest, std::vector<File>& files) {
  const std::string& first = manifest.files.front().path;
  switch (manifest.reader) {
    case Reader::ratings: {
      if (manifest.split == DefaultSplit::given) {
        for (const ManifestFile& file : manifest.files) files.push_back({file.path, {}});
        const Lines all = rating_lines(manifest.table);
        for (std::size_t k = 0; k < all.size(); ++k)
          files[k % 5 == 0 ? 1 : k % 5 == 1 ? 2 : 0].lines.push_back(all[k]);  // train, validation, test
        return;
      }
      files.push_back({first, rating_lines(manifest.table)});
      File& file = files.back();
      if (manifest.table.at("header") == "yes")
        file.header =
            table_line(manifest.table,
                       [&](const char* role) { return manifest.table.at("columns").at(role).get<std::string>(); }) +
            "\n";
      if (manifest.table.at("duplicates") == "error") return;
      const Lines again = rating_lines(manifest.table, 3);
      file.lines.insert(file.lines.end(), again.begin(), again.end());  // duplicates, some of one time
      return;
    }
    case Reader::ncf: {
      Lines train, held_out, negatives;
      for (int u = 0; u < users; ++u) {
        for (int k = 0; k < 5; ++k) train.push_back(fmt::format("{}\t{}\t1\t0", u, (7 * u + k) % items));
        held_out.push_back(fmt::format("{}\t{}\t1\t0", u, (7 * u + 5) % items));
        negatives.push_back(
            fmt::format("({},{})\t{}\t{}", u, (7 * u + 5) % items, (7 * u + 6) % items, (7 * u + 7) % items));
      }
      files.push_back({first, train});
      files.push_back({manifest.files[1].path, held_out});
      return files.push_back({manifest.files[2].path, negatives});
    }
    case Reader::ml_1m_attributes:
      files.push_back({first, user_lines("{}::{}::25::7::02460")});
      return files.push_back({manifest.files[1].path, item_lines("{}::X{} (199{})::Comedy")});
    case Reader::ml_100k_attributes:
      files.push_back({first, user_lines("{}|24|{}|writer|02460")});
      return files.push_back(
          {manifest.files[1].path, item_lines("{}|X (1995)|01-Jan-1995|||0|{}|{}|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0")});
    default:
      FAIL() << "no lines for this reader";
  }
}

class LineOrder : public WithFolder, public ::testing::WithParamInterface<std::string> {
 protected:
  /// The data set's files, with lines in the order that `shuffle` draws (0: as they are), in a folder of their own.
  std::filesystem::path write_all(unsigned shuffle) const {
    const Manifest& manifest = *find_manifest(GetParam(), {});
    std::vector<File> files;
    add_files(manifest, files);
    if (manifest.kind == Kind::clicks) add_files(*find_manifest(manifest.attributes, {}), files);
    const std::string folder = fmt::format("order{}/", shuffle);
    for (File& file : files) {
      // One seed for all files: those of a split that go together line by line stay together.
      std::mt19937 random(shuffle);
      if (shuffle > 0) std::ranges::shuffle(file.lines, random);
      std::string text = file.header;
      for (const std::string& line : file.lines) text += line + "\n";
      write(folder + file.path, text);
    }
    return folder_ / folder;
  }
  Json dataset() const {
    Json given = {{"name", GetParam()}};
    const Manifest& manifest = *find_manifest(GetParam(), {});
    const bool parts = manifest.reader == Reader::ratings && manifest.split == DefaultSplit::given;
    if (manifest.kind == Kind::interactions && !parts) given["negatives"] = manifest.reader == Reader::ncf ? 2 : 20;
    return complete_dataset(given);
  }
};

void expect_equal(const Split& a, const Split& b) {
  EXPECT_EQ(a.users, b.users);
  EXPECT_EQ(a.items, b.items);
  EXPECT_EQ(a.user_names, b.user_names);
  EXPECT_EQ(a.item_names, b.item_names);
  EXPECT_EQ(a.train, b.train);
  EXPECT_EQ(a.held_out, b.held_out);
  EXPECT_EQ(a.negatives, b.negatives);
  EXPECT_EQ(a.tied_users, b.tied_users);
  EXPECT_EQ(a.protocol, b.protocol);
}

void expect_equal(const Clicks& a, const Clicks& b) {
  EXPECT_EQ(a.table_rows, b.table_rows);
  EXPECT_EQ(a.dense, b.dense);
  EXPECT_EQ(a.ids, b.ids);
  EXPECT_EQ(a.labels, b.labels);
}

TEST_P(LineOrder, ChangesNothing) {
  const std::filesystem::path sorted = write_all(0);
  for (const unsigned shuffle : {1U, 2U}) {
    const std::filesystem::path shuffled = write_all(shuffle);
    if (find_manifest(GetParam(), {})->kind == Kind::clicks) {
      const ClickSplit a = load_clicks(dataset(), {sorted}, 5);
      const ClickSplit b = load_clicks(dataset(), {shuffled}, 5);
      expect_equal(a.train, b.train);
      expect_equal(a.test, b.test);
      continue;
    }
    std::vector<std::string> rules{"given"};
    if (find_manifest(GetParam(), {})->split != DefaultSplit::given) rules = {"random", "ratio"};
    if (find_manifest(GetParam(), {})->timed && rules.size() > 1) rules.insert(rules.end(), {"latest", "temporal"});
    for (const std::string& rule : rules) {
      Json asked = dataset();
      if (rule != "given") asked["split"] = rule;
      expect_equal(load_split(asked, {sorted}, 5), load_split(asked, {shuffled}, 5));
    }
  }
}

/// All but those of signals, of attributes alone, and criteo, whose tail is its last days.
std::vector<std::string> names_without_order() {
  std::vector<std::string> names;
  for (const Manifest& manifest : manifests({})) {
    const bool is_table = manifest.kind == Kind::interactions || manifest.kind == Kind::clicks;
    if (is_table && manifest.reader != Reader::clicks) names.push_back(manifest.name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Manifests, LineOrder, ::testing::ValuesIn(names_without_order()), [](const auto& one) {
  std::string name = one.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

/// 200 users with ten items each, all of one time; with names.
Ratings all_at_once() {
  Ratings ratings;
  ratings.users = 200;
  ratings.items = 40;
  ratings.timed = true;
  for (std::uint32_t u = 0; u < ratings.users; ++u) {
    ratings.user_names.push_back(std::to_string(1000 + u));
    for (std::uint32_t k = 0; k < 10; ++k) ratings.rows.push_back({u, (u + k) % ratings.items, 1.0F, 0, 7});
  }
  for (std::uint32_t i = 0; i < ratings.items; ++i) ratings.item_names.push_back(std::to_string(500 + i));
  return ratings;
}

TEST(TiesOfTime, AreDrawnBySeedEvenlyAndCounted) {
  const Ratings ratings = all_at_once();
  const SplitRule rule{.how = HoldOut::latest, .negatives = 5};
  const Split split = split_ratings(ratings, rule, 1);
  EXPECT_EQ(split.tied_users, 200u);
  EXPECT_NE(split.held_out, split_ratings(ratings, rule, 2).held_out);
  std::vector<int> place(10);
  for (const auto& [user, item] : split.held_out)
    ++place[(item + ratings.items - user % ratings.items) % ratings.items];
  for (const int count : place) EXPECT_NEAR(count, 20, 20) << "neither the first nor the last item is preferred";
  EXPECT_LT(std::ranges::max(place), 40);
}

TEST(TiesOfTime, DoNotDependOnTheIndicesThatAFilterLeaves) {
  Ratings ratings = all_at_once();
  const SplitRule rule{.how = HoldOut::latest, .negatives = 5};
  const Split whole = split_ratings(ratings, rule, 1);
  // Without the first hundred users the others have other indices, and the same names.
  std::erase_if(ratings.rows, [](const Rating& row) { return row.user < 100; });
  for (Rating& row : ratings.rows) row.user -= 100;
  ratings.user_names.erase(ratings.user_names.begin(), ratings.user_names.begin() + 100);
  ratings.users = 100;
  const Split part = split_ratings(ratings, rule, 1);
  for (std::size_t k = 0; k < 100; ++k) EXPECT_EQ(part.held_out[k].item, whole.held_out[k + 100].item);
}

TEST(TiesOfTime, OfMovieLens100KAreThoseOf415Users) {
  FRUGAL_REAL_FILE(path, "ml-100k/u.data");
  EXPECT_EQ(load_split(complete_dataset({{"name", "ml-100k"}}), real_data_dirs(), 1).tied_users, 415u);
}

}  // namespace
}  // namespace frugal::data
