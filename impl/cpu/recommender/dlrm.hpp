#pragma once
#include <memory>

#include "impl/api/backend.hpp"
#include "impl/common/communicator.hpp"

namespace frugal::cpu {
Support supports(const DlrmSpec& spec);
/// With several ranks, to which examples and the rows of tables are dealt: all of them make the model, and call all its
/// functions alike; examples are rank 0's, what the others have is ignored. Same bits as with one.
std::unique_ptr<Dlrm> make(const DlrmSpec& spec, Communicator& ranks = alone());
}  // namespace frugal::cpu
