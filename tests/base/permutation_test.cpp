#include "impl/base/permutation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <unordered_set>
#include <vector>

namespace frugal {
namespace {

TEST(Permutation, IsABijectionForEverySizeUpToAThousand) {
  for (std::uint64_t n = 1; n <= 1000; ++n) {
    const Permutation permutation(n, 5, static_cast<std::uint32_t>(n));
    std::vector<bool> seen(n);
    for (std::uint64_t i = 0; i < n; ++i) {
      const std::uint64_t image = permutation(i);
      ASSERT_LT(image, n);
      ASSERT_FALSE(seen[image]) << "n " << n << ", position " << i;
      seen[image] = true;
    }
  }
}

TEST(Permutation, StaysInRangeAndDistinctForLargeSizes) {
  for (const std::uint64_t n : {(1ULL << 20) + 1, 1'000'000'007ULL, 1ULL << 40, (1ULL << 52) + 12345}) {
    const Permutation permutation(n, 5, 0);
    std::unordered_set<std::uint64_t> images;
    constexpr std::uint64_t samples = 4096;
    for (std::uint64_t i = 0; i < samples; ++i) {
      const std::uint64_t image = permutation(i * (n / samples));
      ASSERT_LT(image, n);
      ASSERT_TRUE(images.insert(image).second) << "n " << n;
    }
  }
}

double share_of_agreement(const Permutation& a, const Permutation& b) {
  std::uint64_t same = 0;
  for (std::uint64_t i = 0; i < a.size(); ++i) same += a(i) == b(i) ? 1 : 0;
  return static_cast<double>(same) / static_cast<double>(a.size());
}

// Two random permutations agree in one position on average.
TEST(Permutation, DiffersByEpochAndBySeed) {
  constexpr std::uint64_t n = 10'000;
  const Permutation base(n, 5, 0);
  EXPECT_LT(share_of_agreement(base, Permutation(n, 5, 1)), 0.001);
  EXPECT_LT(share_of_agreement(base, Permutation(n, 6, 0)), 0.001);
  EXPECT_LT(share_of_agreement(base, Permutation(n, 5, 0, Purpose::synthetic_item)), 0.001);
  EXPECT_EQ(share_of_agreement(base, Permutation(n, 5, 0)), 1.0);
}

// For a random permutation the rank correlation of position and image has a standard error of 1 / sqrt(n - 1).
TEST(Permutation, LeavesNoTrendBehind) {
  for (const std::uint64_t n : {std::uint64_t{1000}, std::uint64_t{4096}, std::uint64_t{100'000}}) {
    const Permutation permutation(n, 9, 3);
    const double mean = static_cast<double>(n - 1) / 2;
    double covariance = 0;
    double variance = 0;
    for (std::uint64_t i = 0; i < n; ++i) {
      const double position = static_cast<double>(i) - mean;
      covariance += position * (static_cast<double>(permutation(i)) - mean);
      variance += position * position;
    }
    EXPECT_LT(std::abs(covariance / variance), 4 / std::sqrt(static_cast<double>(n - 1))) << "n " << n;
  }
}

}  // namespace
}  // namespace frugal
