// Each probe does the work it counts: its results are those of that work, on every thread.
#include "impl/cuda/probes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <optional>

namespace frugal::cuda {
namespace {

using ::testing::Each;
using ::testing::FloatNear;

class CudaProbes : public ::testing::Test {
 protected:
  static constexpr unsigned blocks = 2;
  void SetUp() override {
    if (const Support support = device_available(); !support) GTEST_SKIP() << support.reason;
    stream.emplace();
    results = DeviceBuffer<float>(blocks * probe::threads, "results");
  }
  std::vector<float> downloaded() const { return results.download(*stream); }

  std::optional<Stream> stream;
  DeviceBuffer<float> results;
};

TEST_F(CudaProbes, MultiplyAddsApproachTheirFixedPointEachRound) {
  probe::multiply_add(blocks, 3, results.data(), *stream);
  EXPECT_THAT(downloaded(), Each(probe::sums * 1.875F));
}

TEST_F(CudaProbes, ProductsAddTheirDepthEachRound) {
  if (!has_tensor_cores()) GTEST_SKIP() << "no tensor cores for tf32 and bf16";
  probe::product(Precision::tf32, blocks, 3, results.data(), *stream);
  EXPECT_THAT(downloaded(), Each(4.F * probe::sums * 3 * 8));
  probe::product(Precision::bf16, blocks, 3, results.data(), *stream);
  EXPECT_THAT(downloaded(), Each(4.F * probe::sums * 3 * 16));
  // Of a block: what its threads hold together, a multiply and an add for each unit of depth.
  EXPECT_EQ(probe::product_flops(Precision::bf16), 4. * probe::sums * probe::threads * 2 * 16);
}

TEST_F(CudaProbes, EveryValueIsReadOnce) {
  constexpr std::size_t quads = 3 * blocks * probe::threads + 5;
  std::vector<float4> values(quads);
  for (std::size_t i = 0; i < quads; ++i) values[i] = make_float4(1, 2, 3, static_cast<float>(i % 7));
  const DeviceBuffer<float4> data(std::span<const float4>(values), "data", *stream);
  probe::read(data.data(), quads, blocks, results.data(), *stream);
  double expected = 0;
  for (const float4& four : values) expected += four.x + four.y + four.z + four.w;
  const std::vector<float> sums = downloaded();
  EXPECT_EQ(std::accumulate(sums.begin(), sums.end(), 0.), expected);
}

TEST_F(CudaProbes, SinesAndCosinesOfAnAngleMakeAUnit) {
  probe::sine(blocks, 5, results.data(), *stream);
  EXPECT_THAT(downloaded(), Each(FloatNear(5, 5e-6F)));
}

}  // namespace
}  // namespace frugal::cuda
