// The rate and the constants of one optimiser step; the element-wise rules are kernels.
#pragma once
#include <cstdint>

#include "impl/common/specs.hpp"
#include "impl/cpu/kernels/update_step.hpp"

namespace frugal::cpu {

class Optimizer {
 public:
  Optimizer(OptimizerKind kind, const Adam& settings) : kind_(kind), settings_(settings) {}

  OptimizerKind kind() const { return kind_; }

  /// Of step t, counted from 1.
  UpdateStep step(std::uint64_t t) const;

 private:
  OptimizerKind kind_;
  Adam settings_;
};

}  // namespace frugal::cpu
