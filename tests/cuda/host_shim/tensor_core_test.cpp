// What stands for a tensor core without one: the fragments, the rounding, the sums.
#include "impl/cuda/kernels/tensor_core.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "impl/base/philox.hpp"
#include "impl/cuda/device/device.hpp"
#include "impl/cuda/kernels/half_operands.hpp"

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

/// out [8 count lanes]: what load_matrices gives each lane of a tile of 16 x 64 values 100 row + column.
template <bool transposed, int count>
__global__ void load_all(std::uint32_t* out) {
  constexpr int width = 64;
  auto* const tile = shared_memory<std::uint16_t>();
  const unsigned lane = threadIdx.x;
  const std::uint32_t start = shared_address(tile);
  for (unsigned i = lane; i < 16 * width / 2; i += 32) {
    const unsigned row = i / (width / 2), column = 2 * (i % (width / 2));
    store_shared(start + pair_at<width>(row, column), (100 * row + column) | (100 * row + column + 1) << 16);
  }
  __syncwarp();
  // Matrices: rows 0-7 and 8-15 of columns 8-15, then the same of 16-23.
  const unsigned row = lane % 16;
  std::uint32_t registers[count];
  load_matrices<transposed>(registers, start + piece_at<width>(row, 1 + lane / 16 % 2));
  for (int j = 0; j < count; ++j) out[count * lane + static_cast<unsigned>(j)] = registers[j];
}

template <bool transposed, int count>
void expect_matrices() {
  const Stream stream;
  DeviceBuffer<std::uint32_t> out(32 * count, "out");
  launch({"load_all", 1, 32, 2048}, stream, load_all<transposed, count>, out.data());
  const std::vector<std::uint32_t> found = out.download(stream);
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned j = 0; j < count; ++j)
      for (unsigned e = 0; e < 2; ++e) {
        const unsigned across = 2 * (lane % 4) + e;
        const unsigned row = 8 * (j % 2) + (transposed ? across : lane / 4);
        const unsigned column = 8 + 8 * (j / 2) + (transposed ? lane / 4 : across);
        ASSERT_EQ(found[count * lane + j] >> 16 * e & 0xffffU, 100 * row + column) << lane << " " << j;
      }
}

TEST(TensorCore, LoadsMatricesPlainAndTransposed) {
  expect_matrices<false, 4>();
  expect_matrices<true, 4>();
  expect_matrices<true, 2>();
}

__global__ void load_beside() {
  std::uint32_t registers[4];
  load_matrices<false>(registers, shared_address(shared_memory<float>()) + 16 * threadIdx.x);
}

TEST(TensorCore, AnAddressOutsideSharedMemoryIsAnError) {
  const Stream stream;
  EXPECT_THAT(
      [&] {
        launch({"load_beside", 1, 32, 16 * 31}, stream, load_beside);
      },
      ::testing::ThrowsMessage<host_shim::KernelError>(::testing::HasSubstr("16 bytes at 496 of 496")));
}

/// A 16 x 16 times its neighbour 16 x 8, of fp16 values in one or two parts.
template <class T, int parts>
__global__ void multiply_pairs(const float* a, const float* b, float* out) {
  const unsigned g = threadIdx.x / 4, t = threadIdx.x % 4;
  std::uint32_t left[2][4] = {}, right[2][2] = {};
  for (unsigned v = 0; v < 4; ++v) {
    const float* const at = a + 16 * (g + 8 * (v % 2)) + 2 * t + 8 * (v / 2);
    const Pair<T, parts> pair(at[0], at[1]);
    for (int part = 0; part < parts; ++part) left[part][v] = pair.bits[part];
  }
  for (unsigned v = 0; v < 2; ++v) {
    const unsigned k = 2 * t + 8 * v;
    const Pair<T, parts> pair(b[8 * k + g], b[8 * (k + 1) + g]);
    for (int part = 0; part < parts; ++part) right[part][v] = pair.bits[part];
  }
  float c[4] = {};
  T::multiply(c, left[0], right[0]);
  if constexpr (parts == 2) {
    T::multiply(c, left[0], right[1]);
    T::multiply(c, left[1], right[0]);
  }
  const WarpLane lane(threadIdx.x);
  for (int v = 0; v < 4; ++v) out[(lane.row() + 8 * (v / 2)) * 8 + lane.column() + v % 2] = c[v];
}

// Two parts: operands within 2^-22 of themselves, what is left out another 2^-22, and 16 roundings of a sum in fp32.
template <class T, int parts>
void expect_pairs_multiplied(double of_operand) {
  const Philox random(6, Purpose::test);
  std::vector<float> a(256), b(128);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = 1024 * (2 * random.uniform(i) - 1);
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = 8 * (2 * random.uniform(i, 1) - 1);
  const Stream stream;
  const DeviceBuffer<float> left(a, "a", stream), right(b, "b", stream);
  DeviceBuffer<float> out(128, "out");
  launch({"multiply_pairs", 1, 32}, stream, multiply_pairs<T, parts>, left.data(), right.data(), out.data());
  const std::vector<float> found = out.download(stream);
  double largest = 0;
  for (std::size_t r = 0; r < 16; ++r)
    for (std::size_t c = 0; c < 8; ++c) {
      double exact = 0, sizes = 0;
      for (std::size_t k = 0; k < 16; ++k) {
        exact += double{a[16 * r + k]} * double{b[8 * k + c]};
        sizes += std::abs(double{a[16 * r + k]} * double{b[8 * k + c]});
      }
      const double error = std::abs(found[8 * r + c] - exact);
      ASSERT_LE(error, (3 * of_operand + 48 * 0x1p-24) * sizes);
      largest = std::max(largest, error / sizes);
    }
  EXPECT_GE(largest, of_operand / 16);  // no better than what was asked for
}

TEST(TensorCore, MultipliesHalfFloatsInOneAndTwoParts) {
  expect_pairs_multiplied<Fp16, 1>(0x1p-11);
  expect_pairs_multiplied<Bf16, 1>(0x1p-8);
  expect_pairs_multiplied<Fp16, 2>(0x1p-22);
  expect_pairs_multiplied<Bf16, 2>(0x1p-16);
}

}  // namespace
}  // namespace frugal::cuda
