#pragma once
#include <memory>

#include "impl/api/backend.hpp"

namespace frugal::cpu {
Support supports(const DlrmSpec& spec);
std::unique_ptr<Dlrm> make(const DlrmSpec& spec);
}  // namespace frugal::cpu
