#include "benchmarks/workloads/cadc/cadc_workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "benchmarks/workloads/cadc/popularity.hpp"
#include "benchmarks/workloads/cadc/sample.hpp"
#include "benchmarks/workloads/common.hpp"
#include "datasets/interactions.hpp"
#include "impl/common/flops.hpp"
#include "impl/common/metrics.hpp"

namespace frugal::workloads {
namespace {

using harness::Cell;
using harness::Complaint;
using harness::MetricDescriptor;
using harness::Outcome;
using harness::ParamSpec;
using harness::RunContext;
using harness::Work;

MfSpec mf_spec(const Cell& cell, std::uint32_t users, std::uint32_t items) {
  const Json& mf = cell.own().at("mf");
  MfSpec spec;
  spec.solver = mf.at("solver") == "ials" ? MfSolver::ials : MfSolver::logistic_sgd;
  spec.users = users;
  spec.items = items;
  spec.dim = mf.at("dim");
  spec.init_stddev = mf.at("init_stddev");
  spec.learning_rate = mf.at("learning_rate");
  spec.l2 = mf.at("l2");
  spec.negatives = mf.at("negatives");
  spec.regularization = mf.at("regularization");
  spec.unobserved_weight = mf.at("unobserved_weight");
  spec.frequency_scaling = mf.at("frequency_scaling");
  spec.seed = cell.seed;
  return spec;
}

TwoTowerSpec two_tower_spec(const Cell& cell, std::uint32_t users, std::uint32_t items) {
  const Json& tower = cell.own().at("tower");
  TwoTowerSpec spec;
  spec.users = users;
  spec.items = items;
  spec.embedding_dim = cell.own().at("mf").at("dim");
  spec.tower_layers = tower.at("layers").get<std::vector<int>>();
  spec.embedding_trainable = cell.own().at("embedding_trainable");
  spec.loss = tower.at("loss") == "bce" ? TwoTowerLoss::bce : TwoTowerLoss::batch_softmax;
  spec.negatives = tower.at("negatives");
  spec.batch = tower.at("batch");
  spec.adam.learning_rate = tower.at("learning_rate");
  spec.seed = cell.seed;
  return spec;
}

bool uses_mf(const Cell& cell) {
  const Json& own = cell.own();
  return own.at("model") == "mf" || (own.at("model") == "two_tower" && own.at("embedding_init") == "mf");
}

/// Items each user has in the training set, as CSR with ascending items: what full ranking masks.
struct Seen {
  std::vector<std::uint64_t> offsets;
  std::vector<std::uint32_t> items;

  Seen() = default;
  explicit Seen(const data::LeaveOneOut& split) : offsets(split.users + 1), items(split.train.size()) {
    for (const Interaction& i : split.train) ++offsets[i.user + 1];
    for (std::size_t u = 0; u < split.users; ++u) offsets[u + 1] += offsets[u];
    std::vector<std::uint64_t> next(offsets.begin(), offsets.end() - 1);
    for (const Interaction& i : split.train) items[next[i.user]++] = i.item;
    for (std::size_t u = 0; u < split.users; ++u)
      std::sort(items.begin() + static_cast<std::ptrdiff_t>(offsets[u]),
                items.begin() + static_cast<std::ptrdiff_t>(offsets[u + 1]));
  }
};

void evaluate(const Ranker& ranker, const data::LeaveOneOut& split, const Seen& seen, Outcome& outcome) {
  const auto put = [&](const std::string& protocol, const RankingQueries& queries) {
    const auto ranks = ranker.rank(queries);
    if (const auto hr = hit_rate(ranks, 10)) outcome.metrics[fmt::format("hr@10[{}]", protocol)] = *hr;
    if (const auto gain = ndcg(ranks, 10)) outcome.metrics[fmt::format("ndcg@10[{}]", protocol)] = *gain;
  };
  RankingQueries queries;
  queries.held_out = split.held_out;
  queries.seen_offsets = seen.offsets;
  queries.seen_items = seen.items;
  put("full", queries);
  queries.candidates = split.negatives;
  queries.per_query = split.negatives_per_query;
  put(fmt::format("neg={}", split.negatives_per_query), queries);
}

/// Stage 1. Returns the trained factorizer.
std::unique_ptr<MatrixFactorizer> factorize(const Cell& cell, const data::LeaveOneOut& split, RunContext& context,
                                            double share, Outcome& outcome) {
  const MfSpec spec = mf_spec(cell, split.users, split.items);
  const int epochs = cell.own().at("mf").at("epochs");
  std::unique_ptr<MatrixFactorizer> mf;
  const Flops flops = epoch_flops(spec, split.train.size()) * epochs;
  context.stage("factorize", [&] {
    mf = backend_of(cell).make(spec);
    mf->set_interactions(split.train);
    for (int epoch = 0; epoch < epochs; ++epoch) {
      outcome.metrics["loss[mf]"] = mf->train(1).back();
      context.progress(share * (epoch + 1) / epochs);
    }
    return Work{.flops = flops.total(), .bytes = 0};
  });
  outcome.metrics["flops.train"] += flops.total();
  outcome.metrics["parameters"] = static_cast<double>(parameters(spec));
  outcome.implementation = mf->implementation();
  return mf;
}

/// The factors as the two-tower's embedding tables. Biases have no place in a two-tower network and stay behind.
ModelState embeddings_from(const ModelState& factors) {
  ModelState state;
  for (const auto& [from, to] : {std::pair{"user_factors", "user_embedding"}, {"item_factors", "item_embedding"}}) {
    NamedTensor tensor = *factors.find(from);
    tensor.name = to;
    state.tensors.push_back(std::move(tensor));
  }
  return state;
}

ModelState embeddings_of(const TwoTower& model) {
  ModelState tables;
  for (NamedTensor& tensor : model.export_state().tensors)
    if (tensor.name == "user_embedding" || tensor.name == "item_embedding") tables.tensors.push_back(std::move(tensor));
  return tables;
}

/// "Loaded" and "frozen" must be facts: throws when a table differs from what it should hold, bit for bit.
void require_tables(const TwoTower& model, const ModelState& expected, const char* when) {
  const ModelState now = embeddings_of(model);
  for (const NamedTensor& table : expected.tensors) {
    const std::vector<float>& values = now.find(table.name)->values;
    if (values.size() != table.values.size() ||
        std::memcmp(values.data(), table.values.data(), values.size() * sizeof(float)) != 0)
      throw std::logic_error(fmt::format("{} is not bit-equal to its source {}", table.name, when));
  }
}

class Cadc final : public harness::Workload {
 public:
  std::string name() const override { return "cadc"; }
  std::string description() const override {
    return "factorise all interactions, then train a recommender on a small sample of them (arXiv 2407.08108)";
  }
  std::string clock() const override {
    return "Stage 2 is the set-up and training of the two-tower network; total adds reading the data, the "
           "factorisation of "
           "all interactions (where the strategy needs it), sampling and evaluation.";
  }
  std::vector<harness::DatasetChoice> datasets() const override { return dataset_choices("interactions"); }

  std::vector<ParamSpec> params() const override {
    using Type = ParamSpec::Type;
    return {
        {.name = "model",
         .type = Type::string,
         .default_value = "two_tower",
         .help = "what ranks: the two-tower network, or a control: mf (stage 1 alone), popularity",
         .choices = {"two_tower", "mf", "popularity"}},
        {.name = "keep_fraction",
         .type = Type::real,
         .default_value = 1.0,
         .help = "share of the training interactions stage 2 sees",
         .min = 1e-9,
         .max = 1},
        {.name = "embedding_init",
         .type = Type::string,
         .default_value = "mf",
         .help = "initial embeddings of stage 2",
         .choices = {"random", "mf"}},
        {.name = "embedding_trainable",
         .type = Type::boolean,
         .default_value = false,
         .help = "does stage 2 train the embeddings, or only the towers"},
        {.name = "budget",
         .type = Type::string,
         .default_value = "epochs",
         .help = "equal epochs over the sample, or as many optimiser steps as tower.epochs take on all data",
         .choices = {"epochs", "steps"}},
        {.name = "mf.solver",
         .type = Type::string,
         .default_value = "logistic_sgd",
         .help = "how stage 1 factorises",
         .choices = {"logistic_sgd", "ials"}},
        {.name = "mf.dim",
         .type = Type::integer,
         .default_value = 64,
         .help = "embedding dimension of both stages",
         .min = 1,
         .max = 4096},
        {.name = "mf.epochs",
         .type = Type::integer,
         .default_value = 256,
         .help = "passes over the positives (ials: iterations over both sides; 12 are enough)",
         .min = 1,
         .max = 1e6},
        {.name = "mf.init_stddev",
         .type = Type::real,
         .default_value = 0.1,
         .help = "of the initial factors",
         .min = 0,
         .max = 10},
        {.name = "mf.learning_rate",
         .type = Type::real,
         .default_value = 0.002,
         .help = "logistic_sgd",
         .min = 0,
         .max = 10},
        {.name = "mf.l2",
         .type = Type::real,
         .default_value = 0.005,
         .help = "logistic_sgd: weight decay",
         .min = 0,
         .max = 10},
        {.name = "mf.negatives",
         .type = Type::integer,
         .default_value = 8,
         .help = "logistic_sgd: negatives per positive",
         .min = 1,
         .max = 1000},
        {.name = "mf.regularization", .type = Type::real, .default_value = 0.007, .help = "ials", .min = 0, .max = 1e6},
        {.name = "mf.unobserved_weight",
         .type = Type::real,
         .default_value = 0.3,
         .help = "ials: weight of all pairs",
         .min = 0,
         .max = 1e6},
        {.name = "mf.frequency_scaling",
         .type = Type::real,
         .default_value = 1.0,
         .help = "ials: exponent nu of the frequency-scaled regularisation",
         .min = 0,
         .max = 10},
        {.name = "tower.layers",
         .type = Type::integer_list,
         .default_value = Json::array({128, 64}),
         .help = "output widths of each tower's dense layers; [] scores by the embeddings alone",
         .min = 1,
         .max = 65536},
        {.name = "tower.batch",
         .type = Type::integer,
         .default_value = 1024,
         .help = "positives a step",
         .min = 1,
         .max = 1 << 24},
        {.name = "tower.epochs",
         .type = Type::integer,
         .default_value = 10,
         .help = "passes over the sample",
         .min = 1,
         .max = 1e6},
        {.name = "tower.loss",
         .type = Type::string,
         .default_value = "bce",
         .help =
             "binary cross-entropy with drawn negatives, or softmax over the batch's items, corrected for popularity",
         .choices = {"bce", "batch_softmax"}},
        {.name = "tower.negatives",
         .type = Type::integer,
         .default_value = 4,
         .help = "bce: negatives per positive",
         .min = 1,
         .max = 1000},
        {.name = "tower.learning_rate",
         .type = Type::real,
         .default_value = 0.001,
         .help = "Adam",
         .min = 0,
         .max = 10},
    };
  }

  std::vector<MetricDescriptor> metrics() const override {
    using enum MetricDescriptor::Direction;
    std::vector<MetricDescriptor> all;
    for (const char* protocol : {"neg=99", "neg=999", "full"}) {
      const std::string ties = "; ties go against the held-out item";
      all.push_back({fmt::format("hr@10[{}]", protocol), "", higher_is_better, "{:.4f}",
                     "share of users whose held-out item ranks in the first 10" + ties});
      all.push_back({fmt::format("ndcg@10[{}]", protocol), "", higher_is_better, "{:.4f}",
                     "normalised discounted cumulative gain at 10" + ties});
    }
    all.push_back({"loss[mf]", "", informative, "{:.5f}", "stage 1's mean training loss in its last epoch"});
    all.push_back({"loss[tower]", "", informative, "{:.5f}", "stage 2's training loss in its last step"});
    all.push_back({"interactions.kept", "", informative, "{:.0f}", "training interactions stage 2 saw"});
    all.push_back({"steps", "", informative, "{:.0f}", "optimiser steps of stage 2"});
    all.push_back({"parameters", "", informative, "{:.0f}", "of the model that ranks"});
    all.push_back({"flops.train", "FLOP", informative, "{:.4g}", "stages 1 and 2, analytic, optimiser included"});
    all.push_back({"flops.inference", "FLOP", informative, "{:.4g}", "one user against all items, analytic"});
    return all;
  }

  std::vector<Complaint> check(const Cell& cell, const std::vector<std::filesystem::path>& data_dirs) const override {
    std::vector<Complaint> complaints;
    const Backend* backend = check_surroundings(cell, data_dirs, complaints);
    if (const auto negatives = cell.dataset.find("negatives");
        negatives != cell.dataset.end() && *negatives != 99 && *negatives != 999)
      complaints.push_back(
          {"dataset.negatives", "the metrics of this workload are those with 99 or 999 negatives", false});
    // The real counts are known only after reading; the answers do not depend on them.
    if (uses_mf(cell)) check_spec(mf_spec(cell, 1000, 1000), "params.cadc.mf", backend, complaints);
    if (cell.own().at("model") == "two_tower")
      check_spec(two_tower_spec(cell, 1000, 1000), "params.cadc.tower", backend, complaints);
    return complaints;
  }

  Outcome run(const Cell& cell, RunContext& context) const override {
    Outcome outcome;
    outcome.metrics["flops.train"] = 0;
    const Json& own = cell.own();
    const std::string model = own.at("model");

    data::LeaveOneOut split;
    Seen seen;
    context.stage("load", [&] {
      split = data::load_leave_one_out(cell.dataset, context.data_dirs(), cell.seed);
      seen = Seen(split);
    });

    if (model == "popularity") {
      outcome.implementation = "counts";
      context.stage("evaluate", [&] { evaluate(PopularityRanker(split.train, split.items), split, seen, outcome); });
      return outcome;
    }

    std::unique_ptr<MatrixFactorizer> mf;
    if (uses_mf(cell)) mf = factorize(cell, split, context, model == "mf" ? 1.0 : 0.5, outcome);
    if (model == "mf") {
      outcome.metrics["flops.inference"] = 2.0 * split.items * own.at("mf").at("dim").get<int>();
      context.stage("evaluate", [&] { evaluate(*mf, split, seen, outcome); });
      return outcome;
    }

    train_two_tower(cell, split, seen, mf.get(), context, outcome);
    return outcome;
  }

 private:
  static void train_two_tower(const Cell& cell, const data::LeaveOneOut& split, const Seen& seen,
                              const MatrixFactorizer* mf, RunContext& context, Outcome& outcome) {
    const Json& own = cell.own();
    const TwoTowerSpec spec = two_tower_spec(cell, split.users, split.items);
    std::vector<Interaction> sample;
    context.stage("sample", [&] { sample = keep_uniform(split.train, own.at("keep_fraction"), cell.seed); });

    const auto steps_per_epoch = [&](std::size_t positives) { return (positives + spec.batch - 1) / spec.batch; };
    const std::uint64_t epochs = own.at("tower").at("epochs");
    const std::uint64_t steps =
        epochs * steps_per_epoch(own.at("budget") == "steps" ? split.train.size() : sample.size());
    const double passes = static_cast<double>(steps) / static_cast<double>(steps_per_epoch(sample.size()));
    const Flops flops = epoch_flops(spec, sample.size()) * passes;

    std::unique_ptr<TwoTower> model;
    ModelState tables;  // what the embeddings must hold while they are frozen
    context.stage("train", [&] {
      model = backend_of(cell).make(spec);
      if (mf) {
        tables = embeddings_from(mf->export_state());
        model->import_state(tables);
        require_tables(*model, tables, "after loading");
      } else if (!spec.embedding_trainable) {
        tables = embeddings_of(*model);
      }
      model->set_interactions(sample);
      const double before = mf ? 0.5 : 0;
      constexpr std::uint64_t chunk = 64;
      for (std::uint64_t done = 0; done < steps;) {
        const std::uint64_t now = std::min(chunk, steps - done);
        outcome.metrics["loss[tower]"] = model->train(now).back();
        done += now;
        context.progress(before + (1 - before) * static_cast<double>(done) / static_cast<double>(steps));
      }
      return Work{.flops = flops.total(), .bytes = 0};
    });
    if (!spec.embedding_trainable) require_tables(*model, tables, "after training with frozen embeddings");

    context.stage("evaluate", [&] { evaluate(*model, split, seen, outcome); });
    outcome.metrics["interactions.kept"] = static_cast<double>(sample.size());
    outcome.metrics["steps"] = static_cast<double>(steps);
    outcome.metrics["flops.train"] += flops.total();
    outcome.metrics["parameters"] = static_cast<double>(parameters(spec));
    outcome.metrics["flops.inference"] = inference_flops(spec);
    outcome.implementation = model->implementation();
  }

  /// One user's tower and a dot with every item's vector (the items' towers run once for all users).
  static double inference_flops(const TwoTowerSpec& spec) {
    double flops = 0;
    int in = spec.embedding_dim;
    for (const int out : spec.tower_layers) {
      flops += 2.0 * in * out;
      in = out;
    }
    return flops + 2.0 * in * spec.items;
  }
};

}  // namespace

const harness::Workload& cadc_workload() {
  static const Cadc workload;
  return workload;
}

}  // namespace frugal::workloads
