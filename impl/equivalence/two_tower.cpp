// One training step of each kind of two-tower network, and what it scores and ranks before that step.
#include <fmt/format.h>

#include <algorithm>

#include "impl/equivalence/case.hpp"
#include "impl/equivalence/random_state.hpp"

namespace frugal {
namespace {

struct TwoTowerCase {
  const char* name;
  TwoTowerSpec spec;
  std::uint64_t positives;
  std::uint64_t step;  ///< the one that is checked, counted from 0
};

/// Adam's rate is large, so that a wrong step is far outside the rounding of the weights. No unit before a ReLU is within
/// 1e-5 of 0, by the choice of the seeds: there rounding would decide on a gradient.
std::vector<TwoTowerCase> two_tower_cases() {
  const Adam adam{.learning_rate = 0.05};
  const TwoTowerSpec small{
      .users = 30, .items = 20, .embedding_dim = 12, .tower_layers = {24, 8}, .batch = 48, .adam = adam, .seed = 1};
  TwoTowerSpec frozen = small;
  frozen.embedding_trainable = false;
  frozen.tower_layers = {17};
  TwoTowerSpec no_tower = small;
  no_tower.tower_layers = {};
  TwoTowerSpec single = small;
  single.batch = 1;
  single.negatives = 1;
  const TwoTowerSpec large{.users = 190,
                           .items = 411,
                           .embedding_dim = 33,
                           .tower_layers = {40, 24, 16},
                           .negatives = 3,
                           .batch = 300,
                           .adam = adam,
                           .seed = 12};
  TwoTowerSpec large_frozen = large;
  large_frozen.embedding_trainable = false;
  TwoTowerSpec features = small;
  features.user_features = 3;
  features.item_features = 7;
  TwoTowerSpec softmax = small;
  softmax.loss = TwoTowerLoss::batch_softmax;
  TwoTowerSpec softmax_no_tower = no_tower;
  softmax_no_tower.loss = TwoTowerLoss::batch_softmax;
  TwoTowerSpec softmax_alone = single;
  softmax_alone.loss = TwoTowerLoss::batch_softmax;
  TwoTowerSpec softmax_large = large;
  softmax_large.loss = TwoTowerLoss::batch_softmax;
  TwoTowerSpec softmax_all = large_frozen;
  softmax_all.loss = TwoTowerLoss::batch_softmax;
  softmax_all.user_features = 5;
  softmax_all.item_features = 2;
  return {{"side features", features, 100, 1},
          {"batch softmax", softmax, 100, 5},
          {"batch softmax, no tower", softmax_no_tower, 100, 3},
          {"batch softmax, batch of one", softmax_alone, 7, 9},
          {"batch softmax, several blocks", softmax_large, 640, 4},
          {"batch softmax, several blocks, frozen, side features", softmax_all, 640, 1},
          {"trainable", small, 100, 1},
          {"trainable, second epoch, rest of an epoch", small, 100, 5},
          {"frozen", frozen, 100, 4},
          {"no tower", no_tower, 100, 3},
          {"batch of one", single, 7, 9},
          {"several blocks", large, 640, 1},
          {"several blocks, frozen", large_frozen, 640, 4}};
}

std::vector<Interaction> two_tower_positives(const TwoTowerSpec& spec, std::uint64_t count) {
  const Philox random(spec.seed, Purpose::test);
  std::vector<Interaction> positives;
  for (std::uint64_t p = 0; p < count; ++p)
    positives.push_back({random.below(spec.users, 2 * p, 1000), random.below(spec.items, 2 * p + 1, 1000)});
  return positives;
}

void check_two_tower_case(const TwoTowerCase& test, const Backend& oracle, const Backend& candidate,
                          std::vector<EquivalenceCheck>& checks) {
  auto pair = equivalence_pair(fmt::format("two_tower/{}", test.name), test.spec, test.spec, oracle, candidate, checks);
  if (!pair) return;
  TwoTower& expected = *pair->expected;
  TwoTower& found = *pair->found;
  const std::vector<Interaction> positives = two_tower_positives(test.spec, test.positives);
  const ModelState start = random_state(expected.export_state(), test.step, test.spec.seed);
  for (TwoTower* model : {&expected, &found}) {
    model->set_interactions(positives);
    model->import_state(start);
  }

  double widths = test.spec.embedding_dim + std::max(test.spec.user_features, test.spec.item_features);
  for (const int width : test.spec.tower_layers) widths += width;
  pair->compare(as_doubles(expected.score(positives)), as_doubles(found.score(positives)), "score", widths);
  RankingQueries queries;
  queries.held_out = std::span(positives).first(std::min<std::size_t>(positives.size(), 20));
  const auto expected_ranks = expected.rank(queries);
  const auto found_ranks = found.rank(queries);
  pair->compare(std::vector<double>(expected_ranks.begin(), expected_ranks.end()),
                std::vector<double>(found_ranks.begin(), found_ranks.end()), "rank among all items", 1);

  const double reduction = widths + test.spec.batch * (1.0 + test.spec.negatives);
  pair->compare(expected.train(1), found.train(1), "loss", reduction);
  pair->compare_states_now("after a step", [&](const std::string&) { return reduction; });
}

}  // namespace

std::vector<EquivalenceCheck> check_two_tower(const Backend& oracle, const Backend& candidate) {
  std::vector<EquivalenceCheck> checks;
  for (const TwoTowerCase& test : two_tower_cases()) check_two_tower_case(test, oracle, candidate, checks);
  return checks;
}

}  // namespace frugal
