// Every parameter of every workload does what its name says: another value changes just these settings of what the back
// end is asked for, or something else that can be seen. And every parameter is in the table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>

#include "tests/stand_ins/backends.hpp"
#include "tests/workloads/ratings_folder.hpp"
#include "tests/workloads/run_cell.hpp"

namespace frugal::workloads {
namespace {

using ::testing::ElementsAreArray;

/// One parameter with another value than in the base plan.
struct Row {
  const char* param;
  const char* value;
  /// The settings that change, exactly these: "inr.width=12", or "tower.given" where the value is no matter.
  std::vector<std::string> settings;
  /// A metric, "artifacts" or "stages" that changes too.
  std::string also{};
  /// Further parameters, on both sides: "param=value".
  std::vector<std::string> with{};
};

struct Table {
  std::string workload;
  std::string dataset;
  std::string base;  ///< parameters of the base plan
  std::vector<Row> rows;
  /// What other tests show, by name: what these take is a file.
  std::vector<std::string> elsewhere;
};

void PrintTo(const Table* table, std::ostream* out) { *out << table->workload; }

const Table inr_table{"inr",
                      "synthetic-photo",
                      "inr: {size: 8, grid: 2, hidden_layers: 1, width: 8, steps: 3}",
                      {{"size", "12", {"inr.points=36"}, "psnr"},
                       {"colour", "grey", {"inr.channels=1"}, "psnr"},
                       {"grid", "4", {"inr.bias_init=1", "inr.networks=16", "inr.points=4"}, "parameters"},
                       {"overlap", "1", {"inr.points=25"}, "seam"},
                       {"hidden_layers", "2", {"inr.hidden_layers=2"}, "parameters"},
                       {"width", "12", {"inr.width=12"}, "parameters"},
                       {"activation", "finer", {"inr.activation=4"}, "psnr[enrp]"},
                       {"first_omega0", "20", {"inr.first_omega0=20"}, "psnr[enrp]"},
                       {"omega0", "25", {"inr.omega0=25"}, "psnr[enrp]"},
                       {"scale", "5", {"inr.scale=5"}, "psnr[enrp]", {"activation=gauss"}},
                       {"weight_scale", "1.5", {"inr.weight_scale=1.5"}, "psnr[enrp]"},
                       {"second_order_steps", "1", {}, "psnr[enrp]"},
                       {"last_layer", "solved", {"inr.channels=8"}, "psnr[enrp]"},
                       {"bias_init", "enrp", {"inr.bias_init=1"}, "psnr[enrp]"},
                       {"steps", "4", {"inr.schedule.steps=4", "inr.trained=4"}, "steps.done"},
                       {"learning_rate", "0.002", {"inr.learning_rate=0.002"}, "psnr[enrp]"},
                       {"schedule", "cosine", {"inr.schedule=1"}, "psnr[enrp]"},
                       {"warmup", "2", {"inr.schedule.warmup=2"}, "psnr[enrp]"},
                       {"weight_decay", "0.5", {"inr.weight_decay=0.5"}, "psnr[enrp]"},
                       {"patience", "0", {"inr.trained"}, "steps.done", {"steps=40", "learning_rate=0.5"}},
                       {"network_patience", "1", {"inr.patience=1"}, "flops.train", {"steps=40", "learning_rate=0.5"}},
                       {"stop_psnr", "0.1", {"inr.trained"}, "steps.done", {"steps=40", "learning_rate=0.001"}},
                       {"precision", "bf16", {"inr.precision=2"}},
                       {"implementation", "fused", {"inr.implementation=2"}},
                       {"render_scale", "2", {}, "artifacts"},
                       {"save_weights", "true", {}, "artifacts"}},
                      {"image", "initial_weights"}};

const Table cadc_table{
    "cadc",
    "{name: ml-100k, negatives: 99}",
    "cadc: {mf: {dim: 4, epochs: 1}, tower: {layers: [8, 4], epochs: 1, batch: 512}}",
    {{"model", "mf", {"*"}, "stages"},
     {"keep_fraction", "0.25", {"tower.given", "tower.trained=2"}, "interactions.kept"},
     {"sampling", "recent", {"tower.given"}, "loss[tower]", {"keep_fraction=0.25"}},
     {"embedding_init", "random", {"*"}, "stages"},
     {"embedding_trainable", "true", {"tower.embedding_trainable=true"}, "loss[tower]"},
     {"budget", "steps", {"tower.trained=8"}, "steps", {"keep_fraction=0.25"}},
     {"eval_users", "20", {}, "mrr[full]"},
     {"export_embeddings", "true", {}, "artifacts"},
     {"mf.dim", "3", {"mf.dim=3", "tower.embedding_dim=3"}, "parameters"},
     {"mf.solver", "ials", {"mf.solver=1"}, "loss[mf]"},
     {"mf.epochs", "2", {"mf.trained=2"}, "loss[mf]"},
     {"mf.init_stddev", "0.2", {"mf.init_stddev=0.2"}, "loss[mf]"},
     {"mf.learning_rate", "0.01", {"mf.learning_rate=0.01"}, "loss[mf]"},
     {"mf.l2", "0.1", {"mf.l2=0.1"}, "loss[mf]"},
     {"mf.negatives", "3", {"mf.negatives=3"}, "loss[mf]"},
     {"mf.regularization", "0.1", {"mf.regularization=0.1"}, "loss[mf]", {"mf.solver=ials"}},
     {"mf.unobserved_weight", "0.5", {"mf.unobserved_weight=0.5"}, "loss[mf]", {"mf.solver=ials"}},
     {"mf.frequency_scaling", "0.5", {"mf.frequency_scaling=0.5"}, "loss[mf]", {"mf.solver=ials"}},
     {"tower.layers", "[6, 4]", {"tower.layers=6 4"}, "parameters"},
     {"tower.batch", "256", {"tower.batch=256", "tower.trained=16"}, "steps"},
     {"tower.epochs", "2", {"tower.trained=16"}, "steps"},
     {"tower.loss", "batch_softmax", {"tower.loss=1"}, "loss[tower]"},
     {"tower.ranks_share", "examples", {"tower.sharing=1"}},
     {"tower.side_features", "true", {"tower.item_features=29", "tower.user_features=30"}, "parameters"},
     {"tower.negatives", "3", {"tower.negatives=3"}, "loss[tower]"},
     {"tower.learning_rate", "0.01", {"tower.learning_rate=0.01"}, "loss[tower]"},
     {"tower.init", "identity", {}, "loss[tower]"},
     {"tower.gain", "2", {}, "loss[tower]", {"tower.init=identity"}},
     {"tower.patience", "1", {"mf.given", "tower.given"}, "ndcg@10[validation]"},
     {"store.how", "uniform", {}, "bytes.embeddings"},
     {"store.bits", "2", {}, "bytes.embeddings", {"store.how=uniform"}},
     {"ease.l2", "2", {}, "mrr[full]", {"model=ease"}},
     {"item_knn.neighbours", "3", {}, "mrr[full]", {"model=item_knn"}},
     {"item_knn.shrink", "0", {}, "mrr[full]", {"model=item_knn"}},
     {"rp3beta.neighbours", "3", {}, "mrr[full]", {"model=rp3beta"}},
     {"rp3beta.alpha", "0.2", {}, "mrr[full]", {"model=rp3beta"}},
     {"rp3beta.beta", "0.1", {}, "mrr[full]", {"model=rp3beta"}},
     {"infinity_ae.l2", "0.1", {}, "mrr[full]", {"model=infinity_ae"}},
     {"save_weights", "true", {}, "artifacts"}},
    {"initial_weights"}};

const Table dlrm_table{
    "dlrm",
    "ml-100k-clicks",
    "dlrm: {embedding_dim: 4, bottom: [8, 4], top: [8, 1], batch: 512, mf: {epochs: 1}}",
    {{"keep_fraction", "0.25", {"dlrm.given", "dlrm.trained=2"}, "examples.kept"},
     {"embedding_init", "mf", {"*"}, "stages"},
     {"embedding_trainable", "false", {"dlrm.frozen_tables=2"}, "loss[train]", {"epochs=2"}},
     {"budget", "steps", {"dlrm.trained"}, "samples", {"keep_fraction=0.25"}},
     {"bottom", "[6, 4]", {"dlrm.bottom=6 4"}, "parameters"},
     {"top", "[6, 1]", {"dlrm.top=6 1"}, "parameters"},
     {"embedding_dim", "6", {"dlrm.embedding_dim=6"}, "parameters", {"interaction=cat"}},
     {"interaction", "cat", {"dlrm.interaction=1"}, "loss[train]"},
     {"optimizer", "adam", {"dlrm.optimizer=3"}, "loss[train]"},
     {"learning_rate", "0.1", {"dlrm.learning_rate=0.1"}, "loss[train]"},
     {"batch", "256", {"dlrm.batch=256", "dlrm.trained"}, "loss[train]"},
     {"precision", "bf16", {"dlrm.precision=2"}},
     {"epochs", "2", {"dlrm.trained"}, "samples"},
     {"mf.solver", "logistic_sgd", {"mf.solver=0"}, "loss[train]", {"embedding_init=mf"}},
     {"mf.epochs", "2", {"mf.trained=2"}, "loss[train]", {"embedding_init=mf"}},
     {"mf.init_stddev", "0.2", {"mf.init_stddev=0.2"}, "loss[train]", {"embedding_init=mf"}},
     {"mf.learning_rate", "0.01", {"mf.learning_rate=0.01"}, "", {"embedding_init=mf"}},
     {"mf.l2", "0.1", {"mf.l2=0.1"}, "", {"embedding_init=mf"}},
     {"mf.negatives", "3", {"mf.negatives=3"}, "", {"embedding_init=mf"}},
     {"mf.regularization", "0.1", {"mf.regularization=0.1"}, "loss[train]", {"embedding_init=mf"}},
     {"mf.unobserved_weight", "0.5", {"mf.unobserved_weight=0.5"}, "loss[train]", {"embedding_init=mf"}},
     {"mf.frequency_scaling", "0.5", {"mf.frequency_scaling=0.5"}, "loss[train]", {"embedding_init=mf"}},
     {"save_weights", "true", {}, "artifacts"}},
    {"initial_weights"}};

/// Everything that can be seen of a run: settings, and by their names metrics, artifacts and stages.
struct Seen {
  stand_ins::Record settings;
  std::map<std::string, std::string> other;
};

Seen run_with(const Table& table, std::vector<harness::Override> overrides, const std::filesystem::path& data_dir) {
  TestContext context({data_dir});
  const std::string plan = "schema: 1\nname: p\nworkload: " + table.workload +
                           "\nbackend: recording\ndataset: " + table.dataset + "\nparams: {" + table.base + "}\n";
  stand_ins::recorded().clear();
  const harness::Cell cell = harness::parse_plan(plan, "p.yaml", overrides, all(), {data_dir}).plans.at(0).cells.at(0);
  const auto workload = std::ranges::find(all(), table.workload, [](const auto* one) { return one->name(); });
  const harness::Outcome outcome = (*workload)->run(cell, context);
  Seen seen{stand_ins::recorded(), {}};
  for (const auto& [name, value] : outcome.metrics) seen.other[name] = fmt::format("{}", value);
  for (const auto& file : std::filesystem::directory_iterator(context.artifacts()))
    seen.other["artifacts"] += fmt::format("{}:{} ", file.path().filename().string(), file.is_regular_file());
  for (const std::string& stage : context.stages) seen.other["stages"] += stage + " ";
  return seen;
}

/// "name=value" of what is not the same, `name` alone where `expected` does not ask for the value.
std::vector<std::string> changes(const stand_ins::Record& before, const stand_ins::Record& now,
                                 const std::vector<std::string>& expected) {
  std::vector<std::string> list;
  for (const auto& [name, value] : now) {
    const auto old = before.find(name);
    if (old != before.end() && old->second == value) continue;
    list.push_back(std::ranges::find(expected, name) != expected.end() ? name : name + "=" + value);
  }
  for (const auto& [name, value] : before)
    if (!now.contains(name)) list.push_back("no " + name);
  return list;
}

class Parameters : public ::testing::TestWithParam<const Table*> {
 protected:
  harness::Override own(const std::string& param, const std::string& value) const {
    return {"params." + GetParam()->workload + "." + param, value};
  }
  const RatingsFolder folder_;
};

TEST_P(Parameters, AnotherValueChangesWhatTheBackEndIsAskedForAndNothingElse) {
  std::map<std::vector<std::string>, Seen> bases;
  for (const Row& row : GetParam()->rows) {
    SCOPED_TRACE(row.param);
    std::vector<harness::Override> overrides;
    for (const std::string& more : row.with)
      overrides.push_back(own(more.substr(0, more.find('=')), more.substr(more.find('=') + 1)));
    if (!bases.contains(row.with)) bases[row.with] = run_with(*GetParam(), overrides, folder_.path());
    const Seen& base = bases.at(row.with);
    overrides.push_back(own(row.param, row.value));
    const Seen now = run_with(*GetParam(), overrides, folder_.path());
    if (row.settings != std::vector<std::string>{"*"}) {
      EXPECT_THAT(changes(base.settings, now.settings, row.settings), ElementsAreArray(row.settings));
    }
    if (row.also.empty()) continue;
    const auto before = base.other.find(row.also);
    const auto after = now.other.find(row.also);
    EXPECT_TRUE(before != base.other.end() || after != now.other.end()) << "nobody has " << row.also;
    EXPECT_NE(before == base.other.end() ? "" : before->second, after == now.other.end() ? "" : after->second)
        << row.also << " is the same";
  }
}

TEST_P(Parameters, EachHasItsRow) {
  const auto workload = std::ranges::find(all(), GetParam()->workload, [](const auto* one) { return one->name(); });
  for (const ParamSpec& spec : (*workload)->params()) {
    const auto is_it = [&](const Row& row) { return row.param == spec.name; };
    const bool elsewhere = std::ranges::find(GetParam()->elsewhere, spec.name) != GetParam()->elsewhere.end();
    EXPECT_EQ(std::ranges::count_if(GetParam()->rows, is_it), elsewhere ? 0 : 1) << spec.name;
  }
}

TEST_P(Parameters, TheSeedReachesEveryModelAndMovesTheResult) {
  const bool is_inr = GetParam()->workload == "inr";
  std::vector<harness::Override> overrides;
  if (!is_inr) overrides = {own("keep_fraction", "0.25")};
  if (GetParam()->workload == "dlrm") overrides.push_back(own("embedding_init", "mf"));
  overrides.push_back({"seeds", "[1]"});
  const Seen one = run_with(*GetParam(), overrides, folder_.path());
  overrides.back().value = "[7]";
  const Seen seven = run_with(*GetParam(), overrides, folder_.path());
  for (const auto& [name, value] : seven.settings)
    if (name.ends_with(".seed")) {
      EXPECT_EQ(value, "7") << name;
    }
  for (const char* given : {"tower.given", "dlrm.given"})
    if (one.settings.contains(given)) {
      EXPECT_NE(one.settings.at(given), seven.settings.at(given)) << given;
    }
  for (const char* metric : {"psnr[enrp]", "psnr", "loss[mf]", "loss[tower]", "loss[train]"})
    if (one.other.contains(metric)) {
      EXPECT_NE(one.other.at(metric), seven.other.at(metric)) << metric;
    }
}

INSTANTIATE_TEST_SUITE_P(Workloads, Parameters, ::testing::Values(&inr_table, &cadc_table, &dlrm_table),
                         [](const auto& table) { return table.param->workload; });

TEST(Sampling, DependsOnTheSeedAlone) {
  const RatingsFolder folder;
  for (const Table* table : {&cadc_table, &dlrm_table}) {
    const auto given = [&](const char* seed, const char* learning_rate) {
      const std::string rate =
          table->workload == "cadc" ? "params.cadc.tower.learning_rate" : "params.dlrm.learning_rate";
      const Seen seen = run_with(
          *table, {{"params." + table->workload + ".keep_fraction", "0.25"}, {rate, learning_rate}, {"seeds", seed}},
          folder.path());
      return seen.settings.at(table->workload == "cadc" ? "tower.given" : "dlrm.given");
    };
    EXPECT_EQ(given("[1]", "0.01"), given("[1]", "0.02"));
    EXPECT_NE(given("[1]", "0.01"), given("[2]", "0.01"));
  }
}

}  // namespace
}  // namespace frugal::workloads
