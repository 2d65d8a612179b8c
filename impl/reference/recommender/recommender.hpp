#pragma once
#include <memory>

#include "impl/api/backend.hpp"

namespace frugal::reference {
Support supports(const TwoTowerSpec& spec);
std::unique_ptr<TwoTower> make(const TwoTowerSpec& spec);
Support supports(const DlrmSpec& spec);
std::unique_ptr<Dlrm> make(const DlrmSpec& spec);
}  // namespace frugal::reference
