#include <gmock/gmock.h>

#include <cstdlib>

#include "benchmarks/harness/run/cell_environment.hpp"

namespace frugal::harness {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Not;
using ::testing::StartsWith;

class CellEnvironmentTest : public ::testing::Test {
 protected:
  CellEnvironmentTest() {
    ::setenv("OMP_NUM_THREADS", "7", 1);
    ::setenv("FRUGAL_ISA", "avx2", 1);
  }
  ~CellEnvironmentTest() override {
    ::unsetenv("OMP_NUM_THREADS");
    ::unsetenv("FRUGAL_ISA");
  }
};

TEST_F(CellEnvironmentTest, HasTheThreadsOfThePlanAndNotOurs) {
  EXPECT_THAT(CellEnvironment{.threads = 3}.variables(),
              AllOf(Contains("OMP_NUM_THREADS=3"), Not(Contains("OMP_NUM_THREADS=7"))));
}

TEST_F(CellEnvironmentTest, HasOurInstructionSetUnlessThePlanAsksForOne) {
  EXPECT_THAT(CellEnvironment{}.variables(), Contains("FRUGAL_ISA=avx2"));
  EXPECT_THAT((CellEnvironment{.isa = "widest"}.variables()), Not(Contains(StartsWith("FRUGAL_ISA="))));
  ::unsetenv("FRUGAL_ISA");
  EXPECT_THAT((CellEnvironment{.isa = "avx2"}.variables()), Contains("FRUGAL_ISA=avx2"));
}

TEST_F(CellEnvironmentTest, BindsThreadsOnlyToProcessorsThatAreGiven) {
  EXPECT_THAT(CellEnvironment{}.variables(), Not(Contains(StartsWith("OMP_PROC_BIND="))));
  EXPECT_THAT((CellEnvironment{.threads = 2, .cpus = {0, 2}}.variables()),
              AllOf(Contains("OMP_PROC_BIND=true"), Contains("OMP_PLACES={0},{2}")));
}

}  // namespace
}  // namespace frugal::harness
