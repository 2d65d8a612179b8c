// By hand, for shapes small enough to count.
#include "impl/common/traffic.hpp"

#include <gtest/gtest.h>

namespace frugal {
namespace {

TEST(Traffic, AnEnsembleReadsItsSamplesAndWritesItsStateOnce) {
  const InrSpec spec{.networks = 2, .points = 10, .inputs = 2, .channels = 3, .hidden_layers = 1, .width = 4};
  const double parameters = 2 * (3 * 4 + 5 * 4 + 5 * 3);
  EXPECT_EQ(training_bytes(spec), 4 * (2 * 10 * 3 + 3 * parameters));
}

TEST(Traffic, OneSineAnActivationAndNoneForReluAndGauss) {
  InrSpec spec{.networks = 2, .points = 10, .hidden_layers = 1, .width = 4};
  for (const Activation kind : {Activation::sine, Activation::wire, Activation::finer}) {
    spec.activation = kind;
    EXPECT_EQ(step_sines(spec), 2 * 10 * 4 * 2);
  }
  for (const Activation kind : {Activation::relu, Activation::gauss}) {
    spec.activation = kind;
    EXPECT_EQ(step_sines(spec), 0);
  }
}

TEST(Traffic, AFactorisationReadsItsIdsAndMovesItsFactorsBothWays) {
  EXPECT_EQ(epoch_bytes(MfSpec{.solver = MfSolver::logistic_sgd, .users = 3, .items = 2, .dim = 8}, 100),
            8 * 100 + 8 * (5 * 9 + 1));
  EXPECT_EQ(epoch_bytes(MfSpec{.solver = MfSolver::ials, .users = 3, .items = 2, .dim = 8}, 100), 8 * 100 + 8 * 5 * 8);
}

TEST(Traffic, FrozenTablesAreOnlyRead) {
  TwoTowerSpec spec{.users = 3, .items = 2, .embedding_dim = 8};
  EXPECT_EQ(epoch_bytes(spec, 100), 8 * 100 + 6 * 4 * 40);
  spec.embedding_trainable = false;
  EXPECT_EQ(epoch_bytes(spec, 100), 8 * 100 + 4 * 40);
}

/// A table of one row, and one of so many that no row is looked up twice.
DlrmSpec two_tables(int batch) {
  return {.dense_features = 3,
          .table_rows = {1, 1'000'000'000},
          .embedding_dim = 4,
          .optimizer = OptimizerKind::sgd,
          .batch = batch};
}

TEST(Traffic, ASmallStepMovesTheRowsThatItLooksUp) {
  DlrmSpec spec = two_tables(100);
  const auto example = [](int n) { return n * 4 * (3 + 1 + 2); };
  EXPECT_NEAR(epoch_bytes(spec, 3), example(3) + (1 + 3) * 16 * 2, 1e-3);
  EXPECT_NEAR(steps_bytes(spec, 3, 5, 2), 2 * epoch_bytes(spec, 3), 1e-3);
  spec.batch = 8;
  EXPECT_NEAR(epoch_bytes(spec, 19), example(19) + (2 * (1 + 8) + (1 + 3)) * 16 * 2, 1e-3);
  EXPECT_NEAR(steps_bytes(spec, 19, 1, 2), example(11) + ((1 + 8) + (1 + 3)) * 16 * 2, 1e-3);
  const TwoTowerSpec towers{.users = 3, .items = 2, .embedding_dim = 8, .batch = 8};
  EXPECT_NEAR(steps_bytes(towers, 19, 2, 1), epoch_bytes(towers, 19) * 3 / 19, 1e-9);
}

TEST(Traffic, AStepOfADlrmMovesTheRowsItLooksUp) {
  DlrmSpec spec = two_tables(8);
  const double examples = 16 * 4 * (3 + 1 + 2);
  // Two steps: the only row of one table, and eight different ones of the other, read and written.
  EXPECT_NEAR(epoch_bytes(spec, 16), examples + 2 * (1 + 8) * 16 * 2, 1e-3);
  spec.frozen_tables = 2;
  EXPECT_NEAR(epoch_bytes(spec, 16), examples + 2 * (1 + 8) * 16, 1e-3);
  spec.frozen_tables = 0;
  spec.optimizer = OptimizerKind::adam;
  EXPECT_NEAR(epoch_bytes(spec, 16), examples + 2 * (1 + 8) * 16 * 6, 1e-3);
}

}  // namespace
}  // namespace frugal
