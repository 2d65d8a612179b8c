// The embedding tables between the two stages: handing them over, proving that they are what they should be, and
// towers that begin by leaving them alone.
#pragma once
#include <filesystem>

#include "impl/api/matrix_factorizer.hpp"
#include "impl/api/two_tower.hpp"

namespace frugal::workloads {

/// The factors as the two-tower's embedding tables. Biases have no place in a two-tower network and stay behind.
ModelState embeddings_from(const ModelState& factors);

/// The two embedding tables of a state.
ModelState embeddings_of(const ModelState& state);

/// "Loaded" and "frozen" must be facts: throws std::logic_error when a table differs from what it should hold, bit for
/// bit.
void require_tables(const TwoTower& model, const ModelState& expected, const char* when);

/// Replaces tower weights of a fresh model so that both towers are exactly `gain` times the identity on the embedding:
/// relu(x) - relu(-x) = x, so the first 2 d units of each hidden layer carry x and -x, and the last layer subtracts
/// them. Units beyond those keep their initial weights and start unheard. See why_no_identity().
void start_as_identity(TwoTower& model, const TwoTowerSpec& spec, float gain);

/// The score of each pair by factors and biases: stage 1 as a proxy.
std::vector<float> scores_of(const ModelState& factors, std::span<const Interaction> pairs);

/// user_embedding.npy and item_embedding.npy, [rows, dim]. (`export: true` gives more.)
void write_tables(const ModelState& tables, const std::filesystem::path& folder);

}  // namespace frugal::workloads
