#include "datasets/formats/id_map.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace frugal::data {
namespace {

TEST(IdMap, NumbersThatAreLookedUpByHashKeepTheirIndexWhenTheyAreManyEnoughForATable) {
  IdMap ids;
  const auto id = [](std::uint32_t k) { return k % 5 == 0 ? fmt::format("u{}", k) : std::to_string(2'000'000 + k); };
  for (std::uint32_t k = 0; k < 100'000; ++k) ASSERT_EQ(ids.index(id(k)), k);
  for (std::uint32_t k = 0; k < 100'000; ++k) ASSERT_EQ(ids.index(id(k)), k);
  EXPECT_EQ(ids.name(99'995), "u99995");
  EXPECT_EQ(ids.name(99'999), "2099999");
}

TEST(IdMap, SortsAsIdBeforeSaysWhateverTheIdsHold) {
  std::mt19937 random(9);
  const char* const pieces[] = {"0", "00",    "7", "10", "9999999", "123456789012345678",
                                "u", "user-", "/", ":",  "\xff",    " "};
  std::set<std::string> texts{std::string(254, '4'),
                              std::string(255, '3'),
                              std::string(300, '2'),
                              std::string(400, '1'),
                              std::string("a\0", 2),
                              std::string("a\0b", 3),
                              "a",
                              std::string("a0\0", 3),
                              "a0",
                              "a00"};
  while (texts.size() < 3000) {
    std::string text;
    for (auto count = 1 + random() % 5; count > 0; --count) text += pieces[random() % std::size(pieces)];
    texts.insert(text);
  }
  std::vector<std::string> given(texts.begin(), texts.end());
  std::ranges::shuffle(given, random);
  IdMap ids;
  for (const std::string& text : given) ids.index(text);
  const std::vector<std::uint32_t> rank = ids.sort();
  std::vector<std::string> expected = given;
  std::ranges::sort(expected, [](const std::string& a, const std::string& b) { return id_before(a, b); });
  EXPECT_EQ(ids.names(), expected);
  for (std::uint32_t k = 0; k < given.size(); ++k) ASSERT_EQ(expected[rank[k]], given[k]);
}

}  // namespace
}  // namespace frugal::data
