#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>

#include "impl/cpu/recommender/dlrm.hpp"
#include "impl/reference/recommender/dlrm.hpp"
#include "tests/impl/recommender_fixture.hpp"

namespace frugal::recommender_test {
namespace {

/// More blocks of examples than there are gradient slots, and tables from one row to many.
DlrmSpec many_examples(OptimizerKind kind, FeatureInteraction interaction) {
  return {.dense_features = 4,
          .table_rows = {1, 5, 100000, 300},
          .embedding_dim = 6,
          .bottom = {11, 6},
          .top = {13, 1},
          .interaction = interaction,
          .optimizer = kind,
          .learning_rate = 0.05,
          .batch = 3000,
          .seed = 8};
}

/// Rows of weights and of outputs that the products read from apart.
DlrmSpec wide_layers() {
  DlrmSpec spec = many_examples(OptimizerKind::adagrad, FeatureInteraction::dot);
  spec.bottom = {512, 6};
  spec.top = {512, 512, 1};
  return spec;
}

TEST(DlrmCpu, SameBitsAtAnyNumberOfThreads) {
  const int threads = omp_get_max_threads();
  for (const DlrmSpec& spec : {many_examples(OptimizerKind::rowwise_adagrad, FeatureInteraction::dot),
                               many_examples(OptimizerKind::adam, FeatureInteraction::cat), wide_layers()}) {
    const Clicks first = planted_clicks(spec, 3000, 0);
    const Clicks second = clicks_with_bags(spec, 2000, 7, 1);
    ModelState expected;
    std::vector<double> expected_losses;
    for (const int count : {1, 2, 3, 7}) {
      omp_set_num_threads(count);
      const auto model = cpu::make(spec);
      const std::vector<double> losses{train_step(*model, first), train_step(*model, second)};
      if (count == 1) {
        expected = model->export_state();
        expected_losses = losses;
      }
      EXPECT_EQ(losses, expected_losses) << count << " threads";
      EXPECT_TRUE(identical(model->export_state(), expected)) << count << " threads";
    }
  }
  omp_set_num_threads(threads);
}

// On an Intel core they would slow a step down tenfold and more. So large a rate would make them move the parameters.
TEST(DlrmCpu, TakesSubnormalGradientsForZero) {
  DlrmSpec spec = many_examples(OptimizerKind::sgd, FeatureInteraction::dot);
  spec.learning_rate = 1e38;
  Clicks clicks = planted_clicks(spec, 500, 0);
  std::ranges::fill(clicks.labels, 0.F);
  const auto sure = [&](auto& model) {  // that nobody clicks: the probability is e^-88
    ModelState state = model.export_state();
    for (NamedTensor& tensor : state.tensors)
      if (tensor.name == "top.1.weight" || tensor.name == "top.1.bias")
        std::ranges::fill(tensor.values, tensor.name == "top.1.bias" ? -88.F : 0.F);
    model.import_state(state);
  };
  const auto model = cpu::make(spec);
  sure(*model);
  const ModelState before = model->export_state();
  train_step(*model, clicks);
  EXPECT_TRUE(std::ranges::equal(model->export_state().tensors, before.tensors, {}, &NamedTensor::values,
                                 &NamedTensor::values));
  const auto oracle = reference::make(spec);
  sure(*oracle);
  train_step(*oracle, clicks);
  EXPECT_NE(oracle->export_state().find("top.1.bias")->values, before.find("top.1.bias")->values);
}

TEST(DlrmCpu, ContinuesFromAnExportedStateWithTheSameBits) {
  const DlrmSpec spec = many_examples(OptimizerKind::adam, FeatureInteraction::dot);
  const auto whole = cpu::make(spec);
  for (std::uint32_t s = 0; s < 2; ++s) train_step(*whole, planted_clicks(spec, 500, s));
  const auto resumed = cpu::make(spec);
  resumed->import_state(whole->export_state());
  const Clicks next = planted_clicks(spec, 700, 2);
  EXPECT_EQ(train_step(*whole, next), train_step(*resumed, next));
  EXPECT_TRUE(identical(whole->export_state(), resumed->export_state()));
}

}  // namespace
}  // namespace frugal::recommender_test
