#include "impl/common/flops.hpp"

#include <gtest/gtest.h>

namespace frugal {
namespace {

InrSpec structure(int grid, int hidden_layers, int width) {
  InrSpec spec;
  spec.networks = std::int64_t{grid} * grid;
  spec.points = std::int64_t{128 / grid} * (128 / grid);
  spec.hidden_layers = hidden_layers;
  spec.width = width;
  return spec;
}

// The paper's structures on 128 x 128 pixels: parameters, and forward and backward MFLOP of one step.
TEST(InrFlops, MatchThePublishedCountsOfEveryStructure) {
  struct Row {
    InrSpec spec;
    std::int64_t parameters;
    double forward, backward;
  };
  const Row rows[] = {{structure(2, 5, 64), 84748, 682, 1359},      {structure(4, 2, 64), 139312, 279, 554},
                      {structure(8, 1, 128), 1106112, 558, 1107},   {structure(16, 1, 128), 4424448, 558, 1107},
                      {structure(32, 1, 128), 17697792, 558, 1107}, {structure(1, 3, 256), 198915, 6484, 12952}};
  for (const Row& row : rows) {
    EXPECT_EQ(parameters(row.spec), row.parameters);
    EXPECT_NEAR(step_flops(row.spec).forward / 1e6, row.forward, 0.6);
    EXPECT_NEAR(step_flops(row.spec).backward / 1e6, row.backward, 0.6);
  }
}

TEST(TwoTowerFlops, FrozenEmbeddingsCostNoInputGradientAndNoUpdate) {
  TwoTowerSpec spec;
  spec.users = 10;
  spec.items = 20;
  spec.embedding_dim = 64;
  spec.tower_layers = {128, 64};
  const Flops trainable = epoch_flops(spec, 1024);
  spec.embedding_trainable = false;
  const Flops frozen = epoch_flops(spec, 1024);
  EXPECT_EQ(trainable.forward, frozen.forward);
  EXPECT_EQ(trainable.backward - frozen.backward, 1024.0 * 6 * 2 * 64 * 128);
  EXPECT_EQ(trainable.optimizer - frozen.optimizer, 1024.0 * 6 * 64 * 12);
}

TEST(TwoTowerFlops, SideFeaturesWidenTheFirstLayerAndCostNoInputGradient) {
  TwoTowerSpec spec;
  spec.users = 10;
  spec.items = 20;
  spec.embedding_dim = 64;
  spec.tower_layers = {128, 64};
  const Flops plain = epoch_flops(spec, 1024);
  const std::int64_t without = parameters(spec);
  spec.user_features = 3;
  spec.item_features = 5;
  const Flops wide = epoch_flops(spec, 1024);
  const double first_layers = 1024.0 * 2 * 128 * (3 + 5 * 5);
  EXPECT_EQ(wide.forward - plain.forward, first_layers);
  EXPECT_EQ(wide.backward - plain.backward, first_layers);
  EXPECT_EQ(wide.optimizer - plain.optimizer, 12.0 * 128 * (3 + 5));
  EXPECT_EQ(parameters(spec) - without, 128 * (3 + 5));
}

TEST(TwoTowerFlops, BatchSoftmaxScoresAllItemsOfAStep) {
  TwoTowerSpec spec;
  spec.users = 10;
  spec.items = 20;
  spec.embedding_dim = 64;
  spec.tower_layers = {};
  spec.loss = TwoTowerLoss::batch_softmax;
  spec.batch = 100;
  const Flops epoch = epoch_flops(spec, 230);  // steps of 100, 100 and 30
  EXPECT_EQ(epoch.forward, 2.0 * 64 * (100 * 100 + 100 * 100 + 30 * 30));
  EXPECT_EQ(epoch.backward, 2 * epoch.forward);
  EXPECT_EQ(epoch.optimizer, 12.0 * 64 * 230 * 2);
}

TEST(StepsFlops, CountTheSmallStepThatEndsAPassAsWhatItIs) {
  TwoTowerSpec spec{.users = 10, .items = 20, .embedding_dim = 64, .tower_layers = {}};
  spec.loss = TwoTowerLoss::batch_softmax;
  spec.batch = 100;
  const auto dots = [&](std::uint64_t begin, std::uint64_t steps) {
    return steps_flops(spec, 230, begin, steps).forward / (2 * 64);
  };
  EXPECT_EQ(dots(0, 3), 100 * 100 + 100 * 100 + 30 * 30);
  EXPECT_EQ(dots(0, 2), 100 * 100 + 100 * 100);
  EXPECT_EQ(dots(2, 2), 30 * 30 + 100 * 100);
  EXPECT_EQ(dots(4, 4), 100 * 100 + 30 * 30 + 100 * 100 + 100 * 100);
  EXPECT_EQ(dots(1, 0), 0);
  const DlrmSpec dlrm{
      .dense_features = 2, .table_rows = {5}, .embedding_dim = 4, .bottom = {4}, .top = {1}, .batch = 100};
  EXPECT_EQ(steps_flops(dlrm, 230, 2, 2).forward, 130 * example_flops(dlrm).forward);
  EXPECT_EQ(steps_flops(dlrm, 230, 0, 6).total(), 2 * epoch_flops(dlrm, 230).total());
  EXPECT_EQ(steps_flops(dlrm, 30, 0, 2).total(), 2 * epoch_flops(dlrm, 30).total()) << "less than a batch";
}

TEST(DlrmFlops, CountDotsOfAllPairs) {
  DlrmSpec spec;
  spec.dense_features = 2;
  spec.table_rows = {5, 7};
  spec.embedding_dim = 4;
  spec.bottom = {4};
  spec.top = {1};
  // bottom 2*2*4, three dots of 2*4, top 2*(4+3)*1
  EXPECT_EQ(example_flops(spec).forward, 16 + 24 + 14);
  EXPECT_EQ(parameters(spec), 12 * 4 + 3 * 4 + 8);
  // 5 examples in steps of 2: three updates of the 20 dense parameters, and 2 rows of 4 values an example, adagrad.
  spec.batch = 2;
  EXPECT_EQ(epoch_flops(spec, 5).optimizer, 4 * (3 * 20 + 5 * 8));
  // 3 ids a bag: two more additions of each of 8 values, either way.
  EXPECT_EQ(example_flops(spec, 3).forward, 16 + 24 + 14 + 16);
  EXPECT_EQ(example_flops(spec, 3).backward - example_flops(spec).backward, 16);
  EXPECT_EQ(epoch_flops(spec, 5, 3).optimizer, 4 * (3 * 20 + 5 * 3 * 8));
}

TEST(InferenceFlops, OneUserRunsOneTowerAndADotWithEveryItem) {
  TwoTowerSpec spec;
  spec.items = 20;
  spec.embedding_dim = 64;
  spec.tower_layers = {128, 32};
  spec.user_features = 3;
  EXPECT_EQ(inference_flops(spec), 2.0 * (67 * 128 + 128 * 32 + 32 * 20));
  spec.tower_layers.clear();
  spec.user_features = 0;
  EXPECT_EQ(inference_flops(spec), 2.0 * 64 * 20);
  EXPECT_EQ(inference_flops(MfSpec{.items = 20, .dim = 16}), 2.0 * 16 * 20);
}

}  // namespace
}  // namespace frugal
