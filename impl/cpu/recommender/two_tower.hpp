#pragma once
#include <memory>

#include "impl/api/backend.hpp"
#include "impl/common/communicator.hpp"

namespace frugal::cpu {
Support supports(const TwoTowerSpec& spec);
/// Can several ranks train it? Frozen embeddings with the loss bce.
Support supports_ranks(const TwoTowerSpec& spec);
/// With several ranks, which supports_ranks() must allow: all of them make the model, and call set_interactions(),
/// import_state() and train() alike; the rest is anyone's. Same bits as with one.
std::unique_ptr<TwoTower> make(const TwoTowerSpec& spec, Communicator& ranks = alone());
}  // namespace frugal::cpu
