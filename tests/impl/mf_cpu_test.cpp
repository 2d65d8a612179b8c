// The fast matrix factorizer: its kernels, its bits at any number of threads, its agreement with the oracle, and what
// it reaches on real data.
#include <gtest/gtest.h>
#include <omp.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>
#include <vector>

#include "datasets/formats/ncf.hpp"
#include "impl/common/metrics.hpp"
#include "impl/cpu/kernels/mf_kernels.hpp"
#include "impl/cpu/mf/round_progress.hpp"
#include "impl/equivalence/equivalence.hpp"
#include "tests/impl/equivalent.hpp"
#include "tests/impl/mf_fixture.hpp"
#include "tests/scratch_folder.hpp"

namespace frugal {
namespace {

using mf_test::make;

struct MfKernelSet {
  const char* name;
  cpu::Isa needs;
  const cpu::MfKernels* kernels;
};

class MfKernel : public ::testing::TestWithParam<MfKernelSet> {
 protected:
  void SetUp() override {
    if (cpu::isa() < GetParam().needs) GTEST_SKIP() << "this processor lacks " << GetParam().name;
  }

  /// One turn; examples[a]: those of worker a.
  static double sgd(const cpu::SgdModel& model, const std::vector<std::vector<MfExample>>& examples) {
    std::vector<MfExample> all;
    std::vector<std::array<std::uint32_t, 2>> begins(cpu::sgd_workers);
    cpu::SgdRound round{.examples = nullptr, .begins = {}, .turns = 1};
    for (std::size_t a = 0; a < begins.size(); ++a) {
      begins[a][0] = static_cast<std::uint32_t>(all.size());
      if (a < examples.size()) all.insert(all.end(), examples[a].begin(), examples[a].end());
      begins[a][1] = static_cast<std::uint32_t>(all.size());
      round.begins[a] = begins[a].data();
    }
    all.push_back({});
    round.examples = all.data();
    return GetParam().kernels->sgd(model, round);
  }

  static std::vector<float> uniforms(std::size_t count, std::uint32_t stream, float radius = 1) {
    const Philox random(1, Purpose::test);
    std::vector<float> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = radius * (2 * random.uniform(i, stream) - 1);
    return values;
  }
};

TEST_P(MfKernel, OneSgdExampleIsAccurateForAnyLogit) {
  for (const int dim : {16, 32, 48, 64, 96, 112, 128, 160}) {
    const auto n = static_cast<std::size_t>(dim);
    for (const float target : {-200.F, -88.F, -20.F, -3.F, -1e-3F, 0.F, 1e-3F, 0.4F, 3.F, 20.F, 88.F, 200.F}) {
      for (const bool positive : {false, true}) {
        std::vector<float> u = uniforms(n, 0);
        std::vector<float> v = uniforms(n, 1);
        float bu = 0.25F, bi = -0.5F;
        double z = double{bu} + double{bi};
        for (std::size_t k = 0; k < n; ++k) z += double{u[k]} * double{v[k]};
        const auto global = static_cast<float>(target - z);
        z += double{global};
        const double slope = 1 / (1 + std::exp(-z)) - (positive ? 1 : 0);
        const double loss = std::log1p(std::exp(-std::abs(z))) + std::max(z, 0.0) - (positive ? z : 0);
        const std::vector<float> old_u = u, old_v = v;
        const cpu::SgdModel model{u.data(), v.data(), &bu, &bi, dim, global, 0.5F, 0.125F};
        const MfExample example{0, positive ? MfExample::positive : 0};
        const double tolerance = 1e-6 + 3e-7 * std::abs(z);
        EXPECT_NEAR(sgd(model, {{example}}), loss, tolerance) << target;
        for (std::size_t k = 0; k < n; ++k) {
          EXPECT_NEAR(u[k], double{old_u[k]} * (1 - 0.0625) - 0.5 * slope * double{old_v[k]}, tolerance);
          EXPECT_NEAR(v[k], double{old_v[k]} * (1 - 0.0625) - 0.5 * slope * double{old_u[k]}, tolerance);
        }
        EXPECT_NEAR(bu, 0.25 * (1 - 0.0625) - 0.5 * slope, tolerance);
        EXPECT_NEAR(bi, -0.5 * (1 - 0.0625) - 0.5 * slope, tolerance);
      }
    }
  }
}

// More examples than factors of one logarithm.
TEST_P(MfKernel, TheLossOfManyExamplesIsTheSumOfTheirLosses) {
  std::vector<float> u = uniforms(8 * 16, 0);
  std::vector<float> v = uniforms(8 * 16, 1);
  std::vector<float> bu(8), bi(8);
  const cpu::SgdModel model{u.data(), v.data(), bu.data(), bi.data(), 16, 0.5F, 0.F, 0.F};
  std::vector<MfExample> examples;
  double expected = 0;
  for (std::uint32_t e = 0; e < 3000; ++e) {
    const bool positive = e % 3 == 0;
    examples.push_back({e % 8, (e / 8 % 8) | (positive ? MfExample::positive : 0)});
    double z = 0.5;
    for (std::size_t k = 0; k < 16; ++k) z += double{u[e % 8 * 16 + k]} * double{v[e / 8 % 8 * 16 + k]};
    expected += std::log1p(std::exp(positive ? -z : z));
  }
  EXPECT_NEAR(sgd(model, {examples}), expected, 1e-6 * expected);
}

TEST_P(MfKernel, GramAddsTheUpperTriangleOfTheProduct) {
  for (const std::size_t dim : {16, 32, 48, 80}) {
    const std::size_t count = 37;
    const std::vector<float> rows = uniforms(count * dim, 2);
    std::vector<float> c = uniforms(dim * dim, 3);
    const std::vector<float> before = c;
    GetParam().kernels->gram(rows.data(), static_cast<long>(count), static_cast<long>(dim), c.data());
    for (std::size_t i = 0; i < dim; ++i)
      for (std::size_t j = i; j < dim; ++j) {
        double expected = double{before[i * dim + j]};
        for (std::size_t q = 0; q < count; ++q) expected += double{rows[q * dim + i]} * double{rows[q * dim + j]};
        ASSERT_NEAR(c[i * dim + j], expected, 8 * 1.2e-7 * std::sqrt(37.0)) << dim << ' ' << i << ' ' << j;
      }
  }
}

TEST_P(MfKernel, AHistoryAddsItsRowsAndTheirProducts) {
  for (const std::size_t dim : {16, 32, 80}) {
    const std::size_t count = 2 * cpu::history_rows + 5;
    const std::vector<float> rows = uniforms(40 * dim, 2);
    std::vector<std::uint32_t> history(count);
    for (std::size_t q = 0; q < count; ++q) history[q] = static_cast<std::uint32_t>(q * 7 % 40);
    std::vector<float> matrix = uniforms(dim * dim, 3), right = uniforms(dim, 4), scratch(cpu::history_rows * dim);
    const std::vector<float> matrix_before = matrix, right_before = right;
    GetParam().kernels->add_history(rows.data(), history.data(), static_cast<long>(count), static_cast<long>(dim),
                                    scratch.data(), matrix.data(), right.data());
    const double rounding = 8 * 1.2e-7 * std::sqrt(static_cast<double>(count));
    for (std::size_t i = 0; i < dim; ++i) {
      double sum = double{right_before[i]};
      for (const std::uint32_t q : history) sum += double{rows[q * dim + i]};
      ASSERT_NEAR(right[i], sum, rounding) << dim << ' ' << i;
      for (std::size_t j = i; j < dim; ++j) {
        double product = double{matrix_before[i * dim + j]};
        for (const std::uint32_t q : history) product += double{rows[q * dim + i]} * double{rows[q * dim + j]};
        ASSERT_NEAR(matrix[i * dim + j], product, rounding * std::max(1.0, std::abs(product)))
            << dim << ' ' << i << ' ' << j;
      }
    }
  }
}

TEST_P(MfKernel, AnEmptyHistoryAddsNothing) {
  std::vector<float> rows(16), matrix = uniforms(16 * 16, 3), right = uniforms(16, 4), scratch(cpu::history_rows * 16);
  const std::vector<float> matrix_before = matrix, right_before = right;
  GetParam().kernels->add_history(rows.data(), nullptr, 0, 16, scratch.data(), matrix.data(), right.data());
  EXPECT_EQ(matrix, matrix_before);
  EXPECT_EQ(right, right_before);
}

/// A random symmetric positive definite matrix, and its upper triangle with NaN below.
struct DefiniteMatrix {
  DefiniteMatrix(std::size_t dim, const std::vector<float>& half) : full(dim * dim), upper(dim * dim, std::nanf("")) {
    for (std::size_t i = 0; i < dim; ++i)
      for (std::size_t j = 0; j < dim; ++j) {
        double sum = i == j ? static_cast<double>(dim) / 8 : 0;
        for (std::size_t q = 0; q < dim; ++q) sum += double{half[q * dim + i]} * double{half[q * dim + j]};
        full[i * dim + j] = sum;
        if (j >= i) upper[i * dim + j] = static_cast<float>(sum);
      }
  }
  std::vector<double> full;
  std::vector<float> upper;
};

TEST_P(MfKernel, SolveSolvesEachSystemAndReadsTheUpperTriangleOnly) {
  for (const std::size_t dim : {16, 32, 64, 112}) {
    for (const std::size_t systems : {1, 3}) {
      std::vector<DefiniteMatrix> matrices;
      std::vector<float> a;
      for (std::size_t s = 0; s < systems; ++s) {
        matrices.emplace_back(dim, uniforms(dim * dim, static_cast<std::uint32_t>(4 + 10 * s)));
        a.insert(a.end(), matrices[s].upper.begin(), matrices[s].upper.end());
      }
      const std::vector<float> b = uniforms(systems * dim, 5);
      std::vector<float> solutions = b;
      GetParam().kernels->solve(a.data(), static_cast<long>(dim), solutions.data(), static_cast<long>(systems));
      for (std::size_t s = 0; s < systems; ++s) {
        const float* x = solutions.data() + s * dim;
        for (std::size_t i = 0; i < dim; ++i) {
          double residual = -double{b[s * dim + i]};
          double size = std::abs(residual);
          for (std::size_t j = 0; j < dim; ++j) {
            residual += matrices[s].full[i * dim + j] * double{x[j]};
            size += std::abs(matrices[s].full[i * dim + j] * double{x[j]});
          }
          // Cholesky is backward stable: the residual is rounding of the terms, whatever the condition.
          ASSERT_LE(std::abs(residual), 8 * 1.2e-7 * std::sqrt(static_cast<double>(dim)) * size) << dim << ' ' << i;
        }
      }
    }
  }
}

TEST_P(MfKernel, ASystemGetsTheSameBitsInAnyCompany) {
  const std::size_t dim = 48;
  std::vector<float> together, alone;
  std::vector<float> b = uniforms(4 * dim, 5), x = b;
  for (std::uint32_t s = 0; s < 4; ++s) {
    const DefiniteMatrix matrix(dim, uniforms(dim * dim, 20 + s));
    together.insert(together.end(), matrix.upper.begin(), matrix.upper.end());
  }
  alone = together;
  GetParam().kernels->solve(together.data(), dim, x.data(), 4);
  for (std::size_t s = 0; s < 4; ++s)
    GetParam().kernels->solve(alone.data() + s * dim * dim, dim, b.data() + s * dim, 1);
  EXPECT_EQ(x, b);
}

TEST_P(MfKernel, DrawsAreThoseOfPhilox) {
  const std::uint64_t seed = 0x123456789abcdef0U;
  std::vector<std::uint64_t> blocks;
  for (std::uint64_t i = 0; i < 24; ++i) blocks.push_back(i * 0x1fffffff7U);  // above 2^32 too
  for (const std::uint32_t below : {1U, 37U, 3706U, 0x7fffffffU}) {
    std::vector<std::uint32_t> drawn(4 * blocks.size());
    GetParam().kernels->draw({seed, static_cast<std::uint32_t>(Purpose::negatives), 5}, below, blocks.data(),
                             static_cast<long>(blocks.size()), drawn.data());
    const Philox random(seed, Purpose::negatives);
    for (std::size_t i = 0; i < blocks.size(); ++i)
      for (std::size_t w = 0; w < 4; ++w)
        ASSERT_EQ(drawn[4 * i + w], Philox::scale(random.block(blocks[i], 5)[w], below)) << i;
  }
}

/// A model of its own memory.
struct SgdProblem {
  SgdProblem(std::uint32_t users, std::uint32_t items, long stride, const std::vector<float>& values)
      : u(values.begin(), values.begin() + users * stride),
        v(values.end() - items * stride, values.end()),
        bu(users),
        bi(items),
        model{u.data(), v.data(), bu.data(), bi.data(), stride, -1.F, 0.1F, 0.05F} {}
  std::vector<float> u, v, bu, bi;
  cpu::SgdModel model;
};

// Whatever is done side by side: one call for all workers of a turn leaves the bits that one call an example does.
// Worker a has the users and items of number a modulo the workers; some have a single row, and some nothing to do.
TEST_P(MfKernel, WorkersSideBySideAreOneAfterAnother) {
  const Philox random(3, Purpose::test);
  for (const auto& [users, items, count] : {std::array<std::uint32_t, 3>{1, 1, 40},
                                            {1, 50, 300},
                                            {94, 58, 576},
                                            {7, 3, 1000},
                                            {600, 700, 5000},
                                            {94, 58, 3}}) {
    for (const long stride : {16L, 48L, 64L, 112L}) {
      const std::vector<float> values = uniforms((users + items) * static_cast<std::size_t>(stride), 6, 0.3F);
      std::vector<std::vector<MfExample>> examples(cpu::sgd_workers);
      for (std::uint32_t e = 0; e < count; ++e) {
        // The square makes some rows busy.
        const auto user = static_cast<std::uint32_t>(std::pow(double{random.uniform(e, 1)}, 2) * users);
        const std::uint32_t worker = user % cpu::sgd_workers;
        const std::uint32_t of_worker = (items + cpu::sgd_workers - 1 - worker) / cpu::sgd_workers;
        if (of_worker == 0) continue;
        const std::uint32_t item = random.below(of_worker, e, 2) * cpu::sgd_workers + worker;
        examples[worker].push_back({user, item | (e % 9 == 0 ? MfExample::positive : 0)});
      }
      SgdProblem at_once(users, items, stride, values), in_turn(users, items, stride, values);
      const double loss = sgd(at_once.model, examples);
      double sum = 0;
      for (const std::vector<MfExample>& of_worker : examples)
        for (const MfExample& example : of_worker) sum += sgd(in_turn.model, {{example}});
      EXPECT_EQ(at_once.u, in_turn.u) << users << ' ' << items << ' ' << stride;
      EXPECT_EQ(at_once.v, in_turn.v);
      EXPECT_EQ(at_once.bu, in_turn.bu);
      EXPECT_EQ(at_once.bi, in_turn.bi);
      EXPECT_NEAR(loss, sum, 1e-9 * sum);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, MfKernel,
                         ::testing::Values(MfKernelSet{"avx2", cpu::Isa::avx2, &cpu::avx2::mf_kernels},
                                           MfKernelSet{"avx512", cpu::Isa::avx512, &cpu::avx512::mf_kernels}),
                         [](const auto& test) { return test.param.name; });

TEST(RoundProgress, RunsEachRoundOnceAfterTheRoundsItSharesRowsWith) {
  constexpr std::uint32_t groups = 32;
  for (const unsigned threads : {1U, 2U, 5U, 40U}) {
    cpu::RoundProgress progress(groups, 0, groups, 0, groups);
    std::mutex mutex;
    std::vector<std::uint32_t> rounds_of_users(groups), rounds_of_items(groups);
    std::uint32_t in_order = 0;
    const auto work = [&](unsigned thread) {
      progress.run(
          thread, threads,
          [&](std::uint32_t group, std::uint32_t round) {
            const std::lock_guard lock(mutex);
            in_order += rounds_of_users[group]++ == round && rounds_of_items[(group + round) % groups]++ == round;
          },
          [] {});
    };
    std::vector<std::thread> team;
    for (unsigned t = 0; t < threads; ++t) team.emplace_back(work, t);
    for (std::thread& thread : team) thread.join();
    EXPECT_EQ(in_order, groups * groups);
  }
}

TEST(RoundProgress, OfSomeGroupsWaitsForTheItemsOfTheOthers) {
  cpu::RoundProgress progress(8, 2, 5, 0, 8);
  std::uint32_t arrived = 0;
  std::vector<std::uint32_t> done(8);
  progress.run(
      0, 1,
      [&](std::uint32_t group, std::uint32_t round) {
        EXPECT_EQ(done.at(group)++, round);
        if (group == 4) {
          EXPECT_LE(round, arrived);
        }
      },
      [&] {
        if (done[2] > arrived) progress.arrived(++arrived);
      });
  EXPECT_EQ(done, (std::vector<std::uint32_t>{0, 0, 8, 8, 8, 0, 0, 0}));
  EXPECT_EQ(progress.done(4), 8U);
}

class MfThreads : public ::testing::Test {
 protected:
  void TearDown() override { omp_set_num_threads(before_); }
  int before_ = omp_get_max_threads();
};

TEST_F(MfThreads, AnyNumberOfThreadsGivesTheSameBits) {
  for (const MfSolver solver : {MfSolver::logistic_sgd, MfSolver::ials})
    for (const int dim : {1, 20, 64}) {
      MfSpec spec{.solver = solver, .users = 701, .items = 1100, .dim = dim, .learning_rate = 0.02, .seed = 3};
      const auto pairs = mf_test::some_pairs(spec, 30);
      omp_set_num_threads(1);
      const auto one = make("cpu", spec, pairs);
      const std::vector<double> losses = one->train(2);
      for (const int threads : {2, 3, 7}) {
        omp_set_num_threads(threads);
        const auto many = make("cpu", spec, pairs);
        EXPECT_EQ(many->train(2), losses) << threads;
        EXPECT_TRUE(identical(many->export_state(), one->export_state())) << threads;
      }
    }
}

/// The share of the held-out items of an NCF split that a model ranks among its first `k` candidates.
double hit_rate_after(const MfSpec& spec, int epochs, const data::Split& split, int k) {
  const auto model = make("cpu", spec, split.train.unpacked());
  model->train(epochs);
  RankingQueries queries;
  queries.held_out = split.held_out;
  queries.candidates = split.negatives;
  queries.per_query = split.negatives_per_query;
  return hit_rate(model->rank(queries), k).value();
}

// The stand-in for MovieLens1M below: from files in the form of NCF to the hit rate, where the answer is known. Users like
// the items of their own parity, have about half of these, and one more is held out beside 20 that they do not like.
TEST(PlantedNcfSplit, BothSolversFindTheHeldOutItems) {
  MfSpec spec{.users = 120, .items = 80, .dim = 2, .seed = 1};
  const ScratchFolder scratch;
  std::ofstream train(scratch.path() / "train"), test(scratch.path() / "test"), negative(scratch.path() / "negative");
  std::vector<std::vector<bool>> has(spec.users, std::vector<bool>(spec.items));
  for (const auto& [user, item] : mf_test::two_communities(spec)) has[user][item] = true;
  for (std::uint32_t user = 0; user < spec.users; ++user) {
    std::uint32_t held_out = (user % 2 + 2 * (user % 7)) % spec.items;
    while (has[user][held_out]) held_out = (held_out + 2) % spec.items;
    for (std::uint32_t item = 0; item < spec.items; ++item)
      if (has[user][item]) train << user << '\t' << item << "\t1\t0\n";
    test << user << '\t' << held_out << "\t1\t0\n";
    negative << '(' << user << ',' << held_out << ')';
    for (std::uint32_t k = 0; k < 20; ++k) negative << '\t' << (held_out + 1 + 4 * k) % spec.items;
    negative << '\n';
  }
  for (std::ofstream* file : {&train, &test, &negative}) file->close();
  const data::Split split =
      data::read_ncf(scratch.path() / "train", scratch.path() / "test", scratch.path() / "negative");
  ASSERT_EQ(split.held_out.size(), spec.users);
  spec.solver = MfSolver::ials;
  EXPECT_LT(hit_rate_after(spec, 0, split, 1), 0.3) << "nothing is learnt: one in 21 by chance";
  EXPECT_GT(hit_rate_after(spec, 8, split, 1), 0.95);
  spec.solver = MfSolver::logistic_sgd;
  spec.learning_rate = 0.05;
  EXPECT_LT(hit_rate_after(spec, 0, split, 1), 0.3);
  EXPECT_GT(hit_rate_after(spec, 30, split, 1), 0.95);
}

/// The NCF split of MovieLens-1M, when FRUGAL_DATA tells where the data sets are.
class MovieLens1M : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* root = std::getenv("FRUGAL_DATA");
    if (!root) GTEST_SKIP() << "FRUGAL_DATA is not set";
    const std::filesystem::path folder = std::filesystem::path(root) / "ml-1m";
    if (!exists(folder / "ml-1m.train.rating")) GTEST_SKIP() << "no NCF split of MovieLens-1M in " << folder;
    split_ =
        data::read_ncf(folder / "ml-1m.train.rating", folder / "ml-1m.test.rating", folder / "ml-1m.test.negative");
  }

  data::Split split_;
};

TEST_F(MovieLens1M, IalsReachesItsKnownHitRate) {
  EXPECT_NEAR(hit_rate_after({.solver = MfSolver::ials, .users = 6040, .items = 3706, .dim = 64}, 12, split_, 10),
              0.722, 0.01);
}

TEST_F(MovieLens1M, LogisticSgdFollowsItsKnownConvergence) {
  EXPECT_NEAR(hit_rate_after({.users = 6040, .items = 3706, .dim = 64}, 32, split_, 10), 0.573, 0.015);
}

}  // namespace
}  // namespace frugal
