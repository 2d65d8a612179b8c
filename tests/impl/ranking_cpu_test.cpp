// The fast ranking beyond one tile, panel and chunk, on both instruction sets.
#include <gtest/gtest.h>
#include <omp.h>

#include "impl/common/philox.hpp"
#include "impl/cpu/kernels/ranking_kernels.hpp"
#include "tests/impl/ranking_fixture.hpp"

namespace frugal {
namespace {

using ranking_test::Problem;

/// Factors are small integers: every sum is exact in fp32, so the two back ends must agree to the last tie, of which
/// there are many.
Problem integer_problem(std::uint32_t users, std::uint32_t items, int dim, int per_query, bool with_bias) {
  const Philox random(static_cast<std::uint64_t>(dim), Purpose::test);
  const auto integers = [&](std::size_t count, std::uint32_t stream) {
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(random.below(5, i, stream)) - 2;
    return values;
  };
  Problem problem;
  problem.dim = dim;
  problem.users = integers(users * static_cast<std::size_t>(dim), 0);
  problem.items = integers(items * static_cast<std::size_t>(dim), 1);
  if (with_bias) problem.item_bias = integers(items, 2);
  problem.seen_offsets = {0};
  for (std::uint32_t user = 0; user < users; ++user) {
    problem.held_out.push_back({user, random.below(items, user, 3)});
    for (std::uint64_t c = 0; c < static_cast<std::uint64_t>(per_query); ++c)
      problem.candidates.push_back(random.below(items, user * static_cast<std::uint64_t>(per_query) + c, 4));
    for (std::uint32_t item = user % 7; item < items; item += 7 + user) problem.seen.push_back(item);
    problem.seen_offsets.push_back(problem.seen.size());
  }
  return problem;
}

TEST(RankingCpu, AgreesExactlyWithReferenceAtSizesBeyondATile) {
  for (const int dim : {1, 7, 16, 33, 64})
    for (const std::uint32_t items : {1U, 31U, 32U, 33U, 9001U}) {
      const Problem problem = integer_problem(items > 1000 ? 53 : 131, items, dim, 0, dim != 16);
      EXPECT_EQ(ranking_test::cpu_rank.rank(problem), ranking_test::reference_rank.rank(problem))
          << dim << ' ' << items;
    }
}

TEST(RankingCpu, AgreesExactlyWithReferenceAmongCandidates) {
  for (const int dim : {1, 7, 16, 33, 64, 100}) {
    const Problem problem = integer_problem(131, 503, dim, 99, dim != 16);
    EXPECT_EQ(ranking_test::cpu_rank.rank(problem), ranking_test::reference_rank.rank(problem)) << dim;
  }
}

TEST(RankingCpu, CopiesOfTheHeldOutItemTieExactlyWhateverTheRounding) {
  Problem problem;
  problem.dim = 37;
  const Philox random(9, Purpose::test);
  for (std::uint64_t k = 0; k < 37; ++k) problem.users.push_back(random.uniform(k) - 0.3F);
  for (std::uint32_t item = 0; item < 100; ++item)
    for (std::uint64_t k = 0; k < 37; ++k) problem.items.push_back(random.uniform(k, 1) * 3.1F);
  problem.item_bias.assign(100, 0.1F);
  for (std::uint32_t item = 0; item < 100; ++item) problem.held_out.push_back({0, item});
  EXPECT_EQ(ranking_test::cpu_rank.rank(problem), std::vector<std::uint32_t>(100, 99));
}

TEST(RankingCpu, AnyNumberOfThreadsGivesTheSameRanks) {
  const int before = omp_get_max_threads();
  for (const int per_query : {0, 20}) {
    const Problem problem = integer_problem(300, 700, 9, per_query, true);
    omp_set_num_threads(1);
    const auto expected = ranking_test::cpu_rank.rank(problem);
    for (const int threads : {2, 3, 8}) {
      omp_set_num_threads(threads);
      EXPECT_EQ(ranking_test::cpu_rank.rank(problem), expected) << threads;
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
