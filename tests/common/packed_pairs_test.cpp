#include "impl/common/packed_pairs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <type_traits>

#include "impl/base/philox.hpp"

namespace frugal {
namespace {

// A count of pairs, or of their bytes, passes 2^32 before anything else does.
static_assert(std::is_same_v<decltype(PackedPairs().size()), std::uint64_t>);
static_assert(std::is_same_v<decltype(PackedPairs().bytes()), std::uint64_t>);
static_assert(std::forward_iterator<PackedPairs::Iterator>);

/// Several blocks, by user.
std::vector<Interaction> many_pairs() {
  const Philox random(3, Purpose::test);
  std::vector<Interaction> pairs;
  for (std::uint32_t user = 0; user < 300; user += 1 + random.below(3, user))
    for (std::uint32_t k = 0; k < 80; ++k) pairs.push_back({user, random.below(5000, user * 80ULL + k, 1)});
  return pairs;
}

TEST(PackedPairs, GiveBackWhatWasPutInInItsOrder) {
  std::vector<Interaction> pairs = many_pairs();
  EXPECT_GT(pairs.size(), 8200U);
  EXPECT_EQ(PackedPairs(pairs).unpacked(), pairs);
  std::ranges::reverse(pairs);
  std::ranges::sort(pairs, {}, &Interaction::item);  // the user changes with almost every pair
  EXPECT_EQ(PackedPairs(pairs).unpacked(), pairs);
  EXPECT_EQ(PackedPairs(pairs)[4095], pairs[4095]);
  EXPECT_EQ(PackedPairs(pairs)[4096], pairs[4096]);
  EXPECT_EQ(PackedPairs(pairs)[pairs.size() - 1], pairs.back());
}

TEST(PackedPairs, HoldTheLargestIds) {
  const std::vector<Interaction> pairs{{0xffffffff, 0xffffffff}, {0, 0}, {0, 0xffffffff}, {0xffffffff, 0}};
  EXPECT_EQ(PackedPairs(pairs).unpacked(), pairs);
}

TEST(PackedPairs, MayBeEmpty) {
  const PackedPairs none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.begin(), none.end());
  EXPECT_EQ(none, PackedPairs(std::vector<Interaction>{}));
}

TEST(PackedPairs, TakeTwoBytesEachForFiveThousandItemsByUser) {
  const PackedPairs pairs(many_pairs());
  EXPECT_LT(static_cast<double>(pairs.bytes()), 2.1 * static_cast<double>(pairs.size()));
}

TEST(PackedPairs, AreEqualWhereAllPairsAre) {
  PackedPairs pairs(many_pairs());
  EXPECT_EQ(pairs, many_pairs());
  pairs.push_back({7, 7});
  EXPECT_NE(pairs, many_pairs());
}

}  // namespace
}  // namespace frugal
