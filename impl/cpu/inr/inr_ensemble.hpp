#pragma once
#include <memory>

#include "impl/api/backend.hpp"
#include "impl/common/communicator.hpp"

namespace frugal::cpu {
Support supports(const InrSpec& spec);
/// With several ranks, to which the networks are dealt: all of them make the ensemble, and call set_samples(), train(),
/// evaluate(), export_state() and import_state() alike, with all samples and all points. Same bits as with one.
std::unique_ptr<InrEnsemble> make(const InrSpec& spec, Communicator& ranks = alone());
}  // namespace frugal::cpu
