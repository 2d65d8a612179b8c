#pragma once
#include <memory>

#include "impl/api/backend.hpp"
#include "impl/common/communicator.hpp"

namespace frugal::cpu {
Support supports(const MfSpec& spec);
/// With several ranks: all of them make the model, and call set_interactions(), import_state() and train() alike; the rest
/// is anyone's. Same bits as with one.
std::unique_ptr<MatrixFactorizer> make(const MfSpec& spec, Communicator& ranks = alone());
}  // namespace frugal::cpu
