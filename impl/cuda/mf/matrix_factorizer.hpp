#pragma once
#include <memory>

#include "impl/api/backend.hpp"

namespace frugal::cuda {
Support supports(const MfSpec& spec);
std::unique_ptr<MatrixFactorizer> make(const MfSpec& spec);
}  // namespace frugal::cuda
