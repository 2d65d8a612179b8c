// What is counted of what travels.
#include "impl/mpi/counting.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "tests/common/thread_ranks.hpp"

namespace frugal::mpi {
namespace {

TEST(MpiCounting, OfAGatherThatBeginsFurtherOnOnlyItsOwnRowsCount) {
  test::ThreadRanks::run(2, [](Communicator& ranks) {
    Counting counting(ranks);
    std::vector<float> rows(14 * 3, -1.0F);
    const std::vector<std::size_t> begins = {10, 12, 14};
    for (std::size_t row = begins[ranks.rank()]; row < begins[ranks.rank() + 1]; ++row)
      for (std::size_t c = 0; c < 3; ++c) rows[row * 3 + c] = static_cast<float>(row);
    gather_rows(counting, rows.data(), 3, begins);
    for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i], i < 30 ? -1.0F : static_cast<float>(i / 3)) << i;
    EXPECT_EQ(counting.counts().bytes, 2 * 3 * sizeof(float)) << "the other rank's";
  });
}

}  // namespace
}  // namespace frugal::mpi
