// The matrix factorizer on the device (or its shim): agreement with the oracle, and replay.
#include <gtest/gtest.h>

#include "impl/equivalence/equivalence.hpp"
#include "tests/impl/equivalent.hpp"
#include "tests/impl/mf_fixture.hpp"

namespace frugal {
namespace {

using mf_test::make;

class MfCuda : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const Support available = find_backend("cuda")->available(); !available) GTEST_SKIP() << available.reason;
  }

  /// Users and items in every group of the schedule, and rows beyond a warp.
  static MfSpec spec(MfSolver solver, int dim) {
    return {.solver = solver, .users = 131, .items = 187, .dim = dim, .learning_rate = 0.02, .seed = 3};
  }
};

/// One epoch on both; `terms`: of a value, as EquivalenceCheck wants them.
void expect_agreement(const MfSpec& spec, const std::vector<Interaction>& pairs, double terms) {
  const auto oracle = make("reference", spec, pairs);
  const auto model = make("cuda", spec, pairs);
  std::vector<EquivalenceCheck> checks{compare_values(oracle->train(1), model->train(1), "loss", terms)};
  for (const EquivalenceCheck& check :
       compare_states(oracle->export_state(), model->export_state(), "dim=" + std::to_string(spec.dim),
                      [&](const std::string& tensor) { return tensor == "global_bias" ? 0.0 : terms; }))
    checks.push_back(check);
  expect_equivalent(checks, 2);
}

// The features are padded to 32, 64, 128 and 256. Some rows have no history, one has a row, one a few in no multiple of
// eight, one more than a segment.
TEST_F(MfCuda, IalsOfEachPaddingAgreesWithReference) {
  for (const int dim : {1, 8, 16, 20, 32, 33, 64, 65, 100, 128, 200, 256}) {
    const MfSpec ials{.solver = MfSolver::ials,
                      .users = 6,
                      .items = 9,
                      .dim = dim,
                      .init_stddev = 2,
                      .regularization = 0.2,
                      .seed = 8};
    std::vector<Interaction> pairs{{5, 8}};
    for (std::uint32_t k = 0; k < 560; ++k) pairs.push_back({0, k % 7});
    for (std::uint32_t k = 0; k < 13; ++k) pairs.push_back({2, k % 8});
    expect_agreement(ials, pairs, dim + 560.0);
  }
}

// From 4 lanes a worker to 16 with four quads each; more parts of the schedule than users.
TEST_F(MfCuda, SgdOfEachWidthAgreesWithReference) {
  for (const int dim : {1, 8, 16, 20, 64, 100, 128, 200, 256}) {
    const MfSpec sgd{.users = 41, .items = 29, .dim = dim, .learning_rate = 0.05, .negatives = 3, .seed = 8};
    expect_agreement(sgd, mf_test::some_pairs(sgd, 5), dim + 100.0);
  }
}

// A lane has 2, 4 or 8 quads of a row; the matrices of ials leave shared memory.
TEST_F(MfCuda, LargeDimensionsAgreeWithReference) {
  for (const int dim : {130, 260, 600}) {
    for (const MfSolver solver : {MfSolver::logistic_sgd, MfSolver::ials}) {
      if (solver == MfSolver::ials && dim > 260) continue;  // slow on the processor
      const MfSpec large{.solver = solver,
                         .users = 9,
                         .items = 13,
                         .dim = dim,
                         .learning_rate = 0.05,
                         .negatives = 3,
                         .regularization = 0.1,
                         .seed = 8};
      const auto pairs = mf_test::some_pairs(large, 3);
      expect_agreement(large, pairs, dim + 20.0);
    }
  }
}

TEST_F(MfCuda, AReloadedStateTrainsOnWithTheSameBits) {
  for (const MfSolver solver : {MfSolver::logistic_sgd, MfSolver::ials})
    for (const int dim : {6, 40}) {
      const auto pairs = mf_test::some_pairs(spec(solver, dim), 40);
      const auto model = make("cuda", spec(solver, dim), pairs);
      model->train(1);
      const ModelState saved = model->export_state();
      const std::vector<double> losses = model->train(1);
      const ModelState after = model->export_state();
      model->import_state(saved);
      EXPECT_EQ(model->train(1), losses);
      EXPECT_TRUE(identical(model->export_state(), after));
    }
}

TEST_F(MfCuda, TheFactorsOfIalsDoNotDependOnTheOrderOfItsInput) {
  std::vector<Interaction> pairs = mf_test::some_pairs(spec(MfSolver::ials, 9), 40);
  const auto forward = make("cuda", spec(MfSolver::ials, 9), pairs);
  const std::vector<double> losses = forward->train(2);
  std::reverse(pairs.begin(), pairs.end());
  const auto backward = make("cuda", spec(MfSolver::ials, 9), pairs);
  EXPECT_EQ(backward->train(2), losses);
  EXPECT_TRUE(identical(backward->export_state(), forward->export_state()));
}

// So many that they are refused before one of them is read.
TEST_F(MfCuda, RefusesMorePositivesThan32BitsCount) {
  const Interaction none{};
  const std::span<const Interaction> too_many(&none, std::size_t{1} << 32);
  EXPECT_THROW(find_backend("cuda")->make(spec(MfSolver::ials, 4))->set_interactions(too_many), std::invalid_argument);
  EXPECT_THROW(find_backend("cuda")->make(spec(MfSolver::logistic_sgd, 4))->set_interactions(too_many.first(1U << 30)),
               std::invalid_argument);
}

TEST_F(MfCuda, SaysWhatItCannotHold) {
  MfSpec large = spec(MfSolver::ials, 1025);
  EXPECT_EQ(find_backend("cuda")->supports(large).reason, "the cuda back end takes dim up to 1024, not 1025");
  large.dim = 1024;
  EXPECT_TRUE(find_backend("cuda")->supports(large));
}

}  // namespace
}  // namespace frugal
