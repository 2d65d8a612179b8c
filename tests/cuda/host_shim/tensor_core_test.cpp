// What stands for a tensor core without one: the fragments, the rounding, the sums.
#include "impl/cuda/kernels/tensor_core.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "impl/base/philox.hpp"
#include "impl/cuda/device/device.hpp"

namespace frugal::cuda {
namespace {

TEST(TensorCore, RoundsToTf32WithTiesAwayFromZero) {
  EXPECT_EQ(to_tf32(1 + 0x1p-11F), 1 + 0x1p-10F);
  EXPECT_EQ(to_tf32(-1 - 0x1p-11F), -1 - 0x1p-10F);
  EXPECT_EQ(to_tf32(1 + 0x1.fp-12F), 1.F);
  EXPECT_EQ(to_tf32(0.F), 0.F);
}

TEST(TensorCore, RoundsToBf16WithTiesToEven) {
  const auto rounded = [](float x) { return from_bf16(to_bf16(x)); };
  EXPECT_EQ(rounded(1 + 0x1p-8F), 1.F);
  EXPECT_EQ(rounded(1 + 3 * 0x1p-8F), 1 + 0x1p-6F);
  EXPECT_EQ(rounded(-1 - 0x1.1p-8F), -1 - 0x1p-7F);
}

TEST(TensorCore, RoundingKeepsTheNanThatADeviceMakes) {
  const auto nan = std::bit_cast<float>(0x7fffffffU);
  EXPECT_TRUE(std::isnan(to_tf32(nan)));
  EXPECT_TRUE(std::isnan(from_bf16(to_bf16(nan))));
}

template <Precision precision>
__global__ void multiply(const float* a, const float* b, int depth, int tiles, float* out) {
  float c[4][4] = {};
  warp_product<precision>(
      c, tiles, depth, [&](int r, int k) { return a[r * depth + k]; },
      [&](int k, int column) { return b[k * 8 * tiles + column]; });
  const WarpLane lane(threadIdx.x);
  for (int n = 0; n < tiles; ++n)
    for (int v = 0; v < 4; ++v) out[(lane.row() + 8 * (v / 2)) * 8 * tiles + 8 * n + lane.column() + v % 2] = c[n][v];
}

template <Precision precision>
void expect_product(int depth, int tiles) {
  const Philox random(5, Purpose::test);
  const auto round = [](float x) { return precision == Precision::tf32 ? to_tf32(x) : from_bf16(to_bf16(x)); };
  std::vector<float> a(static_cast<std::size_t>(16 * depth)), b(static_cast<std::size_t>(depth * 8 * tiles));
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = 2 * random.uniform(i) - 1;
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = 2 * random.uniform(i, 1) - 1;
  const Stream stream;
  const DeviceBuffer<float> left(a, "a", stream), right(b, "b", stream);
  DeviceBuffer<float> out(static_cast<std::size_t>(16 * 8 * tiles), "out");
  launch({"multiply", 1, 32}, stream, multiply<precision>, left.data(), right.data(), depth, tiles, out.data());
  const std::vector<float> found = out.download(stream);
  for (int r = 0; r < 16; ++r)
    for (int c = 0; c < 8 * tiles; ++c) {
      double expected = 0;
      double exact = 0;
      for (int k = 0; k < depth; ++k) {
        expected += double{round(a[r * depth + k])} * double{round(b[k * 8 * tiles + c])};
        exact += double{a[r * depth + k]} * double{b[k * 8 * tiles + c]};
      }
      ASSERT_NEAR(found[r * 8 * tiles + c], expected, 1e-6 * depth) << r << " " << c;
      ASSERT_NE(static_cast<float>(exact), found[r * 8 * tiles + c]);  // it did round
    }
}

TEST(TensorCore, MultipliesRoundedOperands) {
  expect_product<Precision::tf32>(8, 1);
  expect_product<Precision::tf32>(40, 3);
  expect_product<Precision::bf16>(16, 1);
  expect_product<Precision::bf16>(48, 4);
}

}  // namespace
}  // namespace frugal::cuda
