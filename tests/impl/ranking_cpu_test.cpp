// The fast ranking at any number of threads and on both instruction sets.
#include <gtest/gtest.h>
#include <omp.h>

#include "impl/cpu/kernels/isa.hpp"
#include "impl/cpu/kernels/ranking_kernels.hpp"
#include "tests/impl/ranking_fixture.hpp"

namespace frugal {
namespace {

using ranking_test::Problem;

TEST(RankingCpu, AnyNumberOfThreadsGivesTheSameRanks) {
  const int before = omp_get_max_threads();
  for (const int per_query : {0, 20}) {
    const Problem problem = ranking_test::integer_problem(300, 700, 9, per_query, true);
    omp_set_num_threads(1);
    const auto expected = ranking_test::ranked("cpu", problem);
    for (const int threads : {2, 3, 8}) {
      omp_set_num_threads(threads);
      EXPECT_EQ(ranking_test::ranked("cpu", problem), expected) << threads;
    }
  }
  omp_set_num_threads(before);
}

struct RankingKernelSet {
  const char* name;
  cpu::Isa needs;
  const cpu::RankingKernels* kernels;
};

class RankingKernel : public ::testing::TestWithParam<RankingKernelSet> {
 protected:
  void SetUp() override {
    if (cpu::isa() < GetParam().needs) GTEST_SKIP() << "this processor lacks " << GetParam().name;
  }
};

TEST_P(RankingKernel, CountsAllowedItemsNotBelowTheThreshold) {
  constexpr int dim = 5;
  constexpr std::size_t panels = 3;
  constexpr std::size_t panel_floats = cpu::item_panel * (dim + 1);
  const Philox random(2, Purpose::test);
  std::vector<float> packed(panels * panel_floats);
  for (std::size_t i = 0; i < packed.size(); ++i) packed[i] = static_cast<float>(random.below(5, i)) - 2;
  for (const std::size_t queries : {1, 6, 12, 13, 29}) {
    std::vector<float> users(queries * dim);
    for (std::size_t i = 0; i < users.size(); ++i) users[i] = static_cast<float>(random.below(5, i, 1)) - 2;
    std::vector<std::uint32_t> words(queries * panels);
    for (std::size_t i = 0; i < words.size(); ++i) words[i] = random.word(i, 2);
    std::vector<const float*> user_rows;
    std::vector<const std::uint32_t*> allowed;
    std::vector<float> threshold;
    std::vector<std::uint32_t> expected;
    for (std::size_t q = 0; q < queries; ++q) {
      user_rows.push_back(users.data() + q * dim);
      allowed.push_back(words.data() + q * panels);
      threshold.push_back(static_cast<float>(random.below(9, q, 3)) - 4);
      std::uint32_t count = 1000;
      for (std::size_t item = 0; item < panels * cpu::item_panel; ++item) {
        const std::size_t lane = item % cpu::item_panel;
        const float* panel = packed.data() + item / cpu::item_panel * panel_floats;
        float score = panel[lane];
        for (std::size_t k = 0; k < dim; ++k) score += users[q * dim + k] * panel[(k + 1) * cpu::item_panel + lane];
        count += score >= threshold[q] && (allowed[q][item / cpu::item_panel] >> lane & 1U);
      }
      expected.push_back(count);
    }
    std::vector<std::uint32_t> counts(queries, 1000);
    GetParam().kernels->count_panels(user_rows.data(), static_cast<long>(queries), packed.data(), panels, dim,
                                     threshold.data(), allowed.data(), counts.data());
    EXPECT_EQ(counts, expected);
  }
}

TEST_P(RankingKernel, ScoreHasTheBitsOfThePanels) {
  constexpr int dim = 41;
  const Philox random(4, Purpose::test);
  std::vector<float> u(dim), packed(cpu::item_panel * (dim + 1));
  for (std::size_t k = 0; k < dim; ++k) u[k] = random.uniform(k) - 0.5F;
  for (std::size_t i = 0; i < packed.size(); ++i) packed[i] = random.uniform(i, 1) - 0.5F;
  for (std::size_t lane = 0; lane < cpu::item_panel; ++lane) {
    std::vector<float> v(dim);
    for (std::size_t k = 0; k < dim; ++k) v[k] = packed[(k + 1) * cpu::item_panel + lane];
    const float score = GetParam().kernels->score(u.data(), v.data(), packed[lane], dim);
    const std::uint32_t only = 1U << lane;
    const std::uint32_t* allowed = &only;
    const float* user = u.data();
    // Not below its own score, but below the next float.
    for (const bool above : {false, true}) {
      const float threshold = above ? std::nextafter(score, 1e9F) : score;
      std::uint32_t count = 0;
      GetParam().kernels->count_panels(&user, 1, packed.data(), 1, dim, &threshold, &allowed, &count);
      EXPECT_EQ(count, above ? 0u : 1u);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, RankingKernel,
                         ::testing::Values(RankingKernelSet{"avx2", cpu::Isa::avx2, &cpu::avx2::ranking_kernels},
                                           RankingKernelSet{"avx512", cpu::Isa::avx512, &cpu::avx512::ranking_kernels}),
                         [](const auto& test) { return test.param.name; });

}  // namespace

}  // namespace frugal
