// The examples of an epoch of mf/schedule.hpp on the device, sorted by worker and turn.
#pragma once
#include <cstdint>

#include "impl/base/philox.hpp"
#include "impl/common/mf/schedule.hpp"
#include "impl/cuda/device/device.hpp"

namespace frugal::cuda {

/// The positives of a part stay; a block draws its negatives and sorts its examples by turn, in their order: a count and
/// a placing, nothing between blocks. Deterministic: integers only.
class SgdStreams {
 public:
  /// user_slots: by id.
  SgdStreams(const MfSpec& spec, const MfSchedule& schedule, const DeviceBuffer<Interaction>& positives,
             const DeviceBuffer<std::uint32_t>& user_slots, const Stream& stream);

  /// There is room for two epochs: one may be drawn on a stream of its own while the other is in use. Launches only.
  void draw(std::uint32_t epoch, const Stream& stream);

  /// By part and turn; `read_ahead` more may be read behind the last.
  const MfExample* examples(std::uint32_t epoch) const { return examples_[epoch % 2].data(); }
  /// [parts, turns + 1]
  const std::uint32_t* begins(std::uint32_t epoch) const { return begins_[epoch % 2].data(); }

  static constexpr std::uint32_t read_ahead = 68;

  /// What a positive and its negatives are made of.
  struct Item {
    std::uint32_t slot;
    std::uint32_t part;
  };

 private:
  Philox random_;
  std::uint32_t groups_;
  std::uint32_t parts_;
  std::uint32_t per_positive_;
  DeviceBuffer<MfSchedule::Positive> positives_;
  DeviceBuffer<std::uint32_t> part_begins_;  ///< [parts + 1]: positives
  DeviceBuffer<Item> items_;                 ///< by id
  DeviceBuffer<MfExample> examples_[2];
  DeviceBuffer<std::uint32_t> begins_[2];
};

/// Positives of each user and item.
MfSchedule::Counts count_on_device(const MfSpec& spec, const DeviceBuffer<Interaction>& positives,
                                   const Stream& stream);

}  // namespace frugal::cuda
