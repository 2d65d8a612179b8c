// What only the shim can ask of the recommenders: another order of threads and blocks.
#include <gtest/gtest.h>

#include "impl/cuda/device/host_shim/block.hpp"
#include "tests/impl/recommender_fixture.hpp"

namespace frugal::recommender_test {
namespace {

namespace shim = cuda::host_shim;

class RecommenderShim : public ::testing::Test {
 protected:
  void TearDown() override { shim::set_order(shim::Order::forward); }
  const Backend* backend_ = find_backend("cuda");
};

TEST_F(RecommenderShim, TheOrderOfThreadsAndBlocksChangesNoBitOfATwoTower) {
  for (const TwoTowerLoss loss : {TwoTowerLoss::bce, TwoTowerLoss::batch_softmax}) {
    TwoTowerSpec spec = small_two_tower();
    spec.loss = loss;
    spec.users = 60;
    spec.items = 200;
    spec.batch = 70;
    const auto forward = backend_->make(spec);
    forward->set_interactions(random_positives(spec, 100));
    const std::vector<double> losses = forward->train(2);
    shim::set_order(shim::Order::reversed);
    const auto reversed = backend_->make(spec);
    reversed->set_interactions(random_positives(spec, 100));
    EXPECT_EQ(reversed->train(2), losses);
    EXPECT_TRUE(identical(reversed->export_state(), forward->export_state()));
    shim::set_order(shim::Order::forward);
  }
}

TEST_F(RecommenderShim, TheOrderOfThreadsAndBlocksChangesNoBitOfADlrm) {
  for (const OptimizerKind kind : {OptimizerKind::rowwise_adagrad, OptimizerKind::adam}) {
    DlrmSpec spec = small_dlrm();
    spec.optimizer = kind;
    const auto forward = backend_->make(spec);
    const Clicks clicks = clicks_with_bags(spec, 16, 5);
    const double loss = train_step(*forward, clicks);
    shim::set_order(shim::Order::reversed);
    const auto reversed = backend_->make(spec);
    EXPECT_EQ(train_step(*reversed, clicks), loss);
    EXPECT_TRUE(identical(reversed->export_state(), forward->export_state()));
    shim::set_order(shim::Order::forward);
  }
}

}  // namespace
}  // namespace frugal::recommender_test
