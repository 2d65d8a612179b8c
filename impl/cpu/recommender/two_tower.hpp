#pragma once
#include <memory>

#include "impl/api/backend.hpp"
#include "impl/common/communicator.hpp"

namespace frugal::cpu {
Support supports(const TwoTowerSpec& spec);
/// With several ranks, to which the work, the interactions and the rows of the tables are dealt: all of them make the model,
/// and call all its functions alike, but for set_interactions(), which deals rank 0's, and rank(), whose queries each may
/// have its own. Same bits as with one; with TwoTowerSharing::examples, as with as many ranks.
std::unique_ptr<TwoTower> make(const TwoTowerSpec& spec, Communicator& ranks = alone());
}  // namespace frugal::cpu
