// The followers of rank 0: they do what its models are asked to, and rank 0 has what one process would have.
#include "impl/mpi/team.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

#include "impl/mpi/inr/inr_ensemble.hpp"
#include "impl/mpi/mf/matrix_factorizer.hpp"
#include "impl/mpi/recommender/dlrm.hpp"
#include "impl/mpi/recommender/two_tower.hpp"
#include "tests/impl/inr_fixture.hpp"
#include "tests/impl/mf_fixture.hpp"
#include "tests/impl/recommender_fixture.hpp"
#include "tests/impl/thread_ranks.hpp"

namespace frugal::mpi {
namespace {

class MpiTeam : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const Support available = find_backend("mpi")->available(); !available) GTEST_SKIP() << available.reason;
  }

  /// body(team) of rank 0; the others follow.
  template <class Body>
  static void lead(int size, const Body& body) {
    test::ThreadRanks::run(size, [&](Communicator& ranks) {
      Team team(ranks);
      if (ranks.rank() > 0)
        return team.follow({{Call::make_inr, follow_ensemble},
                            {Call::make_mf, follow_factorizer},
                            {Call::make_two_tower, follow_two_tower},
                            {Call::make_dlrm, follow_dlrm}});
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
      EXPECT_TRUE(identical(model->export_state(), cpu->export_state()));
    });
}

TEST_F(MpiTeam, TrainsADlrmAsTheCpuBackEndDoes) {
  DlrmSpec spec{.dense_features = 3, .table_rows = {20, 5}, .embedding_dim = 4, .bottom = {4}, .top = {8, 1}};
  spec.batch = 200;
  spec.seed = 4;
  const auto clicks = recommender_test::clicks_with_bags(spec, 500, 3, 1);
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
      EXPECT_TRUE(identical(model->export_state(), cpu->export_state()));
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

TEST_F(MpiTeam, IsBusyOnceAnExceptionHasLeftACall) {
  Team team(alone());
  EXPECT_FALSE(team.busy());
  EXPECT_THROW(team.call({}, [] { throw std::runtime_error("no"); }), std::runtime_error);
  EXPECT_TRUE(team.busy());
}

}  // namespace
}  // namespace frugal::mpi
