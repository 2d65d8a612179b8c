#pragma once
#include <memory>

#include "impl/api/backend.hpp"

namespace frugal::cpu {
Support supports(const InrSpec& spec);
std::unique_ptr<InrEnsemble> make(const InrSpec& spec);
}  // namespace frugal::cpu
