// What is said of a job that a rank has ended, from what mpirun and the ranks left on standard error.
#include <gtest/gtest.h>

#include "benchmarks/harness/run/rank_job.hpp"

namespace frugal::harness {
namespace {

constexpr const char* by_mpirun =
    "--------\nmpirun noticed that process rank 2 with PID 12345 on node host7 exited on signal 9 (Killed).\n--------\n";

TEST(LostRank, IsTheOneThatMpirunNames) {
  EXPECT_EQ(lost_rank(by_mpirun), "rank 2 on host7: exited on signal 9 (Killed)");
}

TEST(LostRank, OfOneThatSaysWhyIsWhatItSays) {
  const std::string own = "a warning\nfrugal: rank 1 on n2: out of memory";
  EXPECT_EQ(lost_rank(own + "\n" + by_mpirun), "rank 1 on n2: out of memory");
  EXPECT_EQ(lost_rank(by_mpirun + own), "rank 1 on n2: out of memory") << "whoever is heard first";
}

TEST(LostRank, IsNoneWhereNobodyTells) {
  EXPECT_EQ(lost_rank(""), std::nullopt);
  EXPECT_EQ(lost_rank("a warning\n"), std::nullopt);
  const std::string whole = by_mpirun;
  for (const char* end : {" with PID", " on node", " exited", "(Killed)."})
    EXPECT_EQ(lost_rank(whole.substr(0, whole.find(end))), std::nullopt) << end;
}

}  // namespace
}  // namespace frugal::harness
