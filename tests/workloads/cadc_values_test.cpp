// Every number of a `cadc` run by hand: from given ranks, and once more from the weights that it left.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>

#include "benchmarks/workloads/cadc/evaluate.hpp"
#include "benchmarks/workloads/cadc/tables.hpp"
#include "benchmarks/workloads/shared/sample.hpp"
#include "datasets/interactions/negatives.hpp"
#include "datasets/interactions/split.hpp"
#include "datasets/load/interactions.hpp"
#include "impl/api/backend.hpp"
#include "impl/common/safetensors.hpp"
#include "tests/workloads/work_context.hpp"

namespace frugal::workloads {
namespace {

/// Ranks as given, whatever is asked; keeps the questions.
class GivenRanks final : public Ranker {
 public:
  explicit GivenRanks(std::vector<std::uint32_t> ranks) : ranks_(std::move(ranks)) {}
  std::vector<std::uint32_t> rank(const RankingQueries& queries) const override {
    candidates.assign(queries.candidates.begin(), queries.candidates.end());
    held_out.assign(queries.held_out.begin(), queries.held_out.end());
    masked.push_back(!queries.seen_items.empty());
    if (masked.back()) seen.assign(queries.seen_items.begin(), queries.seen_items.end());
    return ranks_;
  }
  mutable std::vector<std::uint32_t> candidates;
  mutable std::vector<Interaction> held_out;
  mutable std::vector<bool> masked;
  mutable std::vector<std::uint32_t> seen;  ///< of the last question that masked any

 private:
  std::vector<std::uint32_t> ranks_;
};

double gain(int rank) { return 1 / std::log2(rank + 2.0); }

TEST(CadcValues, SeveralHeldOutItemsOfAUserAreOneUser) {
  // User 0 has three held-out items at ranks 0, 12 and 60, user 1 one at 5, user 2 one at 100; each quarter has its user.
  data::Split split;
  split.users = 4;
  split.items = 300;
  for (std::uint32_t user = 0; user < 4; ++user)
    for (std::uint32_t item = 0; item < 10 * (user + 1); ++item) split.train.push_back({user, 200 + item});
  split.held_out = {{0, 1}, {0, 2}, {0, 3}, {1, 4}, {2, 5}, {3, 6}};
  harness::Outcome outcome;
  const GivenRanks ranker({0, 12, 60, 5, 100, 9});
  Evaluation(split).run(ranker, outcome);
  const auto& m = outcome.metrics;
  for (const char* where : {"full", "full,seen"}) {
    const auto value = [&](const char* name) { return m.at(fmt::format("{}[{}]", name, where)); };
    EXPECT_DOUBLE_EQ(value("hr@10"), 3.0 / 4);
    EXPECT_DOUBLE_EQ(value("recall@10"), (1.0 / 3 + 1 + 0 + 1) / 4);
    EXPECT_DOUBLE_EQ(value("recall@50"), (2.0 / 3 + 1 + 0 + 1) / 4);
    EXPECT_DOUBLE_EQ(value("mrr"), (1.0 + 1.0 / 6 + 1.0 / 101 + 1.0 / 10) / 4);
    EXPECT_DOUBLE_EQ(value("ndcg@10"), (gain(0) / (gain(0) + gain(1) + gain(2)) + gain(5) + 0 + gain(9)) / 4);
  }
  // The coldest first, and the quarters are not alike.
  EXPECT_DOUBLE_EQ(m.at("hr@10[full,q1]"), 1);
  EXPECT_DOUBLE_EQ(m.at("ndcg@10[full,q1]"), gain(0) / (gain(0) + gain(1) + gain(2)));
  EXPECT_DOUBLE_EQ(m.at("ndcg@10[full,q2]"), gain(5));
  EXPECT_DOUBLE_EQ(m.at("hr@10[full,q3]"), 0);
  EXPECT_DOUBLE_EQ(m.at("ndcg@10[full,q4]"), gain(9));
  EXPECT_THAT(ranker.masked, ::testing::ElementsAre(true, false))
      << "[full] leaves out what was seen, [full,seen] does not";
}

TEST(CadcValues, FullRankingLeavesOutWhatEarlyStoppingWatchedAndTheValidationDoesNot) {
  data::Split split;
  split.users = 2;
  split.items = 300;
  split.train = {{0, 200}, {1, 200}};
  split.validation = {{0, 7}, {1, 8}};
  split.held_out = {{0, 1}, {1, 2}};
  const data::SeenItems test = data::seen_before_test(split);
  EXPECT_THAT(test.of(0), ::testing::ElementsAre(7, 200));
  EXPECT_THAT(test.of(1), ::testing::ElementsAre(8, 200));
  const GivenRanks ranker({0, 0});
  harness::Outcome outcome;
  Evaluation(split).run(ranker, outcome);
  EXPECT_THAT(ranker.seen, ::testing::ElementsAre(7, 200, 8, 200));
  const GivenRanks watching({0, 0});
  ValidationRanking(split, 1).ndcg(watching);
  EXPECT_THAT(watching.seen, ::testing::ElementsAre(200, 200));
}

TEST(CadcValues, TheHeldOutItemAmongItsCandidatesIsAnEmptyPlace) {
  data::Split split;
  split.users = 2;
  split.items = 300;
  split.train = {{0, 200}, {1, 200}};
  split.held_out = {{0, 1}, {1, 2}};
  split.negatives_per_query = 12;
  split.negative_law = data::NegativeLaw::given;
  for (const Interaction& query : split.held_out)
    for (std::uint32_t k = 0; k < 12; ++k) split.negatives.push_back(query.user == 0 && k < 2 ? query.item : 20 + k);
  harness::Outcome outcome;
  Evaluation(split).run(GivenRanks({11, 11}), outcome);  // of user 0 two of the eleven are the item itself
  EXPECT_DOUBLE_EQ(outcome.metrics.at("hr@10[neg=12]"), 0.5);
  EXPECT_DOUBLE_EQ(outcome.metrics.at("mrr[neg=12]"), (1.0 / 10 + 1.0 / 12) / 2);
}

TEST(CadcValues, TheProtocolIsThatOfTheCandidates) {
  data::Split split;
  split.users = 1;
  split.items = 300;
  split.train = {{0, 200}};
  split.held_out = {{0, 1}};
  for (const auto& [law, name] : {std::pair{data::NegativeLaw::uniform, "neg=99"},
                                  {data::NegativeLaw::given, "neg=99"},
                                  {data::NegativeLaw::popularity, "pop=99"}}) {
    data::draw_negatives(split, 99, law == data::NegativeLaw::given ? data::NegativeLaw::uniform : law, 1);
    split.negative_law = law;
    harness::Outcome outcome;
    Evaluation(split).run(GivenRanks({3}), outcome);
    EXPECT_EQ(candidate_protocol(split), name);
    EXPECT_DOUBLE_EQ(outcome.metrics.at(fmt::format("ndcg@10[{}]", name)), gain(3));
  }
}

TEST(CadcValues, TheScoresOfStageOneAreTheDotProductAndBothBiases) {
  ModelState factors{.step = 0,
                     .tensors = {{"user_factors", {2, 2}, {1, 2, 3, 4}}, {"item_factors", {2, 2}, {5, 6, -7, 8}}}};
  const std::vector<Interaction> pairs{{0, 0}, {1, 0}, {1, 1}};
  EXPECT_THAT(scores_of(factors, pairs), ::testing::ElementsAre(17, 39, 11));
  factors.tensors.push_back({"user_bias", {2}, {0.5, 1}});
  factors.tensors.push_back({"item_bias", {2}, {10, 20}});
  EXPECT_THAT(scores_of(factors, pairs), ::testing::ElementsAre(27.5, 50, 32));
}

TEST(CadcValues, AStratifiedSampleRoundsForEachUserByItself) {
  // Three interactions a user, of which half stay: one or two, one and a half on average, whoever it is.
  std::vector<Interaction> all;
  for (std::uint32_t user = 0; user < 10; ++user)
    for (std::uint32_t item = 0; item < 3; ++item) all.push_back({user, item});
  std::vector<double> kept(10);
  constexpr int seeds = 400;
  for (std::uint64_t seed = 0; seed < seeds; ++seed)
    for (const auto& [user, item] : keep_sample(Sampling::stratified, all, 0.5, seed)) ++kept[user];
  // A standard error of 0.025.
  for (const double count : kept) EXPECT_NEAR(count / seeds, 1.5, 0.125);
}

/// 40 users, 2000 items; item 0 is in every training history.
data::Split popular_split(data::NegativeLaw law) {
  data::Split split;
  split.users = 40;
  split.items = 2000;
  for (std::uint32_t user = 0; user < 40; ++user) {
    if (user >= 2) split.train.push_back({user, user % 2});  // users 0 and 1 have seen neither favourite
    split.train.push_back({user, 100 + user});
    split.held_out.push_back({user, 500 + user});
  }
  data::draw_negatives(split, 99, law, 1);
  return split;
}

TEST(CadcValues, ValidationItemsMeetCandidatesOfTheirOwnByTheSameLaw) {
  for (const data::NegativeLaw law : {data::NegativeLaw::uniform, data::NegativeLaw::popularity}) {
    data::Split split = popular_split(law);
    for (std::uint32_t user = 0; user < 40; ++user) split.validation.push_back({user, 700 + user});
    const GivenRanks ranker(std::vector<std::uint32_t>(40, 0));
    EXPECT_EQ(ValidationRanking(split, 1).ndcg(ranker), 1);
    EXPECT_EQ(ranker.held_out, split.validation);
    ASSERT_EQ(ranker.candidates.size(), split.negatives.size());
    std::size_t shared = 0;
    int favourites = 0;
    for (std::size_t user = 0; user < 40; ++user) {
      const auto first = static_cast<std::ptrdiff_t>(user * 99);
      const std::set<std::uint32_t> test(split.negatives.begin() + first, split.negatives.begin() + first + 99);
      for (std::size_t k = user * 99; k < (user + 1) * 99; ++k) {
        shared += test.contains(ranker.candidates[k]);
        favourites += user < 2 && ranker.candidates[k] < 2;
        EXPECT_NE(ranker.candidates[k], 700 + user) << "the item itself";
      }
    }
    // By chance one in twenty of 2000 items, all of one's own were they the same draws; popular ones meet again.
    if (law == data::NegativeLaw::uniform) {
      EXPECT_LT(shared, 99 * 40 / 4);
    }
    if (law == data::NegativeLaw::popularity) {
      EXPECT_GE(favourites, 3) << "of 4: 19 times as likely as any other";
    }
    if (law == data::NegativeLaw::uniform) {
      EXPECT_LT(favourites, 2);
    }
  }
}

TEST(CadcValues, EarlyStoppingDoesNotKnowWhichItemsAreTheTest) {
  for (const data::NegativeLaw law : {data::NegativeLaw::uniform, data::NegativeLaw::popularity}) {
    data::Split split = popular_split(law);
    for (std::uint32_t user = 0; user < 40; ++user) split.validation.push_back({user, 700 + user});
    const GivenRanks before(std::vector<std::uint32_t>(40, 0)), after(std::vector<std::uint32_t>(40, 0));
    ValidationRanking(split, 1).ndcg(before);
    for (Interaction& query : split.held_out) query.item = before.candidates[99 * query.user];
    ValidationRanking(split, 1).ndcg(after);
    EXPECT_EQ(after.candidates, before.candidates) << "a test item is a candidate as any unseen item";
  }
}

class CadcRun : public ::testing::Test {
 protected:
  /// Runs, and leaves the split as the run saw it and the model as it left it.
  const harness::Outcome& run(const std::string& params) {
    const std::string plan = fmt::format(R"(
schema: 1
name: p
workload: cadc
backend: reference
dataset: {{name: synthetic-interactions, users: 60, items: 220, interactions: 1500}}
params: {{cadc: {{save_weights: true, mf: {{solver: ials, dim: 4, epochs: 3, regularization: 0.01}}, {}}}}}
)",
                                         params);
    cell_ = first_cell(plan);
    context_ = std::make_unique<WorkContext>();
    outcome_ = run_cell(plan, *context_);
    split_ = data::load_split(cell_.dataset, {}, cell_.seed);
    state_ = load_safetensors(context_->artifacts() / "weights.safetensors");
    return outcome_;
  }

  /// Scores of all items for a user, by factors or by towers of one layer.
  std::vector<double> scores(std::uint32_t user, const char* users, const char* items, bool towers) const {
    const auto row = [&](const char* table, std::uint32_t id, const char* tower) {
      const NamedTensor& tensor = *state_.find(table);
      const auto dim = static_cast<std::size_t>(tensor.shape[1]);
      std::vector<double> x(tensor.values.begin() + static_cast<std::ptrdiff_t>(id * dim),
                            tensor.values.begin() + static_cast<std::ptrdiff_t>((id + 1) * dim));
      if (!towers) return x;
      const auto& weight = state_.find(fmt::format("{}_tower.0.weight", tower))->values;
      const auto& bias = state_.find(fmt::format("{}_tower.0.bias", tower))->values;
      std::vector<double> y(bias.begin(), bias.end());
      for (std::size_t o = 0; o < y.size(); ++o)
        for (std::size_t i = 0; i < dim; ++i) y[o] += double{weight[o * dim + i]} * x[i];
      return y;
    };
    const std::vector<double> of_user = row(users, user, "user");
    std::vector<double> all;
    for (std::uint32_t item = 0; item < split_.items; ++item) {
      const std::vector<double> of_item = row(items, item, "item");
      double sum = 0;
      for (std::size_t k = 0; k < of_user.size(); ++k) sum += of_user[k] * of_item[k];
      all.push_back(sum);
    }
    return all;
  }

  /// NDCG@10 and HR@10 of the test items among their candidates, and NDCG@10 among all items.
  void expect_ranking(const char* users, const char* items, bool towers) const {
    double near = 0, full = 0, hits = 0;
    for (std::size_t q = 0; q < split_.held_out.size(); ++q) {
      const auto [user, item] = split_.held_out[q];
      const std::vector<double> score = scores(user, users, items, towers);
      std::set<std::uint32_t> seen;
      for (const Interaction& pair : split_.train)
        if (pair.user == user) seen.insert(pair.item);
      int among_candidates = 0, among_all = 0;
      for (std::size_t k = q * 99; k < (q + 1) * 99; ++k) among_candidates += score[split_.negatives[k]] >= score[item];
      for (std::uint32_t other = 0; other < split_.items; ++other)
        among_all += other != item && !seen.contains(other) && score[other] >= score[item];
      near += among_candidates < 10 ? gain(among_candidates) : 0;
      hits += among_candidates < 10;
      full += among_all < 10 ? gain(among_all) : 0;
    }
    const auto n = static_cast<double>(split_.held_out.size());
    EXPECT_NEAR(outcome_.metrics.at("ndcg@10[neg=99]"), near / n, 1e-9);
    EXPECT_NEAR(outcome_.metrics.at("hr@10[neg=99]"), hits / n, 1e-9);
    EXPECT_NEAR(outcome_.metrics.at("ndcg@10[full]"), full / n, 1e-9);
  }

  harness::Cell cell_;
  harness::Outcome outcome_;
  std::unique_ptr<WorkContext> context_;
  data::Split split_;
  ModelState state_;
};

constexpr double ials_epoch(double positives) { return 280 * 16 + 2 * positives * 16 + 280 * (64.0 / 3 + 32); }

TEST_F(CadcRun, StageOneAloneIsTheRankingOfItsFactorsAndCostsItsEpochs) {
  const auto& m = run("model: mf").metrics;
  expect_ranking("user_factors", "item_factors", false);
  const double positives = 1500 - 60;
  EXPECT_NEAR(m.at("flops.train"), 3 * ials_epoch(positives), 1e-6);
  EXPECT_EQ(m.at("parameters"), 280 * 4);
  EXPECT_EQ(m.at("flops.inference"), 2 * 220 * 4);
  EXPECT_NEAR(context_->work.at("factorize").flops, m.at("flops.train"), 1e-6);
  EXPECT_EQ(context_->work.at("factorize").bytes, 3 * 8 * (positives + 280 * 4));
  // The loss of the last epoch is the objective at its end, a positive: by Rendle et al., eq. 1.
  double objective = 0;
  std::vector<double> of_users(60), of_items(220);
  for (const auto& [user, item] : split_.train) ++of_users[user], ++of_items[item];
  for (std::uint32_t user = 0; user < 60; ++user) {
    const std::vector<double> score = scores(user, "user_factors", "item_factors", false);
    for (const double y : score) objective += 0.3 * y * y;
    for (const Interaction& pair : split_.train)
      if (pair.user == user) objective += std::pow(score[pair.item] - 1, 2);
  }
  const auto penalty = [&](const char* table, const std::vector<double>& history, double others) {
    const auto& values = state_.find(table)->values;
    for (std::size_t i = 0; i < values.size(); ++i)
      objective += 0.01 * (history[i / 4] + 0.3 * others) * values[i] * values[i];
  };
  penalty("user_factors", of_users, 220);
  penalty("item_factors", of_items, 60);
  EXPECT_NEAR(m.at("loss[mf]"), objective / positives, 1e-5);
}

TEST_F(CadcRun, StageTwoIsTheRankingOfItsTowersAndCostsBothStages) {
  const auto& m = run("keep_fraction: 0.5, tower: {layers: [3], epochs: 2, batch: 100}").metrics;
  expect_ranking("user_embedding", "item_embedding", true);
  const double kept = 720;
  EXPECT_EQ(m.at("interactions.kept"), kept);
  EXPECT_EQ(m.at("steps"), 2 * 8);
  const double rows = kept * (1 + 5);  // a user and five items a positive
  const double towers = 2 * (4 * 3 + 3);
  const double forward = rows * 2 * 12 + kept * 5 * 2 * 3;
  const double backward = rows * 2 * 12 + kept * 5 * 4 * 3;  // frozen: no gradient below the towers
  EXPECT_NEAR(m.at("flops.train"), 3 * ials_epoch(1440) + 2 * (forward + backward + 12 * 8 * towers), 1e-6);
  EXPECT_NEAR(context_->work.at("train").flops, 2 * (forward + backward + 12 * 8 * towers), 1e-6);
  EXPECT_EQ(context_->work.at("train").bytes, 2 * 4 * (2 * kept + 280 * 4));
  EXPECT_EQ(m.at("parameters"), 280 * 4 + towers);
  EXPECT_EQ(m.at("flops.inference"), 2 * (4 * 3) + 2 * 3 * 220);
  EXPECT_EQ(state_.step, 16u);
}

TEST_F(CadcRun, TheLossIsThatOfTheLastStep) {
  const double all = run("tower: {layers: [3], epochs: 2, batch: 200}").metrics.at("loss[tower]");
  const auto model = find_backend("reference")
                         ->make(TwoTowerSpec{.users = 60,
                                             .items = 220,
                                             .embedding_dim = 4,
                                             .tower_layers = {3},
                                             .embedding_trainable = false,
                                             .batch = 200,
                                             .seed = cell_.seed});
  ModelState tables;
  for (const char* name : {"user_embedding", "item_embedding"}) tables.tensors.push_back(*state_.find(name));
  model->import_state(tables);
  model->set_interactions(split_.train.unpacked());
  EXPECT_DOUBLE_EQ(all, model->train(16).back());
}

TEST_F(CadcRun, EarlyStoppingWatchesTheValidationItemsAndKeepsTheirBestState) {
  const auto& m =
      run("embedding_trainable: true, tower: {layers: [3], epochs: 12, batch: 200, learning_rate: 0.05, patience: 2}")
          .metrics;
  data::Split training = split_;
  data::take_validation(training, cell_.seed);
  EXPECT_EQ(m.at("interactions.kept"), static_cast<double>(training.train.size()));
  const auto model = find_backend("reference")
                         ->make(TwoTowerSpec{.users = 60,
                                             .items = 220,
                                             .embedding_dim = 4,
                                             .tower_layers = {3},
                                             .embedding_trainable = true,
                                             .batch = 200,
                                             .adam = {.learning_rate = 0.05},
                                             .seed = cell_.seed});
  model->import_state(state_);
  const ValidationRanking ranking(training, cell_.seed);
  EXPECT_DOUBLE_EQ(m.at("ndcg@10[validation]"), ranking.ndcg(*model)) << "of the state that was kept";
  EXPECT_EQ(state_.step, static_cast<std::uint64_t>(m.at("steps.kept")));
  const double epoch = std::ceil(m.at("interactions.kept") / 200);
  if (m.at("steps") < 12 * epoch) {
    EXPECT_EQ(m.at("steps"), m.at("steps.kept") + 2 * epoch);
  }
  EXPECT_LT(m.at("steps.kept"), m.at("steps")) << "the last state is the best: this case would tell nothing";
  // The test items have another value, so that watching them would show.
  double test = 0;
  RankingQueries queries;
  queries.held_out = split_.held_out;
  queries.candidates = split_.negatives;
  queries.per_query = 99;
  for (const std::uint32_t rank : model->rank(queries)) test += rank < 10 ? gain(static_cast<int>(rank)) : 0;
  EXPECT_GT(std::abs(test / 60 - m.at("ndcg@10[validation]")), 1e-3);
}

TEST(CadcValues, UsersWhoseLatestTimeIsSharedAreCounted) {
  ScratchFolder scratch;
  std::filesystem::create_directories(scratch.path() / "ml-100k");
  std::ofstream ratings(scratch.path() / "ml-100k/u.data");
  for (int user = 1; user <= 5; ++user)
    for (int item = 1; item <= 6; ++item)
      ratings << fmt::format("{}\t{}\t4\t{}\n", user, item + user, user <= 2 ? std::min(item, 5) : item);
  for (int item = 1; item <= 250; ++item) ratings << fmt::format("{}\t{}\t4\t{}\n", item <= 100 ? 6 : 7, item, item);
  ratings.close();
  TestContext context({scratch.path()});
  const auto outcome = run_cell(
      "schema: 1\nname: p\nworkload: cadc\nbackend: cpu\ndataset: ml-100k\nparams: {cadc: {model: popularity}}\n",
      context);
  EXPECT_EQ(outcome.metrics.at("users.tied"), 2);
}

}  // namespace
}  // namespace frugal::workloads
