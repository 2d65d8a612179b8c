// The examples of one epoch of mf/schedule.hpp on the device, sorted by worker and turn.
#pragma once
#include <cstdint>
#include <span>

#include "impl/base/philox.hpp"
#include "impl/common/mf/schedule.hpp"
#include "impl/cuda/device/device.hpp"

namespace frugal::cuda {

/// The positives of a part stay; a block draws its negatives and sorts its examples by turn, in their order: a count and
/// a placing, nothing between blocks. Deterministic: integers only.
class SgdStreams {
 public:
  SgdStreams(const MfSpec& spec, const MfSchedule& schedule, const Stream& stream);

  /// Launches only.
  void draw(std::uint32_t epoch);

  /// By part and turn; `read_ahead` more may be read behind the last.
  const MfExample* examples() const { return examples_.data(); }
  /// [parts, turns + 1]
  const std::uint32_t* begins() const { return begins_.data(); }

  static constexpr std::uint32_t read_ahead = 64;

  /// What a positive and its negatives are made of.
  struct Item {
    std::uint32_t slot;
    std::uint32_t part;
  };

 private:
  const Stream& stream_;
  Philox random_;
  std::uint32_t groups_;
  std::uint32_t parts_;
  std::uint32_t per_positive_;
  DeviceBuffer<MfSchedule::Positive> positives_;
  DeviceBuffer<std::uint32_t> part_begins_;  ///< [parts + 1]: positives
  DeviceBuffer<Item> items_;                 ///< by id
  DeviceBuffer<MfExample> examples_;
  DeviceBuffer<std::uint32_t> begins_;
};

}  // namespace frugal::cuda
