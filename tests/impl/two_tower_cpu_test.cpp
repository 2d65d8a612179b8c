#include <gtest/gtest.h>
#include <omp.h>

#include "impl/cpu/recommender/two_tower.hpp"
#include "tests/impl/recommender_fixture.hpp"

namespace frugal::recommender_test {
namespace {

/// Larger than a block of rows on both sides, with more blocks of items than there are gradient slots.
TwoTowerSpec many_blocks(bool trainable) {
  return {.users = 700,
          .items = 9000,
          .embedding_dim = 9,
          .tower_layers = {24, 7},
          .embedding_trainable = trainable,
          .negatives = 4,
          .batch = 2500,
          .seed = 6};
}

TEST(TwoTowerCpu, SameBitsAtAnyNumberOfThreads) {
  const int threads = omp_get_max_threads();
  TwoTowerSpec softmax = many_blocks(true);
  softmax.loss = TwoTowerLoss::batch_softmax;
  softmax.item_features = 3;
  for (const TwoTowerSpec& spec : {many_blocks(true), many_blocks(false), softmax}) {
    const std::vector<Interaction> positives = random_positives(spec, 6000);
    ModelState expected;
    std::vector<double> expected_losses;
    for (const int count : {1, 2, 3, 7}) {
      omp_set_num_threads(count);
      const auto model = cpu::make(spec);
      model->set_interactions(positives);
      const std::vector<double> losses = model->train(4);
      if (count == 1) {
        expected = model->export_state();
        expected_losses = losses;
      }
      EXPECT_EQ(losses, expected_losses) << count << " threads";
      EXPECT_TRUE(identical(model->export_state(), expected)) << count << " threads";
    }
  }
  omp_set_num_threads(threads);
}

TEST(TwoTowerCpu, ContinuesFromAnExportedStateWithTheSameBits) {
  const TwoTowerSpec spec = many_blocks(true);
  const std::vector<Interaction> positives = random_positives(spec, 6000);
  const auto whole = cpu::make(spec);
  whole->set_interactions(positives);
  whole->train(2);
  const auto resumed = cpu::make(spec);
  resumed->set_interactions(positives);
  resumed->import_state(whole->export_state());
  EXPECT_EQ(whole->train(3), resumed->train(3));
  EXPECT_TRUE(identical(whole->export_state(), resumed->export_state()));
}

TEST(TwoTowerCpu, EqualEmbeddingsScoreTheSameWhereverTheyStand) {
  const TwoTowerSpec spec = many_blocks(true);
  const auto model = cpu::make(spec);
  ModelState state = model->export_state();
  std::vector<float>& items = values(state, "item_embedding");
  for (std::size_t i = 9; i < items.size(); ++i) items[i] = items[i % 9];
  model->import_state(state);
  const std::vector<Interaction> held_out{{3, 4711}};
  RankingQueries queries;
  queries.held_out = held_out;
  EXPECT_EQ(model->rank(queries), std::vector<std::uint32_t>{spec.items - 1});
}

}  // namespace
}  // namespace frugal::recommender_test
