// Initial parameters of the factorizer and the recommenders, the same bits on every back end. The laws are those of
// impl/api/matrix_factorizer.hpp, two_tower.hpp and dlrm.hpp.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "impl/base/host_device.hpp"
#include "impl/base/philox.hpp"
#include "impl/common/recommender/shapes.hpp"

namespace frugal {

/// [rows, dim], N(0, stddev): normal k * dim + j of Philox(seed, purpose).
std::vector<float> initial_embedding(std::uint32_t rows, int dim, double stddev, std::uint64_t seed, Purpose purpose);

/// [users, dim] or [items, dim], as purpose is user_embedding or item_embedding: N(0, init_stddev), of ials N(0,
/// init_stddev / sqrt(dim)).
std::vector<float> initial_factors(const MfSpec& spec, Purpose purpose);

/// Some rows of them, from `first_row` on, so that threads and ranks draw what is theirs: values [rows, dim].
void draw_initial_factors(std::span<float> values, std::uint32_t first_row, const MfSpec& spec, Purpose purpose);

/// Of logistic_sgd: log(1 / negatives).
float initial_global_bias(const MfSpec& spec);

/// [out, in], U(+-sqrt(6 / (in + out))) (Glorot & Bengio 2010): word i of Philox(seed, Purpose::weights).
std::vector<float> initial_tower_weight(DenseShape shape, std::uint64_t seed, std::uint32_t stream);

/// U(+-bound) from a random word. A unit has 24 bits, so 2 unit - 1 is exact, and the product is rounded once: the same
/// bits wherever it is computed.
FRUGAL_HOST_DEVICE inline float scaled_uniform(std::uint32_t word, double bound) {
  return static_cast<float>((2.0 * static_cast<double>(Philox::to_unit(word)) - 1.0) * bound);
}

/// Of initial_table(): 1 / sqrt(rows).
double initial_table_bound(std::uint32_t rows);

/// [rows, dim], U(+-1 / sqrt(rows)): word i of Philox(seed, Purpose::user_embedding), stream = table.
std::vector<float> initial_table(std::uint32_t rows, int dim, std::uint64_t seed, std::uint32_t table);

/// Value i is normal i of the stream, times stddev, rounded once.
struct NormalLaw {
  double stddev;         ///< 1 or less, as a rule
  Philox random;         ///< by seed and purpose
  std::uint32_t stream;  ///< of it
  /// Before it is rounded.
  FRUGAL_HOST_DEVICE double operator()(std::uint64_t i) const { return random.normal(i, stream) * stddev; }
};

/// [out, in], N(0, sqrt(2 / (in + out))): normal i of Philox(seed, Purpose::weights), stream = layer (top: 100 +
/// layer).
NormalLaw dlrm_weight_law(DenseShape shape, std::uint64_t seed, std::uint32_t stream);
/// Its values.
std::vector<float> initial_dlrm_weight(DenseShape shape, std::uint64_t seed, std::uint32_t stream);

/// [out], N(0, sqrt(1 / out)): stream = 200 + layer (top: 300 + layer).
NormalLaw dlrm_bias_law(DenseShape shape, std::uint64_t seed, std::uint32_t stream);
/// Its values.
std::vector<float> initial_dlrm_bias(DenseShape shape, std::uint64_t seed, std::uint32_t stream);

}  // namespace frugal
