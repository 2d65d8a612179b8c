// What the contract tests of ranking (tests/impl/ranking_contract_test.cpp) run on here, and the device's own cases.
#include "impl/cuda/ranking/ranking.hpp"

#include <gtest/gtest.h>

#include "impl/cuda/backend.hpp"
#include "impl/cuda/device/device_tensors.hpp"
#include "tests/impl/ranking_fixture.hpp"

namespace frugal {
namespace {

using ranking_test::Problem;

const ranking_test::Rank cuda_rank{"cuda", [](const Problem& p) {
                                     const cuda::Stream stream;
                                     const std::size_t dim = static_cast<std::size_t>(p.dim);
                                     const std::size_t stride = (dim + 3) / 4 * 4;
                                     const std::vector<float> users = cuda::with_gaps(p.users, dim, stride);
                                     const std::vector<float> items = cuda::with_gaps(p.items, dim, stride);
                                     const cuda::DeviceBuffer<float> device_users(users, "users", stream);
                                     const cuda::DeviceBuffer<float> device_items(items, "items", stream);
                                     const cuda::DeviceBuffer<float> bias(p.item_bias, "biases", stream);
                                     return cuda::rank({.users = device_users.data(),
                                                        .items = device_items.data(),
                                                        .item_bias = bias.data(),
                                                        .items_count = p.item_count(),
                                                        .dim = static_cast<unsigned>(p.dim),
                                                        .stride = static_cast<unsigned>(stride)},
                                                       p.queries(), stream);
                                   }};

TEST(RankingCuda, ASeenItemListedTwiceIsMaskedOnce) {
  if (const Support available = cuda::backend().available(); !available) GTEST_SKIP() << available.reason;
  Problem problem;
  problem.users = {1};
  problem.items = {5, 4, 3, 2, 1};
  problem.held_out = {{0, 3}};
  problem.seen_offsets = {0, 4};
  problem.seen = {1, 1, 1, 4};
  EXPECT_EQ(cuda_rank.rank(problem), std::vector<std::uint32_t>{2});
}

// More tiles of items than a split has, and more queries than a tile.
TEST(RankingCuda, CountsOverSplitsOfTheItems) {
  if (const Support available = cuda::backend().available(); !available) GTEST_SKIP() << available.reason;
  const Problem problem = ranking_test::integer_problem(70, 64 * 19 + 5, 18, 0, true);
  EXPECT_EQ(cuda_rank.rank(problem), ranking_test::reference_rank.rank(problem));
}

}  // namespace

std::vector<ranking_test::Rank> ranking_test::ranks_under_test() {
  if (!cuda::backend().available()) return {reference_rank};
  return {cuda_rank};
}

}  // namespace frugal
