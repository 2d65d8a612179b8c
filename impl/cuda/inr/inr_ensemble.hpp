#pragma once
#include "impl/api/backend.hpp"

namespace frugal::cuda {

Support supports(const InrSpec& spec);
std::unique_ptr<InrEnsemble> make(const InrSpec& spec);

}  // namespace frugal::cuda
