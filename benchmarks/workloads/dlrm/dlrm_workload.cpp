#include "benchmarks/workloads/dlrm/dlrm_workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "benchmarks/workloads/common.hpp"
#include "datasets/clicks.hpp"
#include "impl/common/flops.hpp"
#include "impl/common/metrics.hpp"
#include "impl/common/permutation.hpp"

namespace frugal::workloads {
namespace {

using harness::Cell;
using harness::Complaint;
using harness::MetricDescriptor;
using harness::Outcome;
using harness::ParamSpec;
using harness::RunContext;
using harness::Work;

DlrmSpec dlrm_spec(const Cell& cell, int dense_features, std::vector<std::uint32_t> table_rows) {
  static const std::map<std::string, OptimizerKind> optimizers = {{"sgd", OptimizerKind::sgd},
                                                                  {"adagrad", OptimizerKind::adagrad},
                                                                  {"rowwise_adagrad", OptimizerKind::rowwise_adagrad},
                                                                  {"adam", OptimizerKind::adam}};
  const Json& own = cell.own();
  DlrmSpec spec;
  spec.dense_features = dense_features;
  spec.table_rows = std::move(table_rows);
  spec.embedding_dim = own.at("embedding_dim");
  spec.bottom = own.at("bottom").get<std::vector<int>>();
  spec.top = own.at("top").get<std::vector<int>>();
  spec.interaction = own.at("interaction") == "dot" ? FeatureInteraction::dot : FeatureInteraction::cat;
  spec.optimizer = optimizers.at(own.at("optimizer"));
  spec.learning_rate = own.at("learning_rate");
  spec.batch = own.at("batch");
  spec.seed = cell.seed;
  return spec;
}

/// The examples of one step, gathered from the data set in the epoch's order.
class BatchBuffer {
 public:
  explicit BatchBuffer(const data::Clicks& clicks) : clicks_(clicks) {}

  ClickBatch gather(const Permutation& order, std::uint64_t first, std::uint64_t count) {
    const std::size_t dense = static_cast<std::size_t>(clicks_.dense_features);
    const std::size_t tables = clicks_.table_rows.size();
    dense_.resize(count * dense);
    ids_.resize(count * tables);
    labels_.resize(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t from = order(first + i);
      std::copy_n(clicks_.dense.data() + from * dense, dense, dense_.data() + i * dense);
      std::copy_n(clicks_.ids.data() + from * tables, tables, ids_.data() + i * tables);
      labels_[i] = clicks_.labels[from];
    }
    return {.dense = dense_, .ids = ids_, .labels = labels_};
  }

 private:
  const data::Clicks& clicks_;
  std::vector<float> dense_;
  std::vector<std::uint32_t> ids_;
  std::vector<float> labels_;
};

class DlrmWorkload final : public harness::Workload {
 public:
  std::string name() const override { return "dlrm"; }
  std::string description() const override {
    return "training of deep learning recommendation models on clicks (arXiv 1906.00091)";
  }
  std::string clock() const override {
    return "Training time is that of the set-up of the model and of the optimiser steps, gathering the batches "
           "included; "
           "reading or generating the data and evaluation are outside it and inside the total.";
  }
  std::vector<harness::DatasetChoice> datasets() const override { return dataset_choices("clicks"); }

  std::vector<ParamSpec> params() const override {
    using Type = ParamSpec::Type;
    return {
        {.name = "bottom",
         .type = Type::integer_list,
         .default_value = Json::array({64, 16}),
         .help = "output widths of the bottom MLP; for dot the last is embedding_dim",
         .min = 1,
         .max = 65536},
        {.name = "top",
         .type = Type::integer_list,
         .default_value = Json::array({64, 32, 1}),
         .help = "output widths of the top MLP; the last is 1",
         .min = 1,
         .max = 65536},
        {.name = "embedding_dim",
         .type = Type::integer,
         .default_value = 16,
         .help = "width of an embedding row",
         .min = 1,
         .max = 4096},
        {.name = "interaction",
         .type = Type::string,
         .default_value = "dot",
         .help = "how features meet",
         .choices = {"dot", "cat"}},
        {.name = "optimizer",
         .type = Type::string,
         .default_value = "adagrad",
         .help = "of tables and dense layers",
         .choices = {"sgd", "adagrad", "rowwise_adagrad", "adam"}},
        {.name = "learning_rate", .type = Type::real, .default_value = 0.02, .help = "constant", .min = 0, .max = 100},
        {.name = "batch",
         .type = Type::integer,
         .default_value = 1024,
         .help = "examples a step",
         .min = 1,
         .max = 1 << 24},
        {.name = "epochs",
         .type = Type::integer,
         .default_value = 1,
         .help = "passes over the training examples",
         .min = 1,
         .max = 1e6},
    };
  }

  std::vector<MetricDescriptor> metrics() const override {
    using enum MetricDescriptor::Direction;
    return {{"auc", "", higher_is_better, "{:.4f}", "exact, mid-ranks for ties, on the test examples"},
            {"logloss", "", lower_is_better, "{:.4f}", "mean binary cross-entropy on the test examples"},
            {"auc[bayes]", "", informative, "{:.4f}", "of the true probabilities, where the data set knows them"},
            {"auc[of bayes]", "", higher_is_better, "{:.4f}",
             "share of the way from 0.5 to auc[bayes], where the data set knows it"},
            {"samples", "", informative, "{:.0f}", "training examples processed, all epochs"},
            {"loss[train]", "", informative, "{:.4f}", "mean over the last epoch's steps, each before its update"},
            {"parameters", "", informative, "{:.0f}", "tables and dense layers"},
            {"flops.train", "FLOP", informative, "{:.4g}", "analytic, optimiser included"},
            {"flops.inference", "FLOP", informative, "{:.4g}", "one example, analytic"}};
  }

  std::vector<Complaint> check(const Cell& cell, const std::vector<std::filesystem::path>& data_dirs) const override {
    std::vector<Complaint> complaints;
    const Json& own = cell.own();
    if (own.at("top").empty() || own.at("top").back() != 1)
      complaints.push_back({"params.dlrm.top", "the last width must be 1, the logit", false});
    if (own.at("interaction") == "dot" &&
        (own.at("bottom").empty() || own.at("bottom").back() != own.at("embedding_dim")))
      complaints.push_back({"params.dlrm.bottom",
                            fmt::format("interaction dot needs the last width to be embedding_dim ({})",
                                        own.at("embedding_dim").get<int>()),
                            false});
    if (!complaints.empty()) return complaints;
    const Backend* backend = check_surroundings(cell, data_dirs, complaints);
    check_spec(dlrm_spec(cell, 13, {1000, 1000}), "params.dlrm", backend, complaints);
    return complaints;
  }

  Outcome run(const Cell& cell, RunContext& context) const override {
    Outcome outcome;
    data::ClickSplit data;
    context.stage("load", [&] { data = data::load_clicks(cell.dataset, context.data_dirs(), cell.seed); });

    const DlrmSpec spec = dlrm_spec(cell, data.train.dense_features, data.train.table_rows);
    if (const Support support = backend_of(cell).supports(spec); !support) throw UserError(support.reason);
    std::unique_ptr<Dlrm> model;
    const int epochs = cell.own().at("epochs");
    const std::uint64_t n = data.train.size();
    const double samples = static_cast<double>(n) * epochs;
    const Flops flops = epoch_flops(spec, n) * epochs;
    context.stage("train", [&] {
      model = backend_of(cell).make(spec);
      BatchBuffer buffer(data.train);
      for (int epoch = 0; epoch < epochs; ++epoch) {
        const Permutation order(n, cell.seed, static_cast<std::uint32_t>(epoch));
        double loss = 0;
        for (std::uint64_t first = 0; first < n; first += spec.batch) {
          const std::uint64_t count = std::min<std::uint64_t>(spec.batch, n - first);
          loss += model->train_step(buffer.gather(order, first, count)) * static_cast<double>(count);
          context.progress((epoch * static_cast<double>(n) + static_cast<double>(first + count)) / samples);
        }
        outcome.metrics["loss[train]"] = loss / static_cast<double>(n);
      }
      return Work{.flops = flops.total(), .bytes = 0};
    });

    context.stage("evaluate", [&] {
      std::vector<float> logits(data.test.size());
      model->predict({.dense = data.test.dense, .ids = data.test.ids, .labels = {}}, logits);
      if (const auto value = auc(logits, data.test.labels)) outcome.metrics["auc"] = *value;
      if (const auto value = log_loss(logits, data.test.labels)) outcome.metrics["logloss"] = *value;
    });
    if (const auto best = data.test.bayes_auc) {
      outcome.metrics["auc[bayes]"] = *best;
      if (const auto reached = outcome.metrics.find("auc"); reached != outcome.metrics.end() && *best != 0.5)
        outcome.metrics["auc[of bayes]"] = (reached->second - 0.5) / (*best - 0.5);
    }
    outcome.metrics["samples"] = samples;
    outcome.metrics["parameters"] = static_cast<double>(parameters(spec));
    outcome.metrics["flops.train"] = flops.total();
    outcome.metrics["flops.inference"] = example_flops(spec).forward;
    outcome.implementation = model->implementation();
    return outcome;
  }
};

}  // namespace

const harness::Workload& dlrm_workload() {
  static const DlrmWorkload workload;
  return workload;
}

}  // namespace frugal::workloads
