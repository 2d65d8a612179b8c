#include "impl/common/recommender/init.hpp"

#include <cmath>

namespace frugal {
namespace {

/// values: those from number `first` on.
void draw_normals(std::span<float> values, std::uint64_t first, const NormalLaw& law) {
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(law(first + i));
}

std::vector<float> values_of(const NormalLaw& law, std::size_t count) {
  std::vector<float> values(count);
  draw_normals(values, 0, law);
  return values;
}

std::vector<float> scaled_uniforms(std::size_t count, double bound, const Philox& random, std::uint32_t stream) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count;)
    for (const std::uint32_t word : random.block(i / 4, stream))
      if (i < count) values[i++] = scaled_uniform(word, bound);
  return values;
}

std::size_t dense_size(DenseShape shape) {
  return static_cast<std::size_t>(shape.in) * static_cast<std::size_t>(shape.out);
}

}  // namespace

std::vector<float> initial_embedding(std::uint32_t rows, int dim, double stddev, std::uint64_t seed, Purpose purpose) {
  return values_of({stddev, Philox(seed, purpose), 0}, std::size_t{rows} * static_cast<std::size_t>(dim));
}

std::vector<float> initial_factors(const MfSpec& spec, Purpose purpose) {
  const std::uint32_t rows = purpose == Purpose::user_embedding ? spec.users : spec.items;
  std::vector<float> values(std::size_t{rows} * static_cast<std::size_t>(spec.dim));
  draw_initial_factors(values, 0, spec, purpose);
  return values;
}

void draw_initial_factors(std::span<float> values, std::uint32_t first_row, const MfSpec& spec, Purpose purpose) {
  const double stddev =
      spec.solver == MfSolver::logistic_sgd ? spec.init_stddev : spec.init_stddev / std::sqrt(spec.dim);
  draw_normals(values, std::uint64_t{first_row} * static_cast<std::uint64_t>(spec.dim),
               {stddev, Philox(spec.seed, purpose), 0});
}

float initial_global_bias(const MfSpec& spec) { return static_cast<float>(-std::log(spec.negatives)); }

std::vector<float> initial_tower_weight(DenseShape shape, std::uint64_t seed, std::uint32_t stream) {
  return scaled_uniforms(dense_size(shape), std::sqrt(6.0 / (shape.in + shape.out)), Philox(seed, Purpose::weights),
                         stream);
}

double initial_table_bound(std::uint32_t rows) { return 1 / std::sqrt(static_cast<double>(rows)); }

std::vector<float> initial_table(std::uint32_t rows, int dim, std::uint64_t seed, std::uint32_t table) {
  return scaled_uniforms(std::size_t{rows} * static_cast<std::size_t>(dim), initial_table_bound(rows),
                         Philox(seed, Purpose::user_embedding), table);
}

NormalLaw dlrm_weight_law(DenseShape shape, std::uint64_t seed, std::uint32_t stream) {
  return {std::sqrt(2.0 / (shape.in + shape.out)), Philox(seed, Purpose::weights), stream};
}

std::vector<float> initial_dlrm_weight(DenseShape shape, std::uint64_t seed, std::uint32_t stream) {
  return values_of(dlrm_weight_law(shape, seed, stream), dense_size(shape));
}

NormalLaw dlrm_bias_law(DenseShape shape, std::uint64_t seed, std::uint32_t stream) {
  return {std::sqrt(1.0 / shape.out), Philox(seed, Purpose::weights), stream};
}

std::vector<float> initial_dlrm_bias(DenseShape shape, std::uint64_t seed, std::uint32_t stream) {
  return values_of(dlrm_bias_law(shape, seed, stream), static_cast<std::size_t>(shape.out));
}

}  // namespace frugal
