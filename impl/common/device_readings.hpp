// What the sensors of a device beside the processor say: a back end reads them, whoever has a clock asks.
#pragma once
#include <optional>

namespace frugal {

/// Nothing where the device does not tell.
struct DeviceReadings {
  std::optional<double> joules{};     ///< it used since its driver was loaded
  std::optional<double> mhz{};        ///< its clock now
  std::optional<double> celsius{};    ///< its temperature now
  std::optional<double> throttled{};  ///< 1 where heat or its power limit slow it now, else 0
};

}  // namespace frugal
