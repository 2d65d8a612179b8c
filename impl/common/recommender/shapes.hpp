// What follows from the settings of a recommender alone, for every back end: the shapes of its dense layers, and
// whether the settings make sense at all.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "impl/common/specs.hpp"

namespace frugal {

/// One dense layer: y = W x + b, W [out, in].
struct DenseShape {
  int in;   ///< width of x
  int out;  ///< width of y
};

/// Of layers one after another: input -> widths[0] -> widths[1] ...
std::vector<DenseShape> dense_shapes(int input, const std::vector<int>& widths);

/// Width of what goes into a user's tower: the embedding row and the side features.
int user_tower_input(const TwoTowerSpec& spec);
/// The same of an item's.
int item_tower_input(const TwoTowerSpec& spec);

/// Width of what the two towers give: of the dot product.
int tower_output(const TwoTowerSpec& spec);

/// Inputs of the top MLP: bottom output and either all pairwise dots or all embedding rows.
int dlrm_top_input(const DlrmSpec& spec);

/// Why no back end can compute this, for a user to read; empty when nothing is wrong.
std::string why_invalid(const MfSpec& spec);
/// The same of a two-tower network.
std::string why_invalid(const TwoTowerSpec& spec);
/// The same of a DLRM.
std::string why_invalid(const DlrmSpec& spec);

/// Throws std::invalid_argument.
[[noreturn]] void reject_out_of_range(const Interaction& pair, std::uint32_t users, std::uint32_t items);

/// Throws std::invalid_argument when a pair names a user or an item that the model does not have.
template <class Pairs>
void require_in_range(const Pairs& pairs, std::uint32_t users, std::uint32_t items) {
  for (const Interaction& pair : pairs)
    if (pair.user >= users || pair.item >= items) reject_out_of_range(pair, users, items);
}

}  // namespace frugal
