#include "impl/common/communicator.hpp"

#include <gmock/gmock.h>

#include <numeric>

namespace frugal {
namespace {

using ::testing::ElementsAre;

TEST(Shares, AreAsEqualAsCanBe) {
  EXPECT_THAT(equal_shares(10, 4), ElementsAre(0, 2, 5, 7, 10));
  EXPECT_THAT(equal_shares(2, 3), ElementsAre(0, 0, 1, 2));
  EXPECT_THAT(equal_shares(0, 2), ElementsAre(0, 0, 0));
}

TEST(Shares, ByWeightEndOnBlocks) {
  const std::vector<double> weights = {1, 1, 1, 1, 8, 8, 1, 1, 1};
  EXPECT_THAT(weighted_shares(weights, 2, 2), ElementsAre(0, 4, 9));
  EXPECT_THAT(weighted_shares(weights, 2, 1), ElementsAre(0, 9));
  EXPECT_THAT(weighted_shares({}, 2, 3), ElementsAre(0, 0, 0, 0));
}

TEST(Shares, ByWeightGiveNobodyMoreThanABlockBesideItsShare) {
  std::vector<double> weights(1000);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = 1000.0 / static_cast<double>(i + 1);
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (const int ranks : {1, 2, 3, 7}) {
    const std::vector<std::size_t> begins = weighted_shares(weights, 1, ranks);
    ASSERT_EQ(begins.size(), static_cast<std::size_t>(ranks) + 1);
    EXPECT_EQ(begins.back(), weights.size());
    for (int r = 0; r < ranks; ++r) {
      ASSERT_LE(begins[r], begins[r + 1]);
      const double share = std::accumulate(weights.begin() + static_cast<std::ptrdiff_t>(begins[r]),
                                           weights.begin() + static_cast<std::ptrdiff_t>(begins[r + 1]), 0.0);
      EXPECT_LE(share, sum / ranks + weights[begins[r]]);
    }
  }
}

}  // namespace
}  // namespace frugal
