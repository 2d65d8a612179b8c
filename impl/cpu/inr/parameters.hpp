// Where the parameters of a coordinate network lie in memory; its gradient and Adam's moments lie the same way.
#pragma once
#include <cstdint>
#include <limits>
#include <vector>

#include "impl/common/inr/layout.hpp"
#include "impl/common/specs.hpp"
#include "impl/cpu/kernels/inr_kernels.hpp"

namespace frugal::cpu {

/// One panel that holds all columns: a matrix [in, out] in plain rows. Then activations have no gaps between rows.
inline constexpr std::int64_t inr_plain_rows = std::numeric_limits<std::int64_t>::max();

struct InrParameters {
  /// A hidden weight is kept in panels of so many columns (kernels/inr_fused.hpp).
  InrParameters(const InrSpec& spec, std::int64_t panel_columns);

  /// Input i of an output is at first + i * step, from the start of a network's values. A bias has one input.
  struct Inputs {
    std::int64_t first;
    std::int64_t step;
  };
  Inputs inputs_of(const InrTensor& tensor, std::int64_t output) const;

  std::int64_t panel_columns;
  InrColumns columns;              ///< of activations, and of all weights but the last layer's
  std::vector<long> weight, bias;  ///< offset of each layer
  std::int64_t count;              ///< values of a network, with their padding: whole cache lines
};

}  // namespace frugal::cpu
