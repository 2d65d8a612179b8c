// The lists that iALS works on: the partners of each row, and its rows in the order of their work.
#pragma once
#include <cstdint>

#include "impl/common/specs.hpp"
#include "impl/cuda/device/device.hpp"

namespace frugal::cuda {

/// The partners of each row, CSR, ascending within a row: the factors do not depend on the order of the input.
struct Histories {
  DeviceBuffer<std::uint32_t> begins;    ///< [rows + 1]
  DeviceBuffer<std::uint32_t> partners;  ///< [positives]
  DeviceBuffer<double> penalties;        ///< [rows]: regularization * (|history| + w0 * other rows)^frequency_scaling
  DeviceBuffer<std::uint32_t> schedule;  ///< [rows]: rows by falling length of their histories
};

/// Those of the users (or items) of `pairs`.
Histories histories(const DeviceBuffer<Interaction>& pairs, bool of_users, const MfSpec& spec, const Stream& stream);

}  // namespace frugal::cuda
