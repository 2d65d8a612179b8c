// What every back end's two-tower network must do, run on each that is available.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "tests/impl/backend_fixture.hpp"
#include "tests/impl/recommender_fixture.hpp"

namespace frugal::recommender_test {
namespace {

class TwoTowerContract : public ContractTest<TwoTowerSpec> {
 protected:
  std::unique_ptr<TwoTower> make(const TwoTowerSpec& spec) const { return backend().make(spec); }
  std::unique_ptr<TwoTower> make(const TwoTowerSpec& spec, const std::vector<Interaction>& positives) const {
    auto model = make(spec);
    model->set_interactions(positives);
    return model;
  }

  TwoTowerSpec small_ = small_two_tower();
  std::vector<Interaction> positives_ = random_positives(small_, 19);  // steps of 8, 8 and 3
};

double mean_score(const TwoTower& model, const std::vector<Interaction>& pairs) {
  const std::vector<float> scores = model.score(pairs);
  return std::accumulate(scores.begin(), scores.end(), 0.0) / static_cast<double>(scores.size());
}

TEST_P(TwoTowerContract, StartsFromTheInitialValuesOfTheContract) {
  const ModelState state = make(small_)->export_state();
  EXPECT_EQ(state.step, 0U);
  const std::pair<const char*, Purpose> tables[] = {{"user_embedding", Purpose::user_embedding},
                                                    {"item_embedding", Purpose::item_embedding}};
  for (const auto& [name, purpose] : tables) {
    const std::vector<float>& table = values(state, name);
    for (std::size_t i = 0; i < table.size(); ++i)
      ASSERT_EQ(table[i], static_cast<float>(Philox(11, purpose).normal(i) * 0.1)) << name << " " << i;
  }
  const double bound = std::sqrt(6.0 / (6 + 4));
  const std::vector<float>& weight = values(state, "item_tower.1.weight");
  ASSERT_EQ(weight.size(), 24U);
  for (std::size_t i = 0; i < weight.size(); ++i)
    ASSERT_EQ(weight[i], static_cast<float>((2.0 * Philox(11, Purpose::weights).uniform(i, 101) - 1) * bound)) << i;
  for (const NamedTensor& tensor : state.tensors) {
    if (!tensor.name.ends_with(".bias") && !tensor.name.starts_with("adam.")) continue;
    EXPECT_TRUE(std::all_of(tensor.values.begin(), tensor.values.end(), [](float v) { return v == 0; })) << tensor.name;
  }
}

TEST_P(TwoTowerContract, LossIsTheMeanCrossEntropyOfTheExamplesOfTheContract) {
  TwoTowerSpec spec = small_;
  spec.init_stddev = 1;
  const auto model = make(spec, positives_);
  for (std::uint64_t step = 0; step < 7; ++step) {  // the third step of an epoch has what is left
    const StepExamples examples = examples_of_step(spec, positives_, step);
    const std::vector<float> scores = model->score(examples.pairs);
    double loss = 0;
    for (std::size_t e = 0; e < scores.size(); ++e) loss += softplus(scores[e]) - examples.labels[e] * scores[e];
    EXPECT_NEAR(model->train(1).front(), loss / static_cast<double>(scores.size()), 1e-6) << "step " << step;
  }
}

TEST_P(TwoTowerContract, BatchSoftmaxIsTheLossOfTheContract) {
  TwoTowerSpec spec = small_;
  spec.init_stddev = 1;
  spec.loss = TwoTowerLoss::batch_softmax;
  const auto model = make(spec, positives_);
  std::vector<double> shares(spec.items);
  for (const Interaction& positive : positives_) shares[positive.item] += 1.0 / static_cast<double>(positives_.size());
  std::size_t masked = 0;
  for (std::uint64_t step = 0; step < 7; ++step) {
    const std::vector<Interaction> pairs = positives_of_step(spec, positives_, step);
    const auto logit = [&](const Interaction& p, const Interaction& j) {
      const std::vector<Interaction> pair{{p.user, j.item}};
      return model->score(pair)[0] - std::log(shares[j.item]);
    };
    double loss = 0;
    for (const Interaction& p : pairs) {
      double sum = std::exp(logit(p, p));
      for (const Interaction& j : pairs) {
        if (std::count(pairs.begin(), pairs.end(), Interaction{p.user, j.item}) > 0)
          ++masked;
        else
          sum += std::exp(logit(p, j));
      }
      loss += (std::log(sum) - logit(p, p)) / static_cast<double>(pairs.size());
    }
    EXPECT_NEAR(model->train(1).front(), loss, 2e-6) << "step " << step;
  }
  EXPECT_GT(masked, 60U) << "beside each positive itself, the case masks nothing";
}

TEST_P(TwoTowerContract, BatchSoftmaxOfOneUserHasNoCompetitors) {
  TwoTowerSpec spec = small_;
  spec.users = 1;
  spec.loss = TwoTowerLoss::batch_softmax;
  const auto model = make(spec, {{0, 0}, {0, 1}, {0, 6}, {0, 1}});
  const ModelState before = model->export_state();
  EXPECT_NEAR(model->train(1).front(), 0, 1e-30);
  EXPECT_NEAR(values(model->export_state(), "user_embedding")[0], values(before, "user_embedding")[0], 1e-7);
}

TEST_P(TwoTowerContract, SideFeaturesAreTheTowersLastInputs) {
  // An embedding column moved into the features gives the same scores, from the same first layer.
  TwoTowerSpec spec = small_;
  spec.embedding_trainable = false;
  const auto whole = make(spec, positives_);
  spec.embedding_dim = 3;
  spec.user_features = 2;
  spec.item_features = 2;
  const auto split = make(spec, positives_);
  ModelState state = whole->export_state();
  ModelState parts = split->export_state();
  EXPECT_EQ(values(parts, "item_features"), std::vector<float>(spec.items * 2, 0.F)) << "at first";
  for (const std::string side : {"user", "item"}) {
    const std::vector<float>& rows = values(state, side + "_embedding");
    for (std::size_t r = 0; r < rows.size() / 5; ++r)
      for (std::size_t k = 0; k < 5; ++k)
        (k < 3 ? values(parts, side + "_embedding")[r * 3 + k] : values(parts, side + "_features")[r * 2 + k - 3]) =
            rows[r * 5 + k];
    for (const std::string layer : {"_tower.0", "_tower.1"})
      values(parts, side + layer + ".weight") = values(state, side + layer + ".weight");
  }
  split->import_state(parts);
  EXPECT_EQ(whole->score(positives_), split->score(positives_));
  whole->train(4);
  split->train(4);
  const std::vector<float> expected = whole->score(positives_);
  const std::vector<float> actual = split->score(positives_);
  for (std::size_t p = 0; p < expected.size(); ++p) EXPECT_NEAR(actual[p], expected[p], 1e-5) << p;
  EXPECT_EQ(values(split->export_state(), "user_features"), values(parts, "user_features"));
}

TEST_P(TwoTowerContract, OnlyRowsOfTheStepMove) {
  small_.tower_layers = {4};  // without a ReLU, which can stop a row's gradient
  const auto model = make(small_, positives_);
  model->train(2);
  const ModelState before = model->export_state();
  model->train(1);
  const ModelState after = model->export_state();
  std::set<std::uint32_t> users;
  std::set<std::uint32_t> items;
  for (const Interaction& pair : examples_of_step(small_, positives_, 2).pairs) {
    users.insert(pair.user);
    items.insert(pair.item);
  }
  const std::pair<const char*, const std::set<std::uint32_t>*> sides[] = {{"user_embedding", &users},
                                                                          {"item_embedding", &items}};
  for (const auto& [name, touched] : sides) {
    const std::size_t rows = values(after, name).size() / 5;
    ASSERT_LT(touched->size(), rows) << "the case shows nothing";
    for (std::uint32_t row = 0; row < rows; ++row) {
      for (const std::string& prefix : {std::string(), std::string("adam.m/"), std::string("adam.v/")}) {
        const auto old_row = values(before, prefix + name).begin() + row * 5;
        const bool same = std::equal(old_row, old_row + 5, values(after, prefix + name).begin() + row * 5);
        EXPECT_EQ(same, !touched->contains(row)) << prefix << name << " " << row;
      }
    }
  }
}

TEST_P(TwoTowerContract, OneUserAndOneItemByHand) {
  // The only item is the positive and the negative: z = u.v, loss = (softplus(-z) + softplus(z)) / 2, and each row's
  // gradient is the sum over both examples, (sigmoid(z) - 1/2) times the other row.
  TwoTowerSpec spec{.users = 1, .items = 1, .embedding_dim = 2, .tower_layers = {}, .negatives = 1, .batch = 1};
  spec.adam = {.learning_rate = 0.1, .epsilon = 1e-3};
  const auto model = make(spec, {{0, 0}});
  ModelState state = model->export_state();
  values(state, "user_embedding") = {1, -2};
  values(state, "item_embedding") = {3, 0.5};
  model->import_state(state);
  EXPECT_NEAR(model->train(1).front(), (std::log1p(std::exp(-2.0)) + 2 + std::log1p(std::exp(-2.0))) / 2, 1e-7);
  const double slope = 1 / (1 + std::exp(-2.0)) - 0.5;
  const ModelState after = model->export_state();
  const double g[] = {slope * 3, slope * 0.5};
  for (std::size_t k = 0; k < 2; ++k) {
    EXPECT_NEAR(values(after, "adam.m/user_embedding")[k], 0.1 * g[k], 1e-7);
    EXPECT_NEAR(values(after, "adam.v/user_embedding")[k], 0.001 * g[k] * g[k], 1e-9);
    const double start = k == 0 ? 1 : -2;
    EXPECT_NEAR(values(after, "user_embedding")[k], start - 0.1 * g[k] / (g[k] + 1e-3), 1e-6);
  }
  EXPECT_NEAR(values(after, "adam.m/item_embedding")[0], 0.1 * slope, 1e-7);
  EXPECT_NEAR(values(after, "adam.m/item_embedding")[1], 0.1 * slope * -2, 1e-7);
  EXPECT_EQ(after.step, 1U);
}

TEST_P(TwoTowerContract, FrozenEmbeddingsHaveNoOptimizerStateAndKeepTheirBits) {
  small_.embedding_trainable = false;
  const auto model = make(small_, positives_);
  const ModelState before = model->export_state();
  model->train(9);
  const ModelState after = model->export_state();
  for (const std::string name : {"user_embedding", "item_embedding"}) {
    EXPECT_EQ(values(before, name), values(after, name));
    EXPECT_EQ(after.find("adam.m/" + name), nullptr);
    EXPECT_EQ(after.find("adam.v/" + name), nullptr);
  }
  EXPECT_NE(values(before, "user_tower.0.weight"), values(after, "user_tower.0.weight"));
  EXPECT_NE(values(before, "item_tower.1.bias"), values(after, "item_tower.1.bias"));
}

TEST_P(TwoTowerContract, GivenEmbeddingsAreUsed) {
  small_.embedding_trainable = false;
  const auto model = make(small_, positives_);
  const std::vector<float> before = model->score(positives_);
  ModelState given{.step = 0, .tensors = {*model->export_state().find("user_embedding")}};
  for (float& value : given.tensors[0].values) value += 1;
  model->import_state(given);
  EXPECT_EQ(values(model->export_state(), "user_embedding"), given.tensors[0].values);
  EXPECT_NE(model->score(positives_), before);
}

TEST_P(TwoTowerContract, StepsInOneCallOrInTwoAreTheSameBits) {
  const auto whole = make(small_, positives_);
  const auto parts = make(small_, positives_);
  const std::vector<double> losses = whole->train(5);
  std::vector<double> joined = parts->train(2);
  for (const double loss : parts->train(3)) joined.push_back(loss);
  EXPECT_EQ(losses, joined);
  EXPECT_TRUE(identical(whole->export_state(), parts->export_state()));
}

TEST_P(TwoTowerContract, ImportingIsTheInverseOfExporting) {
  const auto model = make(small_, positives_);
  model->train(4);
  const ModelState state = model->export_state();
  small_.seed = 5;
  const auto other = make(small_, positives_);
  other->import_state(state);
  EXPECT_TRUE(identical(other->export_state(), state));
}

TEST_P(TwoTowerContract, AWrongStateChangesNothing) {
  const auto model = make(small_, positives_);
  const ModelState before = model->export_state();
  ModelState changed = before;
  changed.step = 3;
  for (float& value : values(changed, "user_embedding")) value = 7;
  ModelState unknown = changed;
  unknown.tensors.push_back({"user_bias", {9}, std::vector<float>(9)});
  EXPECT_THROW(model->import_state(unknown), std::invalid_argument);
  ModelState misshapen = changed;
  misshapen.tensors.back().shape.push_back(1);
  EXPECT_THROW(model->import_state(misshapen), std::invalid_argument);
  EXPECT_TRUE(identical(model->export_state(), before));
}

TEST_P(TwoTowerContract, RanksAreThoseOfItsScores) {
  const auto model = make(small_, positives_);
  model->train(3);
  const std::vector<std::uint32_t> candidates{0, 1, 2, 3, 4, 5};
  const std::vector<Interaction> held_out{{2, 6}};
  std::vector<Interaction> pairs;
  for (std::uint32_t item = 0; item < small_.items; ++item) pairs.push_back({2, item});
  const std::vector<float> scores = model->score(pairs);
  const auto above = std::count_if(scores.begin(), scores.end() - 1, [&](float s) { return s >= scores.back(); });
  RankingQueries queries;
  queries.held_out = held_out;
  queries.candidates = candidates;
  queries.per_query = 6;
  EXPECT_EQ(model->rank(queries), std::vector<std::uint32_t>{static_cast<std::uint32_t>(above)});
  queries.candidates = {};
  EXPECT_EQ(model->rank(queries), std::vector<std::uint32_t>{static_cast<std::uint32_t>(above)});
}

TEST_P(TwoTowerContract, BatchSoftmaxLearnsWhatIsPlanted) {
  const TwoTowerSpec spec{.users = 24,
                          .items = 24,
                          .embedding_dim = 8,
                          .tower_layers = {16, 8},
                          .loss = TwoTowerLoss::batch_softmax,
                          .batch = 24,
                          .adam = {.learning_rate = 0.02},
                          .seed = 3};
  const PlantedPairs pairs = planted_pairs(spec, 3);
  const auto model = make(spec, pairs.seen);
  model->train(120);
  EXPECT_GT(mean_score(*model, pairs.unseen), mean_score(*model, pairs.other) + 1);
}

TEST_P(TwoTowerContract, LearnsWhatIsPlanted) {
  for (const std::vector<int>& layers : {std::vector<int>{}, {16, 8}}) {
    const TwoTowerSpec spec{.users = 24,
                            .items = 24,
                            .embedding_dim = 8,
                            .tower_layers = layers,
                            .negatives = 3,
                            .batch = 24,
                            .adam = {.learning_rate = 0.02},
                            .seed = 3};
    const PlantedPairs pairs = planted_pairs(spec, 3);
    const auto model = make(spec, pairs.seen);
    const std::vector<double> losses = model->train(120);
    EXPECT_NEAR(losses.front(), std::log(2.0), 0.1);
    EXPECT_LT(std::accumulate(losses.end() - 10, losses.end(), 0.0) / 10, 0.45);
    EXPECT_GT(mean_score(*model, pairs.unseen), mean_score(*model, pairs.other) + 1);
  }
}

TEST_P(TwoTowerContract, SaysWhatItCannotDo) {
  small_.tower_layers = {};
  small_.embedding_trainable = false;
  EXPECT_NE(backend().supports(small_).reason.find("nothing to train"), std::string::npos);
  small_.embedding_trainable = true;
  small_.item_features = 2;
  EXPECT_NE(backend().supports(small_).reason.find("side features without tower"), std::string::npos);
  small_ = small_two_tower();
  small_.negatives = 0;
  EXPECT_NE(backend().supports(small_).reason.find("negatives"), std::string::npos);
  small_.loss = TwoTowerLoss::batch_softmax;
  EXPECT_TRUE(backend().supports(small_));
  small_.batch = 0;
  EXPECT_NE(backend().supports(small_).reason.find("batch"), std::string::npos);
}

TEST_P(TwoTowerContract, RefusesInteractionsOutOfRangeAndTrainingWithoutAny) {
  EXPECT_THROW(make(small_)->train(1), std::invalid_argument);
  EXPECT_THROW(make(small_)->set_interactions(std::vector<Interaction>{{9, 0}}), std::invalid_argument);
  EXPECT_THROW(make(small_)->set_interactions(std::vector<Interaction>{{0, 7}}), std::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(Backends, TwoTowerContract, ::testing::ValuesIn(backends_under_test()), name_of_backend);

}  // namespace
}  // namespace frugal::recommender_test
