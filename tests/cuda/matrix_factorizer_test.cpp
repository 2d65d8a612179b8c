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
      const auto oracle = make("reference", large, pairs);
      const auto model = make("cuda", large, pairs);
      std::vector<EquivalenceCheck> checks{compare_values(oracle->train(1), model->train(1), "loss", dim)};
      for (const EquivalenceCheck& check :
           compare_states(oracle->export_state(), model->export_state(), "dim=" + std::to_string(dim),
                          [&](const std::string& tensor) { return tensor == "global_bias" ? 0.0 : dim + 20.0; }))
        checks.push_back(check);
      expect_equivalent(checks, 2);
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

TEST_F(MfCuda, SaysWhatItCannotHold) {
  MfSpec large = spec(MfSolver::ials, 1025);
  EXPECT_EQ(find_backend("cuda")->supports(large).reason, "the cuda back end takes dim up to 1024, not 1025");
  large.dim = 1024;
  EXPECT_TRUE(find_backend("cuda")->supports(large));
}

}  // namespace
}  // namespace frugal
