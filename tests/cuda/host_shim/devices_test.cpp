// Which devices a build is for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "impl/cuda/device/architectures.hpp"

namespace frugal::cuda {
namespace {

TEST(Architectures, MachineCodeRunsOnItsGenerationAndPtxOnAllThatCameLater) {
  EXPECT_TRUE(runs_on(75, "75-real 80-real 90a-real 90-virtual"));
  EXPECT_TRUE(runs_on(86, "75-real 80-real 90a-real 90-virtual"));
  EXPECT_TRUE(runs_on(120, "75-real 80-real 90a-real 90-virtual"));
  EXPECT_FALSE(runs_on(80, "75-real 90a-real"));
  EXPECT_FALSE(runs_on(80, "86-real"));
  EXPECT_FALSE(runs_on(100, "90a-real"));
  EXPECT_FALSE(runs_on(103, "100a-real 90a-virtual"));
  EXPECT_TRUE(runs_on(103, "100f-real"));
  EXPECT_FALSE(runs_on(110, "100f-virtual"));
  EXPECT_TRUE(runs_on(89, "80"));
  EXPECT_FALSE(runs_on(90, "80")) << "its kernels for 9.0 are empty there";
  EXPECT_FALSE(runs_on(86, "75"));
  EXPECT_TRUE(runs_on(120, "90"));
  EXPECT_FALSE(runs_on(75, "80"));
  EXPECT_TRUE(runs_on(75, "all-major"));
}

TEST(Architectures, ARefusalSaysWhatTheDeviceIsAndHowToBuildForIt) {
  EXPECT_EQ(runs_on(75, "90a-real").reason,
            "this device has compute capability 7.5, and this program has kernels for 90a-real: build it with "
            "-DCMAKE_CUDA_ARCHITECTURES=75-real");
  EXPECT_THAT(runs_on(61, "75-real").reason, ::testing::EndsWith("; the back end is for 7.5 and later"));
}

}  // namespace
}  // namespace frugal::cuda
