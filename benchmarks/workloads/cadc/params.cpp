#include "benchmarks/workloads/cadc/params.hpp"

#include <fmt/format.h>

#include "benchmarks/workloads/cadc/baselines.hpp"
#include "benchmarks/workloads/cadc/stored.hpp"
#include "benchmarks/workloads/shared/mf_params.hpp"
#include "benchmarks/workloads/shared/sample.hpp"
#include "benchmarks/workloads/shared/shared.hpp"
#include "impl/common/spec_names.hpp"

namespace frugal::workloads {

using harness::Cell;

MfSpec mf_spec(const Cell& cell, std::uint32_t users, std::uint32_t items) {
  return mf_spec(cell.own().at("mf"), cell.own().at("mf").at("dim"), users, items, cell.seed);
}

TwoTowerSpec two_tower_spec(const Cell& cell, std::uint32_t users, std::uint32_t items) {
  const Json& tower = cell.own().at("tower");
  TwoTowerSpec spec;
  spec.users = users;
  spec.items = items;
  spec.embedding_dim = cell.own().at("mf").at("dim");
  spec.tower_layers = tower.at("layers").get<std::vector<int>>();
  spec.embedding_trainable = cell.own().at("embedding_trainable");
  spec.loss = choice_of(two_tower_loss_names, tower, "loss");
  spec.sharing = choice_of(two_tower_sharing_names, tower, "ranks_share");
  spec.negatives = tower.at("negatives");
  spec.batch = tower.at("batch");
  spec.adam.learning_rate = tower.at("learning_rate");
  spec.seed = cell.seed;
  return spec;
}

bool uses_mf(const Cell& cell) {
  const Json& own = cell.own();
  return own.at("model") == "mf" ||
         (own.at("model") == "two_tower" && own.at("embedding_init") == "mf" && !starts_from_checkpoint(cell));
}

bool has_stage_one(const Cell& cell) {
  const Json& own = cell.own();
  return uses_mf(cell) ||
         (own.at("model") == "two_tower" && own.at("embedding_init") != "random" && !starts_from_checkpoint(cell));
}

std::string why_no_identity(const TwoTowerSpec& spec) {
  const std::vector<int>& layers = spec.tower_layers;
  if (layers.empty() || layers.back() != spec.embedding_dim)
    return fmt::format("towers start as the identity only where their last width is that of the embedding, {}",
                       spec.embedding_dim);
  for (std::size_t l = 0; l + 1 < layers.size(); ++l)
    if (layers[l] < 2 * spec.embedding_dim)
      return fmt::format(
          "towers start as the identity only where their hidden widths are at least twice that of the "
          "embedding, {}",
          2 * spec.embedding_dim);
  return "";
}

std::vector<ParamSpec> cadc_params() {
  using Type = ParamSpec::Type;
  std::vector<std::string> models = {"two_tower", "mf", "popularity"};
  for (std::string& baseline : baseline_names()) models.push_back(std::move(baseline));
  std::vector<ParamSpec> all = {
      {.name = "model",
       .type = Type::string,
       .default_value = "two_tower",
       .help = "what ranks: the two-tower network, or a control: mf (stage 1 alone), popularity, or a baseline without "
               "gradients: ease, item_knn, rp3beta, infinity_ae",
       .choices = models},
      {.name = "keep_fraction",
       .type = Type::real,
       .default_value = 1.0,
       .help = "share of the training interactions stage 2 sees",
       .min = 1e-9,
       .max = 1},
      {.name = "sampling",
       .type = Type::string,
       .default_value = "uniform",
       .help =
           "which interactions stage 2 sees: any; any, the same share of each user; each user's latest; any, the same "
           "number of each user; rare items first; those that the trained stage 1 scores lowest; those that stage 1 "
           "ranks worst over its epochs (SVP-CF); those that it forgets most often; all of some users; all of the "
           "users that it ranks worst",
       .choices = words(sampling_names)},
      {.name = "embedding_init",
       .type = Type::string,
       .default_value = "mf",
       .help =
           "initial embeddings of stage 2: random; the factors of stage 1; or, in place of its training, the singular "
           "vectors of all interactions, or LEPORID, the eigenmaps of who resembles whom",
       .choices = {"random", "mf", "svd", "leporid"}},
      {.name = "embedding_trainable",
       .type = Type::boolean,
       .default_value = false,
       .help = "does stage 2 train the embeddings, or only the towers"},
      {.name = "budget",
       .type = Type::string,
       .default_value = "epochs",
       .help = "equal epochs over the sample, or as many optimiser steps as tower.epochs take on all data",
       .choices = {"epochs", "steps"}},
      {.name = "eval_users",
       .type = Type::integer,
       .default_value = 0,
       .help = "users who are tested, drawn at random; 0: all of them",
       .min = 0,
       .max = 1e9},
      {.name = "export_embeddings",
       .type = Type::boolean,
       .default_value = false,
       .help =
           "write the final embedding tables as .npy files into the cell's artifacts; a plan's `export: true` writes "
           "them with their ids, the weights and the rankings"},
      {.name = "store.how",
       .type = Type::string,
       .default_value = "fp32",
       .help =
           "how the embeddings of stage 1 are stored, and read back before anything uses them: fp32, fp16; uniform: "
           "levels between the least and the largest of each row; product: product quantisation; transform: turned, "
           "rounded and entropy coded",
       .choices = words(storing_names)},
      {.name = "store.bits",
       .type = Type::real,
       .default_value = 4.0,
       .help = "bits a value: uniform 1 to 16, product 1, 2, 4 or 8, transform any number",
       .min = 0.01,
       .max = 32},
      {.name = "mf.dim",
       .type = Type::integer,
       .default_value = 64,
       .help = "embedding dimension of both stages",
       .min = 1,
       .max = 4096},
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
       .help = "binary cross-entropy with drawn negatives, or softmax over the batch's items, corrected for popularity",
       .choices = words(two_tower_loss_names)},
      {.name = "tower.ranks_share",
       .type = Type::string,
       .default_value = "ids",
       .help =
           "of a step, where limits.ranks is above 1: its distinct ids, with the results of one rank, or its examples, "
           "for frozen embeddings and bce: less travels, and results depend on the number of ranks",
       .choices = words(two_tower_sharing_names)},
      {.name = "tower.side_features",
       .type = Type::boolean,
       .default_value = false,
       .help =
           "give the towers what is known of users and items (gender, age, occupation; genres, decade) as 0/1 inputs"},
      {.name = "tower.negatives",
       .type = Type::integer,
       .default_value = 4,
       .help = "bce: negatives per positive",
       .min = 1,
       .max = 1000},
      {.name = "tower.learning_rate", .type = Type::real, .default_value = 0.001, .help = "Adam", .min = 0, .max = 10},
      {.name = "tower.init",
       .type = Type::string,
       .default_value = "glorot",
       .help = "initial towers: random, or exactly the identity on the embedding, so that training starts from the "
               "factorisation's ranking",
       .choices = {"glorot", "identity"}},
      {.name = "tower.gain",
       .type = Type::real,
       .default_value = 1.0,
       .help = "identity: what a tower multiplies the embedding by",
       .min = 1e-3,
       .max = 1e3},
      {.name = "tower.patience",
       .type = Type::integer,
       .default_value = 0,
       .help = "stop after so many epochs without a better NDCG@10 of one validation item a user, taken out of the "
               "training data of both stages, and keep the best state; 0: train to the end on all",
       .min = 0,
       .max = 1e6},
  };
  for (const std::vector<ParamSpec>& more : {mf_params("logistic_sgd", 256), baseline_params(), checkpoint_params()})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace frugal::workloads
