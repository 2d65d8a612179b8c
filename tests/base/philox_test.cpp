#include "impl/base/philox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace frugal {
namespace {

using Words = std::array<std::uint32_t, 4>;

Words raw_philox(const Words& counter, std::array<std::uint32_t, 2> key) {
  const auto words = r123::Philox4x32{}({{counter[0], counter[1], counter[2], counter[3]}}, {{key[0], key[1]}});
  return {words[0], words[1], words[2], words[3]};
}

// The vectors for philox4x32-10 that come with Random123 (tests/kat_vectors).
TEST(Philox, Random123KnownAnswers) {
  EXPECT_EQ(raw_philox({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(raw_philox({~0U, ~0U, ~0U, ~0U}, {~0U, ~0U}), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(raw_philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

// The same vectors through the wrapper: index is words 0 and 1 of the counter, stream word 2, purpose word 3; the seed
// is the key, low word first.
TEST(Philox, CounterIsIndexStreamPurpose) {
  const auto with_purpose = [](std::uint64_t seed, std::uint32_t purpose) {
    return Philox(seed, static_cast<Purpose>(purpose));
  };
  EXPECT_EQ(with_purpose(0, 0).block(0, 0), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(with_purpose(~0ULL, ~0U).block(~0ULL, ~0U), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(with_purpose(0x299f31d0a4093822, 0x03707344).block(0x85a308d3243f6a88, 0x13198a2e),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, WordsAreTheBlocksInOrder) {
  const Philox random(7, Purpose::test);
  for (std::uint64_t i = 0; i < 64; ++i) EXPECT_EQ(random.word(i, 3), random.block(i / 4, 3)[i % 4]);
}

TEST(Philox, SeedPurposeStreamAndIndexEachMatter) {
  const Words base = Philox(1, Purpose::test).block(2, 3);
  EXPECT_NE(Philox(2, Purpose::test).block(2, 3), base);
  EXPECT_NE(Philox(1ULL << 32 | 1, Purpose::test).block(2, 3), base);
  EXPECT_NE(Philox(1, Purpose::weights).block(2, 3), base);
  EXPECT_NE(Philox(1, Purpose::test).block(2, 4), base);
  EXPECT_NE(Philox(1, Purpose::test).block(1ULL << 32 | 2, 3), base);
}

TEST(Philox, UnitIntervalIsHalfOpenAndExact) {
  EXPECT_EQ(Philox::to_unit(0), 0.0F);
  EXPECT_EQ(Philox::to_unit(~0U), 1.0F - 0x1p-24F);
  EXPECT_EQ(Philox::to_unit(1U << 31), 0.5F);
}

TEST(Philox, ScaleCoversTheRangeAndNoMore) {
  EXPECT_EQ(Philox::scale(0, 10), 0U);
  EXPECT_EQ(Philox::scale(~0U, 10), 9U);
  EXPECT_EQ(Philox::scale(~0U, 1), 0U);
}

// 10 bins of 20000 draws: chi-squared with 9 degrees of freedom exceeds 27.9 once in a thousand; the seed is fixed.
TEST(Philox, BelowIsUniform) {
  const Philox random(11, Purpose::test);
  std::vector<double> bins(10);
  constexpr int draws = 20000;
  for (std::uint64_t i = 0; i < draws; ++i) ++bins[random.below(10, i)];
  double chi_squared = 0;
  for (const double bin : bins) chi_squared += (bin - draws / 10.0) * (bin - draws / 10.0) / (draws / 10.0);
  EXPECT_LT(chi_squared, 27.9);
}

// Four standard errors at 20000 draws: 4 / sqrt(n) of the mean, 4 sqrt(2 / n) of the variance.
TEST(Philox, NormalHasMeanZeroAndVarianceOne) {
  const Philox random(12, Purpose::test);
  constexpr int draws = 20000;
  double sum = 0;
  double squares = 0;
  for (std::uint64_t i = 0; i < draws; ++i) {
    const double value = random.normal(i);
    ASSERT_TRUE(std::isfinite(value));
    sum += value;
    squares += value * value;
  }
  EXPECT_NEAR(sum / draws, 0, 4 / std::sqrt(draws));
  EXPECT_NEAR(squares / draws, 1, 4 * std::sqrt(2.0 / draws));
}

}  // namespace
}  // namespace frugal
