// The words by which plans and records call what a spec holds: two that changed places would train something else, and
// every number would still be a good one.
#include "impl/common/spec_names.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace frugal {
namespace {

/// The table has these words, each for its value, and no other.
template <class Enum, std::size_t n>
void expect_words(const Named<Enum> (&names)[n], const std::vector<std::pair<std::string_view, Enum>>& expected) {
  EXPECT_EQ(n, expected.size());
  for (const auto& [word, value] : expected) {
    EXPECT_EQ(to_word(names, value), word);
    EXPECT_EQ(from_word(names, "word", word), value) << word;
  }
}

TEST(SpecNames, AreThoseOfTheirValues) {
  expect_words(precision_names, {{"fp32", Precision::fp32}, {"tf32", Precision::tf32}, {"bf16", Precision::bf16}});
  expect_words(activation_names, {{"sine", Activation::sine},
                                  {"relu", Activation::relu},
                                  {"gauss", Activation::gauss},
                                  {"wire", Activation::wire},
                                  {"finer", Activation::finer}});
  expect_words(bias_init_names, {{"linear", BiasInit::linear}, {"enrp", BiasInit::enrp}});
  expect_words(schedule_names,
               {{"constant", LearningRateSchedule::Kind::constant}, {"cosine", LearningRateSchedule::Kind::cosine}});
  expect_words(inr_implementation_names, {{"auto", InrImplementation::automatic},
                                          {"onednn", InrImplementation::onednn},
                                          {"fused", InrImplementation::fused}});
  expect_words(mf_solver_names, {{"logistic_sgd", MfSolver::logistic_sgd}, {"ials", MfSolver::ials}});
  expect_words(two_tower_loss_names, {{"bce", TwoTowerLoss::bce}, {"batch_softmax", TwoTowerLoss::batch_softmax}});
  expect_words(interaction_names, {{"dot", FeatureInteraction::dot}, {"cat", FeatureInteraction::cat}});
  expect_words(optimizer_names, {{"sgd", OptimizerKind::sgd},
                                 {"adagrad", OptimizerKind::adagrad},
                                 {"rowwise_adagrad", OptimizerKind::rowwise_adagrad},
                                 {"adam", OptimizerKind::adam}});
}

}  // namespace
}  // namespace frugal
