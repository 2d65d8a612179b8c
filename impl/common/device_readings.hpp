// What the sensors of a device beside the processor say, and what the ranks of a job counted: a back end reads them,
// whoever has a clock asks.
#pragma once
#include <optional>

namespace frugal {

/// Nothing where the device does not tell.
struct DeviceReadings {
  std::optional<double> joules{};     ///< it used since its driver was loaded
  std::optional<double> mhz{};        ///< its clock now
  std::optional<double> celsius{};    ///< its temperature now
  std::optional<double> throttled{};  ///< 1 where heat or its power limit slow it now, else 0
  // Of a job of several ranks, since it began. Between two readings it is that of the rank which had most of it.
  std::optional<double> rank_cpu_s{};     ///< processors' time of a rank, without that of sending and receiving
  std::optional<double> rank_bytes{};     ///< that reached a rank
  std::optional<double> rank_messages{};  ///< that a rank waited for, one after the other
};

}  // namespace frugal
