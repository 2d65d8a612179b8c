#pragma once
#include "impl/api/backend.hpp"

namespace frugal::cpu {
const Backend& backend();
}  // namespace frugal::cpu
