#include "benchmarks/workloads/dlrm/dlrm_workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "benchmarks/workloads/shared/checkpoint.hpp"
#include "benchmarks/workloads/shared/export.hpp"
#include "benchmarks/workloads/shared/inputs.hpp"
#include "benchmarks/workloads/shared/mf_params.hpp"
#include "benchmarks/workloads/shared/sample.hpp"
#include "benchmarks/workloads/shared/shared.hpp"
#include "datasets/clicks/rating_clicks.hpp"
#include "datasets/load/attributes.hpp"
#include "datasets/load/clicks.hpp"
#include "impl/common/epoch_schedule.hpp"
#include "impl/common/flops.hpp"
#include "impl/common/metrics.hpp"
#include "impl/common/spec_names.hpp"
#include "impl/common/traffic.hpp"

namespace frugal::workloads {
namespace {

using harness::Cell;
using harness::Complaint;
using harness::MetricDescriptor;
using harness::Outcome;
using harness::RunContext;
using harness::Work;

DlrmSpec dlrm_spec(const Cell& cell, int dense_features, std::vector<std::uint32_t> table_rows) {
  const Json& own = cell.own();
  DlrmSpec spec;
  spec.dense_features = dense_features;
  spec.table_rows = std::move(table_rows);
  if (!own.at("embedding_trainable")) spec.frozen_tables = 2;  // clicks_from_ratings(): users and items come first
  spec.embedding_dim = own.at("embedding_dim");
  spec.bottom = own.at("bottom").get<std::vector<int>>();
  spec.top = own.at("top").get<std::vector<int>>();
  spec.interaction = choice_of(interaction_names, own, "interaction");
  spec.optimizer = choice_of(optimizer_names, own, "optimizer");
  spec.learning_rate = own.at("learning_rate");
  spec.batch = own.at("batch");
  spec.precision = choice_of(precision_names, own, "precision");
  spec.seed = cell.seed;
  return spec;
}

constexpr std::uint64_t steps_a_look = 64;  ///< until the next look at the user's wish to stop

/// Leaves the examples of these indices, which ascend, in their order.
void keep_only(data::Clicks& clicks, const std::vector<std::uint32_t>& kept) {
  const std::size_t dense = static_cast<std::size_t>(clicks.dense_features);
  const std::size_t tables = clicks.table_rows.size();
  for (std::size_t to = 0; to < kept.size(); ++to) {
    const std::size_t from = kept[to];
    if (from == to) continue;
    std::copy_n(clicks.dense.begin() + from * dense, dense, clicks.dense.begin() + to * dense);
    std::copy_n(clicks.ids.begin() + from * tables, tables, clicks.ids.begin() + to * tables);
    clicks.labels[to] = clicks.labels[from];
  }
  clicks.dense.resize(kept.size() * dense);
  clicks.ids.resize(kept.size() * tables);
  clicks.labels.resize(kept.size());
}

/// Of n examples as a table: a bit for the label, four bytes a number, ids of just as many bits as they need.
double bytes_of_examples(const DlrmSpec& spec, std::uint64_t n) {
  std::uint64_t bits = 1 + 32 * static_cast<std::uint64_t>(spec.dense_features);
  for (const std::uint32_t rows : spec.table_rows) bits += static_cast<std::uint64_t>(std::bit_width(rows - 1));
  return std::ceil(static_cast<double>(n) * static_cast<double>(bits) / 8);
}

class DlrmWorkload final : public harness::Workload {
 public:
  std::string name() const override { return "dlrm"; }
  std::string description() const override {
    return "training of deep learning recommendation models on clicks (arXiv 1906.00091)";
  }
  std::string clock() const override {
    return "Training time is that of the optimiser steps, gathering the batches included; the set-up of the model, "
           "reading or generating the data and evaluation are outside it and inside the total.";
  }
  std::vector<harness::DatasetChoice> datasets(const std::vector<std::filesystem::path>& data_dirs) const override {
    return dataset_choices(data::Kind::clicks, data_dirs);
  }

  std::vector<ParamSpec> params() const override {
    using Type = ParamSpec::Type;
    std::vector<ParamSpec> all = {
        {.name = "keep_fraction",
         .type = Type::real,
         .default_value = 1.0,
         .help = "share of the training examples the model sees, uniformly",
         .min = 1e-9,
         .max = 1},
        {.name = "embedding_init",
         .type = Type::string,
         .default_value = "random",
         .help = "initial rows of users and items; mf: of a factorisation of all positive training examples, where the "
                 "examples are ratings",
         .choices = {"random", "mf"}},
        {.name = "embedding_trainable",
         .type = Type::boolean,
         .default_value = true,
         .help = "does training move the rows of users and items; false only where the examples are ratings"},
        {.name = "budget",
         .type = Type::string,
         .default_value = "epochs",
         .help = "equal epochs over what is kept, or as many optimiser steps as `epochs` take on all data",
         .choices = {"epochs", "steps"}},
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
         .choices = words(interaction_names)},
        {.name = "optimizer",
         .type = Type::string,
         .default_value = "adagrad",
         .help = "of tables and dense layers",
         .choices = words(optimizer_names)},
        {.name = "learning_rate", .type = Type::real, .default_value = 0.02, .help = "constant", .min = 0, .max = 100},
        {.name = "batch",
         .type = Type::integer,
         .default_value = 1024,
         .help = "examples a step",
         .min = 1,
         .max = 1 << 24},
        {.name = "precision",
         .type = Type::string,
         .default_value = "fp32",
         .help = "operands of the dense layers' products; sums are fp32",
         .choices = words(precision_names)},
        {.name = "epochs",
         .type = Type::integer,
         .default_value = 1,
         .help = "passes over the training examples",
         .min = 1,
         .max = 1e6},
    };
    for (const std::vector<ParamSpec>& more : {mf_params("ials", 12), checkpoint_params()})
      all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  std::vector<MetricDescriptor> metrics() const override {
    using enum MetricDescriptor::Direction;
    return {
        {"auc", "", higher_is_better, "{:.4f}", "exact, mid-ranks for ties, on the test examples"},
        {"logloss", "", lower_is_better, "{:.4f}", "mean binary cross-entropy on the test examples"},
        {"calibration", "", informative, "{:.4f}", "predicted over observed positives among the test examples"},
        {"calibration.error", "", lower_is_better, "{:.4f}",
         "mean gap between predicted and observed share over 20 equal bins of test examples by prediction"},
        {"auc[bayes]", "", informative, "{:.4f}", "of the true probabilities, where the data set knows them"},
        {"auc[of bayes]", "", higher_is_better, "{:.4f}",
         "share of the way from 0.5 to auc[bayes], where the data set knows it"},
        {"samples", "", informative, "{:.0f}", "training examples processed, all epochs"},
        {"examples.kept", "", informative, "{:.0f}", "training examples the model saw"},
        {"loss[train]", "", informative, "{:.4f}", "mean over the last epoch's steps, each before its update"},
        {"parameters", "", informative, "{:.0f}", "tables and dense layers", true},
        {"bytes.model", "B", informative, "{:.4g}", "tables and dense layers in fp32", true},
        {"bytes.sample", "B", informative, "{:.4g}",
         "training examples the model saw, as a table: a bit for the label, four bytes a number, ids of just as many "
         "bits as they need"},
        {"flops.train", "FLOP", informative, "{:.4g}", "analytic, optimiser included", true},
        {"flops.inference", "FLOP", informative, "{:.4g}", "one example, analytic", true}};
  }

  std::string why_no_ranks(const Cell& cell) const override { return workloads::why_no_ranks(cell); }

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
    if (data::attributes_manifest(cell.dataset, data_dirs)) check_attributes(cell, "dataset", data_dirs, complaints);
    check_spec(dlrm_spec(cell, 13, {1000, 1000}), "params.dlrm", backend, complaints);
    const bool ratings = data::attributes_manifest(cell.dataset, data_dirs) != nullptr;
    if (uses_mf(cell)) {
      check_spec(stage_1(cell, 1000, 1000), "params.dlrm.mf", backend, complaints);
      if (!ratings)
        complaints.push_back({"params.dlrm.embedding_init", "only examples that are ratings can be factorised", false});
    }
    if (!own.at("embedding_trainable") && !ratings)
      complaints.push_back(
          {"params.dlrm.embedding_trainable", "these examples have no tables of users and items", false});
    return complaints;
  }

  std::string precision(const Cell& cell) const override { return cell.own().at("precision"); }

  std::vector<harness::InputFile> inputs(const Cell& cell,
                                         const std::vector<std::filesystem::path>& data_dirs) const override {
    std::vector<harness::InputFile> inputs;
    add_dataset(cell, data_dirs, inputs);
    add_inputs(data::attributes_manifest(cell.dataset, data_dirs), data_dirs, inputs);
    add_checkpoint(cell, inputs);
    return inputs;
  }

  Outcome run(const Cell& cell, RunContext& context) const override {
    Outcome outcome;
    data::ClickSplit data;
    context.stage("load", [&] { data = data::load_clicks(located_dataset(cell), context.data_dirs(), cell.seed); });

    const DlrmSpec spec = dlrm_spec(cell, data.train.dense_features, data.train.table_rows);
    if (const Support support = backend_of(cell).supports(spec); !support) throw UserError(support.reason);
    Flops flops;
    ModelState tables;
    if (uses_mf(cell)) tables = factorize(cell, data, context, flops);
    const std::uint64_t all = data.train.size();
    context.stage("sample", [&] {
      keep_only(data.train, keep_uniform(all, cell.own().at("keep_fraction"), cell.seed));
      if (data.users > 0) data::count_activity(data);  // the rest is not known to the model in any form
    });

    std::unique_ptr<Dlrm> model;
    const std::uint64_t n = data.train.size();
    const std::uint64_t batch = static_cast<std::uint64_t>(spec.batch);
    const EpochSchedule schedule(n, batch, cell.seed);
    const std::uint64_t epochs = cell.own().at("epochs");
    const std::uint64_t steps = epochs * steps_per_epoch(cell.own().at("budget") == "steps" ? all : n, batch);
    std::uint64_t begin = 0;
    context.stage("prepare", [&] {
      model = backend_of(cell).make(spec);
      if (!tables.tensors.empty()) model->import_state(tables);
      begin = load_checkpoint(cell, *model);
      model->set_examples({.dense = data.train.dense, .ids = data.train.ids, .labels = data.train.labels});
    });
    context.stage("train", [&] {
      double loss = 0;
      double seen = 0;  // examples of this epoch
      const auto add = [&](std::uint64_t before, double loss_of_step) {
        const EpochSchedule::Step step = schedule.at(begin + before);
        const auto examples = static_cast<double>(step.count);
        if (step.first == 0) loss = seen = 0;
        loss += loss_of_step * examples;
        seen += examples;
        const std::uint64_t done = before + 1;
        if (done % steps_a_look != 0 && done != steps) return;
        outcome.metrics["loss[train]"] = loss / seen;
        context.loss("train", static_cast<double>(done), loss / seen);
      };
      Checkpoint checkpoint(context, "train");
      std::vector<double> losses = checkpoint.take_up(*model);
      for (std::uint64_t s = 0; s < losses.size(); ++s) add(s, losses[s]);
      while (losses.size() < steps) {
        for (const double one : model->train(std::min(steps_a_look, steps - losses.size()))) {
          add(losses.size(), one);
          losses.push_back(one);
        }
        checkpoint.keep(*model, losses);
        context.progress(static_cast<double>(losses.size()) / static_cast<double>(steps));
      }
      const Flops stage_2 = steps_flops(spec, n, begin, steps);
      flops = flops + stage_2;
      return Work{.flops = stage_2.total(), .bytes = steps_bytes(spec, n, begin, steps)};
    });

    if (!tables.tensors.empty() && spec.frozen_tables > 0) require_equal(tables, model->export_state());
    context.stage("evaluate", [&] {
      std::vector<float> logits(data.test.size());
      model->predict({.dense = data.test.dense, .ids = data.test.ids, .labels = {}}, logits);
      const auto& labels = data.test.labels;
      const auto positives = std::ranges::count_if(labels, [](float label) { return label > 0.5F; });
      const bool finite = std::ranges::all_of(logits, [](float logit) { return std::isfinite(logit); });
      const auto put = [&](const char* name, const std::optional<double>& value, const char* why) {
        if (value)
          outcome.metrics[name] = *value;
        else
          outcome.absent[name] = finite ? why : "a prediction is not finite";
      };
      put("auc", auc(logits, labels),
          positives == 0 ? "no test example is positive" : "every test example is positive");
      put("logloss", log_loss(logits, labels), "the mean is not finite");
      put("calibration", calibration_ratio(logits, labels), "no test example is positive");
      put("calibration.error", calibration_error(logits, labels), "there are no test examples");
    });
    if (const auto best = data.test.bayes_auc) {
      outcome.metrics["auc[bayes]"] = *best;
      if (const auto reached = outcome.metrics.find("auc"); reached != outcome.metrics.end() && *best != 0.5)
        outcome.metrics["auc[of bayes]"] = (reached->second - 0.5) / (*best - 0.5);
    } else {
      for (const char* name : {"auc[bayes]", "auc[of bayes]"})
        outcome.absent[name] = "the true probabilities are not known";
    }
    save_checkpoint(cell, *model, context);
    if (const auto folder = context.export_folder()) export_weights(*folder, model->export_state());
    outcome.metrics["samples"] = static_cast<double>(examples_of_steps(n, batch, begin, steps));
    outcome.metrics["examples.kept"] = static_cast<double>(n);
    outcome.metrics["parameters"] = static_cast<double>(parameters(spec));
    outcome.metrics["bytes.model"] = 4 * static_cast<double>(parameters(spec));
    outcome.metrics["bytes.sample"] = bytes_of_examples(spec, n);
    outcome.metrics["flops.train"] = flops.total();
    outcome.metrics["flops.inference"] = inference_flops(spec);
    outcome.implementation = model->implementation();
    outcome.protocol = data.protocol;
    return outcome;
  }

 private:
  /// "Frozen" must be a fact.
  static void require_equal(const ModelState& tables, const ModelState& now) {
    for (const NamedTensor& table : tables.tensors)
      if (now.find(table.name)->values != table.values)
        throw std::logic_error(table.name + " is frozen, and yet training changed it");
  }

  static MfSpec stage_1(const Cell& cell, std::uint32_t users, std::uint32_t items) {
    return mf_spec(cell.own().at("mf"), cell.own().at("embedding_dim"), users, items, cell.seed);
  }

  static bool uses_mf(const Cell& cell) {
    return cell.own().at("embedding_init") == "mf" && !starts_from_checkpoint(cell);
  }

  /// Stage 1 on who liked what; the factors as the tables of users and items.
  static ModelState factorize(const Cell& cell, const data::ClickSplit& data, RunContext& context, Flops& flops) {
    const MfSpec spec = stage_1(cell, data.users, data.items);
    const int epochs = cell.own().at("mf").at("epochs");
    ModelState tables;
    std::vector<Interaction> liked;
    std::unique_ptr<MatrixFactorizer> mf;
    context.stage("prepare[mf]", [&] {
      const std::size_t columns = data.train.table_rows.size();
      for (std::size_t i = 0; i < data.train.size(); ++i)
        if (data.train.labels[i] > 0.5F)
          liked.push_back({data.train.ids[i * columns], data.train.ids[i * columns + 1]});
      mf = backend_of(cell).make(spec);
      mf->set_interactions(liked);
    });
    context.stage("factorize", [&] {
      train_epochs(*mf, epochs, context, 0);
      const ModelState factors = mf->export_state();
      for (const auto& [from, to] : {std::pair{"user_factors", "table.0"}, {"item_factors", "table.1"}}) {
        tables.tensors.push_back(*factors.find(from));
        tables.tensors.back().name = to;
      }
      flops = epoch_flops(spec, liked.size()) * epochs;
      return Work{.flops = flops.total(), .bytes = epoch_bytes(spec, liked.size()) * epochs};
    });
    return tables;
  }
};

}  // namespace

const harness::Workload& dlrm_workload() {
  static const DlrmWorkload workload;
  return workload;
}

}  // namespace frugal::workloads
