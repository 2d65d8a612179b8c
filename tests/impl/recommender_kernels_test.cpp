// The parts of the fast recommenders that no model-level check reaches: extreme logits, long and odd lengths, the sort.
#include "impl/cpu/kernels/recommender_kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>

#include "impl/common/recommender/init.hpp"
#include "impl/cpu/recommender/sorted_ids.hpp"
#include "tests/impl/recommender_fixture.hpp"

namespace frugal::recommender_test {
namespace {

struct RecommenderKernelSet {
  const char* name;
  cpu::Isa needs;
  const cpu::RecommenderKernels* kernels;
};

class RecommenderKernel : public ::testing::TestWithParam<RecommenderKernelSet> {
 protected:
  void SetUp() override {
    if (cpu::isa() < GetParam().needs) GTEST_SKIP() << "this processor lacks " << GetParam().name;
  }
  const cpu::RecommenderKernels& kernels() const { return *GetParam().kernels; }
};

std::vector<float> kernel_inputs(std::size_t n, std::uint32_t stream) {
  std::vector<float> numbers(n);
  for (std::size_t i = 0; i < n; ++i) numbers[i] = static_cast<float>(Philox(1, Purpose::test).normal(i, stream));
  return numbers;
}

TEST_P(RecommenderKernel, CrossEntropyIsAccurateAtAllLogits) {
  std::vector<float> logits;
  std::vector<float> labels;
  for (double z = -80; z <= 80; z += 0.0137) {
    logits.insert(logits.end(), {static_cast<float>(z), static_cast<float>(z)});
    labels.insert(labels.end(), {0.F, 1.F});
  }
  std::vector<float> loss(logits.size());
  std::vector<float> slope(logits.size());
  kernels().cross_entropy(logits.data(), labels.data(), 0.25F, static_cast<long>(logits.size()), loss.data(),
                          slope.data());
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double z = labels[i] > 0 ? -double{logits[i]} : double{logits[i]};  // by symmetry, the label is 0
    const double sign = labels[i] > 0 ? -1 : 1;
    const double expected = z > 0 ? z + std::log1p(std::exp(-z)) : std::log1p(std::exp(z));
    ASSERT_NEAR(loss[i], expected, 4e-7 * expected) << logits[i];
    const double expected_slope = z > 0 ? 1 / (1 + std::exp(-z)) : std::exp(z) / (1 + std::exp(z));
    ASSERT_NEAR(slope[i], sign * 0.25 * expected_slope, 4e-7 * expected_slope) << logits[i];
  }
}

TEST_P(RecommenderKernel, CrossEntropyIsFiniteFarOutAndShowsNan) {
  const float logits[] = {1e30F, 1e30F, -1e30F, -1e30F, std::numeric_limits<float>::quiet_NaN()};
  const float labels[] = {0, 1, 0, 1, 0};
  float loss[5], slope[5];
  kernels().cross_entropy(logits, labels, 1, 5, loss, slope);
  EXPECT_EQ(loss[0], 1e30F);
  EXPECT_NEAR(loss[1], 0, 1e-30);
  EXPECT_NEAR(loss[2], 0, 1e-30);
  EXPECT_EQ(loss[3], 1e30F);
  EXPECT_EQ(slope[0], 1);
  EXPECT_NEAR(slope[1], 0, 1e-30);
  EXPECT_EQ(slope[3], -1);
  EXPECT_TRUE(std::isnan(loss[4]));
  EXPECT_TRUE(std::isnan(slope[4]));
}

TEST_P(RecommenderKernel, DrawsTheInitialValuesOfAnyPartOfATable) {
  constexpr int dim = 13;
  constexpr std::uint32_t rows = 300, table = 2;
  constexpr std::uint64_t seed = 0x1234567890abcdef;
  const std::vector<float> all = initial_table(rows, dim, seed, table);
  const cpu::PhiloxStream random{seed, static_cast<std::uint32_t>(Purpose::user_embedding), table};
  for (const std::size_t first : {0U, 1U, 2U, 3U, 4U, 13U, 1001U})
    for (const std::size_t n : {0U, 1U, 2U, 3U, 13U, 31U, 32U, 33U, 255U, 256U, 257U, 700U}) {
      std::vector<float> drawn(n + 1, 123.F);
      kernels().draw_uniforms(random, initial_table_bound(rows), first, static_cast<long>(n), drawn.data());
      EXPECT_EQ(drawn.back(), 123.F) << "written beyond the end, from " << first << " on, " << n;
      drawn.pop_back();
      EXPECT_EQ(drawn, std::vector(all.begin() + first, all.begin() + first + n)) << first << ", " << n;
    }
}

TEST_P(RecommenderKernel, PairDotsAndTheirGradientsAtOddSizes) {
  for (const long vectors : {2L, 3L, 17L, 27L, 40L}) {
    for (const long width : {1L, 7L, 16L, 33L}) {
      const std::vector<float> x = kernel_inputs(static_cast<std::size_t>(vectors * width), 2);
      const std::size_t pairs = static_cast<std::size_t>(vectors * (vectors - 1) / 2);
      const std::vector<float> gradient = kernel_inputs(pairs, 3);
      std::vector<float> scratch(static_cast<std::size_t>(cpu::pair_scratch(vectors, width)) + 1, 123.F);
      std::vector<float> dots(pairs + 1, 123.F), dx(x.size() + 1, 123.F);
      kernels().pair_dots(x.data(), vectors, width, scratch.data(), dots.data());
      kernels().pair_dots_backward(x.data(), gradient.data(), vectors, width, scratch.data(), dx.data());
      std::vector<double> expected(x.size(), 0.0);
      std::size_t pair = 0;
      for (long i = 0; i < vectors; ++i) {
        for (long j = 0; j < i; ++j, ++pair) {
          double dot = 0;
          for (long k = 0; k < width; ++k) {
            dot += double{x[i * width + k]} * x[j * width + k];
            expected[i * width + k] += double{gradient[pair]} * x[j * width + k];
            expected[j * width + k] += double{gradient[pair]} * x[i * width + k];
          }
          ASSERT_NEAR(dots[pair], dot, 2e-5) << vectors << " " << width;
        }
      }
      for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(dx[i], expected[i], 2e-5) << vectors << " " << width;
      EXPECT_EQ(dots.back(), 123.F) << "written beyond the end";
      EXPECT_EQ(dx.back(), 123.F) << "written beyond the end";
      EXPECT_EQ(scratch.back(), 123.F) << "written beyond the end";
    }
  }
}

TEST_P(RecommenderKernel, SumsRowsInOrderAtOddSizes) {
  const std::vector<float> rows = kernel_inputs(50 * 37, 4);
  for (const long width : {1L, 7L, 16L, 37L, 64L}) {
    for (const std::uint32_t count : {0U, 1U, 2U, 30U}) {
      std::vector<std::uint32_t> index(count);
      for (std::uint32_t i = 0; i < count; ++i) index[i] = (i * 7 + 3) % 20;
      std::vector<float> sum(static_cast<std::size_t>(width) + 1, 123.F);
      kernels().sum_rows(rows.data(), index.data(), count, width, sum.data());
      for (long k = 0; k < width; ++k) {
        float expected = 0;
        for (const std::uint32_t i : index) expected += rows[i * width + k];
        ASSERT_EQ(sum[k], expected) << width << " " << count;
      }
      EXPECT_EQ(sum.back(), 123.F) << "written beyond the end";
    }
  }
}

TEST_P(RecommenderKernel, ExponentialsAddUpWithoutOverflow) {
  for (const float level : {-500.F, 0.F, 500.F}) {
    const std::vector<float> terms = kernel_inputs(37, 5);
    std::vector<float> z = kernel_inputs(37, 6);
    z[3] = -1e30F;
    for (float& value : z) value += level;
    float largest = -1e30F;
    float sum = 0;
    kernels().add_exponentials(z.data(), terms.data(), 20, &largest, &sum);
    kernels().add_exponentials(z.data() + 20, terms.data() + 20, 17, &largest, &sum);
    double expected = 0;
    for (std::size_t i = 0; i < 37; ++i) expected += i == 3 ? 0 : std::exp(double{z[i]} + terms[i] - level);
    EXPECT_NEAR(largest + std::log(double{sum}), level + std::log(expected), 1e-6 * (1 + std::abs(level)));
    std::vector<float> shares = z;
    const auto log_sum = static_cast<float>(level + std::log(expected));
    kernels().exponentials(shares.data(), -log_sum, terms.data(), 37);
    for (std::size_t i = 0; i < 37; ++i)
      EXPECT_NEAR(shares[i], i == 3 ? 0 : std::exp(double{z[i]} + terms[i] - log_sum), 1e-5) << level << " " << i;
  }
}

TEST_P(RecommenderKernel, ReluBackwardMasksAndSums) {
  const std::vector<float> output{1, 0, -0.F, 9, 2, 3, 0, 9};
  std::vector<float> delta{1, 2, 3, 7, 4, 5, 6, 7};
  std::vector<float> sums{10, 20, 30};
  kernels().relu_backward(output.data(), delta.data(), 2, 3, 4, sums.data());
  EXPECT_EQ(delta, (std::vector<float>{1, 0, 0, 7, 4, 5, 0, 7}));
  EXPECT_EQ(sums, (std::vector<float>{15, 25, 30}));
  kernels().column_sums(delta.data(), 2, 3, 4, sums.data());
  EXPECT_EQ(sums, (std::vector<float>{20, 30, 30}));
}

INSTANTIATE_TEST_SUITE_P(
    InstructionSets, RecommenderKernel,
    ::testing::Values(RecommenderKernelSet{"avx2", cpu::Isa::avx2, &cpu::avx2::recommender_kernels},
                      RecommenderKernelSet{"avx512", cpu::Isa::avx512, &cpu::avx512::recommender_kernels}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(SortedIds, GroupsPositionsByIdInOrder) {
  for (const std::uint32_t bound : {1U, 2U, 1000U, 2049U, 0xffffffffU}) {
    std::vector<std::uint32_t> ids;
    for (std::uint64_t i = 0; i < 500; ++i) ids.push_back(Philox(1, Purpose::test).below(bound, i / 2 * 2 % 300));
    ids.push_back(bound - 1);
    std::map<std::uint32_t, std::vector<std::uint32_t>> expected;
    for (std::uint32_t i = 0; i < ids.size(); ++i) expected[ids[i]].push_back(i);
    cpu::SortedIds sorted;
    sorted.assign(std::vector<std::uint32_t>(700, 0), 1);  // what an earlier batch leaves behind must not show
    sorted.assign(ids, bound);
    ASSERT_EQ(sorted.rows(), expected.size()) << bound;
    std::size_t row = 0;
    for (const auto& [id, positions] : expected) {
      EXPECT_EQ(sorted.distinct()[row], id);
      EXPECT_TRUE(std::ranges::equal(sorted.positions(row), positions)) << id;
      for (const std::uint32_t position : positions) EXPECT_EQ(sorted.row_of()[position], row);
      ++row;
    }
  }
}

TEST(SortedIds, CarriesWhatTheIdsStandFor) {
  const std::vector<std::uint32_t> ids{70000, 3, 3, 9, 70000, 3};
  const std::vector<std::uint32_t> at{0, 0, 0, 4, 4, 5};
  cpu::SortedIds sorted;
  sorted.assign(std::vector<std::uint32_t>(700, 0), 1);
  sorted.assign(ids, at, 1000000);
  EXPECT_TRUE(std::ranges::equal(sorted.distinct(), std::vector<std::uint32_t>{3, 9, 70000}));
  EXPECT_TRUE(std::ranges::equal(sorted.positions(0), std::vector<std::uint32_t>{0, 0, 5}));
  EXPECT_TRUE(std::ranges::equal(sorted.positions(1), std::vector<std::uint32_t>{4}));
  EXPECT_TRUE(std::ranges::equal(sorted.positions(2), std::vector<std::uint32_t>{0, 4}));
}

}  // namespace
}  // namespace frugal::recommender_test
