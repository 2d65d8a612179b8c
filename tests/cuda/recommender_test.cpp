// The recommenders on the device (or its shim): agreement with the oracle, and replay.
#include <gtest/gtest.h>

#include "impl/common/recommender/init.hpp"
#include "impl/common/spec_names.hpp"
#include "tests/impl/recommender_fixture.hpp"

namespace frugal::recommender_test {
namespace {

class RecommenderCuda : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const Support available = backend_->available(); !available) GTEST_SKIP() << available.reason;
  }
  const Backend* backend_ = find_backend("cuda");
};

/// Larger than a tile of a product on both sides, with several slices of the gradients, and more ids than a tile of the
/// sort.
TwoTowerSpec many_tiles(bool trainable) {
  return {.users = 300,
          .items = 900,
          .embedding_dim = 9,
          .tower_layers = {70, 7},
          .embedding_trainable = trainable,
          .negatives = 4,
          .batch = 450,
          .seed = 6};
}

// An operand of tf32 is off by 2^-11 of itself, of bf16 by 2^-8; a run in fp32 by mistake would not differ at all.
TEST_F(RecommenderCuda, ADlrmOnTensorCoresIsCloseToFp32AndIsNotFp32) {
  DlrmSpec spec = small_dlrm(FeatureInteraction::dot);
  spec.learning_rate = 0.05;
  const Clicks clicks = planted_clicks(spec, 16);
  const auto losses_of = [&](Precision precision) {
    spec.precision = precision;
    const auto model = backend_->make(spec);
    EXPECT_TRUE(model->implementation().ends_with(to_word(precision_names, precision))) << model->implementation();
    std::vector<double> losses;
    for (int step = 0; step < 3; ++step) losses.push_back(train_step(*model, clicks));
    return losses;
  };
  const std::vector<double> exact = losses_of(Precision::fp32);
  for (const auto& [precision, error] : {std::pair{Precision::tf32, 0x1p-9}, std::pair{Precision::bf16, 0x1p-6}}) {
    spec.precision = precision;
    if (!backend_->supports(spec)) continue;
    const std::vector<double> rounded = losses_of(precision);
    for (std::size_t step = 0; step < exact.size(); ++step) {
      EXPECT_NE(rounded[step], exact[step]) << step;
      EXPECT_NEAR(rounded[step], exact[step], error * exact[step]) << step;
    }
  }
}

// Tables whose values do not fill, or do not start at, a block of four random words.
TEST_F(RecommenderCuda, TablesDrawnOnTheDeviceHaveTheBitsOfTheHost) {
  for (const int dim : {4, 5}) {
    DlrmSpec spec = small_dlrm();
    spec.table_rows = {1, 7, 1000, 3};
    spec.embedding_dim = spec.bottom.back() = dim;
    const ModelState state = backend_->make(spec)->export_state();
    for (std::uint32_t t = 0; t < spec.table_rows.size(); ++t)
      EXPECT_EQ(values(state, "table." + std::to_string(t)), initial_table(spec.table_rows[t], dim, spec.seed, t)) << t;
  }
}

// Products of the larger tile, in slices; a second step of fewer examples than the first.
TEST_F(RecommenderCuda, WideLayersTrainAloneAndInStepsWithTheSameBits) {
  DlrmSpec spec = small_dlrm();
  spec.top = {1024, 1};
  spec.batch = 1536;
  for (const Precision precision : {Precision::tf32, Precision::bf16}) {
    spec.precision = precision;
    const Clicks clicks = planted_clicks(spec, 1600);
    const auto whole = backend_->make(spec);
    whole->set_examples(clicks.batch());
    const std::vector<double> losses = whole->train(2);
    const auto steps = backend_->make(spec);
    steps->set_examples(clicks.batch());
    EXPECT_EQ(steps->train(1)[0], losses[0]);
    EXPECT_EQ(steps->train(1)[0], losses[1]);
    EXPECT_TRUE(identical(steps->export_state(), whole->export_state()));
  }
}

TEST_F(RecommenderCuda, AReloadedTwoTowerTrainsOnWithTheSameBits) {
  for (const TwoTowerLoss loss : {TwoTowerLoss::bce, TwoTowerLoss::batch_softmax}) {
    TwoTowerSpec spec = many_tiles(loss == TwoTowerLoss::bce);
    spec.loss = loss;
    const auto model = backend_->make(spec);
    model->set_interactions(random_positives(spec, 1000));
    model->train(1);
    const ModelState saved = model->export_state();
    const std::vector<double> losses = model->train(3);  // the last of them in the next epoch
    const ModelState after = model->export_state();
    const auto other = backend_->make(spec);
    other->set_interactions(random_positives(spec, 1000));
    other->import_state(saved);
    EXPECT_EQ(other->train(3), losses);
    EXPECT_TRUE(identical(other->export_state(), after));
  }
}

TEST_F(RecommenderCuda, AReloadedDlrmTrainsOnWithTheSameBits) {
  for (const FeatureInteraction interaction : {FeatureInteraction::dot, FeatureInteraction::cat}) {
    const DlrmSpec spec = small_dlrm(interaction);
    const auto model = backend_->make(spec);
    train_step(*model, planted_clicks(spec, 16, 0));
    const ModelState saved = model->export_state();
    const double loss = train_step(*model, planted_clicks(spec, 11, 1));
    const ModelState after = model->export_state();
    model->import_state(saved);
    EXPECT_EQ(train_step(*model, planted_clicks(spec, 11, 1)), loss);
    EXPECT_TRUE(identical(model->export_state(), after));
  }
}

// The recorded step has no room for the second batch, and too much for the third.
TEST_F(RecommenderCuda, BagsOfAnyLengthFollowOneAnother) {
  const DlrmSpec spec = small_dlrm();
  const Clicks batches[] = {planted_clicks(spec, 16, 0), clicks_with_bags(spec, 16, 30, 1), planted_clicks(spec, 9, 2),
                            clicks_with_bags(spec, 5, 2, 3)};
  const auto model = backend_->make(spec);
  for (const Clicks& batch : batches) {
    const auto fresh = backend_->make(spec);
    fresh->import_state(model->export_state());
    std::vector<float> logits(batch.labels.size());
    model->predict(batch.batch(), logits);
    EXPECT_EQ(train_step(*fresh, batch), train_step(*model, batch));
    EXPECT_TRUE(identical(fresh->export_state(), model->export_state()));
  }
}

// The room that a prediction makes for its bags is that of the next step too.
TEST_F(RecommenderCuda, APredictionOfLongerBagsChangesNothingOfTheTraining) {
  const DlrmSpec spec = small_dlrm();
  const Clicks seen = clicks_with_bags(spec, 16, 2, 1);
  const Clicks longer = clicks_with_bags(spec, 16, 90, 2);
  const auto model = backend_->make(spec);
  const auto other = backend_->make(spec);
  for (const auto* each : {&model, &other}) {
    (*each)->set_examples(seen.batch());
    (*each)->train(1);
  }
  std::vector<float> logits(longer.labels.size());
  model->predict(longer.batch(), logits);
  EXPECT_EQ(model->train(2), other->train(2));
  EXPECT_TRUE(identical(model->export_state(), other->export_state()));
}

TEST_F(RecommenderCuda, NewInteractionsReplaceThoseOfTheRecordedStep) {
  const TwoTowerSpec spec = small_two_tower();
  const auto used = backend_->make(spec);
  const ModelState start = used->export_state();
  used->set_interactions(random_positives(spec, 40));
  used->train(2);
  used->set_interactions(random_positives(spec, 23));
  used->import_state(start);
  const auto fresh = backend_->make(spec);
  fresh->set_interactions(random_positives(spec, 23));
  EXPECT_EQ(used->train(4), fresh->train(4));
  EXPECT_TRUE(identical(used->export_state(), fresh->export_state()));
}

TEST_F(RecommenderCuda, EqualEmbeddingsScoreTheSameWhereverTheyStand) {
  const TwoTowerSpec spec = many_tiles(true);
  const auto model = backend_->make(spec);
  ModelState state = model->export_state();
  std::vector<float>& items = values(state, "item_embedding");
  for (std::size_t i = 9; i < items.size(); ++i) items[i] = items[i % 9];
  model->import_state(state);
  const std::vector<Interaction> held_out{{3, 471}};
  RankingQueries queries;
  queries.held_out = held_out;
  EXPECT_EQ(model->rank(queries), std::vector<std::uint32_t>{spec.items - 1});
}

TEST_F(RecommenderCuda, SaysWhatItCannotHold) {
  TwoTowerSpec tower = small_two_tower();
  tower.batch = 1 << 30;
  EXPECT_NE(backend_->supports(tower).reason.find("2^31 examples a step"), std::string::npos);
  DlrmSpec wide = small_dlrm(FeatureInteraction::dot);
  wide.embedding_dim = 1 << 16;
  wide.bottom = {1 << 16};
  EXPECT_NE(backend_->supports(wide).reason.find("shared memory"), std::string::npos);
  tower = small_two_tower();
  tower.tower_layers = {5'000'000, 4};
  EXPECT_EQ(backend_->supports(tower).reason, "the cuda back end takes dense layers up to 4194240 wide, not 5000000");
  tower.tower_layers = {100'000, 100'000, 4};
  EXPECT_NE(backend_->supports(tower).reason.find("towers of up to 4294967040 parameters"), std::string::npos);
  wide = small_dlrm(FeatureInteraction::cat);
  wide.table_rows.assign(1200, 2);
  wide.embedding_dim = 4096;
  EXPECT_NE(backend_->supports(wide).reason.find("up to 4194240 wide"), std::string::npos);
}

}  // namespace
}  // namespace frugal::recommender_test
