#include "impl/common/recommender/shapes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace frugal {
namespace {

bool all_positive(const std::vector<int>& widths) {
  return std::all_of(widths.begin(), widths.end(), [](int width) { return width > 0; });
}

}  // namespace

std::vector<DenseShape> dense_shapes(int input, const std::vector<int>& widths) {
  std::vector<DenseShape> shapes;
  int in = input;
  for (const int out : widths) {
    shapes.push_back({in, out});
    in = out;
  }
  return shapes;
}

int user_tower_input(const TwoTowerSpec& spec) { return spec.embedding_dim + spec.user_features; }
int item_tower_input(const TwoTowerSpec& spec) { return spec.embedding_dim + spec.item_features; }

int tower_output(const TwoTowerSpec& spec) {
  return spec.tower_layers.empty() ? spec.embedding_dim : spec.tower_layers.back();
}

int dlrm_top_input(const DlrmSpec& spec) {
  const int tables = static_cast<int>(spec.table_rows.size());
  if (spec.interaction == FeatureInteraction::dot) return spec.bottom.back() + tables * (tables + 1) / 2;
  return spec.bottom.back() + tables * spec.embedding_dim;
}

std::string why_invalid(const MfSpec& spec) {
  if (spec.users == 0 || spec.items == 0)
    return fmt::format("matrix factorisation needs users and items, but got {} users and {} items", spec.users,
                       spec.items);
  if (spec.dim < 1) return fmt::format("dim must be 1 or more, but got {}", spec.dim);
  if (spec.solver == MfSolver::logistic_sgd && spec.negatives < 1)
    return fmt::format("logistic_sgd needs 1 or more negatives per positive, but got {}", spec.negatives);
  if (spec.solver == MfSolver::ials && !(spec.regularization > 0))
    return "ials needs a regularization above 0: without it a row's equations can be singular";
  return {};
}

std::string why_invalid(const TwoTowerSpec& spec) {
  if (spec.users == 0 || spec.items == 0)
    return fmt::format("two-tower needs users and items, but got {} users and {} items", spec.users, spec.items);
  if (spec.embedding_dim < 1)
    return fmt::format("embedding dimension must be 1 or more, but got {}", spec.embedding_dim);
  if (!all_positive(spec.tower_layers)) return "each tower layer must have a width of 1 or more";
  if (spec.tower_layers.empty() && !spec.embedding_trainable)
    return "frozen embeddings without tower layers leave nothing to train: add tower layers or make the embeddings "
           "trainable";
  if (spec.user_features < 0 || spec.item_features < 0)
    return fmt::format("side features must be 0 or more, but got {} of users and {} of items", spec.user_features,
                       spec.item_features);
  if (spec.tower_layers.empty() && (spec.user_features > 0 || spec.item_features > 0))
    return "side features without tower layers are never used: add tower layers or leave the features out";
  if (spec.loss == TwoTowerLoss::bce && spec.negatives < 1)
    return fmt::format("negatives per positive must be 1 or more, but got {}", spec.negatives);
  if (spec.batch < 1) return fmt::format("batch must be 1 or more, but got {}", spec.batch);
  if (spec.sharing == TwoTowerSharing::examples && (spec.embedding_trainable || spec.loss != TwoTowerLoss::bce))
    return "ranks share the examples of a step only with frozen embeddings and the loss bce";
  return {};
}

std::string why_invalid(const DlrmSpec& spec) {
  if (spec.dense_features < 1) return fmt::format("dense features must be 1 or more, but got {}", spec.dense_features);
  if (spec.table_rows.empty()) return "DLRM needs at least one embedding table";
  for (std::size_t t = 0; t < spec.table_rows.size(); ++t)
    if (spec.table_rows[t] == 0) return fmt::format("embedding table {} has no rows", t);
  if (spec.frozen_tables < 0 || static_cast<std::size_t>(spec.frozen_tables) > spec.table_rows.size())
    return fmt::format("{} of {} embedding tables cannot be frozen", spec.frozen_tables, spec.table_rows.size());
  if (spec.embedding_dim < 1)
    return fmt::format("embedding dimension must be 1 or more, but got {}", spec.embedding_dim);
  if (spec.bottom.empty() || spec.top.empty()) return "the bottom and the top MLP need at least one layer each";
  if (!all_positive(spec.bottom) || !all_positive(spec.top)) return "each layer must have a width of 1 or more";
  if (spec.interaction == FeatureInteraction::dot && spec.bottom.back() != spec.embedding_dim)
    return fmt::format(
        "interaction `dot` needs a bottom MLP that ends in the embedding dimension {}, but it ends in {}",
        spec.embedding_dim, spec.bottom.back());
  if (spec.top.back() != 1) return fmt::format("the top MLP must end in 1 logit, but it ends in {}", spec.top.back());
  if (spec.batch < 1) return fmt::format("batch must be 1 or more, but got {}", spec.batch);
  return {};
}

void reject_out_of_range(const Interaction& pair, std::uint32_t users, std::uint32_t items) {
  throw std::invalid_argument(
      fmt::format("interaction ({}, {}) outside {} users x {} items", pair.user, pair.item, users, items));
}

}  // namespace frugal
