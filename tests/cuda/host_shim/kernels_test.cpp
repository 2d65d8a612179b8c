// Kernels shared by the models, each against a plain computation, at sizes around and beyond its tiles, with threads
// and blocks in either order.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "impl/base/philox.hpp"
#include "impl/cuda/device/host_shim/block.hpp"
#include "impl/cuda/kernels/id_sort.hpp"
#include "impl/cuda/kernels/product.hpp"
#include "impl/cuda/kernels/tile_product.hpp"

namespace frugal::cuda {
namespace {

using host_shim::Order;

class SharedKernels : public ::testing::TestWithParam<Order> {
 protected:
  void SetUp() override { host_shim::set_order(GetParam()); }
  void TearDown() override { host_shim::set_order(Order::forward); }

  static std::vector<std::uint32_t> random_ids(std::size_t n, std::uint32_t bound) {
    const Philox random(n, Purpose::test);
    std::vector<std::uint32_t> ids(n);
    for (std::size_t i = 0; i < n; ++i) ids[i] = random.below(bound, i, bound);
    return ids;
  }

  static std::vector<float> uniforms(std::size_t n, std::uint32_t stream) {
    const Philox random(1, Purpose::test);
    std::vector<float> values(n);
    for (std::size_t i = 0; i < n; ++i) values[i] = 2 * random.uniform(i, stream) - 1;
    return values;
  }

  /// Device memory is the processor's here.
  template <class T>
  static std::vector<T> taken(const T* from, std::size_t n) {
    return {from, from + n};
  }

  Stream stream_;
};

TEST_P(SharedKernels, SortIsStableAndSorts) {
  for (const std::uint32_t bound : {1U, 2U, 16U, 17U, 4095U, 100'000U})
    for (const std::size_t n : {1, 2047, 2048, 2049, 4500}) {
      const std::vector<std::uint32_t> ids = random_ids(n, bound);
      std::vector<std::uint32_t> expected(n);
      std::iota(expected.begin(), expected.end(), 0U);
      std::stable_sort(expected.begin(), expected.end(), [&](auto a, auto b) { return ids[a] < ids[b]; });
      std::vector<std::uint32_t> positions(n);
      std::iota(positions.begin(), positions.end(), 0U);
      IdSort sort(n, bound);
      sort.sort(ids.data(), positions.data(), n, stream_);
      ASSERT_EQ(taken(sort.values(), n), expected) << bound << ' ' << n;
      for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(sort.sorted()[i], ids[expected[i]]);
    }
}

TEST_P(SharedKernels, ScanSumsWhatLiesBefore) {
  for (const std::size_t n : {1, 7, 2047, 2048, 2049, 6000}) {
    std::vector<std::uint32_t> values = random_ids(n, 1000);
    std::vector<std::uint32_t> expected(n);
    std::exclusive_scan(values.begin(), values.end(), expected.begin(), 0U);
    exclusive_scan(values.data(), n, stream_);
    EXPECT_EQ(values, expected) << n;
  }
}

TEST_P(SharedKernels, BeginsCountTheIdsBelow) {
  for (const std::size_t n : {0, 1, 300}) {
    std::vector<std::uint32_t> ids = random_ids(n, 90);
    for (std::uint32_t& id : ids) id += 5;  // none at the start, none at the end
    std::sort(ids.begin(), ids.end());
    std::vector<std::uint32_t> begins(101, 77);
    find_begins(ids.data(), n, 100, begins.data(), stream_);
    for (std::uint32_t b = 0; b <= 100; ++b)
      EXPECT_EQ(begins[b], std::count_if(ids.begin(), ids.end(), [&](auto id) { return id < b; })) << n << ' ' << b;
  }
}

TEST_P(SharedKernels, GroupsListEachIdOnceWithItsPositions) {
  for (const std::size_t n : {1, 255, 256, 257, 2500})
    for (const std::uint32_t bound : {1U, 40U, 100'000U})
      for (const std::size_t padding : {std::size_t{0}, n / 3, n}) {
        std::vector<std::uint32_t> ids = random_ids(n, bound);
        std::fill(ids.end() - static_cast<std::ptrdiff_t>(padding), ids.end(), bound);
        IdGroups groups(n, bound);
        std::copy(ids.begin(), ids.end(), groups.ids());
        groups.assign(n, stream_);
        const IdGroups::View view = groups.view();
        std::vector<std::uint32_t> distinct(ids.begin(), ids.end() - static_cast<std::ptrdiff_t>(padding));
        std::sort(distinct.begin(), distinct.end());
        distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
        ASSERT_EQ(*view.rows, distinct.size());
        ASSERT_EQ(taken(view.ids, distinct.size()), distinct);
        ASSERT_EQ(view.begin[distinct.size()], n - padding);
        for (std::uint32_t r = 0; r < distinct.size(); ++r)
          for (std::uint32_t i = view.begin[r]; i < view.begin[r + 1]; ++i) {
            ASSERT_EQ(ids[view.positions[i]], distinct[r]);
            ASSERT_EQ(view.row_of[view.positions[i]], r);
            ASSERT_TRUE(i == view.begin[r] || view.positions[i - 1] < view.positions[i]);
          }
      }
}

/// out[i, j] = c, of one slice.
struct ToMatrix {
  float* out;
  std::size_t stride;
  __device__ void operator()(unsigned, std::uint32_t i, std::uint32_t j, float c) const { out[i * stride + j] = c; }
};

TEST_P(SharedKernels, ProductIsThatOfGatheredRowsWithRowsOfAnyNumber) {
  for (const auto& [rows, columns, depth] :
       {std::tuple{1U, 1U, 2U}, std::tuple{63U, 65U, 17U}, std::tuple{70U, 3U, 100U}, std::tuple{129U, 64U, 16U}}) {
    // The last value of each row comes from an array of its own.
    const std::vector<float> left = uniforms(50 * (depth - 1), 0);
    const std::vector<float> more = uniforms(50, 4);
    const std::vector<float> right = uniforms(columns * depth, 1);
    const std::vector<std::uint32_t> ids = random_ids(rows, 50);
    std::vector<float> c(std::size_t{rows} * columns, -7);
    const std::uint32_t present = rows - rows / 3;  // known to the device only
    multiply("test", stream_, ByInputRows{{left.data(), depth - 1, ids.data(), more.data(), 1}},
             ByRows{right.data(), depth}, ToMatrix{c.data(), columns}, Count{rows, &present}, columns, Count{depth});
    for (std::uint32_t i = 0; i < rows; ++i)
      for (std::uint32_t j = 0; j < columns; ++j) {
        double expected = double{more[ids[i]]} * double{right[j * depth + depth - 1]};
        for (std::uint32_t k = 0; k + 1 < depth; ++k)
          expected += double{left[ids[i] * (depth - 1) + k]} * double{right[j * depth + k]};
        if (i >= present) expected = -7;
        ASSERT_NEAR(c[i * columns + j], expected, 8 * 1.2e-7 * std::sqrt(depth)) << i << ' ' << j;
      }
  }
}

TEST_P(SharedKernels, SlicesOfAProductAddUpToIt) {
  const std::uint32_t rows = 67, columns = 9, depth = 211, slices = 5;
  const std::vector<float> left = uniforms(rows * depth, 2);
  const std::vector<float> right = uniforms(columns * depth, 3);
  std::vector<float> c(std::size_t{slices} * rows * columns, -7);
  std::vector<float> sums(std::size_t{slices} * rows, -7);
  multiply("test", stream_, ByColumns{left.data(), rows}, ByColumns{right.data(), columns},
           ToSlices{c.data(), columns, std::size_t{rows} * columns}, Count{rows}, columns, Count{depth}, slices,
           sums.data(), rows);
  for (std::uint32_t i = 0; i < rows; ++i) {
    double expected_sum = 0;
    double sum = 0;
    for (std::uint32_t k = 0; k < depth; ++k) expected_sum += double{left[k * rows + i]};
    for (std::uint32_t s = 0; s < slices; ++s) sum += double{sums[s * rows + i]};
    ASSERT_NEAR(sum, expected_sum, 8 * 1.2e-7 * std::sqrt(depth));
    for (std::uint32_t j = 0; j < columns; ++j) {
      double expected = 0;
      double total = 0;
      for (std::uint32_t k = 0; k < depth; ++k) expected += double{left[k * rows + i]} * double{right[k * columns + j]};
      for (std::uint32_t s = 0; s < slices; ++s) total += double{c[(s * rows + i) * columns + j]};
      ASSERT_NEAR(total, expected, 8 * 1.2e-7 * std::sqrt(depth)) << i << ' ' << j;
    }
  }
}

/// Keeps C and lets its column sums be taken.
struct KeepTile {
  static constexpr bool has_mask = true;
  static constexpr bool has_sums = true;
  float* out;
  std::size_t stride;
  std::size_t slice_stride;
  std::uint32_t columns;
  float* sums;
  /// As one knows without them.
  __device__ unsigned mask(std::uint32_t i, std::uint32_t j) const { return (i + j / 2) % 4; }
  __device__ float2 column(std::uint32_t j) const { return make_float2(static_cast<float>(j), 0.F); }
  __device__ float2 operator()(unsigned slice, std::uint32_t i, std::uint32_t j, float2 c, float2 column, unsigned mask,
                               bool present) const {
    EXPECT_EQ(column.x, static_cast<float>(j));
    EXPECT_EQ(mask, (i + j / 2) % 4) << i << ' ' << j;
    if (!present || j >= columns) return make_float2(0.F, 0.F);
    out[slice * slice_stride + i * stride + j] = c.x;
    if (j + 1 < columns) out[slice * slice_stride + i * stride + j + 1] = c.y;
    return make_float2(c.x, j + 1 < columns ? c.y : 0.F);
  }
};

// Of both tiles, in slices, of sizes that no tile divides. An operand of tf32 is off by 2^-11 of itself, of bf16 by 2^-8;
// the sums are those of rounded operands to the rounding of fp32.
TEST_P(SharedKernels, TilesAreProductsOfRoundedOperandsInSlicesAndTheirColumnSums) {
  const std::uint32_t rows = 137, columns = 131, depth = 150;
  const std::vector<float> left = uniforms(rows * depth, 2);
  const std::vector<float> right = uniforms(columns * depth, 3);
  const double tolerance = 8 * 1.2e-7 * std::sqrt(depth);
  const auto expect_product = [&]<Precision precision>(std::integral_constant<Precision, precision>, ProductTile tile,
                                                       unsigned slices) {
    OperandBuffer a(rows, depth, precision, "left", stream_);
    OperandBuffer b(columns, depth, precision, "right", stream_);
    for (std::uint32_t k = 0; k < depth; ++k) {
      for (std::uint32_t i = 0; i < rows; ++i) a.view().put<precision>(i, k, left[i * depth + k]);
      for (std::uint32_t j = 0; j < columns; ++j) b.view().put<precision>(j, k, right[j * depth + k]);
    }
    const std::uint32_t present = rows - 5;  // known to the device only
    const std::size_t area = std::size_t{rows} * columns;
    std::vector<float> c(slices * area, -7);
    const unsigned row_tiles = blocks_for(rows, tile.rows);
    std::vector<float> sums(std::size_t{row_tiles} * columns, -7);
    multiply_tiles<precision>("test", stream_, tile, a.view(), b.view(),
                              KeepTile{c.data(), columns, area, columns, sums.data()}, Count{rows, &present}, columns,
                              Count{depth}, slices);
    const auto round = [](float x) {
      if (precision == Precision::fp32) return double{x};
      return double{precision == Precision::tf32 ? to_tf32(x) : from_bf16(to_bf16(x))};
    };
    for (std::uint32_t j = 0; j < columns; ++j) {
      for (std::uint32_t i = 0; i < rows; ++i) {
        double expected = 0;
        for (std::uint32_t k = 0; k < depth; ++k) expected += round(left[i * depth + k]) * round(right[j * depth + k]);
        double found = 0;
        for (unsigned s = 0; s < slices; ++s) found += double{c[s * area + i * columns + j]};
        ASSERT_NEAR(found, i < present ? expected : -7.0 * slices, tolerance) << tile.columns << ' ' << i << ' ' << j;
      }
      if (slices > 1) continue;
      double sum = 0;
      double expected = 0;
      for (unsigned t = 0; t < row_tiles; ++t) sum += double{sums[t * columns + j]};
      for (std::uint32_t i = 0; i < present; ++i) expected += double{c[i * columns + j]};
      ASSERT_NEAR(sum, expected, tolerance * std::sqrt(rows)) << tile.columns << ' ' << j;
    }
  };
  for (const ProductTile& tile : {ProductTile{64, 64, false}, {128, 128, false}, {128, 64, true}, {128, 128, true}}) {
    if (!tile.warpgroups) expect_product(std::integral_constant<Precision, Precision::fp32>{}, tile, 1);
    expect_product(std::integral_constant<Precision, Precision::tf32>{}, tile, 2);
    expect_product(std::integral_constant<Precision, Precision::bf16>{}, tile, 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Orders, SharedKernels, ::testing::Values(Order::forward, Order::reversed),
                         [](const auto& test) { return test.param == Order::forward ? "forward" : "reversed"; });

}  // namespace
}  // namespace frugal::cuda
