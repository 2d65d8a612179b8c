// Where the parameters of a coordinate network lie in memory; its gradient and Adam's moments lie the same way.
#pragma once
#include <cstdint>
#include <vector>

#include "impl/common/inr_layout.hpp"
#include "impl/common/specs.hpp"
#include "impl/cpu/kernels/inr_kernels.hpp"

namespace frugal::cpu {

struct InrParameters {
  /// How a hidden weight [in, out] is kept: rows of all outputs, or panels (kernels/inr_fused.hpp).
  enum class Hidden { rows, panels };

  InrParameters(const InrSpec& spec, Hidden hidden_layout);

  /// Of output o and input i, from the start of a network's values; i is 0 for a bias.
  std::int64_t index(const InrTensor& tensor, std::int64_t o, std::int64_t i) const;

  Hidden hidden;
  InrColumns columns;              ///< of activations, and of all weights but the last layer's
  std::vector<long> weight, bias;  ///< offset of each layer
  std::int64_t count;              ///< values of a network, with their padding: whole cache lines
};

}  // namespace frugal::cpu
