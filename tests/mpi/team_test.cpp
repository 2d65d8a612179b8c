// The followers of rank 0: they do what its models are asked to, and rank 0 has what one process would have.
#include "impl/mpi/team.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "impl/base/error.hpp"
#include "impl/base/files.hpp"
#include "impl/mpi/inr/inr_ensemble.hpp"
#include "impl/mpi/mf/matrix_factorizer.hpp"
#include "impl/mpi/recommender/dlrm.hpp"
#include "impl/mpi/recommender/two_tower.hpp"
#include "tests/common/thread_ranks.hpp"
#include "tests/impl/inr_fixture.hpp"
#include "tests/impl/mf_fixture.hpp"
#include "tests/impl/recommender_fixture.hpp"
#include "tests/scratch_folder.hpp"

namespace frugal::mpi {
namespace {

class MpiTeam : public ::testing::Test {
 public:
  void SetUp() override {
    if (const Support available = find_backend("mpi")->available(); !available) GTEST_SKIP() << available.reason;
  }

  /// body(team) of rank 0; the others follow. load: what they do when they are to load.
  template <class Body>
  static void lead(int size, const Body& body, const LoadPart& load = {}) {
    test::ThreadRanks::run(size, [&](Communicator& ranks) {
      Team team(ranks);
      if (ranks.rank() > 0)
        return team.follow({{Call::make_inr, follow_ensemble},
                            {Call::make_mf, follow_factorizer},
                            {Call::make_two_tower, follow_two_tower},
                            {Call::make_dlrm, follow_dlrm}},
                           load);
      body(team);
      team.end();
    });
  }
};

TEST_F(MpiTeam, FactorisesAsTheCpuBackEndDoes) {
  for (const MfSolver solver : {MfSolver::ials, MfSolver::logistic_sgd}) {
    const MfSpec spec{.solver = solver, .users = 90, .items = 60, .dim = 5, .seed = 2};
    const auto pairs = mf_test::some_pairs(spec, 6);
    const auto cpu = mf_test::make("cpu", spec, pairs);
    const std::vector<double> losses = cpu->train(2);
    const ModelState between = cpu->export_state();
    const std::vector<double> more = cpu->train(2);
    for (const int size : {1, 3})
      lead(size, [&](Team& team) {
        const auto model = make_factorizer(team, spec);
        EXPECT_THROW(model->train(1), std::logic_error);
        EXPECT_THROW(model->set_interactions(std::vector<Interaction>{{90, 0}}), std::invalid_argument);
        model->set_interactions(pairs);
        EXPECT_EQ(model->train(2), losses);
        EXPECT_TRUE(identical(model->export_state(), between));
        // Another model goes on from there, while the first one is still known.
        const auto other = make_factorizer(team, spec);
        EXPECT_THROW(other->import_state({.step = 0, .tensors = {{"none", {1}, {0.F}}}}), std::invalid_argument);
        other->set_interactions(pairs);
        other->import_state(between);
        EXPECT_EQ(other->train(2), more);
        EXPECT_TRUE(identical(other->export_state(), cpu->export_state()));
      });
  }
}

TEST_F(MpiTeam, FactorisesWhatEachRankHasLoadedByItself) {
  for (const MfSolver solver : {MfSolver::ials, MfSolver::logistic_sgd}) {
    const MfSpec spec{.solver = solver, .users = 900, .items = 60, .dim = 5, .seed = 2};
    const auto pairs = mf_test::some_pairs(spec, 3);
    ASSERT_GT(pairs.size(), 3 * 4096U);
    const auto cpu = mf_test::make("cpu", spec, pairs);
    const std::vector<double> losses = cpu->train(2);
    // Rank r begins with a share of its own.
    const auto part = [&](Communicator& ranks) {
      const std::vector<std::size_t> begins = equal_shares(pairs.size(), ranks.size());
      const auto rank = static_cast<std::size_t>(ranks.rank());
      return PackedPairs::spread(ranks, std::span(pairs).subspan(begins[rank], begins[rank + 1] - begins[rank]));
    };
    std::string heard;  // by rank 1
    const auto load = [&](Communicator& ranks, const std::string& request) {
      if (ranks.rank() == 1) heard = request;
      return part(ranks);
    };
    const auto train = [&](Team& team) {
      const PackedPairs loaded = team.load("a request", part);
      EXPECT_EQ(loaded.unpacked(), pairs) << "rank 0 is lent what the others have";
      const auto model = make_factorizer(team, spec);
      model->set_packed_interactions(loaded);
      EXPECT_EQ(model->train(2), losses);
      EXPECT_TRUE(identical(model->export_state(), cpu->export_state()));
    };
    for (const int size : {2, 3}) lead(size, train, load);
    EXPECT_EQ(heard, "a request");
  }
}

TEST_F(MpiTeam, WhatIsRefusedByAllThatLoadIsRefusedByRankZero) {
  lead(
      2,
      [](Team& team) {
        EXPECT_THROW(team.load("x", [](Communicator&) -> PackedPairs { throw UserError("no"); }), UserError);
        EXPECT_FALSE(team.busy()) << "the others wait for the next call";
      },
      [](Communicator&, const std::string&) -> PackedPairs { throw UserError("no"); });
}

TEST_F(MpiTeam, TrainsAnEnsembleAsTheCpuBackEndDoes) {
  const InrSpec spec{.networks = 5, .points = 8 * 8, .hidden_layers = 1, .width = 8};
  const auto cpu = inr_test::make("cpu", spec);
  const std::vector<double> losses = cpu->train(3);
  for (const int size : {1, 4})
    lead(size, [&](Team& team) {
      const auto model = make_ensemble(team, spec);
      model->set_samples(inr_test::grid_of(spec, 8), inr_test::noise(spec));
      EXPECT_EQ(model->train(3), losses);
      EXPECT_EQ(model->network_steps(), cpu->network_steps());
      EXPECT_EQ(inr_test::evaluated(*model, spec, 6), inr_test::evaluated(*cpu, spec, 6));
      EXPECT_TRUE(identical(model->export_state(), cpu->export_state()));
    });
}

TEST_F(MpiTeam, TrainsTwoTowersAsTheCpuBackEndDoes) {
  const TwoTowerSpec spec{.users = 90,
                          .items = 60,
                          .embedding_dim = 6,
                          .tower_layers = {9, 5},
                          .embedding_trainable = false,
                          .negatives = 2,
                          .batch = 100,
                          .adam = {.learning_rate = 0.01},
                          .seed = 2};
  const auto pairs = mf_test::some_pairs({.users = 90, .items = 60, .seed = 2}, 6);
  RankingQueries queries;
  queries.held_out = pairs;
  const auto cpu = find_backend("cpu")->make(spec);
  const ModelState start = cpu->export_state();
  cpu->set_interactions(pairs);
  const std::vector<double> losses = cpu->train(5);
  for (const int size : {1, 3})
    lead(size, [&](Team& team) {
      const auto model = make_two_tower(team, spec);
      EXPECT_THROW(model->train(1), std::invalid_argument);
      model->import_state(start);
      model->set_interactions(pairs);
      EXPECT_EQ(model->train(5), losses);
      EXPECT_EQ(model->score(pairs), cpu->score(pairs));
      EXPECT_EQ(model->rank(queries), cpu->rank(queries));
      EXPECT_TRUE(identical(model->export_state(), cpu->export_state()));
    });
}

TEST_F(MpiTeam, TrainsADlrmAsTheCpuBackEndDoes) {
  DlrmSpec spec{.dense_features = 3, .table_rows = {20, 5}, .embedding_dim = 4, .bottom = {4}, .top = {8, 1}};
  spec.batch = 200;
  spec.seed = 4;
  const auto clicks = recommender_test::clicks_with_bags(spec, 500, 3, 1);
  const auto predictions = [&](const Dlrm& model) {
    std::vector<float> logits(500);
    model.predict(clicks.batch(), logits);
    return logits;
  };
  const auto cpu = find_backend("cpu")->make(spec);
  const ModelState start = cpu->export_state();
  cpu->set_examples(clicks.batch());
  const std::vector<double> losses = cpu->train(5);
  for (const int size : {1, 3})
    lead(size, [&](Team& team) {
      const auto model = make_dlrm(team, spec);
      EXPECT_THROW(model->train(1), std::invalid_argument);
      model->import_state(start);
      model->set_examples(clicks.batch());
      EXPECT_EQ(model->train(5), losses);
      EXPECT_EQ(predictions(*model), predictions(*cpu));
      EXPECT_THROW(model->predict(clicks.batch(), std::span<float>()), std::invalid_argument);
      EXPECT_TRUE(identical(model->export_state(), cpu->export_state()));
    });
}

/// Ranks save what they have trained as the cpu back end does, and other ranks go on from that file alike.
template <class Spec, class MakeTeam, class GiveData, class Train>
void expect_files_of_one_process(const Spec& spec, const MakeTeam& make_team, const GiveData& give_data,
                                 const Train& train) {
  const ScratchFolder folder;
  const NamedTensor beside{"beside.x", {2}, {1, 2}};
  const auto cpu = find_backend("cpu")->make(spec);
  give_data(*cpu);
  const ModelState start = cpu->export_state();
  train(*cpu);
  cpu->save(folder / "cpu", std::span(&beside, 1));
  train(*cpu);
  for (const int size : {1, 3, 4})
    MpiTeam::lead(size, [&](Team& team) {
      const auto model = make_team(team, spec);
      give_data(*model);
      model->import_state(start);
      train(*model);
      model->save(folder / "team", std::span(&beside, 1));
      EXPECT_TRUE(read_whole_file(folder / "team") == read_whole_file(folder / "cpu")) << size << " ranks";
      model->import_state(start);
      const ModelState rest = model->load(folder / "cpu", "beside.");
      ASSERT_EQ(rest.tensors.size(), 1U);
      EXPECT_EQ(rest.tensors[0].values, beside.values);
      train(*model);
      EXPECT_TRUE(identical(model->export_state(), cpu->export_state())) << size << " ranks";
      // What does not fit is refused, and the ranks go on.
      EXPECT_THROW(model->load(folder / "cpu"), std::invalid_argument) << "beside.x is no tensor of it";
      EXPECT_THROW(model->load(folder / "none"), UserError);
      EXPECT_THROW(model->save(folder / "none" / "w"), OutputError);
      EXPECT_FALSE(team.busy());
      train(*model);
    });
}

TEST_F(MpiTeam, LeavesFactorsInOneFile) {
  for (const MfSolver solver : {MfSolver::ials, MfSolver::logistic_sgd}) {
    const MfSpec spec{.solver = solver, .users = 90, .items = 60, .dim = 5, .seed = 2};
    const auto pairs = mf_test::some_pairs(spec, 6);
    expect_files_of_one_process(
        spec, make_factorizer, [&](MatrixFactorizer& model) { model.set_interactions(pairs); },
        [](MatrixFactorizer& model) { model.train(2); });
  }
}

TEST_F(MpiTeam, LeavesNetworksInOneFile) {
  for (const std::int64_t networks : {5, 1}) {  // 1: the ranks share its points
    const InrSpec spec{.networks = networks, .points = networks == 1 ? 72 * 72 : 64, .hidden_layers = 1, .width = 8};
    expect_files_of_one_process(
        spec, make_ensemble,
        [&](InrEnsemble& model) {
          model.set_samples(inr_test::grid_of(spec, inr_test::side_of(spec)), inr_test::noise(spec));
        },
        [](InrEnsemble& model) { model.train(3); });
  }
}

TEST_F(MpiTeam, LeavesTowersInOneFile) {
  for (const bool trainable : {false, true}) {
    TwoTowerSpec spec{.users = 90, .items = 60, .embedding_dim = 6, .tower_layers = {9, 5}, .batch = 100, .seed = 2};
    spec.embedding_trainable = trainable;
    const auto pairs = recommender_test::random_positives(spec, 400);
    expect_files_of_one_process(
        spec, make_two_tower, [&](TwoTower& model) { model.set_interactions(pairs); },
        [](TwoTower& model) { model.train(3); });
  }
}

TEST_F(MpiTeam, LeavesTablesInOneFile) {
  DlrmSpec spec{.dense_features = 3, .table_rows = {20, 5}, .embedding_dim = 4, .bottom = {4}, .top = {8, 1}};
  spec.batch = 200;
  const auto clicks = recommender_test::clicks_with_bags(spec, 500, 3, 1);
  expect_files_of_one_process(
      spec, make_dlrm, [&](Dlrm& model) { model.set_examples(clicks.batch()); }, [](Dlrm& model) { model.train(3); });
}

TEST_F(MpiTeam, TakesWeightsOfHalfPrecision) {
  const ScratchFolder folder;
  const MfSpec spec{.solver = MfSolver::ials, .users = 2, .items = 1, .dim = 1};
  const std::string header = R"({"user_factors":{"dtype":"F16","shape":[2,1],"data_offsets":[0,4]}} )";
  const std::uint64_t length = header.size();
  write_whole_file(folder / "w", std::string(reinterpret_cast<const char*>(&length), 8) + header +
                                     std::string("\x00\x3c\x00\xc0", 4));
  lead(3, [&](Team& team) {
    const auto model = make_factorizer(team, spec);
    model->load(folder / "w");
    EXPECT_EQ(model->export_state().find("user_factors")->values, (std::vector<float>{1, -2}));
  });
}

TEST(MpiCounting, OfWhatReachesARankAndOfWhatItWaitsFor) {
  test::ThreadRanks::run(3, [](Communicator& ranks) {
    Counting counting(ranks);
    std::vector<std::byte> data(100);
    const auto send_to = [&](int to, std::size_t bytes) {
      const std::span part = std::span(data).first(bytes);
      if (counting.rank() != 0 && counting.rank() != to) return;
      const auto transfer = counting.rank() == 0 ? counting.send(part, to) : counting.receive(part, 0);
      while (!transfer->done()) std::this_thread::yield();
    };
    send_to(2, 100);
    send_to(1, 30);
    const double received[] = {0, 30, 100};
    EXPECT_EQ(counting.counts().bytes, received[counting.rank()]);
    EXPECT_EQ(counting.counts().messages, counting.rank() == 0 ? 0 : 1);
    counting.broadcast(data);
    const std::size_t begins[] = {0, 50, 90, 100};
    counting.all_gather(data, begins);
    const double others[] = {50, 60, 90};
    EXPECT_EQ(counting.counts().bytes, received[counting.rank()] + 100 + others[counting.rank()]);
    EXPECT_EQ(counting.counts().messages, (counting.rank() == 0 ? 0 : 1) + 2 + 2) << "a tree of three: two levels";
  });
}

TEST_F(MpiTeam, TellsOfWhatItsModelsDid) {
  const MfSpec spec{.solver = MfSolver::ials, .users = 90, .items = 60, .dim = 5, .seed = 2};
  const auto pairs = mf_test::some_pairs(spec, 6);
  lead(2, [&](Team& team) {
    const auto model = make_factorizer(team, spec);
    model->set_interactions(pairs);
    const RankCounts before = team.heaviest();
    model->train(1);
    const RankCounts after = team.heaviest();
    // Half of the users' factors and half of the items', once: the least that iALS in two ranks can do with.
    EXPECT_GE(after.bytes - before.bytes, (90 + 60) / 2 * 5 * sizeof(float));
    EXPECT_GE(after.messages - before.messages, 2);
    EXPECT_GT(after.cpu_s, before.cpu_s);
    EXPECT_LT(team.heaviest().bytes - after.bytes, 1000) << "nothing was trained since";
  });
}

// A follower with another spec would do its share of another training.
TEST_F(MpiTeam, EveryNumberOfATwoTowerSpecReachesTheFollowers) {
  const TwoTowerSpec base{
      .users = 90, .items = 60, .embedding_dim = 6, .tower_layers = {9, 5}, .batch = 100, .seed = 2};
  using Change = std::function<void(TwoTowerSpec&)>;
  const std::vector<std::pair<const char*, Change>> changes = {
      {"nothing", [](TwoTowerSpec&) {}},
      {"embedding_dim", [](TwoTowerSpec& s) { s.embedding_dim = 10; }},
      {"tower_layers", [](TwoTowerSpec& s) { s.tower_layers = {7}; }},
      {"embedding_trainable", [](TwoTowerSpec& s) { s.embedding_trainable = false; }},
      {"user_features", [](TwoTowerSpec& s) { s.user_features = 2; }},
      {"item_features", [](TwoTowerSpec& s) { s.item_features = 3; }},
      {"init_stddev", [](TwoTowerSpec& s) { s.init_stddev = 0.5; }},
      {"loss", [](TwoTowerSpec& s) { s.loss = TwoTowerLoss::batch_softmax; }},
      {"negatives", [](TwoTowerSpec& s) { s.negatives = 1; }},
      {"batch", [](TwoTowerSpec& s) { s.batch = 64; }},
      {"adam.learning_rate", [](TwoTowerSpec& s) { s.adam.learning_rate = 0.02; }},
      {"adam.beta1", [](TwoTowerSpec& s) { s.adam.beta1 = 0.5; }},
      {"adam.beta2", [](TwoTowerSpec& s) { s.adam.beta2 = 0.9; }},
      {"adam.epsilon", [](TwoTowerSpec& s) { s.adam.epsilon = 0.1; }},
      {"seed", [](TwoTowerSpec& s) { s.seed = 3; }}};
  const auto pairs = mf_test::some_pairs({.users = 90, .items = 60, .seed = 2}, 6);
  for (const auto& [name, change] : changes) {
    SCOPED_TRACE(name);
    TwoTowerSpec spec = base;
    change(spec);
    const auto cpu = find_backend("cpu")->make(spec);
    cpu->set_interactions(pairs);
    const std::vector<double> losses = cpu->train(4);
    const ModelState trained = cpu->export_state();
    lead(3, [&](Team& team) {
      const auto model = make_two_tower(team, spec);
      model->set_interactions(pairs);
      EXPECT_EQ(model->train(4), losses);
      EXPECT_TRUE(identical(model->export_state(), trained));
    });
  }
}

TEST_F(MpiTeam, RanksThatShareExamplesTrainTheSameTwoTowersUpToRounding) {
  TwoTowerSpec spec{.users = 90, .items = 60, .embedding_dim = 6, .tower_layers = {9, 5}, .batch = 100, .seed = 2};
  spec.embedding_trainable = false;
  spec.sharing = TwoTowerSharing::examples;
  const auto pairs = mf_test::some_pairs({.users = 90, .items = 60, .seed = 2}, 6);
  const auto cpu = find_backend("cpu")->make(spec);
  cpu->set_interactions(pairs);
  const std::vector<double> losses = cpu->train(4);
  lead(3, [&](Team& team) {
    const auto model = make_two_tower(team, spec);
    model->set_interactions(pairs);
    const std::vector<double> found = model->train(4);
    ASSERT_EQ(found.size(), losses.size());
    for (std::size_t step = 0; step < losses.size(); ++step) EXPECT_NEAR(found[step], losses[step], 1e-5);
  });
}

TEST_F(MpiTeam, EveryNumberOfADlrmSpecReachesTheFollowers) {
  DlrmSpec base{.dense_features = 3, .table_rows = {20, 5}, .embedding_dim = 4, .bottom = {4}, .top = {8, 1}};
  base.batch = 200;
  base.seed = 4;
  using Change = std::function<void(DlrmSpec&)>;
  const std::vector<std::pair<const char*, Change>> changes = {
      {"nothing", [](DlrmSpec&) {}},
      {"frozen_tables", [](DlrmSpec& s) { s.frozen_tables = 1; }},
      {"embedding_dim, bottom",
       [](DlrmSpec& s) {
         s.embedding_dim = 6, s.bottom = {5, 6};
       }},
      {"top",
       [](DlrmSpec& s) {
         s.top = {5, 4, 1};
       }},
      {"interaction", [](DlrmSpec& s) { s.interaction = FeatureInteraction::cat; }},
      {"optimizer", [](DlrmSpec& s) { s.optimizer = OptimizerKind::sgd; }},
      {"optimizer", [](DlrmSpec& s) { s.optimizer = OptimizerKind::adam; }},
      {"learning_rate", [](DlrmSpec& s) { s.learning_rate = 0.1; }},
      {"epsilon", [](DlrmSpec& s) { s.epsilon = 0.5; }},
      {"batch", [](DlrmSpec& s) { s.batch = 150; }},
      {"seed", [](DlrmSpec& s) { s.seed = 5; }}};
  const auto clicks = recommender_test::clicks_with_bags(base, 500, 3, 1);
  for (const auto& [name, change] : changes) {
    SCOPED_TRACE(name);
    DlrmSpec spec = base;
    change(spec);
    const auto cpu = find_backend("cpu")->make(spec);
    cpu->set_examples(clicks.batch());
    const std::vector<double> losses = cpu->train(4);
    const ModelState trained = cpu->export_state();
    lead(3, [&](Team& team) {
      const auto model = make_dlrm(team, spec);
      model->set_examples(clicks.batch());
      EXPECT_EQ(model->train(4), losses);
      EXPECT_TRUE(identical(model->export_state(), trained));
    });
  }
}

TEST_F(MpiTeam, SaysWhatComputesAndWithWhichVersion) {
  const MfSpec spec{.users = 9, .items = 6, .dim = 2};
  Team team(alone());
  EXPECT_EQ(make_factorizer(team, spec)->implementation(), "mpi/" + find_backend("cpu")->make(spec)->implementation());
  const auto libraries = find_backend("mpi")->libraries();
  ASSERT_EQ(libraries.size(), 1u);
  EXPECT_EQ(libraries[0].first, "mpi");
  EXPECT_THAT(libraries[0].second, ::testing::MatchesRegex("[0-9]+[.][0-9][0-9a-z.]*")) << "nothing but a version";
}

/// Writes down what it is told.
class Scribe final : public Follower {
 public:
  Scribe(std::vector<std::string>& log, int name) : log_(log), name_(name) {}
  ~Scribe() override { log_.push_back(fmt::format("{} gone", name_)); }
  void obey(const Order& order) override { log_.push_back(fmt::format("{} told {}", name_, order.number)); }

 private:
  std::vector<std::string>& log_;
  int name_;
};

TEST(Followers, HaveTheModelsOfRankZeroUntilTheseGo) {
  std::vector<std::string> log;
  test::ThreadRanks::run(2, [&](Communicator& ranks) {
    Team team(ranks);
    if (ranks.rank() > 0) {
      int made = 0;
      return team.follow({{Call::make_mf, [&](Team&) { return std::make_unique<Scribe>(log, ++made); }}}, {});
    }
    const auto call = [&](Call what, std::uint32_t model, std::uint64_t number) {
      team.call({what, model, number}, [] {});
    };
    const std::uint32_t first = team.new_number();
    const std::uint32_t second = team.new_number();
    call(Call::make_mf, first, 0);
    call(Call::make_mf, second, 0);
    call(Call::train, second, 7);
    call(Call::train, first, 8);
    call(Call::drop, first, 0);
    call(Call::train, second, 9);
    team.end();
  });
  EXPECT_THAT(log, ::testing::ElementsAre("2 told 7", "1 told 8", "1 gone", "2 told 9", "2 gone"));
}

TEST_F(MpiTeam, IsBusyOnceAnExceptionHasLeftACall) {
  Team team(alone());
  EXPECT_FALSE(team.busy());
  EXPECT_THROW(team.call({}, [] { throw std::runtime_error("no"); }), std::runtime_error);
  EXPECT_TRUE(team.busy());
}

}  // namespace
}  // namespace frugal::mpi
