// Every number of a `dlrm` run once more: from predictions of the weights that it left, by sums over all pairs.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "benchmarks/workloads/shared/sample.hpp"
#include "datasets/load/clicks.hpp"
#include "impl/api/backend.hpp"
#include "impl/common/safetensors.hpp"
#include "tests/workloads/ratings_folder.hpp"
#include "tests/workloads/work_context.hpp"

namespace frugal::workloads {
namespace {

class DlrmRun : public ::testing::Test {
 protected:
  static constexpr int dim = 4, batch = 100;

  void run(const std::string& dataset, const std::string& params, int seed = 1) {
    const std::string plan = fmt::format(
        "schema: 1\nname: p\nworkload: dlrm\nbackend: reference\ndataset: {}\nparams: {{dlrm: {{embedding_dim: {}, "
        "bottom: [{}], top: [5, 1], batch: {}, save_weights: true, {}}}}}\nseeds: [{}]\n",
        dataset, dim, dim, batch, params, seed);
    context_ = std::make_unique<WorkContext>(std::vector{folder_.path()});
    cell_ = harness::parse_plan(plan, "p.yaml", {}, all(), {folder_.path()}).plans.at(0).cells.at(0);
    outcome_ = run_cell(plan, *context_);
    data_ = data::load_clicks(cell_.dataset, {folder_.path()}, cell_.seed);
    state_ = load_safetensors(context_->artifacts() / "weights.safetensors");
    spec_ = {.dense_features = data_.train.dense_features,
             .table_rows = data_.train.table_rows,
             .embedding_dim = dim,
             .bottom = {dim},
             .top = {5, 1},
             .learning_rate = 0.02,
             .batch = batch,
             .seed = cell_.seed};
  }

  double metric(const char* name) const { return outcome_.metrics.at(name); }

  /// Probabilities of the test examples.
  std::vector<double> predictions() const {
    const auto model = find_backend("reference")->make(spec_);
    model->import_state(state_);
    std::vector<float> logits(data_.test.size());
    model->predict({.dense = data_.test.dense, .ids = data_.test.ids, .labels = {}}, logits);
    std::vector<double> probabilities;
    for (const float logit : logits) probabilities.push_back(1 / (1 + std::exp(-double{logit})));
    return probabilities;
  }

  const RatingsFolder folder_;
  harness::Cell cell_;
  harness::Outcome outcome_;
  std::unique_ptr<WorkContext> context_;
  data::ClickSplit data_;
  ModelState state_;
  DlrmSpec spec_;
};

const std::string clicks =
    "{name: synthetic-clicks, examples: 730, test_examples: 400, tables: 3, rows: 20, dense_features: 4}";

TEST_F(DlrmRun, TheQualityIsThatOfItsWeights) {
  run(clicks, "epochs: 3, learning_rate: 0.02");
  const std::vector<double> p = predictions();
  const std::vector<float>& labels = data_.test.labels;
  double ahead = 0, pairs = 0, loss = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    loss -= labels[i] > 0.5F ? std::log(p[i]) : std::log(1 - p[i]);
    for (std::size_t j = 0; j < p.size() && labels[i] > 0.5F; ++j) {
      if (labels[j] > 0.5F) continue;
      ++pairs;
      ahead += p[i] > p[j] ? 1 : p[i] == p[j] ? 0.5 : 0;
    }
  }
  const auto n = static_cast<double>(p.size());
  EXPECT_NEAR(metric("auc"), ahead / pairs, 1e-9);
  EXPECT_NEAR(metric("logloss"), loss / n, 1e-6);
  const double predicted = std::accumulate(p.begin(), p.end(), 0.0);
  const double observed = std::accumulate(labels.begin(), labels.end(), 0.0);
  EXPECT_NEAR(metric("calibration"), predicted / observed, 1e-6);
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  double gaps = 0;
  for (std::size_t bin = 0; bin < 20; ++bin) {
    double gap = 0;
    for (std::size_t k = bin * 20; k < (bin + 1) * 20; ++k) gap += p[order[k]] - labels[order[k]];
    gaps += std::abs(gap);
  }
  EXPECT_NEAR(metric("calibration.error"), gaps / n, 1e-6);
  EXPECT_EQ(metric("auc[bayes]"), *data_.test.bayes_auc);
  EXPECT_DOUBLE_EQ(metric("auc[of bayes]"), (metric("auc") - 0.5) / (metric("auc[bayes]") - 0.5));
}

TEST_F(DlrmRun, TheLossIsTheMeanOfTheLastEpochsExamples) {
  run(clicks, "epochs: 3");
  const auto model = find_backend("reference")->make(spec_);
  model->set_examples({.dense = data_.train.dense, .ids = data_.train.ids, .labels = data_.train.labels});
  model->train(16);
  double sum = 0;  // seven steps of 100 and one of 30
  const std::vector<double> losses = model->train(8);
  for (std::size_t s = 0; s < 8; ++s) sum += losses[s] * (s < 7 ? 100 : 30);
  EXPECT_NEAR(metric("loss[train]"), sum / 730, 1e-12);
  EXPECT_EQ(metric("samples"), 3 * 730);
  EXPECT_EQ(metric("examples.kept"), 730);
  EXPECT_EQ(state_.step, 24u);
}

TEST_F(DlrmRun, APassThatEndsEarlyIsCountedByWhatItTook) {
  run(clicks, "epochs: 1, keep_fraction: 0.15, budget: steps");  // 8 steps over 110 examples: 100 and 10 in turn
  EXPECT_EQ(metric("examples.kept"), 110);
  EXPECT_EQ(metric("samples"), 4 * 110);
  run(clicks, "epochs: 1, keep_fraction: 0.3, budget: steps");  // over 219: 100, 100, 19
  EXPECT_EQ(metric("examples.kept"), 219);
  EXPECT_EQ(metric("samples"), 2 * 219 + 200);
}

TEST_F(DlrmRun, TheCostsAreThoseOfTheStepsTaken) {
  run(clicks, "epochs: 2, keep_fraction: 0.5");
  // bottom 4 -> 4; six dots of 4; top 10 -> 5 -> 1.
  const double products = 4 * 4, top = 10 * 5 + 5, dots = 6 * 2 * 4, kept = 365;
  const double dense = 4 * 4 + 4 + 10 * 5 + 5 + 5 + 1;
  const double forward = 2 * products + dots + 2 * top;
  const double backward = 2 * products + 2 * dots + 4 * top;
  const double epoch = kept * (forward + backward + 4 * 3 * 4) + 4 * dense * 4;
  EXPECT_EQ(metric("examples.kept"), kept);
  EXPECT_EQ(metric("samples"), 2 * kept);
  EXPECT_NEAR(metric("flops.train"), 2 * epoch, 1e-6);
  EXPECT_NEAR(context_->work.at("train").flops, 2 * epoch, 1e-6);
  EXPECT_GT(context_->work.at("train").bytes, 2 * kept * 4 * (4 + 1 + 3));
  EXPECT_EQ(metric("flops.inference"), forward);
  EXPECT_EQ(metric("parameters"), 3 * 20 * 4 + dense);
  EXPECT_EQ(metric("bytes.model"), 4 * metric("parameters"));
  EXPECT_EQ(metric("bytes.sample"), std::ceil(kept * (1 + 4 * 32 + 3 * 5) / 8)) << "an id below 20 takes 5 bits";
}

TEST_F(DlrmRun, TheSampleIsTheSeedsAndEveryExampleHasItsOwnLabel) {
  for (const int seed : {1, 5}) {
    run(clicks, "epochs: 1, keep_fraction: 0.5, learning_rate: 0", seed);
    // Nothing is learnt: the loss is that of the initial weights on what was kept.
    const auto model = find_backend("reference")->make(spec_);
    std::vector<float> logits(data_.train.size());
    model->predict({.dense = data_.train.dense, .ids = data_.train.ids, .labels = {}}, logits);
    double sum = 0;
    const std::vector<std::uint32_t> kept = keep_uniform(data_.train.size(), 0.5, cell_.seed);
    for (const std::uint32_t i : kept)
      sum += std::log1p(std::exp(data_.train.labels[i] > 0.5F ? -double{logits[i]} : double{logits[i]}));
    EXPECT_NEAR(metric("loss[train]"), sum / static_cast<double>(kept.size()), 1e-6) << seed;
  }
}

TEST_F(DlrmRun, StageOneFactorisesWhatWasLikedAndIsPaidFor) {
  run("ml-100k-clicks",
      "epochs: 1, embedding_init: mf, embedding_trainable: false, mf: {solver: ials, epochs: 2, regularization: 0.01}");
  std::vector<Interaction> liked;
  for (std::size_t i = 0; i < data_.train.size(); ++i)
    if (data_.train.labels[i] > 0.5F)
      liked.push_back(
          {data_.train.ids[i * data_.train.table_rows.size()], data_.train.ids[i * data_.train.table_rows.size() + 1]});
  ASSERT_LT(liked.size(), data_.train.size() * 3 / 4) << "a third are disliked";
  const auto mf = find_backend("reference")
                      ->make(MfSpec{.solver = MfSolver::ials,
                                    .users = data_.users,
                                    .items = data_.items,
                                    .dim = dim,
                                    .regularization = 0.01,
                                    .seed = cell_.seed});
  mf->set_interactions(liked);
  mf->train(2);
  const ModelState factors = mf->export_state();
  EXPECT_EQ(state_.find("table.0")->values, factors.find("user_factors")->values);
  EXPECT_EQ(state_.find("table.1")->values, factors.find("item_factors")->values);
  const double rows = data_.users + data_.items;
  const double stage_1 = 2 * (rows * 16 + 2 * static_cast<double>(liked.size()) * 16 + rows * (64.0 / 3 + 32));
  EXPECT_NEAR(context_->work.at("factorize").flops, stage_1, 1e-6);
  EXPECT_NEAR(metric("flops.train"), stage_1 + context_->work.at("train").flops, 1e-6);
  // Only a third and more tables have an optimiser's state.
  for (const NamedTensor& tensor : state_.tensors) {
    EXPECT_NE(tensor.name, "adagrad/table.0");
    EXPECT_NE(tensor.name, "adagrad/table.1");
  }
}

TEST_F(DlrmRun, ARatingAtTheLimitIsAClick) {
  run("{name: ml-100k-clicks, label_rating: 4}", "epochs: 1");
  const double liked = std::accumulate(data_.train.labels.begin(), data_.train.labels.end(), 0.0);
  EXPECT_GT(liked, 0.6 * static_cast<double>(data_.train.size())) << "two of three ratings are 4";
}

}  // namespace
}  // namespace frugal::workloads
