// How a two-tower network is computed on the device: by fused kernels where the spec is small enough, or by the general
// products. impl/cuda/recommender/two_tower.cpp has what they share.
#pragma once
#include <cstdint>
#include <memory>
#include <span>

#include "impl/common/specs.hpp"
#include "impl/cuda/device/device_tensors.hpp"
#include "impl/cuda/kernels/rows.hpp"

namespace frugal::cuda {

enum class TwoTowerSide { users, items };

class TwoTowerEngine {
 public:
  TwoTowerEngine() = default;
  TwoTowerEngine(const TwoTowerEngine&) = delete;  // DeviceTensors point into the members
  TwoTowerEngine& operator=(const TwoTowerEngine&) = delete;
  virtual ~TwoTowerEngine() = default;

  /// For the record.
  virtual const char* name() const = 0;

  virtual void add_tensors(DeviceTensors& tensors) = 0;

  /// What the next steps train on. In range of the spec.
  virtual void set_interactions(std::span<const Interaction> positives, const Stream& stream) = 0;

  /// Steps number first_step and on, counted from 0; the loss of each.
  virtual void train(std::uint64_t first_step, std::span<double> losses, const Stream& stream) = 0;

  /// The towers' outputs of `count` ids, of ids 0, 1, ... when null: in `storage`, or the table itself where there is no
  /// tower. A row is at least as wide as the outputs, with zeros behind them.
  virtual Rows outputs(TwoTowerSide side, const std::uint32_t* ids, std::size_t count, DeviceBuffer<float>& storage,
                       const Stream& stream) const = 0;
};

/// Takes every spec.
std::unique_ptr<TwoTowerEngine> make_general_two_tower(const TwoTowerSpec& spec, const Stream& stream);

/// Null when the device has no tensor cores, there is no tower or more than four layers, the outputs are wider than 128,
/// or the weights of a tower and some rows do not fit in shared memory.
std::unique_ptr<TwoTowerEngine> make_fused_two_tower(const TwoTowerSpec& spec, const Stream& stream);

}  // namespace frugal::cuda
