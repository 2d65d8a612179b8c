// What every back end's DLRM must do, run on each that is available.
#include <gtest/gtest.h>

#include <algorithm>

#include "impl/common/epoch_schedule.hpp"
#include "tests/impl/backend_fixture.hpp"
#include "tests/impl/recommender_fixture.hpp"

namespace frugal::recommender_test {
namespace {

class DlrmContract : public ContractTest<DlrmSpec> {
 protected:
  std::unique_ptr<Dlrm> make(const DlrmSpec& spec) const { return backend().make(spec); }

  /// The state after one step of this optimiser on `clicks`, from the initial state.
  ModelState after_a_step(OptimizerKind kind, const Clicks& clicks) const {
    DlrmSpec spec = small_;
    spec.optimizer = kind;
    const auto model = make(spec);
    train_step(*model, clicks);
    return model->export_state();
  }

  DlrmSpec small_ = small_dlrm();
};

std::vector<float> logits_of(const Dlrm& model, const Clicks& clicks) {
  std::vector<float> logits(clicks.labels.size());
  model.predict(clicks.batch(), logits);
  return logits;
}

TEST_P(DlrmContract, StartsFromTheInitialValuesOfTheContract) {
  const ModelState state = make(small_)->export_state();
  const Philox tables(12, Purpose::user_embedding);
  const std::vector<float>& table = values(state, "table.1");
  ASSERT_EQ(table.size(), 24U);
  for (std::size_t i = 0; i < table.size(); ++i)
    ASSERT_EQ(table[i], static_cast<float>((2.0 * tables.uniform(i, 1) - 1) * (1 / std::sqrt(6.0)))) << i;
  const Philox weights(12, Purpose::weights);
  const std::pair<const char*, std::uint32_t> layers[] = {{"bottom.1", 1}, {"top.0", 100}};
  for (const auto& [name, stream] : layers) {
    const NamedTensor* weight = state.find(std::string(name) + ".weight");
    ASSERT_NE(weight, nullptr);
    const double out = static_cast<double>(weight->shape[0]);
    const double in = static_cast<double>(weight->shape[1]);
    for (std::size_t i = 0; i < weight->values.size(); ++i)
      ASSERT_EQ(weight->values[i], static_cast<float>(weights.normal(i, stream) * std::sqrt(2 / (in + out)))) << i;
    const std::vector<float>& bias = values(state, std::string(name) + ".bias");
    for (std::size_t i = 0; i < bias.size(); ++i)
      ASSERT_EQ(bias[i], static_cast<float>(weights.normal(i, 200 + stream) * std::sqrt(1 / out))) << i;
  }
}

TEST_P(DlrmContract, DotByHand) {
  // One feature, dimension 2, two tables of one row; the top layer reads the interactions out one after another.
  const DlrmSpec spec{.dense_features = 1,
                      .table_rows = {1, 1},
                      .embedding_dim = 2,
                      .bottom = {2},
                      .top = {1},
                      .optimizer = OptimizerKind::sgd,
                      .batch = 1};
  const auto model = make(spec);
  const float expected[] = {3, 0, 15, 9, 76};  // bottom output (3, relu(-6) = 0), then (1,0), (2,0), (2,1)
  for (std::size_t k = 0; k < 5; ++k) {
    ModelState state = model->export_state();
    values(state, "bottom.0.weight") = {1, -3};
    values(state, "bottom.0.bias") = {1, 0};
    values(state, "table.0") = {5, 7};
    values(state, "table.1") = {3, 8.714286F};
    values(state, "top.0.weight") = std::vector<float>(5, 0.F);
    values(state, "top.0.weight")[k] = 1;
    values(state, "top.0.bias") = {0.5F};
    model->import_state(state);
    const Clicks clicks{.dense = {2}, .ids = {0, 0}, .labels = {1}};
    EXPECT_NEAR(logits_of(*model, clicks)[0], expected[k] + 0.5, 1e-4) << k;
  }
}

TEST_P(DlrmContract, ABagIsTheSumOfItsRowsAndAnEmptyOneIsZero) {
  for (const FeatureInteraction interaction : {FeatureInteraction::dot, FeatureInteraction::cat}) {
    const auto model = make(small_dlrm(interaction));
    const ModelState before = model->export_state();
    // Rows 1 + 3 + 3 of table 0, nothing of table 1, row 2 of table 2.
    const Clicks bags{.dense = {1, -1, 2}, .ids = {1, 3, 3, 2}, .labels = {1}, .offsets = {0, 3, 3, 4}};
    const float logit = logits_of(*model, bags)[0];
    ModelState changed = before;
    for (std::size_t k = 0; k < 4; ++k) {
      values(changed, "table.0")[k] = values(before, "table.0")[4 + k] + 2 * values(before, "table.0")[12 + k];
      values(changed, "table.1")[k] = 0;
    }
    model->import_state(changed);
    const Clicks single{.dense = {1, -1, 2}, .ids = {0, 0, 2}, .labels = {1}};
    EXPECT_NEAR(logit, logits_of(*model, single)[0], 1e-5);
  }
}

TEST_P(DlrmContract, EveryMentionOfARowAddsItsBagsGradientToOneUpdate) {
  // Row 3 stands twice in one bag and once in another; SGD shows gradients, row-wise Adagrad the square of their sum.
  const Clicks bags{.dense = {1, -1, 2, 0.5, 1, -2},
                    .ids = {3, 1, 3, 0, 2, 3, 0, 1},
                    .labels = {1, 0},
                    .offsets = {0, 3, 4, 5, 6, 7, 8}};
  const ModelState start = make(small_)->export_state();
  const ModelState sgd = after_a_step(OptimizerKind::sgd, bags);
  const ModelState rowwise = after_a_step(OptimizerKind::rowwise_adagrad, bags);
  // Row 1 stands once, in the first bag: its gradient is that bag's.
  const auto gradient = [&](const ModelState& after, std::size_t row, std::size_t k) {
    return (double{values(start, "table.0")[row * 4 + k]} - double{values(after, "table.0")[row * 4 + k]}) / 0.5;
  };
  double squares = 0;
  bool differ = false;
  for (std::size_t k = 0; k < 4; ++k) {
    const double second = gradient(sgd, 3, k) - 2 * gradient(sgd, 1, k);
    differ |= std::abs(second) > 1e-4;
    squares += gradient(sgd, 3, k) * gradient(sgd, 3, k) / 4;
  }
  EXPECT_TRUE(differ) << "the second bag sends nothing";
  EXPECT_NEAR(values(rowwise, "adagrad/table.0")[3], squares, 1e-6 + 1e-4 * squares);
  EXPECT_EQ(values(rowwise, "adagrad/table.0")[2], 0);
}

TEST_P(DlrmContract, BagsOfOneIdAreTheSameAsNone) {
  for (const FeatureInteraction interaction : {FeatureInteraction::dot, FeatureInteraction::cat}) {
    const auto plain = make(small_dlrm(interaction));
    const auto bags = make(small_dlrm(interaction));
    const Clicks clicks = planted_clicks(small_, 16);
    Clicks with_offsets = clicks;
    for (std::size_t b = 0; b <= clicks.ids.size(); ++b) with_offsets.offsets.push_back(b);
    EXPECT_EQ(train_step(*plain, clicks), train_step(*bags, with_offsets));
    EXPECT_TRUE(identical(plain->export_state(), bags->export_state()));
    EXPECT_EQ(logits_of(*plain, clicks), logits_of(*bags, with_offsets));
  }
}

TEST_P(DlrmContract, LossIsTheMeanCrossEntropyOfItsPredictions) {
  for (const FeatureInteraction interaction : {FeatureInteraction::dot, FeatureInteraction::cat}) {
    const auto model = make(small_dlrm(interaction));
    for (const std::size_t n : {16U, 1U, 7U}) {
      const Clicks clicks = planted_clicks(small_, n);
      const std::vector<float> logits = logits_of(*model, clicks);
      double loss = 0;
      for (std::size_t e = 0; e < n; ++e) loss += softplus(logits[e]) - double{clicks.labels[e]} * logits[e];
      EXPECT_NEAR(train_step(*model, clicks), loss / static_cast<double>(n), 1e-6);
    }
  }
}

TEST_P(DlrmContract, PredictsAnyNumberOfExamplesWithoutLabels) {
  const auto model = make(small_);
  Clicks clicks = planted_clicks(small_, 333);
  clicks.labels.clear();
  std::vector<float> all(333);
  model->predict(clicks.batch(), all);
  for (const std::size_t e : {0U, 100U, 332U}) {
    const Clicks one{.dense = {clicks.dense.begin() + 3 * e, clicks.dense.begin() + 3 * (e + 1)},
                     .ids = {clicks.ids.begin() + 3 * e, clicks.ids.begin() + 3 * (e + 1)},
                     .labels = {}};
    float logit = 0;
    model->predict(one.batch(), {&logit, 1});
    EXPECT_FLOAT_EQ(logit, all[e]) << e;
  }
  model->predict({}, {});
}

TEST_P(DlrmContract, OnlyRowsOfTheBatchMove) {
  const Clicks clicks{.dense = {1, -1, 2, 0.5, 1, -2}, .ids = {1, 4, 0, 3, 4, 0}, .labels = {1, 0}};
  const ModelState start = make(small_)->export_state();
  for (const OptimizerKind kind :
       {OptimizerKind::sgd, OptimizerKind::adagrad, OptimizerKind::rowwise_adagrad, OptimizerKind::adam}) {
    const ModelState after = after_a_step(kind, clicks);
    for (std::size_t t = 0; t < 3; ++t) {
      const std::string name = "table." + std::to_string(t);
      for (std::uint32_t row = 0; row < small_.table_rows[t]; ++row) {
        const bool touched = row == clicks.ids[t] || row == clicks.ids[3 + t];
        const auto old_row = values(start, name).begin() + row * 4;
        EXPECT_EQ(!std::equal(old_row, old_row + 4, values(after, name).begin() + row * 4), touched) << name << row;
      }
    }
  }
}

/// From the gradients, which plain SGD shows, to what the other rules make of them.
TEST_P(DlrmContract, FrozenTablesDoNotMoveAndHaveNoState) {
  DlrmSpec spec = small_;
  spec.frozen_tables = 1;
  spec.optimizer = OptimizerKind::adagrad;
  if (const Support support = backend().supports(spec); !support) GTEST_SKIP() << support.reason;
  const auto model = make(spec);
  const ModelState before = model->export_state();
  EXPECT_EQ(before.find("adagrad/table.0"), nullptr);
  EXPECT_NE(before.find("adagrad/table.1"), nullptr);
  train_step(*model, planted_clicks(spec, 16));
  const ModelState after = model->export_state();
  EXPECT_EQ(values(after, "table.0"), values(before, "table.0"));
  EXPECT_NE(values(after, "table.1"), values(before, "table.1"));
}

TEST_P(DlrmContract, OptimizersFollowTheirFormulas) {
  const Clicks clicks = planted_clicks(small_, 12);
  const ModelState start = make(small_)->export_state();
  const ModelState sgd = after_a_step(OptimizerKind::sgd, clicks);
  const ModelState adagrad = after_a_step(OptimizerKind::adagrad, clicks);
  const ModelState rowwise = after_a_step(OptimizerKind::rowwise_adagrad, clicks);
  const ModelState adam = after_a_step(OptimizerKind::adam, clicks);
  for (const NamedTensor& tensor : start.tensors) {
    const std::string& name = tensor.name;
    const bool table = name.starts_with("table.");
    for (std::size_t i = 0; i < tensor.values.size(); ++i) {
      const double g = (double{tensor.values[i]} - double{values(sgd, name)[i]}) / 0.5;
      const double tolerance = 1e-6 + 1e-5 * std::abs(g);
      EXPECT_NEAR(values(adagrad, "adagrad/" + name)[i], g * g, tolerance) << name << i;
      EXPECT_NEAR(values(adam, "adam.m/" + name)[i], 0.1 * g, tolerance) << name << i;
      EXPECT_NEAR(values(adam, "adam.v/" + name)[i], 0.001 * g * g, tolerance) << name << i;
      if (std::abs(g) > 1e-3) {  // a first step has the size of the learning rate
        const double step = g > 0 ? 0.5 : -0.5;
        EXPECT_NEAR(tensor.values[i] - values(adagrad, name)[i], step, 1e-4) << name << i;
        EXPECT_NEAR(tensor.values[i] - values(adam, name)[i], step, 1e-4) << name << i;
        if (!table) {
          EXPECT_NEAR(tensor.values[i] - values(rowwise, name)[i], step, 1e-4) << name << i;
        }
      }
    }
    if (!table) continue;
    for (std::size_t row = 0; row < tensor.values.size() / 4; ++row) {
      double squares = 0;
      double gradient[4];
      for (std::size_t k = 0; k < 4; ++k) {
        gradient[k] = (double{tensor.values[row * 4 + k]} - double{values(sgd, name)[row * 4 + k]}) / 0.5;
        squares += gradient[k] * gradient[k] / 4;
      }
      EXPECT_NEAR(values(rowwise, "adagrad/" + name)[row], squares, 1e-6) << name << row;
      if (squares < 1e-6) continue;
      for (std::size_t k = 0; k < 4; ++k)
        EXPECT_NEAR(tensor.values[row * 4 + k] - values(rowwise, name)[row * 4 + k],
                    0.5 * gradient[k] / std::sqrt(squares), 2e-4)
            << name << row;
    }
  }
}

TEST_P(DlrmContract, StateHasTheTensorsOfItsOptimizer) {
  DlrmSpec spec = small_;
  spec.optimizer = OptimizerKind::rowwise_adagrad;
  const ModelState state = make(spec)->export_state();
  ASSERT_NE(state.find("adagrad/table.1"), nullptr);
  EXPECT_EQ(state.find("adagrad/table.1")->shape, std::vector<std::int64_t>{6});
  ASSERT_NE(state.find("adagrad/top.1.weight"), nullptr);
  EXPECT_EQ(state.find("adagrad/top.1.weight")->shape, (std::vector<std::int64_t>{1, 6}));
  spec.optimizer = OptimizerKind::sgd;
  for (const NamedTensor& tensor : make(spec)->export_state().tensors)
    EXPECT_EQ(tensor.name.find('/'), std::string::npos) << tensor.name;
}

TEST_P(DlrmContract, ImportingIsTheInverseOfExporting) {
  small_.optimizer = OptimizerKind::adam;
  const auto model = make(small_);
  for (std::uint32_t s = 0; s < 4; ++s) train_step(*model, planted_clicks(small_, 16, s));
  const ModelState state = model->export_state();
  EXPECT_EQ(state.step, 4U);
  small_.seed = 5;
  const auto other = make(small_);
  other->import_state(state);
  EXPECT_TRUE(identical(other->export_state(), state));
  EXPECT_THROW(other->import_state({.step = 0, .tensors = {{"table.3", {1}, {0}}}}), std::invalid_argument);
  EXPECT_THROW(other->import_state({.step = 0, .tensors = {{"table.0", {1}, {0}}}}), std::invalid_argument);
  EXPECT_TRUE(identical(other->export_state(), state));
}

TEST_P(DlrmContract, LearnsWhatIsPlanted) {
  for (const FeatureInteraction interaction : {FeatureInteraction::dot, FeatureInteraction::cat}) {
    DlrmSpec spec = small_dlrm(interaction);
    spec.bottom = {8, 4};
    spec.top = {16, 1};
    spec.batch = 64;
    spec.optimizer = OptimizerKind::adam;
    spec.learning_rate = 0.02;
    const auto model = make(spec);
    double late = 0;
    for (std::uint32_t s = 0; s < 400; ++s) {
      const double loss = train_step(*model, planted_clicks(spec, 64, s));
      if (s >= 380) late += loss / 20;
    }
    EXPECT_LT(late, 0.45);
  }
}

TEST_P(DlrmContract, SaysWhatItCannotDo) {
  const Backend* backend = find_backend(GetParam());
  DlrmSpec spec = small_;
  spec.bottom = {5, 3};
  EXPECT_EQ(backend->supports(spec).reason,
            "interaction `dot` needs a bottom MLP that ends in the embedding dimension 4, but it ends in 3");
  spec.interaction = FeatureInteraction::cat;
  EXPECT_TRUE(backend->supports(spec));
  spec.top = {6, 2};
  EXPECT_EQ(backend->supports(spec).reason, "the top MLP must end in 1 logit, but it ends in 2");
  spec = small_;
  spec.table_rows[1] = 0;
  EXPECT_EQ(backend->supports(spec).reason, "embedding table 1 has no rows");
  spec = small_;
  spec.precision = Precision::tf32;
  const Support tf32 = backend->supports(spec);
  EXPECT_TRUE((tf32 && GetParam() == "cuda") || tf32.reason.find("fp32") != std::string::npos) << tf32.reason;
}

// Two whole batches and one of 5 examples an epoch; the fourth step is the next epoch's first.
TEST_P(DlrmContract, StepsTakeTheBatchesOfTheScheduleInAnyNumberOfCalls) {
  for (const std::uint32_t longest_bag : {0U, 3U}) {
    const Clicks all = longest_bag == 0 ? planted_clicks(small_, 37) : clicks_with_bags(small_, 37, longest_bag);
    const auto at_once = make(small_);
    at_once->set_examples(all.batch());
    const std::vector<double> losses = at_once->train(4);
    ASSERT_EQ(losses.size(), 4U);

    const auto one_by_one = make(small_);
    one_by_one->set_examples(all.batch());
    const auto by_hand = make(small_);
    const EpochSchedule schedule(37, 16, small_.seed);
    for (std::uint64_t s = 0; s < 4; ++s) {
      const EpochSchedule::Step step = schedule.at(s);
      ASSERT_EQ(step.count, s == 2 ? 5U : 16U);
      Clicks batch;
      if (longest_bag > 0) batch.offsets.push_back(0);
      for (std::uint64_t i = 0; i < step.count; ++i) {
        const std::uint64_t e = schedule.order(step.epoch)(step.first + i);
        batch.dense.insert(batch.dense.end(), all.dense.begin() + 3 * e, all.dense.begin() + 3 * (e + 1));
        batch.labels.push_back(all.labels[e]);
        for (std::size_t b = 3 * e; b < 3 * (e + 1); ++b) {
          const auto bag = all.batch().bag(b);
          batch.ids.insert(batch.ids.end(), bag.begin(), bag.end());
          if (longest_bag > 0) batch.offsets.push_back(batch.ids.size());
        }
      }
      EXPECT_NEAR(train_step(*by_hand, batch), losses[s], 1e-6) << s;
      EXPECT_EQ(one_by_one->train(1), std::vector{losses[s]}) << s;
    }
    EXPECT_TRUE(identical(one_by_one->export_state(), at_once->export_state()));
  }
}

TEST_P(DlrmContract, RefusesExamplesItCannotRead) {
  const auto model = make(small_);
  const ModelState before = model->export_state();
  Clicks clicks = planted_clicks(small_, 16);
  clicks.ids[4] = 6;
  EXPECT_THROW(model->set_examples(clicks.batch()), std::invalid_argument);
  EXPECT_THROW(model->train(1), std::invalid_argument);
  model->set_examples({});
  EXPECT_THROW(model->train(1), std::invalid_argument);
  clicks = planted_clicks(small_, 16);
  clicks.dense.pop_back();
  EXPECT_THROW(model->set_examples(clicks.batch()), std::invalid_argument);
  clicks = clicks_with_bags(small_, 16, 3);
  clicks.ids.back() = 7;
  EXPECT_THROW(model->set_examples(clicks.batch()), std::invalid_argument);
  for (const auto& damage : std::initializer_list<void (*)(std::vector<std::uint64_t>&)>{
           [](auto& offsets) { offsets.pop_back(); }, [](auto& offsets) { ++offsets.back(); },
           [](auto& offsets) { offsets.front() = 1; }, [](auto& offsets) { offsets[5] = offsets.back() + 1; }}) {
    clicks = clicks_with_bags(small_, 16, 3);
    damage(clicks.offsets);
    EXPECT_THROW(model->set_examples(clicks.batch()), std::invalid_argument);
  }
  EXPECT_TRUE(identical(model->export_state(), before));
}

INSTANTIATE_TEST_SUITE_P(Backends, DlrmContract, ::testing::ValuesIn(backends_under_test()), name_of_backend);

}  // namespace
}  // namespace frugal::recommender_test
