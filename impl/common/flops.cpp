#include "impl/common/flops.hpp"

#include <algorithm>
#include <cmath>

#include "impl/common/epoch_schedule.hpp"
#include "impl/common/recommender/shapes.hpp"

namespace frugal {
namespace {

constexpr double adam_flops = 12;  // two moments (3 + 4), two bias corrections (2), sqrt, divide-add, update

/// A dense stack on one row, with the gradient of the first `input_gradients` of its inputs.
Flops mlp_row(int input, const std::vector<int>& layers, int input_gradients) {
  Flops flops;
  int in = input;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const double product = 2.0 * in * layers[l];
    flops.forward += product;
    flops.backward += product + 2.0 * (l > 0 ? in : input_gradients) * layers[l];
    in = layers[l];
  }
  return flops;
}

std::int64_t mlp_parameters(int input, const std::vector<int>& layers) {
  std::int64_t count = 0;
  int in = input;
  for (const int out : layers) {
    count += (std::int64_t{in} + 1) * out;
    in = out;
  }
  return count;
}

std::int64_t tower_parameters(const TwoTowerSpec& spec) {
  return mlp_parameters(user_tower_input(spec), spec.tower_layers) +
         mlp_parameters(item_tower_input(spec), spec.tower_layers);
}

double update_flops(OptimizerKind kind) {
  if (kind == OptimizerKind::adam) return adam_flops;
  return kind == OptimizerKind::sgd ? 2 : 4;
}

}  // namespace

std::int64_t parameters(const InrSpec& spec) {
  std::int64_t one = 0;
  for (int l = 0; l < spec.layers(); ++l) one += (std::int64_t{spec.layer_in(l)} + 1) * spec.layer_out(l);
  return spec.networks * one;
}

Flops step_flops(const InrSpec& spec) {
  Flops pixel;
  for (int l = 0; l < spec.layers(); ++l) {
    const double product = 2.0 * spec.layer_in(l) * spec.layer_out(l);
    pixel.forward += product;
    pixel.backward += product + (l > 0 ? product : 0);
  }
  Flops step = pixel * static_cast<double>(spec.networks * spec.points);
  step.optimizer = adam_flops * static_cast<double>(parameters(spec));
  return step;
}

double inference_flops(const InrSpec& spec) { return step_flops(spec).forward; }

double last_layer_flops(const InrSpec& spec) {
  const auto n = static_cast<double>(spec.points);
  const double u = spec.width + 1.0;
  const double m = std::min(n, u), channels = spec.channels;
  const double hidden = inference_flops(spec) / static_cast<double>(spec.networks) - 2 * n * spec.width * channels;
  const double one = hidden + m * m * std::max(n, u) + m * m * m / 3 + (2 * m * m + 2 * n * u) * channels;
  return static_cast<double>(spec.networks) * one;
}

double second_order_flops(const InrSpec& spec) {
  const auto networks = static_cast<double>(spec.networks), n = static_cast<double>(spec.points);
  const double r = n * spec.channels, p = static_cast<double>(parameters(spec)) / networks, w = spec.width;
  const double forward = inference_flops(spec) / networks;
  double one = 2 * forward + 2 * spec.hidden_layers * w * w * r;
  if (p <= r) {
    one += r * p + r * p * p + 2 * r * p + p * p * p / 3 + 2 * p * p;
  } else {
    for (int l = 0; l < spec.layers(); ++l) one += n * n * spec.layer_in(l) + (l < spec.layers() - 1 ? r * r * w : 0);
    one += r * r * r / 3 + 2 * r * r + forward;
  }
  return networks * one;
}

std::int64_t parameters(const MfSpec& spec) {
  const std::int64_t rows = std::int64_t{spec.users} + spec.items;
  return spec.solver == MfSolver::logistic_sgd ? rows * (spec.dim + 1) + 1 : rows * spec.dim;
}

double inference_flops(const MfSpec& spec) { return 2.0 * spec.items * spec.dim; }

Flops epoch_flops(const MfSpec& spec, std::uint64_t positives) {
  const double d = spec.dim;
  const double n = static_cast<double>(positives);
  if (spec.solver == MfSolver::logistic_sgd) {
    const double examples = n * (1 + spec.negatives);
    return {.forward = 2 * d * examples, .backward = 4 * d * examples, .optimizer = 4 * d * examples};
  }
  const double rows = static_cast<double>(spec.users) + spec.items;
  const double grams = rows * d * d;   // both Gram matrices, lower halves
  const double outer = 2 * n * d * d;  // v v^T of each positive, once a side
  const double solve = rows * (d * d * d / 3 + 2 * d * d);
  return {.forward = 0, .backward = 0, .optimizer = grams + outer + solve};
}

std::int64_t parameters(const TwoTowerSpec& spec) {
  return (std::int64_t{spec.users} + spec.items) * spec.embedding_dim + tower_parameters(spec);
}

double inference_flops(const TwoTowerSpec& spec) {
  return mlp_row(user_tower_input(spec), spec.tower_layers, 0).forward + 2.0 * tower_output(spec) * spec.items;
}

Flops epoch_flops(const TwoTowerSpec& spec, std::uint64_t positives) {
  const bool softmax = spec.loss == TwoTowerLoss::batch_softmax;
  const double n = static_cast<double>(positives);
  const double batch = spec.batch;
  const auto steps = static_cast<double>(steps_per_epoch(positives, static_cast<std::uint64_t>(spec.batch)));
  const double whole_steps = std::floor(n / batch);
  const double rest = n - whole_steps * batch;
  const double item_rows = softmax ? n : n * (1 + spec.negatives);
  const double dots = softmax ? whole_steps * batch * batch + rest * rest : item_rows;
  const int trained = spec.embedding_trainable ? spec.embedding_dim : 0;
  Flops epoch = mlp_row(user_tower_input(spec), spec.tower_layers, trained) * n +
                mlp_row(item_tower_input(spec), spec.tower_layers, trained) * item_rows;
  epoch.forward += 2.0 * tower_output(spec) * dots;
  epoch.backward += 4.0 * tower_output(spec) * dots;
  epoch.optimizer = adam_flops * (steps * static_cast<double>(tower_parameters(spec)) + trained * (n + item_rows));
  return epoch;
}

std::int64_t parameters(const DlrmSpec& spec) {
  std::int64_t tables = 0;
  for (const std::uint32_t rows : spec.table_rows) tables += std::int64_t{rows} * spec.embedding_dim;
  return tables + mlp_parameters(spec.dense_features, spec.bottom) + mlp_parameters(dlrm_top_input(spec), spec.top);
}

Flops example_flops(const DlrmSpec& spec, double lookups) {
  Flops flops =
      mlp_row(spec.dense_features, spec.bottom, 0) + mlp_row(dlrm_top_input(spec), spec.top, dlrm_top_input(spec));
  if (spec.interaction == FeatureInteraction::dot) {
    const double vectors = static_cast<double>(spec.table_rows.size()) + 1;
    const double dots = vectors * (vectors - 1) / 2 * 2 * spec.embedding_dim;
    flops.forward += dots;
    flops.backward += 2 * dots;
  }
  const double values = static_cast<double>(spec.table_rows.size()) * spec.embedding_dim;
  flops.forward += (lookups - 1) * values;
  flops.backward += (lookups - 1) * values;
  flops.optimizer = update_flops(spec.optimizer) * lookups * (values - spec.frozen_tables * spec.embedding_dim);
  return flops;
}

double inference_flops(const DlrmSpec& spec) { return example_flops(spec).forward; }

Flops epoch_flops(const DlrmSpec& spec, std::uint64_t examples, double lookups) {
  const double n = static_cast<double>(examples);
  const std::int64_t dense =
      mlp_parameters(spec.dense_features, spec.bottom) + mlp_parameters(dlrm_top_input(spec), spec.top);
  Flops epoch = example_flops(spec, lookups) * n;
  const std::uint64_t steps = steps_per_epoch(examples, static_cast<std::uint64_t>(spec.batch));
  epoch.optimizer += update_flops(spec.optimizer) * static_cast<double>(dense) * static_cast<double>(steps);
  return epoch;
}

Flops steps_flops(const TwoTowerSpec& spec, std::uint64_t n, std::uint64_t begin, std::uint64_t steps) {
  return of_steps(n, static_cast<std::uint64_t>(spec.batch), begin, steps,
                  [&](std::uint64_t some) { return epoch_flops(spec, some); });
}

Flops steps_flops(const DlrmSpec& spec, std::uint64_t n, std::uint64_t begin, std::uint64_t steps) {
  return of_steps(n, static_cast<std::uint64_t>(spec.batch), begin, steps,
                  [&](std::uint64_t some) { return epoch_flops(spec, some); });
}

}  // namespace frugal
