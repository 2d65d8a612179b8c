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

  /// Input i of an output is at first + i * step, from the start of a network's values. A bias has one input.
  struct Inputs {
    std::int64_t first;
    std::int64_t step;
  };
  Inputs inputs_of(const InrTensor& tensor, std::int64_t output) const;

  Hidden hidden;
  InrColumns columns;              ///< of activations, and of all weights but the last layer's
  std::vector<long> weight, bias;  ///< offset of each layer
  std::int64_t count;              ///< values of a network, with their padding: whole cache lines
};

}  // namespace frugal::cpu
