#include "impl/common/packed_pairs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <type_traits>

#include "impl/base/philox.hpp"
#include "tests/common/thread_ranks.hpp"

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

/// Gives rank 0 what the others hold.
class LenderOfAll final : public PairsLender {
 public:
  explicit LenderOfAll(const std::vector<PackedPairs>& parts) : parts_(parts) {}
  std::shared_ptr<const PackedBlocks> lend(std::uint64_t block) const override {
    ++lent;
    for (const PackedPairs& part : parts_)
      if (auto some = part.own_blocks(block); !some.blocks.empty())
        return std::make_shared<PackedBlocks>(std::move(some));
    return nullptr;
  }
  std::uint32_t number() const override { return 1; }

  mutable int lent = 0;

 private:
  const std::vector<PackedPairs>& parts_;
};

/// All of `pairs`, of which rank r had those from cuts[r] to cuts[r + 1].
std::vector<PackedPairs> spread_over(const std::vector<Interaction>& pairs, const std::vector<std::size_t>& cuts) {
  const int size = static_cast<int>(cuts.size()) - 1;
  std::vector<PackedPairs> parts(cuts.size() - 1);
  test::ThreadRanks::run(size, [&](Communicator& ranks) {
    const auto rank = static_cast<std::size_t>(ranks.rank());
    parts[rank] = PackedPairs::spread(ranks, std::span(pairs).subspan(cuts[rank], cuts[rank + 1] - cuts[rank]));
  });
  return parts;
}

TEST(SpreadPairs, LieInEqualRunsHoweverTheyWereHad) {
  const std::vector<Interaction> pairs = many_pairs();
  const std::size_t n = pairs.size();
  for (const std::vector<std::size_t>& cuts : {std::vector<std::size_t>{0, n / 2, n},
                                               {0, 0, n},
                                               {0, n, n},
                                               {0, 10, n - 10, n},
                                               {0, n, n, n, n, n, n, n},
                                               {0, 0, 5000, 5000, n}}) {
    const std::vector<PackedPairs> parts = spread_over(pairs, cuts);
    std::vector<Interaction> all;
    for (std::size_t r = 0; r < parts.size(); ++r) {
      EXPECT_TRUE(parts[r].is_spread());
      EXPECT_EQ(parts[r].size(), n);
      EXPECT_EQ(parts[r].begins(), parts[0].begins());
      const std::vector<Interaction> own = parts[r].own().unpacked();
      EXPECT_EQ(own.size(), parts[r].begins()[r + 1] - parts[r].begins()[r]);
      EXPECT_LE(own.size(), n / parts.size() + 4096);
      all.insert(all.end(), own.begin(), own.end());
    }
    EXPECT_EQ(all, pairs);
  }
}

TEST(SpreadPairs, AreReadByRankZeroLikeAnyOthers) {
  const std::vector<Interaction> pairs = many_pairs();
  std::vector<PackedPairs> parts = spread_over(pairs, {0, 100, 200, pairs.size()});
  const auto lender = std::make_shared<LenderOfAll>(parts);
  PackedPairs first = parts[0];
  first.lend_by(lender);
  EXPECT_EQ(first.unpacked(), pairs);
  EXPECT_EQ(first, PackedPairs(pairs));
  EXPECT_EQ(first[pairs.size() - 1], pairs.back());
  const PackedPairs copy = first;
  EXPECT_EQ(copy.unpacked(), pairs);
  EXPECT_LT(first.bytes(), PackedPairs(pairs).bytes() / 2) << "it holds its own";
  lender->lent = 0;
  EXPECT_EQ(std::ranges::distance(first.begin(), first.end()), static_cast<std::ptrdiff_t>(pairs.size()));
  EXPECT_EQ(lender->lent, 2) << "all blocks of a rank at once";
}

TEST(SpreadPairs, MayBeNone) {
  for (const PackedPairs& part : spread_over({}, {0, 0, 0})) {
    EXPECT_TRUE(part.is_spread());
    EXPECT_TRUE(part.empty());
    EXPECT_TRUE(part.own().empty());
    EXPECT_EQ(part.begin(), part.end());
  }
}

}  // namespace
}  // namespace frugal
