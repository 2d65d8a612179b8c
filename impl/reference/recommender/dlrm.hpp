#pragma once
#include <memory>

#include "impl/api/backend.hpp"

namespace frugal::reference {
Support supports(const DlrmSpec& spec);
std::unique_ptr<Dlrm> make(const DlrmSpec& spec);
}  // namespace frugal::reference
