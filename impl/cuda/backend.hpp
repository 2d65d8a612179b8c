#pragma once
#include "impl/api/backend.hpp"

namespace frugal::cuda {
const Backend& backend();
}  // namespace frugal::cuda
