// What every back end's matrix factorizer must do, run on each that is available.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "impl/common/metrics.hpp"
#include "tests/impl/backend_fixture.hpp"
#include "tests/impl/mf_fixture.hpp"

namespace frugal {
namespace {

using mf_test::dot;
using mf_test::make;
using mf_test::some_pairs;

class MfContract : public ContractTest<MfSpec> {
 protected:
  MfSpec sgd_ = smallest<MfSpec>();
  MfSpec ials_{.solver = MfSolver::ials, .users = 31, .items = 23, .dim = 5, .regularization = 0.01, .seed = 4};
};

TEST_P(MfContract, StartsFromTheInitialValuesOfTheContract) {
  for (const MfSpec& spec : {sgd_, ials_}) {
    const bool sgd = spec.solver == MfSolver::logistic_sgd;
    const ModelState state = make(GetParam(), spec, {})->export_state();
    EXPECT_EQ(state.step, 0u);
    EXPECT_EQ(state.tensors.size(), sgd ? 5u : 2u);
    const double stddev = sgd ? 0.1 : 0.1 / std::sqrt(5.0);
    const Philox users(4, Purpose::user_embedding);
    const Philox items(4, Purpose::item_embedding);
    for (const std::uint64_t i : {0, 1, 7, 114}) {
      EXPECT_FLOAT_EQ(values(state, "user_factors")[i], static_cast<float>(stddev * users.normal(i)));
      EXPECT_FLOAT_EQ(values(state, "item_factors")[i], static_cast<float>(stddev * items.normal(i)));
    }
    if (!sgd) continue;
    EXPECT_EQ(values(state, "user_bias"), std::vector<float>(31, 0.F));
    EXPECT_EQ(values(state, "item_bias"), std::vector<float>(23, 0.F));
    EXPECT_FLOAT_EQ(values(state, "global_bias").at(0), static_cast<float>(std::log(1.0 / 3)));
  }
}

TEST_P(MfContract, TrainingInPartsIsTrainingAtOnce) {
  for (const MfSpec& spec : {sgd_, ials_}) {
    const auto pairs = some_pairs(spec, 4);
    const auto at_once = make(GetParam(), spec, pairs);
    const std::vector<double> losses = at_once->train(5);
    const auto in_parts = make(GetParam(), spec, pairs);
    std::vector<double> other = in_parts->train(2);
    // The second part by another object, from the state alone.
    const auto resumed = make(GetParam(), spec, pairs);
    resumed->import_state(in_parts->export_state());
    for (const double loss : resumed->train(3)) other.push_back(loss);
    EXPECT_EQ(losses, other);
    EXPECT_EQ(at_once->export_state().step, 5u);
    EXPECT_TRUE(identical(at_once->export_state(), resumed->export_state()));
  }
}

TEST_P(MfContract, ABadImportChangesNothing) {
  const auto model = make(GetParam(), sgd_, {});
  const ModelState before = model->export_state();
  const NamedTensor good{"user_bias", {31}, std::vector<float>(31, 1.F)};
  EXPECT_THROW(model->import_state({.step = 1, .tensors = {good, {"bias", {1}, {0.F}}}}), std::invalid_argument);
  EXPECT_THROW(model->import_state({.step = 1, .tensors = {good, {"item_bias", {31}, std::vector<float>(31)}}}),
               std::invalid_argument);
  EXPECT_TRUE(identical(model->export_state(), before));
  model->import_state({.step = 9, .tensors = {good}});
  EXPECT_EQ(values(model->export_state(), "user_bias"), good.values);
  EXPECT_EQ(model->export_state().step, 9u);
}

TEST_P(MfContract, PairsOutOfRangeAreRefused) {
  const auto model = make(GetParam(), sgd_, {});
  const std::vector<Interaction> bad_user{{31, 0}};
  const std::vector<Interaction> bad_item{{0, 23}};
  EXPECT_THROW(model->set_interactions(bad_user), std::invalid_argument);
  EXPECT_THROW(model->set_interactions(bad_item), std::invalid_argument);
}

TEST_P(MfContract, TrainingWithoutInteractionsIsAnError) {
  EXPECT_THROW(backend().make(sgd_)->train(1), std::logic_error);
}

TEST_P(MfContract, NoPositivesGiveNoLoss) {
  for (const MfSpec& spec : {sgd_, ials_}) EXPECT_EQ(make(GetParam(), spec, {})->train(2), (std::vector<double>{0, 0}));
}

TEST_P(MfContract, ImpossibleSpecsAreRefusedWithAReason) {
  const auto refused = [&](MfSpec spec) { return backend().supports(spec).reason; };
  MfSpec spec = sgd_;
  spec.dim = 0;
  EXPECT_NE(refused(spec).find("dim"), std::string::npos);
  spec = sgd_;
  spec.negatives = 0;
  EXPECT_NE(refused(spec).find("negative"), std::string::npos);
  spec = sgd_;
  spec.users = 0;
  EXPECT_NE(refused(spec).find("user"), std::string::npos);
  spec = ials_;
  spec.regularization = 0;
  EXPECT_NE(refused(spec).find("regularization"), std::string::npos);
}

// One user, one item, one negative: the negative must be the same pair, so the two updates can be done by hand.
TEST_P(MfContract, AnEpochIsTheHandComputedSteps) {
  const MfSpec spec{.users = 1, .items = 1, .dim = 2, .learning_rate = 0.5, .l2 = 0.1, .negatives = 1};
  const std::vector<Interaction> pair{{0, 0}};
  const auto model = make(GetParam(), spec, pair);
  model->import_state({.step = 0,
                       .tensors = {{"user_factors", {1, 2}, {1.F, -0.5F}},
                                   {"item_factors", {1, 2}, {0.25F, 2.F}},
                                   {"user_bias", {1}, {0.5F}},
                                   {"item_bias", {1}, {-0.25F}},
                                   {"global_bias", {1}, {0.125F}}}});
  double u[2] = {1, -0.5}, v[2] = {0.25, 2}, bu = 0.5, bi = -0.25, loss = 0;
  for (const double label : {1.0, 0.0}) {
    const double z = u[0] * v[0] + u[1] * v[1] + bu + bi + 0.125;
    const double p = 1 / (1 + std::exp(-z));
    loss -= std::log(label == 1 ? p : 1 - p);
    const double g = p - label;
    for (int k = 0; k < 2; ++k) {
      const double old_u = u[k];
      u[k] -= 0.5 * (g * v[k] + 0.1 * u[k]);
      v[k] -= 0.5 * (g * old_u + 0.1 * v[k]);
    }
    bu -= 0.5 * (g + 0.1 * bu);
    bi -= 0.5 * (g + 0.1 * bi);
  }
  EXPECT_NEAR(model->train(1).at(0), loss / 2, 1e-6);
  const ModelState state = model->export_state();
  for (int k = 0; k < 2; ++k) {
    EXPECT_NEAR(values(state, "user_factors")[static_cast<std::size_t>(k)], u[k], 1e-6);
    EXPECT_NEAR(values(state, "item_factors")[static_cast<std::size_t>(k)], v[k], 1e-6);
  }
  EXPECT_NEAR(values(state, "user_bias").at(0), bu, 1e-6);
  EXPECT_NEAR(values(state, "item_bias").at(0), bi, 1e-6);
  EXPECT_EQ(values(state, "global_bias").at(0), 0.125F);
}

// With a learning rate of 0 an epoch only measures the loss, over fixed examples: its central differences are the
// gradient that an epoch with a small rate steps along.
TEST_P(MfContract, ASmallStepFollowsTheFiniteDifferencesOfTheLoss) {
  MfSpec spec{.users = 3, .items = 4, .dim = 2, .init_stddev = 0.7, .l2 = 0, .negatives = 2, .seed = 7};
  const std::vector<Interaction> pairs{{0, 1}, {1, 3}, {2, 0}};
  const double examples = 3 * (1 + spec.negatives);
  spec.learning_rate = 0;
  const auto meter = make(GetParam(), spec, pairs);
  const ModelState start = meter->export_state();
  spec.learning_rate = 1.0 / 1024;
  const auto stepper = make(GetParam(), spec, pairs);
  stepper->train(1);
  const ModelState after = stepper->export_state();
  for (std::size_t t = 0; t < start.tensors.size(); ++t) {
    if (start.tensors[t].name == "global_bias") continue;
    for (std::size_t i = 0; i < start.tensors[t].values.size(); ++i) {
      const auto loss_at = [&](float shift) {
        ModelState shifted = start;
        shifted.tensors[t].values[i] += shift;
        meter->import_state(shifted);
        return examples * meter->train(1).at(0);
      };
      const double h = 1.0 / 64;
      const double slope = (loss_at(1.F / 64) - loss_at(-1.F / 64)) / (2 * h);
      const double moved = (double{start.tensors[t].values[i]} - double{after.tensors[t].values[i]}) * 1024;
      // Third derivatives of the loss times h^2 / 6, second ones times the rate, and float rounding times 1024.
      EXPECT_NEAR(moved, slope, 5e-3) << start.tensors[t].name << '[' << i << ']';
    }
  }
}

double ials_penalty(const MfSpec& spec, std::size_t history, std::size_t others) {
  return spec.regularization *
         std::pow(static_cast<double>(history) + spec.unobserved_weight * static_cast<double>(others),
                  spec.frequency_scaling);
}

/// Largest derivative of the ials objective by one row, over all rows of one side, relative to the terms of the sum.
double ials_gradient(const MfSpec& spec, const std::vector<float>& rows, const std::vector<float>& others,
                     const std::vector<Interaction>& pairs, bool of_users) {
  const std::size_t dim = static_cast<std::size_t>(spec.dim);
  const std::size_t count = rows.size() / dim;
  const std::size_t other_count = others.size() / dim;
  double worst = 0;
  for (std::size_t r = 0; r < count; ++r) {
    std::set<std::size_t> history;
    for (const Interaction& pair : pairs)
      if ((of_users ? pair.user : pair.item) == r) history.insert(of_users ? pair.item : pair.user);
    const double reg = ials_penalty(spec, history.size(), other_count);
    for (std::size_t k = 0; k < dim; ++k) {
      double gradient = reg * double{rows[r * dim + k]};
      double terms = std::abs(gradient);
      for (std::size_t o = 0; o < other_count; ++o) {
        const double y = dot(rows, r, others, o, spec.dim);
        const double pull = spec.unobserved_weight * y + (history.count(o) ? y - 1 : 0);
        gradient += pull * double{others[o * dim + k]};
        terms += std::abs(pull * double{others[o * dim + k]});
      }
      worst = std::max(worst, std::abs(gradient) / std::max(terms, 1e-3));
    }
  }
  return worst;
}

TEST_P(MfContract, EachHalfStepOfIalsSolvesItsNormalEquations) {
  for (const double scaling : {1.0, 0.5}) {
    MfSpec spec = ials_;
    spec.init_stddev = 1;
    spec.frequency_scaling = scaling;
    const auto pairs = some_pairs(spec, 4);
    const auto model = make(GetParam(), spec, pairs);
    const ModelState before = model->export_state();
    model->train(1);
    const ModelState after = model->export_state();
    EXPECT_LT(ials_gradient(spec, values(after, "user_factors"), values(before, "item_factors"), pairs, true), 2e-5);
    EXPECT_LT(ials_gradient(spec, values(after, "item_factors"), values(after, "user_factors"), pairs, false), 2e-5);
  }
}

TEST_P(MfContract, TheLossOfIalsIsItsObjectiveAndNeverGrows) {
  const auto pairs = some_pairs(ials_, 4);
  const auto model = make(GetParam(), ials_, pairs);
  const std::vector<double> losses = model->train(6);
  for (std::size_t e = 1; e < losses.size(); ++e) EXPECT_LE(losses[e], losses[e - 1] * (1 + 1e-6));
  const ModelState state = model->export_state();
  const std::vector<float>& users = values(state, "user_factors");
  const std::vector<float>& items = values(state, "item_factors");
  double objective = 0;
  std::vector<std::size_t> of_user(ials_.users), of_item(ials_.items);
  for (const Interaction& pair : pairs) {
    objective += std::pow(dot(users, pair.user, items, pair.item, ials_.dim) - 1, 2);
    ++of_user[pair.user];
    ++of_item[pair.item];
  }
  for (std::size_t u = 0; u < ials_.users; ++u)
    for (std::size_t i = 0; i < ials_.items; ++i)
      objective += ials_.unobserved_weight * std::pow(dot(users, u, items, i, ials_.dim), 2);
  for (std::size_t u = 0; u < ials_.users; ++u)
    objective += ials_penalty(ials_, of_user[u], ials_.items) * dot(users, u, users, u, ials_.dim);
  for (std::size_t i = 0; i < ials_.items; ++i)
    objective += ials_penalty(ials_, of_item[i], ials_.users) * dot(items, i, items, i, ials_.dim);
  EXPECT_NEAR(losses.back(), objective / static_cast<double>(pairs.size()), 1e-5 * losses.back());
}

// A user's unseen items of the own community must come before all items of the other one.
TEST_P(MfContract, BothSolversLearnPlantedCommunities) {
  for (MfSpec spec : {sgd_, ials_}) {
    spec.users = 60;
    spec.items = 40;
    spec.dim = 2;
    const auto pairs = mf_test::two_communities(spec);
    std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
    for (const Interaction& pair : pairs) seen.insert({pair.user, pair.item});
    std::vector<Interaction> held_out;
    std::vector<std::uint32_t> candidates;
    for (std::uint32_t user = 0; user < spec.users; ++user)
      for (std::uint32_t item = user % 2; item < spec.items; item += 2) {
        if (seen.contains({user, item})) continue;
        held_out.push_back({user, item});
        for (std::uint32_t other = 1 - user % 2; other < spec.items; other += 2) candidates.push_back(other);
      }
    RankingQueries queries;
    queries.held_out = held_out;
    queries.candidates = candidates;
    queries.per_query = 20;
    const auto model = make(GetParam(), spec, pairs);
    const double untrained = hit_rate(model->rank(queries), 1).value();
    const std::vector<double> losses = model->train(spec.solver == MfSolver::ials ? 5 : 60);
    EXPECT_LT(untrained, 0.3);
    EXPECT_GT(hit_rate(model->rank(queries), 1).value(), 0.95);
    EXPECT_LT(losses.back(), losses.front());
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, MfContract, ::testing::ValuesIn(backends_under_test()), name_of_backend);

}  // namespace
}  // namespace frugal
