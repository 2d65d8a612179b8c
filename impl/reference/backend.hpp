#pragma once
#include "impl/api/backend.hpp"

namespace frugal::reference {
const Backend& backend();
}  // namespace frugal::reference
