#pragma once
#include <memory>

#include "impl/api/backend.hpp"

namespace frugal::cpu {
Support supports(const TwoTowerSpec& spec);
std::unique_ptr<TwoTower> make(const TwoTowerSpec& spec);
}  // namespace frugal::cpu
