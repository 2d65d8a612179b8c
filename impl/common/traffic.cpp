#include "impl/common/traffic.hpp"

#include <cmath>

#include "impl/common/epoch_schedule.hpp"
#include "impl/common/flops.hpp"

namespace frugal {
namespace {

constexpr double word = 4;  // of a float or an id

bool has_sines(Activation kind) { return kind != Activation::relu && kind != Activation::gauss; }

/// Optimiser state of a value of an embedding row, in values.
double state_per_value(OptimizerKind kind, int dim) {
  switch (kind) {
    case OptimizerKind::sgd:
      return 0;
    case OptimizerKind::adagrad:
      return 1;
    case OptimizerKind::rowwise_adagrad:
      return 1. / dim;
    case OptimizerKind::adam:
      return 2;
  }
  return 0;
}

}  // namespace

double training_bytes(const InrSpec& spec) {
  const double samples = static_cast<double>(spec.networks * spec.points) * spec.channels;
  return word * (samples + 3 * static_cast<double>(parameters(spec)));
}

double step_sines(const InrSpec& spec) {
  if (!has_sines(spec.activation)) return 0;
  return static_cast<double>(spec.networks * spec.points) * spec.width * (spec.hidden_layers + 1);
}

double epoch_bytes(const MfSpec& spec, std::uint64_t positives) {
  return word * 2 * (static_cast<double>(positives) + static_cast<double>(parameters(spec)));
}

double epoch_bytes(const TwoTowerSpec& spec, std::uint64_t positives) {
  const double values = (static_cast<double>(spec.users) + spec.items) * spec.embedding_dim;
  return word * (2 * static_cast<double>(positives) + (spec.embedding_trainable ? 6 : 1) * values);
}

double epoch_bytes(const DlrmSpec& spec, std::uint64_t examples, double lookups) {
  const double tables = static_cast<double>(spec.table_rows.size());
  const double example = word * (spec.dense_features + 1 + tables * lookups);
  const double trained = 2 * (1 + state_per_value(spec.optimizer, spec.embedding_dim));
  const auto step_of = [&](std::uint64_t size) {  // its rows
    if (size == 0) return 0.0;
    double step = 0;
    int table = 0;
    for (const double rows : spec.table_rows) {
      const double touched = -rows * std::expm1(static_cast<double>(size) * lookups * std::log1p(-1 / rows));
      step += word * touched * spec.embedding_dim * (table++ < spec.frozen_tables ? 1 : trained);
    }
    return step;
  };
  const auto batch = static_cast<std::uint64_t>(spec.batch);
  const std::uint64_t whole_steps = examples / batch;
  return example * static_cast<double>(examples) + step_of(batch) * static_cast<double>(whole_steps) +
         step_of(examples % batch);
}

double steps_bytes(const TwoTowerSpec& spec, std::uint64_t n, std::uint64_t begin, std::uint64_t steps) {
  const auto batch = static_cast<std::uint64_t>(spec.batch);
  return epoch_bytes(spec, n) * static_cast<double>(examples_of_steps(n, batch, begin, steps)) / static_cast<double>(n);
}

double steps_bytes(const DlrmSpec& spec, std::uint64_t n, std::uint64_t begin, std::uint64_t steps) {
  return of_steps(n, static_cast<std::uint64_t>(spec.batch), begin, steps,
                  [&](std::uint64_t some) { return epoch_bytes(spec, some); });
}

}  // namespace frugal
