// Several ranks that compute one model of the cpu back end together: the bits are those of one, at any number of ranks and
// threads.
#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>

#include "impl/cpu/inr/inr_ensemble.hpp"
#include "impl/cpu/mf/dealt_pairs.hpp"
#include "impl/cpu/mf/matrix_factorizer.hpp"
#include "impl/cpu/recommender/dealt_tables.hpp"
#include "impl/cpu/recommender/dlrm.hpp"
#include "impl/cpu/recommender/two_tower.hpp"
#include "impl/cpu/runs.hpp"
#include "tests/common/thread_ranks.hpp"
#include "tests/impl/inr_fixture.hpp"
#include "tests/impl/mf_fixture.hpp"
#include "tests/impl/recommender_fixture.hpp"

namespace frugal {
namespace {

using test::ThreadRanks;

struct Trained {
  std::vector<double> losses;
  ModelState state;
};

class Ranks : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const Support available = find_backend("cpu")->available(); !available) GTEST_SKIP() << available.reason;
  }

  /// train(communicator) of each rank must give what it gives alone.
  template <class Train>
  static void expect_same(const std::vector<int>& sizes, const std::string& what, const Train& train) {
    omp_set_num_threads(1);
    const Trained expected = train(alone());
    for (const int size : sizes)
      for (const int threads : {1, 3}) {
        std::vector<Trained> found(static_cast<std::size_t>(size));
        ThreadRanks::run(size, [&](Communicator& ranks) {
          omp_set_num_threads(threads);  // of this thread's own teams
          found[ranks.rank()] = train(ranks);
        });
        for (const Trained& one : found) {
          EXPECT_EQ(one.losses, expected.losses) << what << ", " << size << " ranks, " << threads << " threads";
          EXPECT_TRUE(identical(one.state, expected.state)) << what << ", " << size << " ranks";
        }
      }
  }
};

/// What the ranks learn from is rank 0's, who deals it.
std::span<const Interaction> for_rank_0(Communicator& ranks, std::span<const Interaction> pairs) {
  return ranks.rank() == 0 ? pairs : pairs.first(0);
}

TEST_F(Ranks, FactoriseToTheSameBits) {
  for (const MfSolver solver : {MfSolver::ials, MfSolver::logistic_sgd})
    for (const int dim : {3, 40}) {
      const MfSpec spec{.solver = solver, .users = 703, .items = 1101, .dim = dim, .learning_rate = 0.02, .seed = 3};
      const auto pairs = dim == 3 ? mf_test::some_pairs(spec, 25) : mf_test::some_pairs_shuffled(spec, 25);
      expect_same({2, 3, 4, 9}, dim == 3 ? "dim 3" : "dim 40", [&](Communicator& ranks) {
        const auto model = cpu::make(spec, ranks);
        model->set_interactions(for_rank_0(ranks, pairs));
        Trained trained{model->train(2), {}};
        trained.losses.push_back(model->train(1).front());
        trained.state = model->export_state();
        return trained;
      });
    }
}

TEST_F(Ranks, DealEachPairToTheRankOfItsRowAndKeepTheirOrder) {
  std::vector<Interaction> pairs;
  for (std::uint32_t k = 0; k < 1000; ++k) pairs.push_back({k % 30, k});
  ThreadRanks::run(4, [&](Communicator& ranks) {
    const cpu::PairsRun run = cpu::run_of(ranks, for_rank_0(ranks, pairs));
    EXPECT_EQ(run.begins, (std::vector<std::size_t>{0, 250, 500, 750, 1000}));
    EXPECT_EQ(run.pairs.size(), 250U);
    std::vector<std::uint32_t> counts(30);
    for (const Interaction& pair : run.pairs) ++counts[pair.user];
    add_up(ranks, counts);
    EXPECT_EQ(std::count(counts.begin(), counts.begin() + 10, 34U), 10);
    EXPECT_EQ(std::count(counts.begin() + 10, counts.end(), 33U), 20);
    const std::size_t begins[] = {0, 0, 12, 29, 30};  // rank 0 has none
    const std::vector<int> owners = cpu::ranks_of_rows(begins);
    std::vector<Interaction> expected;
    for (const Interaction& pair : pairs)
      if (owners[pair.user] == ranks.rank()) expected.push_back(pair);
    EXPECT_EQ(cpu::deal(ranks, run.pairs, [&](const Interaction& pair) { return owners[pair.user]; }), expected);
  });
}

TEST_F(Ranks, FactoriseWhatIsSmallerThanTheyAreMany) {
  for (const MfSolver solver : {MfSolver::ials, MfSolver::logistic_sgd}) {
    const MfSpec spec{.solver = solver, .users = 5, .items = 3, .dim = 2, .seed = 1};
    const std::vector<Interaction> pairs = {{0, 0}, {1, 2}, {4, 1}, {4, 2}};
    expect_same({2, 10}, "few rows", [&](Communicator& ranks) {
      const auto model = cpu::make(spec, ranks);
      model->set_interactions(for_rank_0(ranks, pairs));
      return Trained{model->train(3), model->export_state()};
    });
  }
}

TEST_F(Ranks, TrainTwoTowersToTheSameBits) {
  const MfSpec pairs_of{.users = 400, .items = 900, .seed = 3};
  const auto pairs = mf_test::some_pairs(pairs_of, 60);
  for (const TwoTowerLoss loss : {TwoTowerLoss::bce, TwoTowerLoss::batch_softmax})
    for (const bool trainable : {false, true})
      for (const std::vector<int>& layers : {std::vector{24, 8}, std::vector<int>{}}) {
        TwoTowerSpec spec{.users = 400, .items = 900, .embedding_dim = 12, .tower_layers = layers};
        spec.embedding_trainable = trainable;
        if (!trainable && layers.empty()) continue;  // nothing to train
        spec.loss = loss;
        spec.batch = 700;
        spec.seed = 5;
        expect_same({2, 3, 9}, trainable ? "trainable towers" : "frozen towers", [&](Communicator& ranks) {
          const auto model = cpu::make(spec, ranks);
          model->set_interactions(for_rank_0(ranks, pairs));
          Trained trained{model->train(7), {}};
          const auto other = cpu::make(spec, ranks);
          other->import_state(model->export_state());
          other->set_interactions(for_rank_0(ranks, pairs));
          for (const double more : other->train(5)) trained.losses.push_back(more);
          for (const float score : other->score(std::span(pairs).first(500))) trained.losses.push_back(score);
          RankingQueries queries;
          queries.held_out = std::span(pairs).first(50);
          for (const std::uint32_t place : other->rank(queries)) trained.losses.push_back(place);
          trained.state = other->export_state();
          return trained;
        });
      }
}

TEST_F(Ranks, ThatShareExamplesDifferFromOneByRoundingAloneAndRepeat) {
  const auto pairs = mf_test::some_pairs({.users = 400, .items = 900, .seed = 3}, 60);
  TwoTowerSpec spec{.users = 400, .items = 900, .embedding_dim = 12, .tower_layers = {24, 8}};
  spec.embedding_trainable = false;
  spec.sharing = TwoTowerSharing::examples;
  spec.batch = 700;
  spec.seed = 5;
  struct Steps {
    ModelState first;  // after one
    Trained seven;
  };
  const auto train = [&](Communicator& ranks) {
    const auto model = cpu::make(spec, ranks);
    model->set_interactions(for_rank_0(ranks, pairs));
    Steps steps{{}, {model->train(1), {}}};
    steps.first = model->export_state();
    for (const double loss : model->train(6)) steps.seven.losses.push_back(loss);
    steps.seven.state = model->export_state();
    return steps;
  };
  const Steps expected = train(alone());
  for (const int size : {2, 3, 9}) {
    std::vector<Steps> all;
    for (const int threads : {1, 3}) {
      std::vector<Steps> found(static_cast<std::size_t>(size));
      ThreadRanks::run(size, [&](Communicator& ranks) {
        omp_set_num_threads(threads);
        found[ranks.rank()] = train(ranks);
      });
      all.insert(all.end(), found.begin(), found.end());
    }
    for (const Steps& one : all) {
      EXPECT_EQ(one.seven.losses, all[0].seven.losses) << size << " ranks";
      EXPECT_TRUE(identical(one.seven.state, all[0].seven.state)) << size << " ranks";
    }
    for (std::size_t s = 0; s < expected.seven.losses.size(); ++s)
      EXPECT_NEAR(all[0].seven.losses[s], expected.seven.losses[s], 1e-5) << "step " << s << ", " << size << " ranks";
    // Sums of 3500 gradients in another order. (Adam moves a weight by as much however small its gradient is, so that
    // weights may differ where gradients are all rounding.)
    for (std::size_t t = 0; t < expected.first.tensors.size(); ++t) {
      const NamedTensor& moment = expected.first.tensors[t];
      if (!moment.name.starts_with("adam.m/")) continue;
      float largest = 0;
      for (const float value : moment.values) largest = std::max(largest, std::abs(value));
      EXPECT_GT(largest, 0) << moment.name;
      for (std::size_t i = 0; i < moment.values.size(); ++i)
        ASSERT_NEAR(all[0].first.tensors[t].values[i], moment.values[i], 1e-5F * largest) << moment.name << " " << i;
    }
  }
}

TEST_F(Ranks, TrainADlrmToTheSameBits) {
  for (const auto interaction : {FeatureInteraction::dot, FeatureInteraction::cat}) {
    DlrmSpec spec{.dense_features = 4, .table_rows = {1, 300, 7}, .frozen_tables = 1, .embedding_dim = 6};
    spec.bottom = {11, 6};
    spec.top = {13, 1};
    spec.interaction = interaction;
    spec.batch = 600;
    spec.seed = 8;
    for (const bool bags : {false, true}) {
      const auto clicks =
          bags ? recommender_test::clicks_with_bags(spec, 1500, 7, 1) : recommender_test::planted_clicks(spec, 1500);
      const auto batch_of = [&](Communicator& ranks) { return ranks.rank() == 0 ? clicks.batch() : ClickBatch(); };
      expect_same({2, 3, 12}, bags ? "dlrm with bags" : "dlrm", [&](Communicator& ranks) {
        const auto model = cpu::make(spec, ranks);
        model->set_examples(batch_of(ranks));
        Trained trained{model->train(4), {}};
        const auto other = cpu::make(spec, ranks);
        other->import_state(model->export_state());
        other->set_examples(batch_of(ranks));
        for (const double loss : other->train(3)) trained.losses.push_back(loss);
        std::vector<float> logits(1500);
        other->predict(batch_of(ranks), logits);
        trained.losses.insert(trained.losses.end(), logits.begin(), logits.end());
        trained.state = other->export_state();
        return trained;
      });
    }
  }
}

TEST_F(Ranks, LearnFromFewerExamplesThanTheyAreMany) {
  DlrmSpec spec{.dense_features = 2, .table_rows = {9}, .embedding_dim = 4, .bottom = {4}, .top = {1}, .batch = 8};
  const auto clicks = recommender_test::clicks_with_bags(spec, 3, 4);
  expect_same({5}, "3 examples", [&](Communicator& ranks) {
    const auto model = cpu::make(spec, ranks);
    model->set_examples(ranks.rank() == 0 ? clicks.batch() : ClickBatch());
    return Trained{model->train(2), model->export_state()};
  });
}

TEST_F(Ranks, PredictMoreExamplesThanTheyTellEachOtherOfAtATime) {
  const DlrmSpec spec{
      .dense_features = 1, .table_rows = {7}, .embedding_dim = 4, .bottom = {4}, .top = {1}, .batch = 8};
  for (const auto& clicks :
       {recommender_test::planted_clicks(spec, 70'000), recommender_test::clicks_with_bags(spec, 70'000, 3)})
    expect_same({3}, "70,000 examples", [&](Communicator& ranks) {
      std::vector<float> logits(70'000);
      cpu::make(spec, ranks)->predict(ranks.rank() == 0 ? clicks.batch() : ClickBatch(), logits);
      return Trained{{logits.begin(), logits.end()}, {}};
    });
}

TEST_F(Ranks, HaveAShareOfTheRowsOfATableAndRefuseAStateOfOthers) {
  const DlrmSpec spec{
      .dense_features = 2, .table_rows = {1, 301}, .embedding_dim = 4, .bottom = {4}, .top = {1}, .batch = 8};
  const ModelState state = cpu::make(spec)->export_state();
  ThreadRanks::run(3, [&](Communicator& ranks) {
    const cpu::DealtTables tables(spec, {OptimizerKind::sgd, {}}, ranks);
    EXPECT_EQ(tables.rows(0), ranks.rank() == 0 ? 1U : 0U);
    EXPECT_EQ(tables.rows(1), ranks.rank() == 0 ? 101U : 100U);
    const auto model = cpu::make(spec, ranks);
    ModelState other = state;
    for (NamedTensor& tensor : other.tensors)
      if (tensor.name == "table.1") tensor = {tensor.name, {100, 4}, std::vector<float>(400)};  // a share's shape
    EXPECT_THROW(model->import_state(other), std::invalid_argument);
    EXPECT_TRUE(identical(model->export_state(), state)) << "nothing was changed";
  });
}

/// 9 steps, what they exported to another ensemble, 2 more there, and its values.
Trained trained_ensemble(const InrSpec& spec, Communicator& ranks) {
  const std::vector<float> grid = inr_test::grid_of(spec, inr_test::side_of(spec));
  const auto model = cpu::make(spec, ranks);
  model->set_samples(grid, inr_test::noise(spec));
  Trained trained{model->train(9), {}};
  trained.losses.push_back(static_cast<double>(model->network_steps()));
  const auto other = cpu::make(spec, ranks);
  other->import_state(model->export_state());
  other->set_samples(grid, inr_test::noise(spec));
  for (const double loss : other->train(2)) trained.losses.push_back(loss);
  for (const float value : inr_test::evaluated(*other, spec, 5)) trained.losses.push_back(value);
  trained.state = other->export_state();
  return trained;
}

TEST_F(Ranks, TrainAnEnsembleToTheSameBits) {
  for (const InrImplementation implementation : {InrImplementation::fused, InrImplementation::onednn}) {
    InrSpec spec{.networks = 7, .points = 11 * 11, .hidden_layers = 1, .width = 12, .patience = 4};
    spec.adam.learning_rate = 1e-2;
    spec.implementation = implementation;
    expect_same({2, 4, 9}, "ensemble", [&](Communicator& ranks) { return trained_ensemble(spec, ranks); });
  }
}

TEST_F(Ranks, ShareThePointsOfANetworkWhereThereAreMoreRanksThanNetworks) {
  for (const std::int64_t networks : {1, 2})
    for (const InrImplementation implementation : {InrImplementation::fused, InrImplementation::onednn}) {
      // Chunks of 1024 points: 4 a network. More parameters than a block of an update, so that the sum has two pieces.
      InrSpec spec{.networks = networks, .points = 65 * 65, .hidden_layers = 1, .width = 72, .patience = 4};
      spec.adam.learning_rate = 1e-2;
      spec.implementation = implementation;
      expect_same({2, 3, 5, 9}, "networks with shared points",
                  [&](Communicator& ranks) { return trained_ensemble(spec, ranks); });
    }
}

}  // namespace
}  // namespace frugal
