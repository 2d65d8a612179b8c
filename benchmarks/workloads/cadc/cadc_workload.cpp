#include "benchmarks/workloads/cadc/cadc_workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <stdexcept>

#include "benchmarks/workloads/cadc/baselines.hpp"
#include "benchmarks/workloads/cadc/evaluate.hpp"
#include "benchmarks/workloads/cadc/load.hpp"
#include "benchmarks/workloads/cadc/params.hpp"
#include "benchmarks/workloads/cadc/popularity.hpp"
#include "benchmarks/workloads/cadc/rankings.hpp"
#include "benchmarks/workloads/cadc/stage_one.hpp"
#include "benchmarks/workloads/cadc/stored.hpp"
#include "benchmarks/workloads/cadc/tables.hpp"
#include "benchmarks/workloads/shared/checkpoint.hpp"
#include "benchmarks/workloads/shared/export.hpp"
#include "benchmarks/workloads/shared/inputs.hpp"
#include "benchmarks/workloads/shared/sample.hpp"
#include "benchmarks/workloads/shared/shared.hpp"
#include "datasets/interactions/split.hpp"
#include "datasets/load/attributes.hpp"
#include "datasets/load/interactions.hpp"
#include "impl/common/epoch_schedule.hpp"
#include "impl/common/flops.hpp"
#include "impl/common/stale_stop.hpp"
#include "impl/common/traffic.hpp"

namespace frugal::workloads {
namespace {

using harness::Cell;
using harness::Complaint;
using harness::MetricDescriptor;
using harness::Outcome;
using harness::RunContext;
using harness::Work;

constexpr std::uint64_t chunk = 64;  ///< steps between two looks at the user's wish to stop

/// Looks at the validation items every epoch (of all data, where the budget is in steps), and remembers the best state,
/// the initial one included: the first look. Exhausted when the best is `patience` looks old. Does nothing without
/// validation items.
class EarlyStop {
 public:
  EarlyStop(const data::Split& split, std::int64_t patience, std::uint64_t interval, const TwoTower& model,
            std::uint64_t seed)
      : patience_(patience), interval_(interval) {
    if (split.validation.empty()) return;
    ranking_.emplace(split, seed);
    look_now(model, 0);
  }

  std::uint64_t steps_to_look() const { return interval_ - since_look_; }

  void look(const TwoTower& model, std::uint64_t steps) {
    since_look_ = steps % interval_;
    if (ranking_ && since_look_ == 0) look_now(model, steps);
  }

  bool exhausted() const { return ranking_ && looks_.since_best() >= patience_; }

  void restore_best(TwoTower& model, Outcome& outcome) const {
    if (!ranking_) return;
    model.import_state(best_state_);
    outcome.metrics["ndcg@10[validation]"] = -looks_.best;
    outcome.metrics["steps.kept"] = static_cast<double>(best_steps_);
  }

 private:
  void look_now(const TwoTower& model, std::uint64_t steps) {
    looks_.add(-ranking_->ndcg(model));
    if (looks_.since_best() > 0) return;
    best_steps_ = steps;
    best_state_ = model.export_state();
  }

  std::optional<ValidationRanking> ranking_;
  std::int64_t patience_;
  std::uint64_t interval_;
  std::uint64_t since_look_ = 0;
  StaleStop looks_;  ///< the loss is -NDCG
  std::uint64_t best_steps_ = 0;
  ModelState best_state_;
};

/// The side features as the tensors of a two-tower's state.
ModelState features_of(const data::SideAttributes& side) {
  ModelState state;
  for (const auto& [name, attributes] :
       {std::pair{"user_features", &side.users}, std::pair{"item_features", &side.items}}) {
    std::vector<float> values = data::multi_hot(*attributes);
    const std::int64_t columns = data::width(*attributes);
    state.tensors.push_back({name, {static_cast<std::int64_t>(values.size()) / columns, columns}, std::move(values)});
  }
  return state;
}

class Cadc final : public harness::Workload {
 public:
  std::string name() const override { return "cadc"; }
  std::string description() const override {
    return "factorise all interactions, then train a recommender on a small sample of them (arXiv 2407.08108)";
  }
  std::string clock() const override {
    return "Stages 1 and 2 are the training of the factorisation and of the two-tower network; total adds reading the "
           "data, setting up the models (within their training in records without a stage `prepare[tower]`), sampling "
           "and evaluation, and always holds stage 1 where the strategy needs it.";
  }
  std::vector<harness::DatasetChoice> datasets(const std::vector<std::filesystem::path>& data_dirs) const override {
    return dataset_choices(data::Kind::interactions, data_dirs);
  }

  std::vector<ParamSpec> params() const override { return cadc_params(); }

  std::vector<MetricDescriptor> metrics() const override {
    using enum MetricDescriptor::Direction;
    std::vector<MetricDescriptor> all = ranking_metrics();
    all.push_back(
        {"ndcg@10[validation]", "", informative, "{:.4f}",
         "of the validation items, by the protocol of the test items, at the state that early stopping kept"});
    all.push_back({"loss[mf]", "", informative, "{:.5f}", "stage 1's mean training loss in its last epoch"});
    all.push_back({"loss[tower]", "", informative, "{:.5f}", "stage 2's training loss in its last step"});
    all.push_back({"interactions.kept", "", informative, "{:.0f}", "training interactions stage 2 saw"});
    all.push_back({"steps", "", informative, "{:.0f}", "optimiser steps of stage 2"});
    all.push_back({"steps.kept", "", informative, "{:.0f}", "steps up to the state that early stopping kept"});
    all.push_back(
        {"users.tied", "", informative, "{:.0f}",
         "split latest: users whose latest time several of their items have; the seed draws which is held out", true});
    all.push_back({"bytes.embeddings", "B", informative, "{:.4g}",
                   "stored embeddings of stage 1 (store.how): what stage 2 starts from; 0 where it starts at random"});
    all.push_back({"bytes.sample", "B", informative, "{:.4g}",
                   "stored sample of stage 2, and what early stopping watches, coded losslessly", true});
    all.push_back({"bytes.stored", "B", informative, "{:.4g}", "embeddings and sample: what is kept of the data"});
    all.push_back({"bytes.share", "%", informative, "{:.3g}", "stored, of all training interactions as ids"});
    all.push_back({"bytes.pairs", "B", informative, "{:.4g}",
                   "all training interactions as compressed sparse rows, ids in whole bytes", true});
    all.push_back(
        {"bytes.pairs[coded]", "B", informative, "{:.4g}", "the same, coded losslessly as the sample is", true});
    all.push_back({"parameters", "", informative, "{:.0f}", "of the model that ranks", true});
    all.push_back({"flops.train", "FLOP", informative, "{:.4g}", "stages 1 and 2, analytic, optimiser included", true});
    all.push_back({"flops.inference", "FLOP", informative, "{:.4g}", "one user against all items, analytic", true});
    return all;
  }

  std::vector<Complaint> check(const Cell& cell, const std::vector<std::filesystem::path>& data_dirs) const override {
    std::vector<Complaint> complaints;
    const Backend* backend = check_surroundings(cell, data_dirs, complaints);
    if (std::string why = why_no_metrics(cell, data_dirs); !why.empty())
      complaints.push_back({"dataset.negatives", std::move(why), false});
    // The real counts are known only after reading; the answers do not depend on them.
    if (uses_mf(cell)) check_spec(mf_spec(cell, 1000, 1000), "params.cadc.mf", backend, complaints);
    if (has_stage_one(cell)) {
      const Json& store = cell.own().at("store");
      if (std::string why =
              why_not_stored(choice_of(storing_names, store, "how"), store.at("bits"), cell.own().at("mf").at("dim"));
          !why.empty())
        complaints.push_back({"params.cadc.store.bits", std::move(why), false});
    }
    if (cell.own().at("model") == "two_tower") check_two_tower(cell, backend, data_dirs, complaints);
    return complaints;
  }

  std::string why_no_ranks(const Cell& cell) const override {
    const std::string model = cell.own().at("model");
    if (model != "mf" && model != "two_tower") return "the model '" + model + "' is computed in one process";
    return workloads::why_no_ranks(cell);
  }

  std::vector<harness::InputFile> inputs(const Cell& cell,
                                         const std::vector<std::filesystem::path>& data_dirs) const override {
    std::vector<harness::InputFile> inputs;
    add_dataset(cell, data_dirs, inputs);
    if (cell.own().at("model") == "two_tower" && cell.own().at("tower").at("side_features"))
      add_inputs(data::attributes_manifest(cell.dataset, data_dirs), data_dirs, inputs);
    add_checkpoint(cell, inputs);
    return inputs;
  }

  PackedPairs load_part(const Json& request, Communicator& ranks) const override {
    return load_part_of_split(request, ranks);
  }

  Outcome run(const Cell& cell, RunContext& context) const override {
    Outcome outcome;
    outcome.metrics["flops.train"] = 0;
    const Json& own = cell.own();
    const std::string model = own.at("model");

    Problem problem;
    context.stage("load", [&] {
      problem.split = load_split_of(cell, context.data_dirs());
      if (model == "two_tower" && own.at("tower").at("side_features"))
        problem.side = data::load_attributes(cell.dataset, context.data_dirs(), problem.split);
    });
    const data::Split& split = problem.split;
    outcome.protocol = split.protocol;
    if (split.tied_users) outcome.metrics["users.tied"] = *split.tied_users;

    if (model == "popularity") {
      outcome.implementation = "counts";
      const PopularityRanker ranker(split.train, split.items);
      evaluate(ranker, split, context, outcome);
      export_results(
          split, ranker, [&](auto pairs) { return ranker.score(pairs); }, nullptr, {}, context);
      return outcome;
    }

    if (const FitBaseline fit = find_baseline(model)) {
      run_baseline(fit, cell, split, context, outcome);
      return outcome;
    }

    if (model == "mf") {
      const std::unique_ptr<MatrixFactorizer> mf = factorize(cell, split, context, 1.0, nullptr, outcome);
      mf->import_state(keep_stored(cell, mf->export_state(), context, outcome));
      put_bytes(split, {}, outcome);
      outcome.metrics["flops.inference"] = inference_flops(mf_spec(cell, split.users, split.items));
      evaluate(*mf, split, context, outcome);
      if (own.at("export_embeddings")) write_tables(embeddings_from(mf->export_state()), context.artifacts());
      const ModelState factors = mf->export_state();
      export_results(
          split, *mf, [&](auto pairs) { return scores_of(factors, pairs); }, mf.get(), embeddings_from, context);
      save_checkpoint(cell, *mf, context);
      return outcome;
    }
    train_two_tower(cell, problem, context, outcome);
    return outcome;
  }

 private:
  struct Problem {
    data::Split split;
    data::SideAttributes side;  ///< empty without side features
  };

  /// Of this number of candidates; empty where there are some, and where the data set has no candidates.
  static std::string why_no_metrics(const Cell& cell, const std::vector<std::filesystem::path>& data_dirs) {
    const auto negatives = cell.dataset.find("negatives");
    if (negatives == cell.dataset.end() || *negatives == 99 || *negatives == 999) return "";
    std::string why = "the metrics of this workload are those with 99 or 999 negatives";
    const std::string name = cell.dataset.at("name");
    const data::Manifest* const manifest = data::find_manifest(name, data_dirs);
    const bool given =
        cell.dataset.at("negative_sampling") == to_word(data::negative_law_names, data::NegativeLaw::given);
    if (!given || !manifest) return why;
    return fmt::format(
        "{}, and the lists of {} hold {}: write negatives: 99, negative_sampling: uniform to draw others", why, name,
        manifest->negatives);
  }

  static void check_two_tower(const Cell& cell, const Backend* backend,
                              const std::vector<std::filesystem::path>& data_dirs, std::vector<Complaint>& complaints) {
    const Json& own = cell.own();
    TwoTowerSpec spec = two_tower_spec(cell, 1000, 1000);
    if (own.at("tower").at("side_features")) {
      spec.user_features = spec.item_features = 10;
      check_attributes(cell, "params.cadc.tower.side_features", data_dirs, complaints);
    }
    check_spec(spec, "params.cadc.tower", backend, complaints);
    if (own.at("tower").at("init") == "identity")
      if (std::string why = why_no_identity(spec); !why.empty())
        complaints.push_back({"params.cadc.tower.layers", std::move(why), false});
    if (own.at("sampling") == "recent" && !data::has_times(located_dataset(cell), data_dirs))
      complaints.push_back(
          {"params.cadc.sampling",
           fmt::format("recent needs times, and {} has none", cell.dataset.at("name").get<std::string>()), false});
    if (asks_proxy(choice_of(sampling_names, own, "sampling")) && !uses_mf(cell))
      complaints.push_back(
          {"params.cadc.sampling",
           fmt::format("{} asks a factorisation: it needs embedding_init mf, and a start without initial_weights",
                       own.at("sampling").get<std::string>()),
           false});
  }

  static void evaluate(const Ranker& ranker, const data::Split& split, RunContext& context, Outcome& outcome) {
    context.stage("evaluate", [&] { Evaluation(split).run(ranker, outcome); });
  }

  static void run_baseline(FitBaseline fit, const Cell& cell, const data::Split& split, RunContext& context,
                           Outcome& outcome) {
    Baseline baseline;
    context.stage("fit", [&] {
      baseline = fit(split, cell.own());
      return Work{.flops = baseline.flops};
    });
    outcome.implementation = "eigen";
    outcome.metrics["flops.train"] = baseline.flops;
    outcome.metrics["flops.inference"] = baseline.ranker->inference_flops();
    outcome.metrics["parameters"] = static_cast<double>(baseline.parameters);
    evaluate(*baseline.ranker, split, context, outcome);
    export_results(
        split, *baseline.ranker, [&](auto pairs) { return baseline.ranker->score(pairs); }, nullptr, {}, context);
  }

  /// model: null where there is none, so no weights and no embeddings.
  static void export_results(const data::Split& split, const Ranker& ranker, const ScorePairs& score,
                             const Model* model, const std::function<ModelState(const ModelState&)>& embeddings,
                             RunContext& context) {
    const auto folder = context.export_folder();
    if (!folder) return;
    export_ids(*folder / "user_ids.tsv", split.user_names, split.users);
    export_ids(*folder / "item_ids.tsv", split.item_names, split.items);
    export_training(*folder / "train.tsv", split);
    if (model) {
      const ModelState state = model->export_state();
      export_weights(*folder, state);
      export_arrays(*folder, "embeddings", embeddings(state));
    }
    const Evaluation evaluation(split);
    export_columns(*folder / harness::users_file, "user", split.user_names, evaluation.users(),
                   evaluation.by_user(ranker));
    export_rankings(*folder, split, ranker, score, [&](double share) { context.progress(share); });
  }

  /// What stage 2 gets.
  struct Start {
    std::optional<ModelState> factors;  ///< of stage 1; none: embeddings start at random
    std::vector<Interaction> sample;
  };

  static Start start_of(const Cell& cell, const data::Split& split, RunContext& context, Outcome& outcome) {
    const Json& own = cell.own();
    const auto sampling = choice_of(sampling_names, own, "sampling");
    assert((sampling != Sampling::recent || split.chronological) && "check() asked has_times()");
    std::optional<ProxyWatch> watch;
    if (watches_proxy(sampling)) context.stage("sample", [&] { watch.emplace(sampling, split, cell.seed); });
    Start start;
    if (uses_mf(cell))
      start.factors = factorize(cell, split, context, 0.5, watch ? &*watch : nullptr, outcome)->export_state();
    else if (has_stage_one(cell))
      start.factors = closed_form_factors(cell, split, context, outcome);
    if (start.factors) start.factors = keep_stored(cell, std::move(*start.factors), context, outcome);
    context.stage("sample", [&] {
      std::vector<float> scores;
      if (watch) scores = watch->scores();
      if (sampling == Sampling::hardest) scores = scores_of(*start.factors, split.train.unpacked());
      start.sample = keep_sample(sampling, split.train, own.at("keep_fraction"), cell.seed, scores);
    });
    put_bytes(split, start.sample, outcome);
    return start;
  }

  static void train_two_tower(const Cell& cell, const Problem& problem, RunContext& context, Outcome& outcome) {
    const Json& own = cell.own();
    const data::Split& split = problem.split;
    const Start start = start_of(cell, split, context, outcome);
    const std::vector<Interaction>& sample = start.sample;
    TwoTowerSpec spec = two_tower_spec(cell, split.users, split.items);
    spec.user_features = data::width(problem.side.users);
    spec.item_features = data::width(problem.side.items);
    const auto batch = static_cast<std::uint64_t>(spec.batch);
    const std::uint64_t epochs = own.at("tower").at("epochs");
    const std::uint64_t steps =
        epochs * steps_per_epoch(own.at("budget") == "steps" ? split.train.size() : sample.size(), batch);
    Flops flops;  // of the steps really taken
    std::uint64_t begin = 0;

    std::unique_ptr<TwoTower> model;
    ModelState tables;  // what the embeddings must hold while they are frozen
    context.stage("prepare[tower]", [&] {
      model = backend_of(cell).make(spec);
      if (spec.user_features > 0) model->import_state(features_of(problem.side));
      if (own.at("tower").at("init") == "identity") start_as_identity(*model, spec, own.at("tower").at("gain"));
      begin = load_checkpoint(cell, *model);
      if (start.factors) {
        tables = embeddings_from(*start.factors);
        model->import_state(tables);
        require_tables(*model, tables, "after loading");
      } else if (!spec.embedding_trainable) {
        tables = embeddings_of(model->export_state());
      }
      model->set_interactions(sample);
    });
    context.stage("train", [&] {
      const std::uint64_t pass = steps / epochs;
      EarlyStop stop(split, own.at("tower").at("patience"), pass, *model, cell.seed);
      const double before = uses_mf(cell) ? 0.5 : 0;
      const auto put_loss = [&](std::uint64_t step, double loss) {
        outcome.metrics["loss[tower]"] = loss;
        context.loss("train", static_cast<double>(step), loss);
      };
      // What early stopping has seen by then is in no checkpoint. Pieces of earlier tries ended where those below do.
      Checkpoint checkpoint(context, "train", own.at("tower").at("patience") == 0);
      std::vector<double> losses = checkpoint.take_up(*model);
      std::uint64_t done = losses.size();
      for (std::uint64_t step = 1; step <= done; ++step)
        if (step % pass % chunk == 0) put_loss(step, losses[step - 1]);
      if (done > 0) stop.look(*model, done);
      while (done < steps && !stop.exhausted()) {
        const std::uint64_t now = std::min({chunk, steps - done, stop.steps_to_look()});
        std::ranges::copy(model->train(now), std::back_inserter(losses));
        done += now;
        put_loss(done, losses.back());
        checkpoint.keep(*model, losses);
        stop.look(*model, done);
        context.progress(before + (1 - before) * static_cast<double>(done) / static_cast<double>(steps));
      }
      stop.restore_best(*model, outcome);
      outcome.metrics["steps"] = static_cast<double>(done);
      flops = steps_flops(spec, sample.size(), begin, done);
      return Work{.flops = flops.total(), .bytes = steps_bytes(spec, sample.size(), begin, done)};
    });
    if (!spec.embedding_trainable) require_tables(*model, tables, "after training with frozen embeddings");

    evaluate(*model, split, context, outcome);
    if (own.at("export_embeddings")) write_tables(embeddings_of(model->export_state()), context.artifacts());
    export_results(
        split, *model, [&](auto pairs) { return model->score(pairs); }, model.get(), embeddings_of, context);
    save_checkpoint(cell, *model, context);
    outcome.metrics["interactions.kept"] = static_cast<double>(sample.size());
    outcome.metrics["flops.train"] += flops.total();
    outcome.metrics["parameters"] = static_cast<double>(parameters(spec));
    outcome.metrics["flops.inference"] = inference_flops(spec);
    outcome.implementation = model->implementation();
  }
};

}  // namespace

const harness::Workload& cadc_workload() {
  static const Cadc workload;
  return workload;
}

}  // namespace frugal::workloads
