#pragma once
#include "impl/api/backend.hpp"

namespace frugal::mpi {
const Backend& backend();
}  // namespace frugal::mpi
