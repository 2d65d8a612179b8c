// What only the shim can ask of the recommenders: another order of threads and blocks, and other devices.
#include <gtest/gtest.h>

#include <tuple>
#include <vector>

#include "impl/cuda/device/host_shim/block.hpp"
#include "impl/cuda/device/host_shim/device.hpp"
#include "impl/equivalence/random_state.hpp"
#include "tests/impl/equivalent.hpp"
#include "tests/impl/recommender_fixture.hpp"

namespace frugal::recommender_test {
namespace {

namespace shim = cuda::host_shim;
using cuda::DeviceLimits;

class RecommenderShim : public ::testing::Test {
 protected:
  void TearDown() override {
    shim::set_order(shim::Order::forward);
    shim::set_limits(shim::default_limits());
  }

  /// Step number `step` from the same random state on both, within eps * sqrt(reduction) * 8.
  void expect_step_as_reference(const TwoTowerSpec& spec, const std::vector<Interaction>& positives,
                                std::uint64_t step) {
    const auto expected = find_backend("reference")->make(spec);
    const auto found = backend_->make(spec);
    EXPECT_EQ(found->implementation(), "cuda-on-cpu/fused");
    const ModelState start = random_state(expected->export_state(), step, spec.seed);
    for (TwoTower* model : {expected.get(), found.get()}) {
      model->set_interactions(positives);
      model->import_state(start);
    }
    double reduction = spec.embedding_dim + spec.batch * (1.0 + spec.negatives);
    for (const int width : spec.tower_layers) reduction += width;
    std::vector<EquivalenceCheck> checks{compare_values(expected->train(1), found->train(1), "loss", reduction)};
    const auto states = compare_states(expected->export_state(), found->export_state(), "after a step",
                                       [&](const std::string&) { return reduction; });
    checks.insert(checks.end(), states.begin(), states.end());
    expect_equivalent(checks, 10);
  }

  const Backend* backend_ = find_backend("cuda");
};

TEST_F(RecommenderShim, ADeviceWithoutTensorCoresTrainsTwoTowersByTheGeneralProducts) {
  DeviceLimits limits = shim::default_limits();
  limits.compute_capability = 75;
  shim::set_limits(limits);
  EXPECT_EQ(backend_->make(small_two_tower())->implementation(), "cuda-on-cpu/general");
  expect_equivalent(check_two_tower(*find_backend("reference"), *backend_), 700);
}

TEST_F(RecommenderShim, WhatTheFusedTowersCannotHoldIsGeneral) {
  const auto implementation = [&](const std::vector<int>& layers) {
    TwoTowerSpec spec = small_two_tower();
    spec.tower_layers = layers;
    return backend_->make(spec)->implementation();
  };
  EXPECT_EQ(implementation({16, 16, 16, 128}), "cuda-on-cpu/fused");
  EXPECT_EQ(implementation({16, 16, 16, 16, 16}), "cuda-on-cpu/general");
  EXPECT_EQ(implementation({16, 129}), "cuda-on-cpu/general");
  EXPECT_EQ(implementation({1000, 64}), "cuda-on-cpu/general");
  EXPECT_EQ(implementation({}), "cuda-on-cpu/general");
}

// 1000 examples over three items: 84 segments each, four times of what a tile of 16 rows sums at once.
TEST_F(RecommenderShim, AnItemOfManySegmentsLearnsAsTheReferenceDoes) {
  for (const bool trainable : {true, false}) {
    const TwoTowerSpec spec{.users = 5,
                            .items = 3,
                            .embedding_dim = 8,
                            .tower_layers = {16, 8},
                            .embedding_trainable = trainable,
                            .negatives = 4,
                            .batch = 200,
                            .seed = 3};
    expect_step_as_reference(spec, random_positives(spec, 230), 1);  // a step of 200 and one of 30
    expect_step_as_reference(spec, random_positives(spec, 230), 2);
  }
}

TEST_F(RecommenderShim, IdsAboveTwoToThe16LearnAsTheReferenceDoes) {
  const TwoTowerSpec spec{.users = 70'000,
                          .items = 90'000,
                          .embedding_dim = 4,
                          .tower_layers = {8},
                          .negatives = 2,
                          .batch = 60,
                          .seed = 4};
  expect_step_as_reference(spec, random_positives(spec, 100), 0);
}

// Of a device whose shared memory holds tiles of 16 rows, so that 128 blocks are not enough.
TEST_F(RecommenderShim, MoreTilesThanBlocksLearnAsTheReferenceDoes) {
  DeviceLimits limits = shim::default_limits();
  limits.shared_bytes_per_block = 88 * 1024;
  shim::set_limits(limits);
  const TwoTowerSpec spec{
      .users = 9, .items = 9000, .embedding_dim = 4, .tower_layers = {8, 4}, .negatives = 9, .batch = 260, .seed = 5};
  expect_step_as_reference(spec, random_positives(spec, 300), 0);
}

// Of plans of 16 steps: whole ones, parts of one, and going on in one where the call before has left it.
TEST_F(RecommenderShim, StepsOfSeveralPlansInOneCallOrInMoreAreTheSameBits) {
  TwoTowerSpec spec = small_two_tower();
  spec.batch = 4;
  const std::vector<Interaction> positives = random_positives(spec, 19);
  const auto in_one = backend_->make(spec);
  in_one->set_interactions(positives);
  const std::vector<double> losses = in_one->train(70);
  const auto in_more = backend_->make(spec);
  in_more->set_interactions(positives);
  std::vector<double> parts;
  for (const std::uint64_t steps : {1, 15, 34, 3, 17})
    for (const double loss : in_more->train(steps)) parts.push_back(loss);
  EXPECT_EQ(parts, losses);
  EXPECT_TRUE(identical(in_more->export_state(), in_one->export_state()));
}

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
    spec.precision = kind == OptimizerKind::adam ? Precision::bf16 : Precision::fp32;
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

/// As RTX cards of sm_86, 89 and 120: 99 KB for a block.
DeviceLimits small_card() {
  DeviceLimits limits = shim::default_limits();
  limits.compute_capability = 86;
  limits.shared_bytes_per_block = 99 * 1024;
  return limits;
}

// Enough work for tiles of 128: of the products over the batch, and of the gradient of a weight.
TEST_F(RecommenderShim, WideLayersOfADlrmTrainOnACardOf99Kilobytes) {
  for (const auto& [top, batch, steps] :
       {std::tuple{std::vector{1024, 1}, 1536, 1}, {std::vector{512, 1024, 1}, 64, 2}}) {
    DlrmSpec spec = small_dlrm();
    spec.top = top;
    spec.batch = batch;
    spec.learning_rate = 0.01;
    spec.precision = Precision::bf16;
    const Clicks clicks = planted_clicks(spec, static_cast<std::size_t>(batch));
    const auto last_loss_on = [&, of = steps](const DeviceLimits& limits) {
      shim::set_limits(limits);
      EXPECT_TRUE(backend_->supports(spec));
      const auto model = backend_->make(spec);
      model->set_examples(clicks.batch());
      return model->train(static_cast<std::uint64_t>(of)).back();
    };
    const double expected = last_loss_on(shim::default_limits());
    EXPECT_NEAR(last_loss_on(small_card()), expected, 1e-3 * expected);
  }
}

// Sixteen examples of a block need 99.9 KB.
TEST_F(RecommenderShim, ADotOfManyTablesTrainsOnACardOf99Kilobytes) {
  DlrmSpec spec = small_dlrm(FeatureInteraction::dot);
  spec.table_rows.assign(52, 3);
  spec.embedding_dim = spec.bottom.back() = 4;
  const Clicks clicks = planted_clicks(spec, 16);
  const double expected = train_step(*backend_->make(spec), clicks);
  shim::set_limits(small_card());
  ASSERT_TRUE(backend_->supports(spec));
  EXPECT_NEAR(train_step(*backend_->make(spec), clicks), expected, 1e-5 * expected);
}

}  // namespace
}  // namespace frugal::recommender_test
