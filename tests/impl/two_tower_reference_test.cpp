// The oracle's gradients against central differences of its own loss.
#include <gtest/gtest.h>

#include "impl/reference/recommender/two_tower.hpp"
#include "tests/impl/recommender_fixture.hpp"

namespace frugal::recommender_test {
namespace {

/// Small, so that no ReLU changes sides between the two losses; those are in double precision, and exact enough.
constexpr float two_tower_nudge = 0x1p-18F;

double two_tower_loss(TwoTower& model, const ModelState& state) {
  model.import_state(state);
  return model.train(1).front();
}

/// Every value of every parameter: Adam's first moment after a step from zero is (1 - beta1) times the gradient.
void expect_two_tower_gradients(const TwoTowerSpec& spec) {
  const auto model = reference::make(spec);
  model->set_interactions(random_positives(spec, 11));
  ModelState start = model->export_state();
  start.step = 1;
  for (NamedTensor& tensor : start.tensors)
    if ((tensor.name.ends_with(".bias") && !tensor.name.starts_with("adam.")) || tensor.name.ends_with("_features"))
      for (std::size_t i = 0; i < tensor.values.size(); ++i)
        tensor.values[i] = Philox(spec.seed, Purpose::test).uniform(i, 77) - 0.5F;
  two_tower_loss(*model, start);
  const ModelState after = model->export_state();
  const std::string last_item_bias = "item_tower." + std::to_string(spec.tower_layers.size() - 1) + ".bias";
  for (const NamedTensor& tensor : start.tensors) {
    if (tensor.name.starts_with("adam.")) continue;
    const NamedTensor* first_moment = after.find("adam.m/" + tensor.name);
    const bool frozen = !spec.embedding_trainable && tensor.name.ends_with("_embedding");
    ASSERT_EQ(first_moment == nullptr, frozen || tensor.name.ends_with("_features"));
    if (!first_moment) continue;
    double largest = 0;
    for (std::size_t i = 0; i < tensor.values.size(); ++i) {
      ModelState nudged = start;
      float& value = values(nudged, tensor.name)[i];
      const float center = value;
      value = center + two_tower_nudge;
      const double above = value;
      const double loss_above = two_tower_loss(*model, nudged);
      value = center - two_tower_nudge;
      const double difference = (loss_above - two_tower_loss(*model, nudged)) / (above - value);
      EXPECT_NEAR(first_moment->values[i] / 0.1, difference, 1e-7) << tensor.name << " " << i;
      largest = std::max(largest, std::abs(difference));
    }
    // One more vector added to all items' outputs moves all of a user's scores alike, which a softmax does not see.
    if (spec.loss == TwoTowerLoss::batch_softmax && tensor.name == last_item_bias) {
      EXPECT_LT(largest, 1e-7);
    } else {
      EXPECT_GT(largest, 1e-3) << tensor.name << ": too small to show anything";
    }
  }
}

TEST(TwoTowerReference, GradientsAreThoseOfTheLoss) {
  TwoTowerSpec spec = small_two_tower();
  spec.init_stddev = 1;
  expect_two_tower_gradients(spec);
  spec.tower_layers = {5, 4, 3};
  expect_two_tower_gradients(spec);
}

TEST(TwoTowerReference, GradientsOfBatchSoftmaxAreThoseOfTheLoss) {
  TwoTowerSpec spec = small_two_tower();
  spec.init_stddev = 1;
  spec.loss = TwoTowerLoss::batch_softmax;
  expect_two_tower_gradients(spec);
  spec.tower_layers = {};
  expect_two_tower_gradients(spec);
}

TEST(TwoTowerReference, GradientsWithSideFeaturesAreThoseOfTheLoss) {
  TwoTowerSpec spec = small_two_tower();
  spec.init_stddev = 1;
  spec.user_features = 2;
  spec.item_features = 3;
  expect_two_tower_gradients(spec);
  spec.embedding_trainable = false;
  spec.loss = TwoTowerLoss::batch_softmax;
  expect_two_tower_gradients(spec);
}

TEST(TwoTowerReference, GradientsOfFrozenEmbeddingsAreThoseOfTheLoss) {
  TwoTowerSpec spec = small_two_tower();
  spec.init_stddev = 1;
  spec.embedding_trainable = false;
  expect_two_tower_gradients(spec);
}

TEST(TwoTowerReference, GradientsWithoutTowersAreThoseOfTheLoss) {
  TwoTowerSpec spec = small_two_tower();
  spec.init_stddev = 1;
  spec.tower_layers = {};
  expect_two_tower_gradients(spec);
}

}  // namespace
}  // namespace frugal::recommender_test
