#pragma once
#include <memory>

#include "impl/api/backend.hpp"
#include "impl/common/communicator.hpp"

namespace frugal::cpu {
Support supports(const DlrmSpec& spec);
/// With several ranks: all of them make the model, and call set_examples(), import_state() and train() alike; the rest is
/// anyone's. Each has all of the tables and examples. Same bits as with one.
std::unique_ptr<Dlrm> make(const DlrmSpec& spec, Communicator& ranks = alone());
}  // namespace frugal::cpu
