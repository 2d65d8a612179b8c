// The whole state of a model as named tensors: how back ends are checked against the reference, how checkpoints are
// made, and how embeddings move between stages.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace frugal {

/// A dense fp32 array, row-major (last index fastest).
struct NamedTensor {
  std::string name;                 ///< unique within a state
  std::vector<std::int64_t> shape;  ///< extents
  std::vector<float> values;        ///< as many as the product of the extents
};

/// All that decides how training goes on: parameters, optimiser state (names prefixed "adam.m/", "adam.v/",
/// "adagrad/"), and the number of steps (or epochs) done.
struct ModelState {
  std::uint64_t step = 0;            ///< steps, of a factorizer epochs, done
  std::vector<NamedTensor> tensors;  ///< in an order of the model's own

  /// The tensor of that name, or null.
  const NamedTensor* find(std::string_view name) const {
    for (const NamedTensor& tensor : tensors)
      if (tensor.name == name) return &tensor;
    return nullptr;
  }
};

}  // namespace frugal
